"""A second, slow, plain implementation of `qice match`, written from the specification alone.

Its only purpose is to be compared with the engine, byte for byte. It shares no code and no idea with it:
every firm meets every policy, the rule is walked as a tree, and every number is a Fraction or an int.

    python3 oracle.py --policies P --firms F --schema S --as-of 2026-11-23 --out pushes.csv
    out, counts, quarantine = oracle.run(schema_path, policies_path, firms_path, Options(as_of="2026-11-23"))

It trusts its policies: `check_rule` refuses only what would make a comparison meaningless.
"""

import argparse
import csv
import io
import json
import os
import re
import sys
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

NO, UNKNOWN, YES = 0, 1, 2
INFINITE = 10**9  # more than any limit, and still so when added up
STATUSES = ("eligible", "review", "needs_data", "near")
INT64_MAX = 2**63 - 1
STANDARDS = Path(__file__).resolve().parents[2] / "data" / "standards"
BLANKS = " \t\r\n\v\f"


class Bad(ValueError):
    """A cell, row, rule or schema that cannot be read; the message says why."""


@dataclass
class Options:
    as_of: str
    top: int | None = 20  # None: all
    statuses: tuple = ("eligible", "review")
    by: str = "firm"
    include_closed: bool = False
    strict: bool = False
    urgency: str | None = None  # "WEIGHT:DAYS"
    standards: str | Path = STANDARDS


# --- values ------------------------------------------------------------------------------------

MULTIPLIERS = {"千万": 10**7, "百万": 10**6, "千": 10**3, "万": 10**4, "亿": 10**8, "": 1}
NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(.*)", re.DOTALL)


def split_unit(unit):
    """'万元' -> (10000, '元'); the longest multiplier wins."""
    for word, times in MULTIPLIERS.items():
        if unit.startswith(word):
            return times, unit[len(word):]


def parse_number(text, unit, percent_is_hundredth=False):
    """The value of `text` in the field's unit. A ratio with unit % holds 3% as 0.03."""
    match = NUMBER.fullmatch(text.strip(BLANKS))
    if not match:
        raise Bad("not a number")
    value, suffix = Fraction(match[1]), match[2].strip(BLANKS)
    times, base = split_unit(unit)
    if suffix == "" or suffix == unit == "%":
        held = value
    elif suffix == "%":
        if unit:
            raise Bad("% does not fit the field")
        return value / 100
    else:
        suffix_times, suffix_base = split_unit(suffix)
        if suffix_base and suffix_base != base and (unit or suffix_base != "元"):
            raise Bad("wrong unit")
        held = value * suffix_times / times
    return held / 100 if percent_is_hundredth and unit == "%" else held


def fit(value, decimals):
    """`value`, if it is exact at `decimals` and within 64 bits."""
    scaled = value * 10**decimals
    if scaled.denominator != 1:
        raise Bad("too many decimals")
    if abs(scaled) > INT64_MAX:
        raise Bad("overflow")
    return int(value) if value.denominator == 1 else value


def parse_date(text):
    text = text.strip(BLANKS)
    match = (re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
             or re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text)
             or re.fullmatch(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})", text))
    if not match:
        raise Bad("not a date")
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise Bad("no such day") from None


def parse_flag(text):
    flags = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
    try:
        return flags[text.strip(BLANKS).lower()]
    except KeyError:
        raise Bad("not a flag") from None


def parse_set(text, expires):
    """{element: last valid day}; an element without a day lasts for ever."""
    elements = {}
    for part in text.split("|"):
        name, until = part.strip(BLANKS), date.max
        if expires and "@" in name:
            name, _, day = name.rpartition("@")
            until = parse_date(day)
        if name:
            elements[name] = max(until, elements.get(name, date.min))
    return elements


def parse_tags(text):
    """{tag: weight in thousandths}"""
    tags = {}
    for part in text.split("|"):
        name, weight = part.strip(BLANKS), Fraction(1)
        if ":" in name:
            name, _, weight = name.rpartition(":")
            weight = parse_number(weight, "")
        if not name:
            continue
        if name in tags:
            raise Bad("a tag twice")
        if not 0 <= weight <= 1:
            raise Bad("weight outside 0..1")
        tags[name] = int(fit(weight, 3) * 1000)
    return tags


# --- code lists and the schema -----------------------------------------------------------------

class Codes:
    """A hierarchical list, or (path None) the rule that a code is under each prefix of itself."""

    def __init__(self, path):
        self.path, self.parent, self.level, self.spelling = path, {}, {}, {}
        if path is None:
            return
        for row in csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8-sig"))):
            code = row["code"]
            self.parent[code], self.level[code] = row["parent"], row.get("level")
            for name in [code, *filter(None, (row.get("alias") or "").split("|"))]:
                self.spelling[name] = code

    def read(self, text):
        if self.path is None:
            return text
        if text not in self.spelling:
            raise Bad("a code on no list")
        return self.spelling[text]

    def up(self, code):
        """The code itself, its parent, and so on."""
        if self.path is None:
            return [code[:size] for size in range(len(code), 0, -1)]
        chain = []
        while code:
            chain.append(code)
            code = self.parent.get(code)
        return chain


class SizeClasses:
    """统计上大中小微型企业划分办法（2017）: sme_size.csv, money in 万元."""

    CLASSES = ("micro", "small", "medium", "large")

    def __init__(self, path):
        self.rows = {}
        for row in csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8-sig"))):
            for code in row["codes"].split("|"):
                self.rows[code] = row

    def size(self, chain, indicators):
        """`chain`: the industry and what is above it; `indicators`: name -> value or None."""
        row = next((self.rows[code] for code in chain if code in self.rows), None)
        if row is None:
            return None
        classes = []
        for name, value in indicators.items():
            bounds = [row.get(f"{name}_{size}") for size in self.CLASSES[1:]]
            if any(bounds):
                classes.append(None if value is None else sum(value >= Fraction(bound) for bound in bounds))
        if 0 in classes:
            return "micro"
        return None if None in classes else self.CLASSES[min(classes)]


class Field:
    def __init__(self, spec):
        self.name, self.kind = spec["name"], spec["kind"]
        self.unit, self.decimals = spec.get("unit"), spec.get("decimals")
        self.fixed, self.expires = spec.get("fixed", False), spec.get("expires", False)
        self.missing_is_unknown = spec.get("missing") == "unknown"
        self.values = spec.get("values")
        levels = spec.get("level")
        self.levels = [levels] if isinstance(levels, str) else levels
        self.codes = None
        self.how, operands = next(iter(spec.get("derive", {}).items()), (None, []))
        self.operands = [operands] if isinstance(operands, str) else operands

    def inherit(self, fields):
        """Unit and decimals that the schema leaves out come from the operands of a sum or difference."""
        if self.how in ("sum", "difference"):
            below = [fields[name] for name in self.operands]
            for field in below:
                field.inherit(fields)
            if self.decimals is None:
                self.decimals = max(field.decimals or 0 for field in below)
            if self.unit is None:
                self.unit = below[0].unit
        self.unit, self.decimals = self.unit or "", self.decimals or 0

    def parse(self, cell):
        """The value in a CSV cell, None when it is unknown; raises Bad."""
        if self.kind == "tags":
            return parse_tags(cell)
        if self.kind == "set":
            return None if not cell and self.missing_is_unknown else parse_set(cell, self.expires)
        if self.kind in ("text", "category"):
            if cell and self.values and cell not in self.values:
                raise Bad("not one of the values")
            return cell or None
        cell = cell.strip(BLANKS)
        if not cell:
            return None
        if self.kind == "number":
            return fit(parse_number(cell, self.unit), self.decimals)
        if self.kind == "date":
            return parse_date(cell)
        if self.kind == "flag":
            return parse_flag(cell)
        code = self.codes.read(cell)
        if self.levels and self.codes.level[code] not in self.levels:
            raise Bad("a code of the wrong level")
        return code

    def constant(self, value):
        """What a number or date operator of a rule compares with."""
        if self.kind == "date":
            return parse_date(value)
        ratio = self.how == "ratio"
        text = value if isinstance(value, str) else None
        if text is None:  # a JSON number is in the field's unit
            number = Fraction(value) / 100 if ratio and self.unit == "%" else Fraction(value)
        else:
            number = parse_number(text, self.unit, percent_is_hundredth=ratio)
        return fit(number, 9 if ratio else self.decimals)


class Schema:
    def __init__(self, path, standards):
        spec = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        self.id = spec["id"]
        self.fields = {field["name"]: Field(field) for field in spec["fields"]}
        for source, field in zip(spec["fields"], self.fields.values()):
            field.inherit(self.fields)
            if field.kind == "code":
                named = source["codes"]
                known = {"prefix": None, "regions": Path(standards) / "regions.csv",
                         "gbt4754": Path(standards) / "gbt4754.csv"}
                field.codes = Codes(known[named] if named in known else Path(path).parent / named)
        self.sizes = None
        if any(field.how == "sme_size" for field in self.fields.values()):
            self.sizes = SizeClasses(Path(standards) / "sme_size.csv")
        self.tags = next((field.name for field in self.fields.values() if field.kind == "tags"), None)


def months_between(start, end):
    """Completed months."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def derive(schema, values, as_of, report):
    """Fills the derived fields of one firm; `report(field, value, reason)` hears of an overflow."""

    def value_of(name):
        if name not in values:
            field = schema.fields[name]
            values[name] = compute(field, [value_of(operand) for operand in field.operands])
        return values[name]

    def compute(field, operands):
        if field.how == "sme_size":
            industry, employees, *money = operands
            if industry is None:
                return None
            chain = schema.fields[field.operands[0]].codes.up(industry)
            in_wan = [None if amount is None else amount * Fraction(split_unit(schema.fields[name].unit)[0], 10000)
                      for amount, name in zip(money, field.operands[2:])]
            return schema.sizes.size(chain, {"employees": employees, "revenue": in_wan[0], "assets": in_wan[1]})
        if None in operands:
            return None
        if field.how == "months_since":
            return months_between(operands[0], as_of)
        if field.how == "ratio":
            return Fraction(operands[0]) / operands[1] if operands[1] else None
        total = sum(operands) if field.how == "sum" else operands[0] - operands[1]
        try:
            return fit(Fraction(total), field.decimals)
        except Bad as reason:
            report(field.name, str(total), str(reason))
            return None

    for name in schema.fields:
        value_of(name)


# --- firms -------------------------------------------------------------------------------------

@dataclass
class Firm:
    id: str
    values: dict
    truths: dict  # of a condition: filled as they are asked for


def read_record(data, start):
    """(cells, where the next record starts); None for the cells of a record with a quoting fault."""
    fault = None, (data.find(b"\n", start) + 1 or len(data))
    cells, at = [], start
    while True:
        if data[at:at + 1] == b'"':
            cell, at = b"", at + 1
            while True:
                end = data.find(b'"', at)
                if end < 0:
                    return fault
                cell, at = cell + data[at:end], end + 1
                if data[at:at + 1] != b'"':
                    break
                cell, at = cell + b'"', at + 1
        else:
            ends = [end for end in (data.find(b",", at), data.find(b"\n", at)) if end >= 0]
            end = min(ends, default=len(data))
            cell = data[at:end]
            if data[end:end + 1] != b"," and cell.endswith(b"\r"):
                cell, end = cell[:-1], end - 1
            at = end
        cells.append(cell)
        rest = data[at:at + 2]
        if rest[:1] == b",":
            at += 1
        elif rest[:1] == b"\n":
            return cells, at + 1
        elif rest == b"\r\n" or (rest == b"\r" and at + 1 == len(data)):
            return cells, at + len(rest)
        elif not rest:
            return cells, at
        else:
            return fault


def records(data):
    """(physical line, cells or None) of every record that is not a blank line."""
    at, line = 0, 1
    while at < len(data):
        cells, after = read_record(data, at)
        if data[at:after].strip(b"\r\n") or cells is None:
            try:
                yield line, cells and [cell.decode("utf-8") for cell in cells]
            except UnicodeDecodeError:
                yield line, None
        line += data.count(b"\n", at, after)
        at = after


def read_firm(id, cell, schema, as_of):
    """The firm of some cells (field -> text; a missing one is empty), and (field, value, reason) of each bad one."""
    values, faults = {}, []
    for field in schema.fields.values():
        if field.how:
            continue
        text = cell.get(field.name, "")
        try:
            values[field.name] = field.parse(text)
        except Bad as reason:
            values[field.name] = {} if field.kind == "tags" else None
            faults.append((field.name, text, str(reason)))
    derive(schema, values, as_of, lambda *fault: faults.append(fault))
    return Firm(id, values, {}), faults


def read_firms(path, schema, as_of, strict):
    """(firms, quarantine rows)"""
    data = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    rows = records(data)
    _, header = next(rows)
    for name in header:
        if name != schema.id and (name not in schema.fields or schema.fields[name].how):
            raise Bad(f"column {name!r} is not a field that a firm can have")
    firms, bad, seen = [], [], set()
    for line, cells in rows:
        if cells is None:
            bad.append((line, "", "", "", "invalid UTF-8 or quoting"))
            continue
        cell = dict(zip(header, cells + [""] * (len(header) - len(cells))))
        id = cell.pop(schema.id)
        if len(cells) > len(header):
            bad.append((line, id, "", "", "too many cells"))
        elif not id:
            bad.append((line, "", "", "", "no id"))
        elif id in seen:
            bad.append((line, id, "", "", "an id seen before"))
        else:
            seen.add(id)
            firm, faults = read_firm(id, cell, schema, as_of)
            bad += [(line, id, *fault) for fault in faults]
            if not (strict and faults):
                firms.append(firm)
    return firms, bad


# --- rules -------------------------------------------------------------------------------------
# truth(firm, manual): the Kleene value, with `manual` (UNKNOWN or YES) for what no data can decide.
# cost(firm, price): of a rule without `not` (see negated), with `price` NEAR or FACT.
# negated(): the same rule under a `not`, with the `not` pushed down to the conditions.

NEAR = {YES: 0, NO: 1, UNKNOWN: INFINITE}
FACT = {YES: 0, NO: INFINITE, UNKNOWN: 1}


class Condition:
    def __init__(self, field, tests, key, negative=False):
        self.field, self.tests, self.key, self.negative = field, tests, key, negative

    def truth(self, firm, manual=UNKNOWN):
        if self.key not in firm.truths:
            value = firm.values[self.field.name]
            firm.truths[self.key] = min(test(value) for test in self.tests)
        return 2 - firm.truths[self.key] if self.negative else firm.truths[self.key]

    def cost(self, firm, price):
        truth = self.truth(firm)
        return INFINITE if price is NEAR and truth == NO and self.field.fixed else price[truth]

    def negated(self):
        return Condition(self.field, self.tests, self.key, not self.negative)


class Manual:
    def truth(self, firm, manual=UNKNOWN):
        return manual

    def cost(self, firm, price):
        return 0


class Always:
    def __init__(self, value):
        self.value = value

    def truth(self, firm, manual=UNKNOWN):
        return YES if self.value else NO

    def cost(self, firm, price):
        return 0 if self.value else INFINITE

    def negated(self):
        return Always(not self.value)


class All:
    def __init__(self, parts):
        self.parts = parts

    def truth(self, firm, manual=UNKNOWN):
        return min((part.truth(firm, manual) for part in self.parts), default=YES)

    def cost(self, firm, price):
        return sum(part.cost(firm, price) for part in self.parts)

    def negated(self):
        return Any([part.negated() for part in self.parts])


class Any:
    def __init__(self, parts):
        self.parts = parts

    def truth(self, firm, manual=UNKNOWN):
        return max((part.truth(firm, manual) for part in self.parts), default=NO)

    def cost(self, firm, price):
        return min((part.cost(firm, price) for part in self.parts), default=INFINITE)

    def negated(self):
        return All([part.negated() for part in self.parts])


class AtLeast:
    def __init__(self, k, parts):
        self.k, self.parts = k, parts

    def truth(self, firm, manual=UNKNOWN):
        truths = [part.truth(firm, manual) for part in self.parts]
        if truths.count(YES) >= self.k:
            return YES
        return NO if len(truths) - truths.count(NO) < self.k else UNKNOWN

    def cost(self, firm, price):
        if self.k > len(self.parts):
            return INFINITE
        return sum(sorted(part.cost(firm, price) for part in self.parts)[:max(self.k, 0)])

    def negated(self):
        return AtLeast(len(self.parts) - self.k + 1, [part.negated() for part in self.parts])


class Not:
    def __init__(self, part):
        self.part = part

    def truth(self, firm, manual=UNKNOWN):
        return 2 - self.part.truth(firm, manual)

    def negated(self):
        return without_not(self.part)


class Points:
    """`items`: lists of (when, points), or a whole number for a manual item."""

    def __init__(self, needed, items, negative=False):
        self.needed, self.items, self.negative = needed, items, negative

    def outcomes(self, item, firm):
        """The points of every tier the item could still land on, and 0 if it can miss them all."""
        points = []
        for when, worth in item:
            truth = when.truth(firm)
            if truth != NO:
                points.append(worth)
            if truth == YES:
                return points
        return points + [0]

    def truth(self, firm, manual=UNKNOWN):
        least = most = 0
        for item in self.items:
            if isinstance(item, int):
                least, most = least + (item if manual == YES else 0), most + item
            else:
                points = self.outcomes(item, firm)
                least, most = least + min(points), most + max(points)
        truth = YES if least >= self.needed else NO if most < self.needed else UNKNOWN
        return 2 - truth if self.negative else truth

    def cost(self, firm, price):
        return price[self.truth(firm, manual=YES)]

    def negated(self):
        return Points(self.needed, self.items, not self.negative)


def without_not(node):
    """The rule with every `not` pushed down to the conditions, as the costs want it."""
    if isinstance(node, Not):
        return node.part.negated()
    if isinstance(node, (All, Any)):
        return type(node)([without_not(part) for part in node.parts])
    if isinstance(node, AtLeast):
        return AtLeast(node.k, [without_not(part) for part in node.parts])
    return node


def kleene(answer):
    return YES if answer else NO


def strings(value):
    return [value] if isinstance(value, str) else value


def operator(field, name, value, as_of):
    """The function (value of the firm) -> truth of one operator."""
    if name == "known":
        return lambda has: kleene((has is not None) == value)
    if field.kind in ("number", "date"):
        constant = field.constant(value)
        holds = {"ge": lambda has: has >= constant, "gt": lambda has: has > constant,
                 "le": lambda has: has <= constant, "lt": lambda has: has < constant,
                 "eq": lambda has: has == constant, "ne": lambda has: has != constant}[name]
    elif field.kind == "flag":
        holds = {"is": lambda has: has == value}[name]
    elif field.kind == "category":
        holds = {"in": lambda has: has in strings(value), "not_in": lambda has: has not in strings(value)}[name]
    elif field.kind == "code":
        codes, listed = field.codes, {field.codes.read(code) for code in strings(value)}
        holds = {"in": lambda has: has in listed, "not_in": lambda has: has not in listed,
                 "under": lambda has: any(code in listed for code in codes.up(has)),
                 "not_under": lambda has: not any(code in listed for code in codes.up(has))}[name]
    else:
        ever, wanted = name.startswith("ever_"), set(strings(value))

        def having(has):
            return wanted & {element for element, until in has.items() if ever or until >= as_of}

        holds = {"has_any": lambda has: bool(having(has)), "has_all": lambda has: having(has) == wanted,
                 "has_none": lambda has: not having(has)}[name.removeprefix("ever_")]
    return lambda has: UNKNOWN if has is None else kleene(holds(has))


NOTES = {"id", "text", "source", "note"}
OPERATORS = {"number": {"ge", "gt", "le", "lt", "eq", "ne"}, "flag": {"is"}, "category": {"in", "not_in"},
             "code": {"in", "not_in", "under", "not_under"}, "tags": set(), "text": set(),
             "set": {"has_any", "has_all", "has_none", "ever_has_any", "ever_has_none"}}
OPERATORS["date"] = OPERATORS["number"]


def build(spec, schema, as_of):
    """A rule from its JSON."""
    parts = lambda name: [build(part, schema, as_of) for part in spec[name]]
    if "all" in spec:
        return All(parts("all"))
    if "any" in spec:
        return Any(parts("any"))
    if "not" in spec:
        return Not(build(spec["not"], schema, as_of))
    if "at_least" in spec:
        return AtLeast(int(spec["at_least"]), parts("of"))
    if "points" in spec:
        return Points(int(spec["points"]), [
            int(item["points"]) if "manual" in item else
            [(build(tier["when"], schema, as_of), int(tier["points"])) for tier in item["tiers"]]
            for item in spec["of"]])
    if "manual" in spec:
        return Manual()
    if "always" in spec:
        return Always(spec["always"])
    field = schema.fields[spec["field"]]
    tests = {name: value for name, value in spec.items() if name != "field" and name not in NOTES}
    key = field.name + json.dumps(tests, sort_keys=True, default=str)
    return Condition(field, [operator(field, name, value, as_of) for name, value in tests.items()], key)


def check_rule(spec, schema, manual_allowed=True):
    """Refuses a rule that the specification calls an error and that could slip in unseen."""
    kinds = [key for key in ("all", "any", "not", "at_least", "points", "manual", "always", "field") if key in spec]
    if len(kinds) != 1:
        raise Bad(f"a node is of exactly one kind: {spec}")
    kind, rest = kinds[0], spec.keys() - NOTES
    if kind == "field":
        return check_condition(spec, schema)
    if rest - {kind} != ({"of"} if kind in ("at_least", "points") else set()):
        raise Bad(f"unknown keys: {spec}")
    if kind == "manual" and not manual_allowed:
        raise Bad(f"manual where it may not stand: {spec}")
    for part in {"all": spec.get("all"), "any": spec.get("any"), "not": [spec.get("not")],
                 "at_least": spec.get("of")}.get(kind, []):
        check_rule(part, schema, manual_allowed and kind != "not")
    for item in spec["of"] if kind == "points" else []:
        if "manual" in item and not manual_allowed:
            raise Bad(f"manual where it may not stand: {spec}")
        for tier in item.get("tiers", []):
            check_rule(tier["when"], schema, manual_allowed=False)


def check_condition(spec, schema):
    field = schema.fields[spec["field"]]
    names = spec.keys() - NOTES - {"field"}
    if not names or names - OPERATORS[field.kind] - {"known"}:
        raise Bad(f"operators do not fit the field: {spec}")
    if field.kind not in ("number", "date"):
        if any(spec[name] == [] for name in names):
            raise Bad(f"an empty list: {spec}")
        return
    lower = [(field.constant(spec[name]), name == "gt") for name in ("ge", "gt", "eq") if name in spec]
    upper = [(field.constant(spec[name]), name == "lt") for name in ("le", "lt", "eq") if name in spec]
    for low, low_strict in lower:
        for high, high_strict in upper:
            if low > high or (low == high and (low_strict or high_strict)):
                raise Bad(f"an empty range: {spec}")


# --- policies ----------------------------------------------------------------------------------

def millionths(value):
    return int(fit(Fraction(value), 6) * 10**6)


def load_json(text):
    return json.loads(text, parse_float=Fraction)


def policy_specs(path):
    path = Path(path)
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.suffix in (".json", ".jsonl") and file.is_file()]
        return [spec for file in sorted(files, key=os.fsencode) for spec in policy_specs(file)]
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [load_json(line) for line in text.split("\n") if line.strip()]
    specs = load_json(text)
    return specs if isinstance(specs, list) else [specs]


class Policy:
    def __init__(self, spec, schema, as_of):
        check_rule(spec["rule"], schema)
        self.id, self.as_of, self.spec = spec["id"], as_of, spec
        self.rule = build(spec["rule"], schema, as_of)
        self.conditions_only = without_not(self.rule)
        self.priority = millionths(spec.get("priority", 0))
        self.tags = {tag: int(fit(Fraction(weight), 3) * 1000) for tag, weight in spec.get("tags", {}).items()}
        self.prefer = [(build(rule["when"], schema, as_of), millionths(rule["add"])) for rule in spec.get("prefer", [])]
        self.status = spec.get("status", "published")
        day = lambda where, name, default: parse_date(where[name]) if name in where else default
        effective = spec.get("effective", {})
        self.start, self.end = day(effective, "from", date.min), day(effective, "to", date.max)
        self.windows = [(day(window, "opens", date.min), day(window, "closes", date.max))
                        for window in spec.get("windows", [])]
        self.open_windows = [window for window in self.windows if window[0] <= as_of <= window[1]]
        self.urgency = 0

    def life_cycle(self, superseded):
        if self.status != "published":
            return self.status
        if not self.start <= self.as_of <= self.end:
            return "not_in_force"
        if self.id in superseded:
            return "superseded"
        return "closed" if self.windows and not self.open_windows else "open"

    def set_urgency(self, weight, days):
        """weight x (days - days left) / days, rounded down; nothing without an end, or when it has passed."""
        last = max((closes for _, closes in self.open_windows), default=date.max) if self.windows else self.end
        left = (last - self.as_of).days
        if last != date.max and 0 <= left <= days:
            self.urgency = millionths(weight) * (days - left) // days

    def verdict(self, firm):
        """(status, True when one fact away)"""
        truth = self.rule.truth(firm)
        if truth == YES:
            return "eligible", False
        if truth == NO:
            return "near" if self.conditions_only.cost(firm, NEAR) == 1 else "ineligible", False
        if self.rule.truth(firm, manual=YES) == YES:
            return "review", False
        return "needs_data", self.conditions_only.cost(firm, FACT) == 1

    def score(self, firm, tags):
        """In millionths."""
        score = self.priority + self.urgency
        for tag in self.tags.keys() & tags.keys():
            score += self.tags[tag] * tags[tag]
        for when, add in self.prefer:
            if when.truth(firm) == YES:
                score += add
        return score


def read_policies(path, schema, options):
    """(policy, life cycle) in input order."""
    return judge_policies(policy_specs(path), schema, options)


def judge_policies(specs, schema, options):
    as_of = parse_date(options.as_of)
    policies = [Policy(spec, schema, as_of) for spec in specs]
    superseded = {old for policy in policies if policy.status == "published" and policy.start <= as_of
                  for old in policy.spec.get("supersedes", [])}
    if options.urgency:
        weight, days = options.urgency.split(":")
        for policy in policies:
            policy.set_urgency(weight, int(days))
    return [(policy, policy.life_cycle(superseded)) for policy in policies]


# --- the answer --------------------------------------------------------------------------------

def csv_cell(text):
    text = "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def csv_bytes(header, rows):
    return "".join(",".join(row) + "\n" for row in [header.split(","), *rows]).encode()


def decimal(score):
    whole, part = divmod(abs(score), 10**6)
    return f"{'-' if score < 0 else ''}{whole}.{part:06}"


def match(firms, policies, schema, options):
    """(push rows, counts {policy id: {status: how many}})"""
    kept = {}  # (firm or policy, status) -> sort keys, in input order of that firm or policy
    counts = {policy.id: dict.fromkeys(STATUSES, 0) for policy, _ in policies}
    judged = [(place, policy) for place, (policy, cycle) in enumerate(policies)
              if cycle == "open" or options.include_closed]
    by_firm = options.by == "firm"
    for row, firm in enumerate(firms):
        tags = firm.values[schema.tags] if schema.tags else {}
        for place, policy in judged:
            status, one_fact_away = policy.verdict(firm)
            if status == "ineligible":
                continue
            counts[policy.id][status] += 1
            if status in options.statuses:
                group, last = (row, policy.id) if by_firm else (place, firm.id)
                key = (not one_fact_away, -policy.score(firm, tags), last.encode(), row, place)
                kept.setdefault((group, STATUSES.index(status)), []).append(key)
        firm.truths.clear()
    rows = []
    for (_, status), keys in sorted(kept.items()):
        for rank, (_, minus_score, _, row, place) in enumerate(sorted(keys)[:options.top], 1):
            policy, cycle = policies[place]
            cells = [csv_cell(firms[row].id), STATUSES[status], str(rank), csv_cell(policy.id), decimal(-minus_score)]
            rows.append(cells + [cycle] * options.include_closed)
    return rows, counts


def run(schema_path, policies_path, firms_path, options):
    """The bytes of --out, --counts and --quarantine."""
    schema = Schema(schema_path, options.standards)
    policies = read_policies(policies_path, schema, options)
    firms, bad = read_firms(firms_path, schema, parse_date(options.as_of), options.strict)
    rows, counts = match(firms, policies, schema, options)
    header = "firm_id,status,rank,policy_id,score" + ",life_cycle" * options.include_closed
    return (csv_bytes(header, rows),
            csv_bytes("policy_id," + ",".join(STATUSES),
                      [[csv_cell(id), *map(str, count.values())] for id, count in counts.items()]),
            csv_bytes("line,firm_id,field,value,reason", [[csv_cell(str(cell)) for cell in row] for row in bad]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("policies", "firms", "schema", "as-of"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--top", default="20")
    parser.add_argument("--status", default="eligible,review")
    parser.add_argument("--by", choices=("firm", "policy"), default="firm")
    parser.add_argument("--standards", default=STANDARDS, help="folder of sme_size.csv, regions.csv, gbt4754.csv")
    for name in ("out", "counts", "quarantine", "urgency", "threads"):
        parser.add_argument(f"--{name}")
    for name in ("strict", "include-closed", "quiet"):
        parser.add_argument(f"--{name}", action="store_true")
    args = parser.parse_args()
    options = Options(args.as_of, None if args.top == "all" else int(args.top), tuple(args.status.split(",")), args.by,
                      args.include_closed, args.strict, args.urgency, args.standards)
    answers = run(args.schema, args.policies, args.firms, options)
    for path, data in zip((args.out, args.counts, args.quarantine), answers):
        if path == "-":
            sys.stdout.buffer.write(data)
        elif path:
            Path(path).write_bytes(data)
    return 3 if answers[2].count(b"\n") > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
