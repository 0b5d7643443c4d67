"""qice import and qice push on a SQLite file, every rule of a night and every way it can fail."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time

import pytest

STORE = "sqlite:s.db"
DAY = "2026-06-15"


def policy(id, rule='{"all": []}', **more):
    fields = ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in more.items())
    return f'{{"id": "{id}", "rule": {rule}{", " + fields if fields else ""}}}'


def lines(*policies):
    return "\n".join(policies) + "\n"


class Night:
    """A world with a store."""

    def __init__(self, world):
        self.world = world
        self.write, self.run, self.folder = world.write, world.run, world.folder

    def load(self, *args, policies=None, firms=None, schema=False, opt_outs=None, code=0):
        chosen = []
        if schema or not (self.folder / "s.db").exists():
            chosen += ["--schema", "s.json"]
        for option, name, text in (("--policies", "p.jsonl", policies), ("--firms", "f.csv", firms),
                                   ("--opt-outs", "o.csv", opt_outs)):
            if text is not None:
                self.write(name, text)
                chosen += [option, name]
        return self.run("import", "--store", STORE, *chosen, *args, code=code)

    def push(self, *args, day=DAY, code=0, **options):
        return self.run("push", "--store", STORE, "--as-of", day, *args, code=code, **options)

    def summary(self, *args, **options):
        return json.loads(self.push("--json", *args, **options).out)

    def sql(self, query):
        with sqlite3.connect(self.folder / "s.db") as db:
            return db.execute(query).fetchall()

    def pushed(self, day=None):
        """What was pushed: firm/policy, and the status where it is not eligible."""
        where = f" WHERE as_of = '{day}'" if day else ""
        return [f"{firm}/{policy}" + ("" if status == "eligible" else f" {status}")
                for firm, policy, status in self.sql(
                    f"SELECT firm_id, policy_id, status FROM pushes{where} ORDER BY push_id")]

    def dump(self):
        with sqlite3.connect(self.folder / "s.db") as db:
            return list(db.iterdump())


@pytest.fixture
def night(world):
    return Night(world)


# ------------------------------------------------------------------------------------- the steps

def test_a_first_night_records_every_push_with_its_reason(night):
    night.load(policies=lines(policy("P", '{"field": "revenue", "ge": 100}', version=3, priority=0.5,
                                     benefit={"amount": "15万元"}),
                              policy("Q", '{"all": [{"field": "revenue", "ge": 1}, {"manual": "有场地"}]}')),
               firms="uscc,revenue\nA,200\nB,50\n")
    night.push()
    assert night.sql("SELECT run_id, as_of, firm_id, policy_id, policy_version, status, rank, score, "
                     "benefit_fen, reason, state FROM pushes ORDER BY push_id") == [
        (1, DAY, "A", "P", 3, "eligible", 1, 0.5, 15_000_000, "符合：revenue ≥ 100元", "pending"),
        (1, DAY, "A", "Q", 1, "review", 1, 0.0, None, "需人工确认：有场地", "pending"),
        (1, DAY, "B", "Q", 1, "review", 1, 0.0, None, "需人工确认：有场地", "pending")]


def test_a_reason_names_what_decided_and_no_more(night):
    """Of alternatives the first that holds, of a denial as many as it takes; four conditions at most, and never one more."""
    at_least = lambda *fields: [{"field": field, "ge": 1} for field in fields]
    rules = {"ANY": {"any": at_least("revenue", "employees")},
             "NOT": {"not": {"at_least": 2, "of": [{"field": "employees", "ge": 100}, {"field": "revenue", "ge": 1}, {"field": "growth", "ge": 100}]}},
             "FOUR": {"all": at_least("revenue", "employees", "rd", "growth")},
             "FIVE": {"all": at_least("revenue", "employees", "rd", "growth", "cost")}}
    night.load(policies=lines(*(policy(id, json.dumps(rule)) for id, rule in rules.items())),
               firms="uscc,revenue,employees,rd,growth,cost\nA,5,5,5,5,5\n")
    night.push()
    assert dict(night.sql("SELECT policy_id, reason FROM pushes")) == {
        "ANY": "符合：revenue ≥ 1元",
        "NOT": "符合：employees < 100人；growth < 10,000%",
        "FOUR": "符合：revenue ≥ 1元；employees ≥ 1人；rd ≥ 1万元；growth ≥ 100%",
        "FIVE": "符合：revenue ≥ 1元；employees ≥ 1人；rd ≥ 1万元等5项"}


def test_a_benefit_is_estimated_or_left_open(night):
    night.load(policies=policy("P", benefit={"rate": "10%", "of": "cost", "cap": "1万元"}), firms="uscc,cost\nA,123.45\nB,\nC,200000\n")
    night.push()
    assert night.sql("SELECT firm_id, benefit_fen FROM pushes ORDER BY 1") == [("A", 1234), ("B", None), ("C", 1_000_000)]


def test_a_reason_says_which_part_of_a_ratio_is_missing(night):
    night.load(policies=policy("P", '{"field": "rd_ratio", "ge": "3%"}'), firms="uscc,revenue,cost\nA,200,\nB,,40\nC,,\n")
    night.push("--status", "needs_data", "--lang", "en")
    assert night.sql("SELECT firm_id, reason FROM pushes ORDER BY 1") == [
        ("A", "missing: cost"), ("B", "missing: revenue"), ("C", "missing: cost; revenue")]


def test_reasons_of_what_lacks_data_and_what_is_near(night):
    night.load(policies=lines(policy("P", '{"all": [{"field": "revenue", "ge": 100}, {"field": "rd_ratio", "ge": "3%"}]}')),
               firms="uscc,revenue,cost\nA,200,\nB,50,40\n")
    night.push("--status", "needs_data,near", "--lang", "en")
    assert night.sql("SELECT firm_id, status, reason FROM pushes ORDER BY 1") == [
        ("A", "needs_data", "missing: cost"), ("B", "near", "one change away: revenue ≥ 100元")]


def test_what_closes_soon_is_raised_and_replayed_so(night):
    until = lambda day: [{"opens": "2026-01-01", "closes": day}]
    night.load(policies=lines(policy("PLAIN", priority=0.5), policy("SOON", priority=0.4, windows=until("2026-06-18")),
                              policy("LATER", priority=0.3, windows=until("2026-06-26")), policy("AT", priority=0.2, windows=until("2026-06-25"))),
               firms="uscc\nA\n")
    night.push("--urgency", "1:10")
    scores = night.sql("SELECT policy_id, rank, score FROM pushes ORDER BY push_id")
    assert scores == [("SOON", 1, 1.1), ("PLAIN", 2, 0.5), ("LATER", 3, 0.3), ("AT", 4, 0.2)]
    night.run("verify", "--store", STORE, "--replay")
    told = json.loads(night.run("replay", 1, "--store", STORE, "--json").out)
    assert "urgency" in json.dumps(told), told


def test_answers_weigh_tags_as_the_page_says_and_are_replayed_so(night):
    """Weights 0.5 and 0.8; an answer is worth a tenth of them, an application two; a tag that a policy carries with 0 is none."""
    offers = lambda number: [policy(f"A{number}", tags={"a": 1}), policy(f"B{number}", tags={"b": 1}), policy(f"Z{number}", tags={"a": 0})]
    scores = lambda day: dict(night.sql(f"SELECT policy_id, score FROM pushes WHERE as_of = '{day}' AND policy_id NOT LIKE 'Z%'"))

    def answer(**states):
        for name, steps in states.items():
            for state in steps.split():
                night.write("m.txt", f"{night.sql(f'SELECT push_id FROM pushes WHERE policy_id = {name!r}')[0][0]}\n")
                night.run("deliver", "mark", "--store", STORE, "--state", state, "m.txt")

    night.load(policies=lines(*offers(1)), firms="uscc,follows\nA,a:0.5|b:0.8\n")
    night.push()
    assert scores(DAY) == {"A1": 0.5, "B1": 0.8}
    answer(A1="sent opened", B1="sent dismissed", Z1="sent applied")
    night.load(policies=lines(*offers(2)))
    night.push("--learn", day="2026-06-16")
    assert scores("2026-06-16") == {"A2": 0.55, "B2": 0.72}
    answer(A2="sent dismissed", B1="applied")  # a: +1 -1; b: +2
    night.load(policies=lines(*offers(3)))
    night.push("--learn", day="2026-06-17")
    assert scores("2026-06-17") == {"A3": 0.5, "B3": 0.96}
    answer(A3="sent applied returned", B1="accepted", B2="sent opened")  # a: +1 -1 +2; b: +2 +1, and never above 1
    night.load(policies=lines(*offers(4)))
    night.push("--learn", day="2026-06-18")
    assert scores("2026-06-18") == {"A4": 0.6, "B4": 1.0}
    night.run("verify", "--store", STORE, "--replay")


def test_a_taste_that_is_gone_is_forgotten_and_each_push_counts(night):
    """P is pushed twice, the second time with a better status; both are opened, and later two others dismissed."""
    ruled = '{"field": "revenue", "ge": 1}'
    told = lambda: night.sql("SELECT policy_id, score FROM pushes ORDER BY push_id DESC LIMIT 1")

    def answer(push, *states):
        night.write("m.txt", "".join(f'{{"push_id": {push}, "state": "{state}"}}\n' for state in states))
        night.run("deliver", "mark", "--store", STORE, "m.txt")

    night.load(policies=lines(policy("P", ruled, tags={"a": 1})), firms="uscc,revenue,follows\nA,,a:0.5\n")
    night.push("--status", "eligible,needs_data")
    night.load(firms="uscc,revenue,follows\nA,5,a:0.5\n")
    night.push("--status", "eligible,needs_data", day="2026-06-16")
    answer(1, "sent", "opened")
    answer(2, "sent", "opened")
    for number, (day, score) in enumerate([("2026-06-17", 0.6), ("2026-06-18", 0.55), ("2026-06-19", 0.5)]):
        night.load(policies=lines(policy(f"Q{number}", tags={"a": 1})))
        night.push("--learn", day=day)
        assert told() == [(f"Q{number}", score)]
        answer(3 + number, "sent", "dismissed")
    night.run("verify", "--store", STORE, "--replay")


def test_the_same_night_again_changes_nothing(night):
    night.load(policies=policy("P"), firms="uscc\nA\nB\n")
    night.push()
    before = night.dump()
    run = night.push()
    assert "was done with the same input" in run.err
    assert night.dump() == before
    assert night.summary()["done_before"] is True


def test_nothing_is_pushed_twice(night):
    night.load(policies=lines(policy("P"), policy("Q")), firms="uscc\nA\n")
    night.push("--per-firm", "1")
    night.push("--per-firm", "1", day="2026-06-16")
    night.push("--per-firm", "1", day="2026-06-17")
    assert night.pushed() == ["A/P", "A/Q"]


def test_a_better_status_is_told_again_and_a_worse_one_is_not(night):
    rule = '{"any": [{"field": "revenue", "ge": 100}, {"manual": "M"}]}'
    night.load(policies=policy("P", rule), firms="uscc,revenue\nA,1\n")
    night.push()
    night.load(firms="uscc,revenue\nA,100\n")
    night.push(day="2026-06-16")
    night.load(firms="uscc,revenue\nA,1\n")
    night.push(day="2026-06-17")
    assert night.pushed() == ["A/P review", "A/P"]


def test_a_new_version_is_told_again_and_a_new_text_is_not(night):
    night.load(policies=policy("P"), firms="uscc\nA\n")
    night.push()
    run = night.load(policies=policy("P", title="T"))
    assert "changed under the same version" in run.err
    night.push(day="2026-06-16")
    assert night.pushed() == ["A/P"]
    night.load(policies=policy("P", version=2))
    night.push(day="2026-06-17")
    assert night.sql("SELECT policy_version FROM pushes ORDER BY push_id") == [(1,), (2,)]


def test_of_a_group_only_the_first_pair_counts_even_if_it_was_pushed(night):
    night.load(policies=lines(policy("P", priority=0.9, exclusive_group="G"), policy("Q", exclusive_group="G"),
                              policy("R")), firms="uscc\nA\n")
    night.push("--per-firm", "1")
    night.push("--per-firm", "1", day="2026-06-16")
    night.push("--per-firm", "1", day="2026-06-17")
    assert night.pushed() == ["A/P", "A/R"]


def test_an_opt_out_lets_another_of_the_group_through(night):
    night.load(policies=lines(policy("P", priority=0.9, exclusive_group="G", tags={"t": 1}),
                              policy("Q", exclusive_group="G")),
               firms="uscc\nA\nB\nC\n", opt_outs="firm_id,tag\nA,t\nB,\n")
    night.push()
    assert night.pushed() == ["A/Q", "C/P"]


def test_opt_outs_are_added_and_replaced(night):
    night.load(policies=policy("P"), firms="uscc\nA\nB\n", opt_outs="uscc,tag\nA,\n")
    night.load(opt_outs="uscc,tag\nB,\n")
    assert night.sql("SELECT * FROM opt_out") == [("A", ""), ("B", "")]
    night.load("--replace", opt_outs="uscc,tag\nB,\n")
    assert night.sql("SELECT * FROM opt_out") == [("B", "")]
    assert "o.csv:1: column" in night.load(opt_outs="who\nA\n", code=4).err


def test_a_quota_counts_firms_of_earlier_nights(night):
    night.load(policies=policy("P", quota=2), firms="uscc\nC\nB\nA\nD\n")
    night.push()
    assert night.pushed() == ["B/P", "A/P"]
    night.load("--replace", firms="uscc\nB\nC\n")
    night.push(day="2026-06-16")
    assert len(night.pushed()) == 2
    night.load(policies=policy("P", quota=3))
    night.push(day="2026-06-17")
    assert night.pushed(day="2026-06-17") == ["C/P"]


def test_a_firm_with_a_place_needs_no_other_when_its_status_improves(night):
    rule = '{"any": [{"field": "revenue", "ge": 100}, {"manual": "M"}]}'
    night.load(policies=policy("P", rule, quota=1), firms="uscc,revenue\nA,1\nB,1\n")
    night.push()
    night.load(firms="uscc,revenue\nA,100\nB,100\n")
    night.push(day="2026-06-16")
    assert night.pushed() == ["A/P review", "A/P"]


def test_what_is_cut_by_a_limit_has_its_chance_the_next_night(night):
    night.load(policies=lines(*(policy(f"P{i}") for i in range(5))), firms="uscc\nA\n")
    for day in range(15, 19):
        night.push("--per-firm", "2", day=f"2026-06-{day}")
    assert night.pushed() == [f"A/P{i}" for i in range(5)]


def test_so_many_in_so_many_days_count_the_days_of_both_ends(night):
    night.load(policies=lines(*(policy(f"P{i}") for i in range(9))), firms="uscc\nA\n")
    counts = []
    for day in range(15, 20):
        counts.append(night.summary("--per-firm", "2", "--per-firm-days", "3:3",
                                    day=f"2026-06-{day}")["pushes"]["eligible"])
    assert counts == [2, 1, 0, 2, 1]
    # An earlier day counts by its date: later nights do not take its room.
    assert night.summary("--per-firm", "2", "--per-firm-days", "3:3",
                         day="2026-06-01")["pushes"]["eligible"] == 2


def test_another_run_of_the_same_day_counts_what_the_day_had(night):
    night.load(policies=lines(*(policy(f"P{i}") for i in range(9))), firms="uscc\nA\n")
    night.push("--per-firm", "2")
    night.load(firms="uscc,revenue\nA,1\n")
    night.push("--per-firm", "2")
    assert len(night.pushed()) == 2
    night.push("--per-firm", "3")
    assert len(night.pushed()) == 3


def test_a_firm_is_ranked_deeper_where_the_first_look_was_too_short(night):
    night.load(policies=lines(*(policy(f"P{i:03}") for i in range(60))), firms="uscc\n" + "".join(
        f"F{i}\n" for i in range(40)))
    night.load(opt_outs="uscc,tag\n")
    # One firm has had nearly everything, the others nothing.
    night.load("--replace", firms="uscc\nF0\n")
    night.push("--per-firm", "58")
    night.load("--replace", firms="uscc\n" + "".join(f"F{i}\n" for i in range(40)))
    summary = night.summary(day="2026-06-16")
    assert summary["firms_ranked_again"] == 1
    assert night.pushed(day="2026-06-16")[:3] == ["F0/P058", "F0/P059", "F1/P000"]
    assert summary["pushes"]["eligible"] == 2 + 39 * 5


def test_threads_and_portions_give_the_same_rows(night, city):
    dumps = []
    for threads in (1, 2):
        (night.folder / "s.db").unlink(missing_ok=True)
        night.run("import", "--store", STORE, "--schema", city.folder / "schema.json", "--policies",
                  city.folder / "policies.jsonl", "--firms", city.folder / "firms.csv")
        night.push("--threads", threads, "--status", "eligible,review,needs_data,near")
        night.push("--threads", threads, day="2026-06-16")
        dumps.append(night.sql("SELECT * FROM push ORDER BY 1") + night.sql("SELECT * FROM reason"))
        ranks = night.sql("SELECT firm_id, status, rank, policy_id, printf('%.6f', score) FROM pushes "
                          "WHERE run_id = 1 AND status = 'eligible'")
    assert dumps[0] == dumps[1] and len(dumps[0]) > 5_000
    night.run("match", "--schema", city.folder / "schema.json", "--policies", city.folder / "policies.jsonl",
              "--firms", city.folder / "firms.csv", "--as-of", DAY, "--top", "all", "--out", "m.csv")
    matched = {tuple(row) for row in night.world.rows("m.csv")}
    assert all((f, s, str(r), p, score) in matched for f, s, r, p, score in ranks)


# ----------------------------------------------------------------------------------------- import

def test_only_changed_rows_make_a_new_version(night):
    night.load(policies=lines(policy("P"), policy("Q")),
               firms='uscc,revenue,quals,follows,name\nA,2000万元,高新技术企业@2027-12-05|x,出口|t:0.5,"a, ""b"""\nB,,,,\n')
    assert night.sql("SELECT record FROM firm_version ORDER BY 1 DESC")[0][0].startswith("20000000,")
    assert night.sql("SELECT record FROM firm_version WHERE firm_no = 1")[0][0].endswith(
        '高新技术企业@2027-12-05|x,,出口:1|t:0.5,"a, ""b"""')
    run = night.load("--json", policies=lines(policy("P"), policy("Q", title="new")),
                     firms='uscc,revenue,quals,follows,name\nA,20000000,高新技术企业@2027-12-05|x,出口|t:0.5,"a, ""b"""\nB,1,,,\n')
    summary = json.loads(run.out)
    assert summary["firms"] == {"added": 0, "changed": 1, "unchanged": 1, "gone": 0}
    assert summary["policies"] == {"added": 0, "changed": 1, "unchanged": 1, "gone": 0}
    assert night.sql("SELECT count(*) FROM firm_version") == [(3,)]


def test_replace_takes_away_what_is_not_given_and_it_can_come_back(night):
    night.load(policies=lines(policy("P"), policy("Q")), firms="uscc\nA\nB\n")
    night.load("--replace", firms="uscc\nB\n")
    night.push()
    assert night.pushed() == ["B/P", "B/Q"]
    night.load(firms="uscc\nA\n")
    night.load("--replace", policies=policy("Q"))
    night.push(day="2026-06-16")
    assert night.pushed(day="2026-06-16") == ["A/Q"]
    assert night.sql("SELECT firm_no FROM firm WHERE firm_id = 'A'") == [(1,)]


def test_bad_cells_and_rows_are_quarantined_and_an_unknown_set_stays_unknown(night):
    rule = '{"field": "quals", "has_none": ["x"]}'
    run = night.load("--quarantine", "bad.csv", policies=policy("P", rule),
                     firms="uscc,revenue,quals\nA,lots,x@never\n,1,\nB,1,\n", code=3)
    assert "3 entries quarantined, 1 of them whole rows, see bad.csv" in run.err
    assert night.world.rows("bad.csv")[1] == ["2", "A", "revenue", "lots", "is not a number"]
    night.push()
    assert night.pushed() == ["B/P"]


def test_a_bad_policy_stops_an_import_unless_it_may_be_left_out(night):
    wrong = lines(policy("P"), policy("Q", '{"field": "nothing", "ge": 1}'))
    run = night.load(policies=wrong, firms="uscc\nA\n", code=4)
    assert 'p.jsonl:2:' in run.err
    assert night.sql("SELECT count(*) FROM firm") == [(0,)]
    night.load("--skip-bad-policies", policies=wrong, firms="uscc\nA\n", schema=True, code=3)
    assert night.sql("SELECT policy_id FROM policy") == [("P",)]


def test_a_policy_that_is_damaged_in_the_store_is_named(night):
    night.load(policies=lines(policy("P"), policy("Q.jsonl"), policy("R")), firms="uscc\nA\n")
    night.sql("UPDATE policy_version SET content = '{\"id\": \"Q.jsonl\",\n\"rule\": ' WHERE content LIKE '%Q.jsonl%'")
    run = night.push(code=4)
    assert 'policy "Q.jsonl" of the store:2:9: ' in run.err
    night.push("--skip-bad-policies", code=3)
    assert night.pushed() == ["A/P", "A/R"]


def test_a_store_keeps_the_schema_and_its_code_lists(night):
    night.load(policies=policy("P", '{"field": "place", "under": "4419"}'), firms="uscc,place\nA,441901\nB,441302\n")
    (night.folder / "places.csv").unlink()
    (night.folder / "s.json").unlink()
    night.push()
    assert night.pushed() == ["A/P"]


def test_a_new_schema_reads_old_records_and_must_fit_the_policies(night):
    night.load(policies=policy("P", '{"field": "revenue", "ge": 5}'), firms="uscc,revenue,grade\nA,7,B\n")
    night.write("s.json", '{"id": "uscc", "fields": [{"name": "new", "kind": "text"}, '
                          '{"name": "revenue", "kind": "number"}]}')
    night.load(schema=True)
    night.push()
    assert night.pushed() == ["A/P"]
    night.write("s.json", '{"id": "uscc", "fields": [{"name": "new", "kind": "text"}]}')
    assert "a policy of the store is wrong" in night.load(schema=True, code=4).err
    night.push(day="2026-06-16")


# ------------------------------------------------------------------------------------ from a query

def test_firms_come_from_a_query_with_a_mapping(night):
    night.load(policies=policy("P", '{"field": "revenue", "ge": 100}'))
    night.sql("CREATE TABLE companies(code TEXT, turnover REAL, note TEXT)")
    night.sql("INSERT INTO companies VALUES ('A', 200, 'x'), ('B', NULL, 'y'), ('C', 1, 'z')")
    night.write("m.json", '{"code": "uscc", "turnover": "revenue", "note": null}')
    query = ["--firms-sql", "SELECT * FROM companies ORDER BY code", "--mapping", "m.json"]
    assert night.summary(*query, "--dry-run")["pushes"]["eligible"] == 1
    assert night.sql("SELECT count(*) FROM firm") == [(0,)]
    night.push(*query)
    assert night.pushed() == ["A/P"]
    assert night.sql("SELECT firm_id FROM firm ORDER BY 1") == [("A",), ("B",), ("C",)]
    night.sql("DELETE FROM companies WHERE code = 'A'")
    night.push(*query, day="2026-06-16")
    assert night.sql("SELECT firm_id FROM firm WHERE version_no IS NULL") == [("A",)]


@pytest.mark.parametrize("query, words, code", [
    ("DELETE FROM firm", "must only read", 2), ("SELECT 1; SELECT 2", "one query at a time", 2),
    ("SELECT nope FROM firm", "no such column", 5), ("SELECT 'A' AS other", "is not a field", 4)])
def test_a_query_that_cannot_be_taken(night, query, words, code):
    night.load(policies=policy("P"), firms="uscc\nA\n")
    assert words in night.push("--firms-sql", query, code=code).err
    assert night.sql("SELECT count(*) FROM run") == [(0,)]


# ---------------------------------------------------------------------------------------- dry runs

def test_a_dry_run_tells_the_difference_and_records_nothing(night):
    night.load(policies=lines(policy("P"), policy("Q")), firms="uscc\nA\nB\n")
    night.push("--per-firm", "1")
    before = night.dump()
    summary = night.summary("--dry-run", "--per-firm", "1", day="2026-06-16")
    assert summary["run"] is None and summary["pushes"]["eligible"] == 2
    assert summary["last"] == {"run": 1, "as_of": DAY, "pushes": {"eligible": 2, "review": 0}}
    assert summary["difference"] == {"P": [0, 2], "Q": [2, 0]}
    assert "last night (run 1 of 2026-06-15): 2 pushes; tonight +0" in night.push(
        "--dry-run", "--per-firm", "1", day="2026-06-16").err
    assert night.dump() == before


# ------------------------------------------------------------------------------------------ errors

def refused(run, words):
    assert run.returncode == 5 and words in run.err and len(run.err.splitlines()) == 1, run.err


def test_no_store_and_things_that_are_none(night):
    refused(night.push(code=5), "there is no store here; qice import makes one")
    night.write("s.db", "no database at all, but long enough to look at" * 50)
    refused(night.push(code=5), "is not a SQLite database")
    (night.folder / "s.db").unlink()
    night.sql("CREATE TABLE other(x)")
    refused(night.push(code=5), "is no store of qice")
    night.sql("PRAGMA user_version = 9")
    refused(night.run("import", "--store", STORE, "--schema", "s.json", code=5), "belongs to another program")
    assert "needs sqlite:PATH" in night.run("push", "--store", "s.db", code=2).err


def test_a_store_of_a_newer_qice_is_refused(night):
    night.load(policies=policy("P"), firms="uscc\nA\n")
    night.sql("PRAGMA user_version = 99")
    refused(night.push(code=5), "was written by a newer qice")


def test_an_empty_store_has_nothing_to_push(night):
    night.load()
    assert "0 firms" in night.push().err


def test_a_second_night_at_once_is_refused(night):
    import fcntl
    night.load(policies=policy("P"), firms="uscc\nA\n")
    with open(night.folder / "s.db-lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(night.push(code=5), "another import or night is at work on this store")
        night.push("--dry-run")
    night.push()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_leaves_the_store_as_it_was(night, city):
    small = night.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small]).returncode != 0:
        pytest.skip("no tmpfs here")
    try:
        store = f"sqlite:{small}/s.db"
        night.run("import", "--store", store, "--schema", city.folder / "schema.json", "--policies",
                  city.folder / "policies.jsonl")
        night.run("import", "--store", store, "--firms", city.folder / "firms.csv")
        free = os.statvfs(small)
        (small / "filler").write_bytes(b"x" * max(0, free.f_bavail * free.f_bsize - 80_000))
        run = night.run("push", "--store", store, "--as-of", DAY, "--per-firm", "all", code=None)
        refused(run, "the disk is full")
        with contextlib.closing(sqlite3.connect(small / "s.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT count(*) FROM push").fetchall() == [(0,)]
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_sigterm_leaves_nothing_half_and_the_next_night_is_whole(night, large_city):
    night.run("import", "--store", STORE, "--schema", large_city.folder / "schema.json", "--policies",
              large_city.folder / "policies.jsonl", "--firms", large_city.folder / "firms.csv", timeout=300)
    for wait in (0.05, 0.6, 1.5):
        process = night.world.popen("push", "--store", STORE, "--as-of", DAY, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, 143, -signal.SIGTERM)  # the last: before main()
    assert len(night.sql("SELECT run_no FROM run")) <= 1
    night.push(timeout=300)
    runs = night.sql("SELECT run_no, eligible + review FROM run")
    assert len(runs) == 1 and runs[0][1] == night.sql("SELECT count(*) FROM push")[0][0] > 0


@pytest.mark.parametrize("args, words", [
    (["--per-firm", "0"], "--per-firm needs"), (["--per-firm-days", "5"], "--per-firm-days needs N:M"),
    (["--status", "good"], "--status takes"), (["--mapping", "m.json"], "--firms-sql")])
def test_wrong_options(night, args, words):
    night.load(policies=policy("P"), firms="uscc\nA\n")
    assert words in night.push(*args, code=2).err
