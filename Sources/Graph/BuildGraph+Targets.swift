import Bytes
package import Files

/// Single targets, as values of their own.
extension BuildGraph {
    package func output(of action: ActionID) -> String { outputs[action.index] }

    package subscript(action: ActionID) -> Action {
        let rule = project.rules[rule(of: action)]
        let output = output(of: action)
        let inputs = inputPlaces(of: action).map { self.input(at: $0, of: rule) }
        let (bindings, days) = naming(action, rule: rule)
        return Action(
            rule: rule.name, output: output, bindings: bindings, days: days, inputs: inputs,
            recipe: rule.recipe)
    }

    package subscript(raw: RawID) -> RawNode {
        let object = object(of: raw)
        let pattern = firstPattern(of: raw)
        return RawNode(
            origin: origin(list: Int(rawLists[raw.index]), key: object.key), object: object,
            bindings: pattern.match(object.key) ?? [:], pattern: pattern.text)
    }

    /// The length of a file from outside.
    package func byteCount(of raw: RawID) -> Int {
        // By address: an element taken out of the array is five arrays, each counted, for each of very many files.
        unsafe objects.withUnsafeBufferPointer { lists in
            unsafe lists[Int(rawLists[raw.index])].byteCounts[Int(rawObjects[raw.index])]
        }
    }

    /// The stamp of a file from outside, where its list says it.
    package func stamp(of raw: RawID) -> Stamp? {
        // By address, as above.
        unsafe objects.withUnsafeBufferPointer { lists in
            unsafe lists[Int(rawLists[raw.index])].stamp(Int(rawObjects[raw.index]))
        }
    }

    /// As listed last.
    package func object(of raw: RawID) -> RemoteObject {
        objects[Int(rawLists[raw.index])][Int(rawObjects[raw.index])]
    }

    /// `source:key`, or the path of a project file.
    package func name(of raw: RawID) -> String {
        let list = Int(rawLists[raw.index])
        let key = objects[list].keys[Int(rawObjects[raw.index])]
        return list == localList ? key : project.sources[list].name + ":" + key
    }

    /// The name of whatever an action reads.
    package func name(of input: InputID) -> String {
        input.raw.map(name(of:)) ?? input.action.map(output(of:)) ?? ""
    }

    /// Whether its bytes must be downloaded before an action can read them.
    package func isRemote(_ raw: RawID) -> Bool { isRemote(list: Int(rawLists[raw.index])) }

    package func isRemote(list: Int) -> Bool {
        guard list < project.sources.count else { return false }
        if case .s3 = project.sources[list].location { return true }
        return false
    }

    /// What the path of a list's files begins with, up to the key.
    package func pathPrefix(list: Int) -> String {
        guard list < project.sources.count else { return "" }
        let source = project.sources[list]
        return switch source.location {
        case .s3: (source.mirror ?? "") + "/"
        case .directory(let path): path + "/"
        }
    }

    /// Wildcards of the output's pattern.
    package func bindings(of action: ActionID) -> Bindings {
        naming(action, rule: project.rules[rule(of: action)]).0
    }

    /// What the action is named for. The first input says it: an output may be read in more than one way.
    private func naming(_ action: ActionID, rule: Rule) -> (Bindings, DayRange?) {
        let places = inputPlaces(of: action)
        guard let place = places.first else { return (rule.output.match(output(of: action)) ?? [:], nil) }
        let pattern = rule.inputs[preference(at: place)].pattern
        let first = pattern.match(matchedText(of: input(at: place))) ?? [:]
        let names = Set(rule.output.wildcardNames)
        var bindings = first.filter { names.contains($0.key) }
        // Of a month made of days, the month: not the day of whichever input comes first.
        for (name, kind) in rule.output.coarserDates {
            guard let value = bindings[name], let covered = DayRange(text: value) else { continue }
            bindings[name] = DayRange.text(ofDay: covered.start, kind: kind)
        }
        return (bindings, rule.output.days(of: first))
    }

    private func input(at place: Int, of rule: Rule) -> ActionInput {
        let input = input(at: place)
        let preference = preference(at: place)
        let pattern = rule.inputs[preference].pattern
        let origin: ActionInput.Origin
        if let raw = input.raw {
            let list = Int(rawLists[raw.index])
            origin = self.origin(list: list, key: objects[list].keys[Int(rawObjects[raw.index])])
        } else {
            origin = .output(path: name(of: input))
        }
        return ActionInput(
            origin: origin, preference: preference,
            days: pattern.match(matchedText(of: input)).flatMap { pattern.days(of: $0) })
    }

    /// The text that a `from` pattern matches: a key, or a project-relative path.
    private func matchedText(of input: InputID) -> String {
        guard let raw = input.raw else { return name(of: input) }
        return objects[Int(rawLists[raw.index])].keys[Int(rawObjects[raw.index])]
    }

    private func origin(list: Int, key: String) -> ActionInput.Origin {
        guard list < project.sources.count else { return .local(path: key) }
        let name = project.sources[list].name
        let path = pathPrefix(list: list) + key
        return isRemote(list: list)
            ? .object(source: name, key: key, mirrorPath: path) : .file(source: name, key: key, path: path)
    }
}

extension Pattern {
    /// Dates that an output writes coarser than its inputs, by name, at the finest granularity it writes.
    var coarserDates: [String: WildcardKind] {
        var kinds = [String: WildcardKind]()
        for case .coarser(let name, let kind) in pieces {
            if let other = kinds[name], !kind.isFiner(than: other) { continue }
            kinds[name] = kind
        }
        for case .wildcard(let name, _) in pieces { kinds[name] = nil }
        return kinds
    }
}
