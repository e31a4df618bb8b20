#!/usr/bin/env python3
"""Zips of CSV -> Parquet: datamake next to pyarrow, Polars and DuckDB, on one machine in one run.

    scripts/benchmark cleaning [--runs 5] [--threads 2] [--only klines] [--work DIR | --archive DIR]

Makes an archive with sample-archive (six daily files of 1,000,000 aggTrades; 10 symbols of 31 daily 1m kline files), or
takes the one in --archive (laid out like the bucket: data/spot/daily/...), then runs the programs in turn, A B C D A B C
D ..., each in a process of its own and into a new directory. Prints the median wall and processor seconds, the ratio of
the wall time to the fastest peer's, the ratio of the processor time to that of inflating the same zips with ISA-L and
nothing else (`steps --inflate-only`, a process of its own in every turn), and the bytes written. datamake's figures are
those of the whole command, with listing, digests of every zip and output, and records.
"""
import argparse, glob, os, pathlib, resource, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
AGG = dict(agg_trade_id="BIGINT", price="DOUBLE", quantity="DOUBLE", first_trade_id="BIGINT", last_trade_id="BIGINT",
           transact_time="BIGINT", is_buyer_maker="BOOLEAN", is_best_match="BOOLEAN")
KLINE = dict(open_time="BIGINT", open="DOUBLE", high="DOUBLE", low="DOUBLE", close="DOUBLE", volume="DOUBLE",
             close_time="BIGINT", quote_volume="DOUBLE", count="BIGINT", taker_buy_base="DOUBLE",
             taker_buy_quote="DOUBLE", ignore="INTEGER")
WORKLOADS = {
    "agg-trades": (AGG, "data/spot/daily/aggTrades/*/*.zip", lambda path: os.path.basename(path)[:-4]),
    "klines": (KLINE, "data/spot/daily/klines/*/1m/*.zip", lambda path: path.split("/")[-3]),
}
DATAFILE = {
    "agg-trades": """
version: 1
sources: {archive: {dir: ARCHIVE}}
rules:
  agg:
    from: archive:data/spot/daily/aggTrades/{symbol}/{symbol}-aggTrades-{date:day}.zip
    to: out/{symbol}/{date}.parquet
    table: agg
tables:
  agg:
    columns: {agg_trade_id: int64, price: float64, quantity: float64, first_trade_id: int64, last_trade_id: int64,
              transact_time: timestamp, is_buyer_maker: bool, is_best_match: bool}
""",
    "klines": """
version: 1
sources: {archive: {dir: ARCHIVE}}
rules:
  klines:
    from: archive:data/spot/daily/klines/{symbol}/1m/{symbol}-1m-{date:day}.zip
    to: out/{symbol}/{date.month}.parquet
    table: kline
tables:
  kline:
    columns: {open_time: timestamp, open: float64, high: float64, low: float64, close: float64, volume: float64,
              close_time: timestamp, quote_volume: float64, count: int64, taker_buy_base: float64,
              taker_buy_quote: float64, ignore: int32}
    sort: open_time
    unique: open_time
""",
}


def groups_of(archive, workload):
    """The zips of each output, in order."""
    _, pattern, name = WORKLOADS[workload]
    groups = {}
    for path in sorted(glob.glob(os.path.join(archive, pattern))):
        groups.setdefault(name(path), []).append(path)
    return groups


def peer(which, workload, archive, out, threads):
    """What a user would write instead; runs in a process of its own. The imports are not counted."""
    import io, zipfile
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    types = WORKLOADS[workload][0]
    groups = groups_of(archive, workload)

    def member(path):
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0])

    if which == "pyarrow":
        import concurrent.futures, pyarrow, pyarrow.csv, pyarrow.parquet
        pyarrow.set_cpu_count(threads)

        def job(item):
            read = pyarrow.csv.ReadOptions(column_names=list(types), use_threads=False)
            tables = [pyarrow.csv.read_csv(io.BytesIO(member(path)), read_options=read) for path in item[1]]
            pyarrow.parquet.write_table(pyarrow.concat_tables(tables), f"{out}/{item[0]}.parquet", compression="zstd")

        def run():
            list(concurrent.futures.ThreadPoolExecutor(threads).map(job, groups.items()))
    elif which == "polars":
        import polars

        def run():
            for name, paths in groups.items():
                frames = [polars.read_csv(member(p), has_header=False, new_columns=list(types)) for p in paths]
                polars.concat(frames).write_parquet(f"{out}/{name}.parquet", compression="zstd")
    else:
        import duckdb
        connection = duckdb.connect()
        connection.execute(f"set threads={threads}")
        schema = "{" + ",".join(f"'{name}':'{kind}'" for name, kind in types.items()) + "}"

        def run():
            for name, paths in groups.items():
                with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
                    files = []
                    for path in paths:
                        files.append(os.path.join(scratch, os.path.basename(path) + ".csv"))
                        pathlib.Path(files[-1]).write_bytes(member(path))
                    connection.execute(
                        f"copy (select * from read_csv({files},header=false,columns={schema})) "
                        f"to '{out}/{name}.parquet' (format parquet, compression zstd)")
    wall, processor = time.perf_counter(), time.process_time()
    run()
    print(time.perf_counter() - wall, time.process_time() - processor)


def give_back(directory):
    """Empties the files of a run. They are deleted with all others at the end: ext4 looks through the inodes that were deleted in the
    last minutes whenever it makes a file, and so the runs would slow down those after them."""
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def timed_peer(which, workload, archive, work, threads):
    out = tempfile.mkdtemp(dir=work)
    output = subprocess.run(
        [sys.executable, __file__, "--peer", which, workload, archive, out, "--threads", str(threads)], check=True,
        capture_output=True, text=True).stdout.split()
    byte_count = size(out)
    give_back(out)
    return float(output[0]), float(output[1]), byte_count


def timed_child(command):
    """Wall and processor seconds of a program, start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed_datamake(program, workload, archive, work, threads):
    project = tempfile.mkdtemp(dir=work)
    pathlib.Path(project, "Datafile").write_text(DATAFILE[workload].replace("ARCHIVE", archive))
    wall, processor = timed_child([program, "-C", project, "build", "--json", "-j", str(threads)])
    byte_count = size(os.path.join(project, "out"))
    give_back(project)
    return wall, processor, byte_count


def size(directory):
    return sum(path.stat().st_size for path in pathlib.Path(directory).rglob("*.parquet"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--work", help="where the archive stays for the next time")
    arguments.add_argument("--archive", help="an archive that is there already, instead of a made one")
    arguments.add_argument("--only", choices=list(WORKLOADS), help="one of the two workloads")
    arguments.add_argument("--peer", nargs=4, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.peer:
        return peer(*options.peer, options.threads)

    for product in ["datamake", "sample-archive", "steps"]:
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product], cwd=ROOT, check=True)
    binaries = subprocess.run(
        ["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True, capture_output=True,
        text=True).stdout.strip()
    scratch = None if options.work else tempfile.TemporaryDirectory()
    work = os.path.abspath(options.work or scratch.name)
    os.makedirs(work, exist_ok=True)
    outputs = tempfile.TemporaryDirectory(dir=work)
    makers = {"agg-trades": ["--kinds", "agg-trades", "--symbols", "1", "--days", "6", "--rows", "1000000"],
              "klines": ["--kinds", "spot-klines", "--symbols", "10", "--days", "31"]}
    for workload, flags in makers.items():
        if options.only not in (None, workload):
            continue
        archive = os.path.abspath(options.archive) if options.archive else os.path.join(work, workload)
        if options.archive and not groups_of(archive, workload):
            print(f"\n{workload}: nothing in {archive} that is named {WORKLOADS[workload][1]}")
            continue
        if not os.path.exists(archive):
            subprocess.run([f"{binaries}/sample-archive", "make", archive, "--seed", "7", "--start", "2024-01-01", *flags],
                           check=True, stdout=subprocess.DEVNULL)
        import zipfile
        paths = [path for group in groups_of(archive, workload).values() for path in group]
        text = sum(info.file_size for path in paths for info in zipfile.ZipFile(path).infolist())
        results, floors = {}, []
        for _ in range(options.runs):
            floors.append(timed_child([f"{binaries}/steps", "--inflate-only", *paths])[1])
            for which in ["datamake", "polars", "pyarrow", "duckdb"]:
                result = (timed_datamake(f"{binaries}/datamake", workload, archive, outputs.name, options.threads)
                          if which == "datamake" else timed_peer(which, workload, archive, outputs.name, options.threads))
                results.setdefault(which, []).append(result)
        medians = {which: [statistics.median(column) for column in zip(*rows)] for which, rows in results.items()}
        floor = statistics.median(floors)
        fastest = min(row[0] for which, row in medians.items() if which != "datamake")
        smallest = min(row[2] for which, row in medians.items() if which != "datamake")
        print(f"\n{workload}: {len(paths)} zips, {text / 1e6:.0f} MB of CSV, {options.threads} threads, "
              f"median of {options.runs}; inflating alone {floor:.2f} s of processor time")
        print(f"{'':10}{'wall s':>8}{'cpu s':>8}{'cpu/inflate':>13}{'MB/s':>8}{'of fastest peer':>17}{'bytes':>12}"
              f"{'of smallest peer':>18}")
        for which, (wall, processor, count) in medians.items():
            print(f"{which:10}{wall:8.2f}{processor:8.2f}{processor / floor:13.2f}{text / wall / 1e6:8.0f}"
                  f"{wall / fastest:17.2f}{count:12.0f}{count / smallest:18.2f}")


if __name__ == "__main__":
    main()
