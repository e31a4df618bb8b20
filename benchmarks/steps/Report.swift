import Foundation

/// The measurements of all workloads, for readers of three kinds.
struct Report {
    private struct Part {
        var name: String
        var zipCount: Int
        var textByteCount: Int
        var zipByteCount: Int
        var measurements: Measurements
    }

    let runCount: Int
    private var parts: [Part] = []

    init(runCount: Int) { self.runCount = runCount }

    mutating func add(_ workload: Workload, _ measurements: Measurements) {
        parts.append(
            Part(
                name: workload.name, zipCount: workload.paths.count, textByteCount: workload.textByteCount,
                zipByteCount: workload.zipByteCount, measurements: measurements))
    }

    /// Columns under each other, for a terminal.
    func text() -> String {
        var lines = [Self.machine]
        for part in parts {
            lines += ["", title(of: part), ""]
            let rows = rows(of: part)
            let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
            for row in rows {
                let cells = row.indices.map { column in
                    let padding = String(repeating: " ", count: widths[column] - row[column].count)
                    return column == 0 || column == row.count - 1
                        ? row[column] + padding : padding + row[column]
                }
                lines.append(cells.joined(separator: "  "))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// A section for docs/benchmarks.md.
    func markdown() -> String {
        var lines = ["\(Self.date), \(Self.machine), median of \(runCount):"]
        for part in parts {
            lines += ["", "### " + title(of: part), ""]
            let rows = rows(of: part)
            lines.append("| " + rows[0].joined(separator: " | ") + " |")
            lines.append("|---|" + String(repeating: "---:|", count: rows[0].count - 2) + "---|")
            for row in rows.dropFirst() { lines.append("| " + row.joined(separator: " | ") + " |") }
        }
        return lines.joined(separator: "\n")
    }

    private func title(of part: Part) -> String {
        let megabytes = Double(part.textByteCount) / 1e6
        let ratio = Double(part.textByteCount) / Double(max(part.zipByteCount, 1))
        let zips = part.zipCount == 0 ? "made up" : "\(part.zipCount) zip\(part.zipCount == 1 ? "" : "s")"
        return "\(part.name): \(zips), \(rounded(megabytes)) MB of CSV, \(rounded(ratio)) times the deflated"
    }

    private func rows(of part: Part) -> [[String]] {
        let floor = part.measurements.floor
        return [["step", "ms", "ns/value", "GB/s", "% of inflate", ""]]
            + part.measurements.steps.map { step in
                [
                    step.name, Self.fixed(step.seconds * 1e3, 2),
                    step.nanosecondsPerValue.map { Self.fixed($0, 2) } ?? "",
                    step.gigabytesPerSecond.map { Self.fixed($0, 2) } ?? "",
                    Self.fixed(100 * step.seconds / floor, 1), step.note,
                ]
            }
    }

    func json() throws -> String {
        struct StepJSON: Encodable {
            var name: String
            var seconds: Double
            var runs: [Double]
            var values: Int?
            var bytes: Int?
            var ns_per_value: Double?
            var gb_per_s: Double?
            var share_of_inflate: Double
            var note: String?
        }
        struct PartJSON: Encodable {
            var name: String, zips: Int, csv_bytes: Int, zip_bytes: Int
            var steps: [StepJSON]
        }
        struct ReportJSON: Encodable {
            var date: String, machine: String, runs: Int
            var files: [PartJSON]
        }
        let report = ReportJSON(
            date: Self.date, machine: Self.machine, runs: runCount,
            files: parts.map { part in
                PartJSON(
                    name: part.name, zips: part.zipCount, csv_bytes: part.textByteCount,
                    zip_bytes: part.zipByteCount,
                    steps: part.measurements.steps.map { step in
                        StepJSON(
                            name: step.name, seconds: step.seconds, runs: step.samples,
                            values: step.valueCount > 0 ? step.valueCount : nil,
                            bytes: step.byteCount > 0 ? step.byteCount : nil,
                            ns_per_value: step.nanosecondsPerValue, gb_per_s: step.gigabytesPerSecond,
                            share_of_inflate: step.seconds / part.measurements.floor,
                            note: step.note.isEmpty ? nil : step.note)
                    })
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    private static func fixed(_ number: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let units = Int((number * scale).rounded())
        let text = String(repeating: "0", count: max(0, digits + 1 - "\(units)".count)) + "\(units)"
        return text.dropLast(digits) + "." + text.suffix(digits)
    }

    private static var date: String { String(Date().formatted(.iso8601).prefix(10)) }

    /// Processor, cores, memory and system, as far as Linux tells.
    private static var machine: String {
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
        let system = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }?
            .dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        let information = ProcessInfo.processInfo
        let gibibytes = Int((Double(information.physicalMemory) / Double(1 << 30)).rounded())
        return
            "\(information.processorCount) cores of \(processor ?? "an unnamed processor"), \(gibibytes) GiB, "
            + (system ?? information.operatingSystemVersionString)
    }
}
