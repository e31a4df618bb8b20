import Bytes
import Fetching
import Files
import Foundation
import Graph
import HTTP
import Problems
import Synchronization
import TestSupport
import Testing

/// Time that passes only when somebody sleeps.
private final class FakeTime: Sendable {
    private let state = Mutex<(now: Duration, slept: [Duration])>((.zero, []))
    var slept: [Duration] { state.withLock { $0.slept } }
    var source: TimeSource {
        TimeSource(
            now: { self.state.withLock { $0.now } }, wallClock: { 784_111_777 },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock {
                    $0.now += duration
                    $0.slept.append(duration)
                }
            }, random: { 0.5 })
    }
}

private let body = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
private let md5: String = {
    var hasher = MD5Hasher()
    unsafe body.withUnsafeBytes { unsafe hasher.update($0) }
    return hasher.finish()
}()
private let sha256 = ContentIdentity(of: body).sha256

private typealias Reply = LoopbackServer.Reply

extension LoopbackServer.Reply {
    fileprivate static var good: Reply { Reply(200, [("ETag", "\"\(md5)\"")], body: body) }
    fileprivate static func checksum(_ digest: SHA256Digest = sha256) -> Reply {
        Reply(text: "\(digest)  x.zip\n")
    }
}

/// A server that answers from a list for each path, the last answer again and again, and a place to fetch to.
private struct Stage {
    let server: LoopbackServer
    let client = HTTPClient(options: HTTPOptions(stallTimeout: .seconds(1)))
    let time = FakeTime()
    let folder: TemporaryDirectory
    let fetcher: Fetcher

    init(_ replies: [Reply], checksum: [Reply] = []) throws {
        let counts = Mutex<[String: Int]>([:])
        server = try LoopbackServer { request in
            let list = request.path.hasSuffix(".CHECKSUM") ? checksum : replies
            let index = counts.withLock { counts in
                defer { counts[request.path, default: 0] += 1 }
                return counts[request.path, default: 0]
            }
            return list.isEmpty ? Reply(404) : list[min(index, list.count - 1)]
        }
        folder = try TemporaryDirectory()
        fetcher = Fetcher(client: client, time: time.source)
    }

    func source(_ policy: ChecksumPolicy?, retries: Int = 3) -> Source {
        Source(
            name: "s", location: .s3(list: server.url, get: server.url + "/"), checksum: policy,
            connections: 2,
            retries: retries)
    }

    func request(
        etag: String = md5, byteCount: Int = body.count, policy: ChecksumPolicy? = nil, retries: Int = 3,
        key: String = "d/x.zip"
    ) -> FetchRequest {
        FetchRequest(
            source: source(policy, retries: retries),
            object: RemoteObject(key: key, etag: etag, byteCount: byteCount, lastModified: "listed"),
            destination: folder.path("raw/x.zip"))
    }

    /// Names below the folder that are files.
    var files: [String] {
        (FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? [])
            .filter { $0.contains(".") }.sorted()
    }
}

private let required = ChecksumPolicy(keyTemplate: "{key}.CHECKSUM", whenMissing: .fail)
private let optional = ChecksumPolicy(keyTemplate: "{key}.CHECKSUM", whenMissing: .accept)
private let wrong = ContentIdentity(of: [1]).sha256

@Suite("Fetcher", .timeLimit(.minutes(1)))
struct FetcherTests {
    @Test("publishes what it fetched, with what it proved")
    func good() async throws {
        let stage = try Stage([.good], checksum: [.checksum()])
        let told = Mutex(0)
        let result = try await stage.fetcher.fetch(stage.request(policy: required, key: "d/币 +/x.zip")) {
            count in
            told.withLock { $0 += count }
        }
        #expect(try Array(stage.folder.read("raw/x.zip")) == body)
        #expect(result.content == ContentIdentity(of: body))
        #expect(result.etag == md5)
        #expect(result.lastModified == "listed")
        #expect(result.checksum == .verified)
        #expect(result.attempts == 1)
        #expect(result.byteCount == body.count)
        #expect(told.withLock { $0 } == body.count)
        #expect(result.status == 200)
        #expect(result.stamp == (try Stamp.of(path: stage.folder.path("raw/x.zip"))))
        #expect(result.url == stage.server.url + "/d/%E5%B8%81%20%2B/x.zip")
        #expect(
            stage.server.requests.map(\.target) == [
                "/d/%E5%B8%81%20%2B/x.zip", "/d/%E5%B8%81%20%2B/x.zip.CHECKSUM",
            ])
        #expect(stage.files == ["raw/x.zip"])
        #expect(stage.time.slept.isEmpty)
    }

    @Test("objects larger than the buffer, and of no bytes", arguments: [0, 1, 262_144, 262_145, 3_000_000])
    func sizes(_ byteCount: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(byteCount))
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let stage = try Stage([Reply(200, [("ETag", "\"other-2\"")], body: bytes)])
        let result = try await stage.fetcher.fetch(stage.request(etag: "other-2", byteCount: byteCount))
        #expect(result.content == ContentIdentity(of: bytes))
        #expect(result.checksum == .notRequired)
        #expect(try Array(stage.folder.read("raw/x.zip")) == bytes)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var replies: [LoopbackServer.Reply]
        var checksum: [LoopbackServer.Reply]
        var policy: ChecksumPolicy?
        var etag: String
        /// Nil: fetched.
        var category: ProblemCategory?
        var attempts: Int
        /// In the result or the message.
        var expected: String
        var testDescription: String { name }

        fileprivate init(
            _ name: String, _ replies: [LoopbackServer.Reply], checksum: [LoopbackServer.Reply] = [],
            policy: ChecksumPolicy? = nil, etag: String? = nil, category: ProblemCategory? = nil,
            attempts: Int,
            _ expected: String
        ) {
            self.name = name
            self.replies = replies
            self.checksum = checksum
            self.policy = policy
            self.etag = etag ?? md5
            self.category = category
            self.attempts = attempts
            self.expected = expected
        }
    }

    private static let short = Reply(raw: "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc")
    private static let replaced = Reply(
        200, [("ETag", "\"new-1\""), ("Last-Modified", "later")], body: body.reversed())
    private static let forged = Reply(200, [("ETag", "\"\(md5)\"")], body: body.reversed())

    static let cases: [Case] = [
        // What may be fetched after all.
        Case("503, then well", [Reply(503), .good], attempts: 2, md5),
        Case("429 and 500, then well", [Reply(429), Reply(500), .good], attempts: 3, md5),
        Case("cut, then well", [short, .good], attempts: 2, md5),
        Case(
            "reset, then well",
            [Reply(raw: "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc", then: .reset), .good],
            attempts: 2, md5),
        Case("closed at once, then well", [Reply(raw: ""), .good], attempts: 2, md5),
        Case(
            "no length and cut, then well", [Reply(raw: "HTTP/1.1 200 OK\r\n\r\nabc"), .good], attempts: 2,
            md5),
        Case(
            "no length and whole", [Reply(raw: Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + body)], attempts: 1,
            md5),
        Case("no ETag in the answer, MD5 agrees", [Reply(200, body: body)], attempts: 1, md5),
        Case(
            "other ETag in the answer, MD5 agrees", [Reply(200, [("ETag", "W/\"cdn\"")], body: body)],
            attempts: 1, md5),
        Case("no ETag listed", [replaced], etag: "", attempts: 1, ""),
        Case(
            "no ETag in the answer, listed is no MD5", [Reply(200, body: body)], etag: "a-3", attempts: 1,
            "a-3"),
        Case("MD5 differs once", [forged, .good], attempts: 2, md5),
        Case("MD5-like ETag that never is the MD5", [forged], attempts: 2, md5),
        Case(
            "replaced, the checksum agrees", [replaced],
            checksum: [.checksum(ContentIdentity(of: body.reversed()).sha256)],
            policy: required, attempts: 1, "new-1"),
        Case("checksum missing and that is accepted", [.good], policy: optional, attempts: 1, md5),
        Case(
            "checksum wrong, then right", [.good], checksum: [.checksum(wrong), .checksum()],
            policy: required, attempts: 2, md5),
        Case(
            "object wrong, then right", [forged, .good], checksum: [.checksum()], policy: required,
            attempts: 2, md5),
        Case(
            "checksum 503, then right", [.good], checksum: [Reply(503), .checksum()], policy: required,
            attempts: 2, md5),
        Case(
            "checksum a web page, then right", [.good], checksum: [Reply(text: "<html>"), .checksum()],
            policy: required, attempts: 2, md5),
        // What may not.
        Case(
            "gone", [Reply(404, text: "<Error><Code>NoSuchKey</Code></Error>")], category: .upstream,
            attempts: 1, "404 NoSuchKey"),
        Case("forbidden", [Reply(403)], category: .upstream, attempts: 1, "answered 403"),
        Case("503 without end", [Reply(503)], category: .network, attempts: 4, "answered 503"),
        Case("cut without end", [short], category: .network, attempts: 4, "connection ended"),
        Case(
            "too patient a server", [Reply(503, [("Retry-After", "301")])], category: .network, attempts: 1,
            "answered 503"),
        Case(
            "other size", [Reply(200, body: [1, 2, 3])], category: .upstream, attempts: 1,
            "sent 3 bytes, the listing says 5000"),
        Case(
            "web page", [Reply(200, [("Content-Type", "text/html")], text: "<html>login</html>")],
            category: .upstream,
            attempts: 1, "sent 18 bytes of text/html"),
        Case(
            "more bytes without a length", [Reply(raw: Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + body + [0])],
            category: .upstream,
            attempts: 1, "sent more bytes"),
        Case(
            "part of it", [Reply(206, [("Content-Range", "bytes 0-4999/5000")], body: body)],
            category: .upstream, attempts: 1, "206"),
        Case(
            "nothing", [Reply(raw: "HTTP/1.1 204 No\r\n\r\n", then: .keepAlive)], category: .upstream,
            attempts: 1, "204"),
        Case(
            "not modified", [Reply(raw: "HTTP/1.1 304 No\r\n\r\n", then: .keepAlive)], category: .upstream,
            attempts: 1, "304"),
        Case(
            "gzip", [Reply(200, [("Content-Encoding", "gzip")], body: body)], category: .upstream,
            attempts: 1, "Content-Encoding: gzip"),
        Case(
            "redirect elsewhere", [Reply(302, [("Location", "http://127.0.0.2:1/")])], category: .upstream,
            attempts: 1, "redirect to http://127.0.0.2:1/ refused"),
        Case("replaced since listed", [replaced], category: .upstream, attempts: 1, "ETag new-1"),
        Case(
            "replaced since listed, listed is no MD5", [replaced], etag: "old-1", category: .upstream,
            attempts: 1, "listed is old-1"),
        Case(
            "other object without an ETag", [Reply(200, body: body.reversed())], category: .checksum,
            attempts: 2, "MD5"),
        Case(
            "checksum wrong", [.good], checksum: [.checksum(wrong)], policy: required, category: .checksum,
            attempts: 2, "\(sha256), d/x.zip.CHECKSUM says \(wrong)"),
        Case(
            "checksum missing", [.good], policy: required, category: .checksum, attempts: 1,
            "no d/x.zip.CHECKSUM is published"),
        Case(
            "checksum forbidden is not missing", [.good], checksum: [Reply(403)], policy: optional,
            category: .upstream, attempts: 1, "d/x.zip.CHECKSUM: the server answered 403"),
        Case(
            "checksum 500 is not missing", [.good], checksum: [Reply(500)], policy: optional,
            category: .network, attempts: 4, "answered 500"),
        Case(
            "checksum for another name", [.good], checksum: [Reply(text: "\(sha256)  y.zip\n")],
            policy: required, category: .checksum, attempts: 2, "does not name 'x.zip'"),
        Case(
            "checksum without end", [.good], checksum: [Reply(body: [UInt8](repeating: 65, count: 70_000))],
            policy: required, category: .checksum, attempts: 1, "longer than 65536"),
        Case(
            "checksum missing, replaced since listed", [replaced], policy: optional, category: .upstream,
            attempts: 1, "ETag new-1"),
    ]

    @Test("meets what servers do", arguments: cases)
    func table(_ c: Case) async throws {
        let stage = try Stage(c.replies, checksum: c.checksum)
        try stage.folder.write("old", to: "raw/x.zip")
        do throws(FetchFailure) {
            let result = try await stage.fetcher.fetch(stage.request(etag: c.etag, policy: c.policy))
            #expect(c.category == nil)
            #expect(result.etag == c.expected)
            #expect(result.attempts == c.attempts)
            #expect(ContentIdentity(of: try! stage.folder.read("raw/x.zip")) == result.content)
            let outcome: RawRecord.ChecksumOutcome =
                c.policy == nil ? .notRequired : c.checksum.isEmpty ? .missing : .verified
            #expect(result.checksum == outcome)
        } catch {
            #expect(error.category == c.category, "\(error)")
            #expect(error.attempts == c.attempts)
            #expect(error.summary.contains(c.expected), "\(error)")
            #expect(error.summary.hasPrefix("s:d/x.zip: "))
            #expect(!error.isCancelled)
            #expect(try! stage.folder.read("raw/x.zip") == Data("old".utf8))
        }
        #expect(stage.files == ["raw/x.zip"])
    }

    @Test("a second look goes past caches")
    func secondLook() async throws {
        let stage = try Stage([.good], checksum: [.checksum(wrong), .checksum()])
        _ = try await stage.fetcher.fetch(stage.request(policy: required))
        #expect(
            stage.server.requests.map { $0.fields["cache-control"] ?? "" } == [
                "", "", "no-cache", "no-cache",
            ])
        #expect(stage.time.slept.isEmpty)
    }

    @Test("waits longer and longer, and as long as the server asks")
    func backOff() async throws {
        let stage = try Stage([
            Reply(503), Reply(503), Reply(503, [("Retry-After", "7")]),
            Reply(503, [("Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT")]), .good,
        ])
        let result = try await stage.fetcher.fetch(stage.request(retries: 5))
        #expect(result.attempts == 5)
        #expect(stage.time.slept == [.seconds(0.25), .seconds(0.5), .seconds(7), .seconds(10)])
    }

    @Test("bytes of failed tries count")
    func byteCount() async throws {
        let stage = try Stage([Self.short, .good])
        #expect(try await stage.fetcher.fetch(stage.request()).byteCount == body.count + 3)
    }

    @Test("the source's rates hold over all fetches")
    func rates() async throws {
        let stage = try Stage([.good])
        var request = stage.request()
        request.source.bytesPerSecond = 10_000
        for _ in 0..<4 { _ = try await stage.fetcher.fetch(request) }
        // Two at once fill the first second's 10,000 bytes; then half a second each.
        #expect(stage.time.slept == [.seconds(0.5), .seconds(0.5)])
    }

    @Test("a place that cannot be written is a disk problem, told once")
    func disk() async throws {
        let stage = try Stage([.good])
        try stage.folder.write("a file where a directory must be", to: "raw")
        do throws(FetchFailure) {
            _ = try await stage.fetcher.fetch(stage.request())
            Issue.record("fetched")
        } catch {
            #expect(error.category == .disk)
            #expect(error.attempts == 1)
        }
    }

    @Test("a directory source and a bad URL send nothing")
    func misuse() async throws {
        let stage = try Stage([.good])
        for location in [Source.Location.directory(path: "/x"), .s3(list: "", get: "ftp://127.0.0.1")] {
            var request = stage.request()
            request.source.location = location
            await #expect(throws: FetchFailure.self) { try await stage.fetcher.fetch(request) }
        }
        #expect(stage.server.requests.isEmpty)
    }

    @Test("cancelling leaves nothing behind and says so")
    func cancellation() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        let stage = try Stage([
            Reply(
                raw: Array("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".utf8) + body[..<100],
                then: .stall)
        ])
        let request = stage.request()
        let task = Task { () -> FetchFailure? in
            do throws(FetchFailure) {
                _ = try await stage.fetcher.fetch(request) { _ in arrived.continuation.yield() }
                return nil
            } catch { return error }
        }
        var arrivals = arrived.stream.makeAsyncIterator()
        _ = await arrivals.next()
        task.cancel()
        #expect(await task.value?.isCancelled == true)
        #expect(stage.files.isEmpty)
    }

    @Test("many at once, each to its own place")
    func many() async throws {
        let server = try LoopbackServer { request in .init(text: String(repeating: request.path, count: 500))
        }
        let folder = try TemporaryDirectory()
        let fetcher = Fetcher(client: HTTPClient())
        let source = Source(name: "s", location: .s3(list: server.url, get: server.url), connections: 8)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let object = RemoteObject(
                        key: "d/\(index)", etag: "", byteCount: ("/d/\(index)".utf8.count) * 500,
                        lastModified: "")
                    let result = try? await fetcher.fetch(
                        FetchRequest(
                            source: source, object: object, destination: folder.path("\(index)"),
                            isDurable: false))
                    #expect(
                        result?.content.sha256
                            == ContentIdentity(of: Array(String(repeating: "/d/\(index)", count: 500).utf8))
                            .sha256)
                }
            }
        }
    }
}
