import Compression
import TestSupport
import Testing

/// A copy of some bytes with nothing around it, so that a step outside is one outside of the heap's block.
@safe private final class Copy {
    let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        unsafe memory = .allocate(byteCount: bytes.count, alignment: 1)
        unsafe memory.copyBytes(from: bytes)
    }

    deinit { unsafe memory.deallocate() }
}

/// The bytes of those streams that `inflateTogether` calls whole.
private func wholeOnes(_ streams: [(bytes: [UInt8], byteCount: Int)]) -> [[UInt8]?] {
    let inputs = streams.map { Copy($0.bytes) }
    let outputs = streams.map { Copy([UInt8](repeating: 0xEE, count: $0.byteCount)) }
    let shortStreams = zip(inputs, outputs).map {
        unsafe ShortStream(input: UnsafeRawBufferPointer($0.memory), output: $1.memory)
    }
    let areWhole = unsafe inflateTogether(shortStreams)
    return zip(areWhole, outputs).map { isWhole, output in isWhole ? unsafe Array(output.memory) : nil }
}

/// What zlib makes of one: its bytes, if it is sound, takes all of the input and gives as many bytes as it should.
private func inflateByZlib(_ stream: [UInt8], byteCount: Int) -> [UInt8]? {
    var inflater = ZlibInflater()
    var output = [UInt8](repeating: 0, count: byteCount + 1)
    var read = 0
    var written = 0
    while true {
        let step = unsafe stream.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                try? unsafe inflater.inflate(
                    from: UnsafeRawBufferPointer(rebasing: input[read...]),
                    into: UnsafeMutableRawBufferPointer(rebasing: output[written...]))
            }
        }
        guard let step, step.isFinished || step.readByteCount + step.writtenByteCount > 0 else { return nil }
        read += step.readByteCount
        written += step.writtenByteCount
        if step.isFinished { break }
        if written == output.count { return nil }
    }
    guard inflater.inputByteCount == stream.count, written == byteCount else { return nil }
    return Array(output.dropLast())
}

/// Bytes of a random kind: noise, digits, runs, skewed bytes, and repeats near and far.
private func randomBytes(using generator: inout SeededGenerator) -> [UInt8] {
    let count =
        Int.random(in: 0...3, using: &generator) == 0
        ? Int.random(in: 0...70_000, using: &generator) : Int.random(in: 0...3000, using: &generator)
    let kind = Int.random(in: 0..<5, using: &generator)
    var bytes: [UInt8] = []
    while bytes.count < count {
        switch kind {
        case 0: bytes.append(UInt8.random(in: .min ... .max, using: &generator))
        case 1: bytes.append(Array("0123456789,.\n".utf8).randomElement(using: &generator)!)
        case 2: bytes += [UInt8](repeating: 7, count: Int.random(in: 1...600, using: &generator))
        case 3:
            var value: UInt8 = 0
            while Bool.random(using: &generator) { value &+= 7 }
            bytes.append(value)
        default:
            let reach = min(bytes.count, Bool.random(using: &generator) ? 20 : 32_768)
            if reach > 0, Int.random(in: 0..<4, using: &generator) > 0 {
                let distance = Int.random(in: 1...reach, using: &generator)
                for _ in 0..<Int.random(in: 3...(Bool.random(using: &generator) ? 9 : 258), using: &generator)
                {
                    bytes.append(bytes[bytes.count - distance])
                }
            } else {
                bytes.append(UInt8.random(in: 65...90, using: &generator))
            }
        }
    }
    return Array(bytes.prefix(count))
}

@Suite(.enabled(if: shortStreamCount > 0, "this processor inflates one stream after the other"))
struct ShortStreamTests {
    @Test("streams of every make, in groups of every size, equal what went in") func sound() {
        var generator = SeededGenerator(seed: 71)
        for round in 0..<120 {
            let plain = (0..<(1 + round % 7)).map { _ in randomBytes(using: &generator) }
            let streams = plain.map {
                (rawDeflate($0, level: Int.random(in: 0...9, using: &generator)), $0.count)
            }
            #expect(wholeOnes(streams) == plain, "round \(round)")
        }
    }

    @Test("damaged streams, streams cut short and lengths that lie: accepted exactly where zlib accepts")
    func damaged() {
        var generator = SeededGenerator(seed: 72)
        var acceptedCount = 0
        for round in 0..<1500 {
            var streams: [(bytes: [UInt8], byteCount: Int)] = []
            for _ in 0..<3 {
                let plain = randomBytes(using: &generator).prefix(4000)
                var bytes = rawDeflate(Array(plain), level: Int.random(in: 1...9, using: &generator))
                var byteCount = plain.count
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
                case 1: byteCount = max(0, byteCount + Int.random(in: -3...3, using: &generator))
                case 2: bytes.append(0)
                case 3:
                    // Noise as a dynamic block, for the code tables.
                    for index in bytes.indices {
                        bytes[index] = .random(in: .min ... .max, using: &generator)
                    }
                    bytes[0] = bytes[0] & ~7 | 5
                case 4: break
                default:
                    // The first bytes hold the code tables, where damage is most telling.
                    let reach = min(bytes.count, Bool.random(using: &generator) ? 60 : .max)
                    for _ in 0..<Int.random(in: 1...3, using: &generator) {
                        bytes[Int.random(in: 0..<reach, using: &generator)] ^=
                            1
                            << UInt8.random(in: 0..<8, using: &generator)
                    }
                }
                streams.append((bytes, byteCount))
            }
            let expected = streams.map { inflateByZlib($0.bytes, byteCount: $0.byteCount) }
            #expect(wholeOnes(streams) == expected, "round \(round)")
            acceptedCount += expected.count { $0 != nil }
        }
        // Neither all nor none, or nothing was compared.
        #expect((500...4000).contains(acceptedCount))
    }

    @Test("no streams, empty streams") func none() {
        #expect(wholeOnes([]) == [])
        #expect(wholeOnes([([], 0), (rawDeflate([], level: 6), 0)]) == [nil, []])
    }
}
