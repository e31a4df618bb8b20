import Cleaning
import Columns
import Foundation
import Graph
import Parquet
import TestSupport
import Testing

@Suite struct SortingTests {
    /// How rows come, beside being in order.
    enum Disorder: String, CaseIterable, CustomTestStringConvertible {
        case none, swappedNear, lastFifthFirst, interleavedHalves, reversed, shuffled
        case doubledNear, doubledFar, oneLate, oneTwiceAtTheEnd, lateAndBackInOrder
        case fifthAnywhere, fifthTwiceAnywhere

        var testDescription: String { rawValue }

        func applied<Row>(to rows: [Row], using random: inout SeededGenerator) -> [Row] {
            var rows = rows
            let count = rows.count
            switch self {
            case .none: return rows
            case .swappedNear:
                for _ in 0..<count / 10 {
                    let row = Int.random(in: 0..<count, using: &random)
                    rows.swapAt(row, min(count - 1, row + Int.random(in: 0..<20, using: &random)))
                }
                return rows
            case .lastFifthFirst: return Array(rows[(count / 5)...] + rows[..<(count / 5)])
            case .interleavedHalves:
                return rows.indices.filter { $0 % 2 == 0 }.map { rows[$0] }
                    + rows.indices.filter { $0 % 2 == 1 }.map { rows[$0] }
            case .reversed: return rows.reversed()
            case .shuffled: return rows.shuffled(using: &random)
            case .doubledNear: return rows.flatMap { random.next() % 5 == 0 ? [$0, $0] : [$0] }
            case .doubledFar: return rows + rows[(count / 3)..<(count / 3 + count / 5)]
            case .fifthAnywhere:
                var moved = rows
                let places = rows.indices.filter { _ in random.next() % 5 == 0 }
                for (place, row) in zip(places, places.shuffled(using: &random)) { moved[place] = rows[row] }
                return moved
            case .fifthTwiceAnywhere:
                var all = rows
                for row in rows where random.next() % 5 == 0 {
                    all.insert(row, at: Int.random(in: 0...all.count, using: &random))
                }
                return all
            case .oneLate: return Array(rows[1...] + rows[..<1])
            case .oneTwiceAtTheEnd: return rows + rows[(count - 1)...]
            case .lateAndBackInOrder:
                rows.swapAt(count / 4, count / 4 + 3)
                return rows
            }
        }
    }

    /// A row as its three fields, in the file `file`.
    struct Row: Hashable {
        var file: Int
        var fields: [String]
    }

    /// What sorting and `unique` mean, in as few words as they can be said.
    struct Model {
        var rows: [Row]
        var duplicates = 0
        var conflicts = 0

        init(_ rows: [Row], sort: [Int], unique: [Int], preferences: [Int]) {
            func precedes(_ a: Row, _ b: Row) -> Bool {
                for column in sort where a.fields[column] != b.fields[column] {
                    let (x, y) = (a.fields[column], b.fields[column])
                    if x.isEmpty || y.isEmpty { return x.isEmpty }
                    if x == "nan" || y == "nan" { return y == "nan" }
                    return column == 2 ? x.utf8.lexicographicallyPrecedes(y.utf8) : Double(x)! < Double(y)!
                }
                return false
            }
            var groups: [[String]: [Int]] = [:]
            if !unique.isEmpty {
                for (index, row) in rows.enumerated() {
                    groups[unique.map { row.fields[$0] }, default: []].append(index)
                }
            }
            var staying = Set(rows.indices)
            for group in groups.values where group.count > 1 {
                let winner = group.min {
                    (preferences[rows[$0].file], $0) < (preferences[rows[$1].file], $1)
                }!
                for loser in group where loser != winner {
                    staying.remove(loser)
                    if rows[loser].fields == rows[winner].fields { duplicates += 1 } else { conflicts += 1 }
                }
            }
            self.rows = staying.sorted().map { rows[$0] }.stablySorted(by: precedes)
        }
    }

    struct Case: CustomTestStringConvertible {
        var sort: [String]
        var unique: [String]
        var testDescription: String { "sort \(sort) unique \(unique)" }
    }

    static let cases = [
        Case(sort: ["a"], unique: ["a"]), Case(sort: ["a"], unique: []),
        Case(sort: ["b", "a"], unique: ["a", "b"]),
        Case(sort: ["a"], unique: ["a", "v"]), Case(sort: ["b"], unique: ["a"]),
        Case(sort: [], unique: ["a"]),
        Case(sort: ["v"], unique: []), Case(sort: ["v"], unique: ["v"]), Case(sort: ["b"], unique: ["b"]),
        Case(sort: ["a"], unique: ["v"]),
    ]

    @Test(
        "any disorder, any memory: the rows, counts and bytes of a plain sort", arguments: cases,
        Disorder.allCases)
    func agreesWithModel(_ c: Case, _ disorder: Disorder) throws {
        let columns = ["a int64", "b float64?", "v text?"]
        let names = ["a", "b", "v"]
        let bench = try Bench()
        for seed in [UInt64(1)] {
            var random = SeededGenerator(seed: seed)
            var inOrder: [[String]] = (0..<160).map { index in
                let b =
                    random.next() % 9 == 0
                    ? (random.next() % 2 == 0 ? "" : "nan") : "\(Int(random.next() % 50) - 25)"
                let v = random.next() % 5 == 0 ? "" : "text\(random.next() % 300)"
                return ["\(index - 80)", b, v]
            }
            // Seldom another row of the same key.
            for index in stride(from: 10, to: 160, by: 17) where disorder != .none {
                inOrder[index][0] = inOrder[index - 1][0]
            }
            let fields = disorder.applied(to: inOrder, using: &random)
            let cut = fields.count * 2 / 3
            let rows = fields.enumerated().map { Row(file: $0 < cut ? 0 : 1, fields: $1) }
            let texts = [0, 1].map { file in
                rows.filter { $0.file == file }.map { $0.fields.joined(separator: ",") + "\n" }.joined()
            }
            for preferences in c.unique.isEmpty ? [[0, 0]] : [[0, 0], [1, 0]] {
                let model = Model(
                    rows, sort: c.sort.map { names.firstIndex(of: $0)! },
                    unique: c.unique.map { names.firstIndex(of: $0)! }, preferences: preferences)
                let expected = try bench.clean(
                    [model.rows.map { $0.fields.joined(separator: ",") + "\n" }.joined()],
                    Table(columns, header: .none))
                for rowGroupRows in [7, 1_000_000] {
                    let table = Table(
                        columns, header: .none, sort: c.sort, unique: c.unique, rowGroupRows: rowGroupRows)
                    var bytes: Data?
                    // A byte spills every piece that is held; 2,000 bytes hold some.
                    for memoryByteCount in [1, 2_000, 128 << 20] {
                        let found = try bench.clean(
                            texts, table, preferences: preferences, memoryByteCount: memoryByteCount)
                        let place =
                            "seed \(seed), \(preferences), groups of \(rowGroupRows), \(memoryByteCount) bytes"
                        let statistics = found.dataset.statistics
                        #expect(
                            found.dataset.file.valueDigest == expected.dataset.file.valueDigest, "\(place)")
                        #expect(statistics.duplicateRowCount == model.duplicates, "\(place)")
                        #expect(statistics.conflictRowCount == model.conflicts, "\(place)")
                        #expect(bytes == nil || bytes == found.parquet, "\(place)")
                        bytes = found.parquet
                        #expect(found.restartCount <= 1)
                    }
                }
            }
        }
        let left =
            (try? FileManager.default.contentsOfDirectory(atPath: bench.directory.path("scratch"))) ?? []
        #expect(left.isEmpty)
    }

    @Test("an output begins anew only where rows written before must make way")
    func restarts() throws {
        let bench = try Bench()
        let rows = (0..<1_000).map { "\($0),x\($0)\n" }
        let table = Table(["id int64", "v text"], sort: ["id"], unique: ["id"], rowGroupRows: 10)
        func restarts(_ rows: [String], _ memoryByteCount: Int) throws -> Int {
            let found = try bench.clean([rows.joined()], table, memoryByteCount: memoryByteCount)
            #expect(found.parquet == inOrder.parquet)
            return found.restartCount
        }
        let inOrder = try bench.clean([rows.joined()], table)
        #expect(try restarts(rows, 1) == 0)
        // The first row comes last: only a window over everything can put that right.
        let late = Array(rows[1...] + rows[..<1])
        #expect(try restarts(late, 1) == 1)
        var near = rows
        for index in stride(from: 0, to: 990, by: 5) { near.swapAt(index, index + 4) }
        #expect(try restarts(near, 1_000) == 0)
        #expect(try restarts(rows + rows.suffix(1), 1_000) == 0)
        // Rows that are there already change nothing.
        #expect(try restarts(rows + rows.prefix(5), 1_000) == 0)
        #expect(try restarts(rows + rows, 1) == 0)
    }

    @Test("many rows, merged in stretches and together, some kept from before", arguments: Disorder.allCases)
    func manyRows(_ disorder: Disorder) throws {
        let bench = try Bench()
        var random = SeededGenerator(seed: 3)
        let inOrder = (0..<6_000).map { ["\($0 * 3 - 5_000)", "\($0 % 91)", "text\($0 % 7)"] }
        var fields = disorder.applied(to: inOrder, using: &random)
        // Here and there a row of the same key that differs.
        for _ in 0..<20 { fields.append([fields[Int.random(in: 0..<6_000, using: &random)][0], "-1", "x"]) }
        let rows = fields.map { Row(file: 0, fields: $0) }
        for unique in [[], ["a"]] {
            let model = Model(rows, sort: [0], unique: unique.isEmpty ? [] : [0], preferences: [0])
            let lines = { (rows: [Row]) in rows.map { $0.fields.joined(separator: ",") + "\n" }.joined() }
            let table = Table(
                ["a int64", "b float64", "v text"], header: .none, sort: ["a"], unique: unique,
                rowGroupRows: 500)
            let expected = try bench.clean(
                [lines(model.rows)],
                Table(["a int64", "b float64", "v text"], header: .none, sort: ["a"], rowGroupRows: 500))
            for memoryByteCount in [1, 40_000, 144 << 20] {
                let found = try bench.clean([lines(rows)], table, memoryByteCount: memoryByteCount)
                #expect(found.parquet == expected.parquet, "\(unique), \(memoryByteCount) bytes")
                #expect(found.dataset.statistics.duplicateRowCount == model.duplicates)
                #expect(found.dataset.statistics.conflictRowCount == model.conflicts)
            }
        }
    }

    @Test("a directory that cannot be written in is said so")
    func noScratch() throws {
        let bench = try Bench()
        try bench.directory.write("", to: "scratch")
        let text = (0..<100).reversed().map { "\($0)\n" }.joined()
        #expect {
            try bench.clean([text], Table(["id int64"], sort: ["id"], rowGroupRows: 10), memoryByteCount: 1)
        } throws: { error in
            "\(error)".contains("scratch")
        }
    }
}

extension Array {
    func stablySorted(by precedes: (Element, Element) -> Bool) -> [Element] {
        enumerated().sorted { a, b in
            precedes(a.element, b.element) || (!precedes(b.element, a.element) && a.offset < b.offset)
        }.map(\.element)
    }
}
