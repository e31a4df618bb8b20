import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A TCP server on 127.0.0.1 that answers each HTTP request with exactly the bytes a test wants, right or wrong.
///
/// One thread a connection. Stops when the value goes.
package final class LoopbackServer: Sendable {
    package struct Request: Sendable {
        /// As it stands in the request line, query included.
        package var target: String
        /// Names in lower case.
        package var fields: [String: String]
        /// Which connection brought it, from 0.
        package var connection: Int

        package var path: String { String(target.prefix { $0 != "?" }) }
    }

    package struct Reply: Sendable {
        package enum Ending: Sendable {
            case keepAlive, close
            /// Send nothing more until the peer goes.
            case stall
            /// End with a TCP reset.
            case reset
        }

        package var bytes: [UInt8]
        package var ending: Ending

        /// These very bytes.
        package init(raw bytes: [UInt8], then ending: Ending = .close) {
            self.bytes = bytes
            self.ending = ending
        }

        package init(raw text: String, then ending: Ending = .close) {
            self.init(raw: Array(text.utf8), then: ending)
        }

        /// A proper answer with a Content-Length.
        package init(
            _ status: Int = 200, _ fields: [(String, String)] = [], body: [UInt8] = [],
            then ending: Ending = .keepAlive
        ) {
            var head = "HTTP/1.1 \(status) Reason\r\nContent-Length: \(body.count)\r\n"
            for (name, value) in fields { head += "\(name): \(value)\r\n" }
            self.init(raw: Array((head + "\r\n").utf8) + body, then: ending)
        }

        package init(_ status: Int = 200, _ fields: [(String, String)] = [], text: String) {
            self.init(status, fields, body: Array(text.utf8))
        }
    }

    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }

    private let listener: Int32
    private let log: RequestLog

    /// - Parameter respond: called on the connection's thread.
    package init(respond: @escaping @Sendable (Request) -> Reply) throws {
        let log = RequestLog()
        self.log = log
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            // SAFETY: sockaddr_in begins as sockaddr does; the length says how much there is.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(listener, generic, length) == 0 && listen(listener, 512) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            var count = 0
            while true {
                let peer = accept(listener, nil, nil)
                if peer < 0 {
                    // Closed here and nowhere else: its number must not come to mean another server's socket.
                    close(listener)
                    return
                }
                let index = count
                count += 1
                Thread.detachNewThread { Self.serve(peer, index, log, respond) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// What was asked so far, in order.
    package var requests: [Request] { log.requests.withLock { $0 } }

    private final class RequestLog: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private static func serve(
        _ peer: Int32, _ index: Int, _ log: RequestLog, _ respond: @Sendable (Request) -> Reply
    ) {
        defer { close(peer) }
        var one: Int32 = 1
        unsafe setsockopt(peer, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
        var pending: [UInt8] = []
        while let request = readRequest(peer, index, &pending) {
            log.requests.withLock { $0.append(request) }
            let reply = respond(request)
            guard send(peer, reply.bytes) else { return }
            switch reply.ending {
            case .keepAlive: continue
            case .close: return
            case .stall:
                while readMore(peer, &pending) {}
                return
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                unsafe setsockopt(
                    peer, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return
            }
        }
    }

    private static func readRequest(_ peer: Int32, _ index: Int, _ pending: inout [UInt8]) -> Request? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = pending.firstRange(of: end) {
                let lines = String(decoding: pending[..<range.lowerBound], as: UTF8.self).split(
                    separator: "\r\n")
                pending.removeSubrange(..<range.upperBound)
                let words = lines.first?.split(separator: " ") ?? []
                guard words.count == 3 else { return nil }
                var fields: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2 else { continue }
                    fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
                return Request(target: String(words[1]), fields: fields, connection: index)
            }
            guard readMore(peer, &pending) else { return nil }
        }
    }

    private static func readMore(_ peer: Int32, _ pending: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe recv(peer, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        pending += buffer[..<count]
        return true
    }

    private static func send(_ peer: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // SAFETY: sent < buffer.count.
                unsafe Glibc.send(
                    peer, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
