package import Bytes
package import Graph
package import Parquet

/// Version of everything that decides an output's bytes: it changes whenever the same inputs would give other bytes.
package let writerVersion = "datamake-clean-6"

/// One file whose records are cleaned.
package struct CleanInput: Hashable, Sendable {
    /// Absolute. `.zip` holds one CSV member, `.gz` a gzipped CSV, anything else is the CSV itself.
    package var path: String
    /// The name a user knows it by.
    package var name: String
    /// Lower wins where rows conflict.
    package var preference: Int

    package init(path: String, name: String, preference: Int) {
        self.path = path
        self.name = name
        self.preference = preference
    }
}

/// What others want of a job's input files, which are read once for both.
package struct InputFiles {
    /// Asked before inputs are opened, by a range of a few, for all bytes of the files, from whoever has to read them anyway (to
    /// hash them, say): of one or more of the first, as many as it likes. Used for zip archives; nil: it is read from its path. May be
    /// asked again for the same input. Throws what is wrong with the first.
    package var contents: (Range<Int>) throws -> [HeldBytes?]
    /// Whether somebody wants to know what the file of an input holds that is read from its path. Asked after `contents`.
    package var wantsIdentity: (Int) -> Bool
    /// Told what such a file holds when all of it was read. What it throws ends the job.
    package var identified: (Int, ContentIdentity) throws -> Void

    /// By default nobody wants anything.
    package init(
        contents: @escaping (Range<Int>) throws -> [HeldBytes?] = { _ in [nil] },
        wantsIdentity: @escaping (Int) -> Bool = { _ in false },
        identified: @escaping (Int, ContentIdentity) throws -> Void = { _, _ in }
    ) {
        self.contents = contents
        self.wantsIdentity = wantsIdentity
        self.identified = identified
    }
}

/// What one partition is made of and how.
package struct CleanJob: Hashable, Sendable {
    package var table: Table
    /// In reading order.
    package var inputs: [CleanInput]
    /// The days the partition is named for, or nil.
    package var days: DayRange?
    /// Of the output's wildcards.
    package var bindings: Bindings
    /// The program's name and version, for the Parquet footer.
    package var createdBy: String
    package var settings: CleanSettings

    package init(
        table: Table, inputs: [CleanInput], days: DayRange?, bindings: Bindings,
        createdBy: String = "datamake version 1.0.0", settings: CleanSettings = CleanSettings()
    ) {
        self.table = table
        self.inputs = inputs
        self.days = days
        self.bindings = bindings
        self.createdBy = createdBy
        self.settings = settings
    }
}

/// What cleaning may use. Nothing of it decides about the output.
package struct CleanSettings: Hashable, Sendable {
    /// Bytes of rows held in memory where they come out of order, beside the row group that is read and the one that is
    /// written; twice as many where some are out of place by more than that.
    package var memoryByteCount: Int
    /// Rows that have no room in memory go to a file without a name in this directory, which is made if it is missing.
    package var directory: String
    /// Runs in that file that are merged at a time, each with a block in memory; at least 2.
    package var fanIn: Int
    /// Bytes of payload that an input must have left to be read ahead on a thread of its own.
    package var leastBytesAhead: Int
    /// Rows that a row group must have to be encoded on a thread of its own.
    package var leastRowsBehind: Int
    /// Rows that the last row group must have to be encoded by two threads.
    package var leastRowsShared: Int

    package init(
        memoryByteCount: Int = 144 << 20, directory: String = "/var/tmp", fanIn: Int = 64,
        leastBytesAhead: Int = 32 << 20, leastRowsBehind: Int = 65_536, leastRowsShared: Int = 8_192
    ) {
        self.memoryByteCount = memoryByteCount
        self.directory = directory
        self.fanIn = max(fanIn, 2)
        self.leastBytesAhead = leastBytesAhead
        self.leastRowsBehind = leastRowsBehind
        self.leastRowsShared = leastRowsShared
    }
}

/// What was read from one input.
package struct CleanedInput: Hashable, Sendable {
    package var name: String
    /// XXH3-128 of the uncompressed bytes.
    package var payload: XXH3Digest
    package var payloadByteCount: Int
    /// Rows that were read and are good; duplicates among them.
    package var rowCount: Int
}

/// What cleaning one partition made.
package struct CleanedDataset: Hashable, Sendable {
    package var statistics: DatasetStatistics
    /// In reading order.
    package var inputs: [CleanedInput]
    package var file: WrittenFile
    /// The sidecar of rows kept out; nil where there are none.
    package var rejects: WrittenFile?
}

/// Where a file's bytes go, in order.
@safe package struct Output {
    package typealias Write = (UnsafeRawBufferPointer) throws -> Void
    /// Fills a buffer with bytes that were written, from an offset on.
    package typealias Read = (Int, UnsafeMutableRawBufferPointer) throws -> Void
    /// Takes the next bytes; they are valid during the call only.
    let write: Write
    let read: Read
    /// Forgets all bytes so far: the file begins anew. What it returns reads the bytes there were.
    let startOver: () throws -> Read

    package init(
        write: @escaping Write, read: @escaping Read, startOver: @escaping () throws -> Read
    ) {
        unsafe self.write = write
        unsafe self.read = read
        unsafe self.startOver = startOver
    }
}
