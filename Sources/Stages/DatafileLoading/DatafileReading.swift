import Foundation
import Problems

/// One file as read, and what tells it from all others.
struct DatafileBytes {
    struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    var bytes: [UInt8]
    var identity: Identity
}

/// Why a file cannot be read, in the words of a message about it.
struct UnreadableFile: Error {
    var reason: String
    var hint: String?
}

/// Longest Datafile: some ten thousand rules.
let datafileByteLimit = 4 << 20

/// Reads a regular file of at most `datafileByteLimit` bytes. Never waits for a fifo or a device.
func readDatafileBytes(path: String) throws(UnreadableFile) -> DatafileBytes {
    guard !path.utf8.contains(0) else { throw UnreadableFile(reason: "the path holds a zero byte") }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw unreadable(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
        throw UnreadableFile(
            reason: status.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "is no regular file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        // SAFETY: read writes at most chunk.count bytes into chunk.
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw unreadable(errno) }
        guard count > 0 else { break }
        bytes += chunk[..<count]
        guard bytes.count <= datafileByteLimit else {
            throw UnreadableFile(
                reason: "is longer than \(datafileByteLimit >> 20) MiB",
                hint: "split it, and include the parts")
        }
    }
    return DatafileBytes(
        bytes: bytes,
        identity: DatafileBytes.Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            inode: UInt64(truncatingIfNeeded: status.st_ino)))
}

private func unreadable(_ code: Int32) -> UnreadableFile {
    switch code {
    case ENOENT, ENOTDIR: UnreadableFile(reason: "no such file")
    default: UnreadableFile(reason: unsafe "cannot be read: \(String(cString: strerror(code)))")
    }
}

/// Decodes UTF-8, without a byte order mark; nil and the offset of the first wrong byte where it is none.
func decodeDatafile(_ bytes: [UInt8]) -> (text: String?, wrongByte: Int) {
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    if let text = String(validating: content, as: UTF8.self) { return (text, 0) }
    var decoder = UTF8()
    var iterator = content.makeIterator()
    var offset = bytes.count - content.count
    while true {
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar): offset += UTF8.width(scalar)
        case .emptyInput, .error: return (nil, offset)
        }
    }
}
