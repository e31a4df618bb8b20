#!/usr/bin/env python3
"""One zip64 that holds one huge CSV: speed and memory next to those of a smaller one.

    scripts/benchmark huge [--gigabytes 1 10] [--threads 1 2] [--runs 1] [--no-order] [--work DIR] [--program DATAMAKE]

Writes a zip of trades for each size, as a stream: a block of 100,000 rows is made once; only the id and the time of a
row are counted on, from block to block, so that every id is new and the rows are in order. With --no-order they are in
none: the ids of every block are spread over all there are, and shuffled. Then builds it into an
empty directory, and prints wall and processor seconds, MB of CSV a second, and the peak of memory (wait4's ru_maxrss).
Everything is removed in the end.
"""
import argparse, json, os, pathlib, random, shutil, struct, subprocess, sys, tempfile, time, zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATAFILE = """
version: 1
sources: {archive: {dir: .}}
rules:
  trades: {from: "archive:{name}.zip", to: "out/{name}.parquet", table: trades}
tables:
  trades:
    columns: {id: int64, price: float64, quantity: float64, first_id: int64, last_id: int64, time: timestamp,
              is_buyer_maker: bool, is_best_match: bool}
    sort: id
    unique: id
"""
ROWS = 100_000


def blocks(in_order):
    """Text of ROWS rows at a time, without end. An id is seven digits of the block and those of the row, or the other way round."""
    lines = []
    state = 7
    for row in range(ROWS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        price, quantity = 42_000 + (state >> 40) % 100_000 / 100, (state >> 33) % 9_999_991 / 1e5
        number = f"@@@@@@@{row:05}" if in_order else f"{row + ROWS}@@@@@@@"
        lines.append(f"{number},{price:.2f},{quantity:.5f},@@@@@@@{row:05},@@@@@@@{row:05},"
                     f"17@@@@@@{row // 2:05},{'True' if state >> 63 else 'False'},True")
    if not in_order:
        random.Random(7).shuffle(lines)
    text = ("\n".join(lines) + "\n").encode()
    number = 1_000_000
    while True:
        # A time of 13 digits: 17, six of the number, five of the row.
        yield text.replace(b"@@@@@@@", b"%07d" % number).replace(b"@@@@@@", b"%06d" % (number % 1_000_000))
        number += 1


def write_zip(path, byte_count, in_order):
    """A zip of one deflated member with sizes in a zip64 extra field; returns the member's size."""
    name = b"trades.csv"
    with open(path, "wb") as file:
        header = lambda crc, packed, size: (
            struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 8, 0, 0x21, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20)
            + name + struct.pack("<HHQQ", 1, 16, size, packed))
        file.write(header(0, 0, 0))
        start, crc, size = file.tell(), 0, 0
        deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
        for text in blocks(in_order):
            crc = zlib.crc32(text, crc)
            size += len(text)
            file.write(deflater.compress(text))
            if size >= byte_count:
                break
        file.write(deflater.flush())
        packed, directory = file.tell() - start, file.tell()
        file.write(struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45, 45, 0, 8, 0, 0x21, crc, 0xFFFFFFFF, 0xFFFFFFFF,
                               len(name), 20, 0, 0, 0, 0, 0) + name + struct.pack("<HHQQ", 1, 16, size, packed))
        end = file.tell()
        file.write(struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, end - directory, directory))
        file.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, end - directory, 0xFFFFFFFF, 0))
        file.seek(0)
        file.write(header(crc, packed, size))
    return size


def build(program, project, threads):
    for made in ["out", ".datamake", "manifests"]:
        shutil.rmtree(os.path.join(project, made), ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([program, "-C", project, "build", "--json", "-j", str(threads)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, messages = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(messages.decode())
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(output)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gigabytes", type=float, nargs="+", default=[1, 10])
    arguments.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--runs", type=int, default=1)
    arguments.add_argument("--no-order", action="store_true", help="rows in no order, instead of in order")
    arguments.add_argument("--work", help="where to write; twice the size of the largest zip is needed")
    arguments.add_argument("--program", help="a datamake to use instead of building one")
    options = arguments.parse_args()
    program = options.program and os.path.abspath(options.program)
    if not program:
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "datamake"], cwd=ROOT, check=True)
        program = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                                 capture_output=True, text=True).stdout.strip() + "/datamake"
    if options.work:
        os.makedirs(options.work, exist_ok=True)
    print(f"{'CSV':>8}{'threads':>9}{'rows':>13}{'wall s':>8}{'cpu s':>8}{'MB/s':>7}{'peak MiB':>10}")
    for gigabytes in options.gigabytes:
        with tempfile.TemporaryDirectory(dir=options.work) as project:
            pathlib.Path(project, "Datafile").write_text(DATAFILE)
            size = write_zip(os.path.join(project, "huge.zip"), int(gigabytes * 1e9), not options.no_order)
            results = {}
            for _ in range(options.runs):
                for threads in options.threads:
                    results.setdefault(threads, []).append(build(program, project, threads))
            for threads, runs in results.items():
                wall, processor, peak, report = sorted(runs, key=lambda run: run[0])[len(runs) // 2]
                print(f"{size / 1e9:6.1f} GB{threads:9}{report['rows']:13,}{wall:8.2f}{processor:8.2f}"
                      f"{size / wall / 1e6:7.0f}{max(run[2] for run in runs):10.0f}", flush=True)


if __name__ == "__main__":
    main()
