import CXXHash
import GRDB

/// Strings that repeat (directories, rules, runs, versions), each kept once under a small number.
///
/// Equality is that of UTF-8 bytes: Swift's `==` calls "é" and "e\u{301}" equal, file systems and buckets do not.
final class TextTable {
    private var strings: [String?] = []
    private var numbers: [UTF8Text: Int64] = [:]
    /// Every row up to this number has been read.
    private var loadedThrough: Int64 = 0
    private var next: Int64?

    /// No real table has more; a greater number is damage.
    private static let limit: Int64 = 1 << 31

    /// Forgets what is cached: after a roll-back the numbers given since mean nothing.
    func reset() {
        strings = []
        numbers = [:]
        loadedThrough = 0
        next = nil
    }

    /// Reads all strings, so that `string(_:in:)` never has to ask again.
    func loadAll(in database: Database) throws {
        let rows = try SQLStatement(database, "SELECT id, value, mark FROM text WHERE id > ? ORDER BY id")
        try rows.bind(1, loadedThrough)
        while try rows.step() {
            try keep(rows)
            loadedThrough = rows.integer(0)
        }
    }

    /// The greatest number that was read.
    var lastNumber: Int64 { Int64(max(strings.count - 1, 0)) }

    /// The number of `text`, if it has one.
    func number(of text: String, in database: Database) throws -> Int64? {
        if let known = numbers[UTF8Text(text)] { return known }
        let rows = try SQLStatement(database, "SELECT id, value, mark FROM text WHERE value = ?")
        try rows.bind(1, text)
        guard try rows.step() else { return nil }
        guard try keep(rows), UTF8Text(rows.text(1)) == UTF8Text(text) else { throw Self.damage }
        return rows.integer(0)
    }

    /// The number of `text`, which gets one if it has none yet.
    func intern(_ text: String, in database: Database) throws -> Int64 {
        if let known = try number(of: text, in: database) { return known }
        let number = try next ?? (Int64.fetchOne(database, sql: "SELECT max(id) FROM text") ?? 0) + 1
        guard number > 0, number < Self.limit else { throw Self.damage }
        let insert = try SQLStatement(database, "INSERT INTO text(id, value, mark) VALUES (?, ?, ?)")
        try insert.bind(1, number)
        try insert.bind(2, text)
        try insert.bind(3, Self.mark(number, text))
        try insert.run()
        next = number + 1
        remember(text, number)
        return number
    }

    /// The string of that number; nil where the row is gone or damaged.
    func string(_ number: Int64, in database: Database) throws -> String? {
        guard number > 0, number < Self.limit else { return nil }
        if number < strings.count, let known = strings[Int(number)] { return known }
        if number <= loadedThrough { return nil }
        let rows = try SQLStatement(database, "SELECT id, value, mark FROM text WHERE id = ?")
        try rows.bind(1, number)
        guard try rows.step(), try keep(rows), rows.integer(0) == number else { return nil }
        return strings[Int(number)]
    }

    /// Numbers and strings of everything that starts with `prefix`, in byte order of the strings.
    func all(startingWith prefix: String, in database: Database) throws -> [(number: Int64, text: String)] {
        try loadAll(in: database)
        var found: [(number: Int64, text: String)] = []
        for (number, text) in strings.enumerated() {
            if let text, text.utf8.starts(with: prefix.utf8) { found.append((Int64(number), text)) }
        }
        return found.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }

    /// The same, without reading any others.
    func find(startingWith prefix: String, in database: Database) throws -> [(number: Int64, text: String)] {
        let rows = try SQLStatement(
            database, "SELECT id, value, mark FROM text WHERE value >= ? ORDER BY value")
        try rows.bind(1, prefix)
        var found: [(number: Int64, text: String)] = []
        while try rows.step() {
            guard unsafe rows.bytes(1).starts(with: prefix.utf8) else { break }
            let number = rows.integer(0)
            let isGood = try keep(rows)
            if isGood { found.append((number, rows.text(1))) }
        }
        return found
    }

    /// Takes over the row the statement stands on; false where it is damaged.
    @discardableResult private func keep(_ rows: borrowing SQLStatement) throws -> Bool {
        let number = rows.integer(0)
        let text = rows.text(1)
        guard number > 0, number < Self.limit, rows.integer(2) == Self.mark(number, text) else {
            return false
        }
        if let other = numbers[UTF8Text(text)], other != number { throw Self.damage }
        remember(text, number)
        return true
    }

    private func remember(_ text: String, _ number: Int64) {
        // A gap this wide costs memory only; numbers are given one after the other.
        while strings.count <= Int(number) { strings.append(nil) }
        strings[Int(number)] = text
        numbers[UTF8Text(text)] = number
    }

    static let damage = DatabaseError(
        resultCode: .SQLITE_CORRUPT, message: "the table of strings contradicts itself")

    /// Ties a string to its number, so that damage to either shows.
    private static func mark(_ number: Int64, _ text: String) -> Int64 {
        unsafe withUTF8(of: text) { bytes in
            // SAFETY: `bytes.count` bytes are there; of no bytes the hash reads none.
            unsafe Int64(
                bitPattern: XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, UInt64(bitPattern: number)))
        }
    }
}
