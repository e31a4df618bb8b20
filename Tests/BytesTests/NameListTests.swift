import Bytes
import TestSupport
import Testing

@Suite struct NameListTests {
    private static func list(_ names: [[UInt8]]) -> NameList {
        var list = NameList()
        for name in names { list.append(name.span) }
        return list
    }

    /// Few letters and many lengths, so that names share beginnings and differ within and after whole words.
    private static func names(_ count: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
        (0..<count).map { _ in
            (0..<Int.random(in: 0...20, using: &random)).map { _ in
                [0, 0x61, 0x62, 0xFF].randomElement(using: &random)!
            }
        }
    }

    @Test("order, search and prefixes are those of bytes", arguments: 1...20 as ClosedRange<UInt64>)
    func ordered(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = Set(Self.names(200, &random)).sorted { $0.lexicographicallyPrecedes($1) }
        let list = Self.list(names)
        #expect(list.count == names.count && list.isAscending)
        let shuffled = Self.list(names.shuffled(using: &random))
        #expect(
            shuffled.ascendingOrder.map { place in
                (0..<shuffled[bytes: place].count).map { shuffled[bytes: place][$0] }
            }
                == names, "seed \(seed)")
        for name in names + Self.names(100, &random) {
            let expected = names.firstIndex(of: name)
            let hint = Int.random(in: -1...names.count, using: &random)
            #expect(
                list.place(of: name.span) == expected && list.place(of: name.span, hint: hint) == expected)
        }
        for _ in 0..<500 {
            let place = Int.random(in: names.indices, using: &random)
            let other = Bool.random(using: &random) ? names[place] : names.randomElement(using: &random)!
            let cut = Int.random(in: 0...other.count, using: &random)
            let (beginning, rest) = (Array(other[..<cut]), Array(other[cut...]))
            #expect(
                unsafe rest.withUnsafeBytes { unsafe list.equals(place, beginning, $0) }
                    == (names[place] == other),
                "seed \(seed): \(names[place]), \(beginning), \(rest)")
        }
        for prefix in ["", "a", "ab", "b", "aa", "bbbbbbbbbb"] {
            let places = list.places(withPrefix: prefix)
            #expect(
                places.map { names[$0] } == names.filter { $0.starts(with: prefix.utf8) },
                "seed \(seed), \(prefix)")
        }
    }

    @Test("an index finds what was put in, and nothing else", arguments: 1...5 as ClosedRange<UInt64>)
    func indexed(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = NameList()
        var index = NameIndex()
        var places = [[UInt8]: Int]()
        for name in Self.names(3_000, &random) {
            let place = index.intern(name.span, in: &list)
            #expect(place == places[name, default: places.count])
            places[name] = place
        }
        #expect(list.count == places.count && index.count == places.count)
        let again = NameIndex(list)
        for name in Array(places.keys) + Self.names(500, &random) {
            #expect(index.place(of: name.span, in: list) == places[name])
            #expect(again.place(of: name.span, in: list) == places[name])
        }
    }
}
