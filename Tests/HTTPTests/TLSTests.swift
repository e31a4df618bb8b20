import Foundation
import HTTP
import TestSupport
import Testing

/// An HTTPS server for `localhost` with a certificate of its own making. Ends with the value.
private final class TLSServer {
    static let opensslPath = "/usr/bin/openssl"

    private let process = Process()
    private let folder: TemporaryDirectory
    let port: Int
    var certificate: String { folder.path("cert.pem") }

    struct NotStarted: Error {}

    init(python: String) throws {
        folder = try TemporaryDirectory()
        let made = try Peer.run(
            Self.opensslPath,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                folder.path("key.pem"),
                "-out", folder.path("cert.pem"),
            ])
        guard made.status == 0 else { throw NotStarted() }
        let script = """
            import http.server, ssl, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
                    self.wfile.write(b"ok")
                def log_message(self, *a): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """
        let output = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", script, folder.path("cert.pem"), folder.path("key.pem")]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw NotStarted() }
        self.port = port
    }

    deinit {
        // Not SIGTERM: a child of a dispatch thread inherits that it is blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
    private static let isPossible =
        Peer.python != nil && FileManager.default.isExecutableFile(atPath: TLSServer.opensslPath)

    @Test(
        "trusts the authorities it is given, for the host they vouch for, and nobody else",
        .enabled(if: isPossible))
    func certificates() async throws {
        let server = try TLSServer(python: try #require(Peer.python))
        func outcome(_ options: HTTPOptions, _ host: String) async -> HTTPProblem.Kind? {
            do {
                let client = HTTPClient(options: options)
                _ = try await client.get(HTTPRequest(url: "https://\(host):\(server.port)/")) { _ in }
                return nil
            } catch { return (error as? HTTPProblem)?.kind }
        }
        let trusting = HTTPOptions(certificateFile: server.certificate)
        #expect(await outcome(trusting, "localhost") == nil)
        #expect(await outcome(trusting, "127.0.0.1") == .certificateRefused)
        #expect(await outcome(HTTPOptions(), "localhost") == .certificateRefused)
    }
}
