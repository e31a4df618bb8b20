package import Bytes

/// Every action the Datafile and the listings give rise to, in an order in which producers come before consumers.
///
/// Columns under 32-bit numbers, with no object for any target: a million actions that read a million files take some
/// 100 MB beside the listing. `Action` and `RawNode` are made from the columns when one is asked for.
package struct BuildGraph: Sendable {
    package let project: Project
    /// What each of `project.sources` lists, and last the project's own files, whose keys are project-relative paths.
    package let objects: [ObjectList]

    // Of files from outside that at least one action reads, in order of first use.

    /// Index into `objects`, and into that list.
    package private(set) var rawLists: [UInt16] = []
    package private(set) var rawObjects: [UInt32] = []
    /// The first pattern that found it: index into `project.rules`, and into that rule's inputs.
    private var rawRules: [UInt16] = []
    private var rawPreferences: [UInt16] = []
    /// By list, then by object: the raw's number plus one; zero where nothing reads the object.
    private var rawsOfObjects: [[UInt32]]

    // Of actions.

    /// Project-relative paths; within a rule in byte order.
    package private(set) var outputs = NameList()
    package private(set) var actionRules: [UInt16] = []
    /// Where each action's inputs begin in `inputs`; one more than there are actions.
    private var inputStarts: [Int] = [0]
    /// In the order in which their rows are read.
    private var inputs: [InputID] = []
    /// Index of the `from` pattern that found each input; lower wins where rows conflict.
    private var inputPreferences: [UInt16] = []
    /// The actions of each of `project.rules`, which follow each other.
    package private(set) var actionsOfRules: [Range<Int>]
    /// What the outputs of each of `project.rules` begin with.
    private let outputPrefixes: [[UInt8]]

    /// Two actions for one path, and the like: the targets concerned have failed before they start.
    package var conflicts: [GraphConflict] = []

    /// - Parameter objects: one list for each source of the project, and one for its own files.
    package init(project: Project, objects: [ObjectList]) {
        precondition(objects.count == project.sources.count + 1)
        precondition(project.rules.count < Int(UInt16.max) && objects.count < Int(UInt16.max))
        self.project = project
        self.objects = objects
        rawsOfObjects = objects.map { [UInt32](repeating: 0, count: $0.count) }
        actionsOfRules = project.rules.map { _ in 0..<0 }
        outputPrefixes = project.rules.map { Array($0.output.literalPrefix.utf8) }
    }

    package var actionCount: Int { actionRules.count }
    package var rawCount: Int { rawLists.count }
    /// The list of the project's own files in `objects`.
    package var localList: Int { objects.count - 1 }

    // MARK: making

    /// Begins the actions of a rule, by its place in `project.rules`.
    package mutating func beginActions(ofRule rule: Int, count: Int, inputCount: Int) {
        actionsOfRules[rule] = actionCount..<actionCount
        actionRules.reserveCapacity(actionCount + count)
        inputStarts.reserveCapacity(actionCount + count + 1)
        inputs.reserveCapacity(inputs.count + inputCount)
        inputPreferences.reserveCapacity(inputs.count + inputCount)
    }

    /// Adds the next action of the rule begun last, outputs in byte order; its inputs come next. Nil, with a conflict noted,
    /// where another action makes the same path.
    package mutating func addAction(output: Span<UInt8>, rule: Int) -> ActionID? {
        if let clash = action(making: output, besidesRule: rule) {
            let other = project.rules[self.rule(of: clash)].name
            conflicts.append(
                GraphConflict(
                    output: self.output(of: clash),
                    message: "made by two rules, '\(other)' and '\(project.rules[rule].name)'"))
            return nil
        }
        outputs.append(output)
        actionRules.append(UInt16(rule))
        inputStarts.append(inputs.count)
        actionsOfRules[rule] = actionsOfRules[rule].lowerBound..<actionCount
        return ActionID(actionCount - 1)
    }

    /// Adds an input to the action added last.
    package mutating func addInput(_ input: InputID, preference: Int) {
        inputs.append(input)
        inputPreferences.append(UInt16(preference))
        inputStarts[actionCount] = inputs.count
    }

    /// The raw of an object, which becomes one where it was not yet.
    package mutating func raw(list: Int, object: Int, rule: Int, preference: Int) -> RawID {
        let known = rawsOfObjects[list][object]
        if known != 0 { return RawID(Int(known) - 1) }
        rawLists.append(UInt16(list))
        rawObjects.append(UInt32(object))
        rawRules.append(UInt16(rule))
        rawPreferences.append(UInt16(preference))
        rawsOfObjects[list][object] = UInt32(rawCount)
        return RawID(rawCount - 1)
    }

    // MARK: asking

    package var actionIDs: some Collection<ActionID> { (0..<actionCount).lazy.map { ActionID($0) } }
    package var rawIDs: some Collection<RawID> { (0..<rawCount).lazy.map { RawID($0) } }

    /// The rule of an action, as a place in `project.rules`.
    package func rule(of action: ActionID) -> Int { Int(actionRules[action.index]) }

    /// The places of an action's inputs; see `input(at:)`.
    package func inputPlaces(of action: ActionID) -> Range<Int> {
        inputStarts[action.index]..<inputStarts[action.index + 1]
    }
    package func input(at place: Int) -> InputID { inputs[place] }
    package func preference(at place: Int) -> Int { Int(inputPreferences[place]) }

    /// The action that makes `output`, a project-relative path.
    package func action(making output: String) -> ActionID? {
        let name = Array(output.utf8)
        return action(making: name.span)
    }
    package func action(making output: Span<UInt8>) -> ActionID? { action(making: output, besidesRule: nil) }

    private func action(making output: Span<UInt8>, besidesRule other: Int?) -> ActionID? {
        for (rule, range) in actionsOfRules.enumerated() where rule != other && !range.isEmpty {
            let prefix = outputPrefixes[rule]
            guard output.count >= prefix.count,
                output.equals(at: 0, prefix.span, at: 0, count: prefix.count)
            else { continue }
            if let place = outputs.place(of: output, in: range) { return ActionID(place) }
        }
        return nil
    }

    /// The raw of an object of `objects`, if any action reads it.
    package func raw(list: Int, object: Int) -> RawID? {
        let known = rawsOfObjects[list][object]
        return known == 0 ? nil : RawID(Int(known) - 1)
    }

    /// The raw of a target name: `source:key`, or the path of a project file.
    package func raw(named name: String) -> RawID? {
        for (list, source) in project.sources.enumerated() where name.hasBytePrefix(source.name + ":") {
            let key = name.utf8.dropFirst(source.name.utf8.count + 1)
            if let object = objects[list].place(of: String(decoding: key, as: UTF8.self)),
                let raw = raw(list: list, object: object)
            {
                return raw
            }
        }
        return objects[localList].place(of: name).flatMap { raw(list: localList, object: $0) }
    }

    /// The pattern of the rule that found a raw first.
    func firstPattern(of raw: RawID) -> Pattern {
        project.rules[Int(rawRules[raw.index])].inputs[Int(rawPreferences[raw.index])].pattern
    }
}

/// A path that the graph cannot serve, with the reason.
package struct GraphConflict: Hashable, Sendable {
    package var output: String
    package var message: String

    package init(output: String, message: String) {
        self.output = output
        self.message = message
    }
}
