import Files
import TestSupport
import Testing

@Suite("Control groups") struct ControlGroupTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var groups: String?
        var files: [String: String]
        var limit: Int?
    }

    static let cases = [
        Case(testDescription: "no /proc", groups: nil, files: [:], limit: nil),
        Case(
            testDescription: "no limit", groups: "0::/a\n", files: ["sys/fs/cgroup/a/memory.max": "max\n"],
            limit: nil),
        Case(
            testDescription: "version 2, the least up to the root counts", groups: "0::/a/b\n",
            files: [
                "sys/fs/cgroup/a/b/memory.max": "3000\n", "sys/fs/cgroup/a/memory.max": "2000\n",
                "sys/fs/cgroup/memory.max": "4000\n",
            ], limit: 2000),
        Case(
            testDescription: "version 2 in a container, where only the mount is seen",
            groups: "0::/../host/x\n",
            files: ["sys/fs/cgroup/memory.max": "512\n"], limit: 512),
        Case(
            testDescription: "version 1 beside others", groups: "5:cpu,cpuacct:/c\n4:memory:/m\n",
            files: [
                "sys/fs/cgroup/memory/m/memory.limit_in_bytes": "777\n", "sys/fs/cgroup/memory.max": "5\n",
            ],
            limit: 777),
        Case(
            testDescription: "nonsense", groups: "x\n0:\n", files: ["sys/fs/cgroup/memory.max": "-1"],
            limit: nil),
    ]

    @Test("the memory limit", arguments: cases) func limit(_ c: Case) throws {
        let directory = try TemporaryDirectory()
        if let groups = c.groups { try directory.write(groups, to: "proc/self/cgroup") }
        for (path, text) in c.files { try directory.write(text, to: path) }
        #expect(
            controlGroupMemoryLimit(root: directory.path("."))
                == c.limit)
    }
}
