"""The oracle's own test: truth, verdicts and tables of points. Worked out by hand from the specification.

    python3 -m unittest discover -s tests/oracle -p 'test_oracle_*.py'
"""

import itertools
import unittest

from oracle import NO, UNKNOWN, YES, Bad
from oracle_test import MANUAL, OracleTest


class Kleene(OracleTest):
    TEXT = {NO: "0", UNKNOWN: "", YES: "1"}
    CONDITIONS = [{"field": name, "is": True} for name in "abc"]

    def table(self, rule, expected, size):
        """`expected`: a digit (0 no, 1 unknown, 2 yes) for every combination, the last flag fastest."""
        found = ""
        for truths in itertools.product((NO, UNKNOWN, YES), repeat=size):
            found += str(self.truth(rule, **{name: self.TEXT[truth] for name, truth in zip("abc", truths)}))
        self.assertEqual(found, expected)

    def test_not(self):
        self.table({"not": self.CONDITIONS[0]}, "210", 1)

    def test_all(self):
        self.table({"all": self.CONDITIONS[:2]}, "000" "011" "012", 2)

    def test_any(self):
        self.table({"any": self.CONDITIONS[:2]}, "012" "112" "222", 2)

    def test_at_least_two_of_three(self):
        self.table({"at_least": 2, "of": self.CONDITIONS}, "000" "011" "012" "011" "111" "112" "012" "112" "222", 3)

    def test_not_at_least_two_of_three(self):
        self.table({"not": {"at_least": 2, "of": self.CONDITIONS}}, "222" "211" "210" "211" "111" "110" "210" "110" "000", 3)

    def test_empty_nodes(self):
        self.assertEqual(self.truth({"all": []}), YES)
        self.assertEqual(self.truth({"any": []}), NO)
        self.assertEqual(self.truth({"at_least": 0, "of": []}), YES)
        self.assertEqual(self.truth({"at_least": 1, "of": []}), NO)
        self.assertEqual(self.truth({"at_least": 3, "of": self.CONDITIONS[:2]}, a="1", b="1"), NO)
        self.assertEqual(self.truth({"always": True}), YES)
        self.assertEqual(self.truth({"not": {"always": True}}), NO)

    def test_the_pushed_down_not_means_the_same(self):
        rules = [{"not": {"all": self.CONDITIONS}}, {"not": {"any": self.CONDITIONS}},
                 {"not": {"at_least": 2, "of": self.CONDITIONS}}, {"not": {"not": {"at_least": 1, "of": self.CONDITIONS}}},
                 {"not": {"at_least": 0, "of": self.CONDITIONS}}, {"not": {"at_least": 4, "of": self.CONDITIONS}},
                 {"not": {"any": [self.CONDITIONS[0], {"not": {"all": self.CONDITIONS[1:]}}]}}]
        for rule, truths in itertools.product(rules, itertools.product(("0", "", "1"), repeat=3)):
            firm, policy = self.firm(a=truths[0], b=truths[1], c=truths[2]), self.policy(rule)
            self.assertEqual(policy.conditions_only.truth(firm), policy.rule.truth(firm), (rule, truths))


class Verdicts(OracleTest):
    A, B, C = Kleene.CONDITIONS
    BIG = {"field": "fixed_number", "ge": 10}

    def test_eligible_review_needs_data(self):
        self.expect("eligible", self.A, a="1")
        self.expect("review", {"all": [self.A, MANUAL]}, a="1")
        self.expect("eligible", {"any": [self.A, MANUAL]}, a="1")
        self.expect("review", {"any": [self.A, MANUAL]}, a="0")
        self.expect("review", {"any": [self.A, MANUAL]})
        self.expect_one_fact_away(self.A)
        self.expect_one_fact_away({"all": [self.A, MANUAL]})
        self.expect("review", MANUAL)

    def test_near_is_one_false_condition(self):
        self.expect("near", self.A, a="0")
        self.expect("near", {"all": [self.A, self.B]}, a="0", b="1")
        self.expect("near", {"all": [self.A, MANUAL]}, a="0")
        self.expect("ineligible", {"all": [self.A, self.B]}, a="0", b="0")
        self.expect("ineligible", {"all": [self.A, self.B]}, a="0", b="")
        self.expect("ineligible", {"all": [self.A, self.A]}, a="0")

    def test_near_through_any_and_at_least(self):
        two = {"at_least": 2, "of": [self.A, self.B, self.C]}
        self.expect("near", {"any": [self.A, self.B]}, a="0", b="0")
        self.expect("near", {"any": [self.A, {"all": [self.B, self.C]}]}, a="0", b="0", c="0")
        self.expect("near", two, a="1", b="0", c="0")
        self.expect("ineligible", two, a="0", b="0", c="0")
        self.expect("ineligible", two, a="", b="0", c="0")
        self.expect("ineligible", {"at_least": 4, "of": [self.A, self.B, self.C]}, a="1", b="1", c="0")

    def test_near_under_not(self):
        self.expect("near", {"not": self.A}, a="1")
        self.expect("near", {"not": {"any": [self.A, self.B]}}, a="1", b="0")
        self.expect("ineligible", {"not": {"any": [self.A, self.B]}}, a="1", b="1")
        self.expect("near", {"not": {"all": [self.A, self.B]}}, a="1", b="1")
        # not (2 of 3) = 2 of the 3 negated: with all three true two must change, with two true only one
        self.expect("near", {"not": {"at_least": 2, "of": [self.A, self.B, self.C]}}, a="1", b="1", c="0")
        self.expect("ineligible", {"not": {"at_least": 2, "of": [self.A, self.B, self.C]}}, a="1", b="1", c="1")
        self.expect("ineligible", {"not": {"at_least": 0, "of": [self.A]}}, a="0")

    def test_a_fixed_field_is_never_near(self):
        self.expect("ineligible", self.BIG, fixed_number="9")
        self.expect("ineligible", {"not": self.BIG}, fixed_number="10")
        self.expect("near", {"any": [self.BIG, self.A]}, fixed_number="9", a="0")
        self.expect("ineligible", {"all": [self.BIG, self.A]}, fixed_number="9", a="1")
        self.expect_one_fact_away(self.BIG)

    def test_a_derived_field_of_a_fixed_one_is_not_fixed(self):
        self.expect("near", {"field": "age", "ge": 12}, established="2026-01-01")

    def test_always_false_is_never_near(self):
        self.expect("ineligible", {"always": False})
        self.expect("ineligible", {"all": [{"always": False}, self.A]}, a="0")
        self.expect("near", {"any": [{"always": False}, self.A]}, a="0")
        self.expect("ineligible", {"any": []})

    def test_several_operators_are_one_condition(self):
        self.expect("near", {"field": "employees", "ge": 10, "le": 20, "ne": 15}, employees="15")
        self.expect("near", {"field": "employees", "known": True})

    def test_one_fact_away(self):
        self.expect_one_fact_away({"all": [self.A, self.B]}, a="1")
        self.expect("needs_data", {"all": [self.A, self.B]})
        self.expect("needs_data", {"all": [self.A, self.A]})
        self.expect_one_fact_away({"any": [self.A, {"all": [self.B, self.C]}]}, a="", b="0", c="")
        self.expect("needs_data", {"any": [self.A, {"all": [self.B, self.C]}]}, a="0")
        self.expect_one_fact_away({"at_least": 2, "of": [self.A, self.B, self.C]}, a="1", b="", c="")
        self.expect("needs_data", {"at_least": 2, "of": [self.A, self.B, self.C]})
        self.expect("needs_data", {"not": {"at_least": 2, "of": [self.A, self.B, self.C]}})
        self.expect_one_fact_away({"not": {"at_least": 2, "of": [self.A, self.B, self.C]}}, a="0")

    def test_manual_under_not_is_refused(self):
        for rule in ({"not": MANUAL}, {"not": {"all": [MANUAL]}}, {"not": {"points": 1, "of": [{**MANUAL, "points": 1}]}},
                     {"points": 1, "of": [{"tiers": [{"when": MANUAL, "points": 1}]}]}):
            with self.assertRaises(Bad, msg=rule):
                self.policy(rule)


class PointsTables(OracleTest):
    TIERS = {"tiers": [{"when": {"field": "employees", "ge": 100}, "points": 50},
                       {"when": {"field": "employees", "ge": 50}, "points": 40}]}
    FLAG = {"tiers": [{"when": {"field": "a", "is": True}, "points": 20}]}

    def test_first_true_tier_counts(self):
        for employees, at_40, at_50 in (("100", YES, YES), ("99", YES, NO), ("50", YES, NO), ("49", NO, NO), ("", UNKNOWN, UNKNOWN)):
            self.assertEqual(self.truth({"points": 40, "of": [self.TIERS]}, employees=employees), at_40)
            self.assertEqual(self.truth({"points": 50, "of": [self.TIERS]}, employees=employees), at_50)

    def test_least_and_most(self):
        table = lambda needed: {"points": needed, "of": [self.TIERS, self.FLAG]}
        self.assertEqual(self.truth(table(50), employees="100", a=""), YES)      # 50 to 70
        self.assertEqual(self.truth(table(70), employees="100", a=""), UNKNOWN)
        self.assertEqual(self.truth(table(71), employees="100", a=""), NO)
        self.assertEqual(self.truth(table(20), employees="", a="1"), YES)        # 20 to 70
        self.assertEqual(self.truth(table(0)), YES)

    def test_an_unknown_tier_before_a_true_one_cannot_miss(self):
        item = {"tiers": [{"when": {"field": "a", "is": True}, "points": 10}, {"when": {"field": "b", "is": True}, "points": 30}]}
        self.assertEqual(self.truth({"points": 10, "of": [item]}, a="", b="1"), YES)      # 10 or 30
        self.assertEqual(self.truth({"points": 30, "of": [item]}, a="", b="1"), UNKNOWN)
        self.assertEqual(self.truth({"points": 30, "of": [item]}, a="1", b="1"), NO)      # the first one, though worth less
        self.assertEqual(self.truth({"points": 10, "of": [item]}, a="", b="0"), UNKNOWN)  # 10 or 0

    def test_manual_items(self):
        table = {"points": 40, "of": [self.FLAG, {**MANUAL, "points": 20}]}
        self.expect("review", table, a="1")
        self.expect_one_fact_away(table)
        self.expect("near", table, a="0")
        self.expect("eligible", {**table, "points": 20}, a="1")

    def test_a_table_is_one_condition(self):
        self.expect("near", {"points": 70, "of": [self.TIERS, self.FLAG]}, employees="1", a="0")
        self.expect("ineligible", {"all": [{"points": 20, "of": [self.FLAG]}, {"field": "b", "is": True}]}, a="0", b="0")
        self.expect("ineligible", {"all": [{"points": 20, "of": [self.FLAG]}, {"field": "b", "is": True}]}, a="", b="0")
        self.expect("near", {"not": {"points": 20, "of": [self.FLAG]}}, a="1")
        self.expect("eligible", {"not": {"points": 20, "of": [self.FLAG]}}, a="0")

    def test_fixed_plays_no_part_in_a_table(self):
        fixed = {"tiers": [{"when": {"field": "fixed_number", "ge": 1}, "points": 5}]}
        self.expect("near", {"points": 5, "of": [fixed]}, fixed_number="0")


if __name__ == "__main__":
    unittest.main()
