import Compression
import TestSupport
import Testing

/// What became of a stream that was fed to an inflater in pieces.
private struct Outcome: Equatable {
    var output: [UInt8] = []
    var inputByteCount = 0
    var isFinished = false
}

/// Feeds `stream` in pieces of `inputCut` bytes into outputs of `outputCut` bytes until it ends or needs more.
private func inflate<T: RawInflater & ~Copyable>(
    _ stream: [UInt8], inputCut: Int, outputCut: Int, by inflater: consuming T
) throws(CompressionProblem) -> Outcome {
    var outcome = Outcome()
    var offset = 0
    var block = [UInt8](repeating: 0xEE, count: outputCut)
    while true {
        let end = min(offset + inputCut, stream.count)
        var result: Result<InflateStep, CompressionProblem>?
        unsafe stream.withUnsafeBytes { input in
            unsafe block.withUnsafeMutableBytes { output in
                do throws(CompressionProblem) {
                    result = .success(
                        try unsafe inflater.inflate(
                            from: UnsafeRawBufferPointer(rebasing: input[offset..<end]), into: output))
                } catch { result = .failure(error) }
            }
        }
        let step = try result!.get()
        offset += step.readByteCount
        outcome.output += block[..<step.writtenByteCount]
        outcome.isFinished = step.isFinished
        outcome.inputByteCount = inflater.inputByteCount
        if step.isFinished { return outcome }
        if step.readByteCount == 0, step.writtenByteCount == 0, end == stream.count { return outcome }
    }
}

/// What does the work where one of them is there.
enum Decoder: String, CaseIterable, Sendable {
    case vector, isal

    static let here = allCases.filter { $0 == .isal || VectorInflater.isThere }
}

private func inflate(
    _ stream: [UInt8], inputCut: Int, outputCut: Int, by decoder: Decoder
) throws(CompressionProblem) -> Outcome {
    switch decoder {
    case .vector:
        try inflate(stream, inputCut: inputCut, outputCut: outputCut, by: VectorInflater())
    case .isal:
        try inflate(stream, inputCut: inputCut, outputCut: outputCut, by: ISALInflater())
    }
}

private func random(_ count: Int, seed: UInt64, symbols: UInt8) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0..<symbols, using: &generator) }
}

struct PlainBytes: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var bytes: [UInt8]

    static let all: [PlainBytes] = [
        PlainBytes(testDescription: "nothing", bytes: []),
        PlainBytes(testDescription: "one byte", bytes: [65]),
        PlainBytes(testDescription: "two lines", bytes: Array("a,b\n1,2\n".utf8)),
        PlainBytes(testDescription: "300,000 zeros", bytes: [UInt8](repeating: 0, count: 300_000)),
        PlainBytes(testDescription: "noise", bytes: random(90_000, seed: 1, symbols: 255)),
        PlainBytes(testDescription: "digits", bytes: random(150_000, seed: 2, symbols: 10)),
        PlainBytes(
            testDescription: "repeats at the longest distance",
            bytes: (0..<4).flatMap { _ in random(32_768, seed: 3, symbols: 255) }),
    ]
}

@Suite struct InflaterTests {
    @Test("equals zlib however input and output are cut", arguments: Decoder.here, PlainBytes.all)
    func equalsTwin(_ decoder: Decoder, _ plain: PlainBytes) throws {
        for level in [0, 1, 9] {
            let stream = rawDeflate(plain.bytes, level: level)
            let expected = Outcome(output: plain.bytes, inputByteCount: stream.count, isFinished: true)
            // What follows the stream must neither be taken nor matter.
            let padded = stream + [UInt8](repeating: 0xA5, count: 20)
            for (inputCut, outputCut) in [
                (1, 70_000), (7, 100_000), (13, 999), (9, 1 << 20), (4096, 31), (65_536, 65_536),
                (1000, 33_000), (1 << 20, 1000), (1 << 20, 1 << 20),
            ] {
                let fast = try inflate(padded, inputCut: inputCut, outputCut: outputCut, by: decoder)
                #expect(fast == expected, "level \(level), cuts \(inputCut) and \(outputCut)")
            }
            #expect(try inflate(padded, inputCut: 777, outputCut: 1234, by: ZlibInflater()) == expected)
        }
    }

    @Test("outputs of one byte", arguments: Decoder.here) func tinyOutput(_ decoder: Decoder) throws {
        let plain = random(3000, seed: 5, symbols: 4)
        let stream = rawDeflate(plain, level: 9)
        for inputCut in [1, 5, 5000] {
            let outcome = try inflate(stream, inputCut: inputCut, outputCut: 1, by: decoder)
            #expect(outcome.output == plain)
        }
    }

    @Test("a stream cut anywhere never finishes and never invents bytes", arguments: Decoder.here)
    func truncated(_ decoder: Decoder) throws {
        let plain = random(2000, seed: 6, symbols: 20)
        let stream = rawDeflate(plain, level: 6)
        for length in 0..<stream.count {
            let cut = Array(stream[..<length])
            let outcome = try inflate(cut, inputCut: 64, outputCut: 512, by: decoder)
            #expect(!outcome.isFinished, "\(length)")
            #expect(plain.starts(with: outcome.output), "\(length)")
        }
    }

    @Test("damaged bytes: what zlib reads is read the same", arguments: Decoder.here)
    func mutated(_ decoder: Decoder) throws {
        var generator = SeededGenerator(seed: 7)
        let plain = random(1500, seed: 8, symbols: 12) + [UInt8](repeating: 7, count: 600)
        let stream = rawDeflate(plain, level: 6)
        for round in 0..<3000 {
            var damaged = stream
            // The first bytes hold the code tables, where damage is most telling.
            let reach = round % 2 == 0 ? 80 : damaged.count
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 0..<min(reach, damaged.count), using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            }
            guard let slow = try? inflate(damaged, inputCut: 1 << 16, outputCut: 1 << 16, by: ZlibInflater())
            else {
                // ISA-L takes some codes that zlib does not.
                guard decoder == .vector else { continue }
                let fast = try? inflate(damaged, inputCut: 100, outputCut: 5000, by: decoder)
                #expect(fast?.isFinished != true, "round \(round)")
                continue
            }
            let fast = try? inflate(damaged, inputCut: 100, outputCut: 5000, by: decoder)
            if slow.isFinished {
                #expect(fast == slow, "round \(round)")
            } else {
                #expect(fast?.isFinished != true, "round \(round)")
            }
        }
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var stream: [UInt8]
        var kind: CompressionProblem.Kind

        static let all = [
            Damage(testDescription: "block type 3", stream: [0x07, 0, 0, 0, 0], kind: .badBlock),
            Damage(
                testDescription: "stored length not confirmed", stream: [0x01, 5, 0, 0, 0, 1, 2, 3, 4, 5],
                kind: .badBlock),
            Damage(
                testDescription: "distance beyond the start", stream: [0x03, 0x02, 0x00], kind: .badDistance),
            Damage(
                testDescription: "over-subscribed code", stream: [0x05, 0x00, 0x92, 0x04, 0, 0, 0, 0, 0, 0],
                kind: .badBlock),
            Damage(
                testDescription: "incomplete code",
                stream: [0x05, 0x00, 0x02] + [UInt8](repeating: 0, count: 9),
                kind: .badBlock),
        ]
    }

    @Test("refuses", arguments: Decoder.here, Damage.all)
    func refuses(_ decoder: Decoder, _ damage: Damage) {
        for cut in [1, 100] {
            var found: CompressionProblem?
            do throws(CompressionProblem) {
                _ = try inflate(damage.stream, inputCut: cut, outputCut: 100, by: decoder)
            } catch { found = error }
            #expect(found?.kind == damage.kind)
            #expect((0...damage.stream.count).contains(found?.inputOffset ?? -1))
            #expect(throws: CompressionProblem.self) {
                try inflate(damage.stream, inputCut: cut, outputCut: 100, by: ZlibInflater())
            }
        }
    }

    @Test("100,000 empty blocks", arguments: Decoder.here) func emptyBlocks(_ decoder: Decoder) throws {
        let block: [UInt8] = [0x00, 0x00, 0x00, 0xFF, 0xFF]
        let stream = Array(repeatElement(block, count: 100_000).joined()) + [0x03, 0x00]
        let outcome = try inflate(stream, inputCut: 4096, outputCut: 4096, by: decoder)
        #expect(outcome == Outcome(output: [], inputByteCount: stream.count, isFinished: true))
    }

    @Test("an inflater that was reset reads the next stream") func reset() throws {
        let streams = [[1, 2, 3], [9, 9, 9, 9]].map { rawDeflate($0, level: 6) }
        var inflater = ISALInflater()
        var output = [UInt8](repeating: 0, count: 10)
        var counts: [Int] = []
        for stream in streams {
            inflater.reset()
            let step = try unsafe stream.withUnsafeBytes { input in
                try unsafe output.withUnsafeMutableBytes {
                    try unsafe inflater.inflate(from: input, into: $0)
                }
            }
            #expect(step.isFinished)
            counts.append(step.writtenByteCount)
        }
        #expect(counts == [3, 4])
    }
}
