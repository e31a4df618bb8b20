package import Files

/// A place that can be listed and read.
package struct Source: Hashable, Sendable {
    package enum Location: Hashable, Sendable {
        /// An S3-compatible bucket: ListObjectsV2 at `list` (path style, bucket included), bytes from `get` + "/" + key.
        case s3(list: String, get: String)
        /// A directory, read in place: absolute, or relative to the project.
        case directory(path: String)
    }

    package var name: String
    package var location: Location
    /// Project-relative directory of local copies, one file a key, path kept. Nil for directories.
    package var mirror: String?
    package var checksum: ChecksumPolicy?
    /// To this source's host at once, `1...256`.
    package var connections: Int
    /// Limit on bytes a second over all connections, or nil.
    package var bytesPerSecond: Int?
    /// Limit on requests a second, or nil.
    package var requestsPerSecond: Double?
    /// Tries after the first before a target is quarantined, `0...100`.
    package var retries: Int

    package init(
        name: String, location: Location, mirror: String? = nil, checksum: ChecksumPolicy? = nil,
        connections: Int = 8, bytesPerSecond: Int? = nil, requestsPerSecond: Double? = nil, retries: Int = 8
    ) {
        self.name = name
        self.location = location
        self.mirror = mirror
        self.checksum = checksum
        self.connections = connections
        self.bytesPerSecond = bytesPerSecond
        self.requestsPerSecond = requestsPerSecond
        self.retries = retries
    }
}

/// Where the publisher's SHA-256 of an object is found.
package struct ChecksumPolicy: Hashable, Sendable {
    package enum WhenMissing: String, Hashable, Sendable, CaseIterable { case fail, accept }

    /// A key with `{key}` standing for the object's own.
    package var keyTemplate: String
    package var whenMissing: WhenMissing

    package init(keyTemplate: String, whenMissing: WhenMissing) {
        self.keyTemplate = keyTemplate
        self.whenMissing = whenMissing
    }

    /// The checksum object's key for the object at `key`.
    package func checksumKey(for key: String) -> String {
        keyTemplate.replacing("{key}", with: key)
    }
}

/// One object as a listing shows it. (etag, byteCount) is its identity, both opaque.
package struct RemoteObject: Hashable, Sendable {
    package var key: String
    /// Without the quotes. For a file in a directory source: empty.
    package var etag: String
    package var byteCount: Int
    /// As the listing wrote it (RFC 3339), or empty.
    package var lastModified: String
    /// Of a file in a directory source; nil for objects.
    package var stamp: Stamp?

    package init(key: String, etag: String, byteCount: Int, lastModified: String, stamp: Stamp? = nil) {
        self.key = key
        self.etag = etag
        self.byteCount = byteCount
        self.lastModified = lastModified
        self.stamp = stamp
    }
}
