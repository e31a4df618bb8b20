package import Bytes
package import Files
package import Graph

/// One object to bring to a place on disk.
package struct FetchRequest: Hashable, Sendable {
    /// An S3 source; directories are read in place.
    package var source: Source
    package var object: RemoteObject
    /// Absolute path of the local copy.
    package var destination: String
    /// Whether to wait until the file is on the disk. Without it the caller syncs many files at once, before it records any.
    package var isDurable: Bool

    package init(source: Source, object: RemoteObject, destination: String, isDurable: Bool = true) {
        self.source = source
        self.object = object
        self.destination = destination
        self.isDurable = isDurable
    }
}

/// What was fetched, proven as far as the source lets it be.
package struct FetchResult: Hashable, Sendable {
    package var content: ContentIdentity
    /// Identity of the object the bytes came from: the listed one where the answer had it or the bytes' MD5 is it, otherwise what
    /// the answer had: then the object was replaced after it was listed.
    package var etag: String
    /// As the listing wrote it for the listed object; the answer's `Last-Modified` for one that replaced it.
    package var lastModified: String
    /// Of the published file.
    package var stamp: Stamp
    package var checksum: RawRecord.ChecksumOutcome
    /// Tries, from 1.
    package var attempts: Int
    /// Bytes of the object that came over the network, those of failed tries included.
    package var byteCount: Int
    package var status: Int
    package var url: String

    package init(
        content: ContentIdentity, etag: String, lastModified: String, stamp: Stamp,
        checksum: RawRecord.ChecksumOutcome, attempts: Int, byteCount: Int, status: Int, url: String
    ) {
        self.content = content
        self.etag = etag
        self.lastModified = lastModified
        self.stamp = stamp
        self.checksum = checksum
        self.attempts = attempts
        self.byteCount = byteCount
        self.status = status
        self.url = url
    }
}
