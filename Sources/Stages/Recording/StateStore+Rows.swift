import GRDB
import Glibc
import Graph

/// How rows are found and walked; every table that is keyed by a place and a name works alike.
extension StateStore.Session {
    /// Where a row's place says it belongs.
    struct Place {
        var number: Int64
        var text: String
        var bytes: [UInt8]
        /// The part before the first colon: the source, for rows that have one.
        var source: String

        init(number: Int64, text: String) {
            self.number = number
            self.text = text
            bytes = Array(text.utf8)
            // By bytes: a key may begin with a combining character, and then the colon is no `Character`.
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
            source = String(text[..<colon])
        }
    }

    /// Walks a whole table, or the rows of some places.
    ///
    /// - Parameter places: the numbers of these places.
    /// - Parameter namesFrom: of one place, the names that begin with this.
    /// - Parameter decode: gets the place, the name's bytes and the values; false for a row it cannot read.
    /// - Throws: SQLITE_CORRUPT also where keys do not ascend: a page is not where it belongs.
    func scan(
        _ table: RowTable, places: ClosedRange<Int64>? = nil, namesFrom prefix: Substring = "",
        in database: Database, decode: (Place, UnsafeRawBufferPointer, inout RowReader) throws -> Bool
    ) throws {
        let isOnePlace = places?.count == 1
        precondition(isOnePlace || prefix.isEmpty)
        if !isOnePlace { try coder.texts.loadAll(in: database) }
        // The place of one need not be taken out of every row.
        let query =
            switch (isOnePlace, prefix.isEmpty) {
            case (true, true): "name, body FROM \(table.name) WHERE place = ? ORDER BY name"
            case (true, false): "name, body FROM \(table.name) WHERE place = ? AND name >= ? ORDER BY name"
            case (false, _):
                "name, body, place FROM \(table.name) "
                    + (places == nil ? "" : "WHERE place BETWEEN ? AND ? ") + "ORDER BY place, name"
            }
        let rows = try SQLStatement(database, "SELECT \(query)")
        if let places {
            try rows.bind(1, places.lowerBound)
            if !isOnePlace { try rows.bind(2, places.upperBound) }
        }
        if !prefix.isEmpty { try rows.bind(2, prefix) }
        var place = Place(number: 0, text: "")
        var isPlaceKnown = false
        var lastName: [UInt8] = []
        var isFirst = true
        while try rows.step() {
            let number = isOnePlace ? places!.lowerBound : rows.integer(2)
            let name = unsafe rows.bytes(0)
            if !prefix.isEmpty, unsafe !name.starts(with: prefix.utf8) { return }
            if isFirst || number != place.number {
                guard isFirst || number > place.number else { throw Self.disorder }
                let text = try coder.texts.string(number, in: database)
                place = Place(number: number, text: text ?? "")
                isPlaceKnown = text != nil
            } else if unsafe !precedes(lastName, name) {
                throw Self.disorder
            }
            isFirst = false
            lastName.removeAll(keepingCapacity: true)
            unsafe lastName.append(contentsOf: name)

            var isGood = false
            if isPlaceKnown,
                var reader = unsafe RowReader(rows.bytes(1), table: table, place: number, name: name)
            {
                isGood = unsafe try decode(place, name, &reader)
            }
            if !isGood { unsafe drop(table, place: number, name: name) }
        }
    }

    /// Reads the row with that key, if it is there and whole.
    func find<T>(
        _ table: RowTable, place: Int64, name: some StringProtocol, in database: Database,
        decode: (inout RowReader) throws -> T?
    ) throws -> T? {
        let rows = try SQLStatement(
            database, "SELECT name, body FROM \(table.name) WHERE place = ? AND name = ?")
        try rows.bind(1, place)
        try rows.bind(2, name)
        guard try rows.step() else { return nil }
        let stored = unsafe rows.bytes(0)
        if var reader = unsafe RowReader(rows.bytes(1), table: table, place: place, name: stored),
            let value = try decode(&reader)
        {
            return value
        }
        unsafe drop(table, place: place, name: stored)
        return nil
    }

    /// Writes or overwrites the row with that key.
    func put(
        _ table: RowTable, place: Int64, name: some StringProtocol, body: [UInt8], in database: Database
    ) throws {
        let insert = try SQLStatement(
            database, "INSERT OR REPLACE INTO \(table.name)(place, name, body) VALUES (?, ?, ?)")
        try insert.bind(1, place)
        try insert.bind(2, name)
        try insert.bind(3, body)
        try insert.run()
    }

    func delete(_ table: RowTable, _ file: FileName, in database: Database) throws {
        guard let place = try coder.texts.number(of: file.place, in: database) else { return }
        let delete = try SQLStatement(database, "DELETE FROM \(table.name) WHERE place = ? AND name = ?")
        try delete.bind(1, place)
        try delete.bind(2, file.name)
        try delete.run()
    }

    /// Walks a table that is keyed by one text, `failure` or `run`.
    func scanNamed(
        _ table: RowTable, column: String, in database: Database,
        decode: (String, inout RowReader) -> Bool
    ) throws {
        let rows = try SQLStatement(database, "SELECT \(column), body FROM \(table.name) ORDER BY \(column)")
        while try rows.step() {
            let name = unsafe rows.bytes(0)
            var isGood = false
            if var reader = unsafe RowReader(rows.bytes(1), table: table, place: 0, name: name) {
                isGood = decode(rows.text(0), &reader)
            }
            if !isGood { unsafe drop(table, place: 0, name: name) }
        }
    }

    func putNamed(
        _ table: RowTable, column: String, name: String, body: [UInt8], in database: Database
    ) throws {
        let insert = try SQLStatement(
            database, "INSERT OR REPLACE INTO \(table.name)(\(column), body) VALUES (?, ?)")
        try insert.bind(1, name)
        try insert.bind(2, body)
        try insert.run()
    }

    /// Counts a row that cannot be used.
    private func drop(_ table: RowTable, place: Int64, name: UnsafeRawBufferPointer) {
        droppedRowCount += 1
        unsafe damagedRows.append((table, place, Array(name)))
    }

    /// Byte order, as SQLite keeps keys.
    private func precedes(_ a: [UInt8], _ b: UnsafeRawBufferPointer) -> Bool {
        unsafe a.withUnsafeBytes { a in
            guard let left = a.baseAddress, let right = b.baseAddress else { return a.count < b.count }
            // SAFETY: both have at least as many bytes as the shorter one.
            let order = unsafe memcmp(left, right, min(a.count, b.count))
            return order != 0 ? order < 0 : a.count < b.count
        }
    }

    private static let disorder = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "rows are out of order")
}
