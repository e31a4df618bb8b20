/// Splits one record by the byte: the obvious twin of the block scan, and its substitute wherever quotes, CRs or
/// zero bytes turn up.
///
/// Fields come out unquoted, each followed by one byte, with the same edges as the block scan would give: field
/// `c` of a record lies at `edges[c] ..< edges[c + 1] - 1`.
struct RecordMachine {
    enum Outcome: Equatable {
        /// `next` is the offset after the record and its newline.
        case complete(next: Int, fieldCount: Int)
        /// The bytes end within the record and the file does not.
        case incomplete
        /// `next` is the offset after the first newline behind `at`.
        case malformed(Malformation, at: Int, next: Int)
    }

    let syntax: FieldSyntax

    /// Reads the record that begins at `start`.
    ///
    /// - Parameters:
    ///   - bytes: readable in `start..<end`.
    ///   - start: less than `end`.
    ///   - isLast: whether the file ends at `end`.
    ///   - output: room for `end - start + 1` bytes at `outputCount`.
    ///   - outputCount: grows by what was written; meaningless after anything but `.complete`.
    ///   - edges: room for `end - start + 2` edges; edge 0 is the record's first byte in `output`.
    ///   - lineCount: grows by the newlines passed, those in quotes too; unchanged when incomplete.
    @unsafe func parse(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, isLast: Bool,
        output: UnsafeMutablePointer<UInt8>, outputCount: inout Int,
        edges: UnsafeMutablePointer<UInt32>, lineCount: inout Int
    ) -> Outcome {
        // SAFETY: i < end wherever bytes[i] is read; every byte read writes at most one byte of output and every
        // field one more for its separator, of which there is at most one more than there are bytes.
        var i = start
        var written = outputCount
        var lines = 0
        var fieldCount = 0
        unsafe edges[0] = UInt32(truncatingIfNeeded: written)

        func endField() {
            unsafe output[written] = syntax.delimiter
            written += 1
            fieldCount += 1
            unsafe edges[fieldCount] = UInt32(truncatingIfNeeded: written)
        }
        func fail(_ reason: Malformation, at position: Int) -> Outcome {
            var next = position
            while next < end, unsafe bytes[next] != FieldSyntax.lineFeed { next += 1 }
            if next == end, !isLast { return .incomplete }
            lineCount += lines + 1
            return .malformed(reason, at: position, next: min(next + 1, end))
        }

        while true {
            if i < end, unsafe bytes[i] == syntax.quote {
                let opening = i
                i += 1
                while true {
                    guard i < end else {
                        guard isLast else { return .incomplete }
                        return .malformed(.unclosedQuote, at: opening, next: end)
                    }
                    let byte = unsafe bytes[i]
                    if byte == syntax.quote {
                        if i + 1 == end, !isLast { return .incomplete }
                        guard i + 1 < end, unsafe bytes[i + 1] == syntax.quote else { break }
                        i += 1
                    } else if byte == 0 {
                        return fail(.zeroByte, at: i)
                    } else if byte == FieldSyntax.lineFeed {
                        lines += 1
                    }
                    unsafe output[written] = byte
                    written += 1
                    i += 1
                }
                i += 1
                if i < end {
                    let byte = unsafe bytes[i]
                    if byte == 0 { return fail(.zeroByte, at: i) }
                    if byte != syntax.delimiter, byte != FieldSyntax.lineFeed,
                        byte != FieldSyntax.carriageReturn
                    {
                        return fail(.textAfterQuote, at: i)
                    }
                }
            } else {
                while i < end {
                    let byte = unsafe bytes[i]
                    if byte == syntax.delimiter || byte == FieldSyntax.lineFeed
                        || byte == FieldSyntax.carriageReturn
                    {
                        break
                    }
                    if byte == syntax.quote { return fail(.quoteInField, at: i) }
                    if byte == 0 { return fail(.zeroByte, at: i) }
                    unsafe output[written] = byte
                    written += 1
                    i += 1
                }
            }

            // Behind a field: a delimiter, a newline, or the end of the bytes.
            guard i < end else {
                guard isLast else { return .incomplete }
                endField()
                lineCount += lines + 1
                outputCount = written
                return .complete(next: end, fieldCount: fieldCount)
            }
            let byte = unsafe bytes[i]
            if byte == syntax.delimiter {
                endField()
                i += 1
                continue
            }
            if byte == FieldSyntax.carriageReturn {
                if i + 1 == end, !isLast { return .incomplete }
                guard i + 1 < end, unsafe bytes[i + 1] == FieldSyntax.lineFeed else {
                    return fail(.strayCarriageReturn, at: i)
                }
                i += 1
            }
            endField()
            lineCount += lines + 1
            outputCount = written
            return .complete(next: i + 1, fieldCount: fieldCount)
        }
    }
}
