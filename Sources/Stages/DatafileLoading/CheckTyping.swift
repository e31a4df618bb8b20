import Columns
import Graph

/// Finds what in a check can make no sense, by the types of the columns.
struct CheckTyping {
    enum Fault: Equatable {
        case unknownColumn(String)
        case senseless(String)
    }

    /// What an expression gives, as far as checks tell apart.
    private enum Kind: String {
        case number = "a number"
        case text = "text"
        case time = "a timestamp"
        case date = "a date"
        case truth = "true or false"
    }

    private struct Found: Error { var fault: Fault }

    let columns: [TableColumn]

    /// The first fault, or nil.
    func fault(in expression: Expression) -> Fault? {
        do {
            let kind = try kind(of: expression)
            return kind == .truth
                ? nil : .senseless("a check must be true or false, and this is \(kind.rawValue)")
        } catch {
            return error.fault
        }
    }

    private func column(_ name: String) throws(Found) -> Kind {
        guard let column = columns.first(where: { $0.name == name }) else {
            throw Found(fault: .unknownColumn(name))
        }
        guard let type = column.type else {
            throw Found(fault: .senseless("the check names the column '\(name)', which is skipped"))
        }
        return switch type {
        case .int32, .int64, .float32, .float64, .decimal: .number
        case .bool: .truth
        case .text: .text
        case .date: .date
        case .timestamp: .time
        }
    }

    private func kind(of expression: Expression) throws(Found) -> Kind {
        switch expression {
        case .column(let name): return try column(name)
        case .integer, .number: return .number
        case .text: return .text
        case .comparison(let comparison, let a, let b):
            let (x, y) = (try kind(of: a), try kind(of: b))
            guard x == y else {
                throw Found(
                    fault: .senseless("'\(comparison.rawValue)' compares \(x.rawValue) with \(y.rawValue)"))
            }
            return .truth
        case .arithmetic(let operation, let a, let b):
            for kind in [try kind(of: a), try kind(of: b)] where kind != .number {
                throw Found(
                    fault: .senseless(
                        "'\(operation.rawValue)' needs numbers, and one side is \(kind.rawValue)"))
            }
            return .number
        case .and(let a, let b), .or(let a, let b):
            for kind in [try kind(of: a), try kind(of: b)] where kind != .truth {
                throw Found(
                    fault: .senseless("'and' and 'or' join conditions, and one side is \(kind.rawValue)"))
            }
            return .truth
        case .not(let a):
            let kind = try kind(of: a)
            guard kind == .truth else {
                throw Found(fault: .senseless("'not' needs a condition, and this is \(kind.rawValue)"))
            }
            return .truth
        case .isNull(let a):
            _ = try kind(of: a)
            return .truth
        case .inPartition(let name):
            let kind = try column(name)
            guard kind == .time || kind == .date else {
                throw Found(
                    fault: .senseless(
                        "'in partition' needs a timestamp or a date, and '\(name)' is \(kind.rawValue)"))
            }
            return .truth
        }
    }
}
