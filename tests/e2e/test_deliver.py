"""Delivery, looking back, opting out, being forgotten: `qice deliver`, `verify`, `replay`, `opt-out`, `forget`.

Over both stores; what needs PostgreSQL is skipped, loudly, where no server is installed.
"""

import json
import os
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

DAY = "2026-06-15"
POLICIES = """\
{"id": "OPEN", "title": "开放", "url": "https://example.cn/1", "priority": 0.5, "tags": {"贷款": 1}, "rule": {"all": []}}
{"id": "BIG", "priority": 0.9, "rule": {"field": "revenue", "ge": "2000万元", "text": "营业收入不低于2000万元"}, "benefit": {"kind": "grant", "amount": "15万元"}}
{"id": "CLOSES", "priority": 0.7, "windows": [{"opens": "2026-01-01", "closes": "2026-06-20"}], "rule": {"all": []}}
"""
FIRMS = "uscc,revenue\nA,3000万元\nB,1\nC,5000万元\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def night(world, request):
    """A store with one night: A and C have BIG, CLOSES, OPEN; B has CLOSES, OPEN."""
    world.write("p.jsonl", POLICIES)
    world.write("f.csv", FIRMS)
    world.server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    world.store = ("--store", world.server.address("deliver") if world.server else "sqlite:q.db")
    world.run("import", *world.store, "--schema", "s.json", "--policies", "p.jsonl", "--firms", "f.csv")
    world.run("push", *world.store, "--as-of", DAY)
    return world


def claim(world, *args, as_of=DAY):
    run = world.run("deliver", "claim", *world.store, "--as-of", as_of, *args)
    return [json.loads(line) for line in run.out.splitlines()]


def mark(world, state, lines, code=0):
    args = ["--state", state] if state else []
    run = world.run("deliver", "mark", *world.store, *args, "-", stdin=lines.encode(), code=code)
    return json.loads(run.out), run.err


def pushes_in(path):
    if not path.exists():
        return []
    return [json.loads(line)["push_id"] for line in path.read_text(encoding="utf-8").splitlines()]


def states(world):
    return json.loads(world.run("deliver", "status", "--quiet", *world.store).out)


def pairs(pushes):
    return sorted((push["firm_id"], push["policy_id"]) for push in pushes)


def sql(world, query):
    """The rows; numbers as numbers."""
    if not world.server:
        with sqlite3.connect(world.folder / "q.db") as db:
            return db.execute(query).fetchall()
    rows = world.server.ask("deliver", f"SET search_path = qice; {query}")
    return [tuple(int(cell) if cell.isdigit() else cell for cell in row) for row in rows]


def end_claims(world):
    """In place of waiting."""
    table = "waiting" if world.server else "push"
    sql(world, f"UPDATE {table} SET claim_until = 0 WHERE claim IS NOT NULL")


def test_a_claimed_push_says_all_that_a_message_needs(night):
    pushes = claim(night)
    assert len(pushes) == 8
    big = next(push for push in pushes if push["policy_id"] == "BIG" and push["firm_id"] == "A")
    assert big["status"] == "eligible" and big["rank"] == 1 and big["score"] == 0.9
    assert big["benefit"] == 150000.00 and big["as_of"] == DAY and "营业收入" in big["reason"]
    opened = next(push for push in pushes if push["policy_id"] == "OPEN")
    assert (opened["title"], opened["url"], opened["benefit"]) == ("开放", "https://example.cn/1", None)


def test_what_one_sender_holds_no_other_is_given(night):
    first = claim(night, "--limit", 5)
    second = claim(night, "--limit", 5)
    assert len(first) == 5 and len(second) == 3
    assert not {p["push_id"] for p in first} & {p["push_id"] for p in second}
    assert claim(night) == []


def test_a_claim_that_came_to_nothing_ends(night):
    first = claim(night, "--lease", 1, "--limit", 8)
    end_claims(night)
    second = claim(night)
    assert pairs(second) == pairs(first)
    # The first sender wakes up and says that it has sent them.
    lines = "".join(json.dumps(push) + "\n" for push in first)
    answer, err = mark(night, "sent", lines, code=3)
    assert answer["not_yours"] == 8 and "another sender has it" in err
    answer, _ = mark(night, "sent", "".join(json.dumps(push) + "\n" for push in second))
    assert answer["done"] == 8


def test_states_follow_one_another_and_marking_twice_changes_nothing(night):
    pushes = claim(night, "--limit", 1)
    number = pushes[0]["push_id"]
    for state in ("sent", "opened", "dismissed", "applied", "returned", "applied", "accepted"):
        assert mark(night, state, f"{number}\n")[0]["done"] == 1
        assert mark(night, state, f"{number}\n")[0]["already"] == 1
    answer, err = mark(night, "opened", f"{number}\n", code=3)
    assert answer["refused"] == 1 and f"push {number}: is accepted, and cannot become opened" in err
    answer, err = mark(night, "sent", "999\n", code=3)
    assert answer["unknown"] == 1 and "push 999: there is no such push" in err
    assert states(night)["accepted"] == 1 and states(night)["pending"] == 7


def test_lines_may_name_their_own_state(night):
    claim(night)
    lines = '{"push_id": 1, "state": "sent"}\n\n{"push_id": 2, "state": "sent"}\n'
    assert mark(night, None, lines)[0]["done"] == 2


@pytest.mark.parametrize("line, words", [
    ("x", '"x" is no push_id'), ("0", '"0" is no push_id'), ("-1", "is no push_id"),
    ("99999999999999999999", "is no push_id"), ("{", "standard input:2"),
    ('{"push": 1}', 'needs a number "push_id"'), ('{"push_id": "1"}', 'needs a number "push_id"'),
    ('{"push_id": 1, "state": "lost"}', '"lost" is no state'), ('{"push_id": 1, "state": 1}', '"state" needs a text'),
    ('{"push_id": 1, "claim": 1}', '"claim" needs a text'), ('{"push_id": 1.5}', "is no push_id"),
    ('{"push_id": 1, "state": "pending"}', '"pending" is no state')])
def test_a_line_that_cannot_be_read_is_told_with_its_place_and_nothing_is_done(night, line, words):
    claim(night)
    before = states(night)
    run = night.run("deliver", "mark", *night.store, "--state", "sent", "-",
                    stdin=f"1\n{line}\n".encode(), code=4)
    assert "standard input:2" in run.err and words in run.err
    assert states(night) == before


def test_without_a_state_a_plain_line_is_refused(night):
    run = night.run("deliver", "mark", *night.store, "-", stdin=b"1\n", code=4)
    assert "--state" in run.err


def test_a_push_whose_window_has_closed_is_withdrawn_before_it_is_sent(night):
    pushes = claim(night, as_of="2026-06-21")
    assert {push["policy_id"] for push in pushes} == {"BIG", "OPEN"}
    assert states(night)["withdrawn"] == 3


def test_a_push_is_withdrawn_when_the_firm_has_changed_and_made_again_when_it_is_true_again(night):
    night.write("f.csv", "uscc,revenue\nA,1\n")
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    assert ("A", "BIG") not in pairs(claim(night))
    assert states(night)["withdrawn"] == 1
    night.write("f.csv", "uscc,revenue\nA,2500万元\n")
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", "2026-06-16")
    assert pairs(claim(night, as_of="2026-06-16")) == [("A", "BIG")]
    night.run("verify", *night.store, "--replay")


def test_a_push_is_withdrawn_when_only_the_day_has_made_it_untrue(night):
    """Neither firm nor policy has changed: a qualification has expired since the night."""
    night.write("p.jsonl", POLICIES + '{"id": "HAS", "rule": {"field": "quals", "has_any": "高新"}}\n')
    night.write("f.csv", "uscc,quals\nP,高新@2026-06-15\nQ,高新@2026-06-16\n")
    night.run("import", *night.store, "--schema", "s.json", "--policies", "p.jsonl", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", DAY)
    assert [firm for firm, policy in pairs(claim(night, as_of="2026-06-16")) if policy == "HAS"] == ["Q"]
    assert states(night)["withdrawn"] == 1


def test_a_new_version_of_a_policy_takes_the_place_of_what_is_pending(night):
    night.write("p.jsonl", POLICIES.replace('"id": "OPEN"', '"id": "OPEN", "version": 2'))
    night.run("import", *night.store, "--schema", "s.json", "--policies", "p.jsonl")
    assert "OPEN" not in {push["policy_id"] for push in claim(night)}
    night.run("push", *night.store, "--as-of", "2026-06-16")
    assert {push["policy_version"] for push in claim(night, as_of="2026-06-16")} == {2}


def test_a_policy_that_another_supersedes_is_not_told_of_any_more(night):
    night.write("p.jsonl", '{"id": "NEW", "supersedes": ["OPEN"], "rule": {"field": "revenue", "ge": "9亿元"}}\n')
    night.run("import", *night.store, "--schema", "s.json", "--policies", "p.jsonl")
    assert {push["policy_id"] for push in claim(night)} == {"BIG", "CLOSES"}
    assert states(night)["withdrawn"] == 3


@pytest.mark.parametrize("tag, left", [((), 0), (("--tag", "贷款"), 2), (("--tag", "出口"), 3)])
def test_who_opts_out_gets_nothing_that_is_pending(night, tag, left):
    night.run("opt-out", "A", *night.store, *tag)
    assert sum(push["firm_id"] == "A" for push in claim(night)) == left
    night.run("push", *night.store, "--as-of", "2026-06-16")
    assert sum(push["firm_id"] == "A" for push in claim(night, as_of="2026-06-16")) == 0
    night.run("opt-out", "A", *night.store, *tag, "--undo")
    night.run("push", *night.store, "--as-of", "2026-06-17")
    assert sum(push["firm_id"] == "A" for push in claim(night, as_of="2026-06-17")) == 3 - left


def test_a_firm_that_is_gone_gets_nothing(night):
    night.write("f.csv", "uscc,revenue\nA,3000万元\nB,1\n")
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv", "--replace")
    assert "C" not in {push["firm_id"] for push in claim(night)}


def test_senders_side_by_side_get_every_push_once(night):
    night.write("f.csv", "uscc,revenue\n" + "".join(f"F{i},1\n" for i in range(3000)))
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", "2026-06-16")
    sent, errors = [], []

    def send():
        try:
            while pushes := claim(night, "--limit", 700, as_of="2026-06-16"):
                sent.extend(push["push_id"] for push in pushes)
                lines = "".join(json.dumps(push) + "\n" for push in pushes)
                assert mark(night, "sent", lines)[0]["done"] == len(pushes)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            errors.append(error)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert not errors
    assert len(sent) == len(set(sent)) == 6000 + 8
    assert states(night)["sent"] == len(sent)


SENDER = """
while :; do
    "$QICE" deliver claim --store "$STORE" --as-of 2026-06-16 --limit 90 --quiet > batch$ME.jsonl || exit 8
    [ -s batch$ME.jsonl ] || exit 0
    [ $ME != dies ] || { echo held; sleep 60; }
    "$QICE" deliver mark --store "$STORE" --state sent batch$ME.jsonl > answer$ME || exit 9
    cat batch$ME.jsonl >> sent$ME.jsonl
done
"""


def start_sender(night, name):
    """A program of its own, as a portal has it. `dies` claims a batch, says so, and gets no further."""
    environment = night.env(QICE=night.program, STORE=night.store[1], ME=name)
    return subprocess.Popen(["sh", "-c", SENDER], cwd=night.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment, start_new_session=True)


def test_of_four_senders_one_is_killed_and_nothing_is_lost_or_doubled(night):
    night.write("f.csv", "uscc,revenue\n" + "".join(f"F{i},1\n" for i in range(1000)))
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", "2026-06-16")
    whole = states(night)["pending"]
    for dying in (True, True, False):
        lost = []
        dies = start_sender(night, "dies") if dying else None
        if dies:
            assert dies.stdout.readline() == b"held\n"
        senders = [start_sender(night, name) for name in "abc"]
        if dies:  # between its claim and its mark, while the others are at work
            os.killpg(dies.pid, signal.SIGKILL)
            dies.communicate(timeout=60)
            lost = pushes_in(night.folder / "batchdies.jsonl")
            assert len(lost) == 90
        for sender in senders:
            _, said = sender.communicate(timeout=60)
            assert sender.returncode == 0 and not said, said.decode()
        assert states(night)["pending"] == len(lost), "what is held is given out when its lease is over, and not before"
        end_claims(night)
    sent = [push for name in "abc" for push in pushes_in(night.folder / f"sent{name}.jsonl")]
    assert len(sent) == len(set(sent)) == whole == states(night)["sent"]
    night.run("verify", *night.store)


def test_verify_finds_nothing_in_an_honest_store(night):
    run = night.run("verify", *night.store, "--replay", "--json")
    found = json.loads(run.out)
    assert found == {"entries": 2, "runs": 1, "pushes": 8, "replayed": 8, "forgotten": 0, "faults": []}


@pytest.mark.parametrize("tampering, words", [
    ("UPDATE push SET score = score + 1 WHERE push_no = 3", "its pushes are not those it recorded"),
    ("UPDATE push SET firm_no = 2 WHERE push_no = 1", "its pushes are not those it recorded"),
    ("DELETE FROM push WHERE push_no = 8", "has 7 pushes, and recorded 8"),
    ("UPDATE run SET as_of = '2026-06-14'", "is not as the audit log has it"),
    ("UPDATE audit SET body = replace(body, '\"firms\": 3', '\"firms\": 4')", "does not follow"),
    ("UPDATE audit SET recorded_at = '2020-01-01T00:00:00Z' WHERE entry_no = 1", "entry 1 of the audit log: its digest"),
    ("DELETE FROM audit WHERE entry_no = 1", "an entry before it is missing"),
    ("DELETE FROM audit WHERE kind = 'night'", "is not in the audit log"),
    ("DELETE FROM pushed WHERE firm_no = 1", "is not what it was pushed"),
    ("UPDATE firm_version SET record = replace(record, '50000000', '5')", "when it is judged again"),
    ("UPDATE policy_version SET content = replace(content, '2000万元', '9000万元')", "when it is judged again")])
def test_verify_finds_what_was_tampered_with(night, tampering, words):
    sql(night, tampering)
    assert words in night.run("verify", *night.store, "--replay", code=5).err


def test_a_push_is_explained_as_it_was(night):
    number = sql(night, "SELECT push_id FROM pushes WHERE firm_id = 'A' AND policy_id = 'BIG'")[0][0]
    night.write("f.csv", "uscc,revenue\nA,1\n")
    night.write("p.jsonl", POLICIES.replace("2000万元", "8000万元"))
    night.write("s.json", night.read("s.json").replace('"revenue", "kind"', '"revenue", "label": "营收", "kind"'))
    night.run("import", *night.store, "--schema", "s.json", "--policies", "p.jsonl", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", "2026-06-16")
    run = night.run("replay", number, *night.store, "--json")
    explanation = json.loads(run.out)
    assert explanation["verdict"] == "eligible" and explanation["as_of"] == DAY
    assert "3,000万元" in run.out and "8,000万元" not in run.out and "营收" not in run.out
    assert "there is no push 999" in night.run("replay", 999, *night.store, code=4).err
    night.run("verify", *night.store, "--replay")


def all_bytes(night):
    """Of the store's files."""
    if not night.server:
        return b"".join(path.read_bytes() for path in night.folder.glob("q.db*"))
    # As docs/postgresql.md says: pages keep what was in them until they are written anew.
    for table in ("firm", "firm_version", "opt_out", "learned"):
        night.server.ask("deliver", f"VACUUM FULL qice.{table}")
    night.server.ask("deliver", "CHECKPOINT")
    database = night.server.ask("deliver", "SELECT oid FROM pg_database WHERE datname = 'deliver'")[0][0]
    files = Path(night.server.folder, "data", "base", database)
    return b"".join(path.read_bytes() for path in files.iterdir() if path.is_file())


def test_a_firm_that_is_forgotten_leaves_no_trace_but_a_pseudonym(night):
    night.write("f.csv", "uscc,revenue,name\n秘密企业有限公司甲,4321万元,独一无二的名字\n")
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", DAY)
    claim(night, "--limit", 9)
    night.run("forget", "秘密企业有限公司甲", *night.store)
    everything = all_bytes(night)
    assert "forgotten-".encode() in everything
    for secret in ("秘密企业", "43210000", "独一无二"):
        assert secret.encode() not in everything
    night.run("verify", *night.store, "--replay")
    assert sql(night, "SELECT count(*) FROM pushes WHERE firm_id LIKE 'forgotten-%'")[0][0] == 3
    number = sql(night, "SELECT push_id FROM pushes WHERE firm_id LIKE 'forgotten-%'")[0][0]
    assert "its firm was forgotten" in night.run("replay", number, *night.store, code=4).err
    kind, body = sql(night, "SELECT kind, body FROM audit ORDER BY entry_no DESC LIMIT 1")[0]
    assert kind == "forget" and "forgotten-" in body
    # Who comes again is new, and may be forgotten again.
    night.run("import", *night.store, "--schema", "s.json", "--firms", "f.csv")
    night.run("push", *night.store, "--as-of", "2026-06-16")
    night.run("forget", "秘密企业有限公司甲", *night.store)
    night.run("verify", *night.store)


def test_forgetting_is_all_or_nothing(night):
    run = night.run("forget", "A", "NOBODY", *night.store, code=4)
    assert 'there is no firm "NOBODY"; nothing was forgotten' in run.err
    assert sql(night, "SELECT count(*) FROM pushes WHERE firm_id = 'A'")[0][0] == 3


def test_a_key_of_ones_own_stays_out_of_the_store(night):
    night.write("key", "x" * 32)
    night.run("forget", "A", *night.store, "--key-file", "key")
    assert sql(night, "SELECT count(*) FROM setting WHERE name = 'pseudonym_key'")[0][0] == 0
    night.write("short", "x")
    assert "at least 16 bytes" in night.run("forget", "B", *night.store, "--key-file", "short", code=4).err


def test_a_store_that_is_not_there_is_told(empty):
    for command in (["deliver", "status"], ["deliver", "claim"], ["deliver", "mark", "--state", "sent"],
                    ["verify"], ["replay", "1"], ["forget", "A"], ["opt-out", "A"]):
        run = empty.run(*command, "--store", "sqlite:none.db", code=5)
        assert "there is no store here" in run.err
    assert empty.run("deliver", "status", "--store", "mysql:x", code=2).err


def test_a_sender_that_is_killed_holds_nothing_for_ever(night):
    sender = subprocess.Popen([night.program, "deliver", "claim", *night.store, "--as-of", DAY],
                              cwd=night.folder, stdout=subprocess.PIPE)
    sender.stdout.readline()
    sender.kill()
    sender.wait()
    end_claims(night)
    assert len(claim(night)) == 8
