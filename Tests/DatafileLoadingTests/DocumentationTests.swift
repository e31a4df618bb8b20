import DatafileLoading
import Foundation
import Graph
import TestSupport
import Testing

struct DocumentationTests {
    static let root = Peer.packageRoot

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The YAML blocks of docs/datafile.md, each with a version.
    static func examples() throws -> [String] {
        let parts = try text("docs/datafile.md").components(separatedBy: "```yaml\n").dropFirst()
        return parts.map { part in
            let block = part.components(separatedBy: "```")[0]
            return block.hasPrefix("version:") ? block : "version: 1\n" + block
        }
    }

    @Test("every example of the reference loads")
    func reference() throws {
        let examples = try Self.examples()
        #expect(examples.count == 4)
        for example in examples { #expect(diagnosis(of: example) == [], "\(example)") }
    }

    @Test("Datafile.example loads, and its patterns match the archive's keys")
    func example() throws {
        let project = try loadDatafile(path: Self.root.appending(path: "Datafile.example").path)
        #expect(project.rules.count == 26)
        #expect(project.sources.map(\.mirror) == ["raw/data.binance.vision"])
        let keys = [
            ("spot-klines", "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"),
            ("spot-klines", "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-05.zip"),
            ("um-klines", "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-05.zip"),
            (
                "um-premium-index-klines",
                "data/futures/um/monthly/premiumIndexKlines/BTCUSDT/1d/BTCUSDT-1d-2024-01.zip"
            ),
            (
                "um-funding-rate",
                "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip"
            ),
            ("um-metrics", "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-01.zip"),
            (
                "cm-liquidation-snapshot",
                "data/futures/cm/daily/liquidationSnapshot/BTCUSD_PERP/BTCUSD_PERP-liquidationSnapshot-2023-06-25.zip"
            ),
            (
                "option-bvol-index",
                "data/option/daily/BVOLIndex/BTCBVOLUSDT/BTCBVOLUSDT-BVOLIndex-2026-10-01.zip"
            ),
            ("option-eoh-summary", "data/option/daily/EOHSummary/BTCUSDT/BTCUSDT-EOHSummary-2023-06-01.zip"),
        ]
        for (name, key) in keys {
            let rule = try #require(project.rules.first { $0.name == name })
            #expect(rule.inputs.contains { $0.pattern.matches(key) }, "\(key)")
        }
    }

    @Test(
        "the schema accepts the examples and refuses what the loader refuses",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func schema() throws {
        let python = try #require(Peer.python)
        let check = try Peer.run(python, ["-c", "import jsonschema, yaml"])
        guard check.status == 0 else {
            print("skipped: Python has no jsonschema or no yaml")
            return
        }
        let directory = try TemporaryDirectory()
        var good = try Self.examples()
        good.append(try Self.text("Datafile.example"))
        let bad = [
            "version: 2", "version: 1\nrulez: {}", "version: 1\nrules: {r: {from: a, to: b}}",
            "version: 1\nrules: {r: {from: a, to: b, table: c, run: d}}", "version: 1\ntables: {t: {}}",
            "version: 1\ntables: {t: {columns: {a: string}}}", "version: 1\nsources: {s: {s3: 'file:///x'}}",
            "version: 1\nsources: {s: {dir: x, rate: 1 MB/s}}",
            "version: 1\nsources: {s: {s3: 'https://h/b', rate: 5}}",
            "version: 1\ntables: {t: {columns: {a: int64}, every: 1x}}",
            "version: 1\nbuild: {memory: 8}", "version: 1\nbuild: {disk: 200 GB/s}",
        ]
        good.append("version: 1\nbuild: {memory: 1.5 GiB, disk: 2TB}")
        for (index, text) in good.enumerated() { try directory.write(text, to: "good/\(index)") }
        for (index, text) in bad.enumerated() {
            try directory.write(text, to: "bad/\(index)")
            #expect(diagnosis(of: text) != [], "\(text)")
        }
        let script = """
            import json, os, sys, yaml, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft7Validator.check_schema(schema)
            validator = jsonschema.Draft7Validator(schema)
            class Loader(yaml.SafeLoader): pass
            # Dates are texts, and `null` is a key like any other, as for editors.
            Loader.yaml_implicit_resolvers = {first: [(tag, expression) for tag, expression in rules if not tag.endswith(':timestamp')]
                                              for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
            def keyed(node):
                if isinstance(node, dict): return {'null' if key is None else key: keyed(value) for key, value in node.items()}
                return [keyed(item) for item in node] if isinstance(node, list) else node
            for kind in ('good', 'bad'):
                for name in sorted(os.listdir(os.path.join(sys.argv[2], kind))):
                    text = open(os.path.join(sys.argv[2], kind, name)).read()
                    errors = list(validator.iter_errors(keyed(yaml.load(text, Loader))))
                    if (kind == 'good') == bool(errors):
                        print(kind, name, text[:200], [error.message[:300] for error in errors])
            """
        let output = try Peer.run(
            python,
            ["-c", script, Self.root.appending(path: "docs/datafile.schema.json").path, directory.path])
        #expect(output.status == 0, "\(output.standardError)")
        #expect(output.standardOutput == "")
    }
}
