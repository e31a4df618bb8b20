package import Bytes
package import Files

/// What became of a finished file.
package enum Publication: Hashable, Sendable {
    /// It stands at its destination now.
    case published(Stamp)
    /// The same bytes stood there already, and still do; the stamp is theirs.
    case unchanged(Stamp)

    package var stamp: Stamp {
        switch self {
        case .published(let stamp), .unchanged(let stamp): stamp
        }
    }
}

/// Publishes a finished file, unless the very same bytes stand at its destination already.
///
/// Then the finished file is discarded: times and inode of the published one stay, and nobody downstream stirs. The
/// bytes on disk are read and hashed for that, whatever their stamp says, since only a rebuild with an equal result gets
/// this far.
///
/// - Parameter recorded: identity of the output as it was last published, or nil if it never was.
package func publishOutput(
    _ file: consuming FinishedFile, recorded: ContentIdentity?, durably: Bool = true
) throws(FileProblem) -> Publication {
    if file.content == recorded, let found = identityOfIntactFile(file.destination, file.content) {
        file.discard()
        return .unchanged(found)
    }
    return .published(try file.publish(durably: durably))
}

/// The stamp of a file that holds these bytes; nil for any other, and for one that cannot be read: it is replaced.
private func identityOfIntactFile(_ path: String, _ content: ContentIdentity) -> Stamp? {
    // The cheap look first; and a link at that place is not what was published.
    guard let isRegular = try? isRegularFile(path), isRegular,
        let stamp = try? Stamp.of(path: path), Int(stamp.byteCount) == content.byteCount,
        let found = try? identity(ofFile: path), found.content == content
    else { return nil }
    return found.stamp
}
