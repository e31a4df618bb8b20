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
        var fields: [String: Value] = [
            "level": .text(event.level.rawValue), "message": .text(event.message.description),
            "time": .text(timeText(Date())),
        ]
        for (key, value) in metadata { fields[key] = Value(value) }
        for (key, value) in event.metadata ?? [:] { fields[key] = Value(value) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(fields) else { return }
        printError(String(decoding: line, as: UTF8.self))
    }

    /// A value of a line: counts are numbers.
    private enum Value: Encodable {
        case text(String)
        case number(Int)

        init(_ value: Logger.Metadata.Value) {
            if case .stringConvertible(let number as Int) = value {
                self = .number(number)
            } else {
                self = .text(value.description)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
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
