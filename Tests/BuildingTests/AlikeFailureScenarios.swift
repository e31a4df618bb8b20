import Foundation
import TestSupport
import Testing

/// Many targets that fail for few reasons: what is shown of them, and where the others are found.
@Suite struct AlikeFailureScenarios {
    /// 40 notes of which every fourth is made, 15 fail in one way and 15 in another; what was made is joined with the others.
    struct Notes {
        let project: ProjectDirectory

        init() throws {
            project = try ProjectDirectory(
                """
                version: 1
                rules:
                  loud:
                    from: notes/{name}.txt
                    to: loud/{name}.txt
                    run: sh loud.sh {input} {output}
                  twice:
                    from: loud/{name}.txt
                    to: twice/{name}.txt
                    run: sh loud.sh {input} {output}
                """)
            try project.write("tr a-z A-Z < $1 > $2; exit $(head -c 1 $1)\n", to: "loud.sh")
            for index in 0..<40 {
                let status = index % 4 == 0 ? 0 : index % 2 == 0 ? 3 : 4
                try project.write("\(status) text \(index)", to: "notes/n\(100 + index).txt")
            }
            for index in 0..<5 { try project.write("0", to: "notes/n\(200 + index).txt") }
        }
    }

    private func lines(_ text: String, containing part: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.contains(part) }
    }

    @Test("ten of each reason are shown, the others counted")
    func grouped() throws {
        let project = try Notes().project
        let output = try project.datamake("build", "--json")
        let outcome = try project.outcome(of: output)
        #expect(outcome.counts == BuildCounts(considered: 90, built: 30, failed: 60))
        #expect(outcome.failures.count == 30)
        let text = output.standardError
        // 10 failed with status 3, 20 with status 4, and nobody could double what they did not make.
        #expect(lines(text, containing: "error: loud/").count == 20, "\(text)")
        #expect(lines(text, containing: "not built, because loud/").count == 10)
        #expect(lines(text, containing: " more alike: ").count == 1)
        #expect(lines(text, containing: "error: 10 more alike: ").count == 1)
        #expect(
            lines(text, containing: "error: 20 more: not built, because what they need failed").count == 1)
        #expect(lines(text, containing: "datamake log what-failed").count == 1)
        let all = try project.datamake("log", "what-failed")
        #expect(lines(all.standardOutput, containing: "failed (").count == 30)
        #expect(lines(all.standardOutput, containing: "not begun").count == 30)
    }

    @Test("JSON logs hold every failure")
    func machines() throws {
        let project = try Notes().project
        let text = try project.datamake("build", "--log-format", "json").standardError
        #expect(lines(text, containing: "\"category\"").count == 30)
        #expect(lines(text, containing: "not built, because").count == 30)
        #expect(lines(text, containing: "what-failed").isEmpty)
    }

    @Test("where ten or fewer fail alike nothing is added")
    func few() throws {
        let project = try Notes().project
        let text = try project.datamake("build", "loud/n10?.txt").standardError
        #expect(lines(text, containing: "error: loud/").count == 7, "\(text)")
        #expect(lines(text, containing: " more alike: ").isEmpty)
        #expect(lines(text, containing: "what-failed").isEmpty)
    }
}
