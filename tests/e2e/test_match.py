"""qice match from outside: its files, its summary, its failures."""

import collections
import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import time

import pytest

STATUSES = ["eligible", "review", "needs_data", "near"]
ALL = ",".join(STATUSES)
CITY = dict(policies="policies.jsonl", firms="firms.csv", schema="schema.json")


@pytest.fixture
def at_city(city, empty):
    """An empty folder from which the shared city is matched."""
    for name in ("policies.jsonl", "firms.csv", "schema.json"):
        os.symlink(city.folder / name, empty.folder / name)
    return empty


def parsed(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ------------------------------------------------------------------------------ the numbers


def test_summary(at_city):
    summary = at_city.summary("--out", "x.csv", "--status", ALL, "--top", "all", "--threads", 2, **CITY)
    assert list(summary) == ["as_of", "firms", "policies", "policies_matched", "pairs", "pushes",
                             "quarantined", "rows_set_aside", "policies_skipped", "seconds",
                             "peak_mib", "threads", "kernels"]
    assert list(summary["seconds"]) == ["read", "compile", "index", "match", "write"]
    assert (summary["as_of"], summary["firms"], summary["policies"]) == ("2026-06-15", 2000, 120)
    assert summary["pairs"] == 2000 * summary["policies_matched"]
    assert (summary["quarantined"], summary["rows_set_aside"], summary["policies_skipped"]) == (0, 0, 0)
    assert summary["threads"] == 2
    assert all(0 <= seconds < 60 for seconds in summary["seconds"].values())
    assert 1 < summary["peak_mib"] < 1000
    written = collections.Counter(row["status"] for row in parsed(at_city.read("x.csv")))
    assert summary["pushes"] == {status: written[status] for status in STATUSES}
    assert list(summary["pushes"]) == STATUSES
    assert at_city.run("version").out.splitlines()[1].startswith(f"kernels {summary['kernels']} (of")


def test_summary_counts_what_is_kept(at_city):
    summary = at_city.summary("--out", "x.csv", "--top", 2, **CITY)
    rows = parsed(at_city.read("x.csv"))
    assert summary["pushes"] == {s: sum(r["status"] == s for r in rows) for s in STATUSES[:2]}


def test_summary_counts_what_is_left_out(world):
    world.write("p.jsonl", '{"id": "P", "rule": {"all": []}}\n{"id": "Q"}\n{"id": "R", "rule": {"all": []}, "status": "draft"}\n')
    world.write("f.csv", "uscc,revenue\nA,x\n,1\nB,1\nB,1\n")
    summary = world.summary("--skip-bad-policies", policies="p.jsonl", code=3)
    wanted = dict(firms=2, policies=2, policies_matched=1, pairs=2, quarantined=3, rows_set_aside=2,
                  policies_skipped=1)
    assert {key: summary[key] for key in wanted} == wanted
    assert summary["pushes"] == {"eligible": 2, "review": 0}


def test_rows_are_ranked(at_city):
    at_city.match("--out", "x.csv", "--status", ALL, "--top", "all", **CITY)
    firms = [row["uscc"] for row in csv.DictReader(open(at_city.folder / "firms.csv", encoding="utf-8"))]
    order = {firm: i for i, firm in enumerate(firms)}
    rows = parsed(at_city.read("x.csv"))
    assert len(rows) > 10_000
    keys = [(order[r["firm_id"]], STATUSES.index(r["status"]), int(r["rank"])) for r in rows]
    assert keys == sorted(keys)
    for before, row in zip(rows, rows[1:]):
        same = all(before[key] == row[key] for key in ("firm_id", "status"))
        assert int(row["rank"]) == (int(before["rank"]) + 1 if same else 1)
        if same and row["status"] != "needs_data":
            assert (-float(before["score"]), before["policy_id"]) < (-float(row["score"]), row["policy_id"])
    assert all(re.fullmatch(r"-?\d+\.\d{6}", row["score"]) for row in rows)


def test_counts_are_true_whatever_the_status(at_city):
    at_city.match("--out", "x.csv", "--status", ALL, "--top", "all", **CITY)
    at_city.match("--out", "y.csv", "--status", "review", "--top", 1, "--counts", "c.csv", **CITY)
    counted = collections.Counter((r["policy_id"], r["status"]) for r in parsed(at_city.read("x.csv")))
    counts = parsed(at_city.read("c.csv"))
    ids = [json.loads(line)["id"] for line in at_city.read("policies.jsonl").splitlines()]
    assert [row["policy_id"] for row in counts] == ids
    for row in counts:
        assert {s: int(row[s]) for s in STATUSES} == {s: counted[row["policy_id"], s] for s in STATUSES}


def test_top_is_a_prefix(at_city):
    whole = parsed(at_city.match("--status", ALL, "--top", "all", **CITY).out)
    first = parsed(at_city.match("--status", ALL, "--top", 3, **CITY).out)
    assert first == [row for row in whole if int(row["rank"]) <= 3]


@pytest.mark.parametrize("chosen", ["near,eligible", "needs_data , review", "eligible,eligible"])
def test_status_order_is_fixed(at_city, chosen):
    whole = parsed(at_city.match("--status", ALL, **CITY).out)
    wanted = {name.strip() for name in chosen.split(",")}
    assert parsed(at_city.match("--status", chosen, **CITY).out) == [
        row for row in whole if row["status"] in wanted]


def test_by_policy(at_city):
    whole = parsed(at_city.match("--status", ALL, "--top", "all", **CITY).out)
    turned = parsed(at_city.match("--status", ALL, "--top", "all", "--by", "policy", **CITY).out)
    pair = ("firm_id", "status", "policy_id", "score")
    assert (collections.Counter(tuple(r[k] for k in pair) for r in whole)
            == collections.Counter(tuple(r[k] for k in pair) for r in turned))
    ids = [json.loads(line)["id"] for line in at_city.read("policies.jsonl").splitlines()]
    keys = [(ids.index(r["policy_id"]), STATUSES.index(r["status"]), int(r["rank"])) for r in turned]
    assert keys == sorted(keys)
    for before, row in zip(turned, turned[1:]):
        same = all(before[key] == row[key] for key in ("policy_id", "status"))
        assert int(row["rank"]) == (int(before["rank"]) + 1 if same else 1)
        if same and row["status"] != "needs_data":
            assert (-float(before["score"]), before["firm_id"]) < (-float(row["score"]), row["firm_id"])
    first = parsed(at_city.match("--status", ALL, "--top", 4, "--by", "policy", **CITY).out)
    assert first == [row for row in turned if int(row["rank"]) <= 4]


# ------------------------------------------------------------------------------ same bytes


def test_threads_and_kernels_give_the_same_bytes(at_city):
    levels = at_city.run("version").out.splitlines()[1].split("(of ")[1].rstrip(")").split()
    assert levels[0] == "plain"
    for by in ("firm", "policy"):
        outputs = set()
        for level in levels:
            for threads in (1, 2, 7):
                run = at_city.match("--status", ALL, "--top", 5, "--by", by, "--threads", threads,
                                    env={"QICE_KERNELS": level}, **CITY)
                outputs.add(run.stdout)
        assert len(outputs) == 1


def test_order_of_firms_changes_only_the_order(at_city):
    lines = at_city.read("firms.csv").splitlines()
    at_city.write("turned.csv", "\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    straight = at_city.match("--status", ALL, **CITY).out.splitlines()
    turned = at_city.match("--status", ALL, **{**CITY, "firms": "turned.csv"}).out.splitlines()
    assert sorted(straight) == sorted(turned)


def test_policies_in_any_form(at_city):
    lines = at_city.read("policies.jsonl").splitlines()
    policies = [json.loads(line) for line in lines]
    wanted = at_city.match("--status", ALL, **CITY).out
    at_city.write("list.json", json.dumps(policies, ensure_ascii=False))
    at_city.write("pretty.json", json.dumps(policies, indent=2))
    at_city.write("crlf.jsonl", "\ufeff" + "\r\n\r\n".join(lines))
    for i, line in enumerate(lines):
        at_city.write(f"folder/{i % 7}/{i:04}.json", line)
    at_city.write("folder/0/readme.txt", "not a policy")
    os.symlink("gone", at_city.folder / "folder" / ".#lock.json")  # as editors leave them
    for form in ("list.json", "pretty.json", "crlf.jsonl", "folder", "folder/"):
        assert at_city.match("--status", ALL, **{**CITY, "policies": form}).out == wanted, form


def test_many_policies_on_one_line(at_city):
    """A list of 10,000 policies on one line takes no longer than the same list line by line."""
    at_city.write("p.json", json.dumps(
        [{"id": f"P{i}", "title": "x" * 1000, "rule": {"all": []}} for i in range(10_000)]))
    started = time.monotonic()
    at_city.match("--dry-run", **{**CITY, "policies": "p.json"})
    assert time.monotonic() - started < 4


def test_object_of_many_keys(world):
    keys = ", ".join(f'"k{i}": {i}' for i in range(100_000))
    world.write("p.json", '{"id": "P", "rule": {"all": []}, "meta": {' + keys + "}}")
    started = time.monotonic()
    world.match()
    assert time.monotonic() - started < 4


def test_firms_as_json_lines(at_city):
    schema = {field["name"]: field for field in json.loads(at_city.read("schema.json"))["fields"]}
    lines = []
    for row in csv.DictReader(open(at_city.folder / "firms.csv", encoding="utf-8")):
        firm = {}
        for name, cell in row.items():
            kind = schema[name]["kind"] if name in schema else "id"
            if cell == "":
                if len(row["uscc"]) % 2:
                    firm[name] = None
            elif kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", cell):
                firm[name] = json.loads(cell)
            elif kind == "flag" and cell in ("true", "false"):
                firm[name] = cell == "true"
            elif kind == "set":
                firm[name] = [{"value": e.split("@")[0], "until": e.split("@")[1]} if "@" in e else e
                              for e in cell.split("|")]
            elif kind == "tags":
                firm[name] = {t.split(":")[0]: float(t.split(":")[1]) if ":" in t else 1
                              for t in cell.split("|")}
            else:
                firm[name] = cell
        lines.append(json.dumps(firm, ensure_ascii=False))
    at_city.write("firms.jsonl", "\n".join(lines))
    assert (at_city.match("--status", ALL, **{**CITY, "firms": "firms.jsonl"}).stdout
            == at_city.match("--status", ALL, **CITY).stdout)


def test_json_lines_output_equals_csv(at_city):
    at_city.match("--out", "x.csv", "--status", ALL, "--include-closed", **CITY)
    at_city.match("--out", "x.jsonl", "--status", ALL, "--include-closed", **CITY)
    rows = []
    for line in at_city.read("x.jsonl").splitlines():
        row = json.loads(line, parse_float=str)
        row["rank"] = str(row["rank"])
        rows.append(row)
    assert rows == parsed(at_city.read("x.csv"))


# ------------------------------------------------------------------------------ options


LIFE = [
    ("open", ""),
    ("draft", ', "status": "draft"'),
    ("withdrawn", ', "status": "withdrawn"'),
    ("not_in_force", ', "effective": {"from": "2026-06-16"}'),
    ("not_in_force", ', "effective": {"to": "2026-06-14"}'),
    ("open", ', "effective": {"from": "2026-06-15", "to": "2026-06-15"}'),
    ("closed", ', "windows": [{"opens": "2026-06-16"}, {"closes": "2026-06-14"}]'),
    ("open", ', "windows": [{"opens": "2027-01-01"}, {"opens": "2026-06-15", "closes": "2026-06-15"}]'),
    ("open", ', "supersedes": ["P9", "P10", "unheard of"]'),
    ("superseded", ""),
    ("superseded", ', "windows": [{"closes": "2026-06-14"}]'),
    ("open", ""),  # superseded by a draft, and by one that is not yet in force
    ("draft", ', "supersedes": ["P11"], "status": "draft"'),
    ("not_in_force", ', "supersedes": ["P11"], "effective": {"from": "2026-06-16"}'),
]


def test_include_closed(world):
    world.write("p.jsonl", "".join(
        f'{{"id": "P{i}", "rule": {{"all": []}}{more}}}\n' for i, (_, more) in enumerate(LIFE)))
    marked = parsed(world.match("--include-closed", policies="p.jsonl").out)
    assert list(marked[0]) == ["firm_id", "status", "rank", "policy_id", "score", "life_cycle"]
    assert {r["policy_id"]: r["life_cycle"] for r in marked} == {
        f"P{i}": state for i, (state, _) in enumerate(LIFE)}
    plain = parsed(world.match("--counts", "c.csv", policies="p.jsonl").out)
    opened = {f"P{i}" for i, (state, _) in enumerate(LIFE) if state == "open"}
    assert {r["policy_id"] for r in plain} == opened
    assert [r["policy_id"] for r in parsed(world.read("c.csv"))] == [f"P{i}" for i in range(len(LIFE))]
    assert {r["policy_id"] for r in parsed(world.read("c.csv")) if r["eligible"] == "1"} == opened


def test_urgency(world):
    world.write("p.jsonl", "".join(
        f'{{"id": "{name}", "rule": {{"all": []}}, {more}}}\n' for name, more in [
            ("today", '"windows": [{"closes": "2026-06-15"}]'),
            ("in 1", '"windows": [{"closes": "2026-06-16"}]'),
            ("in 7", '"windows": [{"closes": "2026-06-22"}]'),
            ("in 8", '"windows": [{"closes": "2026-06-23"}]'),
            ("two", '"windows": [{"closes": "2026-06-15"}, {"closes": "2026-06-18"}]'),
            ("endless", '"windows": [{"opens": "2026-06-01"}]'),
            ("effective", '"effective": {"to": "2026-06-16"}'),
            ("forever", '"priority": 0.1')]))
    scores = {r["policy_id"]: r["score"]
              for r in parsed(world.match("--urgency", "1:7", policies="p.jsonl").out)}
    assert scores == {"today": "1.000000", "in 1": "0.857142", "in 7": "0.000000",
                      "in 8": "0.000000", "two": "0.571428", "endless": "0.000000",
                      "effective": "0.857142", "forever": "0.100000"}
    down = {r["policy_id"]: r["score"]
            for r in parsed(world.match("--urgency", "-1:7", policies="p.jsonl").out)}
    assert down["in 1"] == "-0.857143"


def test_skip_bad_policies(world):
    world.write("p.jsonl", '{"id": "A", "rule": {"all": []}}\n{"id": "B", "rule": {"al": []}}\nx\n'
                '{"id": "A", "rule": {"any": []}}\n{"id": "C", "rule": {"all": []}}\n')
    assert world.match(policies="p.jsonl", code=4).out == ""
    run = world.match("--skip-bad-policies", "--counts", "c.csv", policies="p.jsonl", code=3)
    assert [r["policy_id"] for r in parsed(run.out)] == ["A", "C"]
    assert [r["policy_id"] for r in parsed(world.read("c.csv"))] == ["A", "C"]
    assert "qice: 3 policies are left out (--skip-bad-policies)" in run.err.splitlines()


def test_many_bad_policies_are_cut_short(world):
    world.write("p.jsonl", "x\n" * 1000)
    lines = world.match(policies="p.jsonl", code=4).err.splitlines()
    assert len(lines) == 52 and lines[50] == "qice: ... and 950 more"


def test_no_policies_and_no_firms(world):
    for policies in ("", "\n\n", "[]"):
        world.write("p.jsonl", policies)
        for firms in ("uscc\n", "uscc\nA\n"):
            world.write("f.csv", firms)
            for by in ("firm", "policy"):
                run = world.match("--by", by, "--counts", "c.csv", policies="p.jsonl")
                assert run.out == "firm_id,status,rank,policy_id,score\n"


# ------------------------------------------------------------------------------ files


def test_dry_run_writes_nothing(at_city):
    before = at_city.files()
    run = at_city.match("--dry-run", "--out", "x.csv", "--counts", "c.csv", "--quarantine", "b.csv", **CITY)
    assert run.out == "" and "2000 firms x" in run.err
    summary = at_city.summary("--dry-run", "--out", "-", **CITY)
    assert summary["pushes"]["eligible"] > 0
    assert at_city.files() == before


def test_standard_input_and_output(at_city):
    at_city.match("--out", "x.csv", **CITY)
    run = at_city.match("--out", "-", stdin=(at_city.folder / "firms.csv").read_bytes(),
                        **{**CITY, "firms": "-"})
    assert run.out == at_city.read("x.csv")
    assert run.out == at_city.match("--out", "/dev/stdout", **CITY).out
    assert run.out == at_city.match(**CITY).out


def test_json_goes_out_with_pushes_in_a_file(at_city):
    run = at_city.match("--json", "--out", "x.csv", **CITY)
    assert len(run.out.splitlines()) == 1 and run.err == ""


def test_closed_pipe(at_city):
    started = at_city.popen("match", "--policies", "policies.jsonl", "--firms", "firms.csv", "--schema",
                            "schema.json", "--as-of", "2026-06-15", "--status", ALL, "--top", "all",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert started.stdout.readline() == b"firm_id,status,rank,policy_id,score\n"
    started.stdout.close()
    errors = started.stderr.read().decode()
    assert started.wait(20) == 1
    assert "qice: standard output: cannot write this file: Broken pipe\n" == errors
    assert at_city.files() == ["firms.csv", "policies.jsonl", "schema.json"]


FULL = "cannot write this file: No space left on device"


@pytest.mark.parametrize("option", ["--out", "--counts", "--quarantine"])
def test_full_disk(at_city, option):
    run = at_city.match("--json", option, "/dev/full", code=1, **CITY)
    assert run.err == f"qice: /dev/full: {FULL}\n" and run.out == ""


@pytest.mark.parametrize("arguments", [["--json"], ["--out", "-"], ["--counts", "-", "--out", "x.csv"]])
def test_full_standard_output(at_city, arguments):
    with open("/dev/full", "wb") as full:
        run = at_city.match(*arguments, stdout=full, code=1, **CITY)
    assert run.err == f"qice: standard output: {FULL}\n"


@pytest.mark.parametrize("command", ["version", "--version", "--help", "match --help"])
def test_full_standard_output_of_words(empty, command):
    with open("/dev/full", "wb") as full:
        empty.run(*command.split(), stdout=full, code=1)


def test_previous_output_is_untouched_when_writing_fails(at_city):
    for name in ("x.csv", "c.csv", "b.csv"):
        at_city.write(name, "before\n")
    before = at_city.files()

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    run = at_city.popen("match", "--policies", "policies.jsonl", "--firms", "firms.csv", "--schema",
                        "schema.json", "--as-of", "2026-06-15", "--out", "x.csv", "--counts", "c.csv",
                        "--quarantine", "b.csv", stderr=subprocess.PIPE, preexec_fn=small)
    _, errors = run.communicate(timeout=20)
    assert (run.returncode, errors.decode()) == (
        1, "qice: x.csv: cannot write this file: File too large\n")
    assert at_city.files() == before
    assert [at_city.read(name) for name in ("x.csv", "c.csv", "b.csv")] == ["before\n"] * 3


@pytest.mark.parametrize("path,reason", [
    ("nowhere/x.csv", "No such file or directory"), ("d.csv", "Is a directory"),
    ("f.csv/x.csv", "Not a directory"), ("n" * 300 + ".csv", "File name too long"),
    ("locked/x.csv", "Permission denied")])
def test_unwritable_output(world, path, reason):
    (world.folder / "d.csv").mkdir()
    (world.folder / "locked").mkdir(mode=0o500)
    if path.startswith("locked") and os.geteuid() == 0:
        pytest.skip("the super-user may write everywhere")
    before = world.files()
    run = world.match("--out", path, "--counts", "c.csv", code=1)
    assert run.err == f"qice: {path}: cannot write this file: {reason}\n"
    assert world.files() == before


def test_output_replaces(world):
    world.write("x.csv", "before")
    world.match("--out", "x.csv")
    assert world.read("x.csv").startswith("firm_id,")
    assert world.files() == ["f.csv", "p.json", "places.csv", "s.json", "x.csv"]


def arguments(folder):
    return ["match", "--policies", "policies.jsonl", "--firms", "firms.csv", "--schema", "schema.json",
            "--as-of", "2026-06-15", "--status", ALL, "--top", "all", "--out", str(folder / "x.csv"),
            "--counts", str(folder / "c.csv"), "--threads", "2"]


@pytest.mark.parametrize("which,after", [
    (signal.SIGINT, 0.05), (signal.SIGTERM, 0.15), (signal.SIGTERM, "writing"), (signal.SIGINT, "writing")])
def test_interrupted(large_city, tmp_path, which, after):
    (tmp_path / "x.csv").write_text("before\n")
    run = large_city.popen(*arguments(tmp_path), stderr=subprocess.PIPE)
    if after == "writing":
        while run.poll() is None and not any(".tmp-" in p.name and p.stat().st_size > 1 << 20
                                             for p in tmp_path.iterdir()):
            time.sleep(0.001)
        assert run.poll() is None
    else:
        time.sleep(after)
    sent = time.monotonic()
    run.send_signal(which)
    run.communicate(timeout=20)
    assert time.monotonic() - sent < 1
    assert run.returncode == 128 + which
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]
    assert (tmp_path / "x.csv").read_text() == "before\n"


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_generate_interrupted(empty, which):
    run = empty.popen("generate", "--firms", 10_000_000, "--out", "city", stderr=subprocess.PIPE)
    while run.poll() is None and not any("firms" in name for name in empty.files()):
        time.sleep(0.005)
    run.send_signal(which)
    run.communicate(timeout=20)
    assert run.returncode == 128 + which
    assert empty.files() == ["city/schema.json"]


# ------------------------------------------------------------------------------ terminal, help


def on_terminal(world, *args, env=None):
    """Runs qice with standard error on a terminal; what it wrote there."""
    ours, theirs = pty.openpty()
    run = world.popen(*args, stdout=subprocess.DEVNULL, stderr=theirs, env=world.env(**(env or {})))
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 4096):
            text += piece
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert run.wait(20) == 0
    return text.decode()


def test_progress_only_on_a_terminal(large_city, tmp_path):
    """The bar comes after a fifth of a second: three times the policies, the slowest kernels."""
    lines = large_city.read("policies.jsonl").splitlines()
    (tmp_path / "many.jsonl").write_text("\n".join(
        json.dumps({**json.loads(line), "id": f"P{i}-{n}"}) for i in range(3) for n, line in enumerate(lines)))
    command = ["match", "--policies", str(tmp_path / "many.jsonl"), "--firms", "firms.csv", "--schema",
               "schema.json", "--as-of", "2026-06-15", "--status", ALL, "--top", "all", "--by", "policy",
               "--dry-run", "--threads", "1"]
    shown = on_terminal(large_city, *command, env={"QICE_KERNELS": "plain"})
    assert re.search(r"\rqice: =* +\d+%", shown) and "\x1b[K" in shown
    assert on_terminal(large_city, *command, "--quiet") == ""
    quiet = large_city.match("--dry-run", policies="policies.jsonl", firms="firms.csv", schema="schema.json")
    assert "\r" not in quiet.err and "\x1b" not in quiet.err


def test_no_colours(world):
    world.write("f.csv", "uscc,revenue\nA,1\n")
    text = on_terminal(world, "match", "--policies", "p.json", "--firms", "f.csv", "--schema", "s.json")
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    assert not re.search(r"\x1b", world.match(env={"NO_COLOR": "1"}).err)


def test_quiet_is_silent(at_city):
    run = at_city.match("--quiet", "--out", "x.csv", "--counts", "c.csv", **CITY)
    assert (run.out, run.err) == ("", "")


def test_help_starts_with_examples(empty):
    for command in ([], ["match"], ["generate"], ["version"]):
        run = empty.run(*command, "--help")
        assert run.out.startswith("Examples:\n  qice "), command
        assert run.err == ""
    help_text = empty.run("match", "--help").out
    for option in ("--policies", "--firms", "--schema", "--as-of", "--top", "--status", "--by", "--out",
                   "--counts", "--quarantine", "--threads", "--json", "--dry-run", "--urgency",
                   "--include-closed", "--skip-bad-policies", "--strict", "--encoding", "--raw-csv",
                   "--quiet", "--lang", "--max-depth", "--max-conditions", "--ignore-unknown-columns"):
        assert option in help_text


def test_version(empty):
    run = empty.run("version")
    assert re.fullmatch(r"qice \d+\.\d+\.\d+\S*\nkernels \w+ \(of [\w ]+\)\ndata \S+\n", run.out)
    assert empty.run("--version").out.strip() in run.out.splitlines()[0]


def test_as_of_is_today_by_default(world):
    run = world.run("match", "--policies", "p.json", "--firms", "f.csv", "--schema", "s.json", "--json")
    assert json.loads(run.out)["as_of"] in (time.strftime("%Y-%m-%d"),
                                            time.strftime("%Y-%m-%d", time.localtime(time.time() - 60)))


# ------------------------------------------------------------------------------- in portions


@pytest.mark.parametrize("portion", [1, 7, 511, 2000, 10**6])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_stream_writes_what_one_piece_writes(at_city, portion, threads):
    firms = at_city.read("firms.csv").replace("\n", "\n,no id\n", 1)  # quarantined: exit 3
    at_city.write("bad.csv", firms)
    files = dict(CITY, firms="bad.csv", code=3)
    outputs = ("--out", "o.csv", "--counts", "c.csv", "--quarantine", "q.csv", "--status", ALL, "--json")
    at_city.match(*outputs, **files)
    whole = [at_city.read(name) for name in ("o.csv", "c.csv", "q.csv")]
    run = at_city.match(*outputs, "--stream", "--stream-firms", portion, "--threads", threads, **files)
    assert [at_city.read(name) for name in ("o.csv", "c.csv", "q.csv")] == whole
    summary = json.loads(run.out)
    assert summary["firms"] == 2000 and summary["quarantined"] == 1


def test_a_stream_takes_standard_input_and_writes_standard_output(at_city):
    whole = at_city.match(**CITY).out
    text = at_city.read("firms.csv").encode()
    assert at_city.match("--stream", "--stream-firms", 300, stdin=text, **dict(CITY, firms="-")).out == whole


def test_a_stream_finds_a_repeated_id_within_its_portion_only(world):
    world.write("f.csv", "uscc\nA\nA\nB\nA\n")
    world.match("--stream", "--stream-firms", 2, "--out", "o.csv", "--quarantine", "q.csv", code=3)
    assert [row[0] for row in world.rows("o.csv")[1:]] == ["A", "B", "A"]
    assert [row[:2] for row in world.rows("q.csv")[1:]] == [["3", "A"]]


def test_a_stream_cannot_rank_firms(world):
    assert "--by policy" in world.match("--stream", "--by", "policy", code=2).err


def test_memory_of_a_stream_does_not_grow_with_the_firms(at_city):
    header, *rows = at_city.read("firms.csv").splitlines(keepends=True)

    def peak(copies):
        with open(at_city.folder / "many.csv", "w", encoding="utf-8") as file:
            file.write(header)
            for copy in range(copies):
                file.writelines(f"{copy}-{row}" for row in rows)
        return at_city.summary("--stream", "--stream-firms", 4000, "--out", "o.csv", "--threads", 2,
                               **dict(CITY, firms="many.csv"))["peak_mib"]

    assert peak(64) < 1.5 * peak(16)


def test_a_set_without_policies_is_worth_a_word(world):
    world.write("none.jsonl", "")
    run = world.match("--out", "o.csv", policies="none.jsonl")
    assert "no policies in none.jsonl" in run.err
    assert world.rows("o.csv") == [["firm_id", "status", "rank", "policy_id", "score"]]
