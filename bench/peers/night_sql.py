"""A night of `qice push` as SQL, the way a careful engineer would write it: for PostgreSQL, and for SQLite's tests.

    city = NightCity(folder, as_of)                       # schema.json, policies.jsonl, firms.csv
    for sql in create_tables(city, dialect): ...          # and rows(city) go into firms
    for sql in pair_statements(city): ...                 # step 1, one INSERT a policy, any order
    for sql in night(as_of, Limits()): ...                # steps 1 to 5, sets and window functions; `pushes` grows

Firms and policies are numbered in the order of the bytes of their ids, so ties are broken by number. A firm's tags are
columns of the table, so that its score comes with the scan that judges it. Eligible is status 0, review 1.
"""

from dataclasses import dataclass

import plain_rules
import sql_rules
from plain_rules import oracle


@dataclass(frozen=True)
class Limits:
    per_firm: int = 5
    per_firm_days: tuple | None = None  # (N, M)
    statuses: tuple = (0, 1)


class NightCity(plain_rules.City):
    """`firm_numbers`, `policy_numbers`: id -> number, of more firms and policies than there are, if need be."""

    def __init__(self, folder, as_of, standards=oracle.STANDARDS, firm_numbers=None, policy_numbers=None):
        super().__init__(folder, as_of, standards)
        self.prefer = {
            policy.id: [(self.rule(each["when"]), int(oracle.millionths(each["add"]))) for each in self.prefers(policy)]
            for policy in self.open
        }
        self.firm_numbers = firm_numbers or numbered(self.ids)
        self.policy_numbers = policy_numbers or numbered(policy.id for policy in self.policies)
        self.tags = {tag: f"t{at}" for at, tag in enumerate(sorted({tag for policy in self.open for tag in policy.tags}))}

    @staticmethod
    def prefers(policy):
        return policy.spec.get("prefer", [])

    def rules_of(self, policy):
        return [policy.spec["rule"], *(each["when"] for each in self.prefers(policy))]

    def needed_fields(self):
        needed = super().needed_fields()
        return {name: field for name, field in self.schema.fields.items() if name in needed or name == self.schema.tags}


def numbered(ids):
    return {id: at for at, id in enumerate(sorted(ids, key=str.encode))}


def firm_columns(city):
    """Name -> a number or None for each firm."""
    columns = {name: city.numbers_of(what) for what, name in city.columns.items()}
    follows = city.values.get(city.schema.tags, [{}] * len(city.ids))
    for tag, name in city.tags.items():
        columns[name] = [tags.get(tag, 0) for tags in follows]
    return columns


def rows(city):
    """One row a firm for the table `firms`."""
    return zip([city.firm_numbers[id] for id in city.ids], *firm_columns(city).values())


def create_tables(city, dialect):
    """The tables of a night; `pushes` is made by create_ledger."""
    flags = {name for what, name in city.columns.items() if city.is_flag(what)}
    whole = "BIGINT" if dialect is sql_rules.POSTGRESQL else "INTEGER"
    columns = [f"{name} {dialect.flag if name in flags else whole}" for name in city.columns.values()]
    columns += [f"{name} {whole} NOT NULL" for name in city.tags.values()]
    yield f"CREATE TABLE firms ({', '.join(['firm INTEGER NOT NULL', *columns])})"
    yield "CREATE TABLE policies (policy INTEGER PRIMARY KEY, version BIGINT, exclusive_group TEXT, quota BIGINT)"
    yield "CREATE TABLE policy_tags (policy INTEGER, tag TEXT)"
    yield "CREATE TABLE opt_outs (firm INTEGER, tag TEXT)"  # tag '': of everything
    unlogged = "UNLOGGED " if dialect is sql_rules.POSTGRESQL else ""
    yield f"CREATE {unlogged}TABLE pairs (firm INTEGER, policy INTEGER, status INTEGER, score BIGINT)"
    for policy in city.policies:
        number, group = city.policy_numbers[policy.id], policy.spec.get("exclusive_group")
        quota = policy.spec.get("quota")
        yield (
            f"INSERT INTO policies VALUES ({number}, {int(policy.spec.get('version', 1))}, {text(group)}, "
            f"{'NULL' if quota is None else int(quota)})"
        )
        for tag in policy.tags:
            yield f"INSERT INTO policy_tags VALUES ({number}, {text(tag)})"


def create_ledger():
    yield (
        "CREATE TABLE pushes (as_of TEXT, firm INTEGER, policy INTEGER, version BIGINT, status INTEGER, rank INTEGER, "
        "score BIGINT)"
    )
    yield "CREATE INDEX pushes_of_a_pair ON pushes (firm, policy)"


def text(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def pair_statements(city, dialect):
    """Which firms a policy is for, with what status and score."""
    certain, hopeful = sql_rules.Translator(dialect, manual=False), sql_rules.Translator(dialect, manual=True)
    by_id = {policy.id: policy for policy in city.open}
    for id, rule in city.rules:
        policy = by_id[id]
        sure, maybe = (each.sql(rule, sql_rules.SURELY_TRUE) for each in (certain, hopeful))
        status = "0" if sure == maybe else f"CASE WHEN {sure} THEN 0 ELSE 1 END"
        score = [str(policy.priority)]
        score += [f"{weight} * {city.tags[tag]}" for tag, weight in policy.tags.items() if weight]
        for when, add in city.prefer[id]:
            score.append(f"CASE WHEN {certain.sql(when, sql_rules.SURELY_TRUE)} THEN {add} ELSE 0 END")
        yield (
            f"INSERT INTO pairs SELECT firm, {city.policy_numbers[id]}, {status}, {' + '.join(score)} "
            f"FROM firms WHERE {maybe}"
        )


def night(as_of, limits, first_days=None):
    """`first_days`: of the days that --per-firm-days looks back on, the first. One statement a step or two."""
    statuses = ", ".join(map(str, limits.statuses))
    yield "DROP TABLE IF EXISTS due"
    yield f"""CREATE TABLE due AS
        WITH ranked AS (
            SELECT firm, policy, status, score,
                   row_number() OVER (PARTITION BY firm, status ORDER BY score DESC, policy) AS rank
            FROM pairs WHERE status IN ({statuses})),
        allowed AS (
            SELECT ranked.*, version, exclusive_group, quota
            FROM ranked JOIN policies ON policies.policy = ranked.policy
            WHERE NOT EXISTS (SELECT 1 FROM opt_outs WHERE opt_outs.firm = ranked.firm AND (tag = '' OR tag IN
                  (SELECT tag FROM policy_tags WHERE policy_tags.policy = ranked.policy)))),
        grouped AS (
            SELECT firm, policy, status, score, rank, version, quota,
                   row_number() OVER (PARTITION BY firm, exclusive_group ORDER BY status, rank) AS place
            FROM allowed WHERE exclusive_group IS NOT NULL
            UNION ALL
            SELECT firm, policy, status, score, rank, version, quota, 1 FROM allowed WHERE exclusive_group IS NULL),
        fresh AS (
            SELECT * FROM grouped WHERE place = 1 AND NOT EXISTS (
                SELECT 1 FROM pushes
                WHERE pushes.firm = grouped.firm AND pushes.policy = grouped.policy
                  AND pushes.version = grouped.version AND pushes.status <= grouped.status)),
        placed AS (
            SELECT firm, policy, status, score, rank, version, quota,
                   row_number() OVER (PARTITION BY firm ORDER BY status, rank) AS place
            FROM fresh),
        counted AS (
            SELECT firm, sum(CASE WHEN as_of = '{as_of}' THEN 1 ELSE 0 END) AS tonight, count(*) AS lately
            FROM pushes WHERE as_of BETWEEN '{first_days or as_of}' AND '{as_of}' GROUP BY firm)
        SELECT placed.firm, policy, status, score, rank, version, quota
        FROM placed LEFT JOIN counted ON counted.firm = placed.firm
        WHERE place <= {limits.per_firm} - coalesce(tonight, 0) {days_limit(limits)}"""
    yield f"""INSERT INTO pushes
        WITH holders AS (
            SELECT DISTINCT pushes.policy, pushes.version, firm
            FROM pushes JOIN policies ON policies.policy = pushes.policy AND policies.version = pushes.version
            WHERE quota IS NOT NULL),
        taken AS (SELECT policy, count(*) AS firms FROM holders GROUP BY policy),
        seated AS (
            SELECT due.*, 0 AS place FROM due WHERE quota IS NULL OR EXISTS (
                SELECT 1 FROM holders WHERE holders.policy = due.policy AND holders.firm = due.firm)
            UNION ALL
            SELECT due.*, row_number() OVER (PARTITION BY due.policy ORDER BY status, score DESC, due.firm)
                          + coalesce((SELECT firms FROM taken WHERE taken.policy = due.policy), 0) AS place
            FROM due WHERE quota IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM holders WHERE holders.policy = due.policy AND holders.firm = due.firm))
        SELECT '{as_of}', firm, policy, version, status, rank, score FROM seated WHERE place = 0 OR place <= quota"""


def days_limit(limits):
    return f"AND place <= {limits.per_firm_days[0]} - coalesce(lately, 0)" if limits.per_firm_days else ""
