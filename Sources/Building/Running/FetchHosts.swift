import Graph

/// Whom downloads ask, and how many downloads from each may be in flight.
///
/// The HTTP client keeps to the sources' `connections` whatever it is given. The schedule lets twice as many downloads be in
/// flight, since one that is being synced and renamed needs no connection any more; and no more than that, so that those which
/// would only queue for a busy host leave room for another host's.
struct FetchHosts: Sendable {
    /// By place in the project's sources.
    private var indices: [Int] = []
    /// By index. Of several sources with one host, the most that any of them allows.
    private(set) var downloads: [Int] = []

    init(_ sources: [Source]) {
        var byHost: [String: Int] = [:]
        for source in sources {
            guard case .s3(_, let get) = source.location else {
                indices.append(0)
                continue
            }
            let host = Self.host(of: get)
            let index = byHost[host] ?? downloads.count
            if index == downloads.count { downloads.append(0) }
            byHost[host] = index
            downloads[index] = max(downloads[index], 2 * source.connections)
            indices.append(index)
        }
    }

    /// - Parameter list: of the graph's objects, which is the place of the source; 0 for what nobody downloads.
    func index(ofList list: Int) -> Int { list < indices.count ? indices[list] : 0 }

    /// Scheme, host and port of an absolute URL, in lower case; the scheme's own port left out.
    private static func host(of url: String) -> String {
        guard let mark = url.firstRange(of: "://") else { return url.lowercased() }
        let scheme = url[..<mark.lowerBound].lowercased()
        let authority = url[mark.upperBound...].prefix { $0 != "/" }.lowercased()
        let own = scheme == "https" ? ":443" : ":80"
        return scheme + "://" + (authority.hasSuffix(own) ? String(authority.dropLast(own.count)) : authority)
    }
}
