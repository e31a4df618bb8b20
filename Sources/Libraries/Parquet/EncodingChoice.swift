/// How the data pages of a chunk are encoded.
struct EncodingChoice: Hashable {
    var encoding: Encoding
    /// Bits of a dictionary index; 0 without a dictionary.
    var indexWidth = 0
    /// Whether the file's codec is used.
    var isCompressed = true
    /// Of BYTE_STREAM_SPLIT: how many of the first streams no codec makes smaller, as samples say.
    var randomStreamCount = 0

    static let plain = EncodingChoice(encoding: .plain)

    /// What share of a chunk, as one part of how many, compression must save: it makes writing and reading several times dearer.
    /// Split streams of random bits cost a compressor next to nothing, so there less is asked.
    var leastGain: Int { encoding == .byteStreamSplit ? 16 : 8 }
}

extension ColumnChunkWriter {
    /// The widest deltas fastparquet unpacks right: it gathers bits in a 64-bit word from which it drops
    /// bytes late.
    private static var widestPortableDelta: Int { 24 }

    /// What an encoding does to a chunk, as samples say.
    private struct Cost {
        var choice: EncodingChoice
        var encodedByteCount: Int
        var compressedByteCount: Int

        var storedByteCount: Int { choice.isCompressed ? compressedByteCount : encodedByteCount }
    }

    /// Smaller chunks save too little to be worth an encoding that some readers refuse.
    private static var leastSplitByteCount: Int { 64 << 10 }

    /// Finds the encoding in which the chunk is smallest after compression, by trying all on samples.
    ///
    /// Samples are compressed, but for the streams of BYTE_STREAM_SPLIT, where counting their bytes tells as much. Small chunks
    /// are tried whole. Of equal ones PLAIN comes first, then the dictionary. A chunk that compression makes
    /// hardly smaller, as packed deltas and random bits are, is left as it is encoded.
    ///
    /// - Parameter settled: the encoding of the column's chunk in the first row group.
    mutating func chooseEncoding<Values: ChunkValues & ~Copyable>(
        of values: borrowing Values, cuts: [PageCut], settled: Encoding?, name: String
    ) throws(ParquetProblem) -> EncodingChoice {
        if let askedEncoding {
            guard askedEncoding == .rleDictionary else { return EncodingChoice(encoding: askedEncoding) }
            guard values.buildAnyway(&dictionary) else { return .plain }
            return EncodingChoice(encoding: .rleDictionary, indexWidth: dictionary.indexWidth)
        }
        if Values.settlesDictionary, options.encodings != .all, let settled {
            guard settled == .rleDictionary else { return .plain }
            _ = values.buildAnyway(&dictionary)
            return EncodingChoice(encoding: .rleDictionary, indexWidth: dictionary.indexWidth)
        }
        guard values.count > 0 else { return .plain }
        var candidates = [EncodingChoice]()
        if values.build(&dictionary) {
            let width = dictionary.indexWidth
            candidates.append(EncodingChoice(encoding: .rleDictionary, indexWidth: width))
            // Whole bytes take more room, and often less once compressed.
            let wholeBytes = width <= 8 ? 8 : 16
            if options.compression != .uncompressed, width < wholeBytes {
                candidates.append(EncodingChoice(encoding: .rleDictionary, indexWidth: wholeBytes))
            }
        }
        let plainByteCount = values.count * (Values.valueByteCount ?? 0)
        for encoding in Values.specialEncodings
        where isAllowed(encoding, cuts: cuts, plainByteCount: plainByteCount) {
            candidates.append(EncodingChoice(encoding: encoding))
        }

        let windows = Self.sampleWindows(values.count)
        var costs = [Cost]()
        for choice in [.plain] + candidates {
            var cost = try cost(of: choice, values, windows, name: name)
            cost.choice.isCompressed =
                (cost.encodedByteCount - cost.compressedByteCount) * choice.leastGain >= cost.encodedByteCount
            // Insertion keeps equal ones in order.
            let place = costs.firstIndex { $0.storedByteCount > cost.storedByteCount }
            costs.insert(cost, at: place ?? costs.count)
        }
        for cost in costs {
            let choice = cost.choice
            if choice.encoding == .deltaBinaryPacked, options.encodings != .all,
                packDeltas(of: values, cuts) > Self.widestPortableDelta
            {
                continue
            }
            return choice
        }
        return .plain
    }

    private func isAllowed(_ encoding: Encoding, cuts: [PageCut], plainByteCount: Int) -> Bool {
        switch encoding {
        case .plain, .rleDictionary: true
        case .rle: options.pageVersion == .v2
        case .deltaBinaryPacked: options.encodings == .all || PageCut.suitPackedDeltas(cuts)
        case .byteStreamSplit:
            switch options.encodings {
            case .portable: false
            case .smallest: plainByteCount >= Self.leastSplitByteCount
            case .all: true
            }
        case .deltaLengthByteArray: options.encodings == .all
        }
    }

    /// Encodes all pages to see how wide their deltas are, and keeps them for writing.
    private mutating func packDeltas<Values: ChunkValues & ~Copyable>(
        of values: borrowing Values, _ cuts: [PageCut]
    ) -> Int {
        packedDeltas.removeAll()
        packedDeltaEnds.removeAll()
        var widest = 0
        for cut in cuts {
            let width = Self.append(
                EncodingChoice(encoding: .deltaBinaryPacked), values, cut.values, dictionary: dictionary,
                lengths: &lengths, to: &packedDeltas)
            widest = max(widest, width)
            packedDeltaEnds.append(packedDeltas.count)
        }
        return widest
    }

    /// What the windows say of the whole chunk.
    private mutating func cost<Values: ChunkValues & ~Copyable>(
        of choice: EncodingChoice, _ values: borrowing Values, _ windows: [Range<Int>], name: String
    ) throws(ParquetProblem) -> Cost {
        let sampleCount = windows.reduce(0) { $0 + $1.count }
        let estimatesStreams = choice.encoding == .byteStreamSplit && options.compression != .uncompressed
        sample.removeAll()
        streams.removeAll()
        var sampleByteCount = 0
        for window in windows {
            if estimatesStreams { sample.removeAll() }
            _ = Self.append(choice, values, window, dictionary: dictionary, lengths: &lengths, to: &sample)
            if estimatesStreams {
                unsafe sample.withBytes { unsafe streams.add($0, streamByteCount: window.count) }
                sampleByteCount += sample.count
            }
        }
        if !estimatesStreams { sampleByteCount = sample.count }
        let compressed = estimatesStreams ? streams.codedByteCount : try compressedByteCount(name: name)
        var choice = choice
        if estimatesStreams { choice.randomStreamCount = streams.randomStreamCount }
        var cost = Cost(
            choice: choice, encodedByteCount: sampleByteCount * values.count / sampleCount,
            compressedByteCount: compressed * values.count / sampleCount)
        if choice.encoding == .rleDictionary {
            sample.removeAll()
            let windows = Self.sampleWindows(dictionary.entryCount)
            let sampleCount = windows.reduce(0) { $0 + $1.count }
            for window in windows { values.appendEntries(of: dictionary, window, to: &sample) }
            cost.encodedByteCount += sample.count * dictionary.entryCount / sampleCount
            cost.compressedByteCount +=
                try compressedByteCount(name: name) * dictionary.entryCount / sampleCount
        }
        return cost
    }

    /// Three runs of values: first, middle and last, together a part in 32 of them where that is no less than 1536 and no more
    /// than 6144. All of them where that is not much more.
    private static func sampleWindows(_ count: Int) -> [Range<Int>] {
        let window = min(max(count / 96, 512), 2048)
        guard count > 4 * window else { return [0..<count] }
        let middle = (count - window) / 2
        return [0..<window, middle..<middle + window, count - window..<count]
    }

    private mutating func compressedByteCount(name: String) throws(ParquetProblem) -> Int {
        compressed.removeAll()
        try compressor.compress(sample, to: &compressed, name: name)
        return compressed.byteCount
    }
}
