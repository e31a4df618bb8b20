package import Graph
import Problems

/// A run in the Chrome trace event format, for chrome://tracing and ui.perfetto.dev.
///
/// One process, a thread a worker, and threads for what the network moved at a time: slices of one thread lie beside or inside
/// each other, as the format wants it, so transfers that overlap are dealt to as many lanes as it takes. Inside a job lie the
/// hashing of its inputs and the publishing of its result. Arrows lead from each job to those it let start, and a counter shows
/// how many are in flight.
///
/// Format: "Trace Event Format" (Chromium), events `X`, `M`, `C`, `s` and `f`; times in microseconds from the run's start.
package struct ChromeTrace {
    private struct Lane {
        var thread: Int
        /// When its last slice ends.
        var isFreeAt: Int64
    }

    /// Threads of the network come after those of workers, each of which has room for this many lanes, and after both those
    /// for what earlier versions recorded, which noted no worker.
    private static let laneCount = 100
    private static let networkThread = 1_000_000
    private static let unknownThread = 2_000_000
    private static let process = 1

    private let run: LoggedRun
    /// In order of their start, and of two that start at once the longer first: as they nest.
    private let events: [RunEvent]
    private let start: Int64

    /// - Parameter events: all of the run, in any order.
    package init(of run: LoggedRun, events: [RunEvent]) {
        self.run = run
        self.events = events.filter(\.outcome.hasRun).sorted {
            ($0.startedAt, -$0.microseconds, $0.number) < ($1.startedAt, -$1.microseconds, $1.number)
        }
        start = min(run.record.startedAt * 1_000, self.events.first?.startedAt ?? .max)
    }

    /// Hands over the file's text, a line or so at a time.
    package func write(_ write: (String) throws -> Void) rethrows {
        let threads = assignThreads()
        try write("{\"displayTimeUnit\":\"ms\",\"otherData\":{")
        try write("\"run\":\(quoted(run.record.id)),\"version\":\(quoted(run.record.version))")
        try write(",\"command\":\(quoted(run.record.arguments.joined(separator: " ")))")
        try write(",\"outcome\":\(quoted(run.outcome.rawValue))},\n\"traceEvents\":[\n")
        try write(metadata("process_name", thread: 0, "\"name\":\(quoted("datamake " + run.record.id))"))
        for (thread, name) in names(of: threads) {
            try write(",\n" + metadata("thread_name", thread: thread, "\"name\":\(quoted(name))"))
            try write(",\n" + metadata("thread_sort_index", thread: thread, "\"sort_index\":\(thread)"))
        }
        let samples = inFlight()
        for item in items(samples: samples) {
            try write(",\n")
            switch item.kind {
            case .slices:
                let event = events[item.place]
                // The job first: what lies inside it and begins with it comes after.
                let slices = slices(of: event)
                try write(slices.map { text($0, thread: threads[item.place]) }.joined(separator: ",\n"))
            case .publishing:
                if let slice = publishing(of: events[item.place]) {
                    try write(text(slice, thread: threads[item.place]))
                }
            case .arrowTail(let place):
                try write(
                    arrow(
                        "s", at: item.time, thread: threads[item.place], id: events[place].number))
            case .arrowHead:
                try write(
                    arrow(
                        "f", at: item.time, thread: threads[item.place], id: events[item.place].number))
            case .sample: try write(counter(samples[item.place]))
            }
        }
        try write("\n]}\n")
    }

    /// Something with a time, by where it comes from: texts are made when they are written, since a run may have millions.
    private struct Item {
        enum Kind {
            case slices, publishing, arrowHead, sample
            /// To the event at this place.
            case arrowTail(Int)
        }
        var time: Int64
        var kind: Kind
        /// Index into `events`, or into the samples.
        var place: Int
    }

    /// All that has a time, in order, which some readers expect.
    private func items(samples: [Sample]) -> [Item] {
        var items = [Item]()
        var places = [Int: Int]()
        for (place, event) in events.enumerated() { places[event.number] = place }
        for (place, event) in events.enumerated() {
            items.append(Item(time: event.startedAt, kind: .slices, place: place))
            if let slice = publishing(of: event) {
                items.append(Item(time: slice.startedAt, kind: .publishing, place: place))
            }
            guard event.kind.isJob, let after = event.after, let before = places[after],
                events[before].kind.isJob
            else { continue }
            let from = events[before]
            // Inside its slice, or the arrow would hang in the air.
            let tail = max(from.startedAt, from.endedAt - 1)
            items.append(Item(time: tail, kind: .arrowTail(place), place: before))
            items.append(Item(time: event.startedAt, kind: .arrowHead, place: place))
        }
        for (place, sample) in samples.enumerated() {
            items.append(Item(time: sample.time, kind: .sample, place: place))
        }
        let order = items.indices.sorted { (items[$0].time, $0) < (items[$1].time, $1) }
        return order.map { items[$0] }
    }

    // MARK: threads

    /// The thread of each event. A worker that is waiting for a command may begin another job, which then takes a lane of its
    /// own.
    private func assignThreads() -> [Int] {
        var workers = [Int: [Lane]]()
        var network = [Lane]()
        var unknown = [Lane]()
        return events.map { event in
            if !event.kind.isJob { return 0 }
            if event.isOfNetwork { return Self.lane(for: event, in: &network, from: Self.networkThread) }
            if event.worker < 0 { return Self.lane(for: event, in: &unknown, from: Self.unknownThread) }
            let first = 1 + event.worker * Self.laneCount
            return Self.lane(for: event, in: &workers[event.worker, default: []], from: first)
        }
    }

    /// The first lane that is free when the event starts; a new one where none is.
    private static func lane(for event: RunEvent, in lanes: inout [Lane], from first: Int) -> Int {
        if let index = lanes.firstIndex(where: { $0.isFreeAt <= event.startedAt }) {
            lanes[index].isFreeAt = event.endedAt
            return lanes[index].thread
        }
        lanes.append(Lane(thread: first + lanes.count, isFreeAt: event.endedAt))
        return lanes[lanes.count - 1].thread
    }

    private func names(of threads: [Int]) -> [(thread: Int, name: String)] {
        Set(threads).sorted().map { thread in
            if thread == 0 { return (thread, "listing and plan") }
            if thread >= Self.unknownThread { return (thread, "work \(thread - Self.unknownThread + 1)") }
            if thread >= Self.networkThread { return (thread, "network \(thread - Self.networkThread + 1)") }
            let (worker, lane) = (thread - 1).quotientAndRemainder(dividingBy: Self.laneCount)
            return (thread, lane == 0 ? "worker \(worker)" : "worker \(worker), also \(lane)")
        }
    }

    // MARK: slices

    private struct Slice {
        var name: String
        var category: String
        var startedAt: Int64
        var microseconds: Int
        /// Members of a JSON object.
        var arguments: String
    }

    /// The job, and the hashing at its beginning.
    private func slices(of event: RunEvent) -> [Slice] {
        var arguments = "\"target\":\(quoted(event.target)),\"outcome\":\(quoted(event.outcome.name))"
        if let reason = event.reason { arguments += ",\"reason\":\(quoted(reason.rawValue))" }
        if let category = event.outcome.category { arguments += ",\"category\":\(quoted(category.rawValue))" }
        if !event.message.isEmpty { arguments += ",\"message\":\(quoted(event.message))" }
        if event.byteCount > 0 { arguments += ",\"bytes\":\(event.byteCount)" }
        let microseconds = max(0, event.microseconds)
        var slices = [
            Slice(
                name: event.target, category: event.kind.name, startedAt: event.startedAt,
                microseconds: microseconds, arguments: arguments)
        ]
        let hashing = min(max(0, event.hashingMicroseconds), microseconds)
        if hashing > 0 {
            slices.append(
                Slice(
                    name: "hash", category: "hash", startedAt: event.startedAt, microseconds: hashing,
                    arguments: ""))
        }
        return slices
    }

    /// The end of a job, in which its result was put in its place.
    private func publishing(of event: RunEvent) -> Slice? {
        let microseconds = max(0, event.microseconds)
        let hashing = min(max(0, event.hashingMicroseconds), microseconds)
        let publishing = min(max(0, event.publishingMicroseconds), microseconds - hashing)
        guard publishing > 0 else { return nil }
        return Slice(
            name: "publish", category: "publish",
            startedAt: event.startedAt + Int64(microseconds - publishing),
            microseconds: publishing, arguments: "")
    }

    // MARK: the counter

    /// How many jobs of each kind are in flight from a time on.
    private struct Sample {
        var time: Int64
        var fetches: Int
        var computations: Int
    }

    private func inFlight() -> [Sample] {
        var changes = [(time: Int64, isFetch: Bool, step: Int)]()
        for event in events where event.kind.isJob {
            changes.append((event.startedAt, event.isOfNetwork, 1))
            changes.append((event.startedAt + Int64(max(0, event.microseconds)), event.isOfNetwork, -1))
        }
        changes.sort { $0.time < $1.time }
        var samples = [Sample]()
        var now = Sample(time: start, fetches: 0, computations: 0)
        for (index, change) in changes.enumerated() {
            if change.isFetch { now.fetches += change.step } else { now.computations += change.step }
            // Of changes at one time only what they come to.
            if index + 1 < changes.count, changes[index + 1].time == change.time { continue }
            now.time = change.time
            samples.append(now)
        }
        return samples
    }

    // MARK: JSON

    private func text(_ slice: Slice, thread: Int) -> String {
        "{\"ph\":\"X\",\"name\":\(quoted(slice.name)),\"cat\":\"\(slice.category)\",\"pid\":\(Self.process),"
            + "\"tid\":\(thread),\"ts\":\(slice.startedAt - start),\"dur\":\(slice.microseconds)"
            + (slice.arguments.isEmpty ? "}" : ",\"args\":{\(slice.arguments)}}")
    }

    private func arrow(_ phase: String, at time: Int64, thread: Int, id: Int) -> String {
        "{\"ph\":\"\(phase)\",\"name\":\"input\",\"cat\":\"dependency\",\"id\":\(id),\"pid\":\(Self.process),"
            + "\"tid\":\(thread),\"ts\":\(time - start)\(phase == "f" ? ",\"bp\":\"e\"" : "")}"
    }

    private func counter(_ sample: Sample) -> String {
        "{\"ph\":\"C\",\"name\":\"in flight\",\"pid\":\(Self.process),\"tid\":0,\"ts\":\(sample.time - start),"
            + "\"args\":{\"downloads\":\(sample.fetches),\"workers\":\(sample.computations)}}"
    }

    private func metadata(_ name: String, thread: Int, _ arguments: String) -> String {
        "{\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(Self.process),\"tid\":\(thread),\"args\":{\(arguments)}}"
    }
}

extension RunEvent {
    /// Whether the network's thread did it. What earlier versions recorded names no worker for anything.
    fileprivate var isOfNetwork: Bool { kind == .fetch || kind == .hash && worker < 0 }
}

/// A text as JSON writes it.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
