import DatafileLoading
import Foundation
import Problems
import Testing

struct DiagnosticTests {
    static let top = [
        BadCase("empty", "", "1:1 the file says nothing | begin with 'version: 1'"),
        BadCase("only a comment", "# hello\n", "1:1 the file says nothing | begin with 'version: 1'"),
        BadCase("no version", "rules:\n", "1:1 the Datafile has no 'version' | begin with 'version: 1'"),
        BadCase(
            "misspelt version", "verion: 1\n",
            "1:1 unknown key 'verion' in the Datafile | did you mean 'version'?"),
        BadCase(
            "later version", "version: 2\n",
            "1:10 'version' must be 1, not 2 | this Datafile is for a later datamake"),
        BadCase("quoted version", "version: \"1\"\n", "1:10 'version' must be 1"),
        BadCase(
            "a list", "- version\n",
            "1:1 the Datafile must be a mapping, not a list | its keys are version, include, sources, rules, tables, build"
        ),
        BadCase(
            "unknown key", "version: 1\nrulez: {}\nfoo: 1\n",
            "2:1 unknown key 'rulez' in the Datafile | did you mean 'rules'?",
            "3:1 unknown key 'foo' in the Datafile | the keys here are version, include, sources, rules, tables, build"
        ),
        BadCase(
            "rules as a list", "version: 1\nrules: [a]\n",
            "2:8 'rules' must be a mapping of names to rules, not a list"),
        BadCase(
            "bad name", "version: 1\ntables:\n  a/b: {}\n",
            "3:3 'a/b' cannot name a table | a name is letters, digits, '_', '-' and '.', and begins with a letter or digit"
        ),
        BadCase(
            "build", "version: 1\nbuild: {jobs: 0, connections: many, cores: 1}\n",
            "2:15 'jobs' must be 1 to 1024, not 0", "2:31 'connections' must be a whole number, 1 to 1024",
            "2:37 unknown key 'cores' in 'build' | the keys here are jobs, connections, memory, disk"),
        BadCase(
            "sizes of budgets", "version: 1\nbuild: {memory: 8, disk: 1 GB/s}\n",
            "2:17 'memory' cannot be '8' | write it as in 8 GB; the units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB",
            "2:26 'disk' cannot be '1 GB/s' | write it as in 200 GB; the units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB"
        ),
        BadCase(
            "no terabytes a second", "version: 1\nsources:\n  s:\n    s3: https://h/b\n    rate: 1 TB/s\n",
            "5:11 'rate' cannot be '1 TB/s' | write it as in 100 MB/s; the units are B, kB, MB, GB, KiB, MiB and GiB"
        ),
        BadCase(
            "merge key", "version: 1\nbuild:\n  <<: {jobs: 1}\n",
            "3:3 unknown key '<<' in 'build' | merge keys are not supported; aliases of whole values are"),
    ]

    static let sources = [
        BadCase(
            "neither", "version: 1\nsources:\n  s: {checksum: \"{key}.c\"}\n",
            "3:3 source 's' has neither 's3' nor 'dir' | say where it is: s3: https://host/bucket"),
        BadCase.source(
            "both", "dir: x", "5:5 source 's' is both an 's3' bucket and a 'dir' | make two sources of it"),
        BadCase(
            "http", "version: 1\nsources:\n  s: {http: https://h/f}\n",
            "3:7 sources of plain URLs are not supported yet | a source is an 's3' bucket or a 'dir'"),
        BadCase.source(
            "unknown key", "mirrow: x", "5:5 unknown key 'mirrow' in source 's' | did you mean 'mirror'?"),
        BadCase.source(
            "absolute mirror", "mirror: /x",
            "5:13 the path is absolute | write it relative to the Datafile's directory"),
        BadCase.source(
            "mirror upwards", "mirror: ../x",
            "5:13 '..' leads out of the project | write a path inside the project"),
        BadCase.source(
            "mirror in the records", "mirror: .datamake/raw",
            "5:13 '.datamake' is where datamake keeps its own records | choose another directory"),
        BadCase.source(
            "rate", "rate: 100\nrequests: fast",
            "5:11 'rate' cannot be '100' | write it as in 100 MB/s; the units are B, kB, MB, GB, KiB, MiB and GiB",
            "6:15 'requests' cannot be 'fast' | write it as in 50/s or 30/min"),
        BadCase.source(
            "zero rate", "rate: 0 MB/s",
            "5:11 'rate' cannot be '0 MB/s' | write it as in 100 MB/s; the units are B, kB, MB, GB, KiB, MiB and GiB"
        ),
        BadCase.source(
            "numbers", "connections: 257\nretries: -1", "5:18 'connections' must be 1 to 256, not 257",
            "6:14 'retries' must be 0 to 100, not -1"),
        BadCase.source(
            "checksum", "checksum: CHECKSUM",
            "5:15 'checksum' must be a key with '{key}' for the object's own, not 'CHECKSUM' | write \"{key}.CHECKSUM\""
        ),
        BadCase.source(
            "checksum unquoted", "checksum: {key}.CHECKSUM",
            "5:20 not YAML: did not find expected key, while parsing a block mapping"),
        BadCase.source(
            "checksum-missing alone", "checksum-missing: accept",
            "5:5 'checksum-missing' without 'checksum' | write checksum: \"{key}.CHECKSUM\""),
        BadCase.source(
            "choice", "checksum: \"{key}.c\"\nchecksum-missing: acept",
            "6:23 'checksum-missing' must be fail or accept, not 'acept' | did you mean 'accept'?"),
        BadCase(
            "network keys on a directory", "version: 1\nsources:\n  s: {dir: x, rate: 1 MB/s}\n",
            "3:15 'rate' has no meaning for a directory, which is read in place"),
        BadCase(
            "home", "version: 1\nsources:\n  s: {dir: ~/x}\n",
            "3:12 '~' does not stand for a home directory here | write the whole path"),
        BadCase(
            "one mirror",
            "version: 1\nsources:\n  a: {s3: 'https://h/a', mirror: raw}\n  b: {s3: 'https://h/b'}\n",
            "4:3 the mirrors of sources 'a' and 'b' share 'raw/b' | give each its own directory"),
    ]

    static let urls = [
        ("file:///etc/passwd", "the URL's scheme is 'file', not https or http"),
        ("ftp://h/b", "the URL's scheme is 'ftp', not https or http"),
        ("h/b", "'h/b' is no URL | write https://host/bucket"),
        ("https://u:p@h/b", "the URL holds a user name or a password | only anonymous access is supported"),
        ("https:///b", "'' is no host name"),
        ("https://h:0/b", "the port must be 1 to 65535"),
        ("https://h:65536/b", "the port must be 1 to 65535"),
        ("https://h:x/b", "the port must be 1 to 65535"),
        ("https://h/b?x=1", "the URL has a query or a fragment | leave out what follows the path"),
        ("https://h/a/../b", "the URL's path has an empty segment, '.' or '..'"),
        (#"https://h\\@evil/b"#, "the URL holds a character that must not stand in one | percent-encode it"),
        (#"https://h/b\r\nX: y"#, "the URL holds a character that must not stand in one | percent-encode it"),
        ("https://bücket.de/b", "the URL holds a character that must not stand in one | percent-encode it"),
        ("https://[fe80::1%eth0]/b", "'[fe80::1%eth0]' is no host name"),
    ]

    @Test("refuses URLs", arguments: urls)
    func badURL(_ url: String, _ message: String) {
        #expect(diagnosis(of: "version: 1\nsources:\n  s: {s3: \"\(url)\"}\n") == ["3:11 \(message)"])
        #expect(
            diagnosis(of: "version: 1\nsources:\n  s: {s3: https://h/b, get: \"\(url)\"}\n") == [
                "3:29 \(message)"
            ])
    }

    static let rules = [
        BadCase.rule(
            "empty", "{}",
            "2:3 rule 'r' has no 'from' | say what the rule reads: source:pattern or a path",
            "2:3 rule 'r' has no 'to' | say which files the rule makes: lake/{symbol}/{date.month}.parquet",
            "2:3 rule 'r' has no 'table' | say how the output is made: table: NAME, or run: COMMAND"),
        BadCase.rule(
            "misspelt keys", "form: s:{x}\nto: o/{x}\ntabel: t",
            "3:5 unknown key 'form' in rule 'r' | did you mean 'from'?",
            "5:5 unknown key 'tabel' in rule 'r' | did you mean 'table'?"),
        BadCase.rule(
            "table and run", "from: s:{x}\nto: o/{x}\ntable: t\nrun: cp {input} {output}",
            "6:5 rule 'r' has both 'table' and 'run' | make two rules of it, the second reading what the first makes"
        ),
        BadCase.rule(
            "nothing follows", "from: s:{x}\nto:\ntable:",
            "4:5 nothing follows 'to' in rule 'r' | say which files the rule makes: lake/{symbol}/{date.month}.parquet",
            "5:5 nothing follows 'table' in rule 'r'"),
        BadCase.rule(
            "types", "from: {a: b}\nto: [x]\ntable: {t}",
            "3:11 'from' must be a text or a list of texts, not a mapping | quote a text that begins with '{'",
            "4:9 'to' must be a text, not a list",
            "5:12 'table' must be a text, not a mapping | quote a text that begins with '{'"),
        BadCase.rule(
            "unknown source", "from: [s:a, q:a]\nto: o/{x}\ntable: t",
            "3:17 no source 'q' | did you mean 's'?"),
        BadCase.rule(
            "misspelt table", "from: s:{x}\nto: o/{x}\ntable: tt", "5:12 no table 'tt' | did you mean 't'?"),
        BadCase.rule(
            "URL", "from: https://h/{x}\nto: o/{x}\ntable: t",
            "3:11 'from' cannot be a URL | declare a source for it, and write source:key"),
        BadCase.rule(
            "glob", "from: s:a/*/{x}\nto: o/{x}\ntable: t",
            "3:15 '*' stands for itself in a pattern | write a wildcard with a name: {name}"),
        BadCase.rule(
            "pattern", "from: \"s:a/{x\"\nto: o/{x:mont}\ntable: t",
            "3:16 '{' is never closed | write {name}",
            "4:14 no wildcard kind 'mont' | did you mean 'month'?"),
        BadCase.rule(
            "paths", "from: s:/a/{x}\nto: /o/{x}\ntable: t",
            "3:13 the path is absolute | write it relative to the Datafile's directory",
            "4:9 the path is absolute | write it relative to the Datafile's directory"),
        BadCase.rule(
            "path upwards", "from: a/../{x}\nto: o/../../{x}\ntable: t",
            "3:11 '..' leads out of the project | write a path inside the project",
            "4:9 '..' leads out of the project | write a path inside the project"),
        BadCase.rule(
            "dots and slashes", "from: ./a/{x}\nto: o//{x}\ntable: t", "3:11 '.' is no name | leave out './'",
            "4:9 the path has an empty segment | take out the extra '/'"),
        BadCase.rule(
            "unbound", "from: s:{symbol}\nto: o/{symbl}/{q}\ntable: t",
            "4:11 'to' uses {symbl}, which 'from' does not bind | did you mean {symbol}?",
            "4:19 'to' uses {q}, which 'from' does not bind | 'from' binds {symbol}"),
        BadCase.rule(
            "unbound in one", "from: [\"s:{x}-{y}\", \"s:{x}\"]\nto: o/{x}-{y}\ntable: t",
            "4:15 'to' uses {y}, which pattern 2 of 'from' does not bind"),
        BadCase.rule(
            "conflicting kinds",
            "from: [\"s:{x}-{date:month}\", \"s:{x}-{date}\", \"s:{x:int}-{date:day}\"]\nto: o\ntable: t",
            "3:41 'date' is 'text' here and 'month' in the pattern above | write {date:month}",
            "3:53 'x' is 'int' here and 'text' in the pattern above"),
        BadCase.rule(
            "finer", "from: s:{date:month}\nto: o/{date.day}\ntable: t",
            "4:11 'to' asks for the day of 'date', which is a month in 'from' | write {date.month}"),
        BadCase.rule(
            "finer than one", "from: [\"s:{date:day}\", \"s:{date:year}\"]\nto: o/{date.month}\ntable: t",
            "4:11 'to' asks for the month of 'date', which is a year in 'from' | write {date.year}"),
        BadCase.rule(
            "plain date of two kinds", "from: [\"s:{date:month}\", \"s:{date:day}\"]\nto: o/{date}\ntable: t",
            "4:11 'date' is 'day' here and 'month' in 'from' | write {date.month}"),
        BadCase.rule(
            "month of a day", "from: s:{date:day}\nto: o/{date:month}\ntable: t",
            "4:11 'date' is 'month' here and 'day' in 'from' | write {date.day}"),
        BadCase.rule(
            "month of a text", "from: s:{date}\nto: o/{date.month}\ntable: t",
            "4:11 'date' is no date in 'from' | write {date:day}, {date:month} or {date:year} there"),
        BadCase.rule(
            "number of a text", "from: s:{n}\nto: o/{n:int}\ntable: t",
            "4:11 'n' is 'int' here and 'text' in 'from'"),
        BadCase.rule(
            "records", "from: s:{x}\nto: .datamake/{x}\ntable: t",
            "4:9 the output lies in '.datamake', where datamake keeps its own records | write it elsewhere"),
        BadCase.rule(
            "mirror", "from: s:{x}\nto: mirror/{x}/o\ntable: t",
            "4:9 the output lies in 'mirror/s', the mirror of source 's' | write it elsewhere"),
        BadCase.rule(
            "the Datafile", "from: s:{x}\nto: Data{x}\ntable: t",
            "4:9 the output would overwrite 'Datafile', a part of the Datafile"),
        BadCase.rule(
            "every", "from: s:{x}\nto: o/{x}\ntable: w",
            "5:12 table 'w' counts gaps by 'every: \"{interval}\"', and 'to' has no text wildcard {interval} | put {interval} into 'to', or use a table with a fixed interval"
        ),
        BadCase.rule(
            "itself", "from: o/{x}\nto: o/{x}.out\nrun: f {input} {output}",
            "3:11 rule 'r' can read what it makes, 'o/{x}.out' | write to another directory, or give the wildcards of the input a kind"
        ),
        BadCase.rule(
            "command words", "from: s:{x}\nto: o/{x}\nrun: f {input} > {output}",
            "5:20 '>' has no meaning here: no shell runs the command | quote it, or run a shell: sh -c '...'"),
        BadCase.rule(
            "open quote", "from: s:{x}\nto: o/{x}\nrun: f 'a {output}", "5:12 the quote ' is never closed"),
        BadCase.rule(
            "placeholders", "from: s:{x}-{y}\nto: o/{x}\nrun: f {inptu} {y} --i={input} {symbol}",
            "5:12 'run' uses {inptu}, which 'to' does not have | did you mean {input}?",
            "5:20 'run' uses {y}, which 'to' does not have | did you mean {x}?",
            "5:24 {input} must be a word of its own: it stands for one word for each input",
            "5:36 'run' uses {symbol}, which 'to' does not have | it may use {input}, {output}, {x}"),
        BadCase.rule(
            "no output", "from: s:{x}\nto: o/{x}\nrun: f {input}",
            "5:10 'run' never says {output}, the path it must write"),
        BadCase.rule(
            "no program", "from: s:{x}\nto: o/{x}\nrun: \"'' {output}\"", "5:10 'run' names no program"),
        BadCase.rule(
            "two lines", "from: s:{x}\nto: o/{x}\nrun: |\n  f {output}\n  g",
            "5:10 a command is one line | end the line with '\\', write 'run: >', or put more into a script"),
    ]

    @Test("top level", arguments: top) func topLevel(_ c: BadCase) {
        #expect(diagnosis(of: c.text) == c.expected)
    }
    @Test("sources", arguments: sources) func source(_ c: BadCase) {
        #expect(diagnosis(of: c.text) == c.expected)
    }
    @Test("rules", arguments: rules) func rule(_ c: BadCase) { #expect(diagnosis(of: c.text) == c.expected) }
    @Test("where", arguments: constraints) func constraint(_ c: BadCase) {
        #expect(diagnosis(of: c.text) == c.expected)
    }
    @Test("tables", arguments: tables) func table(_ c: BadCase) {
        #expect(diagnosis(of: c.text) == c.expected)
    }
    @Test("rules among each other", arguments: networks)
    func network(_ c: BadCase) { #expect(diagnosis(of: c.text) == c.expected) }

    @Test("shows the line, a caret, and at most twenty")
    func rendering() throws {
        let error = #expect(throws: DatafileProblems.self) {
            try loadDatafile(
                text: "version: 1\nrules:\n  r: {from: x, to: y, tabel: t}\n", name: "dir/Datafile")
        }
        #expect(
            error?.summary == """
                dir/Datafile:3:23: unknown key 'tabel' in rule 'r'
                   3 |   r: {from: x, to: y, tabel: t}
                     |                       ^
                  hint: did you mean 'table'?
                """)
        #expect(error?.hint == nil)
        #expect(error?.category == .recipe)
        let many = #expect(throws: DatafileProblems.self) {
            try loadDatafile(text: "version: 1\n" + (0..<30).map { "zonk\($0): 1\n" }.joined())
        }
        #expect(many?.diagnostics.count == 30)
        #expect(many?.summary.hasSuffix("\nand 10 more") == true)
        #expect(many?.summary.components(separatedBy: "unknown key").count == 21)
    }

    @Test("names and lines cannot steer a terminal, and long lines are cut")
    func hostileText() throws {
        let error = #expect(throws: DatafileProblems.self) {
            try loadDatafile(
                text: "version: 1\n\"\\e[31mred\\a\": 1\n# \(String(repeating: "x", count: 9))\nlong: \""
                    + String(repeating: "y", count: 100_000) + "\"\n")
        }
        let summary = error?.summary ?? ""
        #expect(!summary.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(summary.contains("\\u{1b}[31mred\\u{7}"))
        #expect(summary.utf8.count < 2000)
    }
}
