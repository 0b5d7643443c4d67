"""A rule of plain_rules.py as SQL, for DuckDB, PostgreSQL and SQLite alike.

Unknown is NULL, and SQL's AND, OR and NOT are Kleene's. A part of a rule that is only asked "surely true?" (or
"surely false?", under `not`) is translated to just that, so that `at_least` and scoring tables count once.

    statement(rule, "where", dialect)   lets the database skip rows that an earlier condition settled
    statement(rule, "filter", dialect)  every condition is computed for every row

Both give (eligible, eligible or review).
"""

from dataclasses import dataclass

EXACT, SURELY_TRUE, SURELY_FALSE = 0, 1, -1


@dataclass(frozen=True)
class Dialect:
    least: str = "least"
    greatest: str = "greatest"
    types: tuple = ()  # (name, bits) of whole numbers, narrowest first
    flag: str = "BOOLEAN"

    def type_of(self, column):
        if column["flag"]:
            return self.flag
        return next(
            name for name, bits in self.types if -(1 << bits - 1) < column["low"] and column["high"] < 1 << bits - 1
        )


DUCKDB = Dialect(types=(("TINYINT", 8), ("SMALLINT", 16), ("INTEGER", 32), ("BIGINT", 64)))
POSTGRESQL = Dialect(types=(("SMALLINT", 16), ("INTEGER", 32), ("BIGINT", 65)))
SQLITE = Dialect("min", "max", types=(("INTEGER", 65),), flag="INTEGER")
DIALECTS = {"duckdb": DUCKDB, "postgresql": POSTGRESQL, "sqlite": SQLITE}


def create_table(columns, dialect):
    return f"CREATE TABLE firms ({', '.join(column['name'] + ' ' + dialect.type_of(column) for column in columns)})"


def statement(rule, form, dialect):
    certain = Translator(dialect, manual=False).sql(rule, SURELY_TRUE)
    hopeful = Translator(dialect, manual=True).sql(rule, SURELY_TRUE)
    if form == "filter":
        return f"SELECT count(*) FILTER (WHERE {certain}), count(*) FILTER (WHERE {hopeful}) FROM firms"
    if certain == hopeful:
        return f"SELECT count(*), count(*) FROM firms WHERE {certain}"
    return f"SELECT count(*) FILTER (WHERE {certain}), count(*) FROM firms WHERE {hopeful}"


class Translator:
    """`manual`: whether manual conditions are taken as true."""

    def __init__(self, dialect, manual):
        self.dialect, self.manual = dialect, manual

    def sql(self, node, asked):
        """EXACT: the rule's Kleene value. SURELY_TRUE: TRUE exactly where the rule is true, elsewhere FALSE or NULL.
        SURELY_FALSE: FALSE exactly where it is false, elsewhere TRUE or NULL."""
        if "column" in node:
            return leaf(node)
        if "all" in node:
            return joined([self.sql(part, asked) for part in node["all"]], " AND ", "TRUE", "FALSE")
        if "any" in node:
            return joined([self.sql(part, asked) for part in node["any"]], " OR ", "FALSE", "TRUE")
        if "not" in node:
            return f"(NOT {self.sql(node['not'], -asked)})"
        if "at_least" in node:
            items = [[{"when": part, "points": 1}] for part in node["of"]]
            return self.reaches(node["at_least"], items, asked)
        if "points" in node:
            items = [item.get("tiers") or [{"when": {"manual": True}, "points": item["points"]}] for item in node["of"]]
            return self.reaches(node["points"], items, asked)
        if "manual" in node:
            return "TRUE" if self.manual else "FALSE" if asked == SURELY_TRUE else "NULL"
        return "TRUE" if node["always"] else "FALSE"

    def reaches(self, needed, items, asked):
        """Do the points of the items (lists of tiers) sum to `needed`?"""

        def total(side):
            return " + ".join(sql for sql in (self.points(tiers, side)[0] for tiers in items) if sql != "0") or "0"

        if needed <= 0:
            return "TRUE"
        if asked == SURELY_TRUE:
            return f"({total('least')} >= {needed})"
        if asked == SURELY_FALSE:
            return f"({total('most')} >= {needed})"
        return f"(CASE WHEN {total('least')} >= {needed} THEN TRUE WHEN {total('most')} < {needed} THEN FALSE END)"

    def points(self, tiers, side):
        """The least or most points of a list of tiers as SQL, and the bounds of that number."""
        if not tiers:
            return "0", 0, 0
        (rest, rest_low, rest_high), worth = self.points(tiers[1:], side), tiers[0]["points"]
        low, high = min(worth, rest_low), max(worth, rest_high)
        least, when = side == "least", tiers[0]["when"]
        if worth >= rest_high if least else worth <= rest_low:  # unknown counts like false
            test = self.sql(when, SURELY_TRUE)
            sql = rest if test == "FALSE" else f"CASE WHEN {test} THEN {worth} ELSE {rest} END"
        elif worth <= rest_low if least else worth >= rest_high:  # unknown counts like true
            sql = f"CASE WHEN NOT {self.sql(when, SURELY_FALSE)} THEN {rest} ELSE {worth} END"
        else:
            test = self.sql(when, EXACT)
            either = f"{self.dialect.least if least else self.dialect.greatest}({worth}, {rest})"
            sql = f"CASE WHEN {test} THEN {worth} WHEN NOT {test} THEN {rest} ELSE {either} END"
        return (sql if sql == "0" else f"({sql})"), low, high


def leaf(node):
    column = node["column"]
    if "known" in node:
        return f"{column} IS NOT NULL"
    low, high = node.get("from"), node.get("to")
    if low is None and high is None:
        return column
    if high is None:
        return f"{column} >= {low}"
    if low is None:
        return f"{column} <= {high}"
    return f"{column} = {low}" if low == high else f"{column} BETWEEN {low} AND {high}"


def joined(parts, word, neutral, deciding):
    """`neutral` parts vanish, a `deciding` one decides."""
    rest = [part for part in parts if part != neutral]
    if deciding in rest:
        return deciding
    return (rest[0] if len(rest) == 1 else f"({word.join(rest)})") if rest else neutral
