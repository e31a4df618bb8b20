import Bytes
import CSV
import Compression

/// Steps that see bytes alone: inflating, hashing, the scan for separators.
struct ByteSteps {
    /// As many bytes as the reader of records takes at a time.
    private static let blockByteCount = RecordReader.defaultBlockByteCount

    func run(_ workload: Workload, into measurements: inout Measurements) throws {
        let text = workload.textByteCount
        measurements.add(Measurements.floorName, try inflate(workload, by: ISALInflater.self), bytes: text)
        measurements.add("inflate (zlib)", try inflate(workload, by: ZlibInflater.self), bytes: text)
        if VectorInflater.isThere {
            measurements.add("inflate", try inflate(workload, by: VectorInflater.self), bytes: text)
        }
        if let together = try inflateTwoAtATime(workload) {
            measurements.add("inflate (two at a time)", together, bytes: text)
        }

        var sum = Stopwatch()
        var checksum = CRC32()
        unsafe eachBlock(of: workload) { block in sum.time { unsafe checksum.update(block) } }
        measurements.add("CRC-32 of the text", sum, bytes: text)

        var fast = Stopwatch()
        var xxh3 = XXH3Hasher()
        unsafe eachBlock(of: workload) { block in fast.time { unsafe xxh3.update(block) } }
        measurements.add("XXH3-128 of the text", fast, bytes: text)

        var strong = Stopwatch()
        for payload in workload.payloads {
            unsafe payload.zip.withUnsafeBytes { zip in
                strong.time {
                    var sha256 = SHA256Hasher()
                    unsafe sha256.update(zip)
                    _ = sha256.finish()
                }
            }
        }
        measurements.add("SHA-256 of the zip", strong, bytes: workload.zipByteCount)
        if workload.payloads.count > 1 {
            let zips = workload.payloads.map { HeldBytes($0.zip) }
            for (name, usesKernel) in [("one by one", false), ("two at a time", true)] {
                var both = Stopwatch()
                both.time { _ = ContentIdentity.identities(of: zips, usesKernel: usesKernel) }
                measurements.add(
                    "XXH3-128 and SHA-256, zips \(name)", both, bytes: workload.zipByteCount)
            }
        }

        var scan = Stopwatch()
        var found = 0
        let edges = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.blockByteCount + 64)
        defer { unsafe edges.deallocate() }
        unsafe eachBlock(of: workload) { block in
            // SAFETY: the block is not empty, and there is room for as many offsets as it has bytes, and 64.
            found += scan.time {
                unsafe findEdges(
                    block.baseAddress!.assumingMemoryBound(to: UInt8.self), count: block.count,
                    syntax: FieldSyntax(), into: edges
                ).found
            }
        }
        measurements.add("find field ends", scan, values: found, bytes: text)
    }

    private func inflate<Decoder: RawInflater & ~Copyable>(
        _ workload: Workload, by type: Decoder.Type
    ) throws -> Stopwatch {
        var stopwatch = Stopwatch()
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { unsafe output.deallocate() }
        for payload in workload.payloads {
            try unsafe payload.zip[payload.deflated].withUnsafeBytes { input in
                try stopwatch.time {
                    var decoder = Decoder()
                    _ = try unsafe inflateAll(input, with: &decoder, into: output)
                }
            }
        }
        return stopwatch
    }

    /// Nil where there are not two short ones, or the processor does not run it.
    private func inflateTwoAtATime(_ workload: Workload) throws -> Stopwatch? {
        let payloads = workload.payloads
        guard shortStreamCount > 0, payloads.count >= shortStreamCount,
            payloads.allSatisfy({ $0.text.count <= 512 << 10 })
        else { return nil }
        var stopwatch = Stopwatch()
        let outputs = (0..<shortStreamCount).map { _ in RecordBlock(capacity: 512 << 10) }
        for start in stride(from: 0, to: payloads.count, by: shortStreamCount) {
            let group = payloads[start..<min(start + shortStreamCount, payloads.count)]
            let inputs = group.map { HeldBytes(Array($0.zip[$0.deflated])) }
            let streams = zip(zip(group, inputs), outputs).map { pair, output in
                unsafe ShortStream(
                    // The bytes stay where they are, for `inputs` lives on.
                    input: pair.1.bytes,
                    output: UnsafeMutableRawBufferPointer(rebasing: output.bytes[..<pair.0.text.count]))
            }
            let areWhole = stopwatch.time { unsafe inflateTogether(streams) }
            withExtendedLifetime(inputs) {}
            guard areWhole.allSatisfy(\.self) else {
                throw BenchmarkProblem(description: "a deflate stream is not by the book")
            }
        }
        return stopwatch
    }

    /// Hands out the text block by block, each in cache as it is when it has just been inflated.
    private func eachBlock(of workload: Workload, _ body: (UnsafeRawBufferPointer) -> Void) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockByteCount, alignment: 64)
        defer { unsafe block.deallocate() }
        for payload in workload.payloads {
            unsafe payload.text.withUnsafeBytes { text in
                for start in stride(from: 0, to: text.count, by: Self.blockByteCount) {
                    let count = min(Self.blockByteCount, text.count - start)
                    unsafe block.copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: text[start..<start + count]))
                    unsafe body(UnsafeRawBufferPointer(rebasing: block[..<count]))
                }
            }
        }
    }
}

/// Inflates a whole stream, each piece over the one before.
///
/// - Returns: how many bytes came out.
func inflateAll<Decoder: RawInflater & ~Copyable>(
    _ input: UnsafeRawBufferPointer, with decoder: inout Decoder, into output: UnsafeMutableRawBufferPointer
) throws -> Int {
    var read = 0
    var byteCount = 0
    while true {
        let step = try unsafe decoder.inflate(
            from: UnsafeRawBufferPointer(rebasing: input[read...]), into: output)
        read += step.readByteCount
        byteCount += step.writtenByteCount
        if step.isFinished { return byteCount }
        guard step.readByteCount + step.writtenByteCount > 0 else {
            throw BenchmarkProblem(description: "a deflate stream ends early")
        }
    }
}
