import Foundation
import TestSupport
import Testing

@Suite struct MakeTests {
    private static let small = ["--symbols", "3", "--days", "4", "--rows", "50"]

    private func make(_ arguments: [String] = small) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let output = try Peer.run(
            SampleArchiveProgram.path, ["make", directory.path] + arguments)
        #expect(output.status == 0, "\(output.standardError)")
        return directory
    }

    @Test("the same arguments make the same bytes, another seed makes others") func deterministic() throws {
        let first = try SampleArchiveProgram.files(of: make())
        let second = try SampleArchiveProgram.files(of: make())
        let other = try SampleArchiveProgram.files(of: make(Self.small + ["--seed", "2"]))
        #expect(first == second)
        #expect(first.keys == other.keys)
        #expect(first.allSatisfy { other[$0.key] != $0.value })
        // Daily: five kinds x 3 symbols x 4 days; monthly: 3 symbols x 2 months; each zip with its CHECKSUM.
        #expect(first.count == (5 * 3 * 4 + 3 * 2) * 2)
    }

    @Test("fewer symbols and kinds are a part of more") func nested() throws {
        let many = try SampleArchiveProgram.files(of: make())
        let few = try SampleArchiveProgram.files(
            of: make(["--symbols", "1", "--days", "4", "--rows", "50", "--kinds", "spot-klines,metrics"]))
        #expect(few.count == 16)
        #expect(few.allSatisfy { many[$0.key] == $0.value })
    }

    @Test("bad arguments are refused with a hint") func refuses() throws {
        let directory = try TemporaryDirectory()
        for (arguments, text) in [
            (["--kinds", "spot-kline"], "did you mean 'spot-klines'?"),
            (["--start", "2023-02-30"], "is no day like"),
            (["--days", "0"], "--days: 1 to"), (["--rows", "0"], "--rows: 1 to"),
        ] {
            let output = try Peer.run(SampleArchiveProgram.path, ["make", directory.path] + arguments)
            #expect(output.status != 0)
            #expect(output.standardError.contains(text), "\(output.standardError)")
        }
    }

    @Test(
        "Python reads every zip, every CHECKSUM is right, and the rows are what the kinds promise",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func judged() throws {
        let directory = try make(["--symbols", "3", "--days", "4"])
        let output = try Peer.run(try #require(Peer.python), ["-c", Self.judge, directory.path])
        #expect(output.status == 0, "\(output.standardError)")
        #expect(output.standardOutput == "132 objects\n")
    }

    private static let judge = """
        import csv, datetime, hashlib, io, os, re, sys, zipfile
        from decimal import Decimal as D
        root, count = sys.argv[1], 0
        utc = datetime.timezone.utc
        seen = {}
        for folder, _, names in os.walk(root):
            for name in names:
                count += 1
                path = os.path.join(folder, name)
                if name.endswith(".CHECKSUM"):
                    zipname = name[:-9]
                    sha = hashlib.sha256(open(os.path.join(folder, zipname), "rb").read()).hexdigest()
                    assert open(path).read() == f"{sha}  {zipname}\\n", name
                    continue
                with zipfile.ZipFile(path) as z:
                    assert z.testzip() is None
                    assert z.namelist() == [name[:-4] + ".csv"]
                    text = z.read(z.namelist()[0]).decode("ascii")
                assert text.endswith("\\n") and "\\r" not in text
                rows = list(csv.reader(io.StringIO(text)))
                key = os.path.relpath(path, root)
                day = datetime.datetime.strptime(re.search(r"(\\d{4}-\\d\\d(-\\d\\d)?)\\.zip", name)[1].ljust(10, "-").replace("---", "-01"), "%Y-%m-%d").replace(tzinfo=utc)
                start = int(day.timestamp()) * 1000
                spot = key.startswith("data/spot/")
                unit = 1000 if spot and day.year >= 2025 else 1
                if "/klines/" in key:
                    header = rows.pop(0) if not spot else None
                    if header: assert header[0] == "open_time" and header[-1] == "ignore" and len(header) == 12
                    assert len(rows) == 1440 and all(len(r) == 12 for r in rows)
                    last = None
                    for i, r in enumerate(rows):
                        assert int(r[0]) == (start + 60000 * i) * unit and int(r[6]) == (start + 60000 * (i + 1)) * unit - 1
                        o, h, l, c, v = map(D, r[1:6])
                        assert h >= max(o, c) and 0 < l <= min(o, c) and v > 0 and D(r[9]) <= v and D(r[10]) <= D(r[7]) and int(r[8]) > 0
                        assert last is None or last == o
                        last = c
                elif "/aggTrades/" in key or "/trades/" in key:
                    width, at = (8, 5) if "/aggTrades/" in key else (7, 4)
                    assert len(rows) == 2000 and all(len(r) == width for r in rows)
                    times, ids = [int(r[at]) for r in rows], [int(r[0]) for r in rows]
                    assert times == sorted(times) and ids == list(range(ids[0], ids[0] + len(ids)))
                    assert start * unit <= times[0] and times[-1] < (start + 86400000) * unit
                    assert {r[-2] for r in rows} == {"True", "False"} and {r[-1] for r in rows} == {"True"}
                    assert all(D(r[1]) > 0 and D(r[2]) > 0 for r in rows)
                elif "/fundingRate/" in key:
                    assert rows.pop(0) == ["calc_time", "funding_interval_hours", "last_funding_rate"]
                    assert len(rows) == 93 and any(int(r[0]) % 3600000 for r in rows)
                    assert all(0 <= int(r[0]) - start - i * 28800000 < 10 for i, r in enumerate(rows))
                    assert all(r[1] == "8" and re.fullmatch(r"-?0\\.\\d{8}", r[2]) for r in rows)
                else:
                    assert "/metrics/" in key
                    assert len(rows.pop(0)) == 8 and len(rows) == 288 and '""' in text
                    assert [r[0] for r in rows] == [(day + datetime.timedelta(minutes=5 * i)).strftime("%Y-%m-%d %H:%M:%S") for i in range(288)]
        print(count, "objects")
        """
}
