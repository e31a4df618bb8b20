package import Problems

/// Why an archive or one of its members is refused, and where.
package struct ZipProblem: Problem, Hashable {
    /// What was found.
    package enum Kind: Hashable, Sendable {
        // The file.
        case cannotRead(operation: String, code: Int32)
        case changedWhileRead
        /// The bytes it starts with, at most eight.
        case notAZip(start: [UInt8])

        // The end record.
        case noEndRecord
        case ambiguousEndRecord(other: Int)
        case trailingData(byteCount: Int)
        case badEndRecord(String)
        case tooManyMembers(count: UInt64, limit: Int)
        case directoryTooLarge(byteCount: UInt64, limit: Int)
        case splitArchive

        // The directory and the members' headers.
        case badRecord(String)
        case unknownRecord(signature: [UInt8])
        case badExtraField(String)
        case encrypted
        case unsupportedMethod(Int)
        case unsupportedFlags(Int)
        case unsupportedVersion(Int)
        case notARegularFile(mode: Int)
        case badName(String)
        case duplicateName
        case headersDiffer(field: String, directory: String, local: String)
        case gap(from: Int, to: Int)
        case overlap(with: String)
        case ratioTooHigh(byteCount: Int, compressedByteCount: Int)

        // The data.
        case badStream(String)
        case streamEndsEarly
        case dataAfterStream(byteCount: Int)
        case tooShort(expected: Int, found: Int)
        case tooLong(expected: Int)
        case wrongChecksum(expected: UInt32, found: UInt32)
    }

    package var kind: Kind
    /// The archive.
    package var path: String
    /// The member it is about, as the archive names it.
    package var member: String?
    /// Where, in bytes from the start of the file.
    package var offset: Int?

    package init(_ kind: Kind, path: String, member: String? = nil, offset: Int? = nil) {
        self.kind = kind
        self.path = path
        self.member = member
        self.offset = offset
    }

    package var summary: String {
        var place = path.escapedForDisplay
        if let member { place += "!" + member.escapedForDisplay }
        if let offset { place += " (byte \(offset))" }
        return "\(place): \(what)"
    }

    package var hint: String? {
        switch kind {
        case .cannotRead, .badName, .duplicateName, .notARegularFile: nil
        case .changedWhileRead: "another program writes to this file: run again when it is done"
        case .notAZip: "the server may have sent an error page: look at the file, then fetch it again"
        case .tooManyMembers, .directoryTooLarge, .ratioTooHigh: "this looks like a zip bomb"
        case .encrypted: "only archives without a password can be read"
        case .unsupportedMethod, .unsupportedFlags, .unsupportedVersion:
            "only stored and deflated members can be read"
        case .splitArchive: "join the parts into one file first"
        default: "the archive is damaged or was made to deceive: fetch it again"
        }
    }

    package var category: ProblemCategory {
        switch kind {
        case .cannotRead, .changedWhileRead: .disk
        case .wrongChecksum: .checksum
        default: .data
        }
    }

    private var what: String {
        switch kind {
        case .cannotRead(let operation, let code): "cannot \(operation): \(errorText(code))"
        case .changedWhileRead: "changed while it was read"
        case .notAZip(let start): "not a zip (\(start.isEmpty ? "empty" : "starts with \(hexText(start))"))"
        case .noEndRecord: "no end record: cut short, or not a zip"
        case .ambiguousEndRecord(let other): "ambiguous end record: another one at byte \(other)"
        case .trailingData(let byteCount): "\(byteCount) bytes follow the end of the archive"
        case .badEndRecord(let text): "the end record is wrong: \(text)"
        case .tooManyMembers(let count, let limit): "\(count) members, more than the limit of \(limit)"
        case .directoryTooLarge(let byteCount, let limit):
            "a directory of \(byteCount) bytes, more than the limit of \(limit)"
        case .splitArchive: "part of a split archive"
        case .badRecord(let text): text
        case .unknownRecord(let signature): "unknown record \(hexText(signature))"
        case .badExtraField(let text): "extra field: \(text)"
        case .encrypted: "encrypted"
        case .unsupportedMethod(let method): "method \(method) not supported"
        case .unsupportedFlags(let flags): "flags 0x\(String(flags, radix: 16)) not supported"
        case .unsupportedVersion(let version): "needs version \(version / 10).\(version % 10) of the format"
        case .notARegularFile(let mode): "not a regular file (mode 0\(String(mode, radix: 8)))"
        case .badName(let text): "name refused: \(text)"
        case .duplicateName: "a second member of this name"
        case .headersDiffer(let field, let directory, let local):
            "\(field) is \(directory.escapedForDisplay) in the directory and \(local.escapedForDisplay) in the local header"
        case .gap(let from, let to):
            from == 0
                ? "\(to) bytes before the first member" : "bytes \(from)..<\(to) belong to no member"
        case .overlap(let other): "overlaps \(other.escapedForDisplay)"
        case .ratioTooHigh(let byteCount, let compressedByteCount):
            "\(compressedByteCount) bytes that inflate to \(byteCount)"
        case .badStream(let text): text
        case .streamEndsEarly: "the compressed data ends early"
        case .dataAfterStream(let byteCount): "\(byteCount) bytes follow the compressed data"
        case .tooShort(let expected, let found): "\(found) bytes, expected \(expected)"
        case .tooLong(let expected): "more than the expected \(expected) bytes"
        case .wrongChecksum(let expected, let found):
            "CRC-32 is \(hexText(found)), expected \(hexText(expected))"
        }
    }
}

private func hexText(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

private func hexText(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
