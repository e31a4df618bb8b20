/// Texts of a page: `ends` as `UInt32` offsets into `bytes`, whatever the encoding.
struct DecodedTexts: ~Copyable {
    var ends = ByteBuffer()
    var bytes = ByteBuffer()
    private var lengths = ByteBuffer()
    private var prefixes = ByteBuffer()

    /// Decodes `count` texts.
    ///
    /// - Parameter byteLimit: most bytes the texts may take.
    mutating func decode(
        _ source: UnsafeRawBufferPointer, _ encoding: PageEncoding, count: Int, byteLimit: Int
    ) throws(Fault) {
        bytes.removeAll()
        switch encoding {
        case .plain: try unsafe decodePlain(source, count: count)
        case .deltaLengthByteArray: try unsafe decodeLengths(source, count: count)
        case .deltaByteArray: try unsafe decodePrefixes(source, count: count, byteLimit: byteLimit)
        default: throw Fault(.malformed("\(encoding) cannot be the encoding of texts"), at: 0)
        }
        guard bytes.count <= min(byteLimit, Int(UInt32.max)) else {
            throw Fault(
                .tooLarge("text", byteCount: bytes.count, limit: min(byteLimit, Int(UInt32.max))), at: 0)
        }
    }

    /// Each after its length in four bytes.
    private mutating func decodePlain(_ source: UnsafeRawBufferPointer, count: Int) throws(Fault) {
        guard 4 * count <= source.count else {
            throw Fault(.cutShort("\(count) texts", byteCount: source.count, expected: 4 * count), at: 0)
        }
        try unsafe ends.fill(with: UInt32.self, count: count) { ends throws(Fault) in
            try unsafe bytes.append(maximum: source.count - 4 * count) { room throws(Fault) in
                // SAFETY: each text is compared with what is left of `source`; what is copied is shorter than `source` by
                // the four bytes of each length.
                var offset = 0
                var end = 0
                for i in 0..<count {
                    guard source.count &- offset >= 4 else {
                        throw Fault(
                            .cutShort("the length of a text", byteCount: source.count - offset, expected: 4),
                            at: offset)
                    }
                    let length = unsafe Int(
                        UInt32(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
                    let left = source.count &- offset &- 4
                    // Of the bytes left, each text to come takes four for its length.
                    guard length <= left &- 4 &* (count &- i &- 1) else {
                        throw Fault(
                            .outOfRange(
                                "the length of a text", value: length,
                                allowed: 0...max(0, left - 4 * (count - i - 1))), at: offset)
                    }
                    offset &+= 4
                    if length > 0 {
                        unsafe (room.baseAddress! + end).copyMemory(
                            from: source.baseAddress! + offset, byteCount: length)
                    }
                    offset &+= length
                    end &+= length
                    unsafe ends[i] = UInt32(truncatingIfNeeded: end)
                }
                try Self.checkEnd(offset, source.count)
                return end
            }
        }
    }

    private static func checkEnd(_ offset: Int, _ byteCount: Int) throws(Fault) {
        guard offset == byteCount else {
            throw Fault(
                .malformed("\(byteCount - offset) bytes are left over after the last value"), at: offset)
        }
    }

    /// All lengths, delta encoded, then all bytes.
    private mutating func decodeLengths(_ source: UnsafeRawBufferPointer, count: Int) throws(Fault) {
        let used = try unsafe Self.deltas(source, count: count, into: &lengths)
        let rest = unsafe UnsafeRawBufferPointer(rebasing: source[used...])
        try unsafe ends.fill(with: UInt32.self, count: count) { ends throws(Fault) in
            try unsafe lengths.withElements(of: UInt32.self) { lengths throws(Fault) in
                var end = 0
                for i in 0..<count {
                    let length = unsafe Int(lengths[i])
                    guard length <= rest.count &- end else {
                        throw Fault(
                            .outOfRange("the length of a text", value: length, allowed: 0...rest.count - end),
                            at: used + end)
                    }
                    end &+= length
                    unsafe ends[i] = UInt32(truncatingIfNeeded: end)
                }
                try Self.checkEnd(used + end, source.count)
            }
        }
        unsafe bytes.append(rest)
    }

    /// Lengths shared with the text before, delta encoded, then the rest of each text as above.
    ///
    /// Format: parquet-format `Encodings.md`, "Delta Strings (DELTA_BYTE_ARRAY = 7)".
    private mutating func decodePrefixes(
        _ source: UnsafeRawBufferPointer, count: Int, byteLimit: Int
    ) throws(Fault) {
        let prefixByteCount = try unsafe Self.deltas(source, count: count, into: &prefixes)
        let afterPrefixes = unsafe UnsafeRawBufferPointer(rebasing: source[prefixByteCount...])
        let used = prefixByteCount + (try unsafe Self.deltas(afterPrefixes, count: count, into: &lengths))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: source[used...])
        let limit = min(byteLimit, Int(UInt32.max))
        try unsafe prefixes.withElements(of: UInt32.self) { prefixes throws(Fault) in
            try unsafe lengths.withElements(of: UInt32.self) { lengths throws(Fault) in
                let total = try unsafe Self.checkPrefixes(
                    prefixes, lengths, rest.count, at: used, limit: limit)
                unsafe ends.fill(with: UInt32.self, count: count) { ends in
                    unsafe bytes.append(maximum: total) { room in
                        // SAFETY: lengths were checked against `rest`, prefixes against the text before, and their sum is
                        // the room.
                        var (taken, start, end) = (0, 0, 0)
                        for i in 0..<count {
                            let new = end
                            for k in 0..<(unsafe Int(prefixes[i])) {
                                unsafe room[new &+ k] = room[start &+ k]
                            }
                            end &+= unsafe Int(prefixes[i])
                            for k in 0..<(unsafe Int(lengths[i])) { unsafe room[end &+ k] = rest[taken &+ k] }
                            end &+= unsafe Int(lengths[i])
                            taken &+= unsafe Int(lengths[i])
                            start = new
                            unsafe ends[i] = UInt32(truncatingIfNeeded: end)
                        }
                        return total
                    }
                }
            }
        }
    }

    /// The bytes of all texts, each of which has a prefix of the one before and `lengths` bytes of the rest.
    private static func checkPrefixes(
        _ prefixes: UnsafeBufferPointer<UInt32>, _ lengths: UnsafeBufferPointer<UInt32>, _ restByteCount: Int,
        at offset: Int, limit: Int
    ) throws(Fault) -> Int {
        var (taken, last, total) = (0, 0, 0)
        for i in 0..<prefixes.count {
            let prefix = unsafe Int(prefixes[i])
            let length = unsafe Int(lengths[i])
            guard prefix <= last else {
                throw Fault(.outOfRange("a text's shared length", value: prefix, allowed: 0...last), at: 0)
            }
            guard length <= restByteCount - taken else {
                throw Fault(
                    .outOfRange("the length of a text", value: length, allowed: 0...restByteCount - taken),
                    at: offset + taken)
            }
            taken += length
            last = prefix + length
            total += last
            guard total <= limit else {
                throw Fault(.tooLarge("text", byteCount: total, limit: limit), at: 0)
            }
        }
        try checkEnd(offset + taken, offset + restByteCount)
        return total
    }

    /// Lengths of texts, each below 2^31.
    private static func deltas(
        _ source: UnsafeRawBufferPointer, count: Int, into lengths: inout ByteBuffer
    ) throws(Fault) -> Int {
        try unsafe lengths.fill(with: UInt32.self, count: count) { lengths throws(Fault) in
            let used = try unsafe DeltaDecoder.decode(source, into: lengths)
            for i in 0..<count where unsafe lengths[i] > UInt32(Int32.max) {
                throw Fault(
                    .outOfRange(
                        "the length of a text", value: unsafe Int(Int32(bitPattern: lengths[i])),
                        allowed: 0...Int(Int32.max)), at: 0)
            }
            return used
        }
    }

    /// Refuses texts that are not UTF-8.
    func checkUTF8() throws(Fault) {
        try unsafe bytes.withBytes { all throws(Fault) in
            if let bad = unsafe firstByteNotUTF8(all) {
                throw Fault(.malformed("a text is not UTF-8"), at: bad)
            }
            try unsafe ends.withElements(of: UInt32.self) { ends throws(Fault) in
                // All of it is UTF-8, so a text is as long as it does not begin within a character.
                for i in 0..<ends.count {
                    // SAFETY: ends grow up to all.count.
                    let end = unsafe Int(ends[i])
                    if end < all.count, unsafe all[end] & 0xC0 == 0x80 {
                        throw Fault(.malformed("a text ends within a character"), at: end)
                    }
                }
            }
        }
    }
}

/// The first byte that is not part of well-formed UTF-8; nil where all are.
private func firstByteNotUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let elements = unsafe bytes.bindMemory(to: UInt8.self)
    if #available(macOS 26, *) {
        do throws(UTF8.ValidationError) {
            _ = try unsafe UTF8Span(validating: elements.span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }
    return unsafe String(validating: elements, as: UTF8.self) == nil ? 0 : nil
}
