import Bytes
import Files
import Foundation
import Graph
import HTTP

extension Fetcher {
    /// Takes over the file that stands at the destination, if it can be proved to be the listed object.
    ///
    /// For local copies whose record was lost: their bytes need not come again. The proof is the listed size, the MD5 that
    /// the listed ETag is, and the published SHA-256 where the source has one.
    ///
    /// - Returns: nil where there is no such file or the proof fails; then the object is to be fetched.
    package func adopt(_ request: FetchRequest) async -> FetchResult? {
        let object = request.object
        var run = Run(request: request)
        guard object.etag.isMD5Text, begin(&run),
            let stamp = (try? Stamp.of(path: request.destination)) ?? nil,
            stamp.byteCount == Int64(object.byteCount), md5(ofFile: request.destination) == object.etag,
            let found = try? identity(ofFile: request.destination), found.stamp == stamp,
            let checksum = try? await checkPublished(found.content, &run)
        else { return nil }
        return FetchResult(
            content: found.content, etag: object.etag, lastModified: object.lastModified, stamp: found.stamp,
            checksum: checksum, attempts: 0, byteCount: 0, status: 200, url: run.url)
    }

    private func md5(ofFile path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var hasher = MD5Hasher()
        do {
            while let block = try handle.read(upToCount: 1 << 20), !block.isEmpty {
                unsafe block.withUnsafeBytes { unsafe hasher.update($0) }
            }
        } catch { return nil }
        return hasher.finish()
    }
}
