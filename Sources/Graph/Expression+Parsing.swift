package import Problems

/// A check that cannot be read.
package struct ExpressionProblem: Problem, Hashable {
    /// The check's text.
    package var text: String
    /// Where in the text, in Unicode scalars from 0.
    package var offset: Int
    package var message: String
    package var hint: String?

    package init(text: String, offset: Int, message: String, hint: String? = nil) {
        self.text = text
        self.offset = offset
        self.message = message
        self.hint = hint
    }

    package var summary: String { "check '\(text.escapedForDisplay)', character \(offset + 1): \(message)" }
    package var category: ProblemCategory { .recipe }
}

extension Expression {
    /// Most operators, names and values in one expression: keeps whoever walks it from running out of stack.
    package static let nodeLimit = 500

    /// Reads a check such as `high >= low and (bid is null or bid > 0)`.
    ///
    /// From loose to tight: `or`; `and`; `not`; one comparison (`==` `!=` `<` `<=` `>` `>=`), `is null`, `is not null` or
    /// `in partition`; `+` `-`; `*` `/`; a sign. Values are column names (in backquotes where they are no plain words),
    /// numbers, and text in single or double quotes, a doubled quote standing for itself.
    package init(parsing text: String) throws(ExpressionProblem) {
        var parser = try ExpressionParser(text: text)
        self = try parser.parse()
    }

    /// Names of the columns it reads, in order, without repeats.
    package var columnNames: [String] {
        var names: [String] = []
        func walk(_ expression: Expression) {
            switch expression {
            case .column(let name), .inPartition(let name): if !names.contains(name) { names.append(name) }
            case .integer, .number, .text: break
            case .comparison(_, let a, let b), .arithmetic(_, let a, let b), .and(let a, let b),
                .or(let a, let b):
                walk(a)
                walk(b)
            case .not(let a), .isNull(let a): walk(a)
            }
        }
        walk(self)
        return names
    }
}

private struct Token {
    enum Kind: Hashable {
        case name(String)
        /// A bare word that is part of the language, in lower case.
        case keyword(String)
        case integer(Int64)
        case number(Double)
        case text(String)
        case symbol(String)
        case end
    }
    var kind: Kind
    var offset: Int
    /// As it stands in the text.
    var spelling: String
}

private struct ExpressionParser {
    static let keywords: Set<String> = ["and", "or", "not", "is", "in", "null"]
    /// Parentheses, signs and `not` inside each other.
    static let depthLimit = 64

    let text: String
    var tokens: [Token] = []
    var position = 0
    var nodeCount = 0
    var depth = 0

    init(text: String) throws(ExpressionProblem) {
        self.text = text
        try scan()
    }

    func problem(_ offset: Int, _ message: String, hint: String? = nil) -> ExpressionProblem {
        ExpressionProblem(text: text, offset: offset, message: message, hint: hint)
    }

    // MARK: Words

    mutating func scan() throws(ExpressionProblem) {
        let scalars = Array(text.unicodeScalars)
        var index = 0
        func spelling(_ range: Range<Int>) -> String {
            var result = ""
            result.unicodeScalars.append(contentsOf: scalars[range])
            return result
        }
        while index < scalars.count {
            let start = index
            let scalar = scalars[index]
            switch scalar {
            case " ", "\t", "\n", "\r":
                index += 1
                continue
            case "'", "\"", "`":
                var content = ""
                index += 1
                while true {
                    guard index < scalars.count else {
                        throw problem(start, "the quote \(scalar) is never closed")
                    }
                    if scalars[index] == scalar {
                        index += 1
                        guard index < scalars.count, scalars[index] == scalar else { break }
                    }
                    content.unicodeScalars.append(scalars[index])
                    index += 1
                }
                tokens.append(
                    Token(
                        kind: scalar == "`" ? .name(content) : .text(content), offset: start,
                        spelling: spelling(start..<index)))
                continue
            case "0"..."9", ".":
                while index < scalars.count,
                    Self.continuesNumber(scalars[index], after: scalars[index == start ? start : index - 1])
                {
                    index += 1
                }
                let word = spelling(start..<index)
                tokens.append(Token(kind: try number(word, at: start), offset: start, spelling: word))
                continue
            case _ where Self.startsName(scalar):
                while index < scalars.count,
                    Self.startsName(scalars[index]) || ("0"..."9").contains(scalars[index])
                { index += 1 }
                let word = spelling(start..<index)
                let lower = word.lowercased()
                tokens.append(
                    Token(
                        kind: Self.keywords.contains(lower) ? .keyword(lower) : .name(word), offset: start,
                        spelling: word))
                continue
            default: break
            }
            let pair = index + 1 < scalars.count ? spelling(index..<index + 2) : ""
            if ["==", "!=", "<=", ">="].contains(pair) {
                tokens.append(Token(kind: .symbol(pair), offset: start, spelling: pair))
                index += 2
            } else if let meant = ["&&": "and", "||": "or", "<>": "!="][pair] {
                throw problem(start, "no operator '\(pair)'", hint: "write '\(meant)'")
            } else if "<>+-*/()".unicodeScalars.contains(scalar) {
                tokens.append(Token(kind: .symbol(String(scalar)), offset: start, spelling: String(scalar)))
                index += 1
            } else {
                let meant: String? = scalar == "=" ? "write '=='" : scalar == "!" ? "write 'not'" : nil
                throw problem(start, "unexpected '\(String(scalar).escapedForDisplay)'", hint: meant)
            }
        }
        tokens.append(Token(kind: .end, offset: scalars.count, spelling: ""))
    }

    static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar == "_"
    }

    static func continuesNumber(_ scalar: Unicode.Scalar, after previous: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", ".", "e", "E", "_": true
        case "+", "-": previous == "e" || previous == "E"
        default: startsName(scalar)
        }
    }

    func number(_ word: String, at offset: Int) throws(ExpressionProblem) -> Token.Kind {
        if let value = Int64(word) { return .integer(value) }
        // Swift also reads 0x1p3 and 1. as numbers; a Datafile does not.
        let isPlain = word.utf8.allSatisfy { $0.isDigit || "eE+-.".utf8.contains($0) }
        guard isPlain, word.utf8.first != UInt8(ascii: "."), let value = Double(word) else {
            throw problem(offset, "'\(word.escapedForDisplay)' is no number")
        }
        guard value.isFinite else { throw problem(offset, "the number \(word) is too large") }
        return .number(value)
    }

    // MARK: Sentences

    mutating func parse() throws(ExpressionProblem) -> Expression {
        if case .end = tokens[0].kind { throw problem(0, "a check cannot be empty") }
        let result = try parseOr()
        let rest = tokens[position]
        guard rest.kind == .end else {
            if case .symbol(let symbol) = rest.kind, Expression.Comparison(rawValue: symbol) != nil {
                throw problem(rest.offset, "comparisons do not chain", hint: "write 'a < b and b < c'")
            }
            throw problem(
                rest.offset, "expected an operator or the end, found '\(rest.spelling.escapedForDisplay)'")
        }
        return result
    }

    private mutating func take(_ kind: Token.Kind) -> Bool {
        guard tokens[position].kind == kind else { return false }
        position += 1
        return true
    }

    private mutating func made(_ expression: Expression) throws(ExpressionProblem) -> Expression {
        nodeCount += 1
        guard nodeCount <= Expression.nodeLimit else {
            throw problem(tokens[position].offset, "a check has at most \(Expression.nodeLimit) parts")
        }
        return expression
    }

    private mutating func parseOr() throws(ExpressionProblem) -> Expression {
        var left = try parseAnd()
        while take(.keyword("or")) { left = try made(.or(left, try parseAnd())) }
        return left
    }

    private mutating func parseAnd() throws(ExpressionProblem) -> Expression {
        var left = try parseNot()
        while take(.keyword("and")) { left = try made(.and(left, try parseNot())) }
        return left
    }

    private mutating func parseNot() throws(ExpressionProblem) -> Expression {
        guard take(.keyword("not")) else { return try parseComparison() }
        try enter()
        defer { depth -= 1 }
        return try made(.not(try parseNot()))
    }

    private mutating func parseComparison() throws(ExpressionProblem) -> Expression {
        let start = position
        let left = try parseSum()
        let token = tokens[position]
        switch token.kind {
        case .keyword("is"):
            position += 1
            let isNegated = take(.keyword("not"))
            guard take(.keyword("null")) else {
                throw problem(tokens[position].offset, "expected 'null' or 'not null' after 'is'")
            }
            let test = try made(.isNull(left))
            return isNegated ? try made(.not(test)) : test
        case .keyword("in"):
            position += 1
            guard take(.name("partition")) else {
                throw problem(tokens[position].offset, "expected 'partition' after 'in'")
            }
            guard case .column(let name) = left, position - start == 3 else {
                throw problem(tokens[start].offset, "only a column can be 'in partition'")
            }
            return try made(.inPartition(name))
        case .symbol(let symbol):
            guard let comparison = Expression.Comparison(rawValue: symbol) else { return left }
            position += 1
            return try made(.comparison(comparison, left, try parseSum()))
        default: return left
        }
    }

    private mutating func parseSum() throws(ExpressionProblem) -> Expression {
        var left = try parseProduct()
        while case .symbol(let symbol) = tokens[position].kind, symbol == "+" || symbol == "-" {
            position += 1
            left = try made(.arithmetic(symbol == "+" ? .add : .subtract, left, try parseProduct()))
        }
        return left
    }

    private mutating func parseProduct() throws(ExpressionProblem) -> Expression {
        var left = try parseValue()
        while case .symbol(let symbol) = tokens[position].kind, symbol == "*" || symbol == "/" {
            position += 1
            left = try made(.arithmetic(symbol == "*" ? .multiply : .divide, left, try parseValue()))
        }
        return left
    }

    private mutating func parseValue() throws(ExpressionProblem) -> Expression {
        let token = tokens[position]
        position += 1
        switch token.kind {
        case .name(let name): return try made(.column(name))
        case .integer(let value): return try made(.integer(value))
        case .number(let value): return try made(.number(value))
        case .text(let value): return try made(.text(value))
        case .symbol("("):
            try enter()
            defer { depth -= 1 }
            let inner = try parseOr()
            guard take(.symbol(")")) else {
                throw tokens[position].kind == .end
                    ? problem(token.offset, "'(' is never closed")
                    : problem(
                        tokens[position].offset,
                        "expected ')', found '\(tokens[position].spelling.escapedForDisplay)'")
            }
            return inner
        case .symbol("-"), .symbol("+"):
            try enter()
            defer { depth -= 1 }
            let operand = try parseValue()
            guard token.kind == .symbol("-") else { return operand }
            switch operand {
            case .integer(let value): return .integer(0 &- value)
            case .number(let value): return .number(-value)
            default: return try made(.arithmetic(.subtract, .integer(0), operand))
            }
        case .keyword("null"):
            throw problem(
                token.offset, "nothing equals null", hint: "write 'column is null' or 'column is not null'")
        default:
            position -= 1
            throw problem(
                token.offset,
                token.kind == .end
                    ? "expected a column or a value, found the end"
                    : "expected a column or a value, found '\(token.spelling.escapedForDisplay)'")
        }
    }

    private mutating func enter() throws(ExpressionProblem) {
        depth += 1
        guard depth <= Self.depthLimit else {
            throw problem(tokens[position].offset, "nested more than \(Self.depthLimit) deep")
        }
    }
}
