import Compression
import TestSupport
import Testing

/// One gzip member as RFC 1952 lays it out.
private func gzip(_ bytes: [UInt8], name: String? = nil, crcError: UInt32 = 0) -> [UInt8] {
    var member: [UInt8] = [0x1F, 0x8B, 8, name == nil ? 0 : 8, 0, 0, 0, 0, 0, 3]
    if let name { member += Array(name.utf8) + [0] }
    member += rawDeflate(bytes, level: 6)
    for value in [CRC32(of: bytes).value ^ crcError, UInt32(bytes.count)] {
        member += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    return member
}

private func gunzip(_ file: [UInt8], cut: Int) throws -> (
    output: [UInt8], isFinished: Bool, inputByteCount: Int
) {
    var inflater = GzipInflater()
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1000)
    var offset = 0
    var isFinished = false
    while true {
        let end = min(offset + cut, file.count)
        let step = try unsafe file[offset..<end].withUnsafeBytes { input in
            try unsafe block.withUnsafeMutableBytes { try unsafe inflater.inflate(from: input, into: $0) }
        }
        offset += step.readByteCount
        output += block[..<step.writtenByteCount]
        isFinished = step.isFinished
        if offset == file.count,
            isFinished || step == InflateStep(readByteCount: 0, writtenByteCount: 0, isFinished: false)
        {
            return (output, isFinished, inflater.inputByteCount)
        }
    }
}

@Suite struct GzipInflaterTests {
    @Test("reads members one after another, in pieces of any size", arguments: [1, 2, 9, 17, 100, 100_000])
    func members(cut: Int) throws {
        let first = Array("a,b\n1,2\n".utf8)
        let second = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        let file = gzip(first, name: "x.csv") + gzip([]) + gzip(second)
        let result = try gunzip(file, cut: cut)
        #expect(result.output == first + second)
        #expect(result.isFinished)
        #expect(result.inputByteCount == file.count)
    }

    @Test("a file cut short is not finished") func truncated() throws {
        let file = gzip(Array("hello, hello".utf8))
        for length in 0..<file.count {
            let result = try gunzip(Array(file[..<length]), cut: 7)
            #expect(!result.isFinished, "\(length)")
        }
    }

    @Test("refuses a wrong checksum and what is not gzip") func refuses() {
        #expect(throws: CompressionProblem.self) { try gunzip(gzip([1, 2, 3], crcError: 1), cut: 100) }
        #expect(throws: CompressionProblem.self) { try gunzip(Array("PK\u{3}\u{4} no gzip".utf8), cut: 100) }
        #expect(throws: CompressionProblem.self) {
            try gunzip(gzip([1]) + [0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], cut: 100)
        }
    }
}

@Suite struct CRC32Tests {
    @Test("the check value of the polynomial") func checkValue() {
        #expect(CRC32(of: Array("123456789".utf8)).value == 0xCBF4_3926)
        #expect(CRC32(of: []).value == 0)
    }

    @Test("in pieces as at once") func pieces() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for cut in [1, 7, 500, 999] {
            var crc = CRC32()
            unsafe bytes[..<cut].withUnsafeBytes { unsafe crc.update($0) }
            unsafe bytes[cut...].withUnsafeBytes { unsafe crc.update($0) }
            #expect(crc == CRC32(of: bytes))
        }
    }
}
