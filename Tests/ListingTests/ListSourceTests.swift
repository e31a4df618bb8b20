import Foundation
import Graph
import HTTP
import Listing
import Synchronization
import TestSupport
import Testing

func entry(_ pattern: String, _ constraints: [String: Constraint] = [:]) throws
    -> ListingRequest.Entry
{
    ListingRequest.Entry(pattern: try Pattern(parsing: pattern), constraints: constraints)
}

func names(_ names: String...) -> Constraint { .globs(includes: names, excludes: []) }

private func bucket(_ url: String, retries: Int = 2) -> Source {
    Source(name: "s", location: .s3(list: url, get: url), connections: 4, retries: retries)
}

/// No real waiting; the clock stands at 1,000,000.
private let instant = TimeSource(now: { .zero }, wallClock: { 1_000_000 }, sleep: { _ in }, random: { 0.5 })

private func page(_ keys: [String], prefixes: [String] = [], token: String? = nil) -> String {
    "<ListBucketResult><IsTruncated>\(token != nil)</IsTruncated>"
        + keys.map { "<Contents><Key>\($0)</Key><ETag>&quot;e&quot;</ETag><Size>3</Size></Contents>" }
        .joined()
        + prefixes.map { "<CommonPrefixes><Prefix>\($0)</Prefix></CommonPrefixes>" }.joined()
        + (token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? "") + "</ListBucketResult>"
}

/// The values of a request's query.
private func query(_ request: LoopbackServer.Request) -> [String: String] {
    let items = URLComponents(string: request.target)?.queryItems ?? []
    return Dictionary(items.map { ($0.name, $0.value ?? "") }) { a, _ in a }
}

@Suite("listing a bucket", .timeLimit(.minutes(1)))
struct BucketListingTests {
    private let client = HTTPClient()

    static let symbols = ["BTCUSDT", "ETHUSDT", "ETHDOWNUSDT", "币安人生USDT"]

    static func day(_ index: Int) -> String { DayRange.text(ofDay: Int32(18_000 + index)) }

    static let keys: [String] =
        symbols.flatMap { symbol in
            ["1h", "1m"].flatMap { interval in
                (0..<(symbol == "BTCUSDT" && interval == "1m" ? 1500 : 5)).flatMap { index in
                    let key = "data/klines/\(symbol)/\(interval)/\(symbol)-\(interval)-\(day(index)).zip"
                    return [key, key + ".CHECKSUM"]
                }
            }
        } + [
            "data/klines/BTCUSDT//odd.zip", "data/klines/BTCUSDT/1m/part-0000.zip", "data/klines/readme.txt",
            "data/klines/BTCUSDT/1m/a b+c%.txt",
        ]

    static let pattern = "data/klines/{symbol}/{interval}/{symbol}-{interval}-{date:day}.zip"

    @Test(
        "walks a real bucket by pattern, page by page",
        .enabled(if: Peer.python != nil, "no Python with moto"))
    func moto() async throws {
        let server = try MotoServer(python: try #require(Peer.python), keys: Self.keys)
        func expected(_ isWanted: (String) -> Bool) -> [String] {
            Self.keys.filter { $0.hasSuffix(".zip") && $0.contains("USDT-1") && isWanted($0) }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }

        let all = try await list(
            ListingRequest(source: bucket(server.url), patterns: [entry(Self.pattern)]), client: client)
        #expect(all.isComplete)
        #expect(all.problems.isEmpty)
        #expect(all.objects.map(\.key) == expected { _ in true })
        #expect(all.objects.allSatisfy { $0.etag.count == 32 && $0.byteCount == $0.key.utf8.count })
        // Levels: symbols, intervals of 4 symbols, 8 sweeps of which one has 4 pages: 3,000 keys and two beside them.
        #expect(all.requestCount == 1 + 4 + 7 + 3)

        let globbed = try await list(
            ListingRequest(
                source: bucket(server.url),
                patterns: [
                    entry(
                        Self.pattern,
                        [
                            "symbol": .globs(includes: ["ETH*", "币*"], excludes: ["*DOWNUSDT"]),
                            "interval": names("1h"),
                        ])
                ]), client: client)
        #expect(
            globbed.objects.map(\.key)
                == expected { ($0.contains("/ETHUSDT/") || $0.contains("币")) && $0.contains("/1h/") })
        #expect(globbed.requestCount == 1 + 2)

        let start = try #require(DayRange(text: Self.day(1200))).start
        let ranged = try await list(
            ListingRequest(
                source: bucket(server.url),
                patterns: [
                    entry(
                        Self.pattern,
                        [
                            "symbol": names("BTCUSDT"), "interval": names("1m"),
                            "date": .days(start: start, end: nil),
                        ])
                ]), client: client)
        #expect(ranged.requestCount == 1)
        #expect(
            ranged.objects.map(\.key).filter { $0.hasSuffix("\(Self.day(1199)).zip") == false }
                == expected { $0.contains("BTCUSDT-1m-") && $0.suffix(14) >= Self.day(1200) })

        // News of a large prefix, all of small ones; then a file published again shows in a full sweep only.
        let known = Dictionary(uniqueKeysWithValues: all.sweptPrefixes.map { ($0.prefix, $0.state!) })
        let added = "data/klines/BTCUSDT/1m/BTCUSDT-1m-\(Self.day(1500)).zip"
        let early = "data/klines/BTCUSDT/1m/BTCUSDT-1m-\(Self.day(3)).zip"
        try server.put([added], body: "new")
        try server.put([early], body: "changed")
        try server.delete(["data/klines/ETHUSDT/1h/ETHUSDT-1h-\(Self.day(2)).zip"])
        try server.delete(Self.keys.filter { $0.contains("/ETHDOWNUSDT/") })
        for mode in [RefreshMode.auto, .full, .none] {
            let next = try await list(
                ListingRequest(
                    source: bucket(server.url), patterns: [entry(Self.pattern)], refresh: mode, known: known),
                client: client)
            let update = merge(previous: ObjectList(all.objects), listing: next)
            switch mode {
            case .none:
                #expect(next.requestCount == 0)
                #expect(Array(update.objects) == all.objects)
            case .auto, .full:
                #expect(update.new.map(\.key) == [added])
                #expect(update.changed.map(\.key) == (mode == .full ? [early] : []))
                #expect(update.gone.count == 11)
                #expect(next.requestCount == 1 + 3 + 5 + (mode == .full ? 4 : 1))
                #expect(next.sweptPrefixes.filter { !$0.isFull }.count == (mode == .full ? 0 : 1))
                #expect(next.sweptPrefixes.filter { $0.state == nil }.count == 2)
            }
        }
    }

    @Test("asks for what it must, encoded")
    func requests() async throws {
        let server = try LoopbackServer { request in
            query(request)["prefix"] == "d+ä/"
                ? .init(text: page([], prefixes: ["d+ä/x y/"]))
                : .init(text: page(["d+ä/x y/2024-05.zip", "d+ä/x y/2024-05.zip.CHECKSUM"]))
        }
        let start = try #require(DayRange(text: "2024-05-17")).start
        let listing = try await list(
            ListingRequest(
                source: bucket(server.url + "/b/"),
                patterns: [entry("d+ä/{s}/{m:month}.zip", ["m": .days(start: start, end: nil)])]),
            client: client, time: instant)
        #expect(listing.objects.map(\.key) == ["d+ä/x y/2024-05.zip"])
        let queries = server.requests.map(query)
        #expect(server.requests.allSatisfy { $0.path == "/b" })
        #expect(
            queries.allSatisfy {
                $0["list-type"] == "2" && $0["delimiter"] == "/" && $0["encoding-type"] == "url"
            })
        #expect(queries.map { $0["prefix"] } == ["d+ä/", "d+ä/x y/"])
        #expect(queries.map { $0["start-after"] } == [nil, "d+ä/x y/2024-04"])
        #expect(
            listing.sweptPrefixes == [
                SweptPrefix(
                    prefix: "d+ä/x y/", startAfter: "d+ä/x y/2024-04", isFull: true, isComplete: true,
                    state: SweepRecord(
                        startAfter: "d+ä/x y/2024-04", lastKey: "d+ä/x y/2024-05.zip.CHECKSUM",
                        sweptAt: 1_000_000,
                        pageCount: 1))
            ])
    }

    @Test("two patterns share what they have in common, and the earlier start")
    func sharing() async throws {
        let server = try LoopbackServer { request in
            query(request)["prefix"] == "a/"
                ? .init(text: page([], prefixes: ["a/x/", "a/y/"])) : .init(text: page([]))
        }
        let listing = try await list(
            ListingRequest(
                source: bucket(server.url),
                patterns: [
                    entry("a/{s}/{d:day}.zip", ["d": .days(start: 19_000, end: nil)]),
                    entry("a/{t}/{d:day}.zip", ["d": .days(start: 18_000, end: nil), "t": names("x", "z*")]),
                ]), client: client, time: instant)
        #expect(listing.requestCount == 3)
        let bounds = server.requests.dropFirst().map(query).map { $0["start-after"] ?? "" }
        #expect(Set(bounds) == ["a/x/2019-04-13", "a/y/2022-01-07"])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var replies: [LoopbackServer.Reply]
        var kind: ListingProblem.Kind?
        /// Tries the answers cost.
        var requestCount: Int
        var keys: [String]
        var testDescription: String { name }

        init(
            _ name: String, _ replies: [LoopbackServer.Reply], _ kind: ListingProblem.Kind?,
            _ requestCount: Int, _ keys: [String]
        ) {
            self.name = name
            self.replies = replies
            self.kind = kind
            self.requestCount = requestCount
            self.keys = keys
        }
    }

    static let denied = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"

    static let faults: [Fault] = [
        Fault("503, then well", [.init(503), .init(text: page(["d/a"]))], nil, 2, ["d/a"]),
        Fault(
            "cut on the way, then well",
            [.init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Lis"), .init(text: page(["d/a"]))], nil,
            2, ["d/a"]),
        Fault(
            "half a page with the right length, then well",
            [.init(text: "<ListBucketResult>"), .init(text: page(["d/a"]))], nil, 2, ["d/a"]),
        Fault("503 without end", [.init(503)], .status(503, code: nil), 3, []),
        Fault("no right to list", [.init(403, text: denied)], .status(403, code: "AccessDenied"), 1, []),
        Fault(
            "another region", [.init(301, text: "<Error><Code>PermanentRedirect</Code></Error>")],
            .status(301, code: "PermanentRedirect"), 1, []),
        Fault(
            "an error with status 200", [.init(text: denied)],
            .page(1, byteOffset: 28, reason: "it is <Error>, not a listing"), 3, []),
        Fault(
            "two pages", [.init(text: page(["d/a"], token: "t")), .init(text: page(["d/b"]))], nil, 2,
            ["d/a", "d/b"]),
        Fault(
            "second page missing", [.init(text: page(["d/a"], token: "t")), .init(403)],
            .status(403, code: nil), 2, ["d/a"]),
        Fault(
            "token expired: goes on behind the last key",
            [.init(text: page(["d/a"], token: "t")), .init(400), .init(text: page(["d/b"]))], nil, 3,
            ["d/a", "d/b"]),
        Fault("bad request at once", [.init(400)], .status(400, code: nil), 1, []),
        Fault(
            "token repeated",
            [.init(text: page(["d/a"], token: "t")), .init(text: page(["d/b"], token: "t"))],
            .tokenRepeated(page: 2), 2, ["d/a", "d/b"]),
        Fault("out of order", [.init(text: page(["d/b", "d/a"]))], .keysOutOfOrder(page: 1), 1, ["d/b"]),
        Fault("key twice", [.init(text: page(["d/b", "d/b"]))], .keysOutOfOrder(page: 1), 1, ["d/b"]),
        Fault(
            "key again on the next page",
            [.init(text: page(["d/b"], token: "t")), .init(text: page(["d/b"]))],
            .keysOutOfOrder(page: 2), 2, ["d/b"]),
        Fault("gzip", [.init(200, [("Content-Encoding", "gzip")], text: "x")], nil, 1, []),
        Fault(
            "too long", [.init(raw: "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")],
            .page(1, byteOffset: 16 << 20, reason: "it is longer than 16777216 bytes"), 1, []),
    ]

    @Test("meets faults", arguments: faults)
    func fault(_ fault: Fault) async throws {
        let index = Mutex(0)
        let server = try LoopbackServer { _ in
            index.withLock { index in
                defer { index += 1 }
                return fault.replies[min(index, fault.replies.count - 1)]
            }
        }
        let listing = try await list(
            ListingRequest(source: bucket(server.url), patterns: [entry("d/{x}")]), client: client,
            time: instant)
        #expect(listing.requestCount == fault.requestCount)
        #expect(listing.objects.map(\.key) == fault.keys)
        if fault.name == "gzip" {
            guard case .transport(let problem)? = listing.problems.first?.kind else {
                Issue.record("\(listing.problems)")
                return
            }
            #expect(problem.kind == .contentEncoding("gzip"))
        } else {
            #expect(listing.problems.map(\.kind) == (fault.kind.map { [$0] } ?? []))
        }
        #expect(listing.isComplete == listing.problems.isEmpty)
        #expect(listing.sweptPrefixes.map(\.isComplete) == [listing.isComplete])
        #expect(listing.isComplete == (listing.sweptPrefixes[0].state != nil))
    }

    @Test("pages with nothing in them end the listing at last")
    func emptyPages() async throws {
        let count = Mutex(0)
        let server = try LoopbackServer { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .init(text: page([], token: "t\(number)"))
        }
        let listing = try await list(
            ListingRequest(source: bucket(server.url), patterns: [entry("d/{x}")]), client: client,
            time: instant)
        #expect(listing.problems.map(\.kind) == [.endless(page: 20)])
    }

    @Test("keys that cannot be files are left out one by one, the listing stays whole")
    func keys() async throws {
        let server = try LoopbackServer { request in
            let keys = ["d/%00", "d/..", "d/a%0Ab", "d/b", "d/b.partial", "d/e%CC%81", "d/%C3%A9", "x/y"]
            let text = page(keys).replacing(
                "<IsTruncated>", with: "<EncodingType>url</EncodingType><IsTruncated>")
            return query(request)["prefix"] == "d/"
                ? .init(text: text) : .init(text: page(["d/b/c"], prefixes: []))
        }
        let listing = try await list(
            ListingRequest(source: bucket(server.url), patterns: [entry("d/{x}"), entry("d/b/{y}")]),
            client: client,
            time: instant)
        #expect(listing.objects.map(\.key) == ["d/b/c", "d/e\u{301}"])
        #expect(listing.isComplete)
        let reasons = listing.problems.compactMap { problem -> KeyRefusal.Reason? in
            if case .key(let refusal) = problem.kind { refusal.reason } else { nil }
        }
        #expect(
            reasons == [
                .controlByte, .dotSegment, .controlByte, .alsoDirectory, .reservedEnding, .normalization,
            ])
        #expect(listing.problems.contains { $0.kind == .outsidePrefix(count: 1) })
    }

    @Test("cancelling ends it")
    func cancellation() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        let server = try LoopbackServer { _ in
            arrived.continuation.yield()
            return .init(raw: "", then: .stall)
        }
        let request = ListingRequest(source: bucket(server.url), patterns: [try entry("d/{x}")])
        let task = Task { [client] in try await list(request, client: client) }
        var arrivals = arrived.stream.makeAsyncIterator()
        _ = await arrivals.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    struct RefreshCase: Sendable, CustomTestStringConvertible {
        var name: String
        var state: SweepRecord
        var start: Int32?
        /// Nil: swept in full.
        var newsAfter: String?
        var testDescription: String { name }

        init(_ name: String, _ state: SweepRecord, start: Int32? = nil, newsAfter: String?) {
            self.name = name
            self.state = state
            self.start = start
            self.newsAfter = newsAfter
        }
    }

    static func state(after: String = "", last: String = "d/2024-01-01", age: Int64 = 10, pages: Int = 3)
        -> SweepRecord
    {
        SweepRecord(startAfter: after, lastKey: last, sweptAt: 1_000_000 - age, pageCount: pages)
    }

    static let refreshCases: [RefreshCase] = [
        RefreshCase("large and recent", state(), newsAfter: "d/2024-01-01"),
        RefreshCase("small", state(pages: 2), newsAfter: nil),
        RefreshCase("a day old", state(age: 86_400), newsAfter: nil),
        RefreshCase("from the future", state(age: -10), newsAfter: nil),
        RefreshCase(
            "a range that begins where it did", state(after: "d/2022-01-07"), start: 19_000,
            newsAfter: "d/2024-01-01"),
        RefreshCase(
            "a range that begins later", state(after: "d/2022-01-06"), start: 19_000,
            newsAfter: "d/2024-01-01"),
        RefreshCase(
            "a range that begins earlier", state(after: "d/2022-01-08"), start: 19_000, newsAfter: nil),
        RefreshCase(
            "a range beyond the last key", state(last: "d/2020-01-01"), start: 19_000, newsAfter: nil),
        RefreshCase("nothing seen", state(last: ""), newsAfter: nil),
    ]

    @Test("refresh auto asks for news only where that is safe", arguments: refreshCases)
    func refresh(_ c: RefreshCase) async throws {
        let server = try LoopbackServer { _ in .init(text: page(["d/2025-01-01"])) }
        let constraints: [String: Constraint] = c.start.map { ["x": .days(start: $0, end: nil)] } ?? [:]
        let listing = try await list(
            ListingRequest(
                source: bucket(server.url), patterns: [entry("d/{x:day}", constraints)],
                known: ["d/": c.state]),
            client: client, time: instant)
        let swept = try #require(listing.sweptPrefixes.first)
        #expect(swept.isFull == (c.newsAfter == nil))
        let bound = c.start == nil ? "" : "d/2022-01-07"
        #expect(query(server.requests[0])["start-after"] ?? "" == c.newsAfter ?? bound)
        #expect(swept.state?.lastKey == "d/2025-01-01")
        #expect(swept.state?.sweptAt == (c.newsAfter == nil ? 1_000_000 : c.state.sweptAt))
        #expect(swept.state?.pageCount == (c.newsAfter == nil ? 1 : c.state.pageCount))
    }
}
