import CSV
import Columns
import Graph

/// The expected distance between neighbours: a table's `every`.
enum Step: Hashable {
    /// Microseconds for timestamps, days for dates, the unit itself for integers.
    case fixed(Int64)
    /// Calendar months.
    case months(Int64)

    private static let unitMicroseconds: [(suffix: String, microseconds: Int64)] = [
        ("ms", 1_000), ("us", 1), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000),
        ("d", 86_400_000_000),
        ("w", 604_800_000_000),
    ]

    /// Reads `1s`, `15m`, `8h`, `1d`, `1w`, `1mo` (also `1M`), or for integer columns a plain number.
    ///
    /// - Parameter type: of the first sort column.
    init?(_ text: String, for type: ColumnType) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let count = Int64(digits), count > 0, count < 1_000_000 || suffix.isEmpty else { return nil }
        switch type {
        case .int32, .int64:
            guard suffix.isEmpty else { return nil }
            self = .fixed(count)
        case .timestamp, .date:
            if suffix == "mo" || suffix == "M" {
                self = .months(count)
                return
            }
            guard let unit = Self.unitMicroseconds.first(where: { $0.suffix == suffix })?.microseconds else {
                return nil
            }
            let microseconds = count * unit
            if type == .timestamp {
                self = .fixed(microseconds)
            } else {
                guard microseconds % 86_400_000_000 == 0 else { return nil }
                self = .fixed(microseconds / 86_400_000_000)
            }
        default: return nil
        }
    }

    /// The step of a job, or nil where the table expects none.
    init?(of job: CleanJob) throws(CleanProblem) {
        let table = job.table
        guard let every = table.every else { return nil }
        var text = every
        if every.hasPrefix("{"), every.hasSuffix("}") {
            let name = String(every.dropFirst().dropLast())
            guard let bound = job.bindings[name] else {
                throw CleanProblem(
                    .recipe("'every' names the wildcard '\(name)', which the output lacks"), place: table.name
                )
            }
            text = bound
        }
        guard let first = table.sort.first, let type = table.columns.first(where: { $0.name == first })?.type
        else {
            throw CleanProblem(.recipe("'every' needs a 'sort' column"), place: table.name)
        }
        guard let step = Step(text, for: type) else {
            throw CleanProblem(
                .recipe("'\(text)' is no step between values of '\(first)', a \(type)"), place: table.name)
        }
        self = step
    }

    /// Rows missing between two neighbours, `a <= b`: to the nearest whole step, so jitter of less than half a step is none.
    func missingCount(from a: Int64, to b: Int64, isDate: Bool) -> Int64 {
        switch self {
        case .fixed(let step):
            let (distance, isOver) = b.subtractingReportingOverflow(a)
            guard !isOver else { return Int64.max / 2 }
            return max(0, distance / step + (distance % step >= step - step / 2 ? 1 : 0) - 1)
        case .months(let count):
            func month(_ value: Int64) -> Int64 {
                let days = isDate ? Int(value) : Int(value.floored(to: 86_400_000_000))
                let (year, month, _) = civilDate(daysSince1970: days)
                return Int64(year * 12 + month)
            }
            return max(0, (month(b) - month(a)) / count - 1)
        }
    }
}

extension Int64 {
    /// The quotient rounded down.
    func floored(to divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-(self + 1)) / divisor) - 1
    }
}
