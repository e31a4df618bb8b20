import Bytes
import Files
import Foundation
import Graph
package import Planning
package import Problems

/// A plan on disk: what is to be built and fetched, and for each what that was decided from, so that a later build can do
/// exactly that or see that the world has moved.
///
/// JSON lines: a header, a line an action, a line a download, and last the XXH3-128 of all before.
package struct SavedPlan: Sendable {
    struct Header: Codable {
        /// The format's version.
        var plan: Int
        var version: String
        var created: String
        var selection: SelectionRequest
        var builds: Int
        var fetches: Int

        enum CodingKeys: String, CodingKey {
            case plan = "datamake_plan"
            case version, created, selection, builds, fetches
        }
    }

    /// What a decision was made from, in parts, so that it can be told which of them moved.
    struct Build: Codable, Hashable {
        var build: String
        /// Digests: of recipe and writer; of the inputs' names and what they hold or are listed as; of record and output.
        var recipe: String
        var inputs: String
        var output: String
    }

    struct Fetch: Codable, Hashable {
        var fetch: String
        var etag: String
        var bytes: Int
    }

    private struct Trailer: Codable {
        var xxh3_128: String
    }

    private static let formatVersion = 1

    let header: Header
    let builds: [Build]
    let fetches: [Fetch]
    /// What the saved targets were picked by.
    package var selection: SelectionRequest { header.selection }

    // MARK: making

    init(_ plan: Plan, selection: SelectionRequest, toolVersion: String) {
        builds = plan.steps.filter { $0.state != .fresh }.map { plan.saved($0) }
        fetches = plan.fetches.map { plan.saved($0) }
        header = Header(
            plan: Self.formatVersion, version: toolVersion, created: timestampText(), selection: selection,
            builds: builds.count, fetches: fetches.count)
    }

    /// Writes the plan, or leaves what was at `path` as it was.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = [UInt8]()
        func add(_ line: some Encodable) throws {
            bytes += try encoder.encode(line)
            bytes.append(UInt8(ascii: "\n"))
        }
        try add(header)
        for build in builds { try add(build) }
        for fetch in fetches { try add(fetch) }
        try add(Trailer(xxh3_128: XXH3Digest(of: bytes).description))
        try writeFileAtomically(path, bytes)
    }

    // MARK: reading

    package init(path: String) throws {
        let bytes: [UInt8]
        do {
            guard let found = try readSmallFile(path, limit: 1 << 32) else {
                throw SavedPlanProblem.unreadable(path: path, "there is no such file")
            }
            bytes = found
        } catch let problem as FileProblem {
            throw SavedPlanProblem.unreadable(path: path, problem.summary)
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let decoder = JSONDecoder()
        func decode<Line: Decodable>(_ line: Int, as: Line.Type) throws -> Line {
            guard lines.indices.contains(line),
                let value = try? decoder.decode(Line.self, from: Data(lines[line]))
            else { throw SavedPlanProblem.unreadable(path: path, "line \(line + 1) is none of a saved plan") }
            return value
        }
        let header = try decode(0, as: Header.self)
        guard header.plan == Self.formatVersion else {
            throw SavedPlanProblem.unreadable(
                path: path, "it is of format \(header.plan), not \(Self.formatVersion)")
        }
        let count = 1 + max(0, header.builds) + max(0, header.fetches)
        let trailer = try decode(count, as: Trailer.self)
        let before = bytes[..<lines[count].startIndex]
        guard header.builds >= 0, header.fetches >= 0, lines.count == count + 1,
            trailer.xxh3_128 == XXH3Digest(of: Array(before)).description
        else {
            throw SavedPlanProblem.unreadable(
                path: path, "its checksum does not fit: it was changed or cut off")
        }
        self.header = header
        builds = try (0..<header.builds).map { try decode(1 + $0, as: Build.self) }
        fetches = try (0..<header.fetches).map { try decode(1 + header.builds + $0, as: Fetch.self) }
    }

    // MARK: comparing

    /// The part of a plan made now that this plan says.
    ///
    /// - Throws: `SavedPlanProblem.moved` where anything it was made from is not as it was.
    func part(of plan: Plan) throws -> Plan {
        var moves = [String]()
        var isKept = [Bool](repeating: false, count: plan.steps.count)
        for build in builds {
            if let move = plan.move(of: build) {
                moves.append(move)
            } else if let place = plan.graph.action(making: build.build).flatMap({ plan.place(of: $0) }) {
                isKept[place] = true
            }
        }
        var kept = Set<RawID>()
        for fetch in fetches {
            if let move = plan.move(of: fetch) {
                moves.append(move)
            } else if let raw = plan.graph.raw(named: fetch.fetch) {
                kept.insert(raw)
            }
        }
        guard moves.isEmpty else { throw SavedPlanProblem.moved(moves) }
        return plan.restricted(keepsFresh: false, keepsFetch: { kept.contains($0) }, isKept: { isKept[$0] })
    }
}

extension Plan {
    fileprivate func saved(_ step: Step) -> SavedPlan.Build {
        let rule = graph.rule(of: step.action)
        var recipe = request.writer(graph.project.rules[rule].recipe) + "\n"
        for field in recipes[rule] { recipe += "\(field.name)=\(field.value)\n" }
        var inputs = ""
        for place in graph.inputPlaces(of: step.action) {
            let input = graph.input(at: place)
            inputs += graph.name(of: input) + "\n"
            if let raw = input.raw {
                let object = graph.object(of: raw)
                inputs += "\(object.etag) \(object.byteCount) \(object.stamp, default: "-")\n"
                inputs += "\(facts(of: raw)?.payload, default: "-") \(findings[raw.index].rawValue)\n"
            } else if let producer = input.action {
                inputs += "\(facts(of: producer)?.valueDigest, default: "-")\n"
            }
        }
        let facts = facts(of: step.action)
        let output =
            "\(step.state) \(step.causes.rawValue) \(facts?.stamp, default: "-") \(facts?.valueDigest, default: "-")"
        func digest(_ text: String) -> String { XXH3Digest(of: Array(text.utf8)).description }
        return SavedPlan.Build(
            build: graph.output(of: step.action), recipe: digest(recipe), inputs: digest(inputs),
            output: digest(output))
    }

    fileprivate func saved(_ raw: RawID) -> SavedPlan.Fetch {
        let object = graph.object(of: raw)
        return SavedPlan.Fetch(fetch: graph.name(of: raw), etag: object.etag, bytes: object.byteCount)
    }

    /// How what an action was decided from differs from what it was; nil where it does not.
    fileprivate func move(of build: SavedPlan.Build) -> String? {
        guard let action = graph.action(making: build.build), let step = step(of: action) else {
            return "\(build.build.escapedForDisplay): no rule makes it any more"
        }
        if step.state == .fresh { return "\(build.build.escapedForDisplay): it is fresh" }
        let now = saved(step)
        if now == build { return nil }
        let part =
            now.recipe != build.recipe
            ? "its recipe is another"
            : now.inputs != build.inputs ? "its inputs are others" : "it was built or changed"
        return "\(build.build.escapedForDisplay): \(part)"
    }

    fileprivate func move(of fetch: SavedPlan.Fetch) -> String? {
        let name = fetch.fetch.escapedForDisplay
        guard let raw = graph.raw(named: fetch.fetch) else {
            return "\(name): it is not listed, or not read, any more"
        }
        let now = saved(raw)
        if now.etag != fetch.etag { return "\(name): its etag is \(now.etag), not \(fetch.etag)" }
        if now.bytes != fetch.bytes { return "\(name): it has \(now.bytes) bytes, not \(fetch.bytes)" }
        return work(of: raw) == .fetch ? nil : "\(name): it is here"
    }
}

/// Why a saved plan cannot be run.
package enum SavedPlanProblem: Problem, Hashable {
    case unreadable(path: String, String)
    /// What differs, a line each.
    case moved([String])

    private static let shownCount = 5

    package var summary: String {
        switch self {
        case .unreadable(let path, let reason): return "\(path.escapedForDisplay): no plan to run: \(reason)"
        case .moved(let moves):
            var text = "the world has moved since the plan was saved; nothing was done"
            for move in moves.prefix(Self.shownCount) { text += "\n  \(move)" }
            if moves.count > Self.shownCount { text += "\n  and \(moves.count - Self.shownCount) more" }
            return text
        }
    }

    package var hint: String? {
        switch self {
        case .unreadable: "'datamake plan -o FILE' saves one"
        case .moved: "look at 'datamake plan' again, and save it"
        }
    }

    package var category: ProblemCategory { .internal }
}
