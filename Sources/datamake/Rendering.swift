import Building
import Foundation
import Graph
import Problems

/// `1,234,567`.
func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups = [String]()
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits = String(digits.dropLast(3))
    }
    groups.insert(digits, at: 0)
    return (number < 0 ? "-" : "") + groups.joined(separator: ",")
}

/// `12.3 MB`: powers of 1,000, as disks and networks count.
func byteText(_ count: Double) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = count
    var unit = 0
    while value >= 999.5, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    return unit == 0 ? "\(Int(value)) B" : decimalText(value, digits: value < 10 ? 2 : 1) + " " + units[unit]
}

/// A number with a fixed count of decimals, the same in every locale.
func decimalText(_ value: Double, digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { result, _ in result * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return String(scaled) }
    let fraction = String(abs(scaled) % scale)
    let padding = String(repeating: "0", count: digits - fraction.count)
    return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale).\(padding)\(fraction)"
}

/// One line a reason: `recipe-changed columns.open.type: float64 -> decimal(18,8)`.
func describe(_ reason: Reason) -> String {
    var line = reason.kind.rawValue
    if let input = reason.input { line += " \(input.escapedForDisplay)" }
    line += " \(reason.component)"
    switch (reason.was, reason.now) {
    case (let was?, let now?): line += ": \(shown(was)) -> \(shown(now))"
    case (let was?, nil): line += ": \(shown(was)) -> (none)"
    case (nil, let now?): line += ": \(shown(now))"
    case (nil, nil): break
    }
    return line
}

private func shown(_ value: String) -> String {
    let text = value.escapedForDisplay
    return text.isEmpty ? "(empty)" : text
}

/// What a dry run found: a line a target, its reasons below it.
func describePlan(_ report: BuildReport) -> String {
    var text = ""
    for fetch in report.fetches ?? [] {
        text += "fetch \(fetch.target.escapedForDisplay)\n"
        for reason in fetch.reasons { text += "    \(describe(reason))\n" }
    }
    for step in report.plan ?? [] {
        let note = step.state == "undecided" ? "  (may turn out unchanged)" : ""
        text += "build \(step.target.escapedForDisplay)\(note)\n"
        for reason in step.reasons { text += "    \(describe(reason))\n" }
    }
    return text
}

/// A root cause with its targets: what differs, how much there is to do, and how to do it.
func describe(_ cause: CauseSummary) -> String {
    var lines = ["\(grouped(cause.targets)) \(cause.cause)"]
    var notes = [String]()
    if cause.downstream > 0 { notes.append("\(grouped(cause.downstream)) of them through an input") }
    if cause.undecided > 0 { notes.append("\(grouped(cause.undecided)) may turn out unchanged") }
    if !notes.isEmpty { lines[0] += " (\(notes.joined(separator: ", ")))" }
    for change in cause.changes {
        if let was = change.was { lines.append("    - \(change.component): \(shown(was))") }
        if let now = change.now { lines.append("    + \(change.component): \(shown(now))") }
    }
    var work = "reads \(byteText(Double(cause.bytes)))"
    if cause.fetch.objects > 0 {
        work += ", fetches \(grouped(cause.fetch.objects)) objects, \(byteText(Double(cause.fetch.bytes)))"
    }
    lines.append("    \(work), \(describe(cause.time))")
    lines.append("    for instance \(cause.example.escapedForDisplay)")
    lines.append("    \(cause.command)")
    return lines.joined(separator: "\n")
}

/// `about 12 s (8.1 to 20 s, by 1,234 past actions)`.
func describe(_ time: PredictedTime) -> String {
    guard let seconds = time.seconds, let low = time.low, let high = time.high else {
        return "time unknown: no past run tells"
    }
    let range = "\(durationText(low)) to \(durationText(high))"
    var text = "about \(durationText(seconds)) (\(range), by \(grouped(time.history)) past actions"
    if time.unknown > 0 { text += "; \(grouped(time.unknown)) actions like none before not counted" }
    return text + ")"
}

/// `0.3 s`, `12 s`, `5 min 20 s`, `3 h 5 min`.
func durationText(_ seconds: Double) -> String {
    if seconds < 10 { return decimalText(seconds, digits: 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(grouped(whole / 3600)) h \(whole % 3600 / 60) min"
}
