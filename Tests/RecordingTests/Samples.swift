import Bytes
import Files
import Graph
import Problems
import TestSupport

/// Random records, the same for the same seed: plain ones as builds make them, and odd ones.
struct Samples {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    static let odd = [
        "", "é", "e\u{301}", "a/b", "/", "//", ":", "a:b/c", "\u{0}x", "line\nbreak", "\u{301}x",
        "/\u{301}/\u{301}", "\u{202E}", "日本/語", "'; DROP TABLE raw; --",
        "d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E",
        "d41d8cd98f00b204e9800998ecf8427e-12",
        "d41d8cd98f00b204e9800998ecf8427e-012", "d41d8cd98f00b204e9800998ecf8427e-", "2024-02-29T23:59:59Z",
        "2024-02-29T23:59:59.000Z", "2024-02-29T23:59:59.123Z", "2024-02-29T23:59:59.123456Z",
        "2024-02-29T23:59:59.000000Z",
        "2023-02-29T00:00:00Z", "2024-01-01T00:00:00+00:00", "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00,123Z",
        String(repeating: "long/", count: 300),
    ]

    mutating func text() -> String { Self.odd.randomElement(using: &random)! }
    mutating func word() -> UInt64 { random.next() }
    mutating func integer() -> Int {
        Bool.random(using: &random)
            ? Int.random(in: -3...300, using: &random) : Int(truncatingIfNeeded: word())
    }
    mutating func flag() -> Bool { Bool.random(using: &random) }
    mutating func digest() -> XXH3Digest { XXH3Digest(high: word(), low: word()) }
    mutating func content() -> ContentIdentity {
        ContentIdentity(
            byteCount: integer(), xxh3: digest(),
            sha256: SHA256Digest(words: (word(), word(), word(), word())))
    }
    mutating func stamp() -> Stamp {
        Stamp(
            byteCount: Int64(integer()), modified: Int64(bitPattern: word()),
            changed: Int64(bitPattern: word()), inode: word())
    }

    mutating func object(key: String) -> RemoteObject {
        RemoteObject(
            key: key, etag: text(), byteCount: integer(), lastModified: text(), stamp: flag() ? stamp() : nil)
    }

    mutating func raw(source: String, key: String) -> RawRecord {
        RawRecord(
            source: source, key: key, etag: text(), lastModified: text(), content: content(),
            payload: flag() ? digest() : nil, stamp: stamp(),
            checksum: [.verified, .notRequired, .missing].randomElement(using: &random)!)
    }

    mutating func statistics() -> DatasetStatistics {
        var statistics = DatasetStatistics()
        statistics.rowCount = integer()
        statistics.first = flag() ? text() : nil
        statistics.last = flag() ? text() : nil
        statistics.duplicateRowCount = integer()
        statistics.conflictRowCount = integer()
        statistics.gapCount = integer()
        statistics.missingRowCount = integer()
        statistics.rejectedRowCount = integer()
        for _ in 0..<Int.random(in: 0...3, using: &random) { statistics.nullCounts[text()] = integer() }
        return statistics
    }

    mutating func action(output: String) -> ActionRecord {
        var bindings: Bindings = [:]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            bindings[text()] = flag() ? text() : String(output.suffix(3))
        }
        let content = content()
        return ActionRecord(
            rule: text(), output: output, bindings: bindings,
            recipe: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                RecipeField(name: text(), value: text())
            },
            writer: text(),
            inputs: (0..<Int.random(in: 0...5, using: &random)).map { _ in
                InputRecord(name: text() + text(), digest: digest())
            }, content: content, valueDigest: flag() ? content.xxh3 : digest(), stamp: stamp(),
            rowCount: integer(),
            statistics: flag() ? statistics() : nil, milliseconds: integer(), run: text())
    }

    mutating func failure(target: String) -> FailureRecord {
        FailureRecord(
            target: target, category: ProblemCategory.allCases.randomElement(using: &random)!,
            message: text(),
            attempts: integer(), isQuarantined: flag(), subject: text(), lastAttempt: text())
    }

    mutating func run(id: String) -> RunRecord {
        var counts = RunCounts()
        counts.considered = integer()
        counts.fresh = integer()
        counts.built = integer()
        counts.unchanged = integer()
        counts.failed = integer()
        counts.fetchedObjects = integer()
        counts.fetchedByteCount = integer()
        counts.rows = integer()
        return RunRecord(
            id: id, startedAt: Int64(integer()), finishedAt: flag() ? Int64(integer()) : nil,
            arguments: (0..<3).map { _ in text() }, version: text(),
            outcome: flag() ? RunRecord.Outcome.allCases.randomElement(using: &random) : nil, counts: counts)
    }

    mutating func event(run: String, number: Int = 1) -> RunEvent {
        let outcomes: [RunEvent.Outcome] = [
            .done, .unchanged, .cancelled, .failed(.network), .failed(.internal), .abandoned,
        ]
        let outcome = outcomes.randomElement(using: &random)!
        let isFailed = if case .failed = outcome { true } else { false }
        return RunEvent(
            run: run, number: number, target: text() + text(),
            kind: RunEvent.Kind.allCases.randomElement(using: &random)!,
            reason: flag() ? ReasonKind.allCases.randomElement(using: &random) : nil,
            startedAt: Int64(integer()), microseconds: integer(), hashingMicroseconds: integer(),
            publishingMicroseconds: integer(), outcome: outcome, worker: integer(),
            after: number > 1 && flag() ? Int.random(in: 1..<number, using: &random) : nil,
            byteCount: integer(), message: isFailed ? text() : "")
    }

    // MARK: As builds make them

    /// Day `index` of a few symbols, in the form of an archive of daily files.
    static func key(_ index: Int) -> String {
        let symbol = "SYM\(index / 1_000)USDT"
        let month = index / 28 % 12 + 1
        let date = "\(2010 + index / 336 % 20)-\(month < 10 ? "0" : "")\(month)-\(10 + index % 28 % 20)"
        return "data/spot/daily/klines/\(symbol)/1m/\(symbol)-1m-\(date)-\(index % 1_000).zip"
    }

    mutating func plainObject(_ index: Int) -> RemoteObject {
        RemoteObject(
            key: Self.key(index), etag: digest().description, byteCount: 40_000 + Int(word() % 40_000),
            lastModified: "2024-03-05T06:07:\(10 + index % 50).000Z")
    }

    mutating func plainStamp(byteCount: Int) -> Stamp {
        let modified = 1_700_000_000_000_000_000 + Int64(word() % 1_000_000_000_000_000)
        return Stamp(
            byteCount: Int64(byteCount), modified: modified, changed: modified + Int64(word() % 3_000_000),
            inode: 1_000_000 + word() % 2_000_000)
    }

    mutating func plainContent() -> ContentIdentity {
        var content = content()
        content.byteCount = 40_000 + Int(word() % 40_000)
        return content
    }

    mutating func plainRaw(_ index: Int, source: String = "archive") -> RawRecord {
        let object = plainObject(index)
        let content = plainContent()
        return RawRecord(
            source: source, key: object.key, etag: object.etag, lastModified: object.lastModified,
            content: content,
            payload: digest(), stamp: plainStamp(byteCount: content.byteCount), checksum: .verified)
    }

    static let recipe = (0..<40).map { RecipeField(name: "columns.c\($0).type", value: "float64") }

    static func output(_ index: Int) -> String {
        "lake/spot/klines/symbol=SYM\(index / 1_000)USDT/interval=1m/2024-01-\(index % 1_000).parquet"
    }

    /// - Parameter inputCount: daily files of one symbol.
    mutating func plainAction(_ index: Int, inputCount: Int, run: String = "2024-03-05T06-07-08Z")
        -> ActionRecord
    {
        let content = plainContent()
        var statistics = DatasetStatistics()
        statistics.rowCount = 1_440
        statistics.first = "2024-01-01T00:00:00Z"
        statistics.last = "2024-01-01T23:59:00Z"
        return ActionRecord(
            rule: "spot-klines", output: Self.output(index),
            bindings: ["symbol": "SYM\(index / 1_000)USDT", "interval": "1m", "date": "2024-01"],
            recipe: Self.recipe, writer: "datamake-parquet 1",
            inputs: (0..<inputCount).map {
                InputRecord(name: "archive:" + Self.key(index * inputCount + $0), digest: digest())
            }, content: content, valueDigest: digest(), stamp: plainStamp(byteCount: content.byteCount),
            rowCount: 1_440,
            statistics: statistics, milliseconds: Int(word() % 200), run: run)
    }
}
