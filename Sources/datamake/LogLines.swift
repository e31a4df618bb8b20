import Foundation
import Logging
import Problems

/// Log lines as one JSON object each, for machines: `{"level":…,"message":…,"time":…, metadata…}`.
struct JSONLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [String: String] = [
            "level": event.level.rawValue, "message": event.message.description, "time": timeText(Date()),
        ]
        for (key, value) in metadata { fields[key] = value.description }
        for (key, value) in event.metadata ?? [:] { fields[key] = value.description }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(fields) else { return }
        printError(String(decoding: line, as: UTF8.self))
    }
}

/// Log lines for people: the message, with its level where it is more than information.
struct TextLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix = event.level >= .warning ? "\(event.level.rawValue): " : ""
        printError(prefix + event.message.description)
    }
}

/// RFC 3339 in UTC, to the millisecond.
func timeText(_ date: Date) -> String {
    date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
}
