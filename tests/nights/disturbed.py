"""A small city whose second night can be disturbed, and what an undisturbed one gives.

    city = City(program, fault_library, folder)         # made, imported, first night run, then changed
    with city.fresh() as store:                         # before the second night, to be spoilt
        city.push(store, "kill:17")                     # exit code and words of the second night with a fault (fault.cpp)
        store.digest() in (city.before, city.after)
"""

import contextlib
import csv
import json
import os
import signal
import tempfile
from pathlib import Path

from stores import PostgresStore, SqliteStore

DAYS = ("2026-06-15", "2026-06-16")
FIRMS, POLICIES = 1500, 120
SMALL = 500, 60  # where each copy and each look costs a session of a server; a night takes as many steps


class City:
    def __init__(self, program, fault, folder, server=None):
        self.program, self.library, self.folder, self.server = program, fault, Path(folder), server
        made = self.folder / "city"
        firms, policies = SMALL if server else (FIRMS, POLICIES)
        program.done("generate", "--firms", firms, "--policies", policies, "--seed", 5, "--out", made, "--quiet")
        self.schema, self.firms, self.policies = (made / name for name in ("schema.json", "firms.csv", "policies.jsonl"))
        self.imported = self.new_store(self.sub("imported"))
        self.import_into(self.imported, self.firms, self.policies)
        self.program.done("push", "--store", self.imported.address, *self.words(0))
        self.changes()
        self.ready = self.imported.copy(self.sub("ready"))
        self.import_into(self.ready, self.changed_firms, self.changed_policies)
        self.before = self.ready.digest()
        with self.fresh() as finished:
            self.steps = self.count_steps(self.push_words(finished))
            self.after = finished.digest()
        assert self.after != self.before

    def sub(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def new_store(self, folder):
        return PostgresStore(self.server) if self.server else SqliteStore(folder)

    @staticmethod
    def words(night):
        return ["--as-of", DAYS[night], "--per-firm", "4", "--quiet"]

    def import_words(self, store, firms, policies):
        return ["import", "--store", store.address, "--schema", self.schema, "--firms", firms, "--policies", policies,
                "--quiet"]

    def import_into(self, store, firms, policies):
        self.program.done(*self.import_words(store, firms, policies))

    def changes(self):
        """For the second day: each tenth firm is another one, each fifth policy has a new version."""
        with open(self.firms, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        self.id_at = header.index("uscc")
        changed = []
        for number in range(0, len(rows), 10):
            twin = list(rows[(number * 7 + 13) % len(rows)])
            twin[self.id_at] = rows[number][self.id_at]
            changed.append(twin)
        self.changed_firms = self.folder / "changed.csv"
        with open(self.changed_firms, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *changed])
        specs = [json.loads(line) for line in self.policies.read_text(encoding="utf-8").splitlines()]
        for spec in specs[::5]:
            spec["version"] = spec.get("version", 1) + 1
        self.changed_policies = self.folder / "changed.jsonl"
        text = "".join(json.dumps(spec, ensure_ascii=False) + "\n" for spec in specs[::5])
        self.changed_policies.write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def fresh(self, of=None):
        """A store as it is before the second night, or a copy of another."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            store = (of or self.ready).copy(folder)
            yield store
            store.remove()

    def faulty(self, fault):
        return {"LD_PRELOAD": self.library, "QICE_FAULT": fault}

    def push_words(self, store):
        return ["push", "--store", store.address, *self.words(1)]

    def push(self, store, fault=None, **options):
        """(exit code, what it said) of the second night; a killed one's code is that of its signal, negative."""
        code, _, said = self.program.run(*self.push_words(store), env=self.faulty(fault) if fault else None, **options)
        return code, said

    def start_push(self, store, fault=None):
        return self.program.start(*self.push_words(store), env=self.faulty(fault) if fault else None)

    def held_push(self, store, step):
        """A second night that waits before a step of its output, until it gets SIGCONT."""
        process = self.start_push(store, f"hold:{step}")
        wait_for_stop(process)
        return process

    def count_steps(self, words):
        """Of a run that nothing disturbs."""
        with tempfile.NamedTemporaryFile("r") as file:
            self.program.done(*words, env=self.faulty(f"count:{file.name}"))
            return int(file.read())


def wait_for_stop(process):
    """Until a child has stopped itself."""
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it ended before it came to its step"


def go_on(process):
    process.send_signal(signal.SIGCONT)
    out, said = process.communicate(timeout=60)
    return process.returncode, said
