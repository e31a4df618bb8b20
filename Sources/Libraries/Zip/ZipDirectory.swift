/// Reads the directory of an archive and holds every local header against it.
///
/// The rule: the one end record ends the file; the directory ends where the end record starts; each local header equals its
/// directory entry; members and their data descriptors tile the file up to the directory, with no gap and no overlap.
/// What passes reads the same in every other reader.
struct ZipDirectory {
    private let file: ZipFile
    private let limits: ZipLimits

    init(of file: ZipFile, limits: ZipLimits) {
        self.file = file
        self.limits = limits
    }

    /// The members in the directory's order.
    func members() throws(ZipProblem) -> [ZipMember] {
        let end = try ZipEndRecord(of: file, limits: limits)
        let entries = try self.entries(of: end)
        var members = [ZipMember?](repeating: nil, count: entries.count)
        var place = 0
        var previous: Entry?
        let byPlace = entries.indices.sorted { entries[$0].headerOffset < entries[$1].headerOffset }
        for (rank, index) in byPlace.enumerated() {
            let entry = entries[index]
            if entry.headerOffset > place { throw try gap(from: place, to: entry.headerOffset) }
            if entry.headerOffset < place, let previous {
                throw problem(.overlap(with: previous.name), entry, at: entry.headerOffset)
            }
            let next =
                rank + 1 < byPlace.count ? entries[byPlace[rank + 1]].headerOffset : end.directoryOffset
            let (member, memberEnd) = try confirm(entry, next: next)
            members[index] = member
            place = memberEnd
            previous = entry
        }
        if place < end.directoryOffset { throw try gap(from: place, to: end.directoryOffset) }
        return members.compactMap(\.self)
    }

    /// One directory entry, after the zip64 field was read.
    private struct Entry {
        var name: String
        var nameBytes: ArraySlice<UInt8>
        var flags: UInt16
        var methodCode: UInt16
        var method: ZipMember.Method
        var crc32: UInt32
        var compressedByteCount: Int
        var byteCount: Int
        var headerOffset: Int
        /// Where the entry itself lies in the file.
        var offset: Int
    }

    // MARK: The directory

    private func entries(of end: ZipEndRecord) throws(ZipProblem) -> [Entry] {
        let bytes = try file.bytes(at: end.directoryOffset, count: end.directoryByteCount)
        var entries = [Entry]()
        entries.reserveCapacity(end.memberCount)
        var names = Set<ArraySlice<UInt8>>()
        var place = 0
        while place < bytes.count {
            let (entry, byteCount) = try self.entry(at: place, in: bytes, of: end)
            place += byteCount
            guard names.insert(entry.nameBytes).inserted else {
                throw problem(.duplicateName, entry, at: entry.offset)
            }
            entries.append(entry)
            if entries.count > end.memberCount { break }
        }
        guard entries.count == end.memberCount else {
            let found = entries.count > end.memberCount ? "more" : String(entries.count)
            throw ZipProblem(
                .badEndRecord("it counts \(end.memberCount) members, the directory has \(found)"),
                path: file.path, offset: end.directoryOffset)
        }
        return entries
    }

    private func entry(
        at place: Int, in bytes: [UInt8], of end: ZipEndRecord
    ) throws(ZipProblem) -> (entry: Entry, byteCount: Int) {
        let offset = end.directoryOffset + place
        let room = bytes.count - place
        guard room >= 4, bytes.littleEndian(UInt32.self, at: place) == ZipFormat.directoryHeaderSignature
        else {
            let signature = Array(bytes[place..<(place + min(4, room))])
            throw ZipProblem(.unknownRecord(signature: signature), path: file.path, offset: offset)
        }
        guard room >= ZipFormat.directoryHeaderByteCount else {
            throw ZipProblem(
                .badRecord("the directory is cut short"), path: file.path, offset: offset)
        }
        let nameByteCount = Int(bytes.littleEndian(UInt16.self, at: place + 28))
        let extraByteCount = Int(bytes.littleEndian(UInt16.self, at: place + 30))
        let commentByteCount = Int(bytes.littleEndian(UInt16.self, at: place + 32))
        let byteCount =
            ZipFormat.directoryHeaderByteCount + nameByteCount + extraByteCount + commentByteCount
        guard byteCount <= room else {
            throw ZipProblem(
                .badRecord("a directory entry runs past the directory's end"), path: file.path,
                offset: offset)
        }
        let nameStart = place + ZipFormat.directoryHeaderByteCount
        let nameBytes = bytes[nameStart..<(nameStart + nameByteCount)]
        let extraBytes = bytes[(nameStart + nameByteCount)..<(nameStart + nameByteCount + extraByteCount)]
        let flags = bytes.littleEndian(UInt16.self, at: place + 8)
        let name: String
        switch memberName(nameBytes, isUTF8: flags & ZipFormat.utf8Flag != 0) {
        case .success(let text): name = text
        case .failure(let fault):
            throw ZipProblem(
                .badName(fault.rawValue), path: file.path, member: String(decoding: nameBytes, as: UTF8.self),
                offset: offset)
        }
        func refuse(_ kind: ZipProblem.Kind) -> ZipProblem {
            ZipProblem(kind, path: file.path, member: name, offset: offset)
        }

        let methodCode = bytes.littleEndian(UInt16.self, at: place + 10)
        let method = try check(flags: flags, methodCode: methodCode, refuse)
        let version = Int(bytes[place + 6])
        guard version <= ZipFormat.newestVersion else { throw refuse(.unsupportedVersion(version)) }

        let extra: ZipExtraFields
        let wide: [UInt64]
        let disk = bytes.littleEndian(UInt16.self, at: place + 34)
        do throws(ZipExtraFault) {
            extra = try ZipExtraFields(extraBytes, name: nameBytes)
            wide = try extra.resolve(
                wideFields: [24, 20, 42].map { bytes.littleEndian(UInt32.self, at: place + $0) }, disk: disk)
        } catch { throw refuse(error.kind) }
        guard disk == 0 || disk == ZipFormat.sentinel16 else { throw refuse(.splitArchive) }

        guard let size = Int(exactly: wide[0]) else {
            throw refuse(.badRecord("its size is beyond all bounds"))
        }
        // A header and its data lie before the directory, or there is something else in their place.
        let space = UInt64(end.directoryOffset)
        guard wide[2] <= space, wide[1] <= space,
            wide[2] + wide[1] + UInt64(ZipFormat.localHeaderByteCount) <= space
        else { throw refuse(.badRecord("its header or data are not where the entry says")) }
        let entry = Entry(
            name: name, nameBytes: nameBytes, flags: flags, methodCode: methodCode, method: method,
            crc32: bytes.littleEndian(UInt32.self, at: place + 16), compressedByteCount: Int(wide[1]),
            byteCount: size, headerOffset: Int(wide[2]), offset: offset)
        try checkSizes(of: entry, refuse)
        try checkKind(
            madeBy: bytes[place + 5], attributes: bytes.littleEndian(UInt32.self, at: place + 38), entry,
            refuse)
        return (entry, byteCount)
    }

    private func check(
        flags: UInt16, methodCode: UInt16, _ refuse: (ZipProblem.Kind) -> ZipProblem
    ) throws(ZipProblem) -> ZipMember.Method {
        let encryption =
            ZipFormat.encryptedFlag | ZipFormat.strongEncryptionFlag | ZipFormat.maskedHeadersFlag
        if flags & encryption != 0 || methodCode == ZipFormat.aesMethod { throw refuse(.encrypted) }
        guard flags & ~ZipFormat.supportedFlags == 0 else { throw refuse(.unsupportedFlags(Int(flags))) }
        switch methodCode {
        case ZipFormat.storedMethod:
            // Without a length, the end of stored data can only be guessed.
            if flags & ZipFormat.descriptorFlag != 0 {
                throw refuse(.badRecord("stored, with its size behind it"))
            }
            return .stored
        case ZipFormat.deflateMethod: return .deflate
        default: throw refuse(.unsupportedMethod(Int(methodCode)))
        }
    }

    private func checkSizes(
        of entry: Entry, _ refuse: (ZipProblem.Kind) -> ZipProblem
    ) throws(ZipProblem) {
        switch entry.method {
        case .stored:
            guard entry.byteCount == entry.compressedByteCount else {
                throw refuse(.badRecord("stored, but with two sizes"))
            }
        case .deflate:
            let (allowed, overflow) = entry.compressedByteCount.multipliedReportingOverflow(by: limits.ratio)
            guard overflow || entry.byteCount <= max(allowed, limits.ratioFreeByteCount) else {
                throw refuse(
                    .ratioTooHigh(byteCount: entry.byteCount, compressedByteCount: entry.compressedByteCount))
            }
        }
    }

    /// Only regular files, and directories without bytes. Other bits of the mode do not matter: no mode is ever applied.
    private func checkKind(
        madeBy: UInt8, attributes: UInt32, _ entry: Entry, _ refuse: (ZipProblem.Kind) -> ZipProblem
    ) throws(ZipProblem) {
        // APPNOTE 4.4.2: 3 is Unix, 19 is macOS.
        let mode = madeBy == 3 || madeBy == 19 ? Int(attributes >> 16) : 0
        var isDirectory = entry.nameBytes.last == UInt8(ascii: "/")
        switch mode & 0o170000 {
        case 0, 0o100000: break
        case 0o040000: isDirectory = true
        default: throw refuse(.notARegularFile(mode: mode))
        }
        if attributes & 0x10 != 0 { isDirectory = true }
        if isDirectory, entry.byteCount != 0 { throw refuse(.notARegularFile(mode: mode)) }
    }

    // MARK: Local headers

    /// The member of an entry, once its local header and its data descriptor say the same, and where it ends.
    ///
    /// - Parameter next: where the next member or the directory starts.
    private func confirm(_ entry: Entry, next: Int) throws(ZipProblem) -> (member: ZipMember, end: Int) {
        let start = entry.headerOffset
        let fixed = ZipFormat.localHeaderByteCount
        // `start + fixed` is before the directory: checked with the entry.
        let header = try file.bytes(at: start, count: fixed)
        guard header.littleEndian(UInt32.self, at: 0) == ZipFormat.localHeaderSignature else {
            throw problem(.badRecord("no local header where the directory points"), entry, at: start)
        }
        let flags = header.littleEndian(UInt16.self, at: 6)
        let hasDescriptor = flags & ZipFormat.descriptorFlag != 0
        let nameByteCount = Int(header.littleEndian(UInt16.self, at: 26))
        let extraByteCount = Int(header.littleEndian(UInt16.self, at: 28))
        let dataOffset = start + fixed + nameByteCount + extraByteCount
        guard entry.compressedByteCount <= next - dataOffset else {
            throw problem(.overlap(with: "what follows it"), entry, at: start)
        }
        let names = try file.bytes(at: start + fixed, count: nameByteCount + extraByteCount)
        let name = names[..<nameByteCount]
        try compare("name", entry.nameBytes, name, entry) { String(decoding: $0, as: UTF8.self) }
        let compared = ~ZipFormat.descriptorFlag
        try compare("flags", entry.flags & compared, flags & compared, entry) { String($0) }
        try compare("method", entry.methodCode, header.littleEndian(UInt16.self, at: 8), entry) {
            String($0)
        }
        if hasDescriptor, entry.method == .stored {
            throw problem(.badRecord("stored, with its size behind it"), entry, at: start)
        }

        let sizes: [UInt64]
        do throws(ZipExtraFault) {
            let extra = try ZipExtraFields(names[nameByteCount...], name: name)
            sizes = try extra.resolve(
                wideFields: [22, 18].map { header.littleEndian(UInt32.self, at: $0) }, disk: nil)
        } catch { throw problem(error.kind, entry, at: start) }
        let fields = [
            ("CRC-32", UInt64(entry.crc32), UInt64(header.littleEndian(UInt32.self, at: 14))),
            ("size", UInt64(entry.byteCount), sizes[0]),
            ("compressed size", UInt64(entry.compressedByteCount), sizes[1]),
        ]
        // With a descriptor, the header was written before the values were known, and holds zeros.
        for (field, expected, found) in fields where !(hasDescriptor && found == 0) {
            try compare(field, expected, found, entry) { String($0) }
        }

        let dataEnd = dataOffset + entry.compressedByteCount
        if hasDescriptor { try checkDescriptor(of: entry, from: dataEnd, to: next) }
        let member = ZipMember(
            name: entry.name, method: entry.method, compressedByteCount: entry.compressedByteCount,
            byteCount: entry.byteCount, crc32: entry.crc32, headerOffset: start, dataOffset: dataOffset)
        return (member, hasDescriptor ? next : dataEnd)
    }

    /// Checks the descriptor that must fill the bytes between the data and the next member.
    ///
    /// Format: APPNOTE 4.3.9: CRC-32 and both sizes, of 32 or 64 bits, with or without a signature before them.
    private func checkDescriptor(of entry: Entry, from start: Int, to end: Int) throws(ZipProblem) {
        func refuse(_ text: String) -> ZipProblem { problem(.badRecord(text), entry, at: start) }
        guard [12, 16, 20, 24].contains(end - start) else {
            throw refuse("no data descriptor between its data and what follows")
        }
        var bytes = try file.bytes(at: start, count: end - start)
        // The four lengths tell the four forms apart.
        if bytes.count == 16 || bytes.count == 24 {
            guard bytes.littleEndian(UInt32.self, at: 0) == ZipFormat.descriptorSignature else {
                throw refuse("its data descriptor has no signature")
            }
            bytes.removeFirst(4)
        }
        let isWide = bytes.count == 20
        let compressed =
            isWide ? bytes.littleEndian(UInt64.self, at: 4) : UInt64(bytes.littleEndian(UInt32.self, at: 4))
        let uncompressed =
            isWide ? bytes.littleEndian(UInt64.self, at: 12) : UInt64(bytes.littleEndian(UInt32.self, at: 8))
        guard bytes.littleEndian(UInt32.self, at: 0) == entry.crc32,
            compressed == UInt64(entry.compressedByteCount), uncompressed == UInt64(entry.byteCount)
        else { throw refuse("its data descriptor and the directory disagree") }
    }

    private func compare<T: Equatable>(
        _ field: String, _ directory: T, _ local: T, _ entry: Entry, text: (T) -> String
    ) throws(ZipProblem) {
        guard directory == local else {
            throw problem(
                .headersDiffer(field: field, directory: text(directory), local: text(local)), entry,
                at: entry.headerOffset)
        }
    }

    private func gap(from start: Int, to end: Int) throws(ZipProblem) -> ZipProblem {
        if start == 0, end >= 4 {
            let signature = try file.bytes(at: 0, count: 4).littleEndian(UInt32.self, at: 0)
            if signature == ZipFormat.descriptorSignature || signature == ZipFormat.singleSpanSignature {
                return ZipProblem(.splitArchive, path: file.path, offset: 0)
            }
        }
        return ZipProblem(.gap(from: start, to: end), path: file.path, offset: start)
    }

    private func problem(_ kind: ZipProblem.Kind, _ entry: Entry, at offset: Int) -> ZipProblem {
        ZipProblem(kind, path: file.path, member: entry.name, offset: offset)
    }
}
