"""How much longer than `qice push` does PostgreSQL need for the same nights, written as SQL?

    python3 bench/peers/night_peer.py --qice build/release/qice [--firms 50000 --policies 1000 --rounds 3]

A first night over a generated city, then, on the day after, a second one in which 1 % of the firms have changed. The SQL
(night_sql.py) works on one table of resolved numbers in its cache, unlogged between the steps and without fsync; two sessions
share step 1, two processes the rest. qice starts as a program, reads its store, and writes its pushes there. Both
ledgers must be equal, push for push, or there is no measurement. Each night is one JSON line on standard output.
"""

import argparse
import csv
import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import night_sql
import sql_rules
from cities import AS_OF, KEPT, city_of
from postgres_peer import Cluster, Session

STATUSES = ("eligible", "review", "needs_data", "near")
TUNING = (
    "SET client_min_messages = warning; SET work_mem = '512MB'; SET max_parallel_workers_per_gather = 1; "
    "SET plan_cache_mode = force_custom_plan;"
)
NIGHTS = (AS_OF, (date.fromisoformat(AS_OF) + timedelta(1)).isoformat())


def say(message):
    print(f"night: {message}", file=sys.stderr, flush=True)


def changed_city(city, folder):
    """The same city in which 1 % of the firms look like another firm."""
    for name in ("policies.jsonl", "schema.json"):
        shutil.copy(city / name, folder / name)
    with open(city / "firms.csv", newline="", encoding="utf-8") as file:
        header, *firms = csv.reader(file)
    at, dice = header.index(json.loads((city / "schema.json").read_text(encoding="utf-8"))["id"]), random.Random(1)
    for number in dice.sample(range(len(firms)), len(firms) // 100):
        twin = list(firms[dice.randrange(len(firms))])
        twin[at] = firms[number][at]
        firms[number] = twin
    with open(folder / "firms.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *firms])
    return folder


# --- the SQL ---------------------------------------------------------------------------------------


class SqlNights:
    """One database a night's city, and what SQL makes of it."""

    def __init__(self, cluster, cities):
        self.cities, self.cluster = cities, cluster
        self.sessions = [Session(cluster), Session(cluster)]
        for session in self.sessions:
            session.ask(TUNING)
        self.main = self.sessions[0]
        self.main.ask("".join(sql + ";" for sql in night_sql.create_ledger()))

    def load(self, at):
        city = self.cities[at]
        self.main.ask("DROP TABLE IF EXISTS firms, policies, policy_tags, opt_outs, pairs;")
        self.main.ask(";\n".join(night_sql.create_tables(city, sql_rules.POSTGRESQL)) + ";")
        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(night_sql.rows(city))
            file.flush()
            self.main.ask(f"\\copy firms FROM '{file.name}' WITH (FORMAT csv)")
        self.main.ask("VACUUM (ANALYZE, FREEZE) firms; ANALYZE policies;")
        self.halves = [";\n".join(half) + ";" for half in self.pair_halves(city)]

    @staticmethod
    def pair_halves(city):
        statements = list(night_sql.pair_statements(city, sql_rules.POSTGRESQL))
        return statements[::2], statements[1::2]

    def run(self, at):
        """Seconds of step 1's pairs and of the rest."""
        start = time.perf_counter()
        self.main.ask("TRUNCATE pairs;")
        threads = [threading.Thread(target=session.ask, args=(half,)) for session, half in zip(self.sessions, self.halves)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        paired = time.perf_counter()
        self.main.ask("ANALYZE pairs;")
        self.main.ask(";\n".join(night_sql.night(NIGHTS[at], night_sql.Limits())) + ";")
        return paired - start, time.perf_counter() - paired

    def count(self, table):
        return int(self.main.ask(f"SELECT count(*) FROM {table};")[0])

    def ledger(self):
        city = self.cities[-1]
        firms, policies = list(city.firm_numbers), list(city.policy_numbers)
        lines = self.main.ask("SELECT * FROM pushes;")
        cells = (line.split(",") for line in lines)
        return {
            (day, firms[int(firm)], policies[int(policy)], int(version), STATUSES[int(status)], int(rank), int(score))
            for day, firm, policy, version, status, rank, score in cells
        }


# --- qice ------------------------------------------------------------------------------------------


class SqliteStore:
    def __init__(self, folder):
        self.path = folder / "store.sqlite"
        self.address = f"sqlite:{self.path}"

    def copy(self, folder):
        """An equal store, for one round."""
        other = SqliteStore(folder)
        source, target = sqlite3.connect(self.path), sqlite3.connect(other.path)
        source.backup(target)
        source.close()
        target.execute("PRAGMA journal_mode = WAL")
        target.close()
        return other

    def ledger(self):
        base = sqlite3.connect(self.path)
        rows = base.execute("SELECT as_of, firm_id, policy_id, policy_version, status, rank, score FROM pushes")
        found = {(*row[:6], millionths(row[6])) for row in rows}
        base.close()
        return found


def millionths(score):
    return score if isinstance(score, int) else round(float(score) * 10**6)


def qice(program, *words):
    start = time.perf_counter()
    done = subprocess.run([program, *map(str, words)], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"night_peer.py: qice {' '.join(map(str, words))} ended with {done.returncode}")
    return time.perf_counter() - start, done.stdout


def import_city(program, store, city):
    qice(program, "import", "--store", store.address, "--schema", city / "schema.json", "--firms", city / "firms.csv",
         "--policies", city / "policies.jsonl", "--quiet")


def qice_nights(program, prepared, changed, threads):
    """[(seconds, summary)] of both nights, and the ledger, on a copy of the prepared store."""
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        store, found = prepared.copy(Path(folder)), []
        for at, day in enumerate(NIGHTS):
            if at:
                qice(program, "import", "--store", store.address, "--firms", changed / "firms.csv", "--quiet")
            seconds, said = qice(program, "push", "--store", store.address, "--as-of", day, "--threads", threads,
                                 "--json", "--quiet")
            found.append((seconds, json.loads(said)))
        return found, store.ledger()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qice", type=lambda path: str(Path(path).resolve()), required=True)
    parser.add_argument("--firms", type=int, default=50_000)
    parser.add_argument("--policies", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    city = city_of(args.qice, args.firms, args.policies)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        changed = Path(folder) / "changed"
        changed.mkdir()
        changed_city(city, changed)
        say("resolving both cities into whole numbers")
        sql = SqlNights(Cluster(), [night_sql.NightCity(place, day) for place, day in zip((city, changed), NIGHTS)])
        prepared = SqliteStore(Path(folder))
        import_city(args.qice, prepared, city)
        measure(args, sql, prepared, changed)


def measure(args, sql, prepared, changed):
    own, theirs, pairs = [], [], []
    for turn in range(args.rounds):
        say(f"round {turn + 1} of {args.rounds}, qice")
        nights, ledger = qice_nights(args.qice, prepared, changed, args.threads)
        own.append([seconds for seconds, _ in nights])
        sql.main.ask("TRUNCATE pushes;")
        taken = []
        for at in range(len(NIGHTS)):
            sql.load(at)
            say(f"round {turn + 1} of {args.rounds}, SQL, night {at + 1}")
            taken.append(sql.run(at))
            pairs.append(sql.count("pairs"))
        theirs.append(taken)
        compare(sql.ledger(), ledger)
    version = sql.main.ask("SHOW server_version;")[0].split()[0]
    for at, day in enumerate(NIGHTS):
        seconds = [sum(taken[at]) for taken in theirs]
        ratios = [slow / fast[at] for slow, fast in zip(seconds, own)]
        print(json.dumps({
            "what": "night", "peer": "postgresql_night", "title": "PostgreSQL, the night as SQL",
            "version": f"PostgreSQL {version}", "store": "sqlite", "night": ["first", "1 % changed"][at], "as_of": day,
            "firms": args.firms, "policies": len(sql.cities[at].open), "pairs": pairs[at],
            "pushes": sum(push[0] == day for push in ledger), "ledgers_equal": True, "threads": args.threads,
            "rounds": seconds, "qice_rounds": [fast[at] for fast in own], "seconds": median(seconds),
            "qice_seconds": median(fast[at] for fast in own), "ratio": median(ratios), "ratio_low": min(ratios),
            "ratio_high": max(ratios), "parts": {"pairs": median(taken[at][0] for taken in theirs),
                                                 "steps": median(taken[at][1] for taken in theirs)},
            "load": os.getloadavg()[0]}, ensure_ascii=False), flush=True)


def compare(theirs, ours):
    if theirs == ours:
        return
    out = io.StringIO()
    for name, rows in (("only in SQL", theirs - ours), ("only in qice", ours - theirs)):
        print(f"{len(rows)} pushes {name}: {sorted(rows)[:3]}", file=out)
    sys.exit(f"night_peer.py: the ledgers differ\n{out.getvalue()}")


if __name__ == "__main__":
    main()
