"""The benchmarks' own parts: rules as SQL count what qice counts, the page is made from recorded results.

    QICE=build/release/qice QICE_BENCH=build/release/bench python3 -m unittest discover -s tests/bench -p test_bench.py

Needs nothing but Python: its sqlite3 runs the SQL. Without $QICE the oracle of the tests counts; without $QICE_BENCH,
where the benchmarks were built, what is compiled of them does not run.
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench" / room) for room in ("peers", "report", "workloads")] + [str(ROOT / "tests/oracle")]

import catalogue  # noqa: E402
import oracle  # noqa: E402
import plain_rules  # noqa: E402
import plot  # noqa: E402
import random_city  # noqa: E402
import report  # noqa: E402
import sql_rules  # noqa: E402
import sqlite_peer  # noqa: E402
import worlds  # noqa: E402

QICE = os.environ.get("QICE")
BENCH = os.environ.get("QICE_BENCH")
READER = Path(BENCH or "") / "peers/qice_peer_reader"
AS_OF = "2026-06-15"


def qice_counts(folder, as_of, standards=None):
    """policy id -> (eligible, review)"""
    counts = folder / "counts.csv"
    environment = os.environ | ({"QICE_DATA": str(standards.parent)} if standards else {})
    done = subprocess.run(
        [
            QICE,
            "match",
            "--policies",
            folder / "policies.jsonl",
            "--firms",
            folder / "firms.csv",
            "--schema",
            folder / "schema.json",
            "--as-of",
            as_of,
            "--counts",
            counts,
            "--json",
            "--quiet",
        ],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 3):
        raise AssertionError(done.stderr)
    with open(counts, newline="", encoding="utf-8") as file:
        return {
            row["policy_id"].removeprefix("'"): (int(row["eligible"]), int(row["review"]))
            for row in csv.DictReader(file)
        }


def oracle_counts(folder, as_of, standards):
    _, counts, _ = oracle.run(
        folder / "schema.json",
        folder / "policies.jsonl",
        folder / "firms.csv",
        oracle.Options(as_of, standards=standards),
    )
    rows = csv.DictReader(counts.decode().splitlines(keepends=True))
    return {row["policy_id"].removeprefix("'"): (int(row["eligible"]), int(row["review"])) for row in rows}


def sql_counts(folder, as_of, form, standards=oracle.STANDARDS):
    work = folder / "work"
    plain_rules.City(folder, as_of, standards).write(work)
    connection = sqlite3.connect(":memory:")
    sqlite_peer.load(work, connection)
    return {id: counts for id, *counts in sqlite_peer.count(connection, sqlite_peer.statements_of(work, form))}


class RulesAsSql(unittest.TestCase):
    def check(self, folder, expected, as_of, standards=oracle.STANDARDS):
        for form in ("where", "filter"):
            counted = sql_counts(folder, as_of, form, standards)
            self.assertTrue(counted)
            self.assertEqual(
                {id: expected[id] for id in counted}, {id: tuple(counts) for id, counts in counted.items()}, form
            )

    def test_random_worlds_count_the_same_in_sql(self):
        """Every operator and node, on and beside the constants, against the oracle."""
        for seed in range(8):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory() as name:
                folder, world = Path(name), worlds.make(seed)
                rows = [
                    row if row.endswith(b"\n") else row + b"\n" for row, clean in zip(world.rows, world.clean) if clean
                ]
                replace(world, rows=rows, clean=[True] * len(rows), layout="jsonl").write(folder)
                expected = oracle_counts(folder, world.as_of, oracle.STANDARDS)
                self.check(folder, expected, world.as_of)

    @unittest.skipUnless(QICE, "needs $QICE")
    def test_a_generated_city_counts_the_same_in_sql(self):
        with tempfile.TemporaryDirectory() as name:
            subprocess.run(
                [QICE, "generate", "--firms", "300", "--policies", "150", "--as-of", AS_OF, "--out", name, "--quiet"],
                check=True,
            )
            expected = qice_counts(Path(name), AS_OF)
            self.assertGreater(sum(eligible for eligible, _ in expected.values()), 100)
            self.check(Path(name), expected, AS_OF)

    @unittest.skipUnless(QICE, "needs $QICE")
    def test_a_random_workload_has_the_density_it_was_asked_for(self):
        for rule, density in {
            "flat": 0.02,
            "apart": 0.02,
            "deep": 0.1,
            "at_least": 0.05,
            "points": 0.05,
            "nested": 0.05,
            "lists": 0.05,
        }.items():
            with self.subTest(rule=rule), tempfile.TemporaryDirectory() as name:
                sys.argv = [
                    "random_city.py",
                    "--out",
                    name,
                    "--firms",
                    "300",
                    "--policies",
                    "40",
                    "--rule",
                    rule,
                    "--density",
                    str(density),
                ]
                random_city.main()
                expected = qice_counts(Path(name), AS_OF)
                share = sum(eligible for eligible, _ in expected.values()) / (300 * 40)
                self.assertTrue(density * 0.6 < share < density * 1.6, share)
                self.check(Path(name), expected, AS_OF)

    def test_types_hold_every_constant(self):
        column = {"name": "c0", "flag": False, "low": 0, "high": 127}
        self.assertEqual(sql_rules.DUCKDB.type_of(column), "TINYINT")
        self.assertEqual(sql_rules.DUCKDB.type_of(column | {"high": 128}), "SMALLINT")
        self.assertEqual(sql_rules.POSTGRESQL.type_of(column | {"low": -40_000}), "INTEGER")
        self.assertEqual(sql_rules.POSTGRESQL.type_of(column | {"high": 2**63 - 1}), "BIGINT")


def value_of(cell, field):
    """What reader.cpp adds up."""
    kind = field["kind"]
    if kind == "number":
        return int(Decimal(cell).scaleb(field.get("decimals", 0)))
    if kind == "date":
        return (date.fromisoformat(cell) - date(1970, 1, 1)).days
    return int(cell) if kind == "flag" else len(cell.split("|")) if kind in ("set", "tags") else 0


def generate(city, firms, policies):
    command = [QICE, "generate", "--firms", firms, "--policies", policies, "--as-of", AS_OF, "--out", city, "--quiet"]
    subprocess.run([str(word) for word in command], check=True)


class ThePeers(unittest.TestCase):
    def test_one_that_its_user_must_build_says_so_where_it_is_absent(self):
        (peer,) = (peer for peer in catalogue.PEERS if peer.name == "be_tree")
        absent = replace(peer, command=("/nowhere/qice_peer_be_tree",))
        self.assertRegex(catalogue.why_not(absent), "^qice_peer_be_tree was not built: .*-DQICE_BE_TREE=")

    @unittest.skipUnless(QICE and BENCH, "needs $QICE and $QICE_BENCH")
    def test_the_reader_says_what_each_column_holds(self):
        with tempfile.TemporaryDirectory() as city:
            generate(city, 700, 0)
            done = subprocess.run([READER, city, AS_OF], input="\n\n", capture_output=True, text=True, check=True)
            _, first, second = map(json.loads, done.stdout.splitlines())
            self.assertEqual(first["fields"], second["fields"])
            schema = json.loads((Path(city) / "schema.json").read_text(encoding="utf-8"))
            with open(Path(city) / "firms.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(first["firms"], 700)
            for field in schema["fields"]:
                cells = [row[field["name"]] for row in rows if row.get(field["name"])]
                if "derive" not in field:
                    wanted = [str(len(cells)), str(sum(value_of(cell, field) for cell in cells))]
                    self.assertEqual(first["fields"][field["name"]], wanted, field["name"])

    @unittest.skipUnless(QICE and BENCH, "needs $QICE and $QICE_BENCH")
    def test_those_in_cpp_answer_as_qice_does(self):
        with tempfile.TemporaryDirectory() as city:
            generate(city, 1500, 200)
            ran = set()
            for program in sorted(set(Path(BENCH).glob("peers/qice_peer_*")) - {READER}):
                with self.subTest(peer=program.name):
                    done = subprocess.run([program, city, AS_OF], input="\n", capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    _, said = map(json.loads, done.stdout.splitlines())
                    self.assertTrue(said["equal"], said)
                    ran.add(program.name.removeprefix("qice_peer_"))
            self.assertLessEqual({"matcher", "bitsets", "bitsets_native", "plain_scan", "eigen"}, ran)


PEER = {
    "what": "peer",
    "peer": "sqlite",
    "title": "SQLite",
    "version": "SQLite 3",
    "how": "one SELECT",
    "leaves_out": "ranking",
    "size": "middle",
    "firms": 50_000,
    "policies": 990,
    "expressed": 980,
    "counts_equal": 980,
    "eligible_share": 0.018,
    "rounds": [4.0, 4.2, 4.4],
    "qice_rounds": [0.02, 0.02, 0.02],
    "seconds": 4.2,
    "qice_seconds": 0.02,
    "ratio": 212.1,
    "ratio_low": 202,
    "ratio_high": 222.2,
    "ns_per_pair": 85.7,
    "qice_ns_per_pair": 0.404,
    "parts": {},
}
POINT = {
    "what": "curve",
    "curve": "threads",
    "unit": "threads",
    "firms": 1000,
    "policies": 100,
    "pairs": 100_000,
    "rounds": [0.5],
    "seconds": {"read": 1, "compile": 0.001, "index": 0.1, "match": 0.5, "write": 0},
    "peak_mib": 12.3,
    "kernels": "avx2",
    "ns_per_pair": 5000,
}


class ThePage(unittest.TestCase):
    def make(self, **parts):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part, lines in parts.items():
                (folder / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            report.make(folder, folder / "page.md", folder / "figures")
            figures = (
                {path.name: path.read_text() for path in sorted((folder / "figures").glob("*"))}
                if (folder / "figures").exists()
                else {}
            )
            return (folder / "page.md").read_text(), figures

    def test_without_results_it_says_so(self):
        page, figures = self.make()
        self.assertIn("Not measured yet", page)
        self.assertEqual(figures, {})
        self.assertNotIn("{{", page)

    def test_what_a_program_printed_is_shown_with_its_command(self):
        line = {"what": "program", "name": "qice_bench_ideas", "arguments": ["20", "10"], "lines": ["zone map  2 x", "end"]}
        page, _ = self.make(programs=[line])
        self.assertIn("```text\n$ build/bench/bench/qice_bench_ideas 20 10\nzone map  2 x\nend\n```\n", page)
        self.assertEqual(page.count("$ build/bench/bench/"), 1)

    def test_reading_is_shown_beside_duckdb(self):
        line = {"what": "reading", "title": "DuckDB, text", "version": "DuckDB 1", "leaves_out": "all", "firms": 55_000, "columns": 12,
                "bytes": 20_000_000, "seconds": 0.4, "qice_seconds": 0.2, "ratio": 2, "ratio_low": 1.9, "ratio_high": 2.1}
        page, _ = self.make(reading=[line])
        self.assertIn("55,000 firms in 12 columns, 20 MB; qice takes 100 MB a second.", page)
        self.assertIn("| DuckDB, text | DuckDB 1 | all | 400 ms | 200 ms | **2** (1.9 to 2.1) |", page)

    def test_nights_are_shown_beside_sql(self):
        line = {"what": "night", "night": "first", "firms": 50_000, "policies": 990, "pushes": 12_345, "seconds": 42,
                "qice_seconds": 0.5, "ratio": 84, "ratio_low": 80, "ratio_high": 90}
        page, _ = self.make(night=[line])
        self.assertIn("| first | 50,000 × 990 | 12,345 | 42 s | 500 ms | **84** (80 to 90) |", page)

    def test_peers_and_those_skipped_are_shown(self):
        page, figures = self.make(
            peers=[PEER, {"what": "skipped", "peer": "zen", "title": "zen-engine", "why": "no npm"}]
        )
        self.assertIn(
            "| SQLite | SQLite 3 | 50,000 × 990 | 4.2 s | 20 ms | **212** (202 to 222) | 85.7 ns | 0.404 ns |", page
        )
        self.assertIn("980 of 990 policies can be said in it", page)
        self.assertIn("* zen-engine: no npm", page)
        self.assertIn("figures/peers.svg", page)
        self.assertIn("212 ×", figures["peers.svg"])

    def test_curves_are_drawn_the_same_each_time(self):
        points = [POINT | {"x": 1}, POINT | {"x": 2, "seconds": POINT["seconds"] | {"match": 0.25}}]
        page, figures = self.make(curves=points)
        self.assertIn("| 2 | 250 ms |", page)
        self.assertEqual(figures, self.make(curves=points)[1])
        self.assertTrue(figures["threads.svg"].startswith("<svg"))
        self.assertLess(len(figures["threads.svg"]), 10_000)

    def test_numbers_are_short(self):
        self.assertEqual(
            [report.number(value) for value in (0, 0.02424, 12.54, 999.6, 12_345)],
            ["0", "0.0242", "12.5", "1,000", "12,300"],
        )
        self.assertEqual([plot.short(value) for value in (0.002, 500, 1.5e6)], ["0.002", "500", "1.5 M"])


if __name__ == "__main__":
    unittest.main()
