import Bytes
import Files
import GRDB
package import Graph

/// Very many rows at once, as the columns that planning works on: no value and no string for any row.
extension StateStore {
    /// Room that columns are given at first, so that they need not be copied as they grow. What is not touched of it costs nothing,
    /// but no more is asked for than a small machine gives.
    ///
    /// - Parameter share: of all rows of a table.
    /// - Returns: for as many rows as the state's length stands for where each target has a row of each table.
    private func expectedRows(share: Double = 1) -> (count: Int, nameByteCount: Int) {
        let length = Int((try? Stamp.of(path: path))??.byteCount ?? 0)
        let byteCount = min(Int(Double(length) * min(share, 1)), 1 << 30)
        return (byteCount / 400, byteCount / 4)
    }

    /// Everything last seen of a source.
    package func objectList(ofSource source: String) throws -> ObjectList {
        try read { database, session in
            var list = ObjectList()
            let places = try session.coder.texts.all(startingWith: source + ":", in: database)
            // Outputs have directories, too, and there are other sources.
            let share = 2 * Double(places.count) / Double(max(1, session.coder.texts.lastNumber))
            let expected = expectedRows(share: share)
            list.reserve(count: expected.count, keyByteCount: expected.nameByteCount)
            for place in places {
                let directory = Array(place.text.utf8.dropFirst(source.utf8.count + 1))
                try unsafe session.scan(.object, places: place.number...place.number, in: database) {
                    _, name, row in
                    list.append(
                        key: { key in
                            key += directory
                            unsafe key.append(contentsOf: name)
                        },
                        rest: { etags, times in
                            etags.append { row.copyETag(to: &$0) }
                            times.append { row.copyTime(to: &$0) }
                            let byteCount = row.count()
                            let stamp = row.byte() == 0 ? nil : row.stamp(byteCount: byteCount)
                            return row.isFinished ? (byteCount, stamp) : nil
                        })
                }
            }
            // Places and the names in them are in order; a file beside a directory of its name may not be.
            list.sortByKey()
            return list
        }
    }

    /// What is recorded of all actions.
    package func actionTable() throws -> ActionTable {
        try read { database, session in
            var table = ActionTable()
            let expected = expectedRows()
            table.reserve(count: expected.count, outputByteCount: expected.nameByteCount)
            var recipes = Numbering()
            var writers = Numbering()
            var reader = InputNameReader()
            try unsafe session.scan(.action, in: database) { place, name, row in
                let flags = row.byte()
                guard flags < 4 else { return false }
                _ = row.number()
                let recipe = row.number()
                let writer = row.number()
                _ = row.number()
                let content = row.content()
                let valueDigest = flags & 2 != 0 ? content.xxh3 : row.digest()
                let stamp = row.stamp(byteCount: content.byteCount)
                let rowCount = row.count()
                let milliseconds = row.count()
                row.skipBindings()
                guard
                    try reader.read(
                        &row, texts: session.coder.texts, in: database,
                        take: { name, digest in
                            table.inputDigests.append(digest)
                            table.inputNameHashes.append(NameIndex.hash(name))
                        })
                else {
                    table.dropPendingInputs()
                    return false
                }
                let recipePlace = try recipes.place(of: recipe) {
                    guard let fields = try session.coder.recipes.recipe(recipe, in: database) else {
                        return false
                    }
                    table.recipes.append(fields)
                    return true
                }
                let writerPlace = try writers.place(of: writer) {
                    guard let text = try session.coder.texts.string(writer, in: database) else {
                        return false
                    }
                    table.writers.append(text)
                    return true
                }
                guard let recipePlace, let writerPlace else {
                    table.dropPendingInputs()
                    return false
                }
                table.append(
                    output: { output in
                        output += place.bytes
                        unsafe output.append(contentsOf: name)
                    },
                    ActionFacts(
                        recipe: recipePlace, writer: writerPlace,
                        byteCount: content.byteCount, rowCount: rowCount, milliseconds: milliseconds,
                        valueDigest: valueDigest, stamp: stamp, hasRows: flags & 1 != 0))
                return true
            }
            return table
        }
    }
}

/// Places of what few numbers of the state stand for, in the order in which they are met.
private struct Numbering {
    private var places: [Int64: Int32] = [:]
    // Neighbours mostly have the same.
    private var last: (number: Int64, place: Int32)?

    /// - Parameter add: appends what a number stands for that was not met before; false where that is not known.
    mutating func place(of number: Int64, add: () throws -> Bool) rethrows -> Int32? {
        if let last, last.number == number { return last.place }
        let place = places[number] ?? Int32(places.count)
        if place == places.count {
            guard try add() else { return nil }
            places[number] = place
        }
        last = (number, place)
        return place
    }
}

/// Reads the inputs of actions' rows, name by name, in memory that is used again.
private struct InputNameReader {
    /// The place, then the name, of the input before.
    private var name: [UInt8] = []
    private var place: Int64 = -1
    private var placeByteCount = 0

    /// False for a row that lies.
    mutating func read(
        _ row: inout RowReader, texts: TextTable, in database: Database,
        take: (Span<UInt8>, XXH3Digest) -> Void
    ) throws -> Bool {
        let count = row.countOfParts()
        // Names share their beginning with the one before in the same row only.
        name.removeLast(max(0, name.count - placeByteCount))
        for _ in 0..<count {
            let number = row.number()
            if number != place {
                guard let text = try texts.string(number, in: database) else { return false }
                let rest = Array(name[placeByteCount...])
                name = Array(text.utf8)
                placeByteCount = name.count
                name += rest
                place = number
            }
            let shared = row.count()
            guard shared >= 0, placeByteCount + shared <= name.count else { return false }
            name.removeLast(name.count - placeByteCount - shared)
            row.copy(row.count(), to: &name)
            let digest = row.digest()
            guard row.isValid else { return false }
            take(name.span, digest)
        }
        return row.isValid
    }
}

extension RowReader {
    /// Passes over what `RowCoder` writes of an action's bindings.
    fileprivate mutating func skipBindings() {
        for _ in 0..<countOfParts() {
            _ = number()
            if count() == 0 { skip(countOfParts()) } else { _ = count() }
        }
    }
}
