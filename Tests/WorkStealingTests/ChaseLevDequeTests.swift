import Dispatch
import Foundation
import Locking
import Synchronization
import TestSupport
import Testing
import WorkStealing

@Suite("ChaseLevDeque") struct ChaseLevDequeTests {
    @Test("does what an array does, from one thread", arguments: 1...20 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let deque = ChaseLevDeque(capacity: 1)
        var model = [UInt]()
        // More pushes at first, so that the queue grows several times, then more of the rest.
        for step in 0..<4_000 {
            let choice = UInt64.random(in: 0..<10, using: &random)
            if choice < (step < 2_000 ? 7 : 3) {
                let item = UInt(truncatingIfNeeded: random.next())
                deque.push(item)
                model.append(item)
            } else if choice == 9 {
                #expect(deque.steal() == (model.isEmpty ? .empty : .item(model.removeFirst())))
            } else {
                #expect(deque.take() == model.popLast())
            }
            #expect(deque.isEmpty == model.isEmpty)
        }
    }

    @Test(
        "every item goes to exactly one thread", arguments: [1, 2, 3], [1, 64, 4096])
    func once(thiefCount: Int, capacity: Int) {
        let itemCount = 100_000
        final class Shared: Sendable {
            let deque: ChaseLevDeque
            let isDone = Atomic(false)
            init(capacity: Int) { deque = ChaseLevDeque(capacity: capacity) }
        }
        let shared = Shared(capacity: capacity)
        let got = runThreads(1 + thiefCount) { index -> [UInt] in
            var mine = [UInt]()
            if index == 0 {
                var random = SeededGenerator(seed: UInt64(thiefCount * 10_000 + capacity))
                for item in 0..<UInt(itemCount) {
                    shared.deque.push(item)
                    // Near empty most of the time: that is where owner and thieves meet.
                    while UInt64.random(in: 0..<100, using: &random) < 45, let item = shared.deque.take() {
                        mine.append(item)
                    }
                }
                while let item = shared.deque.take() { mine.append(item) }
                shared.isDone.store(true, ordering: .releasing)
            } else {
                while true {
                    switch shared.deque.steal() {
                    case .item(let item): mine.append(item)
                    case .lost: continue
                    case .empty:
                        if shared.isDone.load(ordering: .acquiring) { return mine }
                        sched_yield()
                    }
                }
            }
            return mine
        }
        #expect(got.joined().sorted() == (0..<UInt(itemCount)).map { $0 })
        // Thieves get items in the order in which they were pushed.
        for mine in got.dropFirst() { #expect(zip(mine, mine.dropFirst()).allSatisfy { $0 < $1 }) }
    }
}

private final class ThreadResults<R: Sendable>: Sendable {
    let values = Lock<[Int: R]>([:])
    let done = DispatchSemaphore(value: 0)
}

/// Runs `body` on that many threads at a time and gives what each returned.
func runThreads<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> R) -> [R] {
    let results = ThreadResults<R>()
    for index in 0..<count {
        Thread.detachNewThread {
            let value = body(index)
            results.values.withLock { $0[index] = value }
            results.done.signal()
        }
    }
    for _ in 0..<count { results.done.wait() }
    return results.values.withLock { values in (0..<count).compactMap { values[$0] } }
}
