"""Replays random fortnights through the program, night after night, and compares its ledger with the model's.

    python3 replay.py --qice build/qice --seeds 0:200 [--jobs 2] [--store postgresql]

Before each night the store is told what changed (`qice import`), or all there is (`--replace`); then `qice push`, now and
then a `--dry-run` before it and the same night after it, and a sender that takes all that is pending (`qice deliver`). Of three fortnights one has its firms in a
table of the portal's own, under other names, and nights take them from there (`--firms-sql`, `--mapping`). The whole ledger is compared each time: as-of date, firm, policy,
version, status, rank and score. A fortnight that differs is told as small as it gets.
"""

import argparse
import csv
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import fortnight
import model
from stores import PostgresStore, Program, SqliteStore, throw_away_server

import agree  # of tests/oracle, whose folder model has put on the path

SHRINK_SECONDS = 120


class Differs(Exception):
    pass


@dataclass(frozen=True)
class Bench:
    """What a fortnight is replayed on."""

    program: Program
    server: object = None  # of tests/postgres; without it SQLite

    def store(self, folder):
        return PostgresStore(self.server) if self.server else SqliteStore(folder)


class Replay:
    """One fortnight on one new store."""

    def __init__(self, bench, made, folder):
        self.program, self.made, self.folder = bench.program, made, Path(folder)
        self.store, self.portal = bench.store(folder), fortnight.portal_of(made)
        self.schema = made.write_schema(folder)
        self.columns = [field["name"] for field in made.schema["fields"] if "derive" not in field]
        self.own = OwnTable(self.store, made.schema["id"], self.columns, self.folder) if made.seed % 3 == 2 else None
        self.dice, self.opt_outs = random.Random(made.seed), set()
        self.delivered = self.withdrawn = 0

    def run(self):
        """How much of what there was; raises Differs."""
        for number, night in enumerate(self.made.nights):
            night.apply(self.portal)
            self.tell(night)
            if self.dice.random() < 0.4 and not self.own:  # such a store hears of the firms by the night
                self.deliver(number, night.options.as_of)
            self.answer(night)
            push = self.push_words(night.options)
            if self.dice.random() < 0.1:
                self.call("push", *push, "--dry-run")
                self.compare(number, "a dry run changed the ledger")
            model.night(self.portal, night.options)
            self.call("push", *push)
            self.compare(number, str(night.options))
            if night.again:
                self.call("push", *push)
                self.compare(number, f"the same night again changed something: {night.options}")
            if self.own and self.dice.random() < 0.4:
                self.deliver(number, night.options.as_of)
        self.call("verify", "--replay")
        self.store.remove()
        return Counter(pushes=len(self.portal.ledger) + self.withdrawn, delivered=self.delivered, withdrawn=self.withdrawn)

    def call(self, command, *words, input=None):
        """Standard output."""
        code, out, said = self.program.run(*command.split(), "--store", self.store.address, *words, "--quiet", input=input)
        if code not in (0, 3):
            raise Differs(f"qice {command} ended with {code}: {said.strip()[-1000:]}")
        return out

    def deliver(self, number, as_of):
        """A sender takes what is pending, in small batches."""
        got, batch = [], None
        while batch != "":
            batch = self.call("deliver claim", "--as-of", as_of, "--limit", self.dice.choice([3, 50, 1000]))
            if batch:
                self.call("deliver mark", "--state", "sent", "-", input=batch)
            got += map(json.loads, batch.splitlines())
        taken, withdrawn = model.delivery(self.portal, as_of)
        self.delivered += len(taken)
        self.withdrawn += len(withdrawn)
        name = lambda push: (push["as_of"], push["firm_id"], push["policy_id"], push["policy_version"], push["status"])
        ours = sorted((push.as_of, push.firm, push.policy, push.version, push.status) for push in taken)
        if ours != sorted(map(name, got)):
            raise Differs(f"night {number + 1}, a sender got other pushes: {sorted(set(ours) ^ set(map(name, got)))[:4]}")
        self.compare(number, "a sender withdrew other pushes")

    def tell(self, night):
        """`qice import` of what changed, or of all there is."""
        firms = self.portal.firms if night.whole else night.firms
        policies = self.portal.policies if night.whole else night.policies
        words = ["--schema", self.schema]
        if self.own:
            self.own.put(self.portal.firms, self.dice)
        elif firms or night.whole:
            words += ["--firms", self.write_firms(firms)]
        if policies or night.whole:
            words += ["--policies", self.write_policies(policies)]
        self.call("import", *words, *["--replace"] * night.whole)
        self.tell_opt_outs(night.opt_outs)

    def tell_opt_outs(self, opt_outs):
        """What is new, or, where some are gone, all."""
        gone, new = self.opt_outs - opt_outs, opt_outs - self.opt_outs
        if gone:
            self.call("import", "--opt-outs", self.write_opt_outs(opt_outs), "--replace")
        elif new:
            self.call("import", "--opt-outs", self.write_opt_outs(new))
        self.opt_outs = set(opt_outs)

    def answer(self, night):
        """`qice deliver mark` of what firms answered since."""
        answers = night.answer(self.portal)
        if not answers:
            return
        ids = self.store.push_ids()
        ways = {state: ["sent", "applied", state] if state in ("accepted", "returned") else ["sent", state] for state in answers.values()}
        lines = ["".join(json.dumps({"push_id": ids[push], "state": way}) + "\n" for way in ways[state]) for push, state in answers.items()]
        self.dice.shuffle(lines)
        (self.folder / "answers.jsonl").write_text("".join(lines))
        self.call("deliver mark", self.folder / "answers.jsonl")

    def write_firms(self, firms):
        path = self.folder / "firms.csv"
        rows = [[id, *(cells[name] for name in self.columns)] for id, cells in firms.items()]
        self.dice.shuffle(rows)
        return write_csv(path, [self.made.schema["id"], *self.columns], rows)

    def write_policies(self, policies):
        path = self.folder / "policies.jsonl"
        path.write_text("".join(json.dumps(spec, ensure_ascii=False) + "\n" for spec in policies.values()), encoding="utf-8")
        return path

    def write_opt_outs(self, opt_outs):
        return write_csv(self.folder / "opt_outs.csv", ["firm_id", "tag"], sorted(opt_outs))

    def push_words(self, options):
        words = ["--as-of", options.as_of, "--status", ",".join(options.statuses), "--per-firm", options.per_firm]
        words += ["--per-firm-days", "{}:{}".format(*options.per_firm_days)] if options.per_firm_days else []
        return words + ["--learn"] * options.learn + (self.own.push_words() if self.own else [])

    def compare(self, number, what):
        ours, theirs = sorted(self.portal.ledger), self.store.ledger()
        if ours == theirs:
            return
        lines = [f"night {number + 1}, {what}"]
        lines += [f"  only in qice:  {push}" for push in theirs if push not in ours][:4]
        lines += [f"  only in model: {push}" for push in ours if push not in theirs][:4]
        if len(theirs) != len(set(theirs)):
            lines.append("  the ledger has a push twice")
        raise Differs("\n".join(lines))


class OwnTable:
    """The portal's own table of firms, with names of its own, beside the store's tables."""

    def __init__(self, store, id, columns, folder):
        self.store, self.columns, self.mapping = store, columns, folder / "mapping.json"
        self.name = "firms_of_the_portal" if store.name == "sqlite" else "public.firms_of_the_portal"
        self.names = {f"column {number}": column for number, column in enumerate(columns)}
        self.mapping.write_text(json.dumps({**self.names, "code": id, "comment": None}), encoding="utf-8")
        store.do(f"CREATE TABLE {self.name}(code text PRIMARY KEY, comment text, {self.quoted(' text')})")

    def quoted(self, more=""):
        return ", ".join(f'"{name}"{more}' for name in self.names)

    def put(self, firms, dice):
        """All of them, in no order."""
        literal = lambda text: "'" + text.replace("'", "''") + "'" if text else "NULL"
        rows = [f"({literal(id)}, 'x', {', '.join(literal(cells[name]) for name in self.columns)})" for id, cells in firms.items()]
        dice.shuffle(rows)
        self.store.do(f"DELETE FROM {self.name}; " + (f"INSERT INTO {self.name} VALUES {', '.join(rows)}" if rows else ""))

    def push_words(self):
        return ["--firms-sql", f"SELECT comment, {self.quoted()}, code FROM {self.name}", "--mapping", self.mapping]


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


# --- many of them ----------------------------------------------------------------------------------


def difference(bench, made):
    """(how much there was, None), or (nothing, where program and model differ)"""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Replay(bench, made, folder).run(), None
        except Differs as problem:
            return Counter(), str(problem)


def shrunk(bench, made):
    """The smallest fortnight found that still differs."""
    stop = time.monotonic() + SHRINK_SECONDS
    firms = sorted({id for night in made.nights for id in night.firms})
    policies = sorted({id for night in made.nights for id in night.policies})
    nights = made.nights

    def fails(firms, policies, nights):
        if time.monotonic() > stop or not nights:
            return False
        return difference(bench, made.only(set(firms), set(policies), nights))[1] is not None

    for _ in range(2):
        nights = agree.shrink_list(nights, lambda some: fails(firms, policies, some))
        firms = agree.shrink_list(firms, lambda some: fails(some, policies, nights))
        policies = agree.shrink_list(policies, lambda some: fails(firms, some, nights))
    return made.only(set(firms), set(policies), nights)


def told(made):
    """A shrunk fortnight in words."""
    lines = []
    for night in made.nights:
        lines.append(f"  {night.options}{' whole' * night.whole}{' again' * night.again}")
        lines += [f"    - {id!r}" for id in sorted(night.gone_firms | night.gone_policies)]
        for firm, cells in night.firms.items():
            lines.append(f"    firm {firm!r} {json.dumps({k: v for k, v in cells.items() if v}, ensure_ascii=False)}")
        lines += [f"    policy {json.dumps(spec, ensure_ascii=False)}" for spec in night.policies.values()]
        lines += [f"    opt-outs {sorted(night.opt_outs)}"] * bool(night.opt_outs)
    return "\n".join(lines)


def replay_seed(task):
    bench, seed = task
    made = fortnight.make(seed)
    pushes, problem = difference(bench, made)
    if not problem:
        return seed, pushes, None
    small = shrunk(bench, made)
    _, left = difference(bench, small)
    return seed, Counter(), f"seed {seed}: {problem}\n smallest: {left or 'differs no more'}\n{told(small)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qice", required=True)
    parser.add_argument("--seeds", default="0:20", help="A:B")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    passed, failed, total = 0, 0, Counter()
    with throw_away_server() if args.store == "postgresql" else nullcontext() as server:
        bench = Bench(Program(args.qice), server)
        tasks = [(bench, seed) for seed in range(*map(int, args.seeds.split(":")))]
        with multiprocessing.Pool(args.jobs) as pool:
            for _, pushes, story in pool.imap(replay_seed, tasks):
                passed, failed, total = passed + (story is None), failed + (story is not None), total + pushes
                if story:
                    print(story, flush=True)
                if failed >= 5:
                    print("stopped: five fortnights differ")
                    break
    print(f"{total['pushes']} pushes compared, {total['delivered']} delivered, {total['withdrawn']} withdrawn")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not all(total[what] for what in ("pushes", "delivered", "withdrawn")) else 0


if __name__ == "__main__":
    sys.exit(main())
