import HTTP
import Synchronization
import TestSupport
import Testing

@Suite("HTTPClient under load", .timeLimit(.minutes(1)))
struct LoadTests {
    @Test(
        "cancels at random, answers at random, several hosts: each caller hears exactly once",
        arguments: 0..<4)
    func storm(_ seed: UInt64) async throws {
        let servers = try (0..<3).map { host in
            try LoopbackServer { request in
                request.path.hasSuffix("7")
                    ? .init(raw: "", then: .close) : .init(text: "\(host)\(request.path)")
            }
        }
        let client = HTTPClient(options: HTTPOptions(connections: 6, connectionsPerHost: 3))
        var generator = SeededGenerator(seed: seed)
        let plan = (0..<300).map { index in
            (
                index: index, host: Int.random(in: 0..<3, using: &generator),
                isCancelled: Bool.random(using: &generator)
            )
        }
        await withTaskGroup(of: Void.self) { group in
            for step in plan {
                let url = servers[step.host].url + "/\(step.index)"
                group.addTask {
                    let task = Task {
                        let received = Mutex<[UInt8]>([])
                        let response = try await client.get(HTTPRequest(url: url)) { piece in
                            let bytes = piece.indices.map { piece[$0] }
                            received.withLock { $0 += bytes }
                        }
                        let text = String(decoding: received.withLock { $0 }, as: UTF8.self)
                        #expect(text == "\(step.host)/\(step.index)", "seed \(seed)")
                        return response.status
                    }
                    if step.isCancelled { task.cancel() }
                    do {
                        #expect(try await task.value == 200, "seed \(seed)")
                        #expect(step.index % 10 != 7)
                    } catch is CancellationError {
                        #expect(step.isCancelled)
                    } catch {
                        #expect((error as? HTTPProblem)?.kind == .cutShort, "seed \(seed): \(error)")
                        #expect(step.index % 10 == 7)
                    }
                }
            }
        }
    }
}
