"""Measures qice and its peers, and remakes docs/benchmarks.md.

    python3 bench/report/measure.py [--quick] [--only PART ...] [--peer NAME ...] [--report]

Parts, each with its own file of JSON lines in bench/results (quick: in build/bench/quick, with the page):

    shape    what the generated city looks like
    peers    qice beside its peers, the same work at a size each can bear
    curves   qice over firms, policies, density, threads, statuses, CPU levels and shapes of rules
    bench    the Google Benchmarks, each sample of theirs
    programs what the benches with a main of their own print: one firm, one policy, small nights, the ideas
    reading  the firms' CSV into a typed table, beside DuckDB
    night    qice push beside the same two nights written as SQL; skipped where no PostgreSQL is installed

A part that is not asked for keeps the results it has. --report measures nothing. The whole takes about 45 minutes
on two cores, --quick about four. Needs build/bench (./dev bench builds it).
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench/peers"), str(ROOT / "bench/workloads")]

import catalogue  # noqa: E402
import compare  # noqa: E402
import curves  # noqa: E402
import reading  # noqa: E402
import report  # noqa: E402
import shape  # noqa: E402
from cities import made_city  # noqa: E402

PARTS = ("shape", "peers", "curves", "bench", "programs", "reading", "night")


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def memory_gib():
    for line in open("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return round(int(line.split()[1]) / 2**20)
    return None


def machine(qice):
    fields = dict(line.split(":", 1) for line in output("lscpu").splitlines() if ":" in line)
    system = next(
        (
            line.split("=", 1)[1].strip().strip('"')
            for line in open("/etc/os-release")
            if line.startswith("PRETTY_NAME")
        ),
        "",
    )
    changed = "+changes" if output("git", "status", "--porcelain", "--", "src", "include", "bench") else ""
    return {
        "cpu": fields.get("Model name", platform.machine()).strip(),
        "cores": os.cpu_count(),
        "memory_gib": memory_gib(),
        "system": system,
        "compiler": output("g++", "--version").split("\n")[0],
        "flags": "-O3 -DNDEBUG, no -march",
        "qice": output(qice, "version").split("\n")[0],
        "commit": (output("git", "rev-parse", "--short=12", "HEAD") or "none") + changed,
        "load": os.getloadavg()[0],
        "day": datetime.date.today().isoformat(),
    }


class Results:
    """One part's JSON lines; they replace the old ones when the part is through."""

    def __init__(self, folder, part, qice, quick):
        self.path, self.draft = folder / f"{part}.jsonl", folder / f"{part}.jsonl.part"
        self.file, self.start = open(self.draft, "w", encoding="utf-8"), time.time()
        self.emit(what="machine", part=part, quick=quick, **machine(qice))

    def emit(self, **measurement):
        self.file.write(json.dumps(measurement, ensure_ascii=False) + "\n")
        self.file.flush()

    def done(self):
        self.emit(what="took", seconds=round(time.time() - self.start))
        self.file.close()
        self.draft.replace(self.path)


def google_benchmarks(quick, emit):
    """Every benchmark of qice_bench: its time and its counters."""
    program = ROOT / "build/bench/bench/qice_bench"
    options = ["--benchmark_format=json"] + ["--benchmark_min_time=0.05"] * quick
    done = subprocess.run([program, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}")
    keys = ("real_time", "cpu_time", "time_unit", "iterations", "error_message")
    known = {
        *keys,
        "name",
        "run_name",
        "run_type",
        "repetitions",
        "repetition_index",
        "threads",
        "family_index",
        "per_family_instance_index",
        "error_occurred",
        "aggregate_name",
        "aggregate_unit",
        "label",
    }
    for each in json.loads(done.stdout)["benchmarks"]:
        emit(
            what="benchmark",
            name=each["name"],
            label=each.get("label", ""),
            **{key: each[key] for key in keys if key in each},
            counters={key: value for key, value in each.items() if key not in known},
        )


# Arguments of each, in full and quick.
PROGRAMS = {
    "qice_bench_one_firm": ([], ["city"]),
    "qice_bench_one_policy": ([], []),
    "qice_bench_night": (["550000", "10000", "1", "14"], ["20000", "1000", "1", "4"]),
    "qice_bench_ideas": (["550000", "10000"], ["20000", "1000", "3"]),
}


def own_programs(quick, emit):
    """What each prints, line by line; they say themselves what they measure and how."""
    for name, arguments in PROGRAMS.items():
        own_program(name, name, arguments[quick], emit)
    own_program("one firm, any rules", "qice_bench_one_firm", random_folders(quick), emit)


def own_program(what, name, arguments, emit):
    program = ROOT / "build/bench/bench" / name
    if not program.exists():
        return
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")
    emit(what="program", name=what, program=name, arguments=arguments, lines=done.stdout.rstrip().split("\n"))


def random_folders(quick):
    """Workloads whose rules share little, each of another shape."""
    firms, policies = ("2000", "10000") if not quick else ("500", "300")
    folders = []
    for rule in ("apart", "any", "at_least", "points", "deep", "nested"):
        options = ["--firms", firms, "--policies", policies, "--rule", rule, "--conditions", "20"]
        made = made_city(f"one-firm-{rule}-{firms}-{policies}", *options)
        folders.append(str(made.relative_to(ROOT)))
    return folders


# Firms, policies and rounds, in full and quick.
NIGHTS = (("50000", "10000", "1"), ("2000", "100", "1"))


def nights(qice, quick, emit):
    """What night_peer.py prints: a line a night, after both ledgers were found equal."""
    firms, policies, rounds = NIGHTS[quick]
    options = ["--qice", qice, "--firms", firms, "--policies", policies, "--rounds", rounds]
    done = subprocess.run(
        [sys.executable, ROOT / "bench/peers/night_peer.py", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        emit(what="skipped", peer="postgresql_night", why=f"night_peer.py ended with {done.returncode}")
    for line in done.stdout.splitlines():
        emit(**json.loads(line))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing under docs is touched")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument(
        "--peer", nargs="+", choices=[peer.name for peer in catalogue.PEERS], metavar="NAME", help="only these peers"
    )
    parser.add_argument("--report", action="store_true", help="only remake the page from the results that are there")
    parser.add_argument("--qice", default=str(ROOT / "build/bench/qice"), help="the program")
    args = parser.parse_args()
    folder = ROOT / ("build/bench/quick" if args.quick else "bench/results")
    folder.mkdir(parents=True, exist_ok=True)
    measures = {
        "shape": lambda emit: shape.measure(args.qice, args.quick, emit),
        "peers": lambda emit: compare.measure(
            args.qice, catalogue.QUICK if args.quick else catalogue.FULL, emit, args.peer
        ),
        "curves": lambda emit: curves.measure(args.qice, args.quick, emit),
        "bench": lambda emit: google_benchmarks(args.quick, emit),
        "programs": lambda emit: own_programs(args.quick, emit),
        "reading": lambda emit: reading.measure(args.qice, args.quick, emit),
        "night": lambda emit: nights(args.qice, args.quick, emit),
    }
    for part in [] if args.report else args.only:
        compare.say(f"measuring {part}")
        results = Results(folder, part, args.qice, args.quick)
        measures[part](results.emit)
        results.done()
    page = folder / "benchmarks.md" if args.quick else ROOT / "docs/benchmarks.md"
    figures = folder / "figures" if args.quick else ROOT / "docs/figures"
    report.make(folder, page, figures)
    compare.say(f"made {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
