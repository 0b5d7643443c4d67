"""qice generate from outside: the same city from the same options, and its errors."""

import csv
import hashlib
import json
import os
import resource
import subprocess

import pytest


def digests(world, folder):
    return {name: hashlib.sha256((world.folder / folder / name).read_bytes()).hexdigest()
            for name in sorted(os.listdir(world.folder / folder))}


def generate(world, out, *args, code=0):
    return world.run("generate", "--out", out, *args, code=code)


def test_same_options_same_bytes(empty):
    options = ["--firms", 300, "--policies", 40]
    generate(empty, "a", *options, "--seed", 7)
    generate(empty, "b/deep/er", *options, "--seed", 7)
    generate(empty, "c", *options, "--seed", 8)
    a, b, c = (digests(empty, folder) for folder in ("a", "b/deep/er", "c"))
    assert list(a) == ["firms.csv", "policies.jsonl", "schema.json"]
    assert a == b
    assert a["schema.json"] == c["schema.json"]
    assert a["firms.csv"] != c["firms.csv"] and a["policies.jsonl"] != c["policies.jsonl"]


def test_more_firms_keep_the_first(empty):
    """A city grows at its end; a time zone and a locale change nothing."""
    generate(empty, "a", "--firms", 100)
    empty.run("generate", "--out", "b", "--firms", 200, env={"TZ": "Asia/Shanghai", "LC_ALL": "C"})
    assert empty.read("b/firms.csv").startswith(empty.read("a/firms.csv"))


def test_matches_cleanly(city):
    run = city.match("--quarantine", "/dev/null", policies="policies.jsonl", firms="firms.csv",
                     schema="schema.json")
    assert len(run.out.splitlines()) > 2000
    assert "quarantined" not in run.err


def test_without_policies(empty):
    generate(empty, "a", "--firms", 0)
    assert empty.files() == ["a/firms.csv", "a/schema.json"]
    assert len(empty.read("a/firms.csv").splitlines()) == 1
    run = generate(empty, "b", "--firms", 1)
    assert run.err == "qice: wrote 1 firms and 0 policies to b\n" and run.out == ""
    assert generate(empty, "b", "--firms", 1, "--quiet").err == ""


@pytest.mark.parametrize("code", ["441900", "440300", "500116", "110000", "310000"])
def test_city(empty, code):
    generate(empty, "a", "--firms", 200, "--policies", 20, "--city", code)
    data = empty.run("version").out.split("data ")[1].strip()
    parents = {r["code"]: r["parent"] for r in csv.DictReader(
        open(f"{data}/standards/regions.csv", encoding="utf-8"))}
    with open(empty.folder / "a/firms.csv", encoding="utf-8") as file:
        for firm in csv.DictReader(file):
            place = firm["region"]
            while place and place != code:
                place = parents[place]
            assert place == code
    for line in empty.read("a/policies.jsonl").splitlines():
        json.loads(line)


ERRORS = [
    (["--city", "999999"], 2, "the region list has no city 999999 with places below it"),
    (["--city", "dongguan"], 2, "the region list has no city dongguan with places below it"),
    (["--city", "441900003"], 2, "the region list has no city 441900003 with places below it"),
    (["--as-of", "2026-02-30"], 2, '--as-of needs a date like 2026-11-23, got "2026-02-30"'),
    (["--as-of", "1066-10-14"], 2, "generate needs an as-of date from 1950 to 9899"),
    (["--firms", "100000001"], 2, "at most 100000000 firms"),
    (["--policies", "10000001"], 2, "at most 10000000 policies"),
    (["--firms", "many"], 2, None),
    (["--firms", "-1"], 2, None),
    (["--firms", "1.5"], 2, None),
    (["--seed", "x"], 2, None),
    (["--frims", "5"], 2, None),
]


@pytest.mark.parametrize("options,code,message", ERRORS, ids=[" ".join(e[0]) for e in ERRORS])
def test_errors(empty, options, code, message):
    run = generate(empty, "a", *options, code=code)
    if message is not None:
        assert run.err == f"qice: {message}\n"
    assert run.err.startswith("qice: ") and run.out == ""
    assert empty.files() == []


def test_folder_that_cannot_be(empty):
    empty.write("file", "x")
    assert generate(empty, "file/city", code=1).err == "qice: file/city: Not a directory\n"
    assert generate(empty, "file", code=1).err.startswith("qice: file")
    assert empty.read("file") == "x"
    assert empty.run("generate", code=2).err.startswith("qice: --out is required\n")


def test_full_disk_leaves_no_half_file(empty):
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    run = empty.popen("generate", "--firms", "20000", "--out", "a", stderr=subprocess.PIPE, preexec_fn=small)
    _, errors = run.communicate(timeout=20)
    assert (run.returncode, errors.decode()) == (
        1, "qice: a/firms.csv: cannot write this file: File too large\n")
    assert empty.files() == ["a/schema.json"]
