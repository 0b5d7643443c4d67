"""The oracle's own test: what cells, firms and size standards mean. Worked out by hand from the specification.

    python3 -m unittest discover -s tests/oracle -p 'test_oracle_*.py'
"""

import unittest
from datetime import date
from fractions import Fraction

import oracle
from oracle import NO, UNKNOWN, YES, Bad
from oracle_test import OracleTest


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


if __name__ == "__main__":
    unittest.main()
