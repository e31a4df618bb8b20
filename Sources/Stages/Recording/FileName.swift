/// A name as the tables keep it: `place` up to and with the last `/`, or with the `:` after the source, and the rest.
struct FileName {
    var place: String
    var name: Substring

    /// Of `source:key`.
    init(source: String, key: String) {
        let cut = Self.cut(key)
        place = source + ":" + key[..<cut]
        name = key[cut...]
    }

    /// Of any target or path; an object's name in full gives the same place as its source and key do.
    init(_ text: String) {
        var cut = Self.cut(text)
        if cut == text.startIndex, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            cut = text.utf8.index(after: colon)
        }
        place = String(text[..<cut])
        name = text[cut...]
    }

    /// After the last slash. A slash is a whole scalar, so the index is good for the text as well.
    private static func cut(_ text: String) -> String.Index {
        let offset = unsafe withUTF8(of: text) { bytes in
            var offset = bytes.count
            // SAFETY: 0 <= offset - 1 < bytes.count.
            while unsafe offset > 0 && bytes[offset - 1] != UInt8(ascii: "/") { offset -= 1 }
            return offset
        }
        return text.utf8.index(text.startIndex, offsetBy: offset)
    }
}

/// `place` followed by the bytes of `name`, less the first `dropped` bytes.
func joined(_ place: String, dropping dropped: Int = 0, _ name: UnsafeRawBufferPointer) -> String {
    unsafe withUTF8(of: place) { head in
        let kept = max(0, head.count - dropped)
        return unsafe String(unsafeUninitializedCapacity: kept + name.count) { buffer in
            // SAFETY: the capacity is the sum of the two lengths, each copied once.
            let target = UnsafeMutableRawBufferPointer(buffer)
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: head[(head.count - kept)...])))
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[kept...])
            unsafe rest.copyMemory(from: name)
            return kept + name.count
        }
    }
}
