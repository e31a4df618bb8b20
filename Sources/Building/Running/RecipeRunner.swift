import Bytes
import Cleaning
import Columns
import Files
import Foundation
import Graph
import Parquet
import Problems

/// One input as a recipe reads it.
struct RecipeInput: Sendable {
    /// `source:key` or a project-relative path, for messages.
    var name: String
    /// Absolute.
    var path: String
    var preference: Int
    /// Where the file has to be hashed, too.
    var later: HashedOnReading?
}

/// What a recipe made, beyond the bytes in its staged output.
struct RecipeResult: Sendable {
    /// Digest of schema and values, where the recipe knows them; nil: the file's own digest stands in.
    var valueDigest: XXH3Digest?
    var rowCount = 0
    var statistics: DatasetStatistics?
    /// Payload digests of the inputs, in their order; empty for commands.
    var payloads: [XXH3Digest] = []
}

/// Turns an action into work: the one place that knows what the kinds of recipe do.
struct RecipeRunner: Sendable {
    let workspace: Workspace

    /// Runs the action's recipe over `inputs`, in their order, into `output`.
    ///
    /// Blocks the calling worker. Publishes nothing.
    /// - Parameters:
    ///   - rejects: receives the rows that `bad-rows: quarantine` keeps out, as Parquet; not begun when there are none.
    ///   - spareProcessor: gives a processor that the action may use beside its own, as long as what it gives is held.
    func make(
        _ action: Action, recipe: [RecipeField], inputs: [RecipeInput], output: StagedOutput,
        rejects: StagedOutput, spareProcessor: @escaping @Sendable () -> AnyObject? = { nil }
    ) async throws -> RecipeResult {
        switch action.recipe {
        case .clean(let table):
            return try makeClean(
                action, table: table, recipe: recipe, inputs: inputs, output: output, rejects: rejects,
                spareProcessor: spareProcessor)
        case .run(let command):
            try await CommandRun(workspace: workspace, action: action, command: command).run(
                inputs: inputs, output: output)
            return RecipeResult()
        }
    }
}

/// Version of the code that decides the bytes of an output of this recipe.
func writerVersion(for recipe: Recipe) -> String {
    switch recipe {
    case .clean: Cleaning.writerVersion
    // A command's output is the command's own business.
    case .run: "run-1"
    }
}

extension RecipeRunner {
    private func makeClean(
        _ action: Action, table: Table, recipe: [RecipeField], inputs: [RecipeInput], output: StagedOutput,
        rejects: StagedOutput, spareProcessor: @escaping @Sendable () -> AnyObject?
    ) throws -> RecipeResult {
        let job = CleanJob(
            table: table,
            inputs: inputs.map { CleanInput(path: $0.path, name: $0.name, preference: $0.preference) },
            days: action.days, bindings: action.bindings,
            settings: CleanSettings(directory: workspace.scratchDirectory))
        let dataset = try clean(
            job, output: sink(output), rejects: sink(rejects),
            metadata: {
                footerMetadata(recipe: recipe, writer: Cleaning.writerVersion, payloads: $0.map(\.payload))
            },
            files: InputFiles(
                contents: { range in
                    let files = inputs[range].prefix { $0.later != nil }.compactMap(\.later)
                    return files.isEmpty ? [nil] : try HashedOnReading.contents(of: files)
                },
                wantsIdentity: { inputs[$0].later?.isKnown == false },
                identified: { try inputs[$0].later?.identified($1) }),
            spareProcessor: spareProcessor,
            isCancelled: { Task.isCancelled })
        return RecipeResult(
            valueDigest: dataset.file.valueDigest, rowCount: dataset.statistics.rowCount,
            statistics: dataset.statistics, payloads: dataset.inputs.map(\.payload))
    }

    private func sink(_ staged: StagedOutput) -> Cleaning.Output {
        unsafe Output(
            write: { try unsafe staged.write($0) }, read: { try unsafe staged.read(at: $0, into: $1) },
            startOver: {
                let former = try staged.startOver()
                return { try unsafe former.read(into: $1, at: $0) }
            })
    }
}

/// What an output says of its own making: the fingerprint, and nothing that could differ between two makings of the
/// same bytes. No names and no times: a renamed input gives the same file.
func footerMetadata(
    recipe: [RecipeField], writer: String, payloads: [XXH3Digest]
) -> [(key: String, value: String)] {
    let text = recipe.map { "\($0.name)=\($0.value)\n" }.joined()
    return [
        ("datamake.writer", writer),
        ("datamake.recipe", XXH3Digest(of: Array(text.utf8)).description),
        ("datamake.inputs", payloads.map(\.description).joined(separator: " ")),
    ]
}
