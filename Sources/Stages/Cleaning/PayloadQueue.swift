import Bytes
import CSV
import Zip

/// A job's payloads, one after the other; short ones are read a few at a time, ahead of their turn.
final class PayloadQueue {
    private let inputs: [CleanInput]
    private let contents: (Int) throws -> HeldBytes?
    private var next = 0
    /// Opened ahead, those of the inputs from `next` on.
    private var opened: [PayloadStream] = []
    /// For what is read whole. A stream that was handed out is done with when the last of its group was.
    private var blocks: [RecordBlock] = []

    /// - Parameter contents: as `clean` has it.
    init(_ inputs: [CleanInput], contents: @escaping (Int) throws -> HeldBytes?) {
        self.inputs = inputs
        self.contents = contents
    }

    /// The next input's payload, of which nothing is read yet by the caller. The one before must not be in use any more.
    ///
    /// - Throws: what is wrong with this input; never with a later one.
    func open() throws -> PayloadStream {
        if opened.isEmpty {
            opened = [try stream(of: next)]
            readShortOnes()
        }
        next += 1
        return opened.removeFirst()
    }

    /// Reads the payload just opened together with those after it, as far as they are short.
    private func readShortOnes() {
        guard opened[0].isShort else { return }
        // The last of many is not left over to be read alone, which takes nearly as long as two.
        let most = ZipArchive.shortMemberCount
        let count = inputs.count - next == most + 1 ? most - 1 : most
        for index in (next + 1..<inputs.count).prefix(count - 1) {
            // What is wrong with it is found again when its turn comes.
            guard let stream = try? stream(of: index) else { break }
            opened.append(stream)
            guard stream.isShort else { break }
        }
        let shortOnes = opened.filter(\.isShort)
        while blocks.count < shortOnes.count { blocks.append(RecordBlock(capacity: 1)) }
        PayloadStream.readTogether(shortOnes, into: blocks)
    }

    private func stream(of index: Int) throws -> PayloadStream {
        try PayloadStream(path: inputs[index].path, name: inputs[index].name, contents: contents(index))
    }
}
