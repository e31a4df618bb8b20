import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("FileLock") struct FileLockTests {
    @Test("one holder at a time, named to the other; free again when dropped")
    func excludes() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(".datamake/lock")
        do {
            let lock = try FileLock(path: path, wait: false)
            let holder = try #require(FileLock.holder(path))
            #expect(holder.processID == getpid())
            #expect(!holder.host.isEmpty)
            #expect(FileLock.isHeld(path))
            #expect(throws: LockProblem.held(path: path, by: holder)) {
                _ = try FileLock(path: path, wait: false)
            }
            lock.release()
        }
        #expect(FileLock.holder(path) == nil)
        #expect(!FileLock.isHeld(path))
        #expect(!FileLock.isHeld(directory.path("no/such/lock")))
        do { _ = try FileLock(path: path, wait: false) }
        _ = try FileLock(path: path, wait: true) { _ in Issue.record("waited for nobody") }
    }

    @Test("waiting ends when the holder does, and never are there two")
    func waits() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("lock")
        final class Counts: Sendable {
            let inside = Atomic(0)
            let total = Atomic(0)
        }
        let counts = Counts()
        try await withThrowingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<200 {
                        let lock = try FileLock(path: path, wait: true)
                        let holders = counts.inside.add(1, ordering: .relaxed).newValue
                        #expect(holders == 1)
                        counts.inside.subtract(1, ordering: .relaxed)
                        counts.total.add(1, ordering: .relaxed)
                        lock.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.total.load(ordering: .relaxed) == 600)
    }

    @Test("a holder that is killed leaves no lock behind", .enabled(if: isExecutable("/usr/bin/flock")))
    func deadHolder() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("lock")
        try directory.write("4000000 elsewhere\n", to: "lock")
        #expect(!FileLock.isHeld(path), "who left its name is gone")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/flock")
        // exec, so that killing the process kills the one that holds the lock.
        process.arguments = ["--no-fork", path, "/bin/sh", "-c", "echo held; exec sleep 1000"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
        let problem = #expect(throws: LockProblem.self) { _ = try FileLock(path: path, wait: false) }
        #expect(problem == .held(path: path, by: .init(processID: 4_000_000, host: "elsewhere")))
        #expect(problem?.summary == "\(path): locked by process 4000000 on elsewhere")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        _ = try FileLock(path: path, wait: false)
    }

    @Test("refuses a link or a directory in the file's place")
    func refuses() throws {
        let directory = try TemporaryDirectory()
        #expect(makeLink(directory.path("link"), to: "victim"))
        for path in [directory.path("link"), directory.path] {
            let problem = #expect(throws: LockProblem.self) { _ = try FileLock(path: path, wait: false) }
            guard case .file = problem else {
                Issue.record("\(String(describing: problem))")
                continue
            }
        }
        #expect(try listDirectory(directory.path).map(\.name) == ["link"])
    }
}
