import Bytes
import Graph
import Listing
import Planning
import Recording

/// The part of a project that a listing's news can make stale, when everything was settled before.
///
/// Only outputs that read a new, changed or gone object can have become stale. Each is planned with all its inputs, found
/// by their names; of the others it is enough that the disk is as it was.
struct ChangedPart {
    /// Holds every action of `outputs`, whole. Others in it may lack inputs and are not to be planned.
    let graph: BuildGraph
    let selection: Selection
    /// How many more actions there are than before the news.
    let addedCount: Int
    /// Outputs and files from outside that this part is about, before and after, as bytes.
    let paths: Set<[UInt8]>

    /// More outputs are planned with all the others.
    private static let outputLimit = 10_000

    /// Nil where the part cannot be told from the rest by names, or is no small part.
    init?(
        of project: Project, news: [String: SnapshotUpdate], snapshots: [String: ObjectList]
    ) {
        var outputs = Set<String>()
        for (source, update) in news {
            guard update.new.count + update.changed.count + update.gone.count <= Self.outputLimit else {
                return nil
            }
            for object in update.new + update.changed + update.gone {
                for rule in project.rules {
                    for input in rule.inputs where input.source == source {
                        guard let bindings = input.pattern.match(object.key) else { continue }
                        outputs.insert(rule.output.expand(bindings))
                    }
                }
            }
        }
        guard outputs.count <= Self.outputLimit else { return nil }
        var prefixes = [String: Set<String>]()
        for output in outputs {
            guard let scope = OutputScope(output, in: project) else { return nil }
            for (source, some) in scope.prefixes { prefixes[source, default: []].formUnion(some) }
        }
        // A rule that reads what others make may read what changes here.
        guard project.rules.allSatisfy({ $0.inputs.allSatisfy { $0.source != nil } }) else { return nil }

        var now = [String: ObjectList]()
        var before = [String: ObjectList]()
        for (source, some) in prefixes {
            let objects = Self.objects(of: snapshots[source] ?? ObjectList(), startingWith: some)
            now[source] = ObjectList(objects)
            before[source] = ObjectList(news[source].map { Self.undoing($0, in: objects) } ?? objects)
        }
        let old = expand(project, offerings: Offerings(objects: before), isMirrorable: isMirrorable)
        var graph = expand(project, offerings: Offerings(objects: now), isMirrorable: isMirrorable)
        graph.conflicts.removeAll { !outputs.contains($0.output) }
        let actions = outputs.compactMap { graph.action(making: $0) }.sorted()
        let oldActions = outputs.compactMap { old.action(making: $0) }
        self.graph = graph
        selection = Selection(actions: actions, raws: [], isEverything: false)
        addedCount = actions.count - oldActions.count
        var paths = Set<[UInt8]>()
        for (graph, actions) in [(old, oldActions), (graph, actions)] {
            for action in actions {
                paths.insert(Array(graph.output(of: action).utf8))
                for place in graph.inputPlaces(of: action) {
                    if let raw = graph.input(at: place).raw { paths.insert(Array(graph[raw].path.utf8)) }
                }
            }
        }
        self.paths = paths
    }

    /// Those whose keys begin with one of the prefixes, each once, in order.
    private static func objects(
        of snapshot: ObjectList, startingWith prefixes: Set<String>
    ) -> [RemoteObject] {
        var found = [RemoteObject]()
        for prefix in prefixes.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            // A longer prefix after a shorter one that it begins with adds nothing.
            if let last = found.last, last.key.hasBytePrefix(prefix) { continue }
            for place in snapshot.keys.places(withPrefix: prefix) {
                let object = snapshot[place]
                if let last = found.last, !last.key.precedesInBytes(object.key) { continue }
                found.append(object)
            }
        }
        return found
    }

    /// The objects as they were before the news.
    private static func undoing(_ news: SnapshotUpdate, in objects: [RemoteObject]) -> [RemoteObject] {
        let new = Set(news.new.map(\.key))
        // Only names count here.
        let kept = objects.filter { !new.contains($0.key) }
        return (kept + news.gone).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
