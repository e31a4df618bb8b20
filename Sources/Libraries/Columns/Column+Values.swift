// Columns of values that are at hand; what fills columns in bulk writes into their memory instead.
extension Column {
    /// A column of fixed-width values, of which nil ones are null.
    ///
    /// - Parameter type: any but text; its layout's element must be `T`.
    public convenience init<T: BitwiseCopyable>(_ type: ColumnType, _ values: [T?]) {
        self.init(type: type, capacity: values.count)
        for value in values {
            if let value { append(value) } else { appendNull() }
        }
    }

    /// A column of texts, of which nil ones are null.
    public convenience init(texts: [String?]) {
        self.init(type: .text, capacity: texts.count)
        for text in texts {
            if let text { append(text) } else { appendNull() }
        }
    }

    /// A column of booleans, of which nil ones are null.
    public convenience init(bools: [Bool?]) {
        self.init(.bool, bools.map { $0.map { $0 ? UInt8(1) : 0 } })
    }
}
