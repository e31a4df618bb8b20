import Building
import Foundation
import Graph
import Problems

// The lines of `log`: for people, and as JSON.

/// `312 us`, `4.51 ms`, `12.3 s`, `1m05s`, `2h03m`: three digits, or two units.
func durationText(_ microseconds: Int) -> String {
    let value = Double(max(0, microseconds))
    func text(_ value: Double, _ unit: String) -> String {
        decimalText(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + unit
    }
    if value < 999.5 { return "\(Int(value)) us" }
    if value < 999_500 { return text(value / 1e3, "ms") }
    let seconds = Int((value / 1e6).rounded())
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds < 60 { return text(value / 1e6, "s") }
    if seconds < 3_600 { return "\(seconds / 60)m\(padded(seconds % 60))s" }
    return "\(seconds / 3_600)h\(padded(seconds % 3_600 / 60))m"
}

/// RFC 3339 in UTC, to the microsecond.
func timeText(microseconds: Int64) -> String {
    let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    let digits = String(max(0, rest))
    return whole.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
}

private func seconds(_ microseconds: Int) -> Double { Double(microseconds) / 1e6 }

/// A value that JSON shows as null where there is none, in place of leaving its key out.
@propertyWrapper
struct OrNull<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

/// One line of `log runs --json`.
struct RunLine: Encodable {
    struct Fetched: Encodable {
        var objects: Int
        var bytes: Int
    }
    var run: String
    var started: String
    @OrNull var seconds: Double?
    var outcome: LoggedRun.Outcome
    var considered: Int, fresh: Int, built: Int, unchanged: Int, failed: Int, rows: Int
    var fetched: Fetched
    var arguments: [String]
    var version: String

    init(_ run: LoggedRun) {
        let record = run.record
        let counts = record.counts
        self.run = record.id
        started = timeText(microseconds: record.startedAt * 1_000)
        seconds = run.microseconds.map { Double($0) / 1e6 }
        outcome = run.outcome
        (considered, fresh, built) = (counts.considered, counts.fresh, counts.built)
        (unchanged, failed, rows) = (counts.unchanged, counts.failed, counts.rows)
        fetched = Fetched(objects: counts.fetchedObjects, bytes: counts.fetchedByteCount)
        arguments = record.arguments
        version = record.version
    }
}

/// One line of `log what-ran --json` and `log slowest --json`.
struct EventLine: Encodable {
    var target: String
    var kind: String
    @OrNull var reason: String?
    var started: String
    var seconds: Double
    var hashing: Double
    var publishing: Double
    var outcome: String
    @OrNull var category: ProblemCategory?
    @OrNull var worker: Int?
    var bytes: Int

    init(_ event: RunEvent) {
        target = event.target
        kind = event.kind.name
        reason = event.reason?.rawValue
        started = timeText(microseconds: event.startedAt)
        seconds = datamake.seconds(event.microseconds)
        hashing = datamake.seconds(event.hashingMicroseconds)
        publishing = datamake.seconds(event.publishingMicroseconds)
        outcome = event.outcome.name
        category = event.outcome.category
        worker = event.worker < 0 ? nil : event.worker
        bytes = event.byteCount
    }
}

/// One line of `log what-failed --json`.
struct FailureLine: Encodable {
    var target: String
    var kind: String
    var outcome: String
    @OrNull var category: ProblemCategory?
    @OrNull var message: String?
    @OrNull var because: String?

    init(_ failure: LoggedFailure) {
        target = failure.event.target
        kind = failure.event.kind.name
        outcome = failure.event.outcome.name
        category = failure.event.outcome.category
        message = failure.message.isEmpty ? nil : failure.message
        because = failure.cause
    }
}

/// One line of `log critical-path --json`.
struct LinkLine: Encodable {
    @OrNull var target: String?
    var kind: String
    var started: String
    var seconds: Double
    var waited: Double
    @OrNull var waitedFor: CriticalPath.Link.Shortage?
    @OrNull var outcome: String?
    var share: Double

    enum CodingKeys: String, CodingKey {
        case target, kind, started, seconds, waited, outcome, share
        case waitedFor = "waited_for"
    }

    init(_ link: CriticalPath.Link) {
        target = link.target.isEmpty ? nil : link.target
        kind = link.kindName
        started = timeText(microseconds: link.startedAt)
        seconds = datamake.seconds(link.microseconds)
        waited = datamake.seconds(link.waitedMicroseconds)
        waitedFor = link.waitedFor
        outcome = link.outcome?.name
        share = link.share
    }
}

extension LoggedRun {
    /// Id, start, duration, outcome, counts that are not zero, and the command line.
    var line: String {
        let counts = record.counts
        var parts = [String]()
        func add(_ count: Int, _ word: String) { if count > 0 { parts.append("\(word) \(grouped(count))") } }
        add(counts.built, "built")
        add(counts.unchanged, "unchanged")
        add(counts.fresh, "fresh")
        add(counts.failed, "failed")
        if counts.fetchedObjects > 0 {
            parts.append(
                "fetched \(grouped(counts.fetchedObjects)) (\(byteText(Double(counts.fetchedByteCount))))")
        }
        let start = timeText(microseconds: record.startedAt * 1_000).prefix(19) + "Z"
        let duration = microseconds.map { durationText($0) } ?? "-"
        let command = record.arguments.map(shellWord).joined(separator: " ")
        return [
            record.id, String(start), padded(duration, to: 7, atStart: true), padded(outcome.rawValue, to: 9),
            parts.isEmpty ? "-" : parts.joined(separator: ", "), "datamake \(command)",
        ].joined(separator: "  ")
    }
}

extension RunEvent {
    /// When it began, counted from the run's start, how long it took, what it was and why, and the target.
    func line(in run: LoggedRun) -> String {
        let offset = Int(startedAt - run.record.startedAt * 1_000)
        let place = !kind.isJob ? "-" : worker < 0 ? "network" : "worker \(worker)"
        return [
            padded("+\(durationText(offset))", to: 9, atStart: true),
            padded(outcome.hasRun ? durationText(microseconds) : "-", to: 7, atStart: true),
            padded(kind.name, to: 7), padded(outcome.name, to: 9), padded(place, to: 9),
            padded(reason?.rawValue ?? "-", to: 16), target.escapedForDisplay,
        ].joined(separator: "  ")
    }
}

extension CriticalPath.Link {
    var kindName: String {
        switch work {
        case .event(let kind): kind.name
        case .load: "load"
        case .record: "record"
        }
    }

    /// When it began, counted from the run's start, how long it took and had waited, its share of the run, and the target.
    func line(in run: LoggedRun) -> String {
        let offset = Int(startedAt - run.record.startedAt * 1_000)
        let waiting =
            waitedFor.map { "waited \(durationText(waitedMicroseconds)) for a \($0.rawValue)" } ?? "-"
        let name =
            switch work {
            case .event: target.escapedForDisplay
            case .load: "Datafile and records"
            case .record: "statistics and records"
            }
        return [
            padded("+\(durationText(offset))", to: 9, atStart: true),
            padded(durationText(microseconds), to: 7, atStart: true),
            padded("\(decimalText(share * 100, digits: 1))%", to: 6, atStart: true), padded(kindName, to: 7),
            padded(waiting, to: 31), name,
        ].joined(separator: "  ")
    }
}

/// A word of a command line, quoted where a shell would see more in it.
private func shellWord(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_./:=,@%+".utf8.contains(byte)
        }
    }
    if plain && !word.isEmpty { return word }
    return "'\(word.escapedForDisplay.replacing("'", with: "'\\''"))'"
}
