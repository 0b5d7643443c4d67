"""The stores a night can run on, as the tests see them: an address for the program, and the ledger read without it.

    store = SqliteStore(folder)
    program.run("push", "--store", store.address)
    store.ledger()        # [Push], through the documented view `pushes`
    store.digest()        # one hash of all that must be the same after an undisturbed night
"""

import hashlib
import os
import sqlite3
import subprocess
import sys
import uuid
from fractions import Fraction
from pathlib import Path

from model import Push, oracle

LEDGER = "SELECT as_of, firm_id, policy_id, policy_version, status, rank, score{more} FROM {view}"
VALID = " WHERE state <> 'withdrawn'"


def millionths(score):
    """Of a score as the view shows it."""
    return int(Fraction(str(score)) * 10**6)


class Store:
    """With `name`, `address`, ask(sql) -> rows, do(sql) changes, copy(folder) -> an equal one, fault() -> what is wrong with the store itself."""

    view = "pushes"

    def rows(self, more="", condition=""):
        return self.ask(LEDGER.format(more=more, view=self.view) + condition)

    def ledger(self):
        """Without what was withdrawn."""
        return sorted(Push(*map(str, row[:3]), int(row[3]), row[4], int(row[5]), millionths(row[6])) for row in self.rows(condition=VALID))

    def push_ids(self):
        return {Push(*map(str, row[:3]), int(row[3]), row[4], int(row[5]), millionths(row[6])): int(row[7])
                for row in self.rows(", push_id", VALID)}

    def digest(self):
        lines = sorted(repr(tuple(map(str, row))) for row in self.rows(", reason, state"))
        return f"{len(lines)} pushes {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"

    def fault(self):
        return ""

    def remove(self):
        """Of a copy, when it is done with."""


class SqliteStore(Store):
    name = "sqlite"

    def __init__(self, folder):
        self.path = Path(folder) / "store.sqlite"
        self.address = f"sqlite:{self.path}"

    def ask(self, sql):
        base = sqlite3.connect(self.path, timeout=20)
        try:
            return base.execute(sql).fetchall()
        finally:
            base.close()

    def do(self, sql):
        """Statements that change something, as somebody else's program may do it."""
        base = sqlite3.connect(self.path, timeout=20)
        try:
            base.executescript(sql)
        finally:
            base.close()

    def fault(self):
        found = self.ask("PRAGMA integrity_check")
        return "" if found == [("ok",)] else str(found)

    def copy(self, folder):
        other = SqliteStore(folder)
        source, target = sqlite3.connect(self.path), sqlite3.connect(other.path)
        source.backup(target)
        source.close()
        target.close()
        return other


class PostgresStore(Store):
    """A database of a throw-away server (tests/postgres/server.py)."""

    name, view = "postgresql", "qice.pushes"

    def __init__(self, server, database=None):
        self.server, self.database = server, database or f"night{uuid.uuid4().hex[:12]}"
        self.address = server.address(self.database)

    def ask(self, sql):
        return self.server.ask(self.database, sql)

    def do(self, sql):
        self.server.ask(self.database, sql)

    def copy(self, folder):
        other = object.__new__(PostgresStore)
        other.server, other.database = self.server, f"night{uuid.uuid4().hex[:12]}"
        other.address = self.server.copy(self.database, other.database)
        return other

    def remove(self):
        self.server.ask("postgres", f'DROP DATABASE "{self.database}" WITH (FORCE)')


def throw_away_server():
    """To be closed; ends the test as skipped where there is none."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "postgres"))
    import server

    try:
        return server.Server()
    except server.Missing as reason:
        print(reason, file=sys.stderr)
        sys.exit(server.SKIPPED)


class Program:
    """qice, run on a store."""

    def __init__(self, path):
        self.path = str(Path(path).resolve())

    def environment(self, more=None):
        kept = {name: value for name, value in os.environ.items() if name != "QICE_KERNELS" and not name.startswith("LC_")}
        return {**kept, "LANG": "C.UTF-8", "QICE_DATA": str(oracle.STANDARDS.parent), **(more or {})}

    def run(self, *words, env=None, timeout=120, **options):
        """(exit code, standard output, what it said)"""
        done = subprocess.run([self.path, *map(str, words)], env=self.environment(env), capture_output=True, text=True,
                              timeout=timeout, **options)
        return done.returncode, done.stdout, done.stderr

    def start(self, *words, env=None, **options):
        return subprocess.Popen([self.path, *map(str, words)], env=self.environment(env), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def done(self, *words, **options):
        """Standard output of a run that must go well."""
        code, out, said = self.run(*words, **options)
        if code not in (0, 3):
            raise AssertionError(f"qice {' '.join(map(str, words))} ended with {code}: {said[-2000:]}")
        return out
