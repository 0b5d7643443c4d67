"""What operators read: the metrics of a night, and the log of every command."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from test_push import STORE, Night, lines, policy

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
CANARY = "CANARY7f3a"


@pytest.fixture
def night(world):
    return Night(world)


def parse(text):
    """{(name, labels): value} of a text in Prometheus' format; fails on anything that is not."""
    assert text.endswith("\n")
    found, helped, typed = {}, set(), set()
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            assert kind in ("HELP", "TYPE") and NAME.fullmatch(name), line
            seen = {"HELP": helped, "TYPE": typed}[kind]
            assert name not in seen and not any(key[0] == name for key in found), f"a second or late {line}"
            assert kind == "HELP" or rest in ("gauge", "counter"), line
            seen.add(name)
            continue
        name, labels, value = re.fullmatch(r"([^{ ]+)(?:\{(.*)\})? (\S+)", line).groups()
        assert name in helped and name in typed and NAME.fullmatch(name), line
        pairs, rest = [], labels or ""
        while rest:
            pair = LABEL.match(rest)
            assert pair, line
            pairs.append((pair[1], pair[2]))
            rest = rest[pair.end():]
        key = name, tuple(sorted(pairs))
        assert key not in found, f"twice: {line}"
        found[key] = float(value)
    return found


def metrics(night, name="night.prom"):
    text = night.world.read(name)
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=True)
    return parse(text)


def value(found, name, **labels):
    return found["qice_night_" + name, tuple(sorted(labels.items()))]


# ---------------------------------------------------------------------------------------- metrics

def test_a_night_in_numbers(night):
    night.load(policies=lines(policy("P", quota=1), policy("G1", exclusive_group="G"), policy("G2", exclusive_group="G"),
                              policy("T", tags={"t": 1})),
               firms="uscc,revenue\nA,1\nB,1\nC,1\n", opt_outs="firm_id,tag\nA,t\nC,\n")
    before = int(time.time())
    night.push("--metrics", "night.prom")
    found = metrics(night)
    assert value(found, "exit_code") == 0 and value(found, "run") == 1
    assert value(found, "pushes", status="eligible") == 4 and value(found, "pushes", status="review") == 0
    assert (value(found, "firms"), value(found, "firms_matched"), value(found, "firms_pushed")) == (3, 2, 2)
    assert value(found, "firms_skipped", reason="opted_out") == 1
    assert [value(found, "held_back", reason=reason) for reason in ("opted_out", "group", "pushed_before", "quota")] == [1, 2, 0, 1]
    assert value(found, "as_of_timestamp_seconds") == 1781481600
    assert before <= value(found, "last_success_timestamp_seconds") <= time.time()
    assert all(value(found, "step_seconds", step=step) >= 0 for step in ("read", "match", "choose", "write"))
    night.push("--metrics", "night.prom")
    assert value(metrics(night), "done_before") == 1
    assert [name for name in night.world.files() if "tmp" in name] == []


def test_the_next_night_skips_who_has_got_all(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\nB,1\n")
    night.push()
    night.push("--metrics", "night.prom", day="2026-06-16")
    found = metrics(night)
    assert value(found, "firms_skipped", reason="settled") == 2 and value(found, "firms_matched") == 0


def test_a_night_that_fails_tells_so_and_keeps_the_last_good_one(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\n")
    night.push("--metrics", "night.prom")
    good = value(metrics(night), "last_success_timestamp_seconds")
    night.run("push", "--store", "sqlite:nowhere.db", "--metrics", "night.prom", code=5)
    found = metrics(night)
    assert value(found, "exit_code") == 5 and value(found, "last_success_timestamp_seconds") == good
    assert not any(name == "qice_night_pushes" for name, _ in found)
    night.run("push", "--store", "sqlite:nowhere.db", "--metrics", "other.prom", code=5)
    assert not any("last_success" in name for name, _ in metrics(night, "other.prom"))


def test_metrics_that_cannot_be_written_are_told_before_the_night(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\n")
    assert "nowhere/night.prom" in night.push("--metrics", "nowhere/night.prom", code=1).err
    assert night.pushed() == []
    assert "--dry-run" in night.push("--metrics", "night.prom", "--dry-run", code=2).err


def test_metrics_that_cannot_be_written_after_the_night(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\n")
    assert night.push("--metrics", "/dev/full", code=1).err
    assert night.pushed() == ["A/P"]  # it is recorded


# -------------------------------------------------------------------------------------------- log

def events(text):
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"]), event
        assert event["level"] in ("info", "warning", "error") and event["process"] > 0, event
    return found


def test_a_log_of_a_night_and_its_delivery(night):
    night.load("--log", "q.log", policies=lines(policy("P")), firms="uscc,revenue\nA,1\nB,x\n", code=3)
    night.push("--log", "q.log", env={"TZ": "America/New_York"})
    batch = night.run("deliver", "claim", "--store", STORE, "--as-of", "2026-06-15", "--log", "q.log").out
    night.write("b.jsonl", batch)
    night.run("deliver", "mark", "--store", STORE, "--state", "sent", "b.jsonl", "--log", "q.log")
    found = events(night.world.read("q.log"))
    assert [f"{event['command']} {event['event']} {event['level']}" for event in found] == [
        "import started info", "import ended warning", "push started info", "push read info", "push chosen info",
        "push recorded info", "push ended info", "deliver claim claimed info", "deliver mark marked info"]
    assert found[5]["run"] == 1 and found[5]["pushes"] == 2 and found[6]["exit"] == 0
    assert found[8]["counts"] == {"done": 2, "already": 0, "unknown": 0, "refused": 0, "not_yours": 0}
    then = time.time() - time.mktime(time.strptime(found[0]["time"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone
    assert abs(then) < 120, "the time is not UTC"


def test_on_standard_error_the_log_is_all_there_is(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\nB,x\n", code=3)
    assert [event["event"] for event in events(night.push("--log", "-").err)] == ["started", "read", "chosen", "recorded", "ended"]
    failed = events(night.run("push", "--store", "sqlite:nowhere.db", "--log", "-", code=5).err)[-1]
    assert (failed["event"], failed["level"], failed["exit"], failed["reason"]) == ("failed", "error", 5, "storage")
    assert "no store here" in failed["message"] and failed["file"] == "nowhere.db"


def test_a_log_that_cannot_be_opened(night):
    night.load(policies=lines(policy("P")), firms="uscc,revenue\nA,1\n")
    assert "nowhere/q.log" in night.push("--log", "nowhere/q.log", code=1).err
    assert night.pushed() == []
    night.push("--log", "/dev/full")  # nor does one that is full later stop the night
    assert night.pushed() == ["A/P"]


def test_no_firm_stands_in_log_or_metrics(night):
    """Ids, values, headers that are values, opt-outs, lines of senders: in good files and in broken ones."""
    night.load(policies=lines(policy("P", '{"field": "free", "in": ["x"]}'), policy("Q")), firms="uscc,revenue\nA,1\n")
    log = ["--log", "q.log"]
    bad_files = {
        "good.csv": (f"uscc,free,name\n{CANARY}1,{CANARY},{CANARY}\n", 0),
        "cells.csv": (f'uscc,revenue,established\n{CANARY}2,{CANARY},"{CANARY}""x"\n', 3),
        "rows.csv": (f"uscc,revenue\n{CANARY}3,1\n{CANARY}3,1,{CANARY}\n", 3),
        "headless.csv": (f'{CANARY}4,"a""{CANARY}"\n', 4),
        "columns.csv": (f'uscc,"a""{CANARY}"" b"\nA,1\n', 4)}
    for name, (text, code) in bad_files.items():
        night.write(name, text)
        night.run("import", "--store", STORE, "--firms", name, *log, code=code)
    night.write("o.csv", f"firm_id,{CANARY}\n{CANARY},{CANARY}\n")
    night.run("import", "--store", STORE, "--opt-outs", "o.csv", *log, code=4)
    night.write("o.csv", f"firm_id,tag\n{CANARY}3,{CANARY}\n")
    night.run("import", "--store", STORE, "--opt-outs", "o.csv", *log)
    night.push("--metrics", "n.prom", *log, code=None)
    for sql, code in ((f"SELECT '{CANARY}' AS uscc, '{CANARY}' AS revenue", 3), ("SELECT nothing FROM firm", 5),
                      (f"SELECT 'A' AS '{CANARY}'", 4)):
        night.push("--firms-sql", sql, "--metrics", "n2.prom", *log, day="2026-06-16", code=None)
    night.write("b.txt", night.run("deliver", "claim", "--store", STORE, *log).out + f'{{"push_id": "{CANARY}"}}\n')
    night.run("deliver", "mark", "--store", STORE, "--state", "sent", "b.txt", *log, code=4)
    night.write("b.txt", f"{CANARY}\n")
    night.run("deliver", "mark", "--store", STORE, "--state", "sent", "b.txt", *log, code=4)
    said = night.world.read("q.log")
    assert len(events(said)) > 20
    for text in (said, night.world.read("n.prom"), night.world.read("n2.prom")):
        assert CANARY not in text, [line for line in text.splitlines() if CANARY in line]
