import Parquet
import Testing

@Suite struct CompactWriterTests {
    @Test("fields, steps and nesting")
    func fields() {
        var writer = CompactWriter()
        writer.structure { outer in
            outer.i32(1, -1)
            outer.bool(2, true)
            outer.bool(3, false)
            outer.structure(20) { inner in
                inner.i64(1, 300)
                inner.string(2, "ä")
            }
            outer.i16(21, 1)
            outer.emptyStructure(22)
        }
        // A step over 15 is written as a type byte and the zigzag id: 20 is 0x28.
        #expect(
            writer.buffer.array() == [
                0x15, 0x01, 0x11, 0x12, 0x0C, 0x28, 0x16, 0xD8, 0x04, 0x18, 0x02, 0xC3, 0xA4, 0x00, 0x14,
                0x02, 0x1C,
                0x00, 0x00,
            ])
    }

    @Test("lists of up to 14 have their count in the header", arguments: [0, 14, 15, 300])
    func lists(count: Int) {
        var writer = CompactWriter()
        writer.structure { outer in
            outer.list(1, of: .i32, count: count) { list in
                for _ in 0..<count { list.integer(-64) }
            }
        }
        let header: [Int: [UInt8]] = [0: [0x05], 14: [0xE5], 15: [0xF5, 15], 300: [0xF5, 0xAC, 0x02]]
        #expect(writer.buffer.array() == [0x19] + header[count]! + Array(repeating: 0x7F, count: count) + [0])
    }

    @Test("integers at the limits")
    func limits() {
        var writer = CompactWriter()
        writer.integer(.min)
        writer.integer(.max)
        let nines = Array(repeating: UInt8(0xFF), count: 9)
        #expect(writer.buffer.array() == nines + [0x01] + [0xFE] + nines.dropLast() + [0x01])
    }
}
