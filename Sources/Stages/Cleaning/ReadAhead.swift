import WorkStealing

/// Reads a payload ahead of who parses it: inflating and hashing happen on a thread of their own, a few blocks in advance.
final class ReadAhead {
    @safe private final class Block {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 64)
        var count = 0
        deinit { unsafe bytes.deallocate() }
    }

    private enum Piece {
        case block(Block)
        /// The last piece.
        case end
        case failure(any Error)
    }

    private static let blockCount = 4

    private let filled = Handover<Piece>(capacity: blockCount + 1)
    private let empty = Handover<Block>(capacity: blockCount)
    private let thread: HelperThread
    /// What is read at present, and how much of it is.
    private var block: Block?
    private var readCount = 0
    private var isAtEnd = false

    /// Takes over a stream that may have been read in part; nil where there is no thread to be had.
    ///
    /// The stream is the thread's until the end was read.
    init?(_ stream: PayloadStream) {
        for _ in 0..<Self.blockCount { empty.put(Block()) }
        let thread = HelperThread { [filled, empty] in
            do {
                while let block = empty.take() {
                    block.count = unsafe try stream.read(block.bytes)
                    guard block.count > 0 else {
                        filled.put(.end)
                        return
                    }
                    filled.put(.block(block))
                }
            } catch {
                filled.put(.failure(error))
            }
        }
        guard let thread else { return nil }
        self.thread = thread
    }

    deinit {
        // Wakes the thread wherever it waits.
        empty.close()
        filled.close()
        thread.join()
    }

    /// As `PayloadStream.read`: fills the front of the buffer, which is not empty; 0 at the end. Its errors, too, come here.
    @unsafe func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if isAtEnd { return 0 }
        if block == nil {
            switch filled.take() {
            case .block(let next):
                block = next
                readCount = 0
            case .failure(let error):
                throw error
            case .end, nil:
                isAtEnd = true
                thread.join()
                return 0
            }
        }
        guard let block else { return 0 }
        let count = min(buffer.count, block.count - readCount)
        // SAFETY: count is at most what is left of either.
        unsafe buffer.baseAddress!.copyMemory(from: block.bytes.baseAddress! + readCount, byteCount: count)
        readCount += count
        if readCount == block.count {
            self.block = nil
            empty.put(block)
        }
        return count
    }
}
