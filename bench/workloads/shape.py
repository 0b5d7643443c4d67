"""What the generated city looks like, measured from its files: so that a reader can judge what is measured on it."""

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))

from cities import city_of, match  # noqa: E402
from plain_rules import conditions  # noqa: E402

SILENT = {"id", "text", "source", "note", "label"}  # keys that do not change what a rule means
GROUPS = ("all", "any", "at_least", "points", "not")


def bare(node):
    """A rule without what is only for people."""
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key not in SILENT}
    return [bare(part) for part in node] if isinstance(node, list) else node


def nodes(node):
    """Every node of a rule."""
    yield node
    for key in ("all", "any", "of", "not"):
        parts = node.get(key, [])
        for part in [parts] if isinstance(parts, dict) else parts:
            for below in (
                [tier["when"] for tier in part["tiers"]]
                if "tiers" in part
                else []
                if "points" in part and "of" not in part
                else [part]
            ):
                yield from nodes(below)


def depth(node):
    below = []
    for key in ("all", "any", "of", "not"):
        parts = node.get(key, [])
        for part in [parts] if isinstance(parts, dict) else parts:
            below += (
                [tier["when"] for tier in part["tiers"]]
                if "tiers" in part
                else []
                if "points" in part and "of" not in part
                else [part]
            )
    return 1 + max(map(depth, below), default=0)


def shape_of_policies(path):
    policies = [json.loads(line) for line in open(path, encoding="utf-8")]
    seen, levels, groups = Counter(), {}, Counter()
    for policy in policies:
        rule = bare(policy["rule"])
        for node in nodes(rule):
            is_group = next((key for key in GROUPS if key in node), None)
            if is_group:
                groups[is_group] += 1
            if is_group and node is rule:
                continue  # a whole rule is nobody's copy
            text = json.dumps(node, sort_keys=True, ensure_ascii=False)
            kind = "sub_rules" if is_group else "conditions"
            seen[kind, text] += 1
            levels.setdefault((kind, text), set()).add(policy["level"])

    def sharing(kind):
        total = sum(count for (each, _), count in seen.items() if each == kind)
        distinct = [key for key in seen if key[0] == kind]
        return {
            "written": total,
            "distinct": len(distinct),
            "sharing": total / max(len(distinct), 1),
            "at_two_levels": sum(seen[key] for key in distinct if len(levels[key]) > 1) / max(total, 1),
        }

    return {
        "policies": len(policies),
        "levels": share(Counter(policy["level"] for policy in policies)),
        "conditions_a_policy": mean(len(list(conditions(policy["rule"]))) for policy in policies),
        "depth": share(Counter(str(depth(policy["rule"])) for policy in policies)),
        "tags_a_policy": mean(len(policy.get("tags", {})) for policy in policies),
        "with_preferences": mean(bool(policy.get("prefer")) for policy in policies),
        "with_windows": mean(bool(policy.get("windows")) for policy in policies),
        "groups": dict(groups),
        "sharing": {kind: sharing(kind) for kind in ("conditions", "sub_rules")},
        "fields": len({condition["field"] for policy in policies for condition in conditions(policy["rule"])}),
        "most_named": share(
            Counter(
                name for policy in policies for name in {condition["field"] for condition in conditions(policy["rule"])}
            ),
            len(policies),
            12,
        ),
    }


def share(counter, total=None, most=None):
    total = total or sum(counter.values())
    return {key: count / total for key, count in counter.most_common(most)}


def shape_of_firms(path, fields):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        at = {name: place for place, name in enumerate(header)}
        regions, industries, empty, tags, held, firms = Counter(), Counter(), Counter(), 0, 0, 0
        for row in rows:
            firms += 1
            regions[row[at["region"]]] += 1
            industries[row[at["industry"]][:2]] += 1
            tags += bool(row[at["follows"]]) and row[at["follows"]].count("|") + 1
            held += bool(row[at["qualifications"]])
            for name in fields:
                if name in at and not row[at[name]]:
                    empty[name] += 1
    places = sorted(regions.values(), reverse=True)
    return {
        "firms": firms,
        "regions": len(regions),
        "largest_region": places[0] / firms,
        "median_region": places[len(places) // 2] / firms,
        "industry_divisions": len(industries),
        "largest_divisions": share(industries, firms, 5),
        "tags_a_firm": tags / firms,
        "with_qualification": held / firms,
        "empty": {name: empty[name] / firms for name in fields if name in at},
    }


def measure(qice, quick, emit):
    city = city_of(qice, *((50_000, 1_000) if quick else (550_000, 10_000)))
    policies = shape_of_policies(city / "policies.jsonl")
    emit(what="shape_of_policies", **policies)
    kinds = {
        field["name"]: field["kind"]
        for field in json.loads((city / "schema.json").read_text(encoding="utf-8"))["fields"]
    }
    emit(
        what="shape_of_firms",
        **shape_of_firms(
            city / "firms.csv", [name for name in policies["most_named"] if kinds[name] not in ("set", "tags")]
        ),
    )
    counts = city / "shape-counts.csv"
    summary = match(qice, city, "--counts", counts, "--status", "eligible,review,needs_data,near")
    with open(counts, newline="", encoding="utf-8") as file:
        rows = [{key: int(value) for key, value in row.items() if key != "policy_id"} for row in csv.DictReader(file)]
    eligible = sorted((row["eligible"] / summary["firms"] for row in rows), reverse=True)
    emit(
        what="shape_of_pairs",
        firms=summary["firms"],
        policies=summary["policies_matched"],
        shares={status: sum(row[status] for row in rows) / summary["pairs"] for status in rows[0]},
        policies_nobody=sum(share == 0 for share in eligible) / len(eligible),
        policies_over_half=sum(share > 0.5 for share in eligible) / len(eligible),
        median_policy=eligible[len(eligible) // 2],
        top_hundredth=eligible[len(eligible) // 100],
    )
