import Foundation
import TestSupport

/// An S3 server by moto, in a process of its own, with one bucket named `bucket`. Ends with the value.
final class MotoServer: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    /// Path style, bucket included.
    private(set) var url: String

    struct NotStarted: Error {}

    /// - Parameter keys: what the bucket holds, each with its own name as content.
    init(python: String, keys: [String]) throws {
        let script = """
            import json, logging, sys
            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            from moto.server import ThreadedMotoServer
            from moto.s3.models import s3_backends
            from moto.core import DEFAULT_ACCOUNT_ID
            server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
            server.start()
            backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
            backend.create_bucket("bucket", "us-east-1")
            for line in sys.stdin:
                command = json.loads(line)
                for key in command.get("put", []):
                    backend.put_object("bucket", key, (command.get("body") or key).encode())
                for key in command.get("delete", []):
                    backend.delete_object("bucket", key)
                print(server.get_host_and_port()[1], flush=True)
            """
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", script]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        url = ""
        let port = try send(["put": keys])
        url = "http://127.0.0.1:\(port)/bucket"
    }

    deinit {
        try? input.fileHandleForWriting.close()
        // Not SIGTERM: a child of a dispatch thread inherits that it is blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func put(_ keys: [String], body: String) throws { _ = try send(["put": keys, "body": body]) }
    func delete(_ keys: [String]) throws { _ = try send(["delete": keys]) }

    /// Sends one command and waits until it is done.
    private func send(_ command: [String: Any]) throws -> Int {
        let line = try JSONSerialization.data(withJSONObject: command) + Data("\n".utf8)
        try input.fileHandleForWriting.write(contentsOf: line)
        var answer = Data()
        while answer.last != 0x0A {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { throw NotStarted() }
            answer += piece
        }
        guard let port = Int(String(decoding: answer.dropLast(), as: UTF8.self)) else { throw NotStarted() }
        return port
    }
}
