#!/usr/bin/env python3
"""One zip of trades in order, and the same rows out of order or twice: what putting them right costs.

    scripts/benchmark disorder [--rows 6000000] [--runs 5] [--threads 1] [--work DIR]

Makes one CSV of trades (about 80 bytes a row) in each disorder, zips it, and builds each in turn, A B C ..., A B C ...,
into an empty directory. Prints the least wall and processor seconds of the whole command, their ratio to the case in
order, also by bytes read, and the peak of memory. The output has to hold the rows of the case in order, the same values, and
duplicates are counted. The least, because memory that a virtual machine's host takes back between two commands makes some
of them slower by half: the case in order first, which would make all ratios too good.
"""
import argparse, json, os, pathlib, resource, shutil, subprocess, sys, tempfile, time, zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATAFILE = """
version: 1
sources: {archive: {dir: ARCHIVE}}
rules:
  trades: {from: "archive:{name}.zip", to: "out/{name}.parquet", table: trades}
tables:
  trades:
    columns: {id: int64, price: float64, quantity: float64, first_id: int64, last_id: int64, time: timestamp,
              is_buyer_maker: bool, is_best_match: bool}
    sort: id
    unique: id
"""


TITLES = ["in order", "20 % displaced near", "20 % displaced anywhere", "last 20 % belong first",
          "two interleaved halves", "20 % twice, next to each other", "20 % twice, far apart", "20 % twice, anywhere",
          "no order at all"]


def cases(rows):
    """For each disorder the rows in the order in which they come."""
    import numpy
    random = numpy.random.default_rng(7)
    ordered = numpy.arange(rows)
    near = ordered.copy()
    for start in range(0, rows - 4000, 4000):
        # 400 pairs of each 4,000 rows change places: 20 % of the rows.
        picked = start + random.permutation(4000)[:800]
        near[picked] = near[numpy.roll(picked, 400)]
    fifth = rows // 5
    anywhere = ordered.copy()
    picked = random.permutation(rows)[:fifth]
    anywhere[picked] = anywhere[numpy.roll(picked, 1)]
    scattered = numpy.insert(ordered, random.integers(0, rows, fifth), random.permutation(rows)[:fifth])
    far_copies = numpy.sort(random.permutation(rows)[:fifth])
    return dict(zip(TITLES, [
        ordered, near, anywhere, numpy.concatenate([ordered[fifth:], ordered[:fifth]]),
        numpy.concatenate([ordered[0::2], ordered[1::2]]), numpy.repeat(ordered, 1 + (random.random(rows) < 0.2)),
        numpy.concatenate([ordered, far_copies]), scattered, random.permutation(rows)]))


def lines_of(order):
    """The rows' text, made of their numbers alone."""
    import numpy, pyarrow, pyarrow.compute as pc, pyarrow.csv
    mixed = (order.astype(numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)) >> numpy.uint64(40)
    mixed = mixed.astype(numpy.int64)
    table = pyarrow.table({
        "id": order + 2_900_000_000, "price": (4_200_000 + mixed % 1000) / 100, "quantity": (mixed % 99991) / 100000,
        "first": order * 2 + 3_300_000_000, "last": order * 2 + 1 + 3_300_000_000,
        "time": 1_704_067_200_000 + order * 3, "maker": mixed % 2 == 0, "best": numpy.ones(len(order), bool)})
    sink = pyarrow.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getvalue()


def build(program, archive, name, threads, work):
    """Wall seconds, processor seconds, peak bytes, and the record of one build."""
    project = os.path.join(work, "project")
    shutil.rmtree(project, ignore_errors=True)
    os.makedirs(project)
    pathlib.Path(project, "Datafile").write_text(DATAFILE.replace("ARCHIVE", archive))
    start = time.perf_counter()
    process = subprocess.Popen([program, "-C", project, "build", "--json", "-j", str(threads), f"out/{name}.parquet"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, messages = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"{name}: exit {process.returncode}\n{messages.decode()}")
    totals = json.loads(pathlib.Path(project, "out/stats.json").read_text())["totals"]
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, totals


def make(archive, rows):
    """The zips; in a process of its own, whose memory would count as the peak of those it starts."""
    for title, order in cases(rows).items():
        with zipfile.ZipFile(os.path.join(archive, name_of(title) + ".zip"), "w", zipfile.ZIP_DEFLATED,
                             compresslevel=1) as target:
            target.writestr("trades.csv", memoryview(lines_of(order)))


def have_equal_rows(a, b):
    import pyarrow.parquet as pq
    return pq.read_table(a).replace_schema_metadata(None).equals(pq.read_table(b).replace_schema_metadata(None))


def name_of(title):
    return title.replace(" ", "-").replace("%", "percent").replace(",", "")


def myself(*arguments):
    subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=6_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--program", help="a datamake to use instead of building one")
    arguments.add_argument("--work", help="where the archives stay for the next time")
    arguments.add_argument("--make", help=argparse.SUPPRESS)
    arguments.add_argument("--compare", nargs=2, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.make:
        return make(options.make, options.rows)
    if options.compare:
        return 0 if have_equal_rows(*options.compare) else "the output differs from that of the rows in order"
    program = options.program
    if not program:
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "datamake"], cwd=ROOT, check=True)
        program = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                                 capture_output=True, text=True).stdout.strip() + "/datamake"
    scratch = None if options.work else tempfile.TemporaryDirectory()
    work = os.path.abspath(options.work or scratch.name)
    archive = os.path.join(work, f"disorder-{options.rows}")
    if not os.path.exists(archive):
        os.makedirs(archive)
        myself("--rows", options.rows, "--make", archive)
    names = {title: name_of(title) for title in TITLES}
    sizes = {title: zipfile.ZipFile(os.path.join(archive, name + ".zip")).infolist()[0].file_size
             for title, name in names.items()}
    results, expected = {}, os.path.join(work, "expected.parquet")
    for run in range(options.runs):
        for title, name in names.items():
            results.setdefault(title, []).append(build(program, archive, name, options.threads, work))
            made = os.path.join(work, "project/out", name + ".parquet")
            if run > 0:
                continue
            if title == TITLES[0]:
                shutil.copy(made, expected)
            else:
                myself("--compare", made, expected)
    base = [min(column) for column in list(zip(*results["in order"]))[:3]]
    print(f"\n{options.rows} rows, {sizes['in order'] / 1e6:.0f} MB of CSV in order, {options.threads} threads, "
          f"the least of {options.runs} runs; ratios to the rows in order, and per byte")
    print(f"{'':32}{'wall s':>8}{'cpu s':>8}{'ratio':>7}{'per byte':>10}{'peak MiB':>10}{'duplicates':>12}")
    for title, rows in results.items():
        wall, processor = [min(column) for column in list(zip(*rows))[:2]]
        peak = max(row[2] for row in rows)
        more = sizes[title] / sizes["in order"]
        print(f"{title:32}{wall:8.2f}{processor:8.2f}{wall / base[0]:7.2f}{wall / base[0] / more:10.2f}"
              f"{peak / 2**20:10.0f}{rows[0][3]['duplicates']:12}")


if __name__ == "__main__":
    sys.exit(main())
