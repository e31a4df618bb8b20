import Foundation
import Locking
import Synchronization
import TestSupport
import Testing
import WorkStealing

/// Graphs of tasks that start each other, with yields in random places.
@Suite("Graphs of tasks on a pool", .timeLimit(.minutes(10))) struct TaskGraphTests {
    enum Shape: String, CaseIterable, CustomTestStringConvertible {
        case chain, fan, tree, lattice, layers, random

        var testDescription: String { rawValue }

        /// For each node the nodes that wait for it, all of higher number.
        func dependants(seed: UInt64) -> [[Int]] {
            var random = SeededGenerator(seed: seed)
            switch self {
            case .chain: return (0..<40).map { $0 < 39 ? [$0 + 1] : [] }
            case .fan: return [Array(1...40)] + (1...40).map { _ in [41] } + [[]]
            case .tree: return (0..<63).map { 2 * $0 + 2 < 63 ? [2 * $0 + 1, 2 * $0 + 2] : [] }
            case .lattice:
                return (0..<49).map { node in
                    (node % 7 < 6 ? [node + 1] : []) + (node < 42 ? [node + 7] : [])
                }
            case .layers:
                return (0..<48).map { node in node < 40 ? Array((node / 8 + 1) * 8..<(node / 8 + 2) * 8) : []
                }
            case .random:
                return (0..<50).map { node in ((node + 1)..<50).filter { _ in random.next() % 12 == 0 } }
            }
        }
    }

    final class Run: Sendable {
        let dependants: [[Int]]
        let pool: WorkStealingPool
        let seed: UInt64
        private struct State {
            var waitingFor: [Int]
            var isDone: [Bool]
            var remaining: Int
            var whenDone: CheckedContinuation<Void, Never>?
        }
        private let state: Lock<State>

        init(_ dependants: [[Int]], seed: UInt64, pool: WorkStealingPool) {
            self.dependants = dependants
            self.pool = pool
            self.seed = seed
            var waitingFor = [Int](repeating: 0, count: dependants.count)
            for dependant in dependants.joined() { waitingFor[dependant] += 1 }
            state = Lock(
                State(
                    waitingFor: waitingFor, isDone: waitingFor.map { _ in false },
                    remaining: waitingFor.count,
                    whenDone: nil))
        }

        func run() async {
            await withCheckedContinuation { continuation in
                let roots = state.withLock { state in
                    state.whenDone = continuation
                    return state.waitingFor.indices.filter { state.waitingFor[$0] == 0 }
                }
                for root in roots { start(root) }
            }
        }

        private func start(_ node: Int) {
            Task(executorPreference: pool) { [self] in
                var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(node))
                for _ in 0..<random.next() % 4 {
                    if random.next() % 2 == 0 { await Task.yield() } else { sched_yield() }
                }
                let (ready, whenDone) = state.withLock { state in
                    #expect(!state.isDone[node], "node \(node) ran twice, seed \(seed)")
                    #expect(state.waitingFor[node] == 0, "node \(node) ran too early, seed \(seed)")
                    state.isDone[node] = true
                    state.remaining -= 1
                    var ready = [Int]()
                    for dependant in dependants[node] {
                        state.waitingFor[dependant] -= 1
                        if state.waitingFor[dependant] == 0 { ready.append(dependant) }
                    }
                    return (ready, state.remaining == 0 ? state.whenDone : nil)
                }
                for node in ready { start(node) }
                whenDone?.resume()
            }
        }
    }

    @Test("every node once, after what it waits for", arguments: Shape.allCases, [1, 2, 4])
    func runs(shape: Shape, workerCount: Int) async {
        let pool = WorkStealingPool(workerCount: workerCount)
        for seed in 0..<100 as Range<UInt64> {
            await Run(shape.dependants(seed: seed), seed: seed, pool: pool).run()
        }
        pool.shutdown()
    }
}
