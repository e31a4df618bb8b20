import Glibc

extension Stamp {
    /// The stamp of a regular file, through symbolic links; nil when there is none.
    ///
    /// Anything else at that path (a directory, a pipe) is a problem.
    package static func of(path: String) throws(FileProblem) -> Stamp? {
        guard let status = try fileStatus(ofPath: path, followingLinks: true) else { return nil }
        guard status.isRegularFile else { throw FileProblem(.inspect, path: path, cause: .notRegularFile) }
        return status.stamp
    }

    /// How far apart two changes must be to be told apart on any file system in use: FAT counts in steps of 2 s.
    package static let coarsestTick: Int64 = 2_000_000_000

    /// Whether the file could have changed again after this stamp was taken without the stamp showing it.
    ///
    /// A file system's clock moves in ticks. When the last change lies less than a tick before the look at it, a
    /// second change of equal size in the same tick gives the same stamp. Such a stamp says "unknown": hash the file.
    /// (Git calls these entries racy.) So does a change later than the look: the clock was set back in between.
    ///
    /// - Parameters:
    ///   - observedAt: when the stamp was taken, *not* when it was stored, in nanoseconds since 1970.
    ///   - tick: resolution of the file system's times in nanoseconds.
    package func isRacy(observedAt: Int64, tick: Int64 = Stamp.coarsestTick) -> Bool {
        let (limit, isOutOfRange) = observedAt.subtractingReportingOverflow(tick)
        return isOutOfRange || max(modified, changed) >= limit
    }

    /// Nanoseconds since 1970 by the clock that file systems stamp with.
    package static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
