import CExpat
package import Graph

/// One page of a ListObjectsV2 answer.
///
/// Amazon S3 API Reference, "ListObjectsV2", response elements. Elements not named there are skipped.
package struct ListPage: Hashable, Sendable {
    /// Longest page in bytes, deepest nesting, and longest text of one element in bytes.
    package static let byteLimit = 16 << 20
    package static let depthLimit = 16
    package static let textLimit = 4 << 10

    /// In the order of the page.
    package var objects: [RemoteObject] = []
    /// Of `CommonPrefixes`, in the order of the page.
    package var prefixes: [String] = []
    /// Present exactly when the listing goes on.
    package var nextToken: String?

    /// Why a page is refused as a whole.
    package struct Refusal: Error, Hashable {
        package var reason: String
        package var byteOffset: Int
    }

    /// Reads a whole page. Anything that could mean a truncated or foreign answer is refused: a DOCTYPE, another root, an
    /// object without key or size, a missing `IsTruncated`, a token where none belongs.
    package init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.count <= Self.byteLimit else {
            throw Refusal(reason: "it is longer than \(Self.byteLimit) bytes", byteOffset: Self.byteLimit)
        }
        // libexpat believes a UTF-16 mark more than the encoding it is told.
        guard !bytes.starts(with: [0xFE, 0xFF]), !bytes.starts(with: [0xFF, 0xFE]) else {
            throw Refusal(reason: "it is not UTF-8", byteOffset: 0)
        }
        guard let parser = unsafe XML_ParserCreate("UTF-8") else {
            throw Refusal(reason: "out of memory", byteOffset: 0)
        }
        defer { unsafe XML_ParserFree(parser) }
        let builder = PageBuilder()
        let isWhole = withExtendedLifetime(builder) {
            unsafe builder.attach(to: parser)
            return unsafe bytes.withUnsafeBytes { buffer in
                // SAFETY: the count fits Int32 by the limit above; an empty array's null base comes with a count of 0.
                unsafe XML_Parse(
                    parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
                    == XML_STATUS_OK
            }
        }
        let offset = max(0, unsafe Int(XML_GetCurrentByteIndex(parser)))
        if let failure = builder.failure { throw Refusal(reason: failure, byteOffset: offset) }
        guard isWhole else {
            let text = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) }
            throw Refusal(reason: text ?? "not XML", byteOffset: offset)
        }
        do throws(PageBuilder.Refusal) {
            self = try builder.page()
        } catch { throw Refusal(reason: error.reason, byteOffset: bytes.count) }
    }

    fileprivate init() {}
}

/// Takes libexpat's events.
@safe private final class PageBuilder {
    struct Refusal: Error { var reason: String }

    private enum Element {
        case root, contents, commonPrefixes, other
        case text(Field)
    }

    private enum Field: String {
        case key = "Key"
        case size = "Size"
        case etag = "ETag"
        case lastModified = "LastModified"
        case prefix = "Prefix"
        case isTruncated = "IsTruncated"
        case nextToken = "NextContinuationToken"
        case encodingType = "EncodingType"
    }

    private var stack: [Element] = []
    private var text: [UInt8] = []
    /// Of the innermost Contents, CommonPrefixes, or the root.
    private var entry: [Field: String] = [:]
    private var rootFields: [Field: String] = [:]
    private var result = ListPage()
    private(set) var failure: String?
    private var parser: OpaquePointer?

    /// The parser holds an unretained pointer to this builder from here on.
    func attach(to parser: OpaquePointer) {
        unsafe self.parser = parser
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe XML_SetUserData(parser, me)
        unsafe XML_SetElementHandler(
            parser,
            { user, name, _ in
                guard let name = unsafe name else { return }
                unsafe builder(user)?.start(unsafe String(cString: name))
            }, { user, _ in unsafe builder(user)?.end() })
        unsafe XML_SetCharacterDataHandler(parser) { user, data, count in
            // SAFETY: libexpat passes `count` readable bytes.
            unsafe builder(user)?.append(
                UnsafeRawBufferPointer(start: data, count: Int(count)))
        }
        unsafe XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in
            unsafe builder(user)?.refuse("it has a DOCTYPE")
        }
        unsafe XML_SetXmlDeclHandler(parser) { user, _, encoding, _ in
            guard let encoding = unsafe encoding else { return }
            let name = unsafe String(cString: encoding)
            if name.lowercased() != "utf-8" { unsafe builder(user)?.refuse("its encoding is '\(name)'") }
        }
    }

    func refuse(_ reason: String) {
        if failure == nil { failure = reason }
        if let parser = unsafe parser { unsafe _ = XML_StopParser(parser, XML_Bool(XML_FALSE)) }
    }

    func start(_ name: String) {
        guard failure == nil else { return }
        guard stack.count < ListPage.depthLimit else {
            return refuse("elements nest deeper than \(ListPage.depthLimit)")
        }
        switch stack.last {
        case nil:
            guard name == "ListBucketResult" else {
                return refuse("it is <\(name.prefix(60))>, not a listing")
            }
            stack.append(.root)
        case .root:
            switch name {
            case "Contents": stack.append(.contents)
            case "CommonPrefixes": stack.append(.commonPrefixes)
            default: push(name, among: [.isTruncated, .nextToken, .encodingType])
            }
        case .contents: push(name, among: [.key, .size, .etag, .lastModified])
        case .commonPrefixes: push(name, among: [.prefix])
        case .other: stack.append(.other)
        case .text(let field): refuse("an element inside <\(field.rawValue)>")
        }
    }

    private func push(_ name: String, among fields: [Field]) {
        if let field = Field(rawValue: name), fields.contains(field) {
            stack.append(.text(field))
            text = []
        } else {
            stack.append(.other)
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil, case .text(let field) = stack.last else { return }
        guard text.count + bytes.count <= ListPage.textLimit else {
            return refuse("<\(field.rawValue)> is longer than \(ListPage.textLimit) bytes")
        }
        unsafe text.append(contentsOf: bytes)
    }

    func end() {
        guard failure == nil, let element = stack.popLast() else { return }
        switch element {
        case .text(let field):
            let value = String(decoding: text, as: UTF8.self)
            let isOfRoot = stack.count == 1
            let isRepeated =
                (isOfRoot
                    ? rootFields.updateValue(value, forKey: field) : entry.updateValue(value, forKey: field))
                != nil
            if isRepeated { refuse("<\(field.rawValue)> twice") }
        case .contents: finishObject()
        case .commonPrefixes:
            guard let prefix = entry[.prefix], !prefix.isEmpty else {
                return refuse("<CommonPrefixes> without <Prefix>")
            }
            result.prefixes.append(prefix)
            entry = [:]
        case .root, .other: break
        }
    }

    private func finishObject() {
        guard let key = entry[.key], !key.isEmpty else { return refuse("<Contents> without <Key>") }
        guard let size = entry[.size] else { return refuse("<Contents> without <Size>") }
        guard size.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byteCount = Int(size) else {
            return refuse("<Size> '\(size.prefix(60))' is no byte count")
        }
        result.objects.append(
            RemoteObject(
                key: key, etag: Self.unquoted(entry[.etag] ?? ""), byteCount: byteCount,
                lastModified: entry[.lastModified] ?? ""))
        entry = [:]
    }

    private static func unquoted(_ etag: String) -> String {
        var tag = etag[...]
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        if tag.count >= 2, tag.first == "\"", tag.last == "\"" { tag = tag.dropFirst().dropLast() }
        return String(tag)
    }

    /// The page, once the document has ended well.
    func page() throws(Refusal) -> ListPage {
        var page = result
        let token = rootFields[.nextToken]
        switch rootFields[.isTruncated] {
        case "true":
            guard let token, !token.isEmpty else {
                throw Refusal(reason: "<IsTruncated> is true and there is no token")
            }
            guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw Refusal(reason: "the token has a control character")
            }
            page.nextToken = token
        case "false":
            if let token, !token.isEmpty {
                throw Refusal(reason: "<IsTruncated> is false and there is a token")
            }
        case let other?: throw Refusal(reason: "<IsTruncated> is '\(other.prefix(60))'")
        case nil: throw Refusal(reason: "no <IsTruncated>")
        }
        switch rootFields[.encodingType] {
        case nil, "": break
        case "url":
            for index in page.objects.indices {
                page.objects[index].key = try Self.decoded(page.objects[index].key)
            }
            for index in page.prefixes.indices {
                page.prefixes[index] = try Self.decoded(page.prefixes[index])
            }
        case let other?: throw Refusal(reason: "<EncodingType> is '\(other.prefix(60))'")
        }
        return page
    }

    /// `%XX` and `+`, as S3 encodes keys under `encoding-type=url`.
    private static func decoded(_ text: String) throws(Refusal) -> String {
        guard text.utf8.contains(where: { $0 == 0x25 || $0 == 0x2B }) else { return text }
        func refusal() -> Refusal { Refusal(reason: "'\(text.prefix(200))' is not percent-encoded properly") }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x2B: bytes.append(0x20)
            case 0x25:
                let digits = rest.prefix(2)
                guard digits.count == 2, let high = hexValue(digits[digits.startIndex]),
                    let low = hexValue(digits[digits.startIndex + 1])
                else { throw refusal() }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        guard let result = String(validating: bytes, as: UTF8.self) else { throw refusal() }
        return result
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

/// SAFETY: `user` is the pointer set in `attach`, and the builder outlives the parser's run.
private func builder(_ user: UnsafeMutableRawPointer?) -> PageBuilder? {
    unsafe user.map { unsafe Unmanaged<PageBuilder>.fromOpaque($0).takeUnretainedValue() }
}
