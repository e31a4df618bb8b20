package import Files
import GRDB
package import Graph

/// One step in what is known. A transaction takes many, in order.
package enum StateChange: Sendable {
    case raw(RawRecord)
    /// The file was hashed again, or found unchanged: nothing else of its record moves.
    case rawStamp(source: String, key: String, Stamp)
    case forgetRaw(source: String, key: String)
    case action(ActionRecord)
    /// The output's digest is still right for this stamp.
    case actionStamp(output: String, Stamp)
    case forgetAction(output: String)
    case failure(FailureRecord)
    case clearFailure(target: String)
    case run(RunRecord)
    case event(RunEvent)

    /// Whether a plan is made from it. Runs and events are history.
    var isPlanned: Bool {
        switch self {
        case .run, .event: false
        case .raw, .rawStamp, .forgetRaw, .action, .actionStamp, .forgetAction, .failure, .clearFailure: true
        }
    }
}

extension StateStore {
    /// Makes all changes in one transaction; durable when it returns. Stamps of what is not recorded are ignored.
    package func record(_ changes: [StateChange]) throws {
        try record(changes, isDurable: true)
    }

    /// Makes all changes in one transaction, durable with the next durable one at the latest.
    func record(_ changes: [StateChange], isDurable: Bool) throws {
        let isPlanned = changes.contains(where: \.isPlanned)
        try write(isDurable: isDurable, isPlanned: isPlanned) { database, session in
            for change in changes { try apply(change, database, session) }
        }
    }

    /// Records that a run began, before anything else is recorded of it. Whatever survives a power failure of the run, this
    /// does: the log keeps the order, and loses no more than its end.
    package func beginRun(_ run: RunRecord) throws { try record([.run(run)], isDurable: false) }

    /// Records how a run ended, in place of how it began, and drops history beyond what is kept. Durable.
    package func finishRun(_ run: RunRecord, keeping history: HistoryLimits = HistoryLimits()) throws {
        try write(isDurable: true, isPlanned: false) { database, session in
            try apply(.run(run), database, session)
            try session.forget(beyond: history, endingWith: run.id, in: database)
        }
    }

    /// Moves what is known of a source from one listing to the next, in one transaction. Durable.
    ///
    /// - Parameters:
    ///   - changed: new objects, and known ones whose entry differs.
    ///   - gone: keys the source does not hold any more.
    package func replaceObjects(ofSource source: String, changed: [RemoteObject], gone: [String]) throws {
        try check(source: source)
        try write(isDurable: true) { database, session in
            for key in gone { try session.delete(.object, FileName(source: source, key: key), in: database) }
            for object in changed {
                let file = FileName(source: source, key: object.key)
                let place = try session.coder.texts.intern(file.place, in: database)
                let body = session.coder.object(object, place: place, name: file.name)
                try session.put(.object, place: place, name: file.name, body: body, in: database)
            }
        }
    }

    /// Records how far prefixes of a source were listed; others of the source stay. Durable.
    package func saveSweeps(ofSource source: String, _ sweeps: [String: SweepRecord], gone: [String] = [])
        throws
    {
        try check(source: source)
        try write(isDurable: true, isPlanned: false) { database, session in
            let place = try session.coder.texts.intern(source + ":", in: database)
            for prefix in gone {
                let delete = try SQLStatement(database, "DELETE FROM sweep WHERE place = ? AND name = ?")
                try delete.bind(1, place)
                try delete.bind(2, prefix)
                try delete.run()
            }
            for (prefix, sweep) in sweeps {
                let body = session.coder.sweep(sweep, place: place, prefix: prefix)
                try session.put(.sweep, place: place, name: prefix, body: body, in: database)
            }
        }
    }

    private func apply(_ change: StateChange, _ database: Database, _ session: Session) throws {
        let coder = session.coder
        switch change {
        case .raw(let record):
            try check(source: record.source)
            let file = FileName(source: record.source, key: record.key)
            let place = try coder.texts.intern(file.place, in: database)
            let body = coder.raw(record, place: place, name: file.name)
            try session.put(.raw, place: place, name: file.name, body: body, in: database)

        case .rawStamp(let source, let key, let stamp):
            let file = FileName(source: source, key: key)
            guard let place = try coder.texts.number(of: file.place, in: database),
                var record = try session.find(
                    .raw, place: place, name: file.name, in: database,
                    decode: { coder.raw(&$0, source: source, key: key) })
            else { return }
            record.stamp = stamp
            try apply(.raw(record), database, session)

        case .forgetRaw(let source, let key):
            try session.delete(.raw, FileName(source: source, key: key), in: database)

        case .action(let record):
            let file = FileName(record.output)
            let place = try coder.texts.intern(file.place, in: database)
            let body = try coder.action(record, place: place, name: file.name, in: database)
            try session.put(.action, place: place, name: file.name, body: body, in: database)

        case .actionStamp(let output, let stamp):
            let file = FileName(output)
            guard let place = try coder.texts.number(of: file.place, in: database),
                var record = try session.find(
                    .action, place: place, name: file.name, in: database,
                    decode: { try coder.action(&$0, output: output, in: database) })
            else { return }
            record.stamp = stamp
            try apply(.action(record), database, session)

        case .forgetAction(let output):
            try session.delete(.action, FileName(output), in: database)

        case .failure(let record):
            try session.putNamed(
                .failure, column: "target", name: record.target, body: coder.failure(record), in: database)

        case .clearFailure(let target):
            let delete = try SQLStatement(database, "DELETE FROM failure WHERE target = ?")
            try delete.bind(1, target)
            try delete.run()

        case .run(let record):
            try session.putNamed(.run, column: "id", name: record.id, body: coder.run(record), in: database)

        case .event(let event): try append(event, database, session)
        }
    }

    private func append(_ event: RunEvent, _ database: Database, _ session: Session) throws {
        let run = try session.coder.texts.intern(event.run, in: database)
        let file = FileName(event.target)
        let place = try session.coder.texts.intern(file.place, in: database)
        let insert = try SQLStatement(
            database, "INSERT INTO event(run, number, place, name, body) VALUES (?, ?, ?, ?, ?)")
        try insert.bind(1, run)
        try insert.bind(2, Int64(event.number))
        try insert.bind(3, place)
        try insert.bind(4, file.name)
        try insert.bind(5, session.coder.event(event, place: place, name: file.name))
        try insert.run()
    }

    /// The colon ends the source in names such as `binance:data/x.zip`.
    private func check(source: String) throws {
        if source.utf8.contains(UInt8(ascii: ":")) {
            throw StateProblem(.unrecordable, path: path, detail: "the source name '\(source)' contains ':'")
        }
    }
}
