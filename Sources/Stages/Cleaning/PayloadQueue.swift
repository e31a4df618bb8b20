import Bytes
import CSV
import WorkStealing
import Zip

/// A job's payloads, one after the other; short ones are read a few at a time, ahead of their turn: with a processor to spare
/// on a thread of its own, while those before them are parsed.
final class PayloadQueue {
    private let groups: PayloadGroups
    private let spare: SpareProcessor
    private var ahead: GroupsAhead?
    private let count: Int
    private var next = 0
    /// Of the last group, the payloads that were not handed out.
    private var opened: [PayloadStream] = []
    private var blocks: [RecordBlock] = []
    private var beganShort = false

    /// - Parameter files: as `clean` has it.
    init(_ inputs: [CleanInput], files: InputFiles, spare: SpareProcessor) {
        groups = PayloadGroups(inputs, files: files)
        count = inputs.count
        self.spare = spare
    }

    /// The next input's payload, of which nothing is read yet by the caller. The one before must not be in use any more.
    ///
    /// - Throws: what is wrong with this input; never with a later one.
    func open() throws -> PayloadStream {
        if opened.isEmpty {
            if ahead == nil, beganShort, count - next > ZipArchive.shortMemberCount, spare.take() {
                ahead = GroupsAhead(groups, from: next)
            }
            let group = try ahead?.next(givingBack: blocks) ?? groups.open(from: next, into: blocks)
            (opened, blocks, beganShort) = (group.streams, group.blocks, group.streams[0].isShort)
        }
        next += 1
        return opened.removeFirst()
    }
}

/// Payloads that were opened together, the short ones of them read.
private struct PayloadGroup {
    /// At least one.
    var streams: [PayloadStream]
    /// What was read is in these. A stream that was handed out is done with when the last of its group was.
    var blocks: [RecordBlock]
}

/// Opens a job's payloads in groups. One thread at a time.
private final class PayloadGroups {
    let inputs: [CleanInput]
    private let files: InputFiles
    /// What was asked for last: of inputs from the first on, as far as it was not handed out.
    private var held: (first: Int, contents: [HeldBytes?]) = (0, [])

    init(_ inputs: [CleanInput], files: InputFiles) {
        self.inputs = inputs
        self.files = files
    }

    /// Opens the payload of an input, and if it is short reads it together with those after it, as far as they are short.
    ///
    /// - Parameter blocks: for what is read; as many as there are, and more if need be.
    /// - Throws: what is wrong with this input.
    func open(from first: Int, into blocks: [RecordBlock]) throws -> PayloadGroup {
        var group = PayloadGroup(streams: [try stream(of: first)], blocks: blocks)
        guard group.streams[0].isShort else { return group }
        for index in (first + 1..<inputs.count).prefix(ZipArchive.shortMemberCount - 1) {
            // What is wrong with it is found again when its turn comes.
            guard let stream = try? stream(of: index) else { break }
            group.streams.append(stream)
            guard stream.isShort else { break }
        }
        let shortOnes = group.streams.filter(\.isShort)
        while group.blocks.count < shortOnes.count { group.blocks.append(RecordBlock(capacity: 1)) }
        PayloadStream.readTogether(shortOnes, into: group.blocks)
        return group
    }

    private func stream(of index: Int) throws -> PayloadStream {
        let contents = try contents(of: index)
        return try PayloadStream(
            path: inputs[index].path, name: inputs[index].name, contents: contents,
            isHashed: contents == nil && files.wantsIdentity(index))
    }

    /// Two groups: an even number of files, as they are hashed two at a time.
    private static let filesAtOnce = 2 * ZipArchive.shortMemberCount

    private func contents(of index: Int) throws -> HeldBytes? {
        if !(held.first..<held.first + held.contents.count).contains(index) {
            held = (index, try files.contents(index..<min(index + Self.filesAtOnce, inputs.count)))
        }
        let place = index - held.first
        guard held.contents.indices.contains(place) else { return nil }
        defer { held.contents[place] = nil }
        return held.contents[place]
    }
}

/// Opens groups on a thread of its own, one in advance.
private final class GroupsAhead {
    private let opened = Handover<Result<PayloadGroup, any Error>>(capacity: 1)
    private let empty = Handover<[RecordBlock]>(capacity: 2)
    private let thread: HelperThread

    /// Nil where there is no thread to be had. The groups are the thread's as long as this is there.
    init?(_ groups: PayloadGroups, from first: Int) {
        let thread = HelperThread { [opened, empty] in
            var next = first
            while next < groups.inputs.count, let blocks = empty.take() {
                let group = Result { try groups.open(from: next, into: blocks) }
                opened.put(group)
                guard case .success(let group) = group else { return }
                next += group.streams.count
            }
        }
        guard let thread else { return nil }
        self.thread = thread
        empty.put([])
    }

    deinit {
        // Wakes the thread wherever it waits.
        empty.close()
        opened.close()
        thread.join()
    }

    /// The next group; there must be one.
    ///
    /// - Parameter blocks: what the last group is done with.
    func next(givingBack blocks: [RecordBlock]) throws -> PayloadGroup {
        empty.put(blocks)
        guard let group = opened.take() else { preconditionFailure("nobody closes it before the end") }
        return try group.get()
    }
}
