import Columns

/// Sorts any number of rows within a budget of memory: sorted runs go to a file when it is used up, and are merged at the end.
final class RowSorter {
    private let order: RowOrder
    private let types: [ColumnType]
    private let settings: CleanSettings
    private var held: SortedRuns
    private var spill: Spill?
    /// The part of what is held that is written the next time: one of so many.
    private var spilledParts = 8
    /// Runs in the file, by how often their rows were merged.
    private var levels: [[SpilledRun]] = []

    /// Bytes a block should have.
    private static let blockByteCount = 512 << 10

    /// - Parameter types: of the rows' columns, the rank's among them.
    init(order: RowOrder, types: [ColumnType], settings: CleanSettings) {
        self.order = order
        self.types = types
        self.settings = settings
        held = SortedRuns(order: order)
    }

    /// Adds rows in any order. The columns are kept.
    func append(_ columns: [Column]) throws {
        held.append(columns)
        try spillIfFull()
    }

    /// Adds runs, each in order.
    func append(runs: [[RowBlock]]) throws {
        for run in runs {
            for block in run { held.append(sorted: block) }
        }
        try spillIfFull()
    }

    /// All rows in order.
    ///
    /// - Parameters:
    ///   - front: more rows, in order in themselves.
    ///   - keepsRanks: whether all blocks have ranks; else only those that are handed on without a copy.
    func merged(with front: (any RowSource)? = nil, keepsRanks: Bool) throws -> RunMerge {
        var sources: [any RowSource] = levels.flatMap { $0 }
        let blockRows = Self.blockRows(of: held)
        sources += held.takeRuns().map(BlockList.init)
        if let front { sources.append(front) }
        return try RunMerge(
            sources, order: order, types: keepsRanks ? types : types.dropLast(), blockRows: blockRows)
    }

    /// Rows that are written are merged twice, so it is first some that are written, then more at a time: no run is shorter
    /// than it has to be to have few.
    private func spillIfFull() throws {
        while held.byteCount >= 2 * settings.memoryByteCount {
            if spill == nil { spill = try Spill(directory: settings.directory, types: types) }
            let blockRows = Self.blockRows(of: held)
            let part = held.takeRuns(ofByteCount: held.byteCount / spilledParts)
            spilledParts = max(2, spilledParts / 2)
            let merge = try RunMerge(part, order: order, types: types, blockRows: blockRows)
            try add(spill!.write(merge), toLevel: 0, blockRows: blockRows)
        }
    }

    private func add(_ run: SpilledRun, toLevel level: Int, blockRows: Int) throws {
        if levels.count == level { levels.append([]) }
        levels[level].append(run)
        guard levels[level].count == settings.fanIn else { return }
        let merge = try RunMerge(levels[level], order: order, types: types, blockRows: blockRows)
        levels[level] = []
        try add(spill!.write(merge), toLevel: level + 1, blockRows: blockRows)
    }

    /// Rows that make a block of the right size.
    static func blockRows(of runs: SortedRuns) -> Int {
        let rowByteCount = max(1, runs.byteCount / max(1, runs.rowCount))
        return min(max(blockByteCount / rowByteCount, 64), SortedRuns.pieceRows)
    }
}
