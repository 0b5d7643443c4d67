"""Two random weeks in the life of a portal, from one seed: what its store is told, and which nights are run.

    fortnight = make(seed)
    for night in fortnight.nights: night.apply(portal); model.night(portal, night.options)
    check(fortnight)                 # runs the model over it; asserts what holds of every ledger

    python3 fortnight.py --seeds 0:20     # how many pushes, and what was seen

Firms and policies come, change with and without a new version, and go; windows open and close; policies supersede one
another; firms opt out and in; nights are left out, run again, and run late.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import model
from model import EVERYTHING, Options, Portal, oracle

import worlds  # of tests/oracle, whose folder model has put on the path

STATUS_CHOICES = [("eligible", "review")] * 5 + [oracle.STATUSES] * 3 + [
    ("eligible",), ("review", "needs_data"), ("near", "eligible"), ("eligible", "review", "near")]
SIGHTS = {*oracle.STATUSES, "opted out of everything", "opted out of a tag", "group", "pushed before", "better status",
          "firm's limit", "limit over days", "quota", "superseded", "closed", "not_in_force", "withdrawn", "draft",
          "again", "late", "leap day", "new version", "returned", "learnt"}
ANSWERS = ("opened", "dismissed", "dismissed", "dismissed", "applied", "accepted", "returned")


@dataclass
class Night:
    """What changes before it, and how it is run."""

    options: Options
    firms: dict = field(default_factory=dict)  # id -> texts of all its cells
    policies: dict = field(default_factory=dict)  # id -> spec
    gone_firms: set = field(default_factory=set)
    gone_policies: set = field(default_factory=set)
    opt_outs: set = field(default_factory=set)  # all that hold, not the change
    whole: bool = False  # the portal delivers all it has, and what is not delivered is gone
    again: bool = False  # the same night is run a second time
    answers: int = 0  # seed of what firms answer before it

    def apply(self, portal):
        for gone, kept in ((self.gone_firms, portal.firms), (self.gone_policies, portal.policies)):
            for id in gone:
                kept.pop(id, None)
        portal.firms.update(self.firms)
        portal.policies.update(self.policies)
        portal.opt_outs = set(self.opt_outs)

    def answer(self, portal):
        """What firms say to pushes so far, the same for the same ledger: push -> state."""
        dice = random.Random(self.answers)
        new = {push: dice.choice(ANSWERS) for push in portal.ledger if dice.random() < 0.3}
        new = {push: state for push, state in new.items() if push not in portal.answers}
        portal.answers.update(new)
        portal.sent.update(new)
        return new


@dataclass
class Fortnight:
    seed: int
    schema: dict
    lists: dict  # file name -> text of a code list
    nights: list

    def write_schema(self, folder):
        """schema.json and the code lists beside it; returns the path of the schema."""
        for name, text in self.lists.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        path = Path(folder) / "schema.json"
        path.write_text(json.dumps(self.schema, ensure_ascii=False), encoding="utf-8")
        return path

    def only(self, firms, policies, nights):
        """The same with some of its firms, policies and nights; the changes of a dropped night join the next one's."""
        kept, waiting = [], None
        for night in self.nights:
            if waiting:
                night = joined(waiting, night)
            waiting = night
            if any(night.options is each.options for each in nights):
                kept.append(thinned(night, firms, policies))
                waiting = None
        return replace(self, nights=kept)


def joined(early, late):
    """The later night, told all that both are told."""
    firms = {id: cells for id, cells in early.firms.items() if id not in late.gone_firms}
    policies = {id: spec for id, spec in early.policies.items() if id not in late.gone_policies}
    return replace(late, firms={**firms, **late.firms}, policies={**policies, **late.policies},
                   gone_firms=(early.gone_firms - late.firms.keys()) | late.gone_firms,
                   gone_policies=(early.gone_policies - late.policies.keys()) | late.gone_policies,
                   whole=early.whole or late.whole)


def thinned(night, firms, policies):
    return replace(night, firms={id: cells for id, cells in night.firms.items() if id in firms},
                   policies={id: spec for id, spec in night.policies.items() if id in policies},
                   opt_outs={(firm, tag) for firm, tag in night.opt_outs if firm in firms})


def make(seed):
    return Maker(seed).fortnight()


class Maker(worlds.Maker):
    """Of the worlds of tests/oracle, but small, and with days that move."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(f"fortnight {seed}")
        self.wide, self.dirty = False, self.chance(0.3)
        self.firm_count, self.policy_count = self.random.randint(3, 25), self.random.randint(3, 14)
        if seed % 10 == 9:  # more firms than a block of the engine has
            self.firm_count, self.policy_count = self.random.randint(520, 600), self.random.randint(3, 6)
        self.as_of = [date(2024, 2, 28), date(2026, 12, 24), date(2026, 11, 23), date(2026, 2, 20)][seed % 4]
        self.unknown_rate = self.random.choice([0.05, 0.15, 0.3])
        self.constants, self.seen_rules = {}, []
        self.set_names, self.tags = worlds.SET_NAMES, worlds.TAGS
        self.firms, self.policies, self.opt_outs, self.gone = {}, {}, set(), {"firms": [], "policies": []}
        # Of two fortnights one has the same options every night, and few changes: most firms are settled.
        self.steady = self.random.choice(STATUS_CHOICES) if seed % 2 else None
        self.learns = self.chance(0.5)

    # --- what there is

    def cells(self):
        values = self.firm_values()
        return {name: self.cell(self.fields[name], values) for name in self.columns}

    def rule(self):
        roll = self.random.random()
        if roll < 0.15:
            return {"all": []}
        if roll < 0.25:
            return {"manual": "由专家认定"}
        if roll < 0.6:
            parts = [self.condition() for _ in range(self.random.choice([1, 1, 2]))]
            parts += [{"manual": "由专家认定"}] * self.chance(0.3)
            return {self.random.choice(["all", "any"]): parts}
        return super().rule()

    def policy(self, id, ids):
        spec, chance, choice = super().policy(id, ids), self.chance, self.random.choice
        day = lambda days: (self.as_of + timedelta(days)).isoformat()
        for name in ("status", "effective", "windows", "supersedes", "quota", "exclusive_group"):
            spec.pop(name, None)
        if chance(0.15):
            spec["status"] = choice(["published", "published", "draft", "withdrawn"])
        if chance(0.25):
            first = self.random.randint(-9, 9)
            spec["effective"] = {"from": day(first), "to": day(first + self.random.randint(0, 15))}
        if chance(0.35):
            spec["windows"] = []
            for _ in range(choice([1, 1, 2])):
                first = self.random.randint(-9, 9)
                spec["windows"].append({"opens": day(first), "closes": day(first + choice([0, 1, 3, 9]))})
        others = [other for other in ids if other != id]
        if others and chance(0.08):
            spec["supersedes"] = self.some(others, 2)
        if chance(0.4):
            spec["exclusive_group"] = choice(["G", "G", "组"])
        if chance(0.3):
            spec["quota"] = choice([0, 1, 1, 2, 3, 5])
        return spec

    # --- what changes

    def changed_policy(self, spec, ids):
        """Of one spec: a new version, or something about it, or all of it, under the same version."""
        fresh, spec = self.policy(spec["id"], ids), dict(spec)
        how = self.random.choice(["version", "version", "rule", "life", "score", "limits", "all"])
        names = {"version": ["rule"], "rule": ["rule"], "life": ["status", "effective", "windows", "supersedes"],
                 "score": ["priority", "tags", "prefer"], "limits": ["quota", "exclusive_group"]}.get(how)
        if names is None:
            return fresh
        for name in names:
            spec.pop(name, None)
            if name in fresh:
                spec[name] = fresh[name]
        if how == "version":
            spec["version"] = int(spec.get("version", 1)) + self.random.choice([1, 1, 1, 4])
        return spec

    def changed_firm(self, cells):
        fresh = self.cells()
        if self.chance(0.2):
            return fresh
        changed = self.some(cells, 3)
        return {name: fresh[name] if name in changed else cell for name, cell in cells.items()}

    def change(self, kind, kept, make_one, change_one):
        """(changed, gone) of the firms or the policies of a night."""
        changed, gone = {}, set()
        for id in self.random.sample(sorted(kept), len(kept) // self.random.choice([5, 100, 100] if self.steady else [2, 3, 5, 100])):
            if self.chance(0.12):
                gone.add(id)
            else:
                changed[id] = change_one(kept[id])
        for id in [id for id in self.gone[kind] if self.chance(0.2)]:  # one that went comes back
            self.gone[kind].remove(id)
            changed[id] = make_one(id)
        if self.chance(0.4):
            id = f"NEW-{len(kept)}-{self.random.randrange(1000)}"
            changed[id] = make_one(id)
        for id in gone:
            del kept[id]
            self.gone[kind].append(id)
        kept.update(changed)
        return changed, gone

    def changed_opt_outs(self):
        for firm in self.some(self.firms, 2) if self.firms and self.chance(0.4) else []:
            self.opt_outs.add((firm, self.random.choice([EVERYTHING, *self.tags])))
        for each in sorted(self.opt_outs):
            if self.chance(0.15):
                self.opt_outs.remove(each)
        return set(self.opt_outs)

    # --- the nights

    def options(self, as_of):
        days = self.random.choice([None, None, None, (1, 1), (2, 2), (3, 7), (5, 3), (1, 2), (4, 14)])
        statuses, per_firm = self.random.choice(STATUS_CHOICES), self.random.choice([5, 5, 1, 2, 3, 1000])
        if self.steady:
            statuses, per_firm = self.steady, self.random.choice([1000, 1000, 2])
        return Options(as_of.isoformat(), statuses, per_firm, days, self.learns)

    def night(self, as_of, first):
        if first:
            firms, gone_firms = dict(self.firms), set()
            policies, gone_policies = dict(self.policies), set()
        else:
            firms, gone_firms = self.change("firms", self.firms, lambda id: self.cells(), self.changed_firm)
            policies, gone_policies = self.change("policies", self.policies, lambda id: self.policy(id, list(self.policies)),
                                                  lambda spec: self.changed_policy(spec, list(self.policies)))
        return Night(self.options(as_of), firms, policies, gone_firms, gone_policies, self.changed_opt_outs(),
                     bool(gone_firms or gone_policies) or self.chance(0.2), self.chance(0.3), self.random.randrange(10**9))

    def fortnight(self):
        self.make_schema()
        self.columns = [field["name"] for field in self.schema["fields"] if "derive" not in field]
        self.eager = {name: self.random.choice([0, 0.3, 1, 1, 2]) for name in self.fields}
        ids = self.policy_ids()
        self.policies = {id: self.policy(id, ids) for id in ids}
        odd = ["=1+1", "a,b", 'c"d', "\U00020000", "\uff5e", "é", "'q"]
        ids = self.random.sample(odd, 2) + [f"F{number:03}" for number in range(self.firm_count)]
        self.firms = {id: self.cells() for id in ids[:self.firm_count]}
        nights = []
        for number in range(14):
            late = number > 3 and self.chance(0.08)  # a night of some days ago
            nights.append(self.night(self.as_of - timedelta(self.random.randint(1, 4) if late else 0), number == 0))
            if not late:
                self.as_of += timedelta(self.random.choice([1, 1, 1, 1, 1, 2, 3]))
        return Fortnight(self.seed, self.schema, self.lists, nights)


# --- the model over a fortnight -------------------------------------------------------------------

def portal_of(fortnight, standards=oracle.STANDARDS):
    """An empty portal with the schema of a fortnight."""
    with tempfile.TemporaryDirectory() as folder:
        return Portal(oracle.Schema(fortnight.write_schema(folder), standards))


def check(fortnight):
    """Runs the model over a fortnight; asserts what must hold of any ledger; returns the sights that were seen."""
    portal, sights, days = portal_of(fortnight), set(), [""]
    for night in fortnight.nights:
        before, known = list(portal.ledger), set(portal.firms)
        night.apply(portal)
        night.answer(portal)
        sights |= sights_of(portal, night.options)
        sights |= {"learnt"} if learns_something(portal, night.options) else set()
        sights |= {"returned" for push in before if push.firm in night.firms.keys() - known}
        new = model.night(portal, night.options)
        check_new(portal, night.options, before, new)
        if night.again:
            sights.add("again")
            assert model.night(portal, night.options) == [], f"seed {fortnight.seed}: the same night again pushed more"
        sights |= {"late"} if night.options.as_of < days[-1] else set()
        sights |= {"leap day"} if night.options.as_of.endswith("-02-29") else set()
        pushed = {(push.firm, push.policy): push.version for push in before}
        sights |= {"new version" for push in new if pushed.get((push.firm, push.policy), push.version) < push.version}
        days.append(night.options.as_of)
    return sights


def check_new(portal, options, before, new):
    better = oracle.STATUSES.index
    for push in new:
        key = push.firm, push.policy, push.version
        earlier = [old.status for old in before if (old.firm, old.policy, old.version) == key]
        assert all(better(push.status) < better(status) for status in earlier), push
        assert push.status in options.statuses and push.as_of == options.as_of, push
        assert (push.firm, EVERYTHING) not in portal.opt_outs, push
    a_firm = Counter(push.firm for push in portal.ledger if push.as_of == options.as_of)
    assert all(a_firm[push.firm] <= options.per_firm for push in new), a_firm
    groups = Counter((push.firm, portal.policies[push.policy].get("exclusive_group")) for push in new)
    assert all(count == 1 for (_, group), count in groups.items() if group is not None), groups
    for push in new:
        quota = portal.policies[push.policy].get("quota")
        firms_of = lambda pushes: {each.firm for each in pushes if (each.policy, each.version) == (push.policy, push.version)}
        assert quota is None or len(firms_of(portal.ledger)) <= max(quota, len(firms_of(before))), push


def learns_something(portal, options):
    """Does a rank differ from what it would be without answers?"""
    ranks = lambda learn: [(pair.firm, pair.policy.id, pair.rank) for pair in model.all_pairs(portal, replace(options, learn=learn))]
    return options.learn and ranks(True) != ranks(False)


def sights_of(portal, options):
    """Which steps of tonight have something to do."""
    sights = {cycle for _, cycle in oracle.judge_policies(
        [oracle.load_json(json.dumps(spec)) for spec in portal.policies.values()], portal.schema,
        oracle.Options(options.as_of))}
    pairs = model.all_pairs(portal, options)
    sights |= {pair.status for pair in pairs}
    left = model.without_opt_outs(pairs, portal.opt_outs)
    for pair in pairs:
        if pair not in left:
            all_of_it = (pair.firm, EVERYTHING) in portal.opt_outs
            sights.add("opted out of everything" if all_of_it else "opted out of a tag")
    due = model.first_of_each_group(left)
    sights |= {"group"} if len(due) < len(left) else set()
    fresh = model.not_yet_pushed(due, portal.ledger)
    sights |= {"pushed before"} if len(fresh) < len(due) else set()
    pushed = {(push.firm, push.policy, push.version) for push in portal.ledger}
    sights |= {"better status" for pair in fresh if (pair.firm, pair.policy.id, pair.version) in pushed}
    kept = model.within_firms_limits(fresh, portal.ledger, options)
    tonight = model.within_firms_limits(fresh, portal.ledger, replace(options, per_firm_days=None))
    sights |= {"firm's limit"} if len(tonight) < len(fresh) else set()
    sights |= {"limit over days"} if len(kept) < len(tonight) else set()
    return sights | ({"quota"} if len(model.within_quotas(kept, portal.ledger)) < len(kept) else set())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:10", help="A:B")
    first, last = map(int, parser.parse_args().seeds.split(":"))
    seen = set()
    for seed in range(first, last):
        fortnight = make(seed)
        sights, portal = check(fortnight), portal_of(fortnight)
        pushes = []
        for night in fortnight.nights:
            night.apply(portal)
            pushes.append(len(model.night(portal, night.options)))
        seen |= sights
        print(f"seed {seed}: {len(portal.firms)} firms x {len(portal.policies)} policies, pushes {pushes}")
    print("never seen:", ", ".join(sorted(SIGHTS - seen)) or "nothing")


if __name__ == "__main__":
    sys.exit(main())
