import DatafileLoading
import Foundation
import Problems
import Testing

/// Mistakes in `where`, in tables, and of rules among each other.
extension DiagnosticTests {
    static let constraints = [
        BadCase.rule(
            "a list", "from: s:{x}\nwhere: [x]\nto: o/{x}\ntable: t",
            "4:12 'where' must be a mapping of wildcards to what they may be, not a list | write symbol: [BTCUSDT, \"ETH*\"]"
        ),
        BadCase.rule(
            "unbound", "from: s:{symbol}\nwhere: {symbl: a}\nto: o/{symbol}\ntable: t",
            "4:13 'where' limits 'symbl', which 'from' does not bind | did you mean 'symbol'?"),
        BadCase.rule(
            "bad date", "from: s:{d:day}\nwhere: {d: 2023-01-01..2023-02-30}\nto: o/{d}\ntable: t",
            "4:28 '2023-02-30' is no date"),
        BadCase.rule(
            "no date", "from: s:{d:day}\nwhere: {d: 2023-1..}\nto: o/{d}\ntable: t",
            "4:16 '2023-1' is no date | write 2024-01.., ..2024-05-07 or 2024-01-05..2024-02: dates are YYYY, YYYY-MM or YYYY-MM-DD"
        ),
        BadCase.rule(
            "backwards", "from: s:{d:day}\nwhere: {d: 2024-02..2024-01-31}\nto: o/{d}\ntable: t",
            "4:16 the range ends before it starts"),
        BadCase.rule(
            "no end", "from: s:{d:day}\nwhere: {d: \"..\"}\nto: o/{d}\ntable: t",
            "4:16 a range needs at least one end"),
        BadCase.rule(
            "a list of dates", "from: s:{d:day}\nwhere: {d: [2024-01]}\nto: o/{d}\ntable: t",
            "4:16 'd' is a date: it takes one date or range, not a list | write 2024-01.., ..2024-05-07 or 2024-01-05..2024-02"
        ),
        BadCase.rule(
            "no number", "from: s:{n:int}\nwhere: {n: 1..x}\nto: o/{n}\ntable: t",
            "4:19 'x' is no whole number | write 1..5, 3.. or ..9"),
        BadCase.rule(
            "numbers backwards", "from: s:{n:int}\nwhere: {n: 5..1}\nto: o/{n}\ntable: t",
            "4:16 the range ends before it starts"),
        BadCase.rule(
            "a date range for text", "from: s:{d}\nwhere: {d: 2024-01..}\nto: o/{d}\ntable: t",
            "4:16 '2024-01..' is a range of dates, and 'd' is text | write {d:day}, {d:month} or {d:year} in 'from'"
        ),
        BadCase.rule(
            "nothing", "from: s:{x}\nwhere: {x: []}\nto: o/{x}\ntable: t",
            "4:16 an empty list lets nothing through | take it out, or name what is wanted"),
        BadCase.rule(
            "slash", "from: s:{x}\nwhere: {x: [a, a/b]}\nto: o/{x}\ntable: t",
            "4:20 'a/b' holds '/', which no wildcard matches"),
        BadCase.rule(
            "mapping", "from: s:{x}\nwhere: {x: {a: 1}}\nto: o/{x}\ntable: t",
            "4:16 'x' takes names and globs, not a mapping | write [BTCUSDT, \"ETH*\", \"!*DOWNUSDT\"]"),
        BadCase.rule(
            "tag", "from: s:{x}\nwhere: {x: [a, !*b ]}\nto: o/{x}\ntable: t",
            "4:20 '!*b' is a YAML tag, which means nothing here | quote a text that begins with '!'"),
        BadCase.rule(
            "alias", "from: s:{x}\nwhere: {x: [a, *b ]}\nto: o/{x}\ntable: t",
            "4:20 no anchor of this name is defined before | quote a text that begins with '*' or '&'"),
    ]

    static let tables = [
        BadCase.table(
            "no columns", "sort: a",
            "3:3 table 't' has no 'columns' | list the columns of the file in order, each with its type"),
        BadCase.table(
            "unknown key", "column: {a: int64}",
            "4:5 unknown key 'column' in table 't' | did you mean 'columns'?"),
        BadCase.table(
            "columns as a list", "columns: [a]",
            "4:14 'columns' must be a mapping of names to types, not a list | write open_time: timestamp"),
        BadCase.table(
            "types",
            "columns:\n  a: string\n  b: int6\n  c: float64?\n  d: decimal(39,2)\n  e: {type: zonk}\n  f:\n  g: [int64]",
            "5:10 no type 'string' | did you mean 'text'?", "6:10 no type 'int6' | did you mean 'int64'?",
            "7:10 no type 'float64?' | write {type: float64, null: true}",
            "8:10 'decimal(39,2)' is no decimal type | write decimal(precision,scale): 1 to 38 digits, scale of them after the point",
            "9:17 no type 'zonk' | the types are int32, int64, float32, float64, decimal(18,8), bool, text, date, timestamp, skip",
            "10:7 column 'f' must have a type or a mapping, not nothing | write f: float64",
            "11:10 column 'g' must have a type or a mapping, not a list | write g: float64"),
        BadCase.table(
            "column keys",
            "columns:\n  a: {type: int64, nullable: true}\n  b: {null: yes, type: int64}\n  c: {aliases: [x]}",
            "5:24 unknown key 'nullable' in column 'a' | the keys here are type, aliases, null",
            "6:17 'null' must be true or false", "7:7 column 'c' has no 'type'"),
        BadCase.table(
            "skip and null", "columns: {a: int64, b: {type: skip, null: true}}",
            "4:41 'null' has no meaning for a skipped column"),
        BadCase.table(
            "two names",
            "columns: {a: int64, b: {type: int64, aliases: [c, a]}, d: {type: int64, aliases: [d]}}",
            "4:25 'a' names two columns, 'a' and 'b'", "4:87 column 'd' has the name 'd' twice"),
        BadCase.table(
            "empty name", "columns: {\"\": skip, a: int64}",
            "4:15 a column needs a name without control characters | give it one, and where the header has none, aliases: [\"\"]"
        ),
        BadCase.table("keeps nothing", "columns: {a: skip}", "4:14 table 't' keeps no column"),
        BadCase.table(
            "column twice", "columns:\n  a: int64\n  b: int64\n  a: text",
            "7:7 the key 'a' stands more than once here | the first is at line 5, column 7"),
        BadCase.table(
            "choices", "header: always\nbad-rows: drop\ncolumns: {a: int64}",
            "4:13 'header' must be auto, none or required, not 'always'",
            "5:15 'bad-rows' must be fail or quarantine, not 'drop'"),
        BadCase.table(
            "characters", "delimiter: \";;\"\nquote: a\ncolumns: {a: int64}",
            "4:16 'delimiter' must be one ASCII character that is no letter, digit or space | write ',', ';', '|' or tab",
            "5:12 'quote' must be one ASCII character that is no letter, digit or space"),
        BadCase.table(
            "same characters", "delimiter: \"'\"\nquote: \"'\"\ncolumns: {a: int64}",
            "5:12 the delimiter and the quote are the same character"),
        BadCase.table(
            "sort and unique", "columns: {a: int64, b: skip}\nsort: [a, a, b]\nunique: c",
            "5:15 'sort' names the column 'a' twice", "5:18 'sort' names the column 'b', which is skipped",
            "6:13 'unique' names the column 'c', which the table does not have | did you mean 'a'?"),
        BadCase.table(
            "every", "columns: {a: timestamp}\nsort: a\nevery: 1x",
            "6:12 'every' must be an interval or one wildcard, not '1x' | write it as in 1m, 8h, 1d or \"{interval}\"; the units are ms, s, m, h, d, w and mo"
        ),
        BadCase.table(
            "every unquoted", "columns: {a: timestamp}\nsort: a\nevery: {interval}",
            "6:12 'every' must be a text, not a mapping | quote a text that begins with '{'"),
        BadCase.table(
            "every unsorted", "columns: {a: timestamp}\nevery: 1m",
            "5:12 'every' needs 'sort': steps are between values of its first column"),
        BadCase.table(
            "every of a number", "columns: {a: int64}\nsort: a\nevery: 1m",
            "6:12 'every' needs a timestamp or a date first in 'sort', and 'a' is int64"),
        BadCase.table(
            "parquet",
            "columns: {a: int64}\nparquet: {compression: snappy, level: 30, row-group-rows: 0, encodings: all}",
            "5:28 'compression' must be zstd, gzip or none, not 'snappy'",
            "5:43 'level' must be 1 to 22, not 30",
            "5:63 'row-group-rows' must be 1 to 134217728, not 0",
            "5:77 'encodings' must be smallest or portable, not 'all'"),
        BadCase.table(
            "bloom filter", "columns: {a: int64, b: bool, c: skip}\nparquet: {bloom-filter: [b, a, d, c, a]}",
            "5:30 'bloom-filter' names the column 'b', which holds booleans | leave it out: there are only two values to look for",
            "5:36 'bloom-filter' names the column 'd', which the table does not have | did you mean 'a'?",
            "5:39 'bloom-filter' names the column 'c', which is skipped",
            "5:42 'bloom-filter' names the column 'a' twice"),
        BadCase.table(
            "level of nothing", "columns: {a: int64}\nparquet: {compression: none, level: 3}",
            "5:34 'level' has no meaning without compression"),
        BadCase.table(
            "checks",
            "columns: {high: int64, low: int64, s: text, t: timestamp, k: skip, b: bool}\nchecks:\n  - high >> low\n  - hihg > low\n  - s > low\n  - low + 1\n  - low in partition\n  - k > 1\n  - s + 1 > 2\n  - not low\n  - b and low\n  - \"low = 1\"\n  - b and t == t",
            "6:15 expected a column or a value, found '>'",
            "7:9 the check names the column 'hihg', which the table does not have | did you mean 'high'?",
            "8:9 '>' compares text with a number", "9:9 a check must be true or false, and this is a number",
            "10:9 'in partition' needs a timestamp or a date, and 'low' is a number",
            "11:9 the check names the column 'k', which is skipped",
            "12:9 '+' needs numbers, and one side is text",
            "13:9 'not' needs a condition, and this is a number",
            "14:9 'and' and 'or' join conditions, and one side is a number",
            "15:14 unexpected '=' | write '=='"),
    ]

    static let networks = [
        BadCase(
            "same path",
            BadCase.surroundings
                + "rules:\n  a: {from: 's:{x}', to: 'o/{x}.parquet', table: t}\n  b: {from: 's:{y}', to: 'o/{y}.parquet', table: t}\n  c: {from: 's:{x}', to: 'o/{x}.parquet', table: t}\n",
            "10:26 rule 'b' can make the same path as rule 'a', which makes 'o/{x}.parquet' | write different paths, or limit both with 'where' (Datafile:9:26)",
            "11:26 rule 'c' can make the same path as rule 'a' | write different paths, or limit both with 'where' (Datafile:9:26)"
        ),
        BadCase(
            "cycle",
            BadCase.surroundings
                + "rules:\n  a: {from: 'x/{n}', to: 'y/{n}', table: t}\n  b: {from: 'y/{n}', to: 'z/{n}', table: t}\n  c: {from: ['z/{n}', 'q/{n}'], to: 'x/{n}', table: t}\n  d: {from: 'z/{n}', to: 'w/{n}', table: t}\n",
            "9:3 the rules wait for each other: a -> b -> c -> a | an arrow leads from a rule to one that reads its output"
        ),
        BadCase(
            "two rules with one name",
            "version: 1\nsources: {d: {dir: x}}\nsources: {}\nrules:\n  a: {}\n  a: {}\n",
            "3:1 the key 'sources' stands more than once here | the first is at line 2, column 1",
            "5:3 rule 'a' has no 'from' | say what the rule reads: source:pattern or a path",
            "5:3 rule 'a' has no 'to' | say which files the rule makes: lake/{symbol}/{date.month}.parquet",
            "5:3 rule 'a' has no 'table' | say how the output is made: table: NAME, or run: COMMAND",
            "6:3 the key 'a' stands more than once here | the first is at line 5, column 3"),
    ]
}
