import Files
import Foundation
import TestSupport
import Testing

@Suite("Stamp") struct StampTests {
    @Test("of a file: size, times and inode; of nothing: nil")
    func reads() throws {
        let directory = try TemporaryDirectory()
        try directory.write("hello", to: "a")
        let before = Stamp.now()
        let stamp = try #require(try Stamp.of(path: directory.path("a")))
        #expect(stamp.byteCount == 5)
        #expect(stamp.inode != 0)
        #expect(abs(stamp.modified - before) < 60_000_000_000)
        #expect(try Stamp.of(path: directory.path("b")) == nil)
        #expect(try Stamp.of(path: directory.path("a/b")) == nil)
    }

    @Test("follows links; a dangling one is nothing")
    func links() throws {
        let directory = try TemporaryDirectory()
        try directory.write("hello", to: "a")
        #expect(makeLink(directory.path("good"), to: "a"))
        #expect(makeLink(directory.path("bad"), to: "nowhere"))
        #expect(try Stamp.of(path: directory.path("good")) == Stamp.of(path: directory.path("a")))
        #expect(try Stamp.of(path: directory.path("bad")) == nil)
    }

    @Test("refuses what is not a regular file, and does not wait for a pipe")
    func kinds() throws {
        let directory = try TemporaryDirectory()
        #expect(makePipe(directory.path("pipe")))
        for path in [directory.path("pipe"), directory.path, "/dev/null"] {
            #expect(throws: FileProblem(.inspect, path: path, cause: .notRegularFile)) {
                try Stamp.of(path: path)
            }
            #expect(throws: FileProblem(.read, path: path, cause: .notRegularFile)) {
                try identity(ofFile: path)
            }
        }
    }

    @Test("a rewrite of equal size with the old times put back shows")
    func changeTime() throws {
        let directory = try TemporaryDirectory()
        try directory.write("one", to: "a")
        let old = try #require(try Stamp.of(path: directory.path("a")))
        let handle = try FileHandle(forWritingTo: directory.url.appending(path: "a"))
        try handle.write(contentsOf: Data("two".utf8))
        try handle.close()
        var times = [timespec](repeating: timespec(), count: 2)
        times[1].tv_sec = Int(old.modified / 1_000_000_000)
        times[1].tv_nsec = Int(old.modified % 1_000_000_000)
        times[0] = times[1]
        #expect(unsafe utimensat(AT_FDCWD, directory.path("a"), times, 0) == 0)
        let new = try #require(try Stamp.of(path: directory.path("a")))
        #expect(new.modified == old.modified)
        #expect(new.byteCount == old.byteCount)
        // In one tick of the clock the change time may be equal too: that is what isRacy is for.
        #expect(new.changed != old.changed || old.isRacy(observedAt: Stamp.now()))
    }

    struct RacyCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var modified: Int64
        var changed: Int64
        var observedAt: Int64
        var isRacy: Bool
    }

    static let second: Int64 = 1_000_000_000
    static let racyCases = [
        RacyCase(
            testDescription: "long ago", modified: 10 * second, changed: 10 * second,
            observedAt: 100 * second,
            isRacy: false),
        RacyCase(
            testDescription: "at the look", modified: 100 * second, changed: 100 * second,
            observedAt: 100 * second, isRacy: true),
        RacyCase(
            testDescription: "just 2 s before", modified: 98 * second, changed: 98 * second,
            observedAt: 100 * second, isRacy: true),
        RacyCase(
            testDescription: "1 ns more", modified: 98 * second - 1, changed: 98 * second - 1,
            observedAt: 100 * second, isRacy: false),
        RacyCase(
            testDescription: "old times put back", modified: second, changed: 99 * second,
            observedAt: 100 * second, isRacy: true),
        RacyCase(
            testDescription: "modified in the future", modified: .max, changed: second,
            observedAt: 100 * second, isRacy: true),
        RacyCase(
            testDescription: "clock at its beginning", modified: .min, changed: .min, observedAt: .min,
            isRacy: true),
    ]

    @Test("is racy within a tick of the look", arguments: racyCases)
    func racy(_ c: RacyCase) {
        let stamp = Stamp(byteCount: 1, modified: c.modified, changed: c.changed, inode: 1)
        #expect(stamp.isRacy(observedAt: c.observedAt) == c.isRacy)
    }

    @Test("of many files by directory equals one by one")
    func directoryStamps() throws {
        let root = try TemporaryDirectory()
        var random = SeededGenerator(seed: 7)
        var paths = [root.path("gone/x"), root.path("gone/y"), "Package.swift", "nothing-here"]
        for i in 0..<200 {
            let name = "d\(Int.random(in: 0..<8, using: &random))/é\(i)"
            if i % 5 != 0 { try root.write("\(i)", to: name) }
            paths.append(root.path(name))
        }
        for order in [paths.sorted(), paths.shuffled(using: &random)] {
            var stamps = DirectoryStamps()
            for path in order { #expect(try stamps.stamp(of: path) == Stamp.of(path: path), "\(path)") }
        }
        var stamps = DirectoryStamps()
        #expect(throws: FileProblem(.inspect, path: root.path("d1"), cause: .notRegularFile)) {
            try stamps.stamp(of: root.path("d1"))
        }
        #expect(try stamps.stamp(of: root.path("d1/é0/below")) == nil)
    }

    @Test("refuses a path with a zero byte")
    func zeroByte() {
        let path = "Package.swift\0.txt"
        #expect(throws: FileProblem(.inspect, path: path, cause: .zeroByteInPath)) {
            try Stamp.of(path: path)
        }
        #expect(throws: FileProblem(.inspect, path: path, cause: .zeroByteInPath)) {
            var stamps = DirectoryStamps()
            return try stamps.stamp(of: path)
        }
        #expect(throws: FileProblem(.create, path: path + ".partial", cause: .zeroByteInPath)) {
            _ = try StagedFile(for: path)
        }
    }
}
