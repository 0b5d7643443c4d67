"""The statements of a database as JSON lines, for peers that are not written in Python.

    python3 sql_statements.py WORK duckdb where     the first line creates the table, then {"id", "sql"} a policy
"""

import json
import sys

import plain_rules
import sql_rules

if __name__ == "__main__":
    work, name, form = sys.argv[1:]
    dialect = sql_rules.DIALECTS[name]
    print(json.dumps({"table": sql_rules.create_table(plain_rules.read_columns(work), dialect)}))
    for id, rule in plain_rules.read_rules(work):
        print(json.dumps({"id": id, "sql": sql_rules.statement(rule, form, dialect)}, ensure_ascii=False))
