import ArgumentParser
import Foundation

/// Serves a directory as an S3 bucket, to this machine only.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a directory as an S3 bucket at 127.0.0.1.",
        discussion: """
            Answers GET and HEAD of objects at /KEY and /BUCKET/KEY, with Range, If-Match and If-None-Match, and \
            ListObjectsV2 at / and /BUCKET. Changes of files show at once.
            """)

    @Argument(help: "What to serve; symbolic links and names with a leading dot are left out.")
    var directory: String
    @Option(help: "Port; 0 takes a free one.") var port: UInt16 = 0
    @Option(help: "Milliseconds every answer is held back.") var latency = 0
    @Option(help: "Share of requests answered with 503, from 0 to 1.") var failRate = 0.0
    @Option(help: "Which requests fail.") var seed: UInt64 = 1
    @Option(help: "Name of the bucket.") var bucket = "data.binance.vision"

    func validate() throws {
        guard latency >= 0, latency <= 600_000 else { throw ValidationError("--latency: 0 to 600000") }
        guard (0...1).contains(failRate) else { throw ValidationError("--fail-rate: 0 to 1") }
        guard !bucket.isEmpty, !bucket.utf8.contains(UInt8(ascii: "/")) else {
            throw ValidationError("--bucket: a name without a slash")
        }
    }

    func run() throws {
        let store = try ObjectStore(directory: directory)
        let bucket = Bucket(
            name: self.bucket, store: store,
            mishap: Mishap(latencyMilliseconds: latency, failRate: failRate, seed: seed))
        let listener = try Listener(port: port)
        exitOnSignals()
        print("serving \(directory) at http://127.0.0.1:\(listener.port)/\(self.bucket)")
        // All streams: `stdout` itself is a mutable global, which Swift 6 does not let us name.
        fflush(nil)
        listener.acceptForever { connection in connection.serve(bucket) }
    }
}

/// What goes wrong on purpose.
struct Mishap: Sendable {
    var latencyMilliseconds: Int
    var failRate: Double
    var seed: UInt64

    /// Whether the `number`-th request fails: the same ones on every run.
    func fails(_ number: Int) -> Bool {
        var dice = Dice(seed: seed, name: "request/\(number)")
        return Double(dice.below(1 << 30)) < failRate * Double(1 << 30)
    }
}
