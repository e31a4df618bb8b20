#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Processor time of this thread, in seconds: other programs on the machine do not count.
func processorSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Processor time of the whole process since it began, in seconds, that of the kernel included.
func processSeconds() -> Double {
    var usage = rusage()
    unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
}

/// What asking the clock twice costs, to be taken off short intervals.
let clockSeconds: Double = {
    var least = 1.0
    for _ in 0..<1000 {
        let start = processorSeconds()
        least = min(least, processorSeconds() - start)
    }
    return least
}()

/// Adds up short intervals.
struct Stopwatch {
    private(set) var seconds = 0.0

    /// Runs `body` and adds the time it takes.
    mutating func time<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let start = processorSeconds()
        let result = try body()
        seconds += max(0, processorSeconds() - start - clockSeconds)
        return result
    }

    mutating func add(_ other: Stopwatch) { seconds += other.seconds }
    mutating func subtract(_ other: Stopwatch) { seconds = max(0, seconds - other.seconds) }
}
