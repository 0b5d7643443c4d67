"""numpy counts the eligible and review firms of each policy: boolean arrays a condition, kept.

As in a careful user's script: where each distinct condition is certain and, under `not`, possible (Kleene's two
bounds) is computed once a round and kept; `all` and `any` are & and |; counting is count_nonzero.
"""

import sys
from pathlib import Path

import numpy

import plain_rules
from peer import serve

CERTAIN, POSSIBLE = 0, 1


class Evaluator:
    def __init__(self, columns, manual, leaves):
        """`manual`: (certain, possible) of manual conditions. `leaves`: shared between evaluators."""
        self.columns, self.manual, self.leaves = columns, manual, leaves

    def leaf(self, node, side):
        key = node["column"], node.get("from"), node.get("to"), "known" in node, side
        if key not in self.leaves:
            values, known = self.columns[node["column"]]
            low, high = node.get("from"), node.get("to")
            if "known" in node:
                self.leaves[key] = known
                return known
            if low is None and high is None:
                holds = values
            elif high is None:
                holds = values >= low
            elif low is None:
                holds = values <= high
            else:
                holds = values == low if low == high else (values >= low) & (values <= high)
            self.leaves[key] = holds & known if side == CERTAIN else holds | ~known
        return self.leaves[key]

    def plane(self, node, side):
        """Where a rule is true (CERTAIN) or not false (POSSIBLE): an array or a plain boolean."""
        if "column" in node:
            return self.leaf(node, side)
        if "all" in node:
            out = True
            for part in node["all"]:
                out = out & self.plane(part, side)
            return out
        if "any" in node:
            out = False
            for part in node["any"]:
                out = out | self.plane(part, side)
            return out
        if "not" in node:
            return numpy.logical_not(self.plane(node["not"], 1 - side))
        if "at_least" in node:
            return (
                sum(numpy.asarray(self.plane(part, side)).astype(numpy.int16) for part in node["of"])
                >= node["at_least"]
            )
        if "points" in node:
            return sum(self.item(item, side) for item in node["of"]) >= node["points"]
        return self.manual[side] if "manual" in node else node["always"]

    def item(self, item, side):
        """The least (CERTAIN) or most (POSSIBLE) points of one line of a scoring table."""
        if "tiers" not in item:
            return item["points"] if self.manual[side] else 0
        points, low, high = numpy.int16(0), 0, 0
        for tier in reversed(item["tiers"]):
            worth, when = numpy.int16(tier["points"]), tier["when"]
            if worth >= high if side == CERTAIN else worth <= low:  # unknown counts like false
                points = numpy.where(self.plane(when, CERTAIN), worth, points)
            elif worth <= low if side == CERTAIN else worth >= high:  # unknown counts like true
                points = numpy.where(self.plane(when, POSSIBLE), worth, points)
            else:
                either = (numpy.minimum if side == CERTAIN else numpy.maximum)(worth, points)
                points = numpy.where(
                    self.plane(when, CERTAIN), worth, numpy.where(self.plane(when, POSSIBLE), either, points)
                )
            low, high = min(low, worth), max(high, worth)
        return points


def load(work):
    """Column -> (values in the narrowest type, known)."""
    columns = {}
    for column in plain_rules.read_columns(work):
        folder, name = Path(work) / "values", column["name"]
        known = numpy.fromfile(folder / f"{name}.known", numpy.bool_)
        values = numpy.fromfile(folder / f"{name}.i64", numpy.int64)
        if column["flag"]:
            values = values.astype(numpy.bool_)
        else:
            values = values.astype(
                next(
                    type
                    for type in (numpy.int8, numpy.int16, numpy.int32, numpy.int64)
                    if numpy.iinfo(type).min < column["low"] and column["high"] < numpy.iinfo(type).max
                )
            )
        columns[name] = values, known
    return columns, len(known)


def has_manual(node):
    if isinstance(node, list):
        return any(map(has_manual, node))
    if not isinstance(node, dict):
        return False
    return (
        "manual" in node
        or ("points" in node and "of" not in node and "when" not in node)
        or any(map(has_manual, node.values()))
    )


def count(columns, firms, rules):
    leaves, out = {}, []
    certain, hopeful = Evaluator(columns, (False, True), leaves), Evaluator(columns, (True, True), leaves)

    def counted(plane):
        return firms * bool(plane) if numpy.ndim(plane) == 0 else int(numpy.count_nonzero(plane))

    for id, rule, manual in rules:
        eligible = counted(certain.plane(rule, CERTAIN))
        out.append((id, eligible, counted(hopeful.plane(rule, CERTAIN)) - eligible if manual else 0))
    return out


if __name__ == "__main__":
    work, counts = sys.argv[1:]
    columns, firms = load(work)
    rules = [(id, rule, has_manual(rule)) for id, rule in plain_rules.read_rules(work)]
    serve(counts, {"version": f"numpy {numpy.__version__}"}, lambda: count(columns, firms, rules))
