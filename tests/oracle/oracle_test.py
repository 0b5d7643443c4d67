"""What the oracle's own tests share: a schema with a field of each kind, and firms and policies of it."""

import csv
import io
import json
import tempfile
import unittest
from datetime import date
from pathlib import Path

import oracle
from oracle import Options

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
