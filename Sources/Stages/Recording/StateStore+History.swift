import GRDB
package import Graph

/// How much of what runs did is kept.
package struct HistoryLimits: Hashable, Sendable {
    /// Runs.
    package var runCount: Int
    /// Events of all runs together, some 100 bytes each; whole runs at a time, and the last run's however many they are.
    package var eventCount: Int

    package init(runCount: Int = 1_000, eventCount: Int = 2_000_000) {
        self.runCount = runCount
        self.eventCount = eventCount
    }
}

extension StateStore {
    /// Hands over what one run did, in the order in which it ended, one event after the other. `body` must not use the store.
    package func forEachEvent(ofRun run: String, _ body: (RunEvent) throws -> Void) throws {
        try read { database, session in
            guard let number = try session.coder.texts.number(of: run, in: database) else { return }
            let rows = try SQLStatement(
                database, "SELECT number, place, name, body FROM event WHERE run = ? ORDER BY number")
            try rows.bind(1, number)
            while try rows.step() {
                if let event = try session.event(rows, run: run, in: database) { try body(event) }
            }
        }
    }

    /// What one run did, in the order in which it ended.
    package func events(ofRun run: String) throws -> [RunEvent] {
        var events: [RunEvent] = []
        try forEachEvent(ofRun: run) { events.append($0) }
        return events
    }

    /// One event; nil where there is none of this number.
    package func event(ofRun run: String, number: Int) throws -> RunEvent? {
        try read { database, session in
            guard let runNumber = try session.coder.texts.number(of: run, in: database) else { return nil }
            let rows = try SQLStatement(
                database, "SELECT number, place, name, body FROM event WHERE run = ? AND number = ?")
            try rows.bind(1, runNumber)
            try rows.bind(2, Int64(number))
            return try rows.step() ? try session.event(rows, run: run, in: database) : nil
        }
    }

    /// Forgets runs and their events. Durable.
    package func forgetRuns(_ ids: [String]) throws {
        try write(isDurable: true, isPlanned: false) { database, session in
            for id in ids {
                let run = try SQLStatement(database, "DELETE FROM run WHERE id = ?")
                try run.bind(1, id)
                try run.run()
                guard let number = try session.coder.texts.number(of: id, in: database) else { continue }
                try session.deleteEvents(ofRun: number, in: database)
            }
        }
    }
}

extension StateStore.Session {
    /// The event that the statement stands on; nil, and counted, where it is damaged.
    fileprivate func event(
        _ rows: borrowing SQLStatement, run: String, in database: Database
    ) throws -> RunEvent? {
        let place = rows.integer(1)
        let name = unsafe rows.bytes(2)
        if let text = try coder.texts.string(place, in: database),
            var row = unsafe RowReader(rows.bytes(3), table: .event, place: place, name: name),
            let event = coder.event(
                &row, run: run, number: Int(rows.integer(0)), target: unsafe joined(text, name))
        {
            return event
        }
        droppedRowCount += 1
        return nil
    }

    fileprivate func deleteEvents(ofRun number: Int64, in database: Database) throws {
        let events = try SQLStatement(database, "DELETE FROM event WHERE run = ?")
        try events.bind(1, number)
        try events.run()
    }

    /// Drops the oldest runs with their events, and the events of the oldest that have too many between them.
    ///
    /// A run gets its number when its first event is recorded, so numbers ascend with time; so do ids, which begin with it.
    ///
    /// - Parameter run: the one that ends; without events of its own it cannot have made them too many.
    func forget(beyond limits: HistoryLimits, endingWith run: String, in database: Database) throws {
        let ended = try coder.texts.number(of: run, in: database)
        if let ended, try lastEvent(ofRun: ended, in: database) > 0 {
            var runs: [(number: Int64, eventCount: Int)] = []
            while true {
                // Two looks a run, whatever it did: the key is run and number.
                let next = try SQLStatement(database, "SELECT ifnull(min(run), 0) FROM event WHERE run > ?")
                try next.bind(1, runs.last?.number ?? 0)
                guard try next.step(), next.integer(0) > 0 else { break }
                let number = next.integer(0)
                runs.append((number, try lastEvent(ofRun: number, in: database)))
            }
            var eventCount = 0
            for (index, run) in runs.reversed().enumerated() {
                eventCount += run.eventCount
                if index > 0, index >= limits.runCount || eventCount > limits.eventCount {
                    try deleteEvents(ofRun: run.number, in: database)
                }
            }
        }
        let old = try SQLStatement(
            database,
            "DELETE FROM run WHERE id < (SELECT id FROM run ORDER BY id DESC LIMIT 1 OFFSET ?)")
        try old.bind(1, Int64(max(1, limits.runCount) - 1))
        try old.run()
    }

    /// The greatest number of a run's events, which is how many it has, but for damage; 0 for none.
    private func lastEvent(ofRun number: Int64, in database: Database) throws -> Int {
        let last = try SQLStatement(database, "SELECT ifnull(max(number), 0) FROM event WHERE run = ?")
        try last.bind(1, number)
        return try last.step() ? Int(last.integer(0)) : 0
    }
}
