"""SQLite counts the eligible and review firms of each policy: one SELECT a policy over a table in memory."""

import sqlite3
import sys
from pathlib import Path

import plain_rules
import sql_rules
from peer import serve


def load(work, connection):
    columns = plain_rules.read_columns(work)
    connection.execute(sql_rules.create_table(columns, sql_rules.SQLITE))
    with open(Path(work) / "table.csv") as file:
        next(file)
        rows = ([int(cell) if cell else None for cell in line.rstrip("\n").split(",")] for line in file)
        connection.executemany(f"INSERT INTO firms VALUES ({','.join('?' * len(columns))})", rows)
    connection.execute("ANALYZE")


def count(connection, statements):
    out = []
    for id, sql in statements:
        ((eligible, hopeful),) = connection.execute(sql)
        out.append((id, eligible, hopeful - eligible))
    return out


def statements_of(work, form):
    return [(id, sql_rules.statement(rule, form, sql_rules.SQLITE)) for id, rule in plain_rules.read_rules(work)]


if __name__ == "__main__":
    work, counts, form = sys.argv[1:]
    connection = sqlite3.connect(":memory:", cached_statements=1 << 20)
    load(work, connection)
    statements = statements_of(work, form)
    serve(counts, {"version": f"SQLite {sqlite3.sqlite_version}"}, lambda: count(connection, statements))
