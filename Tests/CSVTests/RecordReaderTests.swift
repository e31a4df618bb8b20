import CSV
import Foundation
import TestSupport
import Testing

@Suite struct RecordReaderTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var text: String
        var rows: [[String]]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "LF", text: "a,b\nc,d\n", rows: [["a", "b"], ["c", "d"]]),
        Case(name: "no final newline", text: "a,b\nc,d", rows: [["a", "b"], ["c", "d"]]),
        Case(name: "CRLF", text: "a,b\r\nc,d\r\n", rows: [["a", "b"], ["c", "d"]]),
        Case(
            name: "CRLF and LF mixed", text: "a,b\r\nc,d\ne,f\r\n",
            rows: [["a", "b"], ["c", "d"], ["e", "f"]]),
        Case(name: "byte order mark", text: "\u{FEFF}a,b\n", rows: [["a", "b"]]),
        Case(name: "empty fields", text: ",\n,\n", rows: [["", ""], ["", ""]]),
        Case(name: "empty last field at the end", text: "a,", rows: [["a", ""]]),
        Case(name: "quoted", text: "\"a,\",\"b\"\"\"\n", rows: [["a,", "b\""]]),
        Case(name: "empty quotes", text: "\"\",\"\"\n", rows: [["", ""]]),
        Case(
            name: "newline in quotes", text: "\"a\nb\",\"c\r\nd\"\ne,f\n",
            rows: [["a\nb", "c\r\nd"], ["e", "f"]]),
        Case(name: "only quotes", text: "\"\"\"\",\"\"\"\"\"\"", rows: [["\"", "\"\""]]),
        Case(name: "spaces stay", text: " a , b \n", rows: [[" a ", " b "]]),
        Case(name: "nothing", text: "", rows: []),
        Case(name: "byte order mark alone", text: "\u{FEFF}", rows: []),
        Case(name: "not ASCII", text: "币安,人生\n", rows: [["币安", "人生"]]),
    ]

    @Test("splits, whatever the blocks", arguments: cases) func splits(_ c: Case) throws {
        let bytes = Array(c.text.utf8)
        for block in [1, 2, 3, 5, 64, 1 << 18] {
            for step in [1, Int.max] {
                let found = try records(bytes, fieldCount: 2, block: block, step: step)
                #expect(found.map(\.texts) == c.rows, "block \(block), step \(step)")
            }
        }
    }

    @Test("a file in memory splits as one that is read in blocks") func whole() throws {
        var generator = SeededGenerator(seed: 12)
        var texts = Self.cases.map(\.text) + ["a,b\n\"x\ny\",c\nd\n", "a,b\nc,d\r", "a,b\n\n,,,\n"]
        let pieces = ["a", "12.5", ",", ",", "\n", "\r\n", "\"q\"", "\"a\"\"b\"", "é"]
        for _ in 0..<300 {
            texts.append(
                (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator)!
                }
                .joined())
        }
        for text in texts {
            let bytes = Array(text.utf8)
            let expected = try? records(bytes, fieldCount: 2)
            let found = try? wholeRecords(bytes, fieldCount: 2)
            #expect(found == expected, "\(text)")
        }
    }

    @Test("records that are no rows are listed with their line")
    func irregular() throws {
        let cases: [(String, [Record])] = [
            ("a,b\nc\nd,e\n", [.irregular(line: 2, .fieldCount(1))]),
            ("a,b\n\nd,e\n", [.irregular(line: 2, .fieldCount(1))]),
            ("a,b\nc,d,e\n", [.irregular(line: 2, .fieldCount(3))]),
            ("a,b\n,,,\nx,y\n", [.irregular(line: 2, .fieldCount(4))]),
            ("a,b\nc", [.irregular(line: 2, .fieldCount(1))]),
            ("a,b\na\"b,c\nd,e\n", [.irregular(line: 2, .malformed(.quoteInField))]),
            ("a,b\n\"a\"b,c\nd,e\n", [.irregular(line: 2, .malformed(.textAfterQuote))]),
            ("a,b\n\"x\ny\",c\nd\n", [.irregular(line: 4, .fieldCount(1))]),
            ("a,b\rc,d\ne,f\n", [.irregular(line: 1, .malformed(.strayCarriageReturn))]),
            ("a,b\n\rc,d\n", [.irregular(line: 2, .malformed(.strayCarriageReturn))]),
            ("a,b\nc,d\r", [.irregular(line: 2, .malformed(.strayCarriageReturn))]),
        ]
        for (text, expected) in cases {
            for block in [1, 4, 64, 4096] {
                let found = try records(Array(text.utf8), fieldCount: 2, block: block)
                #expect(
                    found.filter { $0.texts == nil } == expected, "\(text.debugDescription), block \(block)")
            }
        }
    }

    @Test("refuses what is no CSV, with the place", arguments: [1, 7, 64, 1 << 18])
    func refuses(block: Int) {
        let filler = String(repeating: "abc,def\n", count: 20)
        func place(_ line: Int, _ byte: Int) -> CSVProblem.Place { .init(line: line, byte: byte) }
        #expect(throws: CSVProblem.utf16(file: "t.csv")) {
            try records([0xFF, 0xFE, 0x61, 0], fieldCount: 2, block: block)
        }
        #expect(throws: CSVProblem.utf16(file: "t.csv")) {
            try records([0xFE, 0xFF, 0, 0x61], fieldCount: 2, block: block)
        }
        #expect(throws: CSVProblem.zeroByte(file: "t.csv", place(21, 161))) {
            try records(Array((filler + "a\0,b\n").utf8), fieldCount: 2, block: block)
        }
        #expect(throws: CSVProblem.zeroByte(file: "t.csv", place(22, 162))) {
            try records(Array((filler + "\"\n\0,b\n").utf8), fieldCount: 2, block: block)
        }
        #expect(throws: CSVProblem.unclosedQuote(file: "t.csv", place(21, 162))) {
            try records(Array((filler + "a,\"b\nc,d\n" + filler).utf8), fieldCount: 2, block: block)
        }
        #expect(throws: CSVProblem.recordTooLong(file: "t.csv", place(21, 160), limit: 100, inQuotes: false))
        {
            try records(
                Array((filler + String(repeating: "x", count: 5_000)).utf8), fieldCount: 2,
                block: min(block, 64),
                limit: 100)
        }
        #expect(throws: CSVProblem.recordTooLong(file: "t.csv", place(21, 160), limit: 100, inQuotes: true)) {
            try records(
                Array((filler + "\"" + String(repeating: "x\n", count: 5_000)).utf8), fieldCount: 2,
                block: min(block, 64), limit: 100)
        }
    }

    @Test("plain scan and record machine agree on random text", arguments: [UInt64(1), 2, 3])
    func agrees(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabets: [[UInt8]] = [Array("ab,\n".utf8), Array("ab,\n\r\"".utf8), Array("abcdefgh,\n".utf8)]
        for round in 0..<400 {
            let alphabet = alphabets[round % alphabets.count]
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
            let fieldCount = Int.random(in: 1...4, using: &random)
            // In the smallest blocks nearly every record is carried over; a block of all is read in one piece.
            func outcome(_ block: Int) -> String {
                do { return "\(try records(bytes, fieldCount: fieldCount, block: block))" } catch {
                    return "\(error)"
                }
            }
            let whole = outcome(1 << 16)
            for block in [4, 17, 64, 100] {
                #expect(outcome(block) == whole, "seed \(seed), round \(round), block \(block)")
            }
            // An unused quote at the very end of the first 64 bytes sends all of it through the machine.
            if !bytes.contains(0x22), !bytes.contains(0x0D) {
                let row = Array(("\"q\"" + String(repeating: ",q", count: fieldCount - 1) + "\n").utf8)
                let shifted = try records(row + bytes, fieldCount: fieldCount).dropFirst()
                let texts = try records(bytes, fieldCount: fieldCount).map(\.texts)
                #expect(shifted.map(\.texts) == texts, "seed \(seed), round \(round)")
            }
        }
    }

    @Test("reads as Python's csv reads", .enabled(if: Peer.python != nil, "no Python with judges"))
    func likePython() throws {
        var random = SeededGenerator(seed: 11)
        let pieces = ["a", "", "1.5", "x,y", "line\nbreak", "say \"hi\"", " ", "é", "\r\n", "\""]
        let rows = (0..<2_000).map { _ in (0..<3).map { _ in pieces.randomElement(using: &random)! } }
        func quoted(_ field: String) -> String {
            let needs =
                field.contains { ",\n\r\"".contains($0) || $0 == "\r\n" } || Bool.random(using: &random)
            return needs ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
        }
        let text = rows.map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\r\n")
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "t.csv")
        let script = """
            import csv, json, sys
            print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True))))
            """
        let output = try Peer.run(Peer.python!, ["-c", script, directory.path("t.csv")])
        #expect(output.status == 0, "\(output.standardError)")
        let theirs = try JSONDecoder().decode([[String]].self, from: Data(output.standardOutput.utf8))
        let ours = try records(Array(text.utf8), fieldCount: 3, block: 1_000).map { $0.texts ?? [] }
        #expect(ours == theirs)
        #expect(ours == rows)
    }

    @Test("places in the file: offsets, lines and the record's own text")
    func places() throws {
        let text = Text(Array("h1,h2\n1,\"a\nb\"\n\"x,y\",2\n".utf8))
        var reader = RecordReader(file: "t.csv", syntax: FieldSyntax())
        #expect(unsafe try reader.peekFirstRecord(text.read) == [Array("h1".utf8), Array("h2".utf8)])
        reader.skipFirstRecord()
        let batch = try #require(unsafe try reader.nextBatch(fieldCount: 2, text.read))
        #expect(batch.rowCount == 2)
        #expect((0..<2).map { batch.line(ofRow: $0) } == [2, 4])
        let starts = (0..<2).map { batch.sourceStart(ofRow: $0) }
        #expect(starts == [6, 14])
        #expect(batch.fieldOffset(1, at: 6) == 8)
        #expect(batch.fieldOffset(1, at: 14) == 20)
        #expect(batch.recordBytes(at: 6) == Array("1,\"a\nb\"".utf8))
        batch.removeRows(where: [1, 0])
        #expect(batch.rowCount == 1)
        #expect(batch.fieldBytes(0, row: 0) == Array("x,y".utf8))
        #expect(batch.line(ofRow: 0) == 4)
    }
}
