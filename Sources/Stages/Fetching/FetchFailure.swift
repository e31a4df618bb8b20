package import Problems

/// An object that could not be fetched. Nothing stands at its destination that was not there before.
package struct FetchFailure: Problem, Hashable {
    package var category: ProblemCategory
    package var source: String
    package var key: String
    package var url: String
    /// Of the last answer; 0 where there was none.
    package var status: Int
    /// Tries, from 1; 0 when nothing was sent.
    package var attempts: Int
    /// What went wrong the last time, without place and counts.
    package var lastError: String
    package var hint: String?
    /// The task was cancelled: says nothing about the object.
    package var isCancelled: Bool

    package init(
        category: ProblemCategory, source: String, key: String, url: String, status: Int, attempts: Int,
        lastError: String, hint: String? = nil, isCancelled: Bool = false
    ) {
        self.category = category
        self.source = source
        self.key = key
        self.url = url
        self.status = status
        self.attempts = attempts
        self.lastError = lastError
        self.hint = hint
        self.isCancelled = isCancelled
    }

    package var summary: String {
        let tries = attempts > 1 ? " (\(attempts) attempts)" : ""
        return "\(source):\(key)".escapedForDisplay + ": \(lastError)\(tries)"
    }
}

/// One try that failed.
struct AttemptFailure: Error {
    var category: ProblemCategory
    var status = 0
    var message: String
    var hint: String?
    var isTransient = false
    var retryAfter: Duration?
    /// Something disagrees that a second look, past all caches, may settle.
    var deservesSecondLook = false
    var isCancelled = false

    init(_ category: ProblemCategory, _ message: String, hint: String? = nil) {
        self.category = category
        self.message = message
        self.hint = hint
    }

    static var cancelled: AttemptFailure {
        var failure = AttemptFailure(.internal, "cancelled")
        failure.isCancelled = true
        return failure
    }
}
