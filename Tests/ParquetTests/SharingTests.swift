import Columns
import Foundation
import Parquet
import Testing

/// A row group that two threads encode is the one that one thread encodes.
@Suite struct SharingTests {
    private typealias StartThread = (@escaping () -> Void) -> (() -> Void)?

    /// Who encodes how much: nobody but the writer; the other thread all, before the writer begins; the writer all, before the
    /// other thread begins; either some.
    private let threads: [(name: String, start: StartThread)] = [
        ("none", { _ in nil }),
        (
            "the other",
            { work in
                work()
                return {}
            }
        ),
        ("the writer", { work in { work() } }),
        ("both", Self.startThread),
    ]

    /// What is handed to a thread and waited for.
    private final class Work: @unchecked Sendable {
        // Unchecked: the thread has it between the start and the signal.
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    private static func startThread(_ work: @escaping () -> Void) -> (() -> Void)? {
        let work = Work(work)
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            work.run()
            isDone.signal()
        }
        return { isDone.wait() }
    }

    @Test("tables of all kinds, whoever encodes their columns", arguments: 1...60 as ClosedRange<UInt64>)
    func sameBytes(_ seed: UInt64) throws {
        let table = TestTable(seed: seed)
        let expected = try table.write()
        for (name, start) in threads {
            var bytes: [UInt8] = []
            var writer = unsafe try ParquetWriter(schema: table.fields, options: table.options) {
                unsafe bytes.append(contentsOf: $0)
            }
            for batch in table.batches { try writer.writeRowGroup(batch, startThread: start) }
            let written = try writer.finish(keyValueMetadata: table.metadata)
            #expect(bytes == expected, "\(name), \(table.note)")
            #expect(written.byteCount == expected.count)
        }
    }

    private struct Full: Error {}

    @Test("a sink without room fails, and the other thread has ended") func failure() throws {
        // Some columns, in more than one piece for the sink.
        guard
            let table = (1...200).lazy.map({ TestTable(seed: $0) }).first(where: { table in
                table.fields.count > 3 && table.batches.contains { $0[0].count >= 9_000 }
            })
        else {
            Issue.record("no such table")
            return
        }
        for (name, start) in threads {
            var running = 0
            #expect(throws: Full.self, "\(name)") {
                var writer = unsafe try ParquetWriter(schema: table.fields, options: table.options) { _ in
                    throw Full()
                }
                for batch in table.batches {
                    try writer.writeRowGroup(batch) { work in
                        guard let wait = start(work) else { return nil }
                        running += 1
                        return {
                            wait()
                            running -= 1
                        }
                    }
                }
                _ = try writer.finish(keyValueMetadata: [])
            }
            #expect(running == 0, "\(name)")
        }
    }
}
