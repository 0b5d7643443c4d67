"""numpy counts the eligible and review firms of each policy: one pair of boolean arrays a condition, kept.

As in a careful user's script: certain and possible (Kleene's two bounds) of every distinct condition are computed
once a round and kept; `all` and `any` are & and |; counting is count_nonzero.
"""

import sys
from pathlib import Path

import numpy

import plain_rules
from peer import serve

TRUE, FALSE = True, False


class Evaluator:
    def __init__(self, columns, manual, leaves):
        """`manual`: (certain, possible) of manual conditions. `leaves`: shared between evaluators."""
        self.columns, self.manual, self.leaves = columns, manual, leaves

    def leaf(self, node):
        key = node["column"], node.get("from"), node.get("to"), "known" in node
        if key not in self.leaves:
            values, known = self.columns[node["column"]]
            if "known" in node:
                self.leaves[key] = known, known
                return self.leaves[key]
            low, high = node.get("from"), node.get("to")
            if low is None and high is None:
                holds = values
            elif high is None:
                holds = values >= low
            elif low is None:
                holds = values <= high
            else:
                holds = values == low if low == high else (values >= low) & (values <= high)
            self.leaves[key] = holds & known, holds | ~known
        return self.leaves[key]

    def planes(self, node):
        """(certain, possible): arrays or plain booleans."""
        if "column" in node:
            return self.leaf(node)
        if "all" in node:
            return self.folded(node["all"], numpy.logical_and, (TRUE, TRUE))
        if "any" in node:
            return self.folded(node["any"], numpy.logical_or, (FALSE, FALSE))
        if "not" in node:
            certain, possible = self.planes(node["not"])
            return numpy.logical_not(possible), numpy.logical_not(certain)
        if "at_least" in node:
            parts = [self.planes(part) for part in node["of"]]
            return tuple(sum(numpy.asarray(part[side], numpy.int16) for part in parts) >= node["at_least"] for side in (0, 1))
        if "points" in node:
            sums = [self.item(item) for item in node["of"]]
            return tuple(sum(part[side] for part in sums) >= node["points"] for side in (0, 1))
        return self.manual if "manual" in node else (node["always"],) * 2

    def folded(self, nodes, fold, out):
        for node in nodes:
            part = self.planes(node)
            out = tuple(a & b if fold is numpy.logical_and else a | b for a, b in zip(out, part))
        return out

    def item(self, item):
        """(least, most) points of one line of a scoring table."""
        if "tiers" not in item:
            return tuple(item["points"] if plane else 0 for plane in self.manual)
        least = most = numpy.int32(0)
        for tier in reversed(item["tiers"]):
            certain, possible = self.planes(tier["when"])
            worth = tier["points"]
            least = numpy.where(certain, worth, numpy.where(possible, numpy.minimum(worth, least), least))
            most = numpy.where(certain, worth, numpy.where(possible, numpy.maximum(worth, most), most))
        return least, most


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
            values = values.astype(next(type for type in (numpy.int8, numpy.int16, numpy.int32, numpy.int64)
                                        if numpy.iinfo(type).min < column["low"] and column["high"] < numpy.iinfo(type).max))
        columns[name] = values, known
    return columns, len(known)


def has_manual(node):
    if isinstance(node, list):
        return any(map(has_manual, node))
    if not isinstance(node, dict):
        return False
    return "manual" in node or ("points" in node and "of" not in node and "when" not in node) or any(map(has_manual, node.values()))


def count(columns, firms, rules):
    leaves, out = {}, []
    certain, hopeful = Evaluator(columns, (FALSE, TRUE), leaves), Evaluator(columns, (TRUE, TRUE), leaves)

    def counted(plane):
        return firms * bool(plane) if numpy.ndim(plane) == 0 else int(numpy.count_nonzero(plane))

    for id, rule, manual in rules:
        eligible = counted(certain.planes(rule)[0])
        out.append((id, eligible, counted(hopeful.planes(rule)[0]) - eligible if manual else 0))
    return out


if __name__ == "__main__":
    work, counts = sys.argv[1:]
    columns, firms = load(work)
    rules = [(id, rule, has_manual(rule)) for id, rule in plain_rules.read_rules(work)]
    serve(counts, {"version": f"numpy {numpy.__version__}"}, lambda: count(columns, firms, rules))
