import Graph
import Problems

/// Reads one entry of `sources:`.
struct SourceReader {
    static let keys = [
        "s3", "dir", "get", "mirror", "checksum", "checksum-missing", "connections", "rate", "requests",
        "retries",
    ]
    /// What only makes sense where bytes come over a network.
    static let networkKeys = ["get", "mirror", "connections", "rate", "requests", "retries"]

    let diagnostics: Diagnostics

    /// The source, and where its mirror is written; nil, and reported, where something is wrong.
    func read(name: String, _ node: SyntaxNode, place: Place) -> (source: Source, mirrorPlace: Place)? {
        let subject = "source '\(name)'"
        if case .mapping(let entries, _) = node.content, let http = entries.first(where: { $0.key == "http" })
        {
            diagnostics.report(
                http.keyPlace, "sources of plain URLs are not supported yet",
                hint: "a source is an 's3' bucket or a 'dir'")
            return nil
        }
        guard
            let fields = Fields(
                node, subject: subject, keys: Self.keys, diagnostics: diagnostics, place: place)
        else {
            return nil
        }
        let checksum = readChecksum(fields)
        switch (fields.has("s3"), fields.has("dir")) {
        case (true, true):
            diagnostics.report(
                fields.keyPlace("dir") ?? place, "\(subject) is both an 's3' bucket and a 'dir'",
                hint: "make two sources of it")
            return nil
        case (false, false):
            diagnostics.report(
                place, "\(subject) has neither 's3' nor 'dir'",
                hint: "say where it is: s3: https://host/bucket")
            return nil
        case (true, false):
            return readBucket(name, fields, checksum)
        case (false, true):
            return readDirectory(name, fields, checksum)
        }
    }

    private func readBucket(_ name: String, _ fields: Fields, _ checksum: ChecksumPolicy?) -> (Source, Place)?
    {
        let list = fields.required("s3").flatMap { url($0, "s3", fields) }
        let get = fields.node("get").map { url($0, "get", fields) } ?? list
        let mirror = fields.node("mirror").map { mirrorPath($0, fields) } ?? "raw/\(name)"
        let connections = fields.integer("connections", in: 1...256)
        let retries = fields.integer("retries", in: 0...100)
        let rate = fields.quantity(
            "rate", bytesPerSecond, example: "100 MB/s; the units are B, kB, MB, GB, KiB, MiB and GiB")
        let requests = fields.quantity("requests", requestsPerSecond, example: "50/s or 30/min")
        guard let list, let get, let mirror else { return nil }
        var source = Source(
            name: name, location: .s3(list: list, get: get), mirror: mirror, checksum: checksum)
        source.connections = connections ?? source.connections
        source.retries = retries ?? source.retries
        source.bytesPerSecond = rate
        source.requestsPerSecond = requests
        return (source, fields.node("mirror")?.place ?? fields.place)
    }

    private func readDirectory(_ name: String, _ fields: Fields, _ checksum: ChecksumPolicy?) -> (
        Source, Place
    )? {
        for key in Self.networkKeys {
            guard let place = fields.keyPlace(key) else { continue }
            diagnostics.report(place, "'\(key)' has no meaning for a directory, which is read in place")
        }
        guard let node = fields.required("dir"), let path = fields.text(node, "dir") else { return nil }
        if path.hasPrefix("~") {
            diagnostics.report(
                node.place, "'~' does not stand for a home directory here", hint: "write the whole path")
            return nil
        }
        guard !path.isEmpty, path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            diagnostics.report(node.place, "'dir' must be a path")
            return nil
        }
        var trimmed = path
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        return (Source(name: name, location: .directory(path: trimmed), checksum: checksum), fields.place)
    }

    private func url(_ node: SyntaxNode, _ key: String, _ fields: Fields) -> String? {
        guard var text = fields.text(node, key) else { return nil }
        if let fault = urlFault(text) {
            diagnostics.report(node.place, fault.message, hint: fault.hint)
            return nil
        }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    private func mirrorPath(_ node: SyntaxNode, _ fields: Fields) -> String? {
        guard var path = fields.text(node, "mirror") else { return nil }
        if path.hasSuffix("/"), path.count > 1 { path.removeLast() }
        if let fault = projectPathFault(path) {
            diagnostics.report(node.place, fault.message, hint: fault.hint)
            return nil
        }
        if path.split(separator: "/").first == ".datamake" {
            diagnostics.report(
                node.place, "'.datamake' is where datamake keeps its own records",
                hint: "choose another directory")
            return nil
        }
        return path
    }

    private func readChecksum(_ fields: Fields) -> ChecksumPolicy? {
        let missing = fields.choice("checksum-missing", ChecksumPolicy.WhenMissing.self)
        guard let node = fields.node("checksum") else {
            if let place = fields.keyPlace("checksum-missing") {
                diagnostics.report(
                    place, "'checksum-missing' without 'checksum'", hint: "write checksum: \"{key}.CHECKSUM\""
                )
            }
            return nil
        }
        guard let template = fields.text(node, "checksum") else { return nil }
        let others = template.replacing("{key}", with: "")
        guard template.contains("{key}"), !others.contains("{"), !others.contains("}"), !others.isEmpty else {
            diagnostics.report(
                node.place,
                "'checksum' must be a key with '{key}' for the object's own, not '\(template.escapedForDisplay)'",
                hint: "write \"{key}.CHECKSUM\"")
            return nil
        }
        if let fault = projectPathFault(template) {
            diagnostics.report(node.place, fault.message, hint: nil)
            return nil
        }
        return ChecksumPolicy(keyTemplate: template, whenMissing: missing ?? .fail)
    }
}
