import Foundation
import Synchronization
import TestSupport

/// An S3 bucket in memory whose objects a test changes as it goes: also ones that are listed but gone, and ones whose bytes
/// do not come until the test lets them.
final class ScriptedOrigin: Sendable {
    private struct State {
        var objects: [String: Data] = [:]
        var ghosts: Set<String> = []
        var held: Set<String> = []
        var downloads: [String: Int] = [:]
    }

    private final class Bucket: Sendable {
        let state = Mutex(State())
        let released = NSCondition()
    }

    private let bucket = Bucket()
    private let server: LoopbackServer

    /// Path style, bucket included.
    var url: String { server.url + "/bucket" }

    init(_ objects: [String: Data]) throws {
        let bucket = self.bucket
        bucket.state.withLock { $0.objects = objects }
        server = try LoopbackServer { request in Self.answer(request, bucket) }
    }

    func put(_ bytes: Data, at key: String) {
        bucket.state.withLock {
            $0.objects[key] = bytes
            $0.ghosts.remove(key)
        }
    }

    /// The key stays in listings; the object is gone.
    func makeGhost(_ key: String) { bucket.state.withLock { _ = $0.ghosts.insert(key) } }

    /// Holds the answer back until `release()`.
    func hold(_ key: String) { bucket.state.withLock { _ = $0.held.insert(key) } }

    func release() {
        bucket.released.lock()
        bucket.state.withLock { $0.held = [] }
        bucket.released.broadcast()
        bucket.released.unlock()
    }

    /// How often each object was asked for, CHECKSUM files left out.
    var downloads: [String: Int] {
        bucket.state.withLock { $0.downloads.filter { !$0.key.hasSuffix(".CHECKSUM") } }
    }

    private static func answer(_ request: LoopbackServer.Request, _ bucket: Bucket) -> LoopbackServer.Reply {
        guard let parts = URLComponents(string: request.target) else { return LoopbackServer.Reply(400) }
        var key = parts.path
        guard key.hasPrefix("/bucket") else { return LoopbackServer.Reply(404) }
        key = String(key.dropFirst(key.hasPrefix("/bucket/") ? 8 : 7))
        if key.isEmpty {
            var query: [String: String] = [:]
            for item in parts.queryItems ?? [] { query[item.name] = item.value ?? "" }
            return bucket.state.withLock { list($0, query) }
        }
        bucket.state.withLock { $0.downloads[key, default: 0] += 1 }
        bucket.released.lock()
        while bucket.state.withLock({ $0.held.contains(key) }) { bucket.released.wait() }
        bucket.released.unlock()
        let found = bucket.state.withLock { $0.ghosts.contains(key) ? nil : $0.objects[key] }
        guard let found else {
            return LoopbackServer.Reply(404, text: "<Error><Code>NoSuchKey</Code></Error>")
        }
        return LoopbackServer.Reply(200, [("ETag", etag(found))], body: Array(found))
    }

    /// ListObjectsV2, all on one page.
    private static func list(_ state: State, _ query: [String: String]) -> LoopbackServer.Reply {
        let prefix = query["prefix"] ?? ""
        let after = query["start-after"] ?? ""
        var entries = ""
        var folders: Set<String> = []
        for key in state.objects.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard key.hasPrefix(prefix), after.isEmpty || after.utf8.lexicographicallyPrecedes(key.utf8)
            else { continue }
            if query["delimiter"] == "/", let slash = key.dropFirst(prefix.count).firstIndex(of: "/") {
                folders.insert(String(key[...slash]))
                continue
            }
            let bytes = state.objects[key] ?? Data()
            entries += """
                <Contents><Key>\(encoded(key))</Key><LastModified>2024-06-01T00:00:00.000Z</LastModified>\
                <ETag>\(etag(bytes).replacing("\"", with: "&quot;"))</ETag><Size>\(bytes.count)</Size></Contents>
                """
        }
        for folder in folders.sorted() {
            entries += "<CommonPrefixes><Prefix>\(encoded(folder))</Prefix></CommonPrefixes>"
        }
        return LoopbackServer.Reply(
            200, [("Content-Type", "application/xml")],
            text: """
                <?xml version="1.0" encoding="UTF-8"?>
                <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>\
                <Prefix>\(encoded(prefix))</Prefix><EncodingType>url</EncodingType>\
                <IsTruncated>false</IsTruncated>\(entries)</ListBucketResult>
                """)
    }

    private static func encoded(_ key: String) -> String {
        key.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "/-_.~")))
            ?? key
    }

    /// Not an MD5, as of objects that were uploaded in parts.
    private static func etag(_ bytes: Data) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\(bytes.count)-2\""
    }
}
