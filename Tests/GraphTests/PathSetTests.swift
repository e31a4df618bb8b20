import Graph
import Testing

struct PathSetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var a: String
        var aWhere: [String: Constraint] = [:]
        var b: String
        var bWhere: [String: Constraint] = [:]
        var overlaps: Bool
        var testDescription: String { "\(a) \(overlaps ? "meets" : "avoids") \(b)" }
    }

    static func names(_ includes: String...) -> [String: Constraint] {
        ["x": .globs(includes: includes, excludes: [])]
    }
    static func days(_ first: String?, _ last: String?) -> [String: Constraint] {
        ["d": ConstraintTests.days(first, last)]
    }

    static let cases = [
        Case(a: "a/b", b: "a/b", overlaps: true),
        Case(a: "a/b", b: "a/c", overlaps: false),
        Case(a: "a/{x}.parquet", b: "a/{y}.parquet", overlaps: true),
        Case(a: "a/{x}.parquet", b: "b/{y}.parquet", overlaps: false),
        Case(a: "a/{x}.parquet", b: "a/{x}.csv", overlaps: false),
        Case(a: "a/{x}.parquet", b: "a/{x}/{y}.parquet", overlaps: false),
        Case(a: "a/x{x}", b: "a/{y}z", overlaps: true),
        Case(a: "a/x{x}b", b: "a/y{y}", overlaps: false),
        Case(a: "{x}-{y}", b: "a{z}", overlaps: true),
        Case(a: "{x}-{y}", b: "{n:int}", overlaps: false),
        Case(a: "{x}-{y}", b: "{d:month}", overlaps: true),
        Case(a: "{d:month}", b: "{e:day}", overlaps: false),
        Case(a: "{d:year}", b: "{n:int}", overlaps: true),
        Case(a: "{d:month}", b: "2024-01", overlaps: true),
        Case(a: "{d:month}", b: "2024-13", overlaps: false),
        Case(a: "{x}/k", aWhere: names("A", "B"), b: "{x}/k", bWhere: names("C"), overlaps: false),
        Case(a: "{x}/k", aWhere: names("A", "B"), b: "{x}/k", bWhere: names("B"), overlaps: true),
        Case(a: "{x}/k", aWhere: names("A*"), b: "{x}/k", bWhere: names("B*"), overlaps: false),
        Case(a: "{x}/k", aWhere: names("A*"), b: "{x}/k", bWhere: names("*B"), overlaps: true),
        Case(a: "{x}/k", aWhere: names("{A,B}?"), b: "C1/k", overlaps: false),
        Case(a: "{x}/k", aWhere: names("{A,B}?"), b: "B1/k", overlaps: true),
        Case(
            a: "k/{d.month}", aWhere: days(nil, "2023-12"), b: "k/{d.month}", bWhere: days("2024", nil),
            overlaps: false),
        Case(
            a: "k/{d.month}", aWhere: days(nil, "2024-01-10"), b: "k/{d.month}",
            bWhere: days("2024-01-11", nil), overlaps: true),
        Case(
            a: "k/{d:day}", aWhere: days(nil, "2024-01-10"), b: "k/{d:day}", bWhere: days("2024-01-11", nil),
            overlaps: false),
        Case(a: "{d:year}", aWhere: days("2024", nil), b: "2023", overlaps: false),
        Case(
            a: "{x}-{d:year}.z", aWhere: days(nil, "2023"), b: "{y}-{d:year}.z", bWhere: days("2024", nil),
            overlaps: false),
        Case(
            a: "{x}-{d:year}-{y}", aWhere: days(nil, "2023"), b: "{x}-{d:year}-{y}",
            bWhere: days("2024", nil),
            overlaps: true),
        Case(a: "{n:int}", aWhere: ["n": .integers(lower: 5, upper: nil)], b: "4", overlaps: false),
    ]

    @Test("overlaps", arguments: cases)
    func overlaps(_ c: Case) throws {
        let a = PathSet(try Pattern(parsing: c.a), constraints: c.aWhere)
        let b = PathSet(try Pattern(parsing: c.b), constraints: c.bWhere)
        #expect(a.overlaps(b) == c.overlaps)
        #expect(b.overlaps(a) == c.overlaps)
    }

    @Test("holds paths and directories")
    func holds() throws {
        let set = PathSet(try Pattern(parsing: "a/{x}"), constraints: Self.names("B*"))
        #expect(set.contains("a/B1"))
        #expect(!set.contains("a/C1"))
        #expect(set.holdsDirectory(of: PathSet(try Pattern(parsing: "a/B2/c"))))
        #expect(!set.holdsDirectory(of: PathSet(try Pattern(parsing: "a/B2"))))
        #expect(!set.holdsDirectory(of: PathSet(try Pattern(parsing: "a/C/d"))))
    }

    @Test("whenever one text matches both, the sets overlap")
    func neverWronglyApart() throws {
        var random = SeededRandom(seed: 5)
        let parts = ["{a}", "{b}", "{n:int}", "-", "x", "/", "1", "{y:year}"]
        func pattern() -> Pattern? {
            try? Pattern(
                parsing: (0..<random.number(in: 1...5)).map { _ in
                    parts[random.number(in: 0...parts.count - 1)]
                }.joined())
        }
        var checked = 0
        while checked < 500 {
            guard let a = pattern(), let b = pattern() else { continue }
            for _ in 0..<20 {
                let text = random.text(of: Array("-x/1234"), count: 1...6)
                guard a.matches(text), b.matches(text) else { continue }
                checked += 1
                #expect(PathSet(a).overlaps(PathSet(b)), "\(a.text) and \(b.text) both match \(text)")
            }
        }
    }
}
