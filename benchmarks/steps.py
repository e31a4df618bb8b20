#!/usr/bin/env python3
"""What every step from zip to Parquet costs, next to the one nobody can leave out: inflating.

    scripts/benchmark steps [--runs 5] [--json | --markdown] [--work DIR] [ZIP ...]

Makes zips with sample-archive, the same on every run (1,000,000 aggTrades; 31 days of 1m klines), and measures with them
and with a made-up text that has a column of every type. ZIPs measures real ones instead: daily aggTrades and 1m klines of
the spot market. Times are processor seconds of one thread, so a busy machine disturbs them little.

    scripts/benchmark steps --inflate-only ZIP ...

inflates the zips with ISA-L, does nothing else, and prints the processor seconds of that process: the floor that
benchmarks/cleaning.py compares a whole build with.
"""
import argparse, glob, os, pathlib, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def built(*products):
    """Builds programs for release; where they are."""
    for product in products:
        # What the build says goes to standard error, so that the output can be piped.
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product], cwd=ROOT, check=True, stdout=sys.stderr)
    where = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                           capture_output=True, text=True)
    return where.stdout.strip()


def made_zips(binaries, work):
    """One day of aggTrades and a month of klines; made only where they are missing."""
    makers = {"steps-agg-trades": ["--kinds", "agg-trades", "--symbols", "1", "--days", "1", "--rows", "1000000"],
              "steps-klines": ["--kinds", "spot-klines", "--symbols", "1", "--days", "31"]}
    for name, flags in makers.items():
        archive = os.path.join(work, name)
        if not os.path.exists(archive):
            subprocess.run([f"{binaries}/sample-archive", "make", archive, "--seed", "7", "--start", "2024-01-01", *flags],
                           check=True, stdout=subprocess.DEVNULL)
        yield from sorted(glob.glob(f"{archive}/**/*.zip", recursive=True))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("zips", nargs="*", metavar="ZIP")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--markdown", action="store_true", help="tables for docs/benchmarks.md")
    arguments.add_argument("--inflate-only", action="store_true")
    arguments.add_argument("--work", help="where the zips stay for the next time")
    options = arguments.parse_args()
    binaries = built("steps", "sample-archive")
    flags = ["--json"] if options.json else ["--markdown"] if options.markdown else []
    with tempfile.TemporaryDirectory() as scratch:
        zips = options.zips or list(made_zips(binaries, options.work or scratch))
        command = ["--inflate-only"] if options.inflate_only else ["--runs", str(options.runs)]
        sys.exit(subprocess.run([f"{binaries}/steps", *command, *flags, *zips]).returncode)


if __name__ == "__main__":
    main()
