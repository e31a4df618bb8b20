import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

/// A body as it arrives.
private final class Sink: Sendable {
    private let state = Mutex<[UInt8]>([])
    var bytes: [UInt8] { state.withLock { $0 } }
    func take(_ piece: Span<UInt8>) {
        let copy = piece.indices.map { piece[$0] }
        state.withLock { $0 += copy }
    }
}

extension HTTPClient {
    fileprivate func body(_ url: String, fields: [HTTPField] = []) async throws -> (HTTPResponse, [UInt8]) {
        let sink = Sink()
        let response = try await get(HTTPRequest(url: url, fields: fields)) { sink.take($0) }
        return (response, sink.bytes)
    }
}

private func kind(_ operation: () async throws -> Void) async -> HTTPProblem.Kind? {
    do {
        try await operation()
        return nil
    } catch { return (error as? HTTPProblem)?.kind }
}

@Suite("HTTPClient", .timeLimit(.minutes(1)))
struct HTTPClientTests {
    private let client = HTTPClient(
        options: HTTPOptions(connections: 32, connectionsPerHost: 8, stallTimeout: .seconds(1)))

    @Test("reads a body and the head before it")
    func plain() async throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let server = try LoopbackServer { _ in .init(200, [("ETag", "\"abc\""), ("X-A", "  b ")], body: body)
        }
        let seen = Mutex<HTTPHead?>(nil)
        let sink = Sink()
        let response = try await client.get(
            HTTPRequest(url: server.url + "/x?y=1"),
            accept: { head in
                #expect(sink.bytes.isEmpty)
                seen.withLock { $0 = head }
            }, receive: { sink.take($0) })
        #expect(sink.bytes == body)
        #expect(response.byteCount == body.count)
        #expect(response.body.isEmpty)
        let head = try #require(seen.withLock { $0 })
        #expect(head == response.head)
        #expect(head.etag == "abc")
        #expect(head.contentLength == body.count)
        #expect(head.value(of: "x-a") == "b")
        #expect(server.requests[0].target == "/x?y=1")
        #expect(server.requests[0].fields["user-agent"] == "datamake")
        #expect(server.requests[0].fields["accept-encoding"] == nil)
    }

    @Test("keeps connections and never opens more than the limit")
    func keepAlive() async throws {
        let server = try LoopbackServer { request in .init(text: request.target) }
        let client = self.client
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let (response, body) = try await client.body(server.url + "/\(index)")
                    #expect(response.status == 200)
                    #expect(String(decoding: body, as: UTF8.self) == "/\(index)")
                }
            }
            try await group.waitForAll()
        }
        #expect(server.requests.count == 400)
        #expect(Set(server.requests.map(\.connection)).count <= 8)
    }

    @Test("a request's own limit on connections holds")
    func requestLimit() async throws {
        let server = try LoopbackServer { _ in .init(text: "x") }
        let client = self.client
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try await client.get(HTTPRequest(url: server.url, connections: 1)) { _ in }
                }
            }
            try await group.waitForAll()
        }
        #expect(Set(server.requests.map(\.connection)) == [0])
    }

    @Test("an answer other than 2xx is a response, its body kept up to 64 KiB and never received")
    func notFound() async throws {
        let server = try LoopbackServer { request in
            request.path == "/long"
                ? .init(503, body: [UInt8](repeating: 65, count: 100_000)) : .init(404, text: "<Error/>")
        }
        let (short, received) = try await client.body(server.url + "/short")
        #expect(short.status == 404)
        #expect(short.body == Array("<Error/>".utf8))
        #expect(received.isEmpty)
        let (long, _) = try await client.body(server.url + "/long")
        #expect(long.body.count == 64 << 10)
        #expect(long.byteCount == 100_000)
    }

    struct Stop: Error, Equatable { var word: String }

    @Test("what accept or receive throws comes out as it is, and the client goes on")
    func callerErrors() async throws {
        let server = try LoopbackServer { _ in .init(body: [UInt8](repeating: 1, count: 1 << 20)) }
        await #expect(throws: Stop(word: "head")) {
            try await client.get(HTTPRequest(url: server.url), accept: { _ in throw Stop(word: "head") }) {
                _ in
            }
        }
        await #expect(throws: Stop(word: "body")) {
            try await client.get(HTTPRequest(url: server.url)) { _ in throw Stop(word: "body") }
        }
        #expect(try await client.body(server.url).1.count == 1 << 20)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var reply: LoopbackServer.Reply
        var kind: HTTPProblem.Kind?
        var testDescription: String { name }

        init(_ name: String, _ reply: LoopbackServer.Reply, _ kind: HTTPProblem.Kind?) {
            self.name = name
            self.reply = reply
            self.kind = kind
        }
    }

    static let faults: [Fault] = [
        Fault("cut in the body", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .cutShort),
        Fault(
            "reset in the body", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", then: .reset),
            .cutShort),
        Fault("closed before any byte", .init(raw: ""), .cutShort),
        Fault("stall before any byte", .init(raw: "", then: .stall), .timedOut),
        Fault("stall in the head", .init(raw: "HTTP/1.1 200 OK\r\nConte", then: .stall), .timedOut),
        Fault(
            "stall in the body", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", then: .stall),
            .timedOut),
        Fault(
            "gzip", .init(200, [("Content-Encoding", "gzip")], text: "x"), .contentEncoding("gzip")),
        Fault("identity is no encoding", .init(200, [("Content-Encoding", "identity")], text: "x"), nil),
        Fault(
            "two lengths", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            .malformedAnswer(reason: "Content-Length 1 and 2")),
        Fault(
            "length list", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 5,5\r\n\r\nabcde"),
            .malformedAnswer(reason: "Content-Length '5,5'")),
        Fault(
            "no length, closed", .init(raw: "HTTP/1.0 200 OK\r\n\r\nabc"), nil),
        Fault(
            "chunked",
            .init(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), nil),
        Fault(
            "chunked cut", .init(raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            .cutShort),
        Fault(
            "space before the colon", .init(raw: "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na"),
            .malformedAnswer(reason: "header line 'Content-Length : 1'")),
        Fault(
            "many header lines",
            .init(raw: "HTTP/1.1 200 OK\r\n" + (0..<200).map { "X-\($0): y\r\n" }.joined() + "\r\n"),
            .malformedAnswer(reason: "more than 100 header lines")),
        Fault(
            "much header",
            .init(
                raw: "HTTP/1.1 200 OK\r\n"
                    + (0..<40).map { "X-\($0): \(String(repeating: "y", count: 2000))\r\n" }.joined() + "\r\n"
            ),
            .malformedAnswer(reason: "more than 65536 bytes of header")),
        Fault(
            "interim answers without end",
            .init(raw: String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 10)),
            .malformedAnswer(reason: "more than 5 interim answers")),
        Fault(
            "redirect to another host", .init(302, [("Location", "http://localhost:1/")]),
            .redirectRefused(to: "http://localhost:1/")),
        Fault(
            "redirect to another scheme", .init(302, [("Location", "file:///etc/passwd")]),
            .redirectRefused(to: "file:///etc/passwd")),
        Fault(
            "redirect without a scheme to another host", .init(307, [("Location", "//127.0.0.2/")]),
            .redirectRefused(to: "//127.0.0.2/")),
        Fault("redirect loop", .init(301, [("Location", "/again")]), .tooManyRedirects),
    ]

    @Test("meets faults with the right word for them", arguments: faults)
    func fault(_ fault: Fault) async throws {
        let server = try LoopbackServer { _ in fault.reply }
        #expect(await kind { _ = try await client.body(server.url + "/x") } == fault.kind)
    }

    @Test("a server that speaks no HTTP/1 is refused")
    func foreignProtocols() async throws {
        for raw in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "<html>hello</html>", "HTTP/2 200\r\n\r\n"] {
            let server = try LoopbackServer { _ in .init(raw: raw) }
            #expect(await kind { _ = try await client.body(server.url) } != nil, "\(raw)")
        }
    }

    @Test("follows redirects on the same host")
    func redirect() async throws {
        let server = try LoopbackServer { request in
            switch request.path {
            case "/a": .init(302, [("Location", "b/c?d")], text: "moved")
            case "/b/c": .init(308, [("Location", "/e")])
            default: .init(text: "here")
            }
        }
        let (response, body) = try await client.body(server.url + "/a")
        #expect(String(decoding: body, as: UTF8.self) == "here")
        #expect(response.url == server.url + "/e")
        #expect(server.requests.map(\.target) == ["/a", "/b/c?d", "/e"])
    }

    @Test("refuses URLs and fields before anything is sent")
    func refusals() async throws {
        for url in [
            "", "x", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:p@127.0.0.1/",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:99999/", "http://127.0.0.1/é",
        ] {
            let found = await kind { _ = try await client.body(url) }
            guard case .badURL = found else {
                Issue.record("\(url): \(String(describing: found))")
                continue
            }
        }
        let server = try LoopbackServer { _ in .init(text: "") }
        for field in [HTTPField("A", "b\r\nC: d"), HTTPField("A:", "b"), HTTPField("", "b")] {
            #expect(
                await kind { _ = try await client.body(server.url, fields: [field]) }
                    == .badField(name: field.name))
        }
        #expect(server.requests.isEmpty)
        _ = try await client.body(server.url, fields: [HTTPField("Cache-Control", "no-cache")])
        #expect(server.requests[0].fields["cache-control"] == "no-cache")
        _ = try await client.body(server.url)
        #expect(server.requests[1].fields["cache-control"] == nil)
    }

    @Test("nobody listening, no such name")
    func unreachable() async throws {
        let port = try LoopbackServer { _ in .init() }.port
        #expect(await kind { _ = try await client.body("http://127.0.0.1:\(port)/") } == .notConnected)
        #expect(await kind { _ = try await client.body("http://no-such-host.invalid/") } == .nameNotResolved)
    }

    @Test("the environment's proxy is not used")
    func noProxy() async throws {
        unsafe setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsafe unsetenv("http_proxy") }
        let server = try LoopbackServer { _ in .init(text: "direct") }
        #expect(try await client.body(server.url).1.count == 6)
    }

    @Test("cancelling ends a transfer under way, a waiting one, and one not yet begun")
    func cancellation() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { request in
            arrived.continuation.yield()
            return request.path == "/stall"
                ? .init(raw: "HTTP/1.1 200 OK\r\n", then: .stall) : .init(text: "ok")
        }
        let client = HTTPClient(options: HTTPOptions(connectionsPerHost: 1))
        let first = Task { try await client.body(server.url + "/stall") }
        var arrivals = arrived.stream.makeAsyncIterator()
        _ = await arrivals.next()
        let second = Task { try await client.body(server.url + "/waits") }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        let third = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.body(server.url + "/never")
        }
        await #expect(throws: CancellationError.self) { try await third.value }
        #expect(try await client.body(server.url + "/after").1.count == 2)
        #expect(server.requests.map(\.path) == ["/stall", "/after"])
    }

    @Test("shutting down fails what is under way and what comes later")
    func shutdown() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            arrived.continuation.yield()
            return .init(raw: "", then: .stall)
        }
        let client = HTTPClient()
        let task = Task { try await client.body(server.url) }
        var arrivals = arrived.stream.makeAsyncIterator()
        _ = await arrivals.next()
        client.shutdown()
        #expect(await kind { _ = try await task.value } == .shutDown)
        #expect(await kind { _ = try await client.body(server.url) } == .shutDown)
    }

    @Test("a time limit holds however steadily bytes trickle")
    func timeLimit() async throws {
        let server = try LoopbackServer { _ in
            .init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", then: .stall)
        }
        let client = HTTPClient()
        #expect(
            await kind {
                _ = try await client.get(HTTPRequest(url: server.url, timeLimit: .milliseconds(200))) { _ in }
            } == .timedOut)
    }
}
