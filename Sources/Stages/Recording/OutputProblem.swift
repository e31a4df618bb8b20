import Foundation
package import Problems

/// A manifest or a statistics file that could not be written.
package struct OutputProblem: Problem, Equatable {
    package var path: String
    /// What was tried and what the system said.
    package var detail: String

    package var summary: String { "\(path.escapedForDisplay): \(detail.escapedForDisplay)" }
    package var hint: String? { "check free space and permissions of the directory" }
    package var category: ProblemCategory { .disk }

    init(path: String, doing what: String, code: Int32 = errno) {
        self.path = path
        detail = "cannot \(what): \(unsafe String(cString: strerror(code)))"
    }
}
