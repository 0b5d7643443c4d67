"""The night as SQL that bench/peers measures does what the model does, over random fortnights, in Python's sqlite3.

    python3 -m unittest discover -s tests/nights -p test_sql.py
"""

import csv
import json
import sqlite3
import sys
import tempfile
import unittest
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import fortnight
import model
from model import oracle

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench/peers"))
import night_sql  # noqa: E402
import sql_rules  # noqa: E402

KNOWN = ("eligible", "review")  # to the SQL


class NightAsSql(unittest.TestCase):
    def test_fortnights_give_the_ledger_of_the_model(self):
        pushes = 0
        for seed in range(6):
            made = fortnight.make(seed)
            portal = fortnight.portal_of(made)
            firms = night_sql.numbered({id for night in made.nights for id in night.firms})
            policies = night_sql.numbered({id for night in made.nights for id in night.policies})
            for at, night in enumerate(made.nights):
                night.apply(portal)
                statuses = tuple(status for status in night.options.statuses if status in KNOWN) or KNOWN[:1]
                options = replace(night.options, statuses=statuses)
                with self.subTest(seed=seed, night=at):
                    found = self.sql_night(made, portal, options, firms, policies)
                    new = model.night(portal, options)
                    self.assertEqual(found, sorted(row_of(push, firms, policies) for push in portal.ledger))
                    pushes += len(new)
        self.assertGreater(pushes, 300)

    def sql_night(self, made, portal, options, firms, policies):
        """The ledger after the night."""
        with tempfile.TemporaryDirectory() as folder:
            write_portal(made, portal, folder)
            city = night_sql.NightCity(folder, options.as_of, firm_numbers=firms, policy_numbers=policies)
        base = sqlite3.connect(":memory:")
        for sql in [*night_sql.create_tables(city, sql_rules.SQLITE), *night_sql.create_ledger()]:
            base.execute(sql)
        insert(base, "firms", list(night_sql.rows(city)))
        insert(base, "opt_outs", [(firms[firm], tag) for firm, tag in portal.opt_outs])
        insert(base, "pushes", [row_of(push, firms, policies) for push in portal.ledger])
        for sql in night_sql.pair_statements(city, sql_rules.SQLITE):
            base.execute(sql)
        first_day, statuses = None, tuple(map(oracle.STATUSES.index, options.statuses))
        if options.per_firm_days:
            first_day = oracle.parse_date(options.as_of) - timedelta(options.per_firm_days[1] - 1)
        limits = night_sql.Limits(options.per_firm, options.per_firm_days, statuses)
        for sql in night_sql.night(options.as_of, limits, first_day):
            base.execute(sql)
        return sorted(base.execute("SELECT * FROM pushes"))


def row_of(push, firms, policies):
    return (push.as_of, firms[push.firm], policies[push.policy], push.version, oracle.STATUSES.index(push.status),
            push.rank, push.score)


def insert(base, table, found):
    if found:
        base.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(found[0]))})", found)


def write_portal(made, portal, folder):
    made.write_schema(folder)
    columns = list(next(iter(portal.firms.values()), {}))
    with open(Path(folder) / "firms.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([made.schema["id"], *columns])
        writer.writerows([id, *(cells[name] for name in columns)] for id, cells in portal.firms.items())
    specs = [json.dumps(spec, ensure_ascii=False) + "\n" for spec in portal.policies.values()]
    (Path(folder) / "policies.jsonl").write_text("".join(specs), encoding="utf-8")


if __name__ == "__main__":
    unittest.main()
