"""A city as the peers get it: one table of whole numbers, and rules that name only its columns.

    city = City(folder, as_of="2026-06-15")     # schema.json, policies.jsonl, firms.csv
    city.write(work)                            # what peers read, see below

Every peer is given the work already done that its users would do once: units, dates, code lists, derived
fields and certificates are resolved, so that a peer only compares whole numbers with whole numbers.

* a number, at its decimals; a date as a day number; a category as its place among the sorted texts; a code as its
  preorder number, so `under` is a range;
* a ratio as two columns, its floor and its ceiling at 9 decimals: no constant has more, so comparing these is exact;
* a flag, and each set element that a rule names, as a column of yes and no; unknown is missing (NULL).

Rules keep the form of docs/rules.md, with three kinds of condition:

    {"column": "c3", "from": 5, "to": 9}   a number in a range, either end may be missing
    {"column": "c4"}                       a yes
    {"column": "c4", "known": true}        known, itself never unknown

Files of `work`: columns.json, rules.jsonl (open policies in their order), firms.txt (ids) and values/cN.i64 with
values/cN.known (one byte a firm), table.csv. Firms are sorted by the codes that most conditions name, as qice sorts
its own. Values are read by the oracle of the tests, not by qice.
"""

import array
import csv
import json
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracle"))
import oracle  # noqa: E402

RATIO_SCALE = 10**9
INT64_MAX = 2**63 - 1
NOTES = oracle.NOTES | {"field"}


def conditions(node):
    """Every condition of a rule."""
    if "field" in node:
        yield node
    for key in ("all", "any", "of", "not"):
        parts = node.get(key, [])
        for part in [parts] if isinstance(parts, dict) else parts:
            for below in [tier["when"] for tier in part["tiers"]] if "tiers" in part else [part]:
                yield from conditions(below)


def operators(condition):
    return [(name, value) for name, value in condition.items() if name not in NOTES]


class CodeNumbers:
    """Preorder numbers of a code list: what is below a code is one range."""

    def __init__(self, codes):
        children = {}
        for code, parent in codes.parent.items():
            children.setdefault(parent, []).append(code)
        self.first, self.last, self.codes = {}, {}, codes
        stack = [(code, False) for code in reversed(children.get("", []))]
        while stack:
            code, done = stack.pop()
            if done:
                self.last[code] = len(self.first) - 1
                continue
            self.first[code] = len(self.first)
            stack.append((code, True))
            stack += [(below, False) for below in reversed(children.get(code, []))]

    def number(self, code):
        return self.first[code]

    def ranges(self, texts, under):
        codes = [self.codes.read(text) for text in texts]
        return [(self.first[code], self.last[code] if under else self.first[code]) for code in codes]


class TextNumbers:
    """Places of sorted texts: those with a prefix are one range."""

    def __init__(self, texts):
        self.sorted = sorted(texts)
        self.place = {text: place for place, text in enumerate(self.sorted)}

    def number(self, text):
        return self.place[text]

    def ranges(self, texts, under):
        found = []
        for text in texts:
            fits = [
                place for place, other in enumerate(self.sorted) if other == text or under and other.startswith(text)
            ]
            found += [(fits[0], fits[-1])] if fits else []
        return found


def merged(ranges):
    """Ascending ranges without overlap or neighbours."""
    out = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = out[-1][0], max(out[-1][1], high)
        else:
            out.append((low, high))
    return out


class City:
    def __init__(self, folder, as_of, standards=oracle.STANDARDS):
        folder = Path(folder)
        self.as_of = oracle.parse_date(as_of)
        self.schema = oracle.Schema(folder / "schema.json", standards)
        policies = oracle.read_policies(
            folder / "policies.jsonl", self.schema, oracle.Options(as_of, standards=standards)
        )
        self.policies = [policy for policy, _ in policies]
        self.open = [policy for policy, cycle in policies if cycle == "open"]
        self.used = Counter(
            condition["field"] for policy in self.open for rule in self.rules_of(policy) for condition in conditions(rule)
        )
        self.columns = {}  # what it holds -> name
        self.numbers = {}  # field -> CodeNumbers or TextNumbers
        self.read_firms(folder / "firms.csv")
        self.rules = [(policy.id, self.rule(policy.spec["rule"])) for policy in self.open]

    @staticmethod
    def rules_of(policy):
        """What is asked of a firm."""
        return [policy.spec["rule"]]

    # --- firms

    def needed_fields(self):
        needed, waiting = {}, list(self.used)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = self.schema.fields[name]
                waiting += needed[name].operands
        return {name: field for name, field in self.schema.fields.items() if name in needed}

    def read_firms(self, path):
        """self.values: field -> one value a firm, None where it is not known."""
        all_fields = self.schema.fields
        self.schema.fields = self.needed_fields()  # derive() fills what it finds here
        derived = any(field.how for field in self.schema.fields.values())
        plain = [field for field in self.schema.fields.values() if not field.how]
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = next(rows)
            at = {field.name: header.index(field.name) for field in plain if field.name in header}
            id_at, memo = header.index(self.schema.id), {field.name: {} for field in plain}
            self.ids, self.values = [], {name: [] for name in self.schema.fields}
            for row in filter(None, rows):
                self.ids.append(row[id_at])
                values = {}
                for field in plain:
                    text = row[at[field.name]] if field.name in at and at[field.name] < len(row) else ""
                    known = memo[field.name]
                    if text not in known:
                        known[text] = self.parse(field, text)
                    values[field.name] = known[text]
                if derived:
                    oracle.derive(self.schema, values, self.as_of, lambda *fault: None)
                for name, column in self.values.items():
                    column.append(values[name])
        for name, field in self.schema.fields.items():
            if field.kind == "category" or field.kind == "code" and field.codes.path is None:
                texts = {value for value in self.values[name] if value is not None}
                self.numbers[name] = TextNumbers(texts | set(field.values or []))
            elif field.kind == "code":
                self.numbers[name] = CodeNumbers(field.codes)
        self.schema.fields = all_fields

    @staticmethod
    def parse(field, text):
        try:
            return field.parse(text)
        except oracle.Bad:
            return {} if field.kind == "tags" else None

    # --- rules

    def column(self, *what):
        return self.columns.setdefault(what, f"c{len(self.columns)}")

    def rule(self, node):
        if "field" in node:
            return self.condition(self.schema.fields[node["field"]], operators(node))
        if "points" in node:
            items = [
                {"points": int(item["points"])}
                if "manual" in item
                else {
                    "tiers": [
                        {"when": self.rule(tier["when"]), "points": int(tier["points"])} for tier in item["tiers"]
                    ]
                }
                for item in node["of"]
            ]
            return {"points": int(node["points"]), "of": items}
        if "not" in node:
            return {"not": self.rule(node["not"])}
        if "at_least" in node:
            return {"at_least": int(node["at_least"]), "of": [self.rule(part) for part in node["of"]]}
        for key in ("all", "any"):
            if key in node:
                return {key: [self.rule(part) for part in node[key]]}
        return {"manual": True} if "manual" in node else {"always": node["always"]}

    def condition(self, field, tests):
        parts = [self.test(field, name, value) for name, value in tests]
        return parts[0] if len(parts) == 1 else {"all": parts}

    def test(self, field, name, value):
        if name == "known":
            if field.kind == "tags":
                return {"always": value}
            known = {"column": self.column("floor" if field.how == "ratio" else "value", field.name), "known": True}
            return known if value else {"not": known}
        if field.kind == "flag":
            yes = {"column": self.column("value", field.name)}
            return yes if value else {"not": yes}
        if field.kind == "set":
            held = "ever" if name.startswith("ever_") and field.expires else "valid"
            parts = [
                {"column": self.column(held, field.name, element)} for element in dict.fromkeys(oracle.strings(value))
            ]
            if name.endswith("has_all"):
                return {"all": parts}
            return {"any": parts} if name.endswith("has_any") else {"not": {"any": parts}}
        if field.kind in ("number", "date"):
            return self.comparison(field, name, value)
        ranges = merged(self.numbers[field.name].ranges(oracle.strings(value), name.endswith("under")))
        column = self.column("value", field.name)
        if not ranges:  # no firm has it: false where the value is known
            parts = [{"column": column, "from": 1, "to": 0}]
        else:
            parts = [{"column": column, "from": low, "to": high} for low, high in ranges]
        found = parts[0] if len(parts) == 1 else {"any": parts}
        return {"not": found} if name.startswith("not_") else found

    def comparison(self, field, name, value):
        constant = field.constant(value)
        if field.kind == "date":
            bound = constant.toordinal()
        else:
            bound = int(constant * (RATIO_SCALE if field.how == "ratio" else 10**field.decimals))
        low = self.column("floor" if field.how == "ratio" else "value", field.name)
        high = self.column("ceil" if field.how == "ratio" else "value", field.name)
        if name == "ge":
            return {"column": low, "from": bound}
        if name == "lt":
            return {"column": low, "to": bound - 1}
        if name == "le":
            return {"column": high, "to": bound}
        if name == "gt":
            return {"column": high, "from": bound + 1}
        equal = {"column": low, "from": bound, "to": bound}
        if low != high:
            equal = {"all": [equal, {"column": high, "from": bound, "to": bound}]}
        return equal if name == "eq" else {"not": equal}

    # --- columns

    def numbers_of(self, what):
        """One whole number (yes is 1) or None a firm."""
        how, name, *element = what
        field, values = self.schema.fields[name], self.values[name]
        if field.kind == "set" and not element:
            return [None if value is None else 1 for value in values]
        if field.kind == "set":
            element, ever = element[0], how == "ever"
            return [
                None if value is None else int(element in value and (ever or value[element] >= self.as_of))
                for value in values
            ]
        if how in ("floor", "ceil"):

            def number(value):
                scaled = value * RATIO_SCALE
                return max(min(scaled // 1 if how == "floor" else -(-scaled // 1), INT64_MAX), -INT64_MAX)

        elif field.kind == "number":
            scale = 10**field.decimals
            number = (lambda value: int(value * scale)) if scale > 1 else int
        elif field.kind == "date":
            number = lambda value: value.toordinal()
        elif field.kind == "flag":
            number = int
        elif field.kind == "text":
            number = lambda value: 1
        else:
            number = self.numbers[name].number
        return [None if value is None else number(value) for value in values]

    def is_flag(self, what):
        return len(what) == 3 or self.schema.fields[what[1]].kind in ("flag", "text", "set")

    def write(self, work):
        work = Path(work)
        (work / "values").mkdir(parents=True, exist_ok=True)
        codes = [what for what in self.columns if what[0] == "value" and self.schema.fields[what[1]].kind == "code"]
        codes.sort(key=lambda what: -self.used[what[1]])
        keys = [self.numbers_of(what) for what in codes]
        order = sorted(range(len(self.ids)), key=lambda firm: [-1 if key[firm] is None else key[firm] for key in keys])
        bounds = bounds_of(rule for _, rule in self.rules)
        listed, texts = [], []
        for what, name in self.columns.items():
            numbers = self.numbers_of(what)
            numbers = [numbers[firm] for firm in order]
            known = [number for number in numbers if number is not None]
            low, high = bounds.get(name, (0, 0))
            listed.append(
                {
                    "name": name,
                    "what": list(what),
                    "flag": self.is_flag(what),
                    "unknown": len(numbers) - len(known),
                    "low": min(known + [low]),
                    "high": max(known + [high]),
                }
            )
            (work / f"values/{name}.i64").write_bytes(array.array("q", [number or 0 for number in numbers]).tobytes())
            (work / f"values/{name}.known").write_bytes(bytes(number is not None for number in numbers))
            texts.append(["" if number is None else str(number) for number in numbers])
        (work / "columns.json").write_text(json.dumps(listed, ensure_ascii=False, indent=1))
        with open(work / "rules.jsonl", "w", encoding="utf-8") as file:
            for id, rule in self.rules:
                file.write(json.dumps({"id": id, "rule": rule}, ensure_ascii=False) + "\n")
        (work / "firms.txt").write_text("".join(self.ids[firm] + "\n" for firm in order), encoding="utf-8")
        with open(work / "table.csv", "w") as file:
            file.write(",".join(column["name"] for column in listed) + "\n")
            file.writelines(",".join(row) + "\n" for row in zip(*texts))


def bounds_of(rules):
    """Column -> (least, greatest) constant that any rule compares it with."""
    bounds = {}
    for rule in rules:
        waiting = [rule]
        while waiting:
            node = waiting.pop()
            if isinstance(node, list):
                waiting += node
            elif isinstance(node, dict):
                constants = [node[key] for key in ("from", "to") if key in node]
                if constants:
                    low, high = bounds.get(node["column"], (0, 0))
                    bounds[node["column"]] = min(constants + [low]), max(constants + [high])
                waiting += [part for part in node.values() if isinstance(part, (dict, list))]
    return bounds


def read_columns(work):
    return json.loads((Path(work) / "columns.json").read_text(encoding="utf-8"))


def read_rules(work):
    """[(policy id, rule)] of the open policies."""
    with open(Path(work) / "rules.jsonl", encoding="utf-8") as file:
        return [(line["id"], line["rule"]) for line in map(json.loads, file)]


if __name__ == "__main__":
    City(sys.argv[1], sys.argv[2]).write(sys.argv[3])
