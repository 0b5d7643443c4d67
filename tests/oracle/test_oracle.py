"""The oracle's own test: small cases whose answers were worked out by hand from the specification.

    python3 -m unittest test_oracle        # or: python3 test_oracle.py
"""

import csv
import io
import itertools
import json
import subprocess
import tempfile
import unittest
from datetime import date
from fractions import Fraction
from pathlib import Path

import agree
import oracle
import worlds
from oracle import NO, UNKNOWN, YES, Bad, Options

AS_OF = "2026-11-23"
REGIONS = """code,name,parent,level,alias
44,广东,,province,粤
4419,东莞,44,city,
441900003,东城,4419,town,
65,新疆,,province,
659001,石河子,65,county,
"""
FIELDS = [
    {"name": "revenue", "kind": "number", "unit": "元", "decimals": 2},
    {"name": "cost", "kind": "number", "unit": "元"},
    {"name": "output", "kind": "number", "unit": "万元", "decimals": 1},
    {"name": "employees", "kind": "number", "unit": "人"},
    {"name": "growth", "kind": "number", "unit": "%", "decimals": 1},
    {"name": "plain", "kind": "number", "decimals": 2},
    {"name": "fixed_number", "kind": "number", "fixed": True},
    {"name": "cost_ratio", "kind": "number", "derive": {"ratio": ["cost", "revenue"]}},
    {"name": "percent_ratio", "kind": "number", "unit": "%", "derive": {"ratio": ["cost", "revenue"]}},
    {"name": "both", "kind": "number", "derive": {"sum": ["revenue", "cost"]}},
    {"name": "gap", "kind": "number", "derive": {"difference": ["cost", "revenue"]}},
    {"name": "gap_ratio", "kind": "number", "derive": {"ratio": ["cost", "gap"]}},
    {"name": "established", "kind": "date", "fixed": True},
    {"name": "age", "kind": "number", "derive": {"months_since": "established"}},
    {"name": "region", "kind": "code", "codes": "regions.csv", "fixed": True},
    {"name": "town", "kind": "code", "codes": "regions.csv", "level": "town"},
    {"name": "park", "kind": "code", "codes": "prefix"},
    {"name": "stage", "kind": "category", "values": ["seed", "grown"]},
    {"name": "dishonest", "kind": "flag"},
    {"name": "a", "kind": "flag"}, {"name": "b", "kind": "flag"}, {"name": "c", "kind": "flag"},
    {"name": "quals", "kind": "set", "expires": True},
    {"name": "awards", "kind": "set"},
    {"name": "certs", "kind": "set", "expires": True, "missing": "unknown"},
    {"name": "follows", "kind": "tags"},
    {"name": "name", "kind": "text"},
]
MANUAL = {"manual": "专家评审"}


class OracleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "regions.csv").write_text(REGIONS, encoding="utf-8")
        (self.folder / "schema.json").write_text(json.dumps({"id": "id", "fields": FIELDS}), encoding="utf-8")
        self.schema = oracle.Schema(self.folder / "schema.json", oracle.STANDARDS)

    def read(self, data, strict=False):
        path = self.folder / "firms.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        firms, bad = oracle.read_firms(path, self.schema, date.fromisoformat(AS_OF), strict)
        return firms, [row[:3] for row in bad]

    def firm(self, **cells):
        text = io.StringIO()
        csv.writer(text).writerows([["id", *cells], ["F1", *cells.values()]])
        firms, self.bad = self.read(text.getvalue())
        return firms[0]

    def policy(self, rule, **more):
        spec = oracle.load_json(json.dumps({"id": "P", "rule": rule, **more}))
        return oracle.Policy(spec, self.schema, date.fromisoformat(AS_OF))

    def truth(self, rule, **cells):
        return self.policy(rule).rule.truth(self.firm(**cells))

    def expect(self, verdict, rule, **cells):
        self.assertEqual(self.policy(rule).verdict(self.firm(**cells)), (verdict, False))

    def expect_one_fact_away(self, rule, **cells):
        self.assertEqual(self.policy(rule).verdict(self.firm(**cells)), ("needs_data", True))

    def run_match(self, policies, firms, **options):
        (self.folder / "policies.jsonl").write_text("".join(json.dumps(policy) + "\n" for policy in policies), encoding="utf-8")
        (self.folder / "firms.csv").write_text(firms, encoding="utf-8", newline="")
        answers = oracle.run(self.folder / "schema.json", self.folder / "policies.jsonl", self.folder / "firms.csv",
                             Options(AS_OF, **options))
        return [answer.decode() for answer in answers]


class Numbers(OracleTest):
    def held(self, name, text):
        return self.schema.fields[name].parse(text)

    def refused(self, name, text):
        with self.assertRaises(Bad, msg=text):
            self.held(name, text)

    def test_units_scale_to_the_field(self):
        self.assertEqual(self.held("revenue", "1.5亿元"), 150_000_000)
        self.assertEqual(self.held("revenue", "2000万"), 20_000_000)
        self.assertEqual(self.held("revenue", "3千万元"), 30_000_000)
        self.assertEqual(self.held("revenue", " 1234.50 "), Fraction("1234.5"))
        self.assertEqual(self.held("output", "1.5亿元"), 15_000)
        self.assertEqual(self.held("output", "2000万"), 2000)
        self.assertEqual(self.held("output", "5000元"), Fraction("0.5"))
        self.assertEqual(self.held("employees", "1.2千人"), 1200)

    def test_percent(self):
        self.assertEqual(self.held("growth", "3"), 3)
        self.assertEqual(self.held("growth", "3%"), 3)
        self.assertEqual(self.held("plain", "3%"), Fraction("0.03"))
        self.refused("revenue", "3%")

    def test_a_field_without_unit_takes_yuan(self):
        self.assertEqual(self.held("plain", "2万元"), 20_000)
        self.refused("plain", "2人")

    def test_more_decimals_than_the_field_has_are_refused_unless_zero(self):
        self.refused("employees", "1.5")
        self.assertEqual(self.held("employees", "1.0"), 1)
        self.refused("revenue", "0.001")
        self.refused("output", "100元")
        self.refused("plain", "0.3%")

    def test_what_is_no_number(self):
        for text in ("+5", "1,000", "1e5", ".5", "5.", "1 2", "９", "abc", "3%%", "-", "--1", "5亿人"):
            self.refused("revenue", text)

    def test_the_64_bit_border(self):
        self.assertEqual(self.held("employees", "9223372036854775807"), 2**63 - 1)
        self.refused("employees", "9223372036854775808")
        self.refused("employees", "-9223372036854775808")
        self.assertEqual(self.held("revenue", "92233720368547758.07"), Fraction(2**63 - 1, 100))
        self.refused("revenue", "92233720368547758.08")

    def test_a_condition_at_its_bound(self):
        for operator, below, on, above in (("ge", NO, YES, YES), ("gt", NO, NO, YES), ("le", YES, YES, NO),
                                           ("lt", YES, NO, NO), ("eq", NO, YES, NO), ("ne", YES, NO, YES)):
            rule = {"field": "revenue", operator: "2000万元"}
            answers = [self.truth(rule, revenue=text) for text in ("19999999.99", "20000000", "20000000.01")]
            self.assertEqual(answers, [below, on, above], operator)
            self.assertEqual(self.truth(rule, revenue=""), UNKNOWN)

    def test_ratio_is_exact(self):
        three = {"field": "cost_ratio", "ge": "3%"}
        self.assertEqual(self.truth(three, cost="30.3万", revenue="1010万"), YES)
        self.assertEqual(self.truth(three, cost="302999", revenue="1010万"), NO)
        self.assertEqual(self.truth(three, cost="303000", revenue="10100000.01"), NO)
        self.assertEqual(self.truth({"field": "cost_ratio", "eq": 0.03}, cost="303000", revenue="1010万"), YES)
        self.assertEqual(self.truth({"field": "percent_ratio", "eq": 3}, cost="303000", revenue="1010万"), YES)

    def test_ratio_with_a_zero_or_negative_denominator(self):
        rule = {"field": "cost_ratio", "lt": 0}
        self.assertEqual(self.truth(rule, cost="5", revenue="0"), UNKNOWN)
        self.assertEqual(self.truth(rule, cost="0", revenue="0"), UNKNOWN)
        self.assertEqual(self.truth(rule, cost="5", revenue="-2"), YES)
        self.assertEqual(self.truth(rule, cost="-5", revenue="-2"), NO)
        self.assertEqual(self.truth({"field": "cost_ratio", "eq": "-2.5"}, cost="5", revenue="-2"), YES)

    def test_sum_and_difference(self):
        firm = self.firm(revenue="1.25", cost="3")
        self.assertEqual(firm.values["both"], Fraction("4.25"))
        self.assertEqual(firm.values["gap"], Fraction("1.75"))
        self.assertEqual(firm.values["gap_ratio"], Fraction(12, 7))
        self.assertIsNone(self.firm(revenue="1.25").values["both"])

    def test_overflow_of_a_sum_is_a_bad_cell(self):
        firm = self.firm(revenue="92233720368547758", cost="1")
        self.assertIsNone(firm.values["both"])
        self.assertEqual(self.bad, [(2, "F1", "both")])

    def test_an_empty_range_is_refused(self):
        for spec in ({"ge": 5, "le": 4}, {"gt": 5, "le": 5}, {"ge": 5, "lt": 5}, {"eq": 5, "gt": 5}, {"eq": 5, "le": 4}):
            with self.assertRaises(Bad, msg=spec):
                self.policy({"field": "employees", **spec})
        self.policy({"field": "employees", "ge": 5, "le": 5})
        self.policy({"field": "employees", "gt": 5, "lt": 6})


class Dates(OracleTest):
    def test_spellings(self):
        for text in ("2026-01-05", "2026/01/05", "20260105", "2026/1/5", "2026-1-5", " 2026-01-05 "):
            self.assertEqual(oracle.parse_date(text), date(2026, 1, 5), text)
        for text in ("2026-02-29", "2026-13-01", "2026/1-5", "昨天", "0000-01-01", "202615"):
            with self.assertRaises(Bad, msg=text):
                oracle.parse_date(text)
        self.assertEqual(oracle.parse_date("2024-02-29"), date(2024, 2, 29))

    def test_completed_months(self):
        for start, end, months in (("2026-10-23", "2026-11-23", 1), ("2026-10-24", "2026-11-23", 0),
                                   ("2026-10-22", "2026-11-23", 1), ("2026-11-23", "2026-11-23", 0),
                                   ("2026-11-24", "2026-11-23", -1), ("2026-12-23", "2026-11-23", -1),
                                   ("2026-12-24", "2026-11-23", -2), ("2025-11-23", "2026-11-23", 12),
                                   ("2024-01-31", "2024-02-29", 0), ("2024-02-29", "2025-02-28", 11)):
            self.assertEqual(oracle.months_between(date.fromisoformat(start), date.fromisoformat(end)), months, (start, end))

    def test_months_since_follows_the_as_of_date(self):
        self.assertEqual(self.truth({"field": "age", "ge": 12}, established="2025-11-23"), YES)
        self.assertEqual(self.truth({"field": "age", "ge": 12}, established="2025-11-24"), NO)
        self.assertEqual(self.truth({"field": "age", "ge": 12}), UNKNOWN)

    def test_date_operators(self):
        rule = {"field": "established", "ge": "2020-01-01", "lt": "2021-01-01"}
        self.assertEqual(self.truth(rule, established="2020-01-01"), YES)
        self.assertEqual(self.truth(rule, established="2020-12-31"), YES)
        self.assertEqual(self.truth(rule, established="2021-01-01"), NO)


class OtherKinds(OracleTest):
    def test_flags(self):
        for text, truth in (("true", YES), ("TRUE", YES), ("1", YES), ("是", YES), ("否", NO), ("0", NO), ("", UNKNOWN), ("yes", UNKNOWN)):
            self.assertEqual(self.truth({"field": "a", "is": True}, a=text), truth, text)
        self.assertEqual(self.truth({"field": "a", "is": False}, a="否"), YES)

    def test_category(self):
        self.assertEqual(self.truth({"field": "stage", "in": "seed"}, stage="seed"), YES)
        self.assertEqual(self.truth({"field": "stage", "not_in": ["seed"]}, stage="seed"), NO)
        self.assertEqual(self.truth({"field": "stage", "not_in": ["seed"]}, stage="unlisted"), UNKNOWN)
        self.assertEqual(self.bad, [(2, "F1", "stage")])

    def test_codes_follow_the_parent_link(self):
        self.assertEqual(self.truth({"field": "region", "under": "4419"}, region="441900003"), YES)
        self.assertEqual(self.truth({"field": "region", "under": "44"}, region="441900003"), YES)
        self.assertEqual(self.truth({"field": "region", "under": "4419"}, region="4419"), YES)
        self.assertEqual(self.truth({"field": "region", "under": "4419"}, region="44"), NO)
        self.assertEqual(self.truth({"field": "region", "in": "44"}, region="4419"), NO)
        self.assertEqual(self.truth({"field": "region", "under": "44", "not_under": ["4419"]}, region="4419"), NO)
        self.assertEqual(self.truth({"field": "region", "under": "65"}, region="659001"), YES)

    def test_an_alias_is_the_same_code(self):
        self.assertEqual(self.truth({"field": "region", "under": "粤"}, region="4419"), YES)
        self.assertEqual(self.truth({"field": "region", "in": "44"}, region="粤"), YES)

    def test_a_code_on_no_list_or_of_the_wrong_level_is_bad(self):
        self.assertEqual(self.truth({"field": "region", "under": "44"}, region="99"), UNKNOWN)
        self.assertEqual(self.bad, [(2, "F1", "region")])
        self.assertEqual(self.truth({"field": "town", "under": "44"}, town="441900003"), YES)
        self.assertEqual(self.truth({"field": "town", "under": "44"}, town="4419"), UNKNOWN)
        self.assertEqual(self.bad, [(2, "F1", "town")])

    def test_prefix_codes(self):
        self.assertEqual(self.truth({"field": "park", "under": "P1"}, park="P12"), YES)
        self.assertEqual(self.truth({"field": "park", "under": "P12"}, park="P1"), NO)
        self.assertEqual(self.truth({"field": "park", "in": ["P1", "P2"]}, park="P12"), NO)

    def test_a_set_element_counts_on_its_last_day(self):
        rule = {"field": "quals", "has_any": "高新"}
        self.assertEqual(self.truth(rule, quals="高新@2026-11-23"), YES)
        self.assertEqual(self.truth(rule, quals="高新@2026-11-22"), NO)
        self.assertEqual(self.truth(rule, quals="高新"), YES)
        self.assertEqual(self.truth(rule, quals=""), NO)

    def test_ever_operators_see_the_past(self):
        self.assertEqual(self.truth({"field": "quals", "ever_has_any": "高新"}, quals="高新@2020-01-01"), YES)
        self.assertEqual(self.truth({"field": "quals", "ever_has_none": "高新"}, quals="高新@2020-01-01"), NO)
        self.assertEqual(self.truth({"field": "quals", "has_none": "高新"}, quals="高新@2020-01-01"), YES)

    def test_the_latest_date_of_an_element_counts(self):
        rule = {"field": "quals", "has_any": "A"}
        self.assertEqual(self.truth(rule, quals="A@2020-01-01|A@2027-01-01"), YES)
        self.assertEqual(self.truth(rule, quals="A|A@2020-01-01"), YES)

    def test_has_all(self):
        rule = {"field": "quals", "has_all": ["A", "B", "A"]}
        self.assertEqual(self.truth(rule, quals="A | |B|C"), YES)
        self.assertEqual(self.truth(rule, quals="A|B@2026-11-22"), NO)

    def test_a_bad_set_cell_is_unknown_altogether(self):
        self.assertEqual(self.truth({"field": "quals", "has_any": "A"}, quals="A|B@soon"), UNKNOWN)
        self.assertEqual(self.truth({"field": "quals", "has_none": "A"}, quals="A|B@"), UNKNOWN)

    def test_missing_unknown(self):
        self.assertEqual(self.truth({"field": "certs", "has_any": "A"}, certs=""), UNKNOWN)
        self.assertEqual(self.truth({"field": "certs", "has_any": "A"}, certs="B"), NO)

    def test_without_expires_the_at_sign_is_part_of_the_name(self):
        self.assertEqual(self.truth({"field": "awards", "has_any": "ISO@9001"}, awards="ISO@9001"), YES)

    def test_known(self):
        for cells, truth in (({"revenue": "1"}, YES), ({"revenue": ""}, NO), ({"revenue": "word"}, NO)):
            self.assertEqual(self.truth({"field": "revenue", "known": True}, **cells), truth)
            self.assertEqual(self.truth({"field": "revenue", "known": False}, **cells), 2 - truth)
        self.assertEqual(self.truth({"field": "quals", "known": True}), YES)
        self.assertEqual(self.truth({"field": "certs", "known": True}), NO)
        self.assertEqual(self.truth({"field": "follows", "known": True}), YES)
        self.assertEqual(self.truth({"field": "name", "known": True}), NO)
        self.assertEqual(self.truth({"field": "name", "known": True}, name="n"), YES)

    def test_known_beside_other_operators_is_the_minimum(self):
        self.assertEqual(self.truth({"field": "revenue", "ge": 5, "known": True}), NO)
        self.assertEqual(self.truth({"field": "revenue", "ge": 5, "known": False}), UNKNOWN)
        self.assertEqual(self.truth({"field": "revenue", "ge": 5, "known": True}, revenue="5"), YES)

    def test_tags(self):
        self.assertEqual(oracle.parse_tags("AI:0.8| 出口 ||a:b:0.001"), {"AI": 800, "出口": 1000, "a:b": 1})
        self.assertEqual(oracle.parse_tags("AI:1.0000"), {"AI": 1000})
        for text in ("AI:1.5", "AI:0.1234", "AI:x", "AI|AI", "AI:-0.1", "AI:"):
            with self.assertRaises(Bad, msg=text):
                oracle.parse_tags(text)


class SizeStandard(unittest.TestCase):
    """Bounds of 统计上大中小微型企业划分办法（2017）; money in 万元."""

    def setUp(self):
        self.sizes = oracle.SizeClasses(oracle.STANDARDS / "sme_size.csv")
        self.gbt = oracle.Codes(oracle.STANDARDS / "gbt4754.csv")

    def size(self, industry, employees=None, revenue=None, assets=None):
        return self.sizes.size(self.gbt.up(industry), {"employees": employees, "revenue": revenue, "assets": assets})

    def test_manufacturing(self):
        self.assertEqual(self.size("3921", 1000, 40000), "large")
        self.assertEqual(self.size("3921", 1000, Fraction("39999.99")), "medium")
        self.assertEqual(self.size("3921", 999, 40000), "medium")
        self.assertEqual(self.size("3921", 299, 500000), "small")
        self.assertEqual(self.size("3921", 20, 300), "small")
        self.assertEqual(self.size("3921", 19, 500000), "micro")
        self.assertEqual(self.size("3921", 5000, 299), "micro")

    def test_one_indicator_and_money_only(self):
        self.assertEqual(self.size("0111", revenue=20000), "large")
        self.assertEqual(self.size("0111", revenue=Fraction("49.99")), "micro")
        self.assertEqual(self.size("7310", employees=300), "large")
        self.assertEqual(self.size("4710", revenue=80000, assets=4999), "small")
        self.assertEqual(self.size("7212", employees=350, assets=7999), "small")

    def test_591_is_transport_and_592_is_storage(self):
        self.assertEqual(self.size("5910", 150, 3000), "small")
        self.assertEqual(self.size("5920", 150, 3000), "medium")

    def test_no_class(self):
        for industry in ("F", "59", "J", "6621", "53", "5310"):
            self.assertIsNone(self.size(industry, 5000, 500000, 500000), industry)

    def test_a_missing_indicator(self):
        self.assertEqual(self.size("3921", 19), "micro")
        self.assertIsNone(self.size("3921", 20))
        self.assertIsNone(self.size("3921"))
        self.assertEqual(self.size("3921", 300, 2000, None), "medium")


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
