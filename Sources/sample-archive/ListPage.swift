import Foundation

/// The parameters of a ListObjectsV2.
struct ListRequest {
    var prefix: String
    var delimiter: String
    var startAfter: String?
    var continuationToken: String?
    var maxKeys: Int
    var isURLEncoded: Bool
    /// Where the page starts: behind the token's item, else behind `start-after`.
    var bound: KeyWalk.Bound

    /// Nil for anything else than a sound ListObjectsV2.
    init?(_ request: HTTPRequest) {
        let query = request.query
        guard query["list-type"] == "2" else { return nil }
        prefix = query["prefix"] ?? ""
        delimiter = query["delimiter"] ?? ""
        startAfter = query["start-after"]
        continuationToken = query["continuation-token"]
        guard let maxKeys = Int(query["max-keys"] ?? "1000"), maxKeys >= 0 else { return nil }
        self.maxKeys = min(maxKeys, 1000)
        switch query["encoding-type"] {
        case nil: isURLEncoded = false
        case "url": isURLEncoded = true
        default: return nil
        }
        bound = startAfter.map { $0.isEmpty ? .start : .after($0) } ?? .start
        if let continuationToken {
            guard let item = ListItem(token: continuationToken) else { return nil }
            bound =
                switch item {
                case .key(let key): .after(key)
                case .commonPrefix(let prefix): .past(prefix: prefix)
                }
        }
    }
}

/// One line of a listing.
enum ListItem {
    case key(String)
    case commonPrefix(String)

    /// Opaque to clients: which item was the last of a page.
    var token: String {
        switch self {
        case .key(let key): Data(("k" + key).utf8).base64EncodedString()
        case .commonPrefix(let prefix): Data(("p" + prefix).utf8).base64EncodedString()
        }
    }

    init?(token: String) {
        guard let data = Data(base64Encoded: token), let text = String(validating: data, as: UTF8.self)
        else { return nil }
        switch text.first {
        case "k": self = .key(String(text.dropFirst()))
        case "p": self = .commonPrefix(String(text.dropFirst()))
        default: return nil
        }
    }
}

/// One page of a ListObjectsV2, filled key by key.
struct ListPage {
    private let request: ListRequest
    private var items: [ListItem] = []
    private var isTruncated = false

    init(_ request: ListRequest) { self.request = request }

    /// Takes the next key in order, and says where to go on.
    mutating func add(_ key: String) -> KeyWalk.Next {
        guard request.maxKeys > 0 else { return .stop }
        guard items.count < request.maxKeys else {
            isTruncated = true
            return .stop
        }
        if let prefix = commonPrefix(of: key) {
            items.append(.commonPrefix(prefix))
            return .skip(prefix: prefix)
        }
        items.append(.key(key))
        return .proceed
    }

    /// The key up to and with the first delimiter behind the prefix.
    private func commonPrefix(of key: String) -> String? {
        guard !request.delimiter.isEmpty else { return nil }
        let bytes = Array(key.utf8)
        let delimiter = Array(request.delimiter.utf8)
        var place = request.prefix.utf8.count
        while place + delimiter.count <= bytes.count {
            if bytes[place..<(place + delimiter.count)].elementsEqual(delimiter) {
                return String(decoding: bytes[..<(place + delimiter.count)], as: UTF8.self)
            }
            place += 1
        }
        return nil
    }

    /// The answer as S3 writes it. An object that has gone since its key was seen is left out.
    func xml(bucket: String, store: ObjectStore) -> String {
        func text(_ value: String) -> String {
            request.isURLEncoded ? percentEncoded(value) : xmlEscaped(value)
        }
        var contents = ""
        var prefixes = ""
        var count = 0
        for item in items {
            switch item {
            case .commonPrefix(let prefix):
                prefixes += "<CommonPrefixes><Prefix>\(text(prefix))</Prefix></CommonPrefixes>"
                count += 1
            case .key(let key):
                guard let object = store.object(key) else { continue }
                contents += "<Contents><Key>\(text(key))</Key>"
                contents += "<LastModified>\(isoDate(seconds: object.modifiedSeconds))</LastModified>"
                contents += "<ETag>&quot;\(object.etag)&quot;</ETag><Size>\(object.byteCount)</Size>"
                contents += "<StorageClass>STANDARD</StorageClass></Contents>"
                count += 1
            }
        }
        var result = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            """
        result += "<Name>\(xmlEscaped(bucket))</Name><Prefix>\(text(request.prefix))</Prefix>"
        if let startAfter = request.startAfter { result += "<StartAfter>\(text(startAfter))</StartAfter>" }
        if let token = request.continuationToken {
            result += "<ContinuationToken>\(xmlEscaped(token))</ContinuationToken>"
        }
        if isTruncated, let last = items.last {
            result += "<NextContinuationToken>\(last.token)</NextContinuationToken>"
        }
        result += "<KeyCount>\(count)</KeyCount><MaxKeys>\(request.maxKeys)</MaxKeys>"
        if !request.delimiter.isEmpty { result += "<Delimiter>\(text(request.delimiter))</Delimiter>" }
        if request.isURLEncoded { result += "<EncodingType>url</EncodingType>" }
        return result + "<IsTruncated>\(isTruncated)</IsTruncated>\(contents)\(prefixes)</ListBucketResult>"
    }
}
