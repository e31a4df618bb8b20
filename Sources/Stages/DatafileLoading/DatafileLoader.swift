package import Graph
import Problems

/// Reads the Datafile at `path`, with all it includes, and checks it.
///
/// Reads files and nothing else: no command runs and no host is asked. The project's paths are relative to the
/// directory of the Datafile.
package func loadDatafile(path: String) throws(DatafileProblems) -> Project {
    try loadDatafileAndText(path: path).project
}

/// The same, with the bytes of all files that were read, in the order in which they were: equal ones make equal projects.
package func loadDatafileAndText(
    path: String
) throws(DatafileProblems) -> (project: Project, text: [[UInt8]]) {
    let loader = DatafileLoader()
    loader.loadFile(path: path, projectPath: lastComponent(path), includedFrom: nil)
    return (try loader.finish(), loader.filesRead)
}

/// The same for text that is at hand; `name` stands for the path, also for what is included.
package func loadDatafile(text: String, name: String = "Datafile") throws(DatafileProblems) -> Project {
    let loader = DatafileLoader()
    loader.loadText(Array(text.utf8), name: name, projectPath: lastComponent(name), isRoot: true)
    return try loader.finish()
}

/// One entry of `sources:`, `rules:` or `tables:`.
private struct Declaration {
    var name: String
    var place: Place
    var node: SyntaxNode
}

/// One load under way: gathers what the files declare, then reads it all.
private final class DatafileLoader {
    static let topKeys = ["version", "include", "sources", "rules", "tables", "build"]
    /// Most files one Datafile may include, directly or not.
    static let includeLimit = 100
    static let supportedVersion = 1

    private let diagnostics = Diagnostics()
    private var sources: [Declaration] = []
    private var rules: [Declaration] = []
    private var tables: [Declaration] = []
    private var settings = BuildSettings()
    /// Project-relative paths of the files read, where they lie in the project.
    private var datafilePaths: [String] = []
    private var loaded: Set<DatafileBytes.Identity> = []
    /// Files that are being read, each included by the one before.
    private var stack: [(identity: DatafileBytes.Identity, name: String)] = []
    private var includeCount = 0
    /// Bytes of the files read so far.
    private(set) var filesRead: [[UInt8]] = []

    // MARK: Files

    func loadFile(path: String, projectPath: String?, includedFrom place: Place?) {
        let file: DatafileBytes
        do {
            file = try readDatafileBytes(path: path)
        } catch {
            if let place {
                diagnostics.report(place, "'\(path.escapedForDisplay)' \(error.reason)", hint: error.hint)
            } else {
                let number = diagnostics.add(DatafileText(name: path.escapedForDisplay, text: ""))
                diagnostics.report(
                    Place(file: number, line: 0, column: 0), error.reason,
                    hint: error.hint ?? "name it with -f, or make a new one with 'datamake init'")
            }
            return
        }
        if let start = stack.firstIndex(where: { $0.identity == file.identity }), let place {
            let names = stack[start...].map(\.name) + [stack[start].name]
            diagnostics.report(place, "files include each other: \(names.joined(separator: " -> "))")
            return
        }
        guard loaded.insert(file.identity).inserted else { return }
        stack.append((file.identity, path.escapedForDisplay))
        loadText(file.bytes, name: path, projectPath: projectPath, isRoot: place == nil)
        stack.removeLast()
    }

    func loadText(_ bytes: [UInt8], name: String, projectPath: String?, isRoot: Bool) {
        filesRead.append(bytes)
        if let projectPath { datafilePaths.append(projectPath) }
        let shownName = name.escapedForDisplay
        let (text, wrongByte) = decodeDatafile(bytes)
        guard let text else {
            let valid = DatafileText(
                name: shownName, text: String(decoding: bytes[..<wrongByte], as: UTF8.self))
            let (line, column) = valid.place(ofByte: wrongByte)
            let number = diagnostics.add(
                DatafileText(name: shownName, text: String(decoding: bytes, as: UTF8.self)))
            diagnostics.report(
                Place(file: number, line: line, column: column), "a byte that is no UTF-8",
                hint: "save the file as UTF-8")
            return
        }
        let number = diagnostics.add(DatafileText(name: shownName, text: text))
        let before = diagnostics.count
        guard let root = composeYAML(file: number, diagnostics: diagnostics), !root.isNothing else {
            if diagnostics.count == before {
                diagnostics.report(
                    Place(file: number, line: 1, column: 1), "the file says nothing",
                    hint: "begin with 'version: 1'")
            }
            return
        }
        readTop(root, file: number, name: name, projectPath: projectPath, isRoot: isRoot)
    }

    private func readTop(_ root: SyntaxNode, file: Int, name: String, projectPath: String?, isRoot: Bool) {
        let start = Place(file: file, line: 1, column: 1)
        guard
            let fields = Fields(
                root, subject: isRoot ? "the Datafile" : "an included file", keys: Self.topKeys,
                diagnostics: diagnostics,
                place: start, allowsExtensions: true)
        else { return }
        readVersion(fields, isRoot: isRoot)
        readIncludes(fields, name: name, projectPath: projectPath)
        gather("sources", fields, into: \.sources)
        gather("rules", fields, into: \.rules)
        gather("tables", fields, into: \.tables)
        guard let node = fields.node("build") else { return }
        guard isRoot else {
            diagnostics.report(
                fields.keyPlace("build") ?? start, "'build' may only stand in the Datafile itself")
            return
        }
        if let build = Fields(
            node, subject: "'build'", keys: ["jobs", "connections", "memory", "disk"],
            diagnostics: diagnostics)
        {
            settings.jobs = build.integer("jobs", in: 1...1024)
            settings.connections = build.integer("connections", in: 1...1024)
            let units = "the units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB"
            settings.memoryByteCount = build.quantity("memory", byteCount, example: "8 GB; \(units)")
            settings.diskByteCount = build.quantity("disk", byteCount, example: "200 GB; \(units)")
        }
    }

    private func readVersion(_ fields: Fields, isRoot: Bool) {
        guard fields.has("version") || isRoot else { return }
        guard let node = fields.required("version", hint: "begin with 'version: \(Self.supportedVersion)'")
        else { return }
        guard case .text(let text, isPlain: true) = node.content, let version = Int(text) else {
            diagnostics.report(node.place, "'version' must be \(Self.supportedVersion)")
            return
        }
        guard version != Self.supportedVersion else { return }
        diagnostics.report(
            node.place, "'version' must be \(Self.supportedVersion), not \(version)",
            hint: version > Self.supportedVersion ? "this Datafile is for a later datamake" : nil)
    }

    private func readIncludes(_ fields: Fields, name: String, projectPath: String?) {
        for (text, node) in fields.texts("include") ?? [] {
            includeCount += 1
            guard includeCount <= Self.includeLimit else {
                if includeCount == Self.includeLimit + 1 {
                    diagnostics.report(node.place, "more than \(Self.includeLimit) files are included")
                }
                return
            }
            guard !text.isEmpty, !text.hasPrefix("/"), !text.hasPrefix("~") else {
                diagnostics.report(node.place, "'include' takes paths relative to this file")
                continue
            }
            loadFile(
                path: sibling(text, of: name),
                projectPath: projectPath.flatMap { normalized(sibling(text, of: $0)) },
                includedFrom: node.place)
        }
    }

    private func gather(
        _ key: String, _ fields: Fields, into list: ReferenceWritableKeyPath<DatafileLoader, [Declaration]>
    ) {
        guard let node = fields.node(key) else { return }
        let noun = String(key.dropLast())
        guard case .mapping(let entries, _) = node.content else {
            diagnostics.report(node.place, "'\(key)' must be a mapping of names to \(key), not \(node.noun)")
            return
        }
        for entry in entries {
            guard isDeclarationName(entry.key) else {
                diagnostics.report(
                    entry.keyPlace, "'\(entry.key.escapedForDisplay)' cannot name a \(noun)",
                    hint: "a name is letters, digits, '_', '-' and '.', and begins with a letter or digit")
                continue
            }
            if let first = names[key]?[entry.key] {
                diagnostics.report(
                    entry.keyPlace, "a second \(noun) '\(entry.key)'",
                    hint: "the first is at \(diagnostics.name(of: first))")
                continue
            }
            names[key, default: [:]][entry.key] = entry.keyPlace
            self[keyPath: list].append(Declaration(name: entry.key, place: entry.keyPlace, node: entry.value))
        }
    }

    /// By section, the names declared so far.
    private var names: [String: [String: Place]] = [:]

    // MARK: Meaning

    func finish() throws(DatafileProblems) -> Project {
        let project = readProject()
        guard diagnostics.isEmpty else { throw DatafileProblems(diagnostics.all) }
        return project
    }

    private func readProject() -> Project {
        let sourceReader = SourceReader(diagnostics: diagnostics)
        let readSources = sources.compactMap { sourceReader.read(name: $0.name, $0.node, place: $0.place) }
        reportSharedMirrors(readSources)
        let tableReader = TableReader(diagnostics: diagnostics)
        var readTables: [String: Table?] = [:]
        for table in tables {
            readTables.updateValue(
                tableReader.read(name: table.name, table.node, place: table.place), forKey: table.name)
        }
        let closed =
            [(".datamake", "where datamake keeps its own records")]
            + readSources.compactMap { source, _ in
                source.mirror.map { ($0, "the mirror of source '\(source.name)'") }
            }
        let ruleReader = RuleReader(
            diagnostics: diagnostics, sourceNames: sources.map(\.name), tables: readTables,
            closedDirectories: closed,
            datafilePaths: datafilePaths)
        let declared = rules.compactMap { ruleReader.read(name: $0.name, $0.node, place: $0.place) }
        let network = RuleNetwork(declared, diagnostics: diagnostics)
        network.reportClashes()
        network.reportCycles()
        return Project(
            sources: readSources.map(\.source).sorted { $0.name < $1.name },
            rules: declared.compactMap(finished),
            settings: settings)
    }

    private func finished(_ rule: DeclaredRule) -> Rule? {
        guard let output = rule.output, let recipe = rule.recipe else { return nil }
        return Rule(
            name: rule.name, inputs: rule.inputs.map(\.input), constraints: rule.constraints,
            output: output.pattern,
            recipe: recipe,
            location: SourceLocation(
                file: diagnostics.files[rule.place.file].name, line: rule.place.line,
                column: rule.place.column))
    }

    private func reportSharedMirrors(_ sources: [(source: Source, mirrorPlace: Place)]) {
        for (index, (source, place)) in sources.enumerated() {
            guard let mirror = source.mirror else { continue }
            for (other, _) in sources[..<index] {
                guard let taken = other.mirror,
                    "\(mirror)/".hasPrefix("\(taken)/") || "\(taken)/".hasPrefix("\(mirror)/")
                else {
                    continue
                }
                diagnostics.report(
                    place, "the mirrors of sources '\(other.name)' and '\(source.name)' share '\(mirror)'",
                    hint: "give each its own directory")
                break
            }
        }
    }
}

// MARK: Paths

private func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}

/// `path` as seen from the directory that `file` lies in.
private func sibling(_ path: String, of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return path }
    return String(file[...slash]) + path
}

/// The path without `.` and `..`; nil where it leads out of the project.
private func normalized(_ path: String) -> String? {
    var result: [Substring] = []
    for segment in path.split(separator: "/") where segment != "." {
        guard segment == ".." else {
            result.append(segment)
            continue
        }
        guard result.popLast() != nil else { return nil }
    }
    return result.joined(separator: "/")
}
