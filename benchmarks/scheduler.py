#!/usr/bin/env python3
"""What the scheduler costs a job, and how evenly it loads its workers.

    scripts/benchmark scheduler [--jobs 1000000] [--workers 2] [--runs 5] [--json]

Trivial jobs, which do nothing: through the deque alone (one thread pushes and takes, one steals), as Swift tasks on the pool, and
as the jobs of a schedule of several shapes. Printed are the median rate of all runs, the least and the most, and the
processor time a job, which a busy machine disturbs less.

Then the skewed load: one job of 1 s among 10,000 of 1 ms, each burning that much processor time, and for what share of the run
each worker had work: with expected times, as there are from the second build on; without any, once for each of RUNS random
places of the long job; and with the long job in the very last place.
"""
import argparse, subprocess, sys
from steps import built


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--jobs", type=int, default=1_000_000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true", help="one object a line")
    arguments.add_argument("--only", choices=["trivial", "skewed"])
    options = arguments.parse_args()
    command = [f"{built('scheduler')}/scheduler", "--workers", str(options.workers), "--runs", str(options.runs)]
    if options.json:
        command.append("--json")
    if options.only != "skewed":
        subprocess.run([*command, "--jobs", str(options.jobs)], check=True)
    if options.only != "trivial":
        subprocess.run([*command, "--skewed"], check=True)


if __name__ == "__main__":
    sys.exit(main())
