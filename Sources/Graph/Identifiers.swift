/// An action's number in its graph: the place in the graph's columns.
package struct ActionID: Hashable, Comparable, Sendable {
    package let number: UInt32

    package init(_ index: Int) { number = UInt32(index) }

    package var index: Int { Int(number) }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// The number, in its graph, of a file that comes from outside.
package struct RawID: Hashable, Comparable, Sendable {
    package let number: UInt32

    package init(_ index: Int) { number = UInt32(index) }

    package var index: Int { Int(number) }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// What an action reads: a file from outside, or what another action makes. 32 bits.
package struct InputID: Hashable, Sendable {
    private let code: UInt32
    private static let actionBit: UInt32 = 1 << 31

    package init(_ raw: RawID) {
        precondition(raw.number < Self.actionBit, "a graph has no more than 2^31 files from outside")
        code = raw.number
    }

    package init(_ action: ActionID) {
        precondition(action.number < Self.actionBit, "a graph has no more than 2^31 actions")
        code = action.number | Self.actionBit
    }

    /// Nil where an action makes it.
    package var raw: RawID? { code & Self.actionBit == 0 ? RawID(Int(code)) : nil }
    /// Nil where it comes from outside.
    package var action: ActionID? { code & Self.actionBit == 0 ? nil : ActionID(Int(code & ~Self.actionBit)) }
}
