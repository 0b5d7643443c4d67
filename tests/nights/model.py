"""The nightly push over plain Python data: slow, and obviously what the specification says.

    portal = Portal(schema)                              # schema: of tests/oracle, which judges and scores each pair
    portal.firms["A"] = {"revenue": "2000万元"}           # id -> texts of its cells
    portal.policies["P"] = {"id": "P", "rule": {"all": []}}
    new = night(portal, Options(as_of="2026-06-15"))     # and the ledger has grown by `new`

Nothing here is shared with the program. Every night looks at every pair and at the whole ledger. How doubtful points
are read stands at the step they concern; docs/push.md says the same for users.
"""

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))
import oracle  # noqa: E402

EVERYTHING = ""  # the tag of an opt-out of everything


@dataclass(frozen=True)
class Options:
    as_of: str
    statuses: tuple = ("eligible", "review")
    per_firm: int = 5
    per_firm_days: tuple | None = None  # (N, M): no more than N in M days
    learn: bool = False  # weigh the tags a firm follows by its answers


@dataclass(frozen=True, order=True)
class Push:
    """One row of the ledger; `score` in millionths."""

    as_of: str
    firm: str
    policy: str
    version: int
    status: str
    rank: int
    score: int


@dataclass
class Portal:
    """What the store holds on one day."""

    schema: oracle.Schema
    firms: dict = field(default_factory=dict)
    policies: dict = field(default_factory=dict)
    opt_outs: set = field(default_factory=set)  # (firm, tag)
    ledger: list = field(default_factory=list)  # without what was withdrawn: that counts as never pushed
    sent: set = field(default_factory=set)
    carried: dict = field(default_factory=dict)  # push -> the policy's tags as it was made
    answers: dict = field(default_factory=dict)  # push -> opened, dismissed, applied, accepted or returned


@dataclass(frozen=True)
class Pair:
    firm: str
    policy: oracle.Policy
    status: str
    rank: int
    score: int
    one_fact_away: bool

    @property
    def version(self):
        return int(self.policy.spec.get("version", 1))

    def in_firm_order(self):
        return self.firm.encode(), oracle.STATUSES.index(self.status), self.rank

    def in_policy_order(self):
        return oracle.STATUSES.index(self.status), not self.one_fact_away, -self.score, self.firm.encode()


def night(portal, options):
    """One night: the new pushes, which it also records."""
    pairs = without_opt_outs(all_pairs(portal, options), portal.opt_outs)
    pairs = first_of_each_group(pairs)
    pairs = not_yet_pushed(pairs, portal.ledger)
    pairs = within_firms_limits(pairs, portal.ledger, options)
    pairs = within_quotas(pairs, portal.ledger)
    new = sorted(Push(options.as_of, pair.firm, pair.policy.id, pair.version, pair.status, pair.rank, pair.score)
                 for pair in pairs)
    portal.ledger += new
    tags = {pair.policy.id: pair.policy.tags for pair in pairs}
    portal.carried.update({push: tags[push.policy] for push in new})
    return new


def delivery(portal, as_of):
    """A sender takes all that is pending: (what it gets and sends, what is withdrawn). What is not true on this day is withdrawn: not
    open, another version, gone, opted out, or a lesser status than was told."""
    pairs = without_opt_outs(all_pairs(portal, Options(as_of, tuple(oracle.STATUSES))), portal.opt_outs)
    now = {(pair.firm, pair.policy.id, pair.version): oracle.STATUSES.index(pair.status) for pair in pairs}
    pending = [push for push in portal.ledger if push not in portal.sent]
    still = lambda push: now.get((push.firm, push.policy, push.version), 99) <= oracle.STATUSES.index(push.status)
    taken, withdrawn = [push for push in pending if still(push)], [push for push in pending if not still(push)]
    portal.sent.update(taken)
    portal.ledger = [push for push in portal.ledger if push not in withdrawn]
    return taken, withdrawn


def all_pairs(portal, options):
    """Step 1: all pairs with one of the chosen statuses, in each firm's order; the rank is that within the status."""
    as_of = oracle.parse_date(options.as_of)
    specs = [oracle.load_json(oracle.json.dumps(spec)) for spec in portal.policies.values()]
    judged = oracle.judge_policies(specs, portal.schema, oracle.Options(options.as_of))
    found = []
    for id, cells in portal.firms.items():
        firm, _ = oracle.read_firm(id, cells, portal.schema, as_of)
        tags = firm.values[portal.schema.tags] if portal.schema.tags else {}
        if options.learn:
            tags = learnt(tags, [(portal.carried[push], answer) for push, answer in portal.answers.items() if push.firm == id])
        by_status = {status: [] for status in oracle.STATUSES if status in options.statuses}
        for policy, life_cycle in judged:
            status, one_fact_away = policy.verdict(firm)
            if life_cycle == "open" and status in by_status:
                by_status[status].append((not one_fact_away, -policy.score(firm, tags), policy.id.encode(), policy))
        for status, rows in by_status.items():
            for rank, (later, minus_score, _, policy) in enumerate(sorted(rows, key=lambda row: row[:3]), 1):
                found.append(Pair(id, policy, status, rank, -minus_score, not later))
    return sorted(found, key=Pair.in_firm_order)


def learnt(tags, answers):
    """Weights in thousandths after answers to pushes whose policies carried tags."""
    worth = {"dismissed": -1, "opened": 1, "applied": 2, "accepted": 2, "returned": 2}
    after = {}
    for tag, weight in tags.items():
        taste = sum(worth[answer] for carried, answer in answers if carried.get(tag, 0) > 0)
        after[tag] = min(1000, weight * (10 + max(-5, min(5, taste))) // 10)
    return after


def without_opt_outs(pairs, opt_outs):
    """Step 1: a policy carries each tag that its `tags` name, whatever the weight."""
    return [pair for pair in pairs if (pair.firm, EVERYTHING) not in opt_outs
            and not any((pair.firm, tag) in opt_outs for tag in pair.policy.tags)]


def first_of_each_group(pairs):
    """Step 2: whether or not the first was pushed before."""
    kept, taken = [], set()
    for pair in pairs:
        place = pair.firm, pair.policy.spec.get("exclusive_group")
        if place[1] is None or place not in taken:
            kept.append(pair)
            taken.add(place)
    return kept


def not_yet_pushed(pairs, ledger):
    """Step 3: whatever the night of the earlier pushes was; better is earlier in the order of the statuses."""
    better = lambda status, than: oracle.STATUSES.index(status) < oracle.STATUSES.index(than)
    statuses = grouped(ledger, lambda push: (push.firm, push.policy, push.version), lambda push: push.status)
    return [pair for pair in pairs
            if all(better(pair.status, pushed) for pushed in statuses.get((pair.firm, pair.policy.id, pair.version), []))]


def within_firms_limits(pairs, ledger, options):
    """Step 4: what an earlier run of this night recorded counts too; M days are this one and the M - 1 before it."""
    tonight = oracle.parse_date(options.as_of)
    nights = grouped(ledger, lambda push: push.firm, lambda push: oracle.parse_date(push.as_of))

    def pushed_in(firm, days):
        return sum(timedelta(0) <= tonight - night < timedelta(days) for night in nights.get(firm, []))

    kept, room = [], {}
    for pair in pairs:
        if pair.firm not in room:
            room[pair.firm] = options.per_firm - pushed_in(pair.firm, 1)
            if options.per_firm_days:
                most, days = options.per_firm_days
                room[pair.firm] = min(room[pair.firm], most - pushed_in(pair.firm, days))
        if room[pair.firm] > 0:
            kept.append(pair)
            room[pair.firm] -= 1
    return kept


def within_quotas(pairs, ledger):
    """Step 5: a quota is of firms, so one that was pushed this version before, with a worse status, has its place."""
    kept = []
    holders = grouped(ledger, lambda push: (push.policy, push.version), lambda push: push.firm)
    for pair in sorted(pairs, key=Pair.in_policy_order):
        quota, key = pair.policy.spec.get("quota"), (pair.policy.id, pair.version)
        firms = holders.setdefault(key, [])
        if quota is None or pair.firm in firms or len(set(firms)) < quota:
            kept.append(pair)
            firms.append(pair.firm)
    return kept


def grouped(items, key, value):
    """key -> values, in order."""
    found = {}
    for item in items:
        found.setdefault(key(item), []).append(value(item))
    return found
