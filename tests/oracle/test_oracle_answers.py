"""The oracle's own test: who takes part, scores, order and what is told; and the random worlds. Worked out by hand from the
specification.

    python3 -m unittest discover -s tests/oracle -p 'test_oracle_*.py'
"""

import subprocess
import tempfile
import unittest
from datetime import date
from fractions import Fraction

import agree
import oracle
import worlds
from oracle import Bad, Options
from oracle_test import AS_OF, MANUAL, OracleTest


class LifeCycle(OracleTest):
    def cycle(self, *, superseded=(), **more):
        return self.policy({"all": []}, **more).life_cycle(set(superseded))

    def test_force(self):
        self.assertEqual(self.cycle(), "open")
        self.assertEqual(self.cycle(effective={"from": AS_OF, "to": AS_OF}), "open")
        self.assertEqual(self.cycle(effective={"from": "2026-11-24"}), "not_in_force")
        self.assertEqual(self.cycle(effective={"to": "2026-11-22"}), "not_in_force")

    def test_windows(self):
        self.assertEqual(self.cycle(windows=[{"opens": AS_OF, "closes": AS_OF}]), "open")
        self.assertEqual(self.cycle(windows=[{"opens": "2026-11-24"}]), "closed")
        self.assertEqual(self.cycle(windows=[{"closes": "2026-11-22"}, {"opens": "2026-11-01"}]), "open")

    def test_which_reason_is_named(self):
        late = {"effective": {"to": "2026-11-22"}, "windows": [{"closes": "2026-11-22"}]}
        self.assertEqual(self.cycle(status="draft", superseded=["P"], **late), "draft")
        self.assertEqual(self.cycle(status="withdrawn", **late), "withdrawn")
        self.assertEqual(self.cycle(superseded=["P"], **late), "not_in_force")
        self.assertEqual(self.cycle(superseded=["P"], windows=late["windows"]), "superseded")
        self.assertEqual(self.cycle(windows=late["windows"]), "closed")

    def superseding(self, **more):
        policies = [{"id": "OLD", "rule": {"all": []}}, {"id": "NEW", "rule": {"all": []}, "supersedes": ["OLD"], **more}]
        return self.run_match(policies, "id\nF1\n")[0].splitlines()[1:]

    def test_supersedes_from_the_day_the_new_one_is_in_force(self):
        self.assertEqual(self.superseding(), ["F1,eligible,1,NEW,0.000000"])
        self.assertEqual(self.superseding(effective={"from": AS_OF}), ["F1,eligible,1,NEW,0.000000"])
        self.assertEqual(self.superseding(effective={"from": "2026-11-24"}), ["F1,eligible,1,OLD,0.000000"])
        self.assertEqual(self.superseding(effective={"to": "2026-01-01"}), [])

    def test_a_draft_supersedes_nothing(self):
        self.assertEqual(self.superseding(status="draft"), ["F1,eligible,1,OLD,0.000000"])


class Scores(OracleTest):
    def score(self, firm, **more):
        return oracle.decimal(self.policy({"all": []}, **more).score(firm, firm.values["follows"]))

    def test_tags_prefer_and_priority(self):
        firm = self.firm(follows="AI:0.8|出口|别的:0.1", a="1")
        self.assertEqual(self.score(firm), "0.000000")
        self.assertEqual(self.score(firm, tags={"AI": 0.5, "出口": 0.125, "无": 9}), "0.525000")
        self.assertEqual(self.score(firm, tags={"AI": -1000}), "-800.000000")
        self.assertEqual(self.score(firm, tags={"AI": 0.001}), "0.000800")
        self.assertEqual(self.score(firm, priority=0.6), "0.600000")
        self.assertEqual(self.score(firm, priority=-0.000001), "-0.000001")
        prefer = [{"when": {"field": "a", "is": True}, "add": 0.2}, {"when": {"field": "b", "is": True}, "add": 5},
                  {"when": MANUAL, "add": 7}]
        self.assertEqual(self.score(firm, prefer=prefer), "0.200000")

    def urgency(self, setting="1:30", **more):
        policy = self.policy({"all": []}, **more)
        policy.set_urgency(*[part if at == 0 else int(part) for at, part in enumerate(setting.split(":"))])
        return policy.urgency

    def test_urgency(self):
        until = lambda day: {"windows": [{"closes": day}]}
        self.assertEqual(self.urgency(**until("2026-11-23")), 1_000_000)
        self.assertEqual(self.urgency(**until("2026-11-24")), 966_666)   # 29/30, rounded down
        self.assertEqual(self.urgency("0.25:30", **until("2026-12-22")), 8_333)
        self.assertEqual(self.urgency(**until("2026-12-23")), 0)         # 30 days left
        self.assertEqual(self.urgency(**until("2026-12-24")), 0)

    def test_which_end_urgency_looks_at(self):
        self.assertEqual(self.urgency(), 0)
        self.assertEqual(self.urgency(effective={"to": "2026-12-08"}), 500_000)
        self.assertEqual(self.urgency(effective={"to": "2026-12-08"}, windows=[{"opens": "2026-01-01"}]), 0)
        two = [{"closes": "2026-11-23"}, {"closes": "2026-12-08"}, {"opens": "2026-12-01", "closes": "2026-12-09"}]
        self.assertEqual(self.urgency(windows=two), 500_000)
        self.assertEqual(self.urgency(windows=two[2:]), 0)
        self.assertEqual(self.urgency(effective={"to": "2026-11-22"}), 0)


class Rows(OracleTest):
    def test_bad_rows_and_bad_cells(self):
        data = b"\xef\xbb\xbfid,employees,a\r\nF1,5,1\r\n\r\nF1,6,1\r\n,6,1\r\nF2,6,1,\r\n\xff3,6,1\r\nF4,x,y\r\nF5"
        firms, bad = self.read(data)
        self.assertEqual([firm.id for firm in firms], ["F1", "F4", "F5"])
        self.assertEqual(bad, [(4, "F1", ""), (5, "", ""), (6, "F2", ""), (7, "", ""), (8, "F4", "employees"), (8, "F4", "a")])
        self.assertIsNone(firms[1].values["employees"])

    def test_strict_sets_the_firm_aside_but_remembers_its_id(self):
        firms, bad = self.read("id,employees\nF1,x\nF1,5\nF2,5\n", strict=True)
        self.assertEqual([firm.id for firm in firms], ["F2"])
        self.assertEqual(bad, [(2, "F1", "employees"), (3, "F1", "")])

    def test_quotes(self):
        firms, bad = self.read('name,id\n"a,""b""\n\nc",F1\nx,"F2"\n')
        self.assertEqual([(firm.id, firm.values["name"]) for firm in firms], [("F1", 'a,"b"\n\nc'), ("F2", "x")])
        firms, bad = self.read('id,name\nF1,"two\nlines"\nF1,x\n')
        self.assertEqual(bad, [(4, "F1", "")])

    def test_a_quoting_fault_costs_one_line(self):
        firms, bad = self.read('id,name\n"F1,x\nF2,y\nF3,"ab"c\nF4,z\n"F5')
        self.assertEqual([firm.id for firm in firms], ["F2", "F4"])
        self.assertEqual(bad, [(2, "", ""), (4, "", ""), (6, "", "")])

    def test_an_unknown_or_derived_column_is_an_error(self):
        for header in ("id,nothing\n", "id,both\n"):
            with self.assertRaises(Bad):
                self.read(header)


class Answers(OracleTest):
    def test_order_rank_and_top(self):
        policies = [{"id": id, "rule": {"field": "a", "is": True}, "priority": priority}
                    for id, priority in (("p", 0.5), ("P9", 0.5), ("P10", 0.5), ("X", 0.6))]
        out, counts, bad = self.run_match(policies, "id,a\nF2,1\nF1,0\n", statuses=("near", "eligible"), top=3)
        self.assertEqual(out.splitlines(), [
            "firm_id,status,rank,policy_id,score",
            "F2,eligible,1,X,0.600000", "F2,eligible,2,P10,0.500000", "F2,eligible,3,P9,0.500000",
            "F1,near,1,X,0.600000", "F1,near,2,P10,0.500000", "F1,near,3,P9,0.500000"])
        self.assertEqual(counts, "policy_id,eligible,review,needs_data,near\np,1,0,0,1\nP9,1,0,0,1\nP10,1,0,0,1\nX,1,0,0,1\n")
        self.assertEqual(bad, "line,firm_id,field,value,reason\n")

    def test_one_fact_away_comes_first_in_needs_data(self):
        policies = [{"id": "TWO", "rule": {"all": [{"field": "a", "is": True}, {"field": "b", "is": True}]}, "priority": 9},
                    {"id": "ONE", "rule": {"field": "a", "is": True}}]
        out, _, _ = self.run_match(policies, "id\nF1\n", statuses=("needs_data",))
        self.assertEqual(out.splitlines()[1:], ["F1,needs_data,1,ONE,0.000000", "F1,needs_data,2,TWO,9.000000"])

    def test_by_policy(self):
        policies = [{"id": "P2", "rule": {"field": "a", "is": True}, "tags": {"AI": 1}}, {"id": "P1", "rule": {"all": []}}]
        firms = "id,a,follows\nF9,1,\nF10,1,\nF3,0,\nF4,1,AI:0.5\n"
        out, _, _ = self.run_match(policies, firms, by="policy", top=2, statuses=oracle.STATUSES)
        self.assertEqual(out.splitlines()[1:], ["F4,eligible,1,P2,0.500000", "F10,eligible,2,P2,0.000000", "F3,near,1,P2,0.000000",
                                                "F10,eligible,1,P1,0.000000", "F3,eligible,2,P1,0.000000"])

    def test_ids_sort_by_bytes(self):
        policies = [{"id": id, "rule": {"all": []}} for id in ("\U00020000", "\uff5e", "é", "z")]
        out, _, _ = self.run_match(policies, "id\nF1\n")
        self.assertEqual([row.split(",")[3] for row in out.splitlines()[1:]], ["z", "é", "\uff5e", "\U00020000"])

    def test_closed_policies(self):
        policies = [{"id": "D", "status": "draft", "rule": {"all": []}}, {"id": "O", "rule": {"all": []}}]
        out, counts, _ = self.run_match(policies, "id\nF1\n")
        self.assertEqual(out, "firm_id,status,rank,policy_id,score\nF1,eligible,1,O,0.000000\n")
        self.assertEqual(counts.splitlines()[1:], ["D,0,0,0,0", "O,1,0,0,0"])
        out, counts, _ = self.run_match(policies, "id\nF1\n", include_closed=True)
        self.assertEqual(out, "firm_id,status,rank,policy_id,score,life_cycle\n"
                              "F1,eligible,1,D,0.000000,draft\nF1,eligible,2,O,0.000000,open\n")
        self.assertEqual(counts.splitlines()[1:], ["D,1,0,0,0", "O,1,0,0,0"])

    def test_cells_of_the_answer(self):
        for text, cell in (("a", "a"), ("a,b", '"a,b"'), ('a"b', '"a""b"'), ("a\nb", '"a\nb"'), ("=1", "'=1"), ("-1", "'-1"),
                           ("@x,y", "\"'@x,y\""), ("", ""), ("'a", "'a"), ("\tx", "'\tx"), ("+86", "'+86")):
            self.assertEqual(oracle.csv_cell(text), cell)

    def test_policies_in_a_folder_sort_by_path(self):
        policies = self.folder / "set"
        (policies / "b").mkdir(parents=True)
        for name, text in (("b/2.json", '{"id": "B2"}'), ("a.jsonl", '{"id": "A1"}\n\n{"id": "A2"}\n'), ("b/10.json", '[{"id": "B10"}]'),
                           ("b.json", '{"id": "B"}'), ("notes.txt", "no policy")):
            (policies / name).write_text(text)
        self.assertEqual([spec["id"] for spec in oracle.policy_specs(policies)], ["A1", "A2", "B", "B10", "B2"])

    def test_exact_json_numbers(self):
        self.assertEqual(oracle.load_json("[0.1, 1e-6, 12345678901234567890.5]"), [Fraction(1, 10), Fraction(1, 10**6), Fraction("12345678901234567890.5")])


class Worlds(unittest.TestCase):
    def test_a_world_depends_on_its_seed_only(self):
        self.assertEqual(worlds.make(11), worlds.make(11))
        self.assertNotEqual(worlds.make(11).rows, worlds.make(12).rows)

    def test_the_worlds_are_valid_and_every_verdict_occurs(self):
        tally = sum((worlds.verdicts(worlds.make(seed), oracle.STANDARDS) for seed in range(3, 8)), start=worlds.Counter())
        for verdict in (*oracle.STATUSES, "ineligible", "one fact away"):
            self.assertGreater(tally[verdict], 0, verdict)

    def test_the_rows_meant_to_be_good_are_good(self):
        for seed in range(24):
            with tempfile.TemporaryDirectory() as folder:
                world = worlds.make(seed)
                schema, _, firms = world.write(folder)
                _, bad = oracle.read_firms(firms, oracle.Schema(schema, oracle.STANDARDS), date.fromisoformat(world.as_of), False)
                self.assertEqual(sum(row[2] == "" for row in bad), world.clean.count(False), seed)

    def test_shrinking_keeps_what_fails(self):
        self.assertEqual(agree.shrink_list(list(range(40)), lambda some: {7, 31} <= set(some)), [7, 31])
        rules = list(agree.smaller_rules({"all": [{"not": {"field": "a", "is": True}}, {"manual": "m"}]}))
        self.assertIn({"all": [{"field": "a", "is": True}, {"manual": "m"}]}, rules)
        self.assertIn({"all": [{"manual": "m"}]}, rules)

    def test_the_command_writes_what_the_module_answers(self):
        with tempfile.TemporaryDirectory() as folder:
            world = worlds.make(5)
            schema, policies, firms = world.write(folder)
            command = ["python3", oracle.__file__, "--policies", policies, "--firms", firms, "--schema", schema,
                       "--as-of", world.as_of, "--out", "-", "--top", "all", "--status", "near"]
            done = subprocess.run(command, capture_output=True)
            out, _, quarantine = oracle.run(schema, policies, firms, Options(world.as_of, top=None, statuses=("near",)))
            self.assertEqual(done.stdout, out)
            self.assertEqual(done.returncode, 3 if quarantine.count(b"\n") > 1 else 0)


if __name__ == "__main__":
    unittest.main()
