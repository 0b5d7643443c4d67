"""The Python package, tested where it was built: pytest tests/python --qice PROGRAM --package FOLDER

The program is what its answers are held against, byte for byte.
"""

import faulthandler
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = "2026-06-15"


def pytest_addoption(parser):
    parser.addoption("--qice", required=True, help="the program")
    parser.addoption("--package", required=True, help="the folder that holds the package qice")
    parser.addoption("--build", help="the build folder, for the test of pip")


HANGS_AFTER = 240  # seconds; the longest test takes some ten
STDERR = pytest.StashKey()


def pytest_configure(config):
    sys.path.insert(0, str(pathlib.Path(config.getoption("--package")).resolve()))
    config.stash[STDERR] = os.dup(2)  # as pytest captures the other one


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """A test that hangs, in its fixtures too, ends the run and shows where each thread stood."""
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True, file=item.config.stash[STDERR])
    yield
    faulthandler.cancel_dump_traceback_later()


class City:
    """Made-up firms and policies, and what the program says of them."""

    def __init__(self, folder, program, firms, policies, seed):
        self.folder, self.program = folder, program
        self.run("generate", "--firms", firms, "--policies", policies, "--seed", seed, "--as-of", DAY,
                 "--out", folder, "--quiet")
        self.firms, self.policies = folder / "firms.csv", folder / "policies.jsonl"
        self.schema = folder / "schema.json"

    def run(self, *args):
        done = subprocess.run([self.program, *map(str, args)], capture_output=True, check=False)
        assert done.returncode in (0, 3), done.stderr.decode()
        return done

    def match(self, *args, firms=None):
        """The pushes as the program writes them."""
        out = self.folder / "program.csv"
        self.run("match", "--policies", self.policies, "--schema", self.schema, "--as-of", DAY,
                 "--firms", firms or self.firms, "--out", out, "--quiet", *args)
        return out.read_bytes()


@pytest.fixture(scope="session")
def program(request):
    return str(pathlib.Path(request.config.getoption("--qice")).resolve())


@pytest.fixture(scope="session")
def city(tmp_path_factory, program):
    return City(tmp_path_factory.mktemp("city"), program, 3000, 150, 5)


@pytest.fixture(scope="session")
def engine(city):
    import qice
    return qice.Engine(city.policies, city.schema, DAY)


@pytest.fixture
def written(tmp_path):
    """The bytes that a result writes."""

    def write(result, name="out.csv", **options):
        result.write(tmp_path / name, **options)
        return (tmp_path / name).read_bytes()

    return write


SCHEMA = {"id": "uscc", "fields": [
    {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
    {"name": "growth", "kind": "number", "decimals": 4},
    {"name": "employees", "kind": "number"},
    {"name": "established", "kind": "date"},
    {"name": "industry", "kind": "code", "codes": "gbt4754"},
    {"name": "dishonest", "kind": "flag"},
    {"name": "grade", "kind": "category"},
    {"name": "quals", "kind": "set", "expires": True},
    {"name": "follows", "kind": "tags"},
    {"name": "name", "kind": "text"}]}


def policy(name, rule, **more):
    return {"id": name, "rule": rule, **more}


@pytest.fixture
def small():
    """Five policies, one a kind of field, over SCHEMA."""
    import qice
    return qice.Engine([
        policy("RICH", {"field": "revenue", "ge": "1.5"}, priority=0.5),
        policy("OLD", {"field": "established", "lt": "2020-01-01"}),
        policy("HONEST", {"field": "dishonest", "is": False}),
        policy("HNTE", {"field": "quals", "has_any": ["高新技术企业"]}, tags={"出口": 1}),
        policy("A", {"field": "grade", "in": ["A"]})], SCHEMA, DAY)
