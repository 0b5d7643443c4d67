"""The model's own test: nights whose pushes were worked out by hand from the specification.

    python3 -m unittest discover -s tests/nights -p test_model.py
"""

import json
import tempfile
import unittest
from pathlib import Path

import fortnight
from model import EVERYTHING, Options, Portal, Push, delivery, night, oracle

FIELDS = [{"name": "revenue", "kind": "number"}, {"name": "patents", "kind": "number"},
          {"name": "listed", "kind": "flag"}, {"name": "certificates", "kind": "set", "expires": True},
          {"name": "established", "kind": "date"},
          {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
          {"name": "follows", "kind": "tags"}]
EVERYBODY = {"all": []}
RICH = {"field": "revenue", "ge": 100}
DAY = "2026-06-15"


class NightTest(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "schema.json"
            path.write_text(json.dumps({"id": "id", "fields": FIELDS}), encoding="utf-8")
            self.portal = Portal(oracle.Schema(path, oracle.STANDARDS))

    def firm(self, id, **cells):
        self.portal.firms[id] = cells

    def policy(self, id, rule=EVERYBODY, **more):
        self.portal.policies[id] = {"id": id, "rule": rule, **more}

    def push(self, as_of=DAY, **options):
        """The new pushes as (firm, policy)."""
        return [(push.firm, push.policy) for push in night(self.portal, Options(as_of, **options))]

    def full(self, as_of=DAY, **options):
        return [(push.firm, push.policy, push.version, push.status, push.rank, push.score)
                for push in night(self.portal, Options(as_of, **options))]

    # --- step 1: which pairs, in which order

    def test_a_push_says_who_what_and_how(self):
        self.firm("A", revenue="150", follows="AI:0.5")
        self.policy("P", RICH, version=3, priority=0.25, tags={"AI": 1})
        night(self.portal, Options(DAY))
        self.assertEqual(self.portal.ledger, [Push(DAY, "A", "P", 3, "eligible", 1, 750000)])

    def test_a_policy_without_version_is_version_1(self):
        self.firm("A")
        self.policy("P")
        self.assertEqual(self.full(), [("A", "P", 1, "eligible", 1, 0)])

    def test_only_chosen_statuses(self):
        self.firm("A", revenue="1")
        self.policy("E")
        self.policy("R", {"manual": "see"})
        self.policy("N", RICH)
        self.policy("D", {"field": "patents", "ge": 1})
        self.assertEqual(self.push(), [("A", "E"), ("A", "R")])
        self.portal.ledger.clear()
        self.assertEqual(self.push(statuses=("near", "needs_data")), [("A", "D"), ("A", "N")])

    def test_rank_is_within_the_status_and_over_what_was_pushed_before_too(self):
        self.firm("A")
        self.policy("P1", priority=0.9)
        self.policy("P2", priority=0.5)
        self.policy("P3", priority=0.5)
        self.policy("R1", {"manual": "see"}, priority=1)
        self.assertEqual(self.full(per_firm=1), [("A", "P1", 1, "eligible", 1, 900000)])
        self.assertEqual(self.full("2026-06-16", per_firm=3), [
            ("A", "P2", 1, "eligible", 2, 500000), ("A", "P3", 1, "eligible", 3, 500000),
            ("A", "R1", 1, "review", 1, 1000000)])

    def test_a_firms_order_is_by_status_first(self):
        self.firm("A")
        self.policy("P1")
        self.policy("P2")
        self.policy("R", {"manual": "see"}, priority=1)
        self.assertEqual(self.push(per_firm=2), [("A", "P1"), ("A", "P2")])

    def test_the_one_fact_away_come_first_in_needs_data(self):
        self.firm("A")
        self.policy("P1", {"all": [{"field": "patents", "ge": 1}, RICH]}, priority=1)
        self.policy("P2", RICH)
        self.assertEqual(self.push(statuses=("needs_data",), per_firm=1), [("A", "P2")])

    def test_closed_policies_are_not_matched(self):
        self.firm("A")
        self.policy("DRAFT", status="draft")
        self.policy("SOON", windows=[{"opens": "2026-06-16", "closes": "2026-06-17"}])
        self.policy("OLD")
        self.policy("NEW", supersedes=["OLD"], effective={"from": "2026-06-16"})
        self.assertEqual(self.push(), [("A", "OLD")])
        self.assertEqual(self.push("2026-06-16"), [("A", "NEW"), ("A", "SOON")])
        self.assertEqual(self.push("2026-06-18"), [])

    def test_facts_age(self):
        self.firm("A", certificates="ISO@2026-06-15", established="2025-06-16")
        self.policy("ISO", {"field": "certificates", "has_any": "ISO"})
        self.policy("GROWN", {"field": "age", "ge": 12})
        self.assertEqual(self.push("2026-06-16"), [("A", "GROWN")])
        self.assertEqual(self.push("2026-06-15"), [("A", "ISO")])

    # --- step 1: opt-outs

    def test_a_firm_that_opted_out_of_everything_gets_nothing(self):
        self.firm("A")
        self.firm("B")
        self.policy("P")
        self.portal.opt_outs.add(("A", EVERYTHING))
        self.assertEqual(self.push(), [("B", "P")])
        self.portal.opt_outs.clear()
        self.assertEqual(self.push(), [("A", "P")])

    def test_an_opt_out_of_a_tag_hits_each_policy_that_carries_it(self):
        self.firm("A", follows="AI")
        self.policy("P", tags={"AI": 0, "x": 1})
        self.policy("Q", tags={"x": 1})
        self.policy("R")
        self.portal.opt_outs |= {("A", "AI"), ("B", "x")}
        self.assertEqual(self.push(), [("A", "Q"), ("A", "R")])

    def test_what_was_opted_out_of_takes_no_place_in_a_group(self):
        self.firm("A")
        self.policy("P", priority=1, tags={"AI": 1}, exclusive_group="G")
        self.policy("Q", exclusive_group="G")
        self.portal.opt_outs.add(("A", "AI"))
        self.assertEqual(self.full(), [("A", "Q", 1, "eligible", 2, 0)])

    # --- step 2: exclusive groups

    def test_the_first_of_a_group(self):
        self.firm("A")
        self.policy("P", priority=0.1, exclusive_group="G")
        self.policy("Q", priority=0.2, exclusive_group="G")
        self.policy("R", priority=0.1, exclusive_group="H")
        self.policy("S", priority=0.3, exclusive_group="H")
        self.policy("T")
        self.assertEqual(self.push(), [("A", "Q"), ("A", "S"), ("A", "T")])

    def test_a_better_status_goes_before_a_better_score(self):
        self.firm("A")
        self.policy("P", {"manual": "see"}, priority=1, exclusive_group="G")
        self.policy("Q", exclusive_group="G")
        self.assertEqual(self.push(), [("A", "Q")])
        self.portal.ledger.clear()
        self.assertEqual(self.push(statuses=("review",)), [("A", "P")])

    def test_the_first_of_a_group_blocks_the_rest_though_it_was_pushed_before(self):
        self.firm("A")
        self.policy("P", priority=1, exclusive_group="G")
        self.policy("Q", exclusive_group="G")
        self.assertEqual(self.push(), [("A", "P")])
        self.assertEqual(self.push("2026-06-16"), [])

    def test_a_new_first_of_a_group_is_pushed(self):
        self.firm("A")
        self.policy("P", exclusive_group="G")
        self.assertEqual(self.push(), [("A", "P")])
        self.policy("Q", priority=1, exclusive_group="G")
        self.assertEqual(self.push("2026-06-16"), [("A", "Q")])
        del self.portal.policies["Q"]
        self.assertEqual(self.push("2026-06-17"), [])

    # --- step 3: never twice

    def test_a_pair_is_pushed_once_a_version(self):
        self.firm("A")
        self.policy("P")
        self.assertEqual(self.push(), [("A", "P")])
        self.assertEqual(self.push("2026-06-16"), [])
        self.policy("P", RICH, priority=1)  # another rule, the same version
        self.firm("A", revenue="100")
        self.assertEqual(self.push("2026-06-17"), [])
        self.policy("P", version=2)
        self.assertEqual(self.full("2026-06-18"), [("A", "P", 2, "eligible", 1, 0)])
        self.policy("P", version=1)
        self.assertEqual(self.push("2026-06-19"), [])

    def test_a_better_status_is_pushed_again_and_a_worse_or_returning_one_not(self):
        self.firm("A")
        statuses = ("eligible", "review", "needs_data", "near")
        rule = {"any": [RICH, {"all": [{"manual": "see"}, {"field": "patents", "ge": 1}]}]}
        self.policy("P", rule)
        steps = [("2026-06-15", {"revenue": "1", "patents": "0"}, ["near"]),
                 ("2026-06-16", {"revenue": "1"}, ["needs_data"]),
                 ("2026-06-17", {"revenue": "1", "patents": "0"}, []),
                 ("2026-06-18", {"revenue": "1", "patents": "1"}, ["review"]),
                 ("2026-06-19", {"revenue": "100"}, ["eligible"]),
                 ("2026-06-20", {"revenue": "1", "patents": "1"}, []),
                 ("2026-06-21", {"revenue": "100"}, [])]
        for day, cells, expected in steps:
            self.firm("A", **cells)
            found = [row[3] for row in self.full(day, statuses=statuses)]
            self.assertEqual(found, expected, day)

    def test_a_firm_that_went_and_came_back_is_not_pushed_again(self):
        self.firm("A")
        self.policy("P")
        self.push()
        del self.portal.firms["A"]
        self.assertEqual(self.push("2026-06-16"), [])
        self.firm("A")
        self.assertEqual(self.push("2026-06-17"), [])

    def test_a_late_run_of_an_earlier_night_knows_the_later_pushes(self):
        self.firm("A")
        self.policy("P")
        self.assertEqual(self.push("2026-06-20"), [("A", "P")])
        self.assertEqual(self.push("2026-06-15"), [])

    # --- step 4: a firm's limits

    def test_the_default_is_five_a_firm_and_the_rest_has_its_chance_the_next_night(self):
        self.firm("A")
        for number in range(1, 8):
            self.policy(f"P{number}", priority=number / 10)
        self.assertEqual(self.push(), [("A", f"P{number}") for number in (3, 4, 5, 6, 7)])
        self.assertEqual(self.push("2026-06-16"), [("A", "P1"), ("A", "P2")])

    def test_the_same_night_again_changes_nothing(self):
        self.firm("A")
        for number in range(1, 8):
            self.policy(f"P{number}")
        self.assertEqual(len(self.push(per_firm=3)), 3)
        self.assertEqual(self.push(per_firm=3), [])
        self.assertEqual(len(self.push(per_firm=5)), 2)

    def test_n_in_m_days_counts_this_night_and_the_m_minus_1_before(self):
        self.firm("A")
        for number in range(9):
            self.policy(f"P{number}")
        limits = {"per_firm": 2, "per_firm_days": (3, 3)}
        self.assertEqual([len(self.push(f"2026-06-{day}", **limits)) for day in (15, 16, 17, 18, 19)], [2, 1, 0, 2, 1])

    def test_a_limit_over_days_can_be_smaller_than_that_of_a_night(self):
        self.firm("A")
        for number in range(4):
            self.policy(f"P{number}")
        self.assertEqual(self.push(per_firm_days=(1, 1)), [("A", "P0")])
        self.assertEqual(self.push(per_firm_days=(1, 1)), [])
        self.assertEqual(self.push("2026-06-16", per_firm_days=(0, 7)), [])

    def test_later_nights_do_not_count_for_an_earlier_one(self):
        self.firm("A")
        self.policy("P", version=1)
        self.push("2026-06-16")
        self.policy("P", version=2)
        self.assertEqual(self.push("2026-06-15", per_firm_days=(1, 7)), [("A", "P")])

    def test_a_pair_that_drops_out_in_step_3_takes_no_room(self):
        self.firm("A")
        self.policy("P", priority=1)
        self.push()
        self.policy("Q")
        self.assertEqual(self.push("2026-06-16", per_firm=1), [("A", "Q")])

    # --- step 5: quotas

    def test_a_quota_takes_the_first_firms_by_status_score_and_id(self):
        self.policy("P", {"any": [RICH, {"manual": "see"}]}, tags={"AI": 1}, quota=3)
        self.firm("D", revenue="100")
        self.firm("E", revenue="100", follows="AI:0.5")
        self.firm("C", revenue="100")
        self.firm("B", revenue="100")
        self.firm("A", revenue="1", follows="AI")
        self.assertEqual(self.push(), [("B", "P"), ("C", "P"), ("E", "P")])
        self.assertEqual(self.push("2026-06-16"), [])

    def test_in_a_quota_too_the_one_fact_away_come_first(self):
        self.policy("P", {"all": [RICH, {"field": "patents", "ge": 1}]}, tags={"AI": 1}, quota=1)
        self.firm("A", follows="AI")
        self.firm("B", revenue="100")
        self.assertEqual(self.push(statuses=("needs_data",)), [("B", "P")])

    def test_ids_are_compared_by_bytes(self):
        self.policy("P", quota=2)
        for id in ("\U00020000", "\uff5e", "a", "B"):
            self.firm(id)
        self.assertEqual(self.push(), [("B", "P"), ("a", "P")])
        self.policy("P", quota=3)
        self.assertEqual(self.push(), [("\uff5e", "P")])

    def test_earlier_pushes_of_the_version_count(self):
        self.policy("P", quota=2)
        self.firm("B")
        self.assertEqual(self.push(), [("B", "P")])
        self.firm("A")
        self.firm("C")
        del self.portal.firms["B"]
        self.assertEqual(self.push("2026-06-16"), [("A", "P")])
        self.policy("P", quota=2, version=2)
        self.assertEqual(self.push("2026-06-17"), [("A", "P"), ("C", "P")])

    def test_a_firm_that_does_better_now_keeps_its_place(self):
        self.policy("P", {"any": [RICH, {"manual": "see"}]}, quota=1)
        self.firm("B")
        self.assertEqual(self.push(), [("B", "P")])
        self.firm("A", revenue="100")
        self.firm("B", revenue="100")
        self.assertEqual(self.push("2026-06-16"), [("B", "P")])

    def test_a_quota_of_nothing(self):
        self.policy("P", quota=0)
        self.firm("A")
        self.assertEqual(self.push(), [])

    def test_what_a_quota_cuts_leaves_no_room_for_others_that_night(self):
        self.policy("P", priority=1, quota=1)
        self.policy("Q")
        self.firm("A")
        self.firm("B")
        self.assertEqual(self.push(per_firm=1), [("A", "P")])
        self.assertEqual(self.push(per_firm=1), [])  # the same night: P still stands before Q
        self.assertEqual(self.push("2026-06-16", per_firm=2), [("A", "Q"), ("B", "Q")])

    def test_a_pair_that_a_firms_limit_cut_takes_no_quota(self):
        self.policy("P", quota=1)
        self.policy("Q", {"field": "listed", "is": True}, priority=1)
        self.firm("A", listed="true")
        self.firm("B")
        self.assertEqual(self.push(per_firm=1), [("A", "Q"), ("B", "P")])


class FortnightTest(unittest.TestCase):
    """Random fortnights have something of everything, and keep what must hold of any ledger."""

    def test_whatever_happens(self):
        seen = set()
        for seed in range(6):
            with self.subTest(seed=seed):
                seen |= fortnight.check(fortnight.make(seed))
        self.assertEqual(fortnight.SIGHTS - seen, set(), "what no fortnight showed")


class DeliveryTest(unittest.TestCase):
    setUp, firm, policy, push = NightTest.setUp, NightTest.firm, NightTest.policy, NightTest.push

    def take(self, as_of=DAY):
        return [[(push.firm, push.policy) for push in pushes] for pushes in delivery(self.portal, as_of)]

    def test_what_is_true_is_sent_once(self):
        self.firm("A", revenue="100")
        self.policy("P", RICH)
        self.push()
        self.assertEqual(self.take("2026-06-20"), [[("A", "P")], []])
        self.portal.firms["A"]["revenue"] = "1"
        self.assertEqual(self.take("2026-06-20"), [[], []])  # what was seen was seen
        self.assertEqual(len(self.portal.ledger), 1)

    def test_what_is_not_true_any_more_counts_as_never_pushed(self):
        changes = {"the firm": lambda: self.firm("A", revenue="1"), "gone": lambda: self.portal.firms.pop("A"),
                   "closed": lambda: self.policy("P", RICH, windows=[{"closes": DAY}]),
                   "a new version": lambda: self.policy("P", RICH, version=2),
                   "opted out": lambda: self.portal.opt_outs.add(("A", EVERYTHING))}
        for what, change in changes.items():
            with self.subTest(what):
                self.setUp()
                self.firm("A", revenue="100")
                self.policy("P", RICH)
                self.push()
                change()
                self.assertEqual(self.take("2026-06-16"), [[], [("A", "P")]])
                self.firm("A", revenue="100")
                self.policy("P", RICH)
                self.portal.opt_outs.clear()
                self.assertEqual(self.push("2026-06-17"), [("A", "P")])


if __name__ == "__main__":
    unittest.main()
