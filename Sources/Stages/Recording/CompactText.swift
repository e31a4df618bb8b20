import Bytes
import Graph

// Etags and times in rows are as `CompactText` has them, with its length before a text that is kept as it is.

extension RowWriter {
    mutating func etag(_ text: String) {
        compact(plain: CompactText.plain) { CompactText.append(etag: text, to: &$0) }
    }

    mutating func time(_ text: String) {
        compact(plain: CompactText.plain) { CompactText.append(time: text, to: &$0) }
    }
}

extension RowReader {
    mutating func etag() -> String {
        var bytes = [UInt8]()
        copyETag(to: &bytes)
        return CompactText.etag(bytes.span)
    }

    mutating func time() -> String {
        var bytes = [UInt8]()
        copyTime(to: &bytes)
        return CompactText.time(bytes.span)
    }

    /// Appends an etag as `CompactText` has it.
    mutating func copyETag(to bytes: inout [UInt8]) {
        let form = byte()
        bytes.append(form)
        switch form {
        case CompactText.plain: copy(countOfParts(), to: &bytes)
        case CompactText.digest: copy(CompactText.digestByteCount, to: &bytes)
        case CompactText.parts:
            copy(CompactText.digestByteCount, to: &bytes)
            _ = copyVarint(to: &bytes)
        default: fail()
        }
    }

    /// Appends a time as `CompactText` has it.
    mutating func copyTime(to bytes: inout [UInt8]) {
        let form = byte()
        bytes.append(form)
        if form == CompactText.plain { return copy(countOfParts(), to: &bytes) }
        let value = copyVarint(to: &bytes)
        guard let form = UTCTime.Form(rawValue: form - 1),
            UTCTime(count: Int64(zigzag: value), form: form).hasText
        else { return fail() }
    }

    mutating func skipTime() {
        if byte() == CompactText.plain { skip(countOfParts()) } else { _ = signed() }
    }
}
