import Bytes
import Fetching
import Files
import Foundation
import Graph
import Planning
import Problems
import Publishing
import Recording
import Scheduling
import Synchronization

extension BuildRun {
    /// Downloads one object to its place in the mirror and records what came.
    func fetch(_ id: RawID, as job: RunningJob) async -> JobOutcome {
        let raw = graph[id]
        observer.observe(.started(target: raw.name, kind: .fetch))
        guard let source = project.source(named: raw.source) else { return .failed }
        // A record that cannot be read counts as none.
        let before = (
            record: (try? record(of: id)) ?? nil, failure: knowledge.withLock { $0.failures[raw.name] }
        )
        let subject = "\(raw.object.etag) \(raw.object.byteCount)"
        guard let fetcher else {
            let problem = OfflineProblem(target: raw.name)
            recorder.enqueue(
                event(job, raw.name, .fetch, .failed(problem.category), message: problem.summary))
            fail(raw.name, .fetch, problem, attempts: 0, isQuarantined: false, subject: subject)
            return .failed
        }
        // One that used up its tries is asked once a build, until upstream shows something new.
        var tried = source
        if before.failure?.isQuarantined == true, before.failure?.subject == subject { tried.retries = 0 }
        let destination = workspace.absolute(raw.path)
        let request = FetchRequest(source: tried, object: raw.object, destination: destination)
        if before.record == nil, let adopted = await fetcher.adopt(request) {
            let record = rawRecord(raw, adopted, payload: nil)
            knowledge.withLock { $0.raws[raw.name] = record }
            let event = event(job, raw.name, .hash, .done)
            recorder.enqueue([.raw(record), .clearFailure(target: raw.name), event])
            observer.observe(.fetched(target: raw.name, byteCount: 0, attempts: 0))
            return .changed
        }
        let temporary = StagedFile.temporaryPath(for: destination)
        defer { journal.didFinish(temporary) }
        do {
            try journal.willWrite(temporary)
            let observer = observer
            let result = try await fetcher.fetch(
                request, onBytes: { observer.observe(.received(byteCount: $0)) })
            let isSame = before.record?.content == result.content
            let record = rawRecord(raw, result, payload: isSame ? before.record?.payload : nil)
            knowledge.withLock { known in
                known.raws[raw.name] = record
                known.failures[raw.name] = nil
                known.report.fetched.objects += 1
                known.report.fetched.bytes += result.content.byteCount
            }
            let event = event(
                job, raw.name, .fetch, isSame ? .unchanged : .done, byteCount: result.content.byteCount)
            recorder.enqueue([.raw(record), .clearFailure(target: raw.name), event])
            try manifest.append(
                manifestEntry(
                    raw, status: isSame ? .unchanged : .fetched, url: result.url, etag: result.etag,
                    content: result.content, lastError: nil))
            observer.observe(
                .fetched(target: raw.name, byteCount: result.content.byteCount, attempts: result.attempts))
            return isSame ? .unchanged : .changed
        } catch {
            if Task.isCancelled {
                recorder.enqueue(event(job, raw.name, .fetch, .cancelled))
                return .failed
            }
            let failure = error as? FetchFailure
            let problem = described(error)
            // The fetcher has tried all that its policy allows.
            let isQuarantined = failure != nil
            let entry = manifestEntry(
                raw, status: isQuarantined ? .quarantined : .failed, url: failure?.url ?? "",
                etag: raw.object.etag,
                content: nil, lastError: problem.summary)
            do { try manifest.append(entry) } catch { observer.observe(.warning("\(error)")) }
            recorder.enqueue(
                event(job, raw.name, .fetch, .failed(problem.category), message: problem.summary))
            fail(
                raw.name, .fetch, problem, attempts: failure?.attempts ?? 1, isQuarantined: isQuarantined,
                subject: subject)
            return .failed
        }
    }

    /// Notes that a download was not begun.
    func refuseFetch(_ raw: RawNode, _ problem: any Problem) {
        let entry = manifestEntry(
            raw, status: .failed, url: "", etag: raw.object.etag, content: nil, lastError: problem.summary)
        do { try manifest.append(entry) } catch { observer.observe(.warning("\(error)")) }
        fail(
            raw.name, .fetch, problem, attempts: 0, isQuarantined: false,
            subject: "\(raw.object.etag) \(raw.object.byteCount)")
    }

    private func rawRecord(_ raw: RawNode, _ result: FetchResult, payload: XXH3Digest?) -> RawRecord {
        RawRecord(
            source: raw.source, key: raw.object.key, etag: raw.object.etag,
            lastModified: raw.object.lastModified,
            content: result.content, payload: payload, stamp: result.stamp, checksum: result.checksum)
    }

    private func manifestEntry(
        _ raw: RawNode, status: ManifestEntry.Status, url: String, etag: String, content: ContentIdentity?,
        lastError: String?
    ) -> ManifestEntry {
        ManifestEntry(
            wildcards: raw.bindings, pattern: raw.pattern, source: raw.source, key: raw.object.key, url: url,
            etag: etag, byteCount: content?.byteCount ?? raw.object.byteCount, sha256: content?.sha256,
            status: status, lastError: lastError, time: timestampText())
    }
}

/// An object that is due while the network must not be used.
struct OfflineProblem: Problem {
    var target: String

    var summary: String { "\(target.escapedForDisplay): must be downloaded, and --offline forbids it" }
    var hint: String? { "build without --offline" }
    var category: ProblemCategory { .network }
}

/// An error of a kind nobody foresaw: still a failure of one target, never of the run.
struct UnforeseenProblem: Problem {
    var summary: String
    var category: ProblemCategory { .internal }
}

func described(_ error: any Error) -> any Problem {
    error as? any Problem ?? UnforeseenProblem(summary: "\(error)".escapedForDisplay)
}

/// Now, RFC 3339 in UTC, to the second.
func timestampText() -> String { rfc3339(nanoseconds: Stamp.now()) }

/// Sortable by time, and different for two runs in one second.
func newRunIdentifier() -> String {
    let time = timestampText().filter { $0 != "-" && $0 != ":" }
    return "\(time)-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
}
