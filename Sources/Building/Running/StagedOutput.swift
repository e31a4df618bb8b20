import Bytes
import Files

/// A staged file that a recipe's closures can write to: made when the first byte comes, for the one thread that runs the recipe.
final class StagedOutput {
    let destination: String
    private var staged: StagedFile?

    /// - Parameter destination: absolute path.
    init(for destination: String) { self.destination = destination }

    /// Whether anything was begun: an output that nothing writes to leaves no file.
    var isBegun: Bool { staged != nil }

    /// Makes the temporary file unless it is there.
    func begin() throws(FileProblem) {
        if staged == nil { staged = try StagedFile(for: destination) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        try begin()
        try unsafe staged!.write(bytes)
    }

    /// Fills the buffer with bytes that were written.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        try begin()
        try unsafe staged!.read(into: buffer, at: offset)
    }

    /// Forgets what was written, but for what this returns.
    func startOver() throws(FileProblem) -> FormerBytes {
        try begin()
        return try staged!.startOver()
    }

    /// Ends writing. The file is still nowhere but under its temporary name.
    func finish() throws(FileProblem) -> FinishedFile {
        try begin()
        let file = staged.take()!
        return try file.finish()
    }

    /// Removes what was written.
    func discard() { staged = nil }
}
