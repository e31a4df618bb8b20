import Columns
import Graph

/// A made-up text with a column of every type and spelling, for the kernels that the archive's files do not reach.
enum TypesText {
    /// Name, type and one value of each column.
    private static var columns: [(name: String, type: String, value: (inout Generator) -> String)] {
        [
            ("int64 short", "int64", { "\($0.below(1000))" }),
            ("int64 long", "int64", { "\(1_000_000_000_000_000 + $0.below(1_000_000_000_000_000))" }),
            ("int32", "int32", { "\(Int($0.below(2_000_000)) - 1_000_000)" }),
            (
                "float64 fixed-point", "float64",
                { "\(20_000 + $0.below(80_000)).\($0.digits(2))000000" }
            ),
            ("float64 short", "float64", { "0.\($0.digits(3))" }),
            ("float64 long", "float64", { "\(100_000 + $0.below(900_000)).\($0.digits(13))" }),
            ("float64 exponent", "float64", { "\(1 + $0.below(9)).\($0.digits(6))e-\(1 + $0.below(9))" }),
            ("float32", "float32", { "\($0.below(1000)).\($0.digits(4))" }),
            ("decimal(18,8)", "decimal(18,8)", { "\($0.below(100_000)).\($0.digits(8))" }),
            ("decimal(38,18)", "decimal(38,18)", { "\($0.below(100_000)).\($0.digits(8))" }),
            ("bool", "bool", { $0.below(2) == 0 ? "True" : "False" }),
            ("timestamp s", "timestamp", { "\(1_700_000_000 + $0.below(30_000_000))" }),
            ("timestamp ms", "timestamp", { "\(1_700_000_000_000 + $0.below(30_000_000_000))" }),
            ("timestamp us", "timestamp", { "\(1_700_000_000_000_000 + $0.below(30_000_000_000_000))" }),
            (
                "timestamp text", "timestamp",
                {
                    "2024-\($0.two(1, 12))-\($0.two(1, 28)) \($0.two(0, 23)):\($0.two(0, 59)):\($0.two(0, 59))"
                }
            ),
            ("date", "date", { "20\($0.two(0, 99))-\($0.two(1, 12))-\($0.two(1, 28))" }),
            ("text short", "text", { ["BUY", "SELL", "GTC", "IOC"][Int($0.below(4))] }),
            ("text long", "text", { "BTC-24\($0.digits(4))-\($0.digits(5))-C" }),
        ]
    }

    static func workload(rows: Int) throws -> Workload {
        var generator = Generator(state: 5)
        var text = [UInt8]()
        let columns = Self.columns
        for _ in 0..<rows {
            text += columns.map { $0.value(&generator) }.joined(separator: ",").utf8
            text.append(UInt8(ascii: "\n"))
        }
        let table = Table(
            name: "types", header: .none,
            columns: try columns.map { column in
                guard let type = ColumnType(column.type) else {
                    throw BenchmarkProblem(description: "no type '\(column.type)'")
                }
                return TableColumn(name: column.name, type: type)
            })
        return Workload(name: "every type", payloads: [Payload(text: text)], table: table)
    }
}

/// The same numbers on every run (SplitMix64, Steele et al. 2014).
struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: UInt64) -> UInt64 { next().multipliedFullWidth(by: limit).high }

    mutating func digits(_ count: Int) -> String { String((0..<count).map { _ in "\(below(10))" }.joined()) }

    mutating func two(_ first: UInt64, _ last: UInt64) -> String {
        let number = first + below(last - first + 1)
        return number < 10 ? "0\(number)" : "\(number)"
    }
}
