import CSV
import Foundation
import TestSupport
import Testing

/// Whole files of random dialects and shapes, next to Python's csv and DuckDB, and next to themselves read in other pieces.
@Suite struct CSVDialectTests {
    /// One made-up file, and what was meant by it.
    struct Sample {
        var seed: UInt64
        var syntax: FieldSyntax
        var fieldCount: Int
        var bytes: [UInt8]
        /// Fields of each record; other numbers of them than `fieldCount` among these.
        var records: [[String]]
        /// Whether all lines end alike, which DuckDB asks for.
        var hasOneNewline: Bool
    }

    private static let delimiters = Array(",;\t|:".utf8)
    private static let quotes = Array("\"'`".utf8)

    /// - Parameter isRagged: whether some records have more or fewer fields, and some lines are empty.
    static func sample(seed: UInt64, isRagged: Bool) -> Sample {
        var random = SeededGenerator(seed: seed)
        func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
        let syntax = FieldSyntax(
            delimiter: delimiters.randomElement(using: &random)!, quote: quotes.randomElement(using: &random)!
        )
        let delimiter = String(UnicodeScalar(syntax.delimiter))
        let quote = String(UnicodeScalar(syntax.quote))
        let hasInnerCR = chance(3)
        let pieces = [
            "a", "bc", "1.5", " ", "é", "币", "-", "x" + delimiter, quote, quote + quote, "\n", "\r\n", "\r",
            "'", "\"", "0123456789", "😀",
        ].filter { hasInnerCR || !$0.utf8.contains(0x0D) }
        let plain = Array(pieces.prefix(7)) + ["0123456789"]
        // Files with and without quotes: without, the fast scan takes them whole.
        let isPlain = chance(3)
        let quotesAll = chance(4)
        let newlines = [["\n"], ["\r\n"], ["\n", "\r\n"]].randomElement(using: &random)!
        let fieldCount = Int.random(in: isRagged ? 2...6 : 1...6, using: &random)
        var text = chance(3) ? "\u{FEFF}" : ""
        var records: [[String]] = []
        let recordCount = Int.random(in: 1...60, using: &random)
        for number in 0..<recordCount {
            var width = fieldCount
            if isRagged, chance(8) { width = Int.random(in: 1...8, using: &random) }
            var fields = (0..<width).map { _ -> String in
                let length =
                    chance(25)
                    ? Int.random(in: 30...400, using: &random) : Int.random(in: 0...4, using: &random)
                return (0..<length).map { _ in (isPlain ? plain : pieces).randomElement(using: &random)! }
                    .joined()
            }
            // An empty line of one column means nothing to Python and DuckDB.
            if !isRagged, fieldCount == 1, fields[0].isEmpty { fields = ["-"] }
            records.append(fields)
            text += fields.map { field in
                let needsQuotes =
                    field.contains(delimiter) || field.contains(quote)
                    || field.utf8.contains { $0 == 0x0A || $0 == 0x0D }
                guard needsQuotes || (!isPlain && (quotesAll || chance(5))) else { return field }
                return quote + field.replacing(quote, with: quote + quote) + quote
            }.joined(separator: delimiter)
            let isLast = number == recordCount - 1
            // A last field that is empty, and nothing behind it: only a newline tells that record from none.
            let mustEnd = fields.count == 1 && fields[0].isEmpty
            if !isLast || mustEnd || chance(2) { text += newlines.randomElement(using: &random)! }
        }
        return Sample(
            seed: seed, syntax: syntax, fieldCount: fieldCount, bytes: Array(text.utf8), records: records,
            hasOneNewline: newlines.count == 1)
    }

    /// Our records: the fields, or how many there are of them.
    enum Outcome: Hashable {
        case fields([String])
        case count(Int)
        case malformed(Malformation)

        init(_ record: Record) {
            switch record {
            case .fields(_, _, let fields): self = .fields(fields.map { String(decoding: $0, as: UTF8.self) })
            case .irregular(_, .fieldCount(let count)): self = .count(count)
            case .irregular(_, .malformed(let reason)): self = .malformed(reason)
            }
        }

        init(_ fields: [String], expecting count: Int) {
            // Python has no field in an empty line; here it has one, which is empty.
            let fields = fields.isEmpty ? [""] : fields
            self = fields.count == count ? .fields(fields) : .count(fields.count)
        }
    }

    private static func read(_ sample: Sample, block: Int = 1 << 18, step: Int = .max) throws -> [Record] {
        try records(
            sample.bytes, fieldCount: sample.fieldCount, block: block, step: step, syntax: sample.syntax)
    }

    @Test("well-formed and ragged files hold what was written", arguments: [false, true])
    func asWritten(isRagged: Bool) throws {
        for seed in 0..<UInt64(150) {
            let sample = Self.sample(seed: seed, isRagged: isRagged)
            let found = try Self.read(sample).map(Outcome.init)
            let expected = sample.records.map { Outcome($0, expecting: sample.fieldCount) }
            #expect(found == expected, "seed \(seed)")
        }
    }

    @Test("any file, broken ones too, is the same in pieces of any size", arguments: 0..<4)
    func inPieces(part: Int) throws {
        for seed in stride(from: UInt64(part), to: 160, by: 4) {
            var sample = Self.sample(seed: 1_000 + seed, isRagged: seed % 3 == 0)
            var random = SeededGenerator(seed: seed)
            if seed % 2 == 0 {
                // Bytes that mean something, in places where they should not be.
                let strays = [sample.syntax.quote, sample.syntax.delimiter, 0x0A, 0x0D, 0x61]
                for _ in 0..<Int.random(in: 1...3, using: &random) where sample.bytes.count > 3 {
                    sample.bytes[Int.random(in: 3..<sample.bytes.count, using: &random)] =
                        strays.randomElement(using: &random)!
                }
            }
            func outcome(_ block: Int, _ step: Int) -> String {
                do { return "\(try Self.read(sample, block: block, step: step))" } catch { return "\(error)" }
            }
            let whole = outcome(1 << 18, .max)
            let blocks = [1, 63, 64, 65, sample.bytes.count, Int.random(in: 2...2_000, using: &random)]
            for block in blocks {
                let step = [1, 7, 64, Int.max].randomElement(using: &random)!
                let pieces = outcome(max(block, 1), step)
                #expect(
                    pieces == whole,
                    "seed \(seed), block \(block), step \(step): \(String(decoding: sample.bytes, as: UTF8.self).debugDescription)"
                )
            }
        }
    }

    struct Judged: Decodable {
        var python: [[String]]
        /// Nil where DuckDB was not asked.
        var duckdb: [[String]]?
    }

    @Test("as Python's csv and DuckDB read", .enabled(if: Peer.python != nil, "no Python with judges"))
    func likeOthers() throws {
        let directory = try TemporaryDirectory()
        let samples = (0..<150).map { Self.sample(seed: 5_000 + UInt64($0), isRagged: $0 % 5 == 4) }
        var lines = ""
        for (index, sample) in samples.enumerated() {
            try directory.write(Data(sample.bytes), to: "\(index).csv")
            let isRegular = sample.records.allSatisfy { $0.count == sample.fieldCount }
            let asksDuckDB = sample.hasOneNewline && isRegular
            lines += "\(index) \(sample.syntax.delimiter) \(sample.syntax.quote) \(sample.fieldCount) "
            lines += asksDuckDB ? "1\n" : "0\n"
        }
        try directory.write(lines, to: "list")
        let script = """
            import csv, json, sys, duckdb
            csv.field_size_limit(1 << 24)
            duckdb.execute("set threads = 1")
            directory = sys.argv[1]
            for line in open(directory + "/list"):
                index, delimiter, quote, count, asks = map(int, line.split())
                path, delimiter, quote = f"{directory}/{index}.csv", chr(delimiter), chr(quote)
                with open(path, newline="", encoding="utf-8-sig") as file:
                    python = list(csv.reader(file, delimiter=delimiter, quotechar=quote, strict=True))
                result = dict(python=python)
                if asks:
                    columns = {f"c{i}": "varchar" for i in range(count)}
                    # Strict, it refuses newlines in quotes that are not those of the file.
                    rows = duckdb.read_csv(path, header=False, sep=delimiter, quotechar=quote, escapechar=quote,
                                           columns=columns, auto_detect=False, parallel=False,
                                           strict_mode=False).fetchall()
                    result["duckdb"] = [["" if v is None else v for v in row] for row in rows]
                print(json.dumps(result))
            """
        let output = try Peer.run(Peer.python!, ["-c", script, directory.path])
        try #require(output.status == 0, "\(output.standardError)")
        let judgements = try output.standardOutput.split(separator: "\n").map {
            try JSONDecoder().decode(Judged.self, from: Data($0.utf8))
        }
        try #require(judgements.count == samples.count)
        #expect(judgements.count { $0.duckdb != nil } > 40)
        for (sample, judged) in zip(samples, judgements) {
            let found = try Self.read(sample, block: 100).map(Outcome.init)
            #expect(
                found == judged.python.map { Outcome($0, expecting: sample.fieldCount) },
                "seed \(sample.seed): Python")
            if let duckdb = judged.duckdb {
                #expect(found == duckdb.map { .fields($0) }, "seed \(sample.seed): DuckDB")
            }
        }
    }
}
