"""What qice's own time depends on: firms, policies, density, threads, statuses, CPU level, shape of rules.

Each point is a median over runs of `qice match` (the whole program, `seconds` of its summary), in turn with the other
points of its curve, so that a slow minute falls on all. One thread unless the curve is about threads.
"""

import csv
import os
import re
import subprocess
from statistics import median

from cities import KEPT, city_of, made_city, match, region_of

ALL = "eligible,review,needs_data,near"
PARTS = ("read", "compile", "index", "match", "write")


class Sizes:
    def __init__(self, quick):
        scale = (lambda full, small: small) if quick else (lambda full, small: full)
        self.rounds, self.city_rounds = scale((5, 3), (3, 3))
        self.city = scale((550_000, 10_000), (50_000, 1_000))
        self.firms = scale([10_000, 50_000, 200_000, 1_000_000, 2_000_000, 5_000_000], [2_000, 10_000, 50_000])
        self.firms_policies = scale(3_000, 500)
        self.policies = scale([1_000, 10_000, 100_000], [100, 1_000, 5_000])
        self.policies_firms = scale(100_000, 10_000)
        self.random = scale((100_000, 1_000), (10_000, 200))
        self.shapes = scale((50_000, 500), (10_000, 100))


def counted(qice, city):
    """Shares of the pairs by status."""
    counts = city / "curve-counts.csv"
    summary = match(qice, city, "--counts", counts, "--status", ALL)
    with open(counts, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {status: sum(int(row[status]) for row in rows) / summary["pairs"] for status in ALL.split(",")}


def curve(name, unit, points, rounds, emit):
    """`points`: (x, what to call, more to say). Calls all of them once a round."""
    said = {x: [] for x, _, _ in points}
    for _ in range(rounds):
        for x, run, _ in points:
            said[x].append(run())
    for x, _, more in points:
        summaries = said[x]
        seconds = {part: median(summary["seconds"][part] for summary in summaries) for part in PARTS}
        emit(
            what="curve",
            curve=name,
            unit=unit,
            x=x,
            firms=summaries[0]["firms"],
            policies=summaries[0]["policies_matched"],
            pairs=summaries[0]["pairs"],
            pushes=sum(summaries[0]["pushes"].values()),
            seconds=seconds,
            rounds=[summary["seconds"]["match"] for summary in summaries],
            peak_mib=max(summary["peak_mib"] for summary in summaries),
            kernels=summaries[0]["kernels"],
            ns_per_pair=seconds["match"] / summaries[0]["pairs"] * 1e9,
            **more,
        )


def free_gib():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) / 2**20
    return 0


def can_stream(qice):
    return "--stream" in subprocess.run([qice, "match", "--help"], capture_output=True, text=True).stdout


def firms_curve(qice, sizes, emit):
    """Big cities are generated, measured and taken away; none that would not fit the memory or the disk."""
    for firms in sizes.firms:
        if firms * 2.5e-6 > free_gib() or firms * 400 > os.statvfs(KEPT.parent).f_bavail * 4096:
            emit(what="left_out", curve="firms", x=firms, why="it does not fit this machine")
            continue
        rounds = sizes.rounds if firms < 1_000_000 else 3 if firms < 5_000_000 else 1
        city = city_of(qice, firms, sizes.firms_policies)
        curve("firms", "firms", [(firms, lambda: match(qice, city), {})], rounds, emit)
        if can_stream(qice):
            curve(
                "firms streamed",
                "firms",
                [(firms, lambda: match(qice, city, "--stream", "--out", city / "pushes.csv"), {})],
                1,
                emit,
            )
            (city / "pushes.csv").unlink(missing_ok=True)
        if firms >= 1_000_000:
            for file in city.iterdir():
                file.unlink()
            city.rmdir()


def measure(qice, quick, emit):
    sizes = Sizes(quick)
    KEPT.mkdir(parents=True, exist_ok=True)
    city = city_of(qice, *sizes.city)
    shares = counted(qice, city)
    cores = os.cpu_count()
    emit(what="city", firms=sizes.city[0], policies=sizes.city[1], shares=shares)
    curve(
        "threads",
        "threads",
        [
            (threads, lambda threads=threads: match(qice, city, threads=threads), {})
            for threads in sorted({1, min(2, cores), min(4, cores)})
        ],
        sizes.city_rounds,
        emit,
    )
    curve(
        "statuses",
        "",
        [
            (names, lambda names=names: match(qice, city, "--status", names), {})
            for names in ("eligible", "eligible,review", ALL)
        ],
        sizes.city_rounds,
        emit,
    )
    pushes = city / "pushes.csv"
    curve(
        "whole",
        "",
        [
            (names, lambda names=names: match(qice, city, "--status", names, "--out", pushes, threads=2), {})
            for names in ("eligible", "eligible,review")
        ],
        sizes.city_rounds,
        emit,
    )
    pushes.unlink()
    curve(
        "kernels",
        "",
        [
            (level, lambda level=level: match(qice, city, environment=os.environ | {"QICE_KERNELS": level}), {})
            for level in kernel_levels(qice)
        ],
        sizes.city_rounds,
        emit,
    )
    for name, made_by in (("policies", city_of), ("policies of nine cities", region_of)):
        cities = [(policies, made_by(qice, sizes.policies_firms, policies)) for policies in sizes.policies]
        curve(
            name,
            "policies",
            [(policies, lambda made=made: match(qice, made), {}) for policies, made in cities],
            sizes.rounds,
            emit,
        )
    density_curve(qice, sizes, emit)
    shapes_curve(qice, sizes, emit)
    firms_curve(qice, sizes, emit)


def kernel_levels(qice):
    """Those this machine has, the plainest first: the program tells, `kernels avx2 (of plain avx2)`."""
    said = subprocess.run([qice, "version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"^kernels .*\(of (.*)\)$", said, re.MULTILINE)[1].split()


def density_curve(qice, sizes, emit):
    points = []
    for density in (0.002, 0.02, 0.1):
        firms, policies = sizes.random
        made = made_city(
            f"random-{density}-{firms}-{policies}", "--firms", firms, "--policies", policies, "--density", density
        )
        share = counted(qice, made)["eligible"]
        points.append((density, lambda made=made: match(qice, made), {"eligible": share}))
    curve("density", "share of pairs eligible", points, sizes.rounds, emit)


def shapes_curve(qice, sizes, emit):
    """20 conditions a rule and 2 % eligible, whatever the shape."""
    points = []
    for rule in ("flat", "apart", "deep", "any", "at_least", "points", "nested", "lists", "sets"):
        firms, policies = sizes.shapes
        made = made_city(
            f"random-{rule}-{firms}-{policies}",
            "--firms",
            firms,
            "--policies",
            policies,
            "--rule",
            rule,
            "--conditions",
            20,
        )
        points.append((rule, lambda made=made: match(qice, made), {"eligible": counted(qice, made)["eligible"]}))
    curve("shapes", "", points, sizes.rounds, emit)
