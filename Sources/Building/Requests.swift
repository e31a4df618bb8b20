package import Listing
package import Planning

/// What `build` and `rebuild` are asked for.
package struct BuildRequest: Sendable {
    package var selection = SelectionRequest()
    /// Shows the plan and does nothing.
    package var isDryRun = false
    /// Worker threads; nil leaves it to the Datafile, else to the machine.
    package var workers: Int?
    /// Downloads at once; nil leaves it to the Datafile.
    package var connections: Int?
    /// Bytes of memory for the jobs in flight; nil leaves it to the Datafile, else to the machine.
    package var memoryByteCount: Int?
    /// Bytes that the build may add to the disk; nil leaves it to the Datafile, else to what is free.
    package var diskByteCount: Int?
    /// No network at all: the last listing stands, and what must be downloaded fails.
    package var isOffline = false
    package var refresh = RefreshMode.auto
    /// Whether to wait for another build to end; otherwise the command ends with its own exit code.
    package var waitsForLock = true
    /// Forgets the selected records first, durably: a clean rebuild.
    package var forgetsRecords = false
    /// Downloads the inputs of what is selected again.
    package var refetches = false
    /// Version of this program, for the records.
    package var toolVersion = ""
    /// Does what this plan says, no more, and nothing if the world moved.
    package var savedPlan: SavedPlan?
    /// Builds only what is stale because of this, as `RootCause.name(in:)` writes it.
    package var cause: String?
    /// Builds only what fits.
    package var budget: Budget?

    package init() {}

    /// Whether it asks for all there is, and for no more than what is stale.
    var canBeSettled: Bool {
        selection.patterns.isEmpty && selection.excluded.isEmpty && selection.narrowing.isEmpty
            && !forgetsRecords && !refetches && savedPlan == nil && cause == nil && budget == nil
    }
}

/// What `verify` is asked for.
package struct VerifyRequest: Sendable {
    package var selection = SelectionRequest()
    /// Compares with a fresh listing too.
    package var asksUpstream = false
    /// Makes the selected partitions again in a side directory and compares bytes.
    package var rebuilds = false
    /// Share of the targets to check, `0...1`, drawn by `seed`.
    package var sample = 1.0
    package var seed: UInt64 = 0
    package var workers: Int?

    package init() {}
}
