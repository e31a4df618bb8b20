import Foundation
import Graph
import Recording
import TestSupport
import Testing

/// A process that dies at any instant leaves a database of whole transactions, with no step by hand.
@Suite struct StateCrashTests {
    private static let batch = 20

    /// Writes transaction `number`: the run of a few outputs, and some new files.
    private static func write(_ number: Int, to store: StateStore, _ samples: inout Samples) throws {
        var changes: [StateChange] = []
        for index in 0..<batch {
            changes.append(.action(samples.plainAction(index, inputCount: 2, run: String(number))))
            changes.append(.raw(samples.plainRaw(number * batch + index)))
        }
        try store.record(changes)
    }

    /// How many transactions the database holds; each is all there.
    private static func transactions(_ store: StateStore, _ comment: Comment) throws -> Int {
        let actions = try store.actionRecords()
        let raws = try store.rawRecords()
        #expect(store.droppedRowCount == 0, comment)
        #expect(Set(actions.map(\.run)).count <= 1, comment)
        #expect(raws.count % batch == 0, comment)
        let count = actions.first.flatMap { Int($0.run) } ?? 0
        #expect(raws.count == count * batch, comment)
        return count
    }

    /// The log only ever grows, so what a crash leaves is a beginning of it.
    @Test("any beginning of the log is a sequence of whole transactions")
    func cutLog() throws {
        let scratch = try TemporaryDirectory()
        var samples = Samples(seed: 21)
        let store = try StateStore.open(directory: scratch.path, access: .writer).store
        for number in 1...12 { try Self.write(number, to: store, &samples) }
        let database = try scratch.read("state.db")
        let log = try scratch.read("state.db-wal")
        try store.close()

        var random = SeededGenerator(seed: 22)
        var seen: Set<Int> = []
        for round in 0..<60 {
            let image = try TemporaryDirectory()
            let length = round == 0 ? log.count : Int.random(in: 0..<log.count, using: &random)
            try image.write(database, to: "state.db")
            try image.write(log.prefix(length), to: "state.db-wal")
            let (again, note) = try StateStore.open(directory: image.path, access: .writer)
            #expect(note == nil)
            let count = try Self.transactions(again, "log cut at \(length)")
            if round == 0 { #expect(count == 12) }
            seen.insert(count)
            try Self.write(count + 1, to: again, &samples)
            #expect(try Self.transactions(again, "after a crash at \(length)") == count + 1)
            try again.close()
        }
        #expect(seen.count > 5)
    }

    private static let childVariable = "DATAMAKE_TEST_CRASH_DIRECTORY"
    private static let childDirectory = ProcessInfo.processInfo.environment[childVariable]
    /// The program that runs these tests, where it can be started again by itself.
    private static let ownProgram: String? = {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return path?.hasSuffix(".xctest") == true ? path : nil
    }()

    @Test(
        "(the child) writes until it is killed",
        .enabled(if: childDirectory != nil, "runs in a process of its own"))
    func writeUntilKilled() throws {
        let store = try StateStore.open(directory: Self.childDirectory!, access: .writer).store
        var samples = Samples(seed: 23)
        var number = try Self.transactions(store, "at the child's start")
        while true {
            number += 1
            try Self.write(number, to: store, &samples)
        }
    }

    @Test(
        "a writer killed again and again leaves whole transactions",
        .enabled(if: ownProgram != nil && childDirectory == nil, "needs to start this test program again"),
        arguments: [StateStore.Journal.log, .rollback])
    func kill(_ journal: StateStore.Journal) throws {
        let scratch = try TemporaryDirectory()
        try StateStore.open(directory: scratch.path, access: .writer, journal: journal).store.close()
        var last = 0
        for round in 1...5 {
            let child = Process()
            child.executableURL = URL(filePath: Self.ownProgram!)
            child.arguments = ["--testing-library", "swift-testing", "--filter", "writeUntilKilled"]
            child.environment = ProcessInfo.processInfo.environment.merging([
                Self.childVariable: scratch.path
            ]) { $1 }
            child.standardOutput = FileHandle.nullDevice
            child.standardError = FileHandle.nullDevice
            try child.run()
            defer { if child.isRunning { child.terminate() } }
            let reader = try StateStore.open(directory: scratch.path, access: .reader).store
            let deadline = ContinuousClock.now + .seconds(60)
            while try reader.rawRecords().count < (last + 1 + round) * Self.batch,
                ContinuousClock.now < deadline, child.isRunning
            {}
            Foundation.kill(child.processIdentifier, SIGKILL)
            child.waitUntilExit()
            try reader.close()
            #expect(child.terminationReason == .uncaughtSignal)

            let (store, note) = try StateStore.open(
                directory: scratch.path, access: .writer, journal: journal)
            #expect(note == nil)
            let count = try Self.transactions(store, "round \(round)")
            #expect(count >= last + 1 + round)
            last = count
            if let python = Peer.python {
                let script =
                    "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('pragma integrity_check').fetchone()[0])"
                #expect(try Peer.run(python, ["-c", script, store.path]).standardOutput == "ok\n")
            }
            try store.close()
        }
    }
}
