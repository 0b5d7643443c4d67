"""Compares the program with the oracle, byte for byte, over random worlds.

    python3 agree.py --qice build/qice --seeds 0:200 --kernels plain,avx2 --threads 1,2
    python3 agree.py --qice build/qice --seeds 0: --pairs 1000000 --jobs 2

Of the quarantine the columns line, firm_id and field are compared; the wording of a reason is free.
A world that differs is kept under --keep, first whole and then as small as it gets.
"""

import argparse
import csv
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import oracle
import worlds

EVERY = oracle.STATUSES
SHRINK_SECONDS = 90


def variants(world):
    """(name, options) of the runs that every world goes through."""
    top = random.Random(world.seed).choice([1, 2, 3, 7])
    plain = {"default": {}, "every status": {"statuses": EVERY, "top": None},
             "by policy": {"statuses": EVERY, "by": "policy", "top": top + 4},
             "strict": {"statuses": EVERY, "strict": True},
             "include closed": {"statuses": EVERY, "include_closed": True, "urgency": world.urgency},
             "urgency": {"statuses": ("near", "eligible", "needs_data"), "urgency": world.urgency},
             "small top": {"statuses": EVERY, "top": top}}
    return {name: oracle.Options(as_of=world.as_of, **options) for name, options in plain.items()}


def run_qice(settings, paths, options, kernel, threads):
    """(exit code, out, counts, quarantine, what it said)"""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("out.csv", "counts.csv", "quarantine.csv")]
        schema, policies, firms = paths
        command = [settings.qice, "match", "--policies", policies, "--firms", firms, "--schema", schema,
                   "--as-of", options.as_of, "--top", str(options.top or "all"), "--status", ",".join(options.statuses),
                   "--by", options.by, "--out", files[0], "--counts", files[1], "--quarantine", files[2],
                   "--threads", str(threads), "--quiet"]
        command += ["--strict"] * options.strict + ["--include-closed"] * options.include_closed
        command += ["--urgency", options.urgency] if options.urgency else []
        env = {**os.environ, "QICE_DATA": str(settings.standards.parent)}
        if kernel:
            env["QICE_KERNELS"] = kernel
        try:
            done = subprocess.run(command, env=env, capture_output=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "timeout", b"", b"", b"", ""
        said = done.stderr.decode(errors="replace")[-2000:]
        return done.returncode, *(file.read_bytes() if file.exists() else b"" for file in files), said


def first_difference(name, theirs, ours):
    for number, (left, right) in enumerate(itertools.zip_longest(theirs, ours), 1):
        if left != right:
            return f"{name} {number}: qice {left!r}, oracle {right!r}"
    return None


def csv_rows(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def quarantine_keys(data):
    """(line, firm_id, field), in one order: that of the cells within a row is free."""
    rows = csv_rows(data)
    keys = [(row + [""] * 3)[:3] for row in rows[1:]]
    return rows[:1] + sorted(keys, key=lambda key: (key[0].rjust(9), key[2]))


def difference(settings, world, paths, options, kernel, threads, expected=None):
    """A line that says where program and oracle differ, or None."""
    out, counts, quarantine = expected or oracle.run(*paths, replace(options, standards=settings.standards))
    code, *answers, said = run_qice(settings, paths, options, kernel, threads)
    wanted = 3 if quarantine.count(b"\n") > 1 else 0
    if code != wanted:
        return f"exit {code}, not {wanted}: {said}"
    return (first_difference("out line", answers[0].split(b"\n"), out.split(b"\n"))
            or first_difference("counts line", answers[1].split(b"\n"), counts.split(b"\n"))
            or first_difference("quarantine row", quarantine_keys(answers[2]), quarantine_keys(quarantine)))


def shuffled_difference(settings, world, folder, expected, kernel, threads):
    """The good rows in another order give the same rows, up to their order, and the same counts."""
    rows = [row for row, good in zip(world.rows, world.clean) if good]
    end = b"\r\n" if world.header.endswith(b"\r\n") else b"\n"
    rows = [row if row.endswith(b"\n") else row + end for row in rows]
    random.Random(world.seed).shuffle(rows)
    paths = replace(world, rows=rows, clean=[True] * len(rows)).write(folder)
    code, out, counts, _, said = run_qice(settings, paths, variants(world)["every status"], kernel, threads)
    if code not in (0, 3):
        return f"exit {code}: {said}"
    header, *ours = csv_rows(expected[0])
    place = {row[0]: number for number, row in reversed(list(enumerate(ours)))}
    theirs = csv_rows(out)
    theirs[1:] = sorted(theirs[1:], key=lambda row: place.get(row[0], -1))
    return (first_difference("shuffled out row", theirs, [header, *ours])
            or first_difference("shuffled counts line", counts.split(b"\n"), expected[1].split(b"\n")))


# --- making a failing world small ----------------------------------------------------------------

def shrink_list(items, fails):
    """Drops ever smaller runs of `items` while the rest still fails."""
    size = max(1, len(items) // 2)
    while True:
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size:]
            if fails(rest):
                items = rest
            else:
                at += size
        if size == 1:
            return items
        size = max(1, size // 2)


def smaller_rules(node):
    """Rules with one part of `node` dropped, or with `node` replaced by a part of itself."""
    if not isinstance(node, dict):
        return
    for name in ("all", "any", "of"):
        for at, part in enumerate(node.get(name, [])):
            if "tiers" not in part and "label" not in part:
                yield part
            yield {**node, name: node[name][:at] + node[name][at + 1:]}
            for less in smaller_rules(part):
                yield {**node, name: node[name][:at] + [less] + node[name][at + 1:]}
    for at, tier in enumerate(node.get("tiers", [])):
        if len(node["tiers"]) > 1:
            yield {**node, "tiers": node["tiers"][:at] + node["tiers"][at + 1:]}
        for less in smaller_rules(tier["when"]):
            yield {**node, "tiers": node["tiers"][:at] + [{**tier, "when": less}] + node["tiers"][at + 1:]}
    if "not" in node:
        yield node["not"]
        for less in smaller_rules(node["not"]):
            yield {"not": less}
    if "field" in node:
        for name in [name for name in node if name != "field"] if len(node) > 2 else []:
            yield {key: value for key, value in node.items() if key != name}
        for name, value in node.items():
            if isinstance(value, list) and len(value) > 1:
                yield {**node, name: value[:len(value) // 2]}
                yield {**node, name: value[len(value) // 2:]}


def shrink(world, fails):
    """The smallest world found that still fails."""
    stop = time.monotonic() + SHRINK_SECONDS
    tried = lambda **changed: time.monotonic() < stop and fails(replace(world, **changed))
    world = replace(world, policies=shrink_list(world.policies, lambda some: tried(policies=some)))
    world = replace(world, rows=shrink_list(world.rows, lambda some: tried(rows=some)))
    world = replace(world, policies=shrink_list(world.policies, lambda some: tried(policies=some)))
    for place in range(len(world.policies)):
        change = lambda policy: world.policies[:place] + [policy] + world.policies[place + 1:]
        for name in list(world.policies[place]):
            less = {key: value for key, value in world.policies[place].items() if key != name}
            if name not in ("id", "rule") and tried(policies=change(less)):
                world = replace(world, policies=change(less))
        found = True
        while found:
            found = False
            for rule in smaller_rules(world.policies[place]["rule"]):
                if tried(policies=change({**world.policies[place], "rule": rule})):
                    world = replace(world, policies=change({**world.policies[place], "rule": rule}))
                    found = True
                    break
    return world


def describe(settings, world, paths, options):
    """Every firm and policy of a shrunk world, with the oracle's verdict; the first few of each."""
    as_of = oracle.parse_date(world.as_of)
    schema = oracle.Schema(paths[0], settings.standards)
    policies = oracle.read_policies(paths[1], schema, replace(options, standards=settings.standards))
    firms, _ = oracle.read_firms(paths[2], schema, as_of, options.strict)
    lines = [f"  policy {json.dumps(policy.spec, ensure_ascii=False, default=str)[:1500]}  ({cycle})"
             for policy, cycle in policies[:3]]
    for firm in firms[:3]:
        known = {name: str(value) for name, value in firm.values.items() if value not in (None, {})}
        lines.append(f"  firm {firm.id!r} {json.dumps(known, ensure_ascii=False)[:1500]}")
        for policy, _ in policies[:3]:
            verdict, one = policy.verdict(firm)
            tags = firm.values[schema.tags] if schema.tags else {}
            score = oracle.decimal(policy.score(firm, tags))
            lines.append(f"  oracle: {policy.id!r} -> {verdict}{' (one fact away)' * one}, score {score}")
    return "\n".join(lines)


def compare_seed(task):
    """(seed, pairs compared, None or the story of a difference)"""
    settings, seed = task
    world = worlds.make(seed)
    combinations = list(itertools.product(settings.kernels, settings.threads))
    with tempfile.TemporaryDirectory() as folder:
        paths = world.write(Path(folder) / "world")
        expected, pairs = None, 0
        for number, (name, options) in enumerate(variants(world).items()):
            ours = oracle.run(*paths, replace(options, standards=settings.standards))
            if name == "every status":
                expected = ours
            chosen = combinations if name == "every status" else [combinations[(seed + number) % len(combinations)]]
            for kernel, threads in chosen:
                problem = difference(settings, world, paths, options, kernel, threads, ours)
                if problem:
                    return seed, pairs, tell(settings, world, name, options, kernel, threads, problem)
        kernel, threads = combinations[seed % len(combinations)]
        problem = shuffled_difference(settings, world, Path(folder) / "shuffled", expected, kernel, threads)
        if problem:
            kept = Path(settings.keep) / f"seed-{seed}"
            world.write(kept)
            return seed, pairs, f"seed {seed}, rows shuffled: {problem}\n  world kept in {kept}"
        schema = oracle.Schema(paths[0], settings.standards)
        firms, _ = oracle.read_firms(paths[2], schema, oracle.parse_date(world.as_of), False)
        policies = oracle.read_policies(paths[1], schema, oracle.Options(world.as_of, standards=settings.standards))
        pairs = len(firms) * sum(cycle == "open" for _, cycle in policies)
    return seed, pairs, None


def tell(settings, world, name, options, kernel, threads, problem):
    """Keeps the world, shrinks it and says what is left of it."""
    kept = Path(settings.keep) / f"seed-{world.seed}"
    world.write(kept)

    def problem_of(smaller):
        """The difference that is left, if it is one of the same sort."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = difference(settings, smaller, smaller.write(folder), options, kernel, threads)
                return found if found and found.split()[0] == problem.split()[0] else None
            except (ValueError, KeyError, OSError):  # it is no valid world any more
                return None

    small = shrink(world, problem_of)
    paths = small.write(kept / "small")
    return (f"seed {world.seed}, {name}, kernels {kernel or 'chosen by the program'}, threads {threads}: {problem}\n"
            f"  world kept in {kept}, the smallest in {kept / 'small'}: {problem_of(small) or 'differs no more'}\n"
            f"{describe(settings, small, paths, options)}")


def on_this_machine(settings):
    """The kernel levels that the CPU has; the others are named, not passed over in silence."""
    told = subprocess.run([settings.qice, "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    available = re.search(r"^kernels .*\(of (.*)\)$", told.stdout, re.MULTILINE).group(1).split()
    had = [kernel for kernel in settings.kernels if kernel is None or kernel in available]
    for kernel in settings.kernels:
        if kernel not in had:
            print(f"SKIPPED: kernels {kernel}: this machine has only {', '.join(available)}", flush=True)
    return had


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qice", required=True, help="the program under test")
    parser.add_argument("--seeds", default="0:100", help="A:B, or A: with --pairs")
    parser.add_argument("--pairs", type=int, help="stop once so many pairs of firm and policy were compared")
    parser.add_argument("--kernels", type=lambda text: text.split(","), default=[None])
    parser.add_argument("--threads", type=lambda text: text.split(","), default=["1", "2"])
    parser.add_argument("--standards", type=Path, default=oracle.STANDARDS)
    parser.add_argument("--keep", default="disagreements", help="folder for worlds that differ")
    parser.add_argument("--jobs", type=int, default=1)
    settings = parser.parse_args()
    settings.standards = settings.standards.resolve()
    settings.qice = str(Path(settings.qice).resolve())
    settings.kernels = on_this_machine(settings)
    if not settings.kernels:
        parser.error("none of these kernels can be run here")
    first, _, last = settings.seeds.partition(":")
    seeds = range(int(first), int(last)) if last else itertools.count(int(first))
    if not last and not settings.pairs:
        parser.error("open --seeds need --pairs")
    passed = failed = pairs = 0
    with multiprocessing.Pool(settings.jobs) as pool:
        while settings.pairs is None or pairs < settings.pairs:
            batch = list(itertools.islice(seeds := iter(seeds), 4 * settings.jobs))
            if not batch:
                break
            for seed, compared, story in pool.imap(compare_seed, [(settings, seed) for seed in batch]):
                pairs += compared
                passed, failed = passed + (story is None), failed + (story is not None)
                if story:
                    print(story, flush=True)
            if failed >= 10:
                print("stopped: ten worlds differ")
                break
    print(f"{pairs} pairs compared")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
