#!/usr/bin/env python3
"""What knowing costs as projects grow: that there is nothing to do, why targets are stale, what one change makes stale.

    scripts/benchmark scale [--objects 10000 100000 1000000] [--runs 5] [--work DIR] [--json] [--plot FILE.svg]
                            [--snakemake-jobs 10000]

For every size projects are made without any download: empty files, and records that fit them (the program `scale`). In one
each object makes a partition of its own, in another some 30 make a month. Measured are whole processes, the median of all
runs and the most memory:

    full plan       `build` that compares all, and finds nothing to do
    nothing to do   `build` after that: the answer was kept
    summary         `why --summary` after an edit of the recipe, with every partition stale
    plan            `plan` after the same edit, which looks at all files too
    why TARGET      why one partition is stale
    one change      planning, after the listing is compared, when one object of all was published anew; and the whole build,
                    which lists all of them from a server on this machine

all with `--refresh none` but the last, and, run by root, with no other tree in the kernel's caches. Ninja gets a build.ninja
in which as many inputs make as many outputs, and has built them; Snakemake a Snakefile with so many jobs that are done (0
leaves it out).
"""
import argparse, json, os, pathlib, shutil, socket, statistics, subprocess, sys, tempfile, time, zipfile
from growth import write_plot
from steps import built

EDIT = ("volume: float64", "volume: float32")


def measured(command, directory, allowed=(0,)):
    """Wall seconds, MB and processor seconds of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) not in allowed:
        sys.exit(f"{' '.join(command)}: {message.decode()}")
    return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def medians(command, directory, runs, allowed=(0,)):
    results = [measured(command, directory, allowed) for _ in range(runs)]
    return {name: round(statistics.median(values), 4) for name, values in zip(("seconds", "MB", "cpu"), zip(*results))}


def edited(project, old, new):
    path = pathlib.Path(project, "Datafile")
    path.write_text(path.read_text().replace(old, new))


def forget_other_trees(command, directory):
    """Leaves the kernel's caches to one tree, as who works in one has it: names of millions of other files make each of
    its own dearer. Takes root; without, all trees stay."""
    try:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("2")
    except OSError:
        return
    measured(command, directory)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def datamake_figures(binaries, work, objects, runs, monthly):
    project = os.path.join(work, f"scale-{'months' if monthly else 'days'}-{objects}")
    if not os.path.exists(project):
        flags = ["--monthly"] if monthly else []
        subprocess.run(
            [f"{binaries}/scale", project, "--objects", str(objects), "--url", f"http://127.0.0.1:{free_port()}/archive", *flags],
            check=True, stdout=subprocess.DEVNULL)
    datamake = f"{binaries}/datamake"
    build = [datamake, "build", "--refresh", "none"]
    settled = os.path.join(project, ".datamake", "settled")

    def full_plan():
        if os.path.exists(settled):
            os.remove(settled)
        return measured(build, project)

    forget_other_trees(build, project)
    figures = {"full plan": dict(zip(("seconds", "MB", "cpu"), map(statistics.median, zip(*(full_plan() for _ in range(runs))))))}
    figures["nothing to do"] = medians(build, project, runs)
    edited(project, *EDIT)
    figures["summary"] = medians([datamake, "why", "--summary", "--refresh", "none"], project, runs, allowed=(1,))
    figures["plan"] = medians([datamake, "plan", "--refresh", "none"], project, runs)
    edited(project, *reversed(EDIT))
    target = next(pathlib.Path(project, "lake").rglob("*.parquet"))
    figures["why TARGET"] = medians([datamake, "why", "--refresh", "none", str(target.relative_to(project))], project, runs)
    state = os.path.getsize(os.path.join(project, ".datamake", "state.db"))
    partitions = sum(name.endswith(".parquet") for _, _, names in os.walk(os.path.join(project, "lake")) for name in names)
    # An object, its local copy and a partition have a record each.
    figures["bytes a record"] = round((state + os.path.getsize(settled)) / (2 * objects + partitions), 1)
    figures["files"] = objects + partitions
    if not monthly:
        # A month is made of other days, too, and these are empty here.
        figures["one change"] = one_change(binaries, project, runs)
    return figures


def one_change(binaries, project, runs):
    """Publishes one object anew, RUNS times, and builds; milliseconds of planning, and seconds of the whole."""
    served = project + "-served"
    if not os.path.exists(served):
        subprocess.run(["cp", "-a", os.path.join(project, "raw"), served], check=True)
    url = next(line.split()[1] for line in open(os.path.join(project, "Datafile")) if "s3:" in line)
    server = subprocess.Popen(
        [f"{binaries}/sample-archive", "serve", served, "--port", url.split(":")[2].split("/")[0], "--bucket", "archive"],
        stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()
        build = [f"{binaries}/datamake", "build", "--refresh", "full", "--json"]
        subprocess.run(build, cwd=project, check=True, capture_output=True)
        # Not all names at once: what this process holds when it starts another counts as that one's memory.
        series = next(path for path in pathlib.Path(served).rglob("*.zip")).parent
        zips = sorted(series.iterdir())
        planning, whole = [], []
        for run in range(runs):
            path = zips[(run + 1) * len(zips) // (runs + 1)]
            path.unlink()
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                row = f"{time.time_ns() // 1_000_000},{run}.5,2,1,1.5,{time.time_ns() % 1000}\n"
                archive.writestr(path.with_suffix(".csv").name, row)
            started = time.perf_counter()
            report = json.loads(subprocess.run(build, cwd=project, check=True, capture_output=True).stdout)
            whole.append(time.perf_counter() - started)
            if report["fetched"]["objects"] != 1 or report["built"] != 1:
                sys.exit(f"one change: {report}")
            events = subprocess.run([f"{binaries}/datamake", "log", "what-ran", "--json"], cwd=project, check=True,
                                    capture_output=True, text=True).stdout
            plans = [event for event in map(json.loads, events.splitlines()) if event["kind"] == "plan"]
            planning.append(sum(event["seconds"] for event in plans))
    finally:
        server.terminate()
        server.wait()
    return {"planning seconds": round(statistics.median(planning), 5), "seconds": round(statistics.median(whole), 3)}


def peer(name):
    """A peer's program: beside the Python that runs this, where scripts/setup --peers puts it, or on PATH."""
    program = shutil.which(name, path=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]))
    if program is None:
        print(f"scale: without {name}, which is not installed: scripts/setup --peers brings it", file=sys.stderr)
    return program


def ninja_figures(program, work, objects, runs):
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
    forget_other_trees([program], directory)
    return {"nothing to do": medians([program], directory, runs), "files": 2 * objects}


def snakemake_figures(program, work, jobs):
    """Snakemake, asked what it would do where every job's output is there and newer than its input."""
    directory = os.path.join(work, f"scale-snakemake-{jobs}")
    if not os.path.exists(directory):
        for part in ("in", "out"):
            os.makedirs(os.path.join(directory, part))
            for number in range(jobs):
                open(os.path.join(directory, part, str(number)), "w").close()
        with open(os.path.join(directory, "Snakefile"), "w") as file:
            file.write(f'rule all:\n    input: expand("out/{{n}}", n=range({jobs}))\n\n'
                       'rule make:\n    input: "in/{n}"\n    output: "out/{n}"\n    shell: "cp {input} {output}"\n')
    return {"nothing to do": medians([program, "-n", "--quiet"], directory, 1), "files": 2 * jobs}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--objects", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--work", help="where the projects stay for the next time")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--plot", help="draws time and memory against the number of objects")
    arguments.add_argument("--snakemake-jobs", type=int, default=10_000)
    options = arguments.parse_args()
    ninja = peer("ninja")
    snakemake = peer("snakemake") if options.snakemake_jobs else None
    binaries = built("datamake", "scale", "sample-archive")
    with tempfile.TemporaryDirectory() as scratch:
        work = os.path.abspath(options.work or scratch)
        rows = []
        for objects in options.objects:
            rows.append((objects, "a partition each", datamake_figures(binaries, work, objects, options.runs, False)))
            rows.append((objects, "monthly partitions", datamake_figures(binaries, work, objects, options.runs, True)))
            if ninja:
                rows.append((objects, "Ninja", ninja_figures(ninja, work, objects, options.runs)))
        if snakemake:
            jobs = options.snakemake_jobs
            rows.append((jobs, "Snakemake", snakemake_figures(snakemake, work, jobs)))
    if options.plot:
        write_plot(options.plot, rows)
    if options.json:
        print(json.dumps([{"objects": objects, "what": what, **figures} for objects, what, figures in rows], indent=1))
        return
    print(f"{'objects':>9}  {'':<19} {'files':>9} {'full plan':>16} {'nothing to do':>16} {'summary':>16} {'plan':>8}"
          f" {'why TARGET':>10} {'one change: plan, all':>22} {'B/record':>8}")
    for objects, what, figures in rows:
        def cell(name, width, memory=True):
            found = figures.get(name)
            text = "" if not found else "%.3f s" % found["seconds"] + (" %4.0f MB" % found["MB"] if memory else "")
            return f"{text:>{width}}"
        change = figures.get("one change")
        change = "%.1f ms, %.2f s" % (1000 * change["planning seconds"], change["seconds"]) if change else ""
        print(f"{objects:>9}  {what:<19} {figures['files']:>9} {cell('full plan', 16)} {cell('nothing to do', 16)} {cell('summary', 16)}"
              f" {cell('plan', 8, False)} {cell('why TARGET', 10, False)} {change:>22} {figures.get('bytes a record', ''):>8}")


if __name__ == "__main__":
    main()
