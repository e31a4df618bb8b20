/// A CSV as it is put together: bytes, fields separated by commas, rows ended by a line feed.
struct CSVText {
    private(set) var bytes: [UInt8] = []
    private var isAtRowStart = true

    init(reserving byteCount: Int) { bytes.reserveCapacity(byteCount) }

    /// A whole row as text.
    mutating func row(_ text: String) {
        bytes += text.utf8
        endRow()
    }

    mutating func endRow() {
        bytes.append(UInt8(ascii: "\n"))
        isAtRowStart = true
    }

    mutating func field(_ text: String) {
        separate()
        bytes += text.utf8
    }

    mutating func field(_ value: Int) {
        separate()
        append(value)
    }

    /// A decimal number: `value` counts in units of 10^-`scale`, all of whose digits are written.
    mutating func field(_ value: Int, scale: Int) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var unit = 1
        for _ in 0..<scale { unit *= 10 }
        append(abs(value) / unit)
        bytes.append(UInt8(ascii: "."))
        let fraction = abs(value) % unit
        unit /= 10
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / unit % 10))
            unit /= 10
        }
    }

    private mutating func separate() {
        if !isAtRowStart { bytes.append(UInt8(ascii: ",")) }
        isAtRowStart = false
    }

    private mutating func append(_ value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }
}
