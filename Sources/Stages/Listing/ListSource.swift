import Bytes
import Graph
package import HTTP

/// Lists what a source holds for the patterns.
///
/// Pattern text is walked segment by segment, so that only prefixes that can hold a match are listed, many at once. What goes
/// wrong is in the result; a listing that did not see everything says so.
///
/// - Parameter client: used for buckets only; its limits and the source's `connections` hold.
/// - Throws: `CancellationError` alone.
package func list(
    _ request: ListingRequest, client: HTTPClient, time: TimeSource = .system
) async throws -> SourceListing {
    switch request.source.location {
    case .s3(let listURL, _):
        let levels = BucketLevels(source: request.source, listURL: listURL, client: client, time: time)
        if request.refresh == .none {
            return SourceListing(
                source: request.source.name, patterns: request.patterns.map(\.pattern), objects: [],
                sweptPrefixes: [],
                isComplete: true, problems: [], requestCount: 0)
        }
        var listing = try await Sweeper(request: request, levels: levels, now: time.wallClock()).run()
        listing.dropUnmirrorable()
        listing.requestCount = levels.requestCount
        return listing
    case .directory(let path):
        return try await listDirectory(path: path, patterns: request.patterns, source: request.source.name)
    }
}

/// Lists what a directory holds for the patterns. Keys are relative to it; objects carry their stamps and no etag.
///
/// - Parameter visits: takes down what names each directory held that was read.
/// - Throws: `CancellationError` alone.
package func listDirectory(
    path: String, patterns: [ListingRequest.Entry], source: String, visits: DirectoryVisits? = nil
) async throws -> SourceListing {
    let location = Source(name: source, location: .directory(path: path))
    let request = ListingRequest(source: location, patterns: patterns, refresh: .full)
    let levels = DirectoryLevels(
        root: path, source: source, patterns: patterns.map(\.pattern), visits: visits)
    return try await Sweeper(request: request, levels: levels, now: 0).run()
}

/// One listing under way: walk down, then sweep.
private struct Sweeper<Source: Levels> {
    /// A day: objects may be published again under an old key, which only a full sweep sees.
    static var fullSweepInterval: Int64 { 86_400 }
    /// A sweep of so few pages costs about what asking for news does.
    static var smallPageCount: Int { 2 }

    let request: ListingRequest
    let levels: Source
    let now: Int64

    /// A level whose prefixes were listed to the end: what is not among them does not exist.
    private struct Descent {
        var prefix: String
        var children: Set<String>
    }

    func run() async throws -> SourceListing {
        let walks = request.patterns.map(PatternWalk.init)
        var sweeps: [String: String] = [:]
        var problems: [ListingProblem] = []
        var descents: [Descent] = []
        var frontier = walks.enumerated().map { (walk: $0.offset, node: $0.element.start) }
        while !frontier.isEmpty {
            // Several patterns often pass through one level: it is listed once.
            var descending: [String: [(walk: Int, node: PatternWalk.Node)]] = [:]
            for (walk, node) in frontier {
                for step in walks[walk].steps(from: node) {
                    switch step {
                    case .descend(let prefix, let node): descending[prefix, default: []].append((walk, node))
                    case .sweep(let prefix, let startAfter):
                        let lowest = sweeps[prefix].map { $0.precedesInBytes(startAfter) ? $0 : startAfter }
                        sweeps[prefix] = lowest ?? startAfter
                    }
                }
            }
            let prefixes = descending.keys.sorted { $0.precedesInBytes($1) }
            let found = try await concurrently(prefixes) { prefix in
                try await levels.list(prefix: prefix, startAfter: "", kind: .prefixes)
            }
            frontier = []
            for (prefix, level) in zip(prefixes, found) {
                problems += level.problems
                if level.isComplete {
                    descents.append(Descent(prefix: prefix, children: Set(level.prefixes)))
                }
                for (walk, node) in descending[prefix] ?? [] {
                    frontier += walks[walk].children(of: node, among: level.prefixes).map { (walk, $0) }
                }
            }
        }
        return try await sweep(sweeps, problems: problems, descents: descents)
    }

    private func sweep(
        _ sweeps: [String: String], problems: [ListingProblem], descents: [Descent]
    ) async throws -> SourceListing {
        let plans = sweeps.map { plan(prefix: $0.key, startAfter: $0.value) }
            .sorted { $0.prefix.precedesInBytes($1.prefix) }
        let levels = try await concurrently(plans) { plan in
            try await self.levels.list(prefix: plan.prefix, startAfter: plan.startAfter, kind: .objects)
        }
        let patterns = request.patterns.map(\.pattern)
        var listing = SourceListing(
            source: request.source.name, patterns: patterns, objects: [], sweptPrefixes: [], isComplete: true,
            problems: problems, requestCount: 0)
        for (plan, level) in zip(plans, levels) {
            listing.problems += level.problems
            listing.objects += level.objects.filter { object in patterns.contains { $0.matches(object.key) } }
            listing.sweptPrefixes.append(finished(plan, level))
        }
        listing.sweptPrefixes += vanished(descents, swept: sweeps)
        listing.sweptPrefixes.sort { $0.prefix.precedesInBytes($1.prefix) }
        listing.isComplete = !listing.problems.contains(where: \.leavesGaps)
        listing.sortObjects()
        return listing
    }

    /// What to ask of a prefix, as a swept prefix that has yet to be swept.
    private func plan(prefix: String, startAfter: String) -> SweptPrefix {
        let full = SweptPrefix(
            prefix: prefix, startAfter: startAfter, isFull: true, isComplete: false, state: nil)
        guard request.refresh == .auto, let known = request.known[prefix],
            known.pageCount > Self.smallPageCount,
            let lastKey = known.lastKey, startAfter.precedesInBytes(lastKey),
            // A range that now begins earlier wants keys that no sweep has seen.
            !startAfter.precedesInBytes(known.startAfter),
            (0..<Self.fullSweepInterval).contains(now &- known.sweptAt)
        else { return full }
        return SweptPrefix(
            prefix: prefix, startAfter: lastKey, isFull: false, isComplete: false, state: nil)
    }

    private func finished(_ plan: SweptPrefix, _ level: Level) -> SweptPrefix {
        var swept = plan
        swept.isComplete = level.isComplete
        let known = request.known[plan.prefix]
        let lastKey = level.objects.last?.key
        if !swept.isComplete {
            // The next listing must not rely on this one.
            swept.state = known
        } else if swept.isFull {
            swept.state = SweepRecord(
                startAfter: plan.startAfter, lastKey: lastKey, sweptAt: now, pageCount: level.pageCount)
        } else {
            swept.state = known
            if let lastKey { swept.state?.lastKey = lastKey }
        }
        return swept
    }

    /// Prefixes that were swept once and of which a complete level above now shows nothing.
    private func vanished(_ descents: [Descent], swept: [String: String]) -> [SweptPrefix] {
        let byDirectory = Dictionary(grouping: descents) { String($0.prefix.directoryPrefix) }
        return request.known.keys.compactMap { known in
            guard swept[known] == nil, isGone(known, byDirectory) else { return nil }
            return SweptPrefix(prefix: known, startAfter: "", isFull: true, isComplete: true, state: nil)
        }
    }

    private func isGone(_ known: String, _ descents: [String: [Descent]]) -> Bool {
        var end = known.startIndex
        while let slash = known.utf8[end...].firstIndex(of: UInt8(ascii: "/")) {
            let directory = String(known[..<end])
            end = known.utf8.index(after: slash)
            let child = String(known[..<end])
            for descent in descents[directory] ?? [] where child.hasBytePrefix(descent.prefix) {
                if !descent.children.contains(child) { return true }
            }
        }
        return false
    }

    /// The results of `work` for each item, in the order of the items, a bounded number at a time.
    private func concurrently<Item: Sendable>(
        _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> Level
    ) async throws -> [Level] {
        try await withThrowingTaskGroup(of: (Int, Level).self) { group in
            var results = [Level?](repeating: nil, count: items.count)
            var next = 0
            func startNext() {
                guard next < items.count else { return }
                let (index, item) = (next, items[next])
                next += 1
                group.addTask { (index, try await work(item)) }
            }
            for _ in 0..<levels.concurrency { startNext() }
            while let (index, level) = try await group.next() {
                results[index] = level
                startNext()
            }
            return results.map { $0 ?? Level() }
        }
    }
}

extension SourceListing {
    /// Sorts by the keys' bytes and keeps one object a key: prefixes may overlap.
    fileprivate mutating func sortObjects() {
        let isSorted = zip(objects, objects.dropFirst()).allSatisfy { $0.key.precedesInBytes($1.key) }
        if isSorted { return }
        objects.sort { $0.key.precedesInBytes($1.key) }
        var unique: [RemoteObject] = []
        unique.reserveCapacity(objects.count)
        for object in objects {
            if let last = unique.last, last.key.equalsInBytes(object.key) {
                // Written between two sweeps: the later state counts.
                if last.lastModified < object.lastModified { unique[unique.count - 1] = object }
            } else {
                unique.append(object)
            }
        }
        objects = unique
    }

    /// Takes out objects that cannot have a local copy of their own, each with a problem.
    fileprivate mutating func dropUnmirrorable() {
        var refusals: [KeyRefusal] = []
        /// Equal to Swift, different in bytes: only keys beyond ASCII can be.
        var seen: Set<String> = []
        let directories = ancestorsThatMayBeKeys()
        objects.removeAll { object in
            do throws(KeyRefusal) {
                _ = try mirrorPath(for: object.key)
                if directories.contains(object.key) {
                    throw KeyRefusal(key: object.key, reason: .alsoDirectory)
                }
                if !object.key.utf8.allSatisfy({ $0 < 0x80 }), !seen.insert(object.key).inserted {
                    throw KeyRefusal(key: object.key, reason: .normalization)
                }
                return false
            } catch {
                refusals.append(error)
                return true
            }
        }
        problems += refusals.map { ListingProblem(.key($0), source: source, prefix: $0.key) }
    }

    /// Directories of keys that another pattern could name as a file: none where all patterns are equally deep.
    private func ancestorsThatMayBeKeys() -> Set<String> {
        let depths = Set(patterns.map { $0.segments.count })
        guard depths.count > 1 else { return [] }
        var ancestors: Set<String> = []
        for object in objects {
            var path = object.key.directoryPrefix.dropLast()
            while !path.isEmpty, ancestors.insert(String(path)).inserted {
                path = String(path).directoryPrefix.dropLast()
            }
        }
        return ancestors
    }
}
