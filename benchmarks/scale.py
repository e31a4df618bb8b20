#!/usr/bin/env python3
"""What "nothing to do" costs, and what one look-up costs, as projects grow; next to Ninja on as many files.

    benchmarks/scale.py [--objects 10000 100000 1000000] [--runs 5] [--work DIR] [--json]

For every size a project is made without any download: empty files, and records that fit them (the program `scale`). In one
each object makes a partition of its own, in another some 30 make a month. Measured are whole processes: the wall time, the
median of all runs, and the most memory. "first" is the build that makes a plan and finds nothing to do; those after it find
that settled. Ninja gets a build.ninja in which as many inputs make as many outputs, and has built them.
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time
from steps import built


def measured(command, directory):
    """Wall seconds and MB of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)}: {message.decode()}")
    return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def medians(command, directory, runs):
    results = [measured(command, directory) for _ in range(runs)]
    return {name: round(statistics.median(values), 3) for name, values in zip(("seconds", "MB", "cpu"), zip(*results))}


def datamake_figures(binaries, work, objects, runs, monthly):
    name = f"scale-{'months' if monthly else 'days'}-{objects}"
    project = os.path.join(work, name)
    if not os.path.exists(project):
        flags = ["--monthly"] if monthly else []
        subprocess.run([f"{binaries}/scale", project, "--objects", str(objects), *flags], check=True, stdout=subprocess.DEVNULL)
    build = [f"{binaries}/datamake", "build", "--refresh", "none"]
    settled = os.path.join(project, ".datamake", "settled")
    if os.path.exists(settled):
        os.remove(settled)
    figures = {"first": medians(build, project, 1), "nothing to do": medians(build, project, runs)}
    outputs = pathlib.Path(project, "lake")
    target = next(path for path in outputs.rglob("*.parquet"))
    figures["why TARGET"] = medians(
        [f"{binaries}/datamake", "why", "--refresh", "none", str(target.relative_to(project))], project, runs)
    state = os.path.getsize(os.path.join(project, ".datamake", "state.db"))
    partitions = objects
    if monthly:
        partitions = sum(1 for _ in outputs.rglob("*.parquet"))
    # An object, its local copy and a partition have a record each.
    figures["bytes a record"] = round((state + os.path.getsize(settled)) / (2 * objects + partitions), 1)
    figures["files"] = objects + partitions
    return figures


def ninja_figures(work, objects, runs):
    """Ninja with as many inputs and outputs, in as many directories."""
    directory = os.path.join(work, f"scale-ninja-{objects}")
    if not os.path.exists(directory):
        os.makedirs(directory)
        with open(os.path.join(directory, "build.ninja"), "w") as file:
            # A generator's outputs need no entry in Ninja's log, so nothing has to be run first; reading the log would only
            # add to what Ninja does.
            file.write("rule make\n  command = cp $in $out\n  generator = 1\n\n")
            for part in ("in", "out"):
                for start in range(0, objects, 1000):
                    os.makedirs(os.path.join(directory, f"{part}/{start}"))
                    for number in range(start, min(start + 1000, objects)):
                        open(os.path.join(directory, f"{part}/{start}/{number}"), "w").close()
            for start in range(0, objects, 1000):
                for number in range(start, min(start + 1000, objects)):
                    file.write(f"build out/{start}/{number}: make in/{start}/{number}\n")
    return {"nothing to do": medians(["ninja"], directory, runs), "files": 2 * objects}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--objects", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--work", help="where the projects stay for the next time")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    binaries = built("datamake", "scale")
    with tempfile.TemporaryDirectory() as scratch:
        work = os.path.abspath(options.work or scratch)
        rows = []
        for objects in options.objects:
            rows.append((objects, "a partition each", datamake_figures(binaries, work, objects, options.runs, False)))
            rows.append((objects, "monthly partitions", datamake_figures(binaries, work, objects, options.runs, True)))
            if shutil.which("ninja"):
                rows.append((objects, "Ninja", ninja_figures(work, objects, options.runs)))
    if options.json:
        print(json.dumps([{"objects": objects, "what": what, **figures} for objects, what, figures in rows], indent=1))
        return
    print(f"{'objects':>9}  {'':<19} {'files':>9} {'first':>15} {'nothing to do':>16} {'cpu':>7} {'why TARGET':>11} {'B/record':>9}")
    for objects, what, figures in rows:
        none, first, why = (figures.get(name) for name in ("nothing to do", "first", "why TARGET"))
        first = "%.2f s %.0f MB" % (first["seconds"], first["MB"]) if first else ""
        why = "%.0f ms" % (1000 * why["seconds"]) if why else ""
        print(f"{objects:>9}  {what:<19} {figures['files']:>9} {first:>15} {none['seconds']:>8.3f} s {none['MB']:>3.0f} MB"
              f" {none['cpu']:>6.2f}s {why:>11} {figures.get('bytes a record', ''):>9}")


if __name__ == "__main__":
    main()
