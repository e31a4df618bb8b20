import GRDB
package import Graph

extension StateStore {
    /// A value that changes with everything a plan is made from: objects, raw files, actions and failures, not runs, events
    /// and sweeps. Two equal ones stand for equal records. Nil where the database has none yet.
    package func generation() throws -> [UInt8]? {
        try read { database, _ in
            let isThere = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM sqlite_schema WHERE name = 'generation'")
            guard isThere == 1 else { return nil }
            let rows = try SQLStatement(database, "SELECT value FROM generation WHERE id = 1")
            guard try rows.step() else { return nil }
            let value = unsafe Array(rows.bytes(0))
            return value.count == 16 ? value : nil
        }
    }

    /// What was last seen of a source whose keys begin with one of `prefixes`, each object once, in byte order of the keys.
    /// Reads no others but neighbours in the same directory.
    package func objects(ofSource source: String, startingWith prefixes: [String]) throws -> [RemoteObject] {
        try read { database, session in
            var objects: [String: RemoteObject] = [:]
            let dropped = source.utf8.count + 1
            for prefix in prefixes {
                let directory = FileName(source: source, key: prefix)
                func scan(_ place: Int64, namesFrom start: Substring) throws {
                    try unsafe session.scan(.object, places: place...place, namesFrom: start, in: database) {
                        place, name, row in
                        let key = unsafe joined(place.text, dropping: dropped, name)
                        guard let object = session.coder.object(&row, key: key) else { return false }
                        if key.utf8.starts(with: prefix.utf8) { objects[key] = object }
                        return true
                    }
                }
                // Names of the directory that the prefix ends in, and directories below.
                if let place = try session.coder.texts.number(of: directory.place, in: database) {
                    try scan(place, namesFrom: directory.name)
                }
                let whole = source + ":" + prefix
                for place in try session.coder.texts.find(startingWith: whole, in: database)
                where place.text.utf8.count > directory.place.utf8.count {
                    try scan(place.number, namesFrom: "")
                }
            }
            return objects.values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
    }

    /// How far each prefix of a source was listed.
    package func sweeps(ofSource source: String) throws -> [String: SweepRecord] {
        try read { database, session in
            guard let place = try session.coder.texts.number(of: source + ":", in: database) else {
                return [:]
            }
            var sweeps: [String: SweepRecord] = [:]
            try unsafe session.scan(.sweep, places: place...place, in: database) { _, name, row in
                guard let sweep = session.coder.sweep(&row) else { return false }
                sweeps[unsafe String(decoding: name, as: UTF8.self)] = sweep
                return true
            }
            return sweeps
        }
    }

    /// Every file that was fetched or read in place, ordered by neither source nor key.
    package func rawRecords() throws -> [RawRecord] {
        try collect { try forEachRawRecord($0) }
    }

    /// Those of one source, in no order.
    package func rawRecords(ofSource source: String) throws -> [RawRecord] {
        try read { database, session in
            var records: [RawRecord] = []
            for place in try session.coder.texts.all(startingWith: source + ":", in: database) {
                try scanRaw(database, session, place: place.number) { records.append($0) }
            }
            return records
        }
    }

    package func rawRecord(source: String, key: String) throws -> RawRecord? {
        try rawRecords(of: [(source, key)])[0]
    }

    /// What is recorded of each of these files, all of one moment: a look-up alone costs more for its locks than for itself.
    package func rawRecords(of files: [(source: String, key: String)]) throws -> [RawRecord?] {
        try read { database, session in
            try files.map { source, key in
                let file = FileName(source: source, key: key)
                guard let place = try session.coder.texts.number(of: file.place, in: database) else {
                    return nil
                }
                return try session.find(.raw, place: place, name: file.name, in: database) {
                    session.coder.raw(&$0, source: source, key: key)
                }
            }
        }
    }

    /// Hands over one record after the other, so that none need stay in memory. `body` must not use the store.
    package func forEachRawRecord(_ body: (RawRecord) throws -> Void) throws {
        try read { database, session in try scanRaw(database, session, place: nil, body) }
    }

    /// What every output was last made from, in no order.
    package func actionRecords() throws -> [ActionRecord] {
        try collect { try forEachActionRecord($0) }
    }

    package func actionRecord(output: String) throws -> ActionRecord? {
        try actionRecords(of: [output])[0]
    }

    /// What each of these outputs was last made from, all of one moment.
    package func actionRecords(of outputs: [String]) throws -> [ActionRecord?] {
        try read { database, session in
            try outputs.map { output in
                let file = FileName(output)
                guard let place = try session.coder.texts.number(of: file.place, in: database) else {
                    return nil
                }
                return try session.find(.action, place: place, name: file.name, in: database) {
                    try session.coder.action(&$0, output: output, in: database)
                }
            }
        }
    }

    /// Hands over one record after the other, so that none need stay in memory. `body` must not use the store.
    package func forEachActionRecord(_ body: (ActionRecord) throws -> Void) throws {
        try read { database, session in
            try unsafe session.scan(.action, in: database) { place, name, row in
                let output = unsafe joined(place.text, name)
                guard let record = try session.coder.action(&row, output: output, in: database) else {
                    return false
                }
                try body(record)
                return true
            }
        }
    }

    /// What failed and was not cleared since, in byte order of the targets.
    package func failures() throws -> [FailureRecord] {
        try read { database, session in
            var records: [FailureRecord] = []
            try session.scanNamed(.failure, column: "target", in: database) { target, row in
                guard let record = session.coder.failure(&row, target: target) else { return false }
                records.append(record)
                return true
            }
            return records
        }
    }

    /// Past runs and the one that goes on, oldest first.
    package func runs() throws -> [RunRecord] {
        let runs = try read { database, session in
            var records: [RunRecord] = []
            try session.scanNamed(.run, column: "id", in: database) { id, row in
                guard let record = session.coder.run(&row, id: id) else { return false }
                records.append(record)
                return true
            }
            return records
        }
        return runs.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    private func scanRaw(
        _ database: Database, _ session: Session, place: Int64?, _ body: (RawRecord) throws -> Void
    ) throws {
        try unsafe session.scan(.raw, places: place.map { $0...$0 }, in: database) { place, name, row in
            let key = unsafe joined(place.text, dropping: place.source.utf8.count + 1, name)
            guard let record = session.coder.raw(&row, source: place.source, key: key) else { return false }
            try body(record)
            return true
        }
    }

    private func collect<Record>(_ walk: ((Record) -> Void) throws -> Void) rethrows -> [Record] {
        var records: [Record] = []
        try walk { records.append($0) }
        return records
    }
}
