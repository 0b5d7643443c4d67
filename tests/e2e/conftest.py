"""The program, run from outside: pytest -p no:cacheprovider tests/e2e --qice build/qice

Every test gets an empty folder; the program runs inside it, so messages name files as they are
called there.
"""

import csv
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "postgres"))
import server

SCHEMA = """{"id": "uscc",
 "fields": [
  {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "rd", "kind": "number", "unit": "万元", "decimals": 2},
  {"name": "cost", "kind": "number", "unit": "元", "decimals": 2},
  {"name": "rd_ratio", "kind": "number", "derive": {"ratio": ["cost", "revenue"]}},
  {"name": "total", "kind": "number", "derive": {"sum": ["revenue", "cost"]}},
  {"name": "employees", "kind": "number", "unit": "人"},
  {"name": "growth", "kind": "number", "decimals": 4},
  {"name": "established", "kind": "date", "fixed": true},
  {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
  {"name": "place", "kind": "code", "codes": "places.csv", "level": ["town", "county"]},
  {"name": "industry", "kind": "code", "codes": "gbt4754"},
  {"name": "prefix", "kind": "code", "codes": "prefix"},
  {"name": "dishonest", "kind": "flag"},
  {"name": "grade", "kind": "category", "values": ["A", "B", "C"]},
  {"name": "free", "kind": "category"},
  {"name": "quals", "kind": "set", "expires": true},
  {"name": "labels", "kind": "set"},
  {"name": "follows", "kind": "tags"},
  {"name": "name", "kind": "text"}]}
"""
PLACES = """code,name,parent,level
44,广东省,,province
4419,东莞市,44,prefecture
441901,莞城,4419,town
441902,南城,4419,town
4413,惠州市,44,prefecture
441302,惠城区,4413,county
"""


def pytest_addoption(parser):
    parser.addoption("--qice", required=True, help="the program to test")


class World:
    """A folder with files, and the program run inside it."""

    def __init__(self, folder, program):
        self.folder = folder
        self.program = program

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return name

    def read(self, name):
        return (self.folder / name).read_bytes().decode()

    def rows(self, name):
        """The records of a CSV file as lists, the header first."""
        return list(csv.reader(io.StringIO(self.read(name), newline="")))

    def files(self):
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file())

    def env(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
        env.pop("QICE_KERNELS", None)
        return {**env, "LANG": "C.UTF-8", **more}

    def run(self, *args, stdin=b"", env=None, code=0, timeout=60, stdout=subprocess.PIPE):
        """Runs qice; asserts the exit code unless it is None."""
        run = subprocess.run(
            [self.program, *map(str, args)], cwd=self.folder, input=stdin, stdout=stdout,
            stderr=subprocess.PIPE, env=self.env(**(env or {})), timeout=timeout)
        run.err = run.stderr.decode("utf-8", "replace")
        run.out = (run.stdout or b"").decode("utf-8", "replace")
        assert code is None or run.returncode == code, (run.returncode, run.err)
        return run

    def match(self, *args, policies="p.json", firms="f.csv", schema="s.json", as_of="2026-06-15",
              **options):
        chosen = ["--schema", schema] if schema else []
        return self.run("match", "--policies", policies, "--firms", firms, *chosen, "--as-of",
                        as_of, *args, **options)

    def summary(self, *args, **options):
        return json.loads(self.match("--json", *args, **options).out)

    def popen(self, *args, **options):
        options = {"env": self.env(), **options}
        return subprocess.Popen([self.program, *map(str, args)], cwd=self.folder, **options)


def rule(text):
    return '{"id": "P", "rule": ' + text + "}"


@pytest.fixture(scope="session")
def program(request):
    return str(pathlib.Path(request.config.getoption("--qice")).resolve())


@pytest.fixture
def empty(tmp_path, program):
    """An empty folder."""
    return World(tmp_path, program)


@pytest.fixture
def world(empty):
    """A schema, a code list, one policy open to everybody, one firm."""
    empty.write("s.json", SCHEMA)
    empty.write("places.csv", PLACES)
    empty.write("p.json", rule('{"all": []}'))
    empty.write("f.csv", "uscc,revenue\nA,1\n")
    return empty


@pytest.fixture(scope="session")
def city(tmp_path_factory, program):
    """2,000 made-up firms and 120 policies: firms.csv, policies.jsonl, schema.json."""
    made = World(tmp_path_factory.mktemp("city"), program)
    made.run("generate", "--firms", 2000, "--policies", 120, "--seed", 5, "--out", ".")
    return made


@pytest.fixture(scope="session")
def large_city(tmp_path_factory, program):
    """300,000 firms and 500 policies: long enough to be interrupted."""
    made = World(tmp_path_factory.mktemp("large"), program)
    made.run("generate", "--firms", 300_000, "--policies", 500, "--seed", 6, "--out", ".")
    return made


@pytest.fixture(scope="session")
def postgres():
    """A throw-away PostgreSQL server; the tests that need it are skipped, loudly, where none is installed."""
    try:
        running = server.Server()
    except server.Missing as missing:
        print(f"\n{missing}", file=sys.stderr)
        pytest.skip(str(missing))
    with running:
        yield running
