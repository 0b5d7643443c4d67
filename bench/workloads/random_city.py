"""A workload without any shape: uniform fields, no place that settles anything, no two rules alike.

    random_city.py --out DIR --firms 100000 --policies 1000 --density 0.02 --rule flat --conditions 12 --seed 1

Writes schema.json, policies.jsonl and firms.csv. It is the opposite of the generated city, and unkind to qice: blocks
of firms are not alike, so that no block settles a policy, and rules share conditions but no sub-rules.

Every condition is true for a share s of the firms; s is chosen so that a whole rule is true for --density of them.

    flat       all of C conditions
    apart      the same, but conditions start anywhere, so that hardly one stands twice
    deep       all and any in turn, 12 deep, C conditions
    any        any of 4 alternatives, each all of C/4 conditions
    at_least   half of C conditions (at_least C/2 of C)
    points     a table of C/2 items, each worth 2 points by one condition or 1 by another; C/2 points are enough
    nested     all, any and at_least in each other as they come, C conditions
    lists      all of C conditions, of which one lists 1,000 of 4,000 texts (`in`)
    sets       all of C conditions, of which one lists 1,000 elements of a set (`has_any`)

A twentieth of the cells is empty. Firms follow 5 of 200 tags, policies carry 3.
"""

import argparse
import itertools
import json
import random
from pathlib import Path

NUMBERS, SPAN, STARTS = 16, 10_000, 40  # fields n0..n15, uniform below SPAN; conditions start at one of so many places
TEXTS, LISTED, TAGS = 4_000, 1_000, 200
CHOICES = 4
RULES = ("flat", "apart", "deep", "any", "at_least", "points", "nested", "lists", "sets")
UNKNOWN = 0.05


def deep_shape(conditions, depth=12):
    """How many conditions stand on each level; the last level has what is left."""
    base, more = divmod(conditions, depth)
    return [base + (level < more) for level in range(depth)]


def share_of_rule(rule, conditions, s):
    """The share of firms for which a rule is true, if each condition is true for a share s, independently."""
    if rule == "deep":
        share = None
        for level, count in reversed(list(enumerate(deep_shape(conditions)))):
            parts = [s] * count + ([] if share is None else [share])
            share = 1.0
            for part in parts:
                share *= part if level % 2 == 0 else 1 - part
            share = share if level % 2 == 0 else 1 - share
        return share
    if rule == "any":
        return 1 - (1 - s ** (conditions // CHOICES)) ** CHOICES
    if rule == "at_least":
        return share_of_sum([[1 - s, s]] * conditions, conditions // 2)
    if rule == "points":
        return share_of_sum([[(1 - s) ** 2, (1 - s) * s, s]] * (conditions // 2), conditions // 2)
    fixed = {"lists": LISTED / TEXTS * (1 - UNKNOWN), "sets": 1 - (1 - LISTED / TEXTS) ** 3}.get(rule)
    return s**conditions if fixed is None else s ** (conditions - 1) * fixed


def share_of_sum(parts, least):
    """The share of firms for which a sum is `least` or more; parts[i][n] have n of the i-th part."""
    shares = [1.0]
    for part in parts:
        longer = [0.0] * (len(shares) + len(part) - 1)
        for (so_far, before), (more, here) in itertools.product(enumerate(shares), enumerate(part)):
            longer[so_far + more] += before * here
        shares = longer
    return sum(shares[least:])


def share_of_tree(tree, s):
    """The same for nested(): None is a condition."""
    if tree is None:
        return s
    least, children = tree
    return share_of_sum([[1 - share, share] for share in (share_of_tree(child, s) for child in children)], least)


def nested(random, conditions):
    """How many of which children have to be true, at random."""
    if conditions == 1:
        return None
    cuts = sorted(random.sample(range(1, conditions), random.randrange(min(3, conditions - 1)) + 1))
    sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, conditions])]
    least = random.choice((1, len(sizes), random.randrange(len(sizes)) + 1))
    return least, [nested(random, size) for size in sizes]


def share_of_condition(share_of_rule, density):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share_of_rule(middle) < density else (low, middle)
    return high


class Maker:
    def __init__(self, options):
        self.options, self.random = options, random.Random(options.seed)
        if options.rule != "nested":  # where each rule is another
            self.set_width(lambda s: share_of_rule(options.rule, options.conditions, s))
        self.starts = SPAN if options.rule == "apart" else STARTS
        self.fields = []  # a rule names no field twice before it has named all

    def set_width(self, share_of_rule):
        share = share_of_condition(share_of_rule, self.options.density) / (1 - UNKNOWN)
        self.width = min(round(share * SPAN), SPAN)

    def condition(self):
        """A range of one number; it may leave out the middle instead of the ends."""
        self.fields = self.fields or self.random.sample(range(NUMBERS), NUMBERS)
        field, start = self.fields.pop(), self.random.randrange(self.starts) * SPAN // self.starts
        end = start + self.width
        if end <= SPAN:
            return {"field": f"n{field}", "ge": start, "lt": end}
        return (
            {"not": {"field": f"n{field}", "ge": end - SPAN, "lt": start}}
            if end - SPAN < start
            else {"field": f"n{field}", "known": True}
        )

    def rule(self):
        kind, count = self.options.rule, self.options.conditions
        self.fields = []
        if kind == "deep":
            node = None
            for level, here in reversed(list(enumerate(deep_shape(count)))):
                parts = [self.condition() for _ in range(here)] + ([] if node is None else [node])
                node = {"all" if level % 2 == 0 else "any": parts}
            return node
        if kind == "any":
            return {"any": [{"all": [self.condition() for _ in range(count // CHOICES)]} for _ in range(CHOICES)]}
        if kind == "at_least":
            return {"at_least": count // 2, "of": [self.condition() for _ in range(count)]}
        if kind == "points":
            tiers = [[{"when": self.condition(), "points": points} for points in (2, 1)] for _ in range(count // 2)]
            return {"points": count // 2, "of": [{"tiers": of_item} for of_item in tiers]}
        if kind == "nested":
            tree = nested(self.random, count)
            self.set_width(lambda s: share_of_tree(tree, s))
            return self.tree(tree)
        parts = [self.condition() for _ in range(count - (kind in ("lists", "sets")))]
        chosen = (
            [f"t{text:04}" for text in sorted(self.random.sample(range(TEXTS), LISTED))]
            if kind in ("lists", "sets")
            else []
        )
        if kind == "lists":
            parts.append({"field": "kind", "in": chosen})
        if kind == "sets":
            parts.append({"field": "has", "has_any": chosen})
        return {"all": parts}

    def tree(self, tree):
        if tree is None:
            return self.condition()
        least, children = tree
        rules = [self.tree(child) for child in children]
        if least == len(rules):
            return {"all": rules}
        return {"any": rules} if least == 1 else {"at_least": least, "of": rules}

    def policy(self, number):
        tags = {f"tag{tag}": self.random.randrange(1, 11) / 10 for tag in self.random.sample(range(TAGS), 3)}
        return {"id": f"P{number:06}", "rule": self.rule(), "tags": tags, "priority": self.random.randrange(101) / 100}

    def firm(self, number):
        draw = self.random.random
        cells = ["" if draw() < UNKNOWN else str(int(draw() * SPAN)) for _ in range(NUMBERS)]
        cells.append("" if draw() < UNKNOWN else f"t{int(draw() * TEXTS):04}")
        cells.append("|".join(f"t{int(draw() * TEXTS):04}" for _ in range(3)))
        cells.append(
            "|".join(f"tag{tag}:{0.1 + 0.1 * int(draw() * 10):.1f}" for tag in self.random.sample(range(TAGS), 5))
        )
        return f"F{number:08}," + ",".join(cells)

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        fields = [{"name": f"n{field}", "kind": "number"} for field in range(NUMBERS)]
        fields += [
            {"name": "kind", "kind": "category"},
            {"name": "has", "kind": "set"},
            {"name": "follows", "kind": "tags"},
        ]
        (folder / "schema.json").write_text(json.dumps({"id": "id", "fields": fields}))
        with open(folder / "policies.jsonl", "w") as file:
            file.writelines(json.dumps(self.policy(number)) + "\n" for number in range(self.options.policies))
        with open(folder / "firms.csv", "w") as file:
            file.write("id," + ",".join(field["name"] for field in fields) + "\n")
            file.writelines(self.firm(number) + "\n" for number in range(self.options.firms))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument("--policies", type=int, default=1_000)
    parser.add_argument("--density", type=float, default=0.02, help="share of pairs that are eligible")
    parser.add_argument("--rule", choices=RULES, default="flat")
    parser.add_argument("--conditions", type=int, default=12, help="of each rule")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    Maker(options).write(options.out)


if __name__ == "__main__":
    main()
