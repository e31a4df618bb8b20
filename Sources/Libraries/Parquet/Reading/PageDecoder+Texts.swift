import Columns

extension PageDecoder {
    /// Appends the texts of a page, which are copied to the column's own memory.
    mutating func appendTexts(
        _ page: PageHeader.Data, _ source: UnsafeRawBufferPointer, count: Int, rows: Int, to column: Column
    ) throws(Fault) {
        let first = column.count
        let firstByte = column.textByteCount
        let limit = min(byteLimit, Int(UInt32.max)) - firstByte
        if page.encoding.usesDictionary {
            try unsafe decodeIndices(source, count: count)
            let byteCount = unsafe indices.withElements(of: UInt32.self) { indices in
                unsafe dictionaryTexts.ends.withElements(of: UInt32.self) { ends in
                    // SAFETY: indices were checked against the number of entries.
                    var sum = 0
                    for i in 0..<count {
                        let index = unsafe Int(indices[i])
                        sum &+= unsafe Int(ends[index]) &- (index == 0 ? 0 : Int(ends[index &- 1]))
                    }
                    return sum
                }
            }
            guard byteCount <= limit else {
                throw Fault(.tooLarge("text", byteCount: byteCount, limit: limit), at: 0)
            }
            column.reserve(first + rows)
            column.reserveText(firstByte + byteCount)
            gatherTexts(to: column, count: count, rows: rows)
            column.setTextByteCount(firstByte + byteCount)
            return
        }
        try unsafe texts.decode(source, page.encoding, count: count, byteLimit: limit)
        try texts.checkUTF8()
        column.reserve(first + rows)
        column.reserveText(firstByte + texts.bytes.count)
        unsafe texts.bytes.withBytes { bytes in
            guard bytes.count > 0 else { return }
            // SAFETY: room was made for them.
            unsafe (column.textBase + firstByte).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        }
        column.setTextByteCount(firstByte + texts.bytes.count)
        unsafe column.withMutableSlots(as: UInt32.self) { slots in
            unsafe texts.ends.withElements(of: UInt32.self) { ends in
                for i in 0..<count {
                    unsafe slots[first &+ i] = UInt32(truncatingIfNeeded: firstByte) &+ ends[i]
                }
            }
            unsafe spreadEnds(slots, first: first, count: count, rows: rows, firstByte: firstByte)
        }
    }

    /// Copies the texts that `indices` name, and where they end.
    private func gatherTexts(to column: Column, count: Int, rows: Int) {
        let first = column.count
        let firstByte = column.textByteCount
        let target = unsafe column.textBase
        unsafe column.withMutableSlots(as: UInt32.self) { slots in
            unsafe dictionaryTexts.ends.withElements(of: UInt32.self) { ends in
                unsafe dictionaryTexts.bytes.withBytes { bytes in
                    unsafe indices.withElements(of: UInt32.self) { indices in
                        // SAFETY: indices are below the number of entries; room was made for the sum of their lengths.
                        var end = firstByte
                        for i in 0..<count {
                            let index = unsafe Int(indices[i])
                            let start = unsafe index == 0 ? 0 : Int(ends[index &- 1])
                            let length = unsafe Int(ends[index]) &- start
                            if length > 0 {
                                unsafe (target + end).copyMemory(
                                    from: bytes.baseAddress! + start, byteCount: length)
                            }
                            end &+= length
                            unsafe slots[first &+ i] = UInt32(truncatingIfNeeded: end)
                        }
                    }
                }
            }
            unsafe spreadEnds(slots, first: first, count: count, rows: rows, firstByte: firstByte)
        }
    }

    /// As `spread`, for texts: a null row ends where the text before it ends.
    private func spreadEnds(
        _ slots: UnsafeMutableBufferPointer<UInt32>, first: Int, count: Int, rows: Int, firstByte: Int
    ) {
        guard count < rows else { return }
        unsafe validity.withBytes { validity in
            // SAFETY: value <= row < rows, and the slots have room for first + rows.
            var value = count
            for row in stride(from: rows - 1, through: 0, by: -1) {
                unsafe slots[first &+ row] =
                    value == 0 ? UInt32(truncatingIfNeeded: firstByte) : slots[first &+ value &- 1]
                if unsafe validity[row] != 0 { value &-= 1 }
            }
        }
    }
}
