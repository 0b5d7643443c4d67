#!/usr/bin/env python3
"""Structural checks of the shipped data. Standard library only.

    python3 tests/data/check_data.py

Prints one line per failure and "N passed, N failed"; exits 1 if anything failed.
"""
import csv
import datetime
import json
import os
import re
import sys
from collections import Counter
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.normpath(os.path.join(HERE, "..", "..", "data"))

passed = failed = 0


def check(ok, what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAIL " + what)
    return bool(ok)


def path(*parts):
    return os.path.join(DATA, *parts)


def no_duplicate_keys(pairs):
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError("duplicate key " + key)
        seen[key] = value
    return seen


def load_json(text):
    return json.loads(text, object_pairs_hook=no_duplicate_keys, parse_float=Decimal)


def read_text(*parts):
    with open(path(*parts), encoding="utf-8", newline="") as handle:
        return handle.read()


def read_csv(*parts):
    text = read_text(*parts)
    check("\r" not in text and text.endswith("\n"), "%s: LF line ends" % parts[-1])
    return list(csv.DictReader(text.splitlines()))


# ---------------------------------------------------------------- code lists

class CodeList:
    def __init__(self, name, counts, child_of):
        self.name = name
        rows = read_csv("standards", name + ".csv")
        self.rows = {row["code"]: row for row in rows}
        check(len(self.rows) == len(rows), "%s: no duplicate codes" % name)
        check([row["code"] for row in rows] == sorted(self.rows) or name != "regions", "%s: sorted by code" % name)
        check(Counter(row["level"] for row in rows) == Counter(counts), "%s: counts per level" % name)
        for row in rows:
            code, parent = row["code"], row["parent"]
            if not row["name"]:
                check(False, "%s: %s has no name" % (name, code))
            if parent and parent not in self.rows:
                check(False, "%s: parent %s of %s" % (name, parent, code))
            above = self.rows[parent]["level"] if parent in self.rows else ""
            if above not in child_of[row["level"]]:
                check(False, "%s: %s (%s) under a %s" % (name, code, row["level"], above or "nothing"))
        check(all(len(list(self.up(code))) <= 6 for code in self.rows), "%s: no cycles" % name)
        self.codes = set(self.rows)
        self.alias = {}
        for row in rows:
            for alias in filter(None, row.get("alias", "").split("|")):
                check(alias not in self.alias and alias not in self.codes, "%s: alias %s" % (name, alias))
                self.alias[alias] = row["code"]

    def up(self, code):
        steps = 0
        while code in self.rows and steps < 20:
            yield code
            code = self.rows[code]["parent"]
            steps += 1


regions = CodeList("regions", {"country": 1, "province": 34, "prefecture": 342, "county": 2975, "town": 1632},
                   {"country": [""], "province": ["country"], "prefecture": ["province"], "county": ["prefecture"],
                    "town": ["county", "prefecture"]})
gbt = CodeList("gbt4754", {"section": 20, "division": 97, "group": 473, "class": 1381},
               {"section": [""], "division": ["section"], "group": ["division"], "class": ["group"]})

for code, ancestor in (("441900119", "441900"), ("441900119", "440000"), ("500229", "500000"), ("410302001", "410300"),
                       ("620201", "620200"), ("440305", "440300"), ("429004", "420000"), ("710000", "100000")):
    check(ancestor in list(regions.up(code)), "regions: %s is under %s" % (code, ancestor))
check("440300" not in list(regions.up("441900119")), "regions: 441900119 is not under 440300")
check(Counter(row["parent"][:4] for row in regions.rows.values() if row["level"] == "town" and row["code"][:2] == "44")
      == Counter({"4419": 36, "4403": 79, "4404": 31}), "regions: towns of Dongguan, Shenzhen, Zhuhai")
check(sum(1 for c in regions.codes if len(c) == 9 and c[:4] == "4103") == 194, "regions: towns of Luoyang")
check(sum(1 for c in regions.codes if len(c) == 9 and c[:4] == "5101") == 261, "regions: towns of Chengdu")
check(sum(1 for c in regions.codes if len(c) == 9 and c[:2] == "50") == 1031, "regions: towns of Chongqing")
check({c: gbt.rows[c]["name"] for c in ("58", "59")} == {"58": "多式联运和运输代理业", "59": "装卸搬运和仓储业"},
      "gbt4754: the 2017 edition")
check(gbt.alias.get("C3911") == "3911" and gbt.alias.get("A01") == "01" and gbt.alias.get("I651") == "651", "gbt4754: aliases")
for code, row in gbt.rows.items():
    section = list(gbt.up(code))[-1]
    if row["alias"] != ("" if row["level"] == "section" else section + code):
        check(False, "gbt4754: alias of %s" % code)

# ---------------------------------------------------------------- size classes

SIZES = ["micro", "small", "medium", "large"]
INDICATORS = {"X": "employees", "Y": "revenue", "Z": "assets"}
sme = read_csv("standards", "sme_size.csv")
check(len(sme) == 16, "sme_size: 16 categories")
by_code = {}
for row in sme:
    for code in row["codes"].split("|"):
        check(code in gbt.codes, "sme_size: code %s" % code)
        check(code not in by_code, "sme_size: %s named once" % code)
        by_code[code] = row
    used = 0
    for name in INDICATORS.values():
        bounds = [row["%s_%s" % (name, size)] for size in SIZES[1:]]
        if any(bounds):
            used += 1
            check(all(b.isdigit() for b in bounds) and 0 < int(bounds[0]) < int(bounds[1]) < int(bounds[2]),
                  "sme_size: bounds of %s %s" % (row["category"], name))
    check(1 <= used <= 2, "sme_size: indicators of %s" % row["category"])


def category_of(industry):
    for code in gbt.up(industry):
        if code in by_code:
            return by_code[code]
    return None


def indicators_of(row):
    return [name for name in INDICATORS.values() if row[name + "_small"]]


def size_of(industry, **values):
    """Size class with every indicator given; None where the standard has no class."""
    row = category_of(industry)
    if row is None:
        return None
    least = 3
    for name in indicators_of(row):
        reached = sum(1 for size in SIZES[1:] if Decimal(values[name]) >= int(row["%s_%s" % (name, size)]))
        least = min(least, reached)
    return SIZES[least]


VECTORS = [("3921", "1000", "40000", None, "large"), ("3921", "1000", "39999", None, "medium"),
           ("3921", "299", "500000", None, "small"), ("3921", "19", "500000", None, "micro"),
           ("3921", "5000", "299", None, "micro"), ("5177", "4", "900000", None, "micro"),
           ("0111", None, "20000", None, "large"), ("0111", None, "49.99", None, "micro"),
           ("6513", "300", "9999", None, "medium"), ("6421", "500", "50000", None, "medium"),
           ("4710", None, "80000", "4999", "small"), ("7010", None, "500000", "1999", "micro"),
           ("7212", "350", None, "7999", "small"), ("7310", "300", None, None, "large"),
           ("5910", "300", "3000", None, "medium"), ("5910", "150", "3000", None, "small")]
check(len(VECTORS) == 16, "sme_size: 16 vectors")
for industry, x, y, z, expected in VECTORS:
    got = size_of(industry, employees=x, revenue=y, assets=z)
    check(got == expected, "sme_size: %s %s %s %s is %s, got %s" % (industry, x, y, z, expected, got))

# The thresholds a second time, written out from the 2017 standard: (code, indicator, small, medium, large).
BOUNDS = [("0111", "Y", 50, 500, 20000), ("0610", "X", 20, 300, 1000), ("3911", "Y", 300, 2000, 40000),
          ("4710", "Y", 300, 6000, 80000), ("4710", "Z", 300, 5000, 80000),
          ("5177", "X", 5, 20, 200), ("5177", "Y", 1000, 5000, 40000),
          ("5211", "X", 10, 50, 300), ("5211", "Y", 100, 500, 20000),
          ("5411", "X", 20, 300, 1000), ("5910", "Y", 200, 3000, 30000),
          ("5920", "X", 20, 100, 200), ("5990", "Y", 100, 1000, 30000),
          ("6010", "X", 20, 300, 1000), ("6010", "Y", 100, 2000, 30000),
          ("6110", "X", 10, 100, 300), ("6110", "Y", 100, 2000, 10000),
          ("6210", "X", 10, 100, 300), ("6210", "Y", 100, 2000, 10000),
          ("6311", "X", 10, 100, 2000), ("6421", "Y", 100, 1000, 100000),
          ("6513", "X", 10, 100, 300), ("6513", "Y", 50, 1000, 10000),
          ("7010", "Y", 100, 1000, 200000), ("7010", "Z", 2000, 5000, 10000),
          ("7020", "X", 100, 300, 1000), ("7020", "Y", 500, 1000, 5000),
          ("7212", "X", 10, 100, 300), ("7212", "Z", 100, 8000, 120000),
          ("7310", "X", 10, 100, 300), ("7030", "X", 10, 100, 300), ("8511", "X", 10, 100, 300)]
named = set()
for code, indicator, *bounds in BOUNDS:
    row = category_of(code)
    if not check(row is not None, "sme_size: %s has a category" % code):
        continue
    name = INDICATORS[indicator]
    named.add((row["category"], name))
    for step, bound in enumerate(bounds):
        plenty = {other: "10000000" for other in INDICATORS.values()}
        plenty[name] = str(bound)
        check(size_of(code, **plenty) == SIZES[step + 1], "sme_size: %s %s at %d" % (code, name, bound))
        plenty[name] = str(bound - 1)
        check(size_of(code, **plenty) == SIZES[step], "sme_size: %s %s just below %d" % (code, name, bound))
check(named == {(row["category"], name) for row in sme for name in indicators_of(row)}, "sme_size: every bound is covered")
check(sum(1 for row in gbt.rows.values() if row["level"] == "class" and category_of(row["code"]) is None) == 129,
      "sme_size: 129 industry classes have no size class")
for code in ("5320", "6610", "7040", "8310", "8411", "9221", "9700", "59", "J", "F"):
    check(code in gbt.codes and category_of(code) is None, "sme_size: %s has no class" % code)

# ---------------------------------------------------------------- unified social credit code

uscc = load_json(read_text("standards", "uscc.json"))
alphabet, weights = uscc["alphabet"], uscc["weights"]
check(len(alphabet) == 31 and len(set(alphabet)) == 31 and not set("IOSVZ") & set(alphabet), "uscc: alphabet")
check(weights == [pow(3, i, 31) for i in range(17)], "uscc: weights")


def uscc_check(first17):
    total = sum(alphabet.index(c) * w for c, w in zip(first17, weights))
    return alphabet[(31 - total % 31) % 31]


def organisation_check(first8):
    rule = uscc["organisation_code"]
    total = sum(rule["alphabet"].index(c) * w for c, w in zip(first8, rule["weights"]))
    return "0123456789X0"[11 - total % 11]


check(len(uscc["synthetic"]) == 5, "uscc: synthetic codes")
for code in uscc["synthetic"]:
    check(len(code) == 18 and uscc_check(code[:17]) == code[17], "uscc: check character of %s" % code)
    check(code[2:8] in regions.codes, "uscc: region of %s" % code)
    wrong = code[:17] + alphabet[(alphabet.index(code[17]) + 1) % 31]
    check(uscc_check(wrong[:17]) != wrong[17], "uscc: a wrong check character is seen in %s" % wrong)
example = uscc["example"]
check(uscc_check(example["first17"]) == example["code"][17] and example["code"][:17] == example["first17"], "uscc: example")
check(organisation_check(example["first17"][8:16]) == example["first17"][16], "uscc: organisation code of the example")

# ---------------------------------------------------------------- qualifications

quals = read_csv("standards", "qualifications.csv")
qual_names = {row["name"] for row in quals}
check(len({row["id"] for row in quals}) == len(quals) == len(qual_names), "qualifications: ids and names are unique")
check(all(row["valid_months"] == "" or int(row["valid_months"]) > 0 for row in quals), "qualifications: months")
check(all(row["grade"] in ("secondary-source", "unverified") for row in quals), "qualifications: grades")
check(all("|" not in row["name"] and "@" not in row["name"] for row in quals), "qualifications: names fit a set cell")

# ---------------------------------------------------------------- schema

KINDS = {"number", "date", "flag", "category", "code", "set", "tags", "text"}
schema = load_json(read_text("schema.json"))
check(list(schema) == ["id", "fields"] and schema["id"] == "uscc", "schema: id")
fields = {field["name"]: field for field in schema["fields"]}
check(len(fields) == len(schema["fields"]), "schema: names are unique")
check("uscc" not in fields, "schema: the id is not a field as well")
check(len({field["label"] for field in schema["fields"]}) == len(fields), "schema: labels are unique")
KEYS = {"name", "label", "kind", "unit", "decimals", "codes", "level", "values", "expires", "missing", "derive", "fixed"}
for name, field in fields.items():
    check(re.fullmatch(r"[a-z][a-z0-9_]*", name) and field["kind"] in KINDS and set(field) <= KEYS and field["label"],
          "schema: %s" % name)
    if field["kind"] == "code":
        check(field.get("codes") in ("regions", "gbt4754"), "schema: list of %s" % name)
    derive = field.get("derive")
    if not derive:
        continue
    check(len(derive) == 1, "schema: derive of %s" % name)
    (how, of), = derive.items()
    operands = [of] if isinstance(of, str) else of
    check(all(operand in fields for operand in operands), "schema: operands of %s" % name)
    if how == "months_since":
        check(fields[of]["kind"] == "date", "schema: %s needs a date" % name)
    elif how == "sme_size":
        check([fields[o]["kind"] for o in operands] == ["code", "number", "number", "number"], "schema: %s" % name)
    elif how in ("ratio", "sum", "difference"):
        check(all(fields[o]["kind"] == "number" for o in operands), "schema: %s needs numbers" % name)
        check(len({fields[o].get("unit") for o in operands if "unit" in fields[o]}) <= 1, "schema: units of %s" % name)
        check(not any({"ratio", "sme_size"} & set(fields[o].get("derive", {})) for o in operands), "schema: operands of %s" % name)
        if how == "ratio":
            check("decimals" not in field and len(operands) == 2, "schema: ratio %s" % name)
    else:
        check(False, "schema: derive of %s" % name)
check(sum(1 for f in fields.values() if f["kind"] == "tags") == 1, "schema: one tags field")
check(all(fields[n].get("fixed") for n in ("region", "established", "entity_type")), "schema: fixed fields")
check(not fields["revenue"].get("fixed") and not fields["qualifications"].get("fixed"), "schema: fields that can change")
lines = read_text("schema.json").splitlines()
check(sum(1 for line in lines if line.lstrip().startswith('{"name"')) == len(fields), "schema: one field per line")

# ---------------------------------------------------------------- policies

OPERATORS = {"number": {"ge", "gt", "le", "lt", "eq", "ne", "known"}, "date": {"ge", "gt", "le", "lt", "eq", "ne", "known"},
             "flag": {"is", "known"}, "category": {"in", "not_in", "known"},
             "code": {"in", "not_in", "under", "not_under", "known"},
             "set": {"has_any", "has_all", "has_none", "ever_has_any", "ever_has_none", "known"},
             "tags": {"known"}, "text": {"known"}}
EXTRA = {"id", "text", "source", "note"}
NODES = ("all", "any", "not", "at_least", "points", "manual", "always", "field")
POLICY_KEYS = ["id", "version", "title", "issuer", "document", "url", "level", "status", "effective", "windows", "supersedes",
               "rule", "tags", "priority", "prefer", "benefit", "exclusive_group", "quota", "summary", "meta"]
UNITS = {"": 1, "百": 10 ** 2, "千": 10 ** 3, "万": 10 ** 4, "百万": 10 ** 6, "千万": 10 ** 7, "亿": 10 ** 8}


def as_list(value):
    return value if isinstance(value, list) else [value]


def unit_of(field):
    """The field's unit; a sum or difference has that of its operands."""
    derive = field.get("derive", {})
    for how in ("sum", "difference"):
        if how in derive and "unit" not in field:
            return unit_of(fields[derive[how][0]])
    return field.get("unit", "")


def number(value, field):
    """Value of a constant in the field's unit, or None where it does not fit."""
    base = unit_of(field)
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(百万|千万|百|千|万|亿)?(\D*)", value)
    if not match:
        return None
    digits, multiple, unit = match.groups()
    if unit == "%":
        return None if multiple or base else Decimal(digits) / 100
    if unit not in ("", base):
        return None
    return Decimal(digits) * UNITS[multiple or ""]


def fits(value, field):
    places = 9 if "ratio" in field.get("derive", {}) else field.get("decimals", 2 if "sum" in field.get("derive", {}) else 0)
    return value is not None and value == value.quantize(Decimal(1).scaleb(-places))


used = set()
conditions = Counter()


def walk(node, where, negated=False, manual=True):
    """Checks one rule node and yields every condition below it."""
    kinds = [key for key in NODES if key in node]
    if not check(len(kinds) == 1, "%s: one kind of node in %s" % (where, list(node))):
        return
    kind = kinds[0]
    for key in EXTRA & set(node):
        check(isinstance(node[key], str) and node[key], "%s: %s" % (where, key))
    if kind in ("all", "any"):
        check(set(node) - EXTRA == {kind} and isinstance(node[kind], list) and node[kind], "%s: %s" % (where, kind))
        for child in node[kind]:
            yield from walk(child, where, negated, manual)
    elif kind == "not":
        check(set(node) - EXTRA == {"not"}, "%s: not" % where)
        yield from walk(node["not"], where, True, manual)
    elif kind == "at_least":
        check(set(node) - EXTRA == {"at_least", "of"} and 0 < node["at_least"] <= len(node["of"]), "%s: at_least" % where)
        for child in node["of"]:
            yield from walk(child, where, negated, manual)
    elif kind == "points":
        check(set(node) - EXTRA == {"points", "of"}, "%s: points" % where)
        most = 0
        for item in node["of"]:
            check(set(item) <= {"label", "tiers"} or set(item) <= {"label", "manual", "points"}, "%s: item" % where)
            if "manual" in item:
                check(manual and not negated, "%s: manual item" % where)
                most += item["points"]
                continue
            points = [tier["points"] for tier in item["tiers"]]
            check(all(isinstance(p, int) and 0 <= p <= 1000 for p in points), "%s: points are whole" % where)
            check(points == sorted(points, reverse=True), "%s: the best tier comes first" % where)
            most += max(points)
            for tier in item["tiers"]:
                check(set(tier) - EXTRA == {"when", "points"}, "%s: tier" % where)
                yield from walk(tier["when"], where, negated, False)
        check(most >= node["points"], "%s: the table can be reached" % where)
    elif kind == "manual":
        check(set(node) - EXTRA == {"manual"} and node["manual"] and not negated and manual, "%s: manual" % where)
    elif kind == "always":
        check(set(node) - EXTRA == {"always"} and isinstance(node["always"], bool), "%s: always" % where)
    else:
        yield from condition(node, where)


def condition(node, where):
    name = node["field"]
    if not check(name in fields, "%s: field %s" % (where, name)):
        return
    field = fields[name]
    used.add(name)
    where = "%s: %s" % (where, name)
    operators = [key for key in node if key not in EXTRA and key != "field"]
    check(operators and set(operators) <= OPERATORS[field["kind"]], "%s: operators %s" % (where, operators))
    low, high = None, None
    for op in operators:
        conditions[op] += 1
        value = node[op]
        if op == "known" or op == "is":
            check(isinstance(value, bool), "%s: %s takes true or false" % (where, op))
        elif field["kind"] == "number":
            held = number(value, field)
            check(fits(held, field), "%s: %s %s" % (where, op, value))
            if op in ("ge", "gt"):
                low = (held, op == "gt")
            if op in ("le", "lt"):
                high = (held, op == "lt")
        else:
            items = as_list(value)
            check(items and all(isinstance(i, str) and i for i in items) and len(set(items)) == len(items), "%s: %s" % (where, op))
            if field["kind"] == "code":
                codes = {"regions": regions, "gbt4754": gbt}[field["codes"]].codes
                check(set(items) <= codes, "%s: codes %s" % (where, items))
            if field["kind"] == "category":
                values = SIZES if "sme_size" in field.get("derive", {}) else field.get("values")
                check(values is None or set(items) <= set(values), "%s: values %s" % (where, items))
            if name == "qualifications":
                check(set(items) <= qual_names, "%s: %s" % (where, items))
    if low and high:
        check(low[0] < high[0] or (low[0] == high[0] and not low[1] and not high[1]), "%s: empty range" % where)
    yield node


def day(text):
    return datetime.date(*map(int, text.split("-"))) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def check_amount(part, where):
    keys = set(part) - {"when", "kind", "text", "tiers"}
    if keys == {"amount"}:
        check(fits(number(part["amount"], {"unit": "元"}), {"decimals": 2}), "%s: amount" % where)
    else:
        check(keys in ({"rate", "of"}, {"rate", "of", "cap"}), "%s: benefit keys %s" % (where, sorted(keys)))
        check(part.get("of") in fields and fields[part["of"]]["kind"] == "number", "%s: benefit of" % where)
        check(unit_of(fields[part["of"]]) == "元", "%s: benefit of a field in 元" % where)
        rate = number(part["rate"], {})
        check(rate is not None and 0 < rate <= 1, "%s: benefit rate" % where)
        used.add(part.get("of"))
        if "cap" in part:
            check(fits(number(part["cap"], {"unit": "元"}), {"decimals": 2}), "%s: cap" % where)


def scaled(value, places, low, high):
    return not isinstance(value, bool) and isinstance(value, (int, Decimal)) and low <= value <= high \
        and Decimal(value) == Decimal(value).quantize(Decimal(1).scaleb(-places))


GRADES = {"official-page", "official-repost", "secondary-source", "unverified"}
policies = {}
by_file = {}
for name in ("sourced", "unverified"):
    text = read_text("policies", name + ".jsonl")
    check(text.endswith("\n") and "\r" not in text and "\n\n" not in text, "%s: one policy a line" % name)
    by_file[name] = []
    for line_number, line in enumerate(text.splitlines(), 1):
        policy = load_json(line)
        where = "%s:%d %s" % (name, line_number, policy.get("id"))
        check(policy["id"] not in policies, "%s: id is unique" % where)
        policies[policy["id"]] = policy
        by_file[name].append(policy)
        check(list(policy) == [key for key in POLICY_KEYS if key in policy], "%s: keys and their order" % where)
        check(json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")) == line, "%s: compact" % where)
        check(policy["title"] and policy["issuer"] and policy["summary"], "%s: title, issuer, summary" % where)
        check(policy["level"] in ("national", "province", "city", "district"), "%s: level" % where)
        check(policy["status"] in ("published", "draft", "withdrawn"), "%s: status" % where)
        if "url" in policy:
            check(re.fullmatch(r"https?://\S+", policy["url"]), "%s: url" % where)
        effective = policy.get("effective", {})
        check(set(effective) <= {"from", "to"} and all(map(day, effective.values())), "%s: effective" % where)
        if len(effective) == 2:
            check(effective["from"] <= effective["to"], "%s: effective order" % where)
        previous = ""
        for window in policy.get("windows", []):
            check(window and set(window) <= {"opens", "closes"} and all(map(day, window.values())), "%s: window" % where)
            opens, closes = window.get("opens", effective.get("from", "")), window.get("closes", "9999-12-31")
            check(previous < opens or "opens" not in window, "%s: windows in order" % where)
            check(opens <= closes, "%s: window order" % where)
            check(effective.get("from", "") <= opens and closes <= effective.get("to", "9999-12-31"), "%s: window in force" % where)
            previous = closes
        found = list(walk(policy["rule"], where))
        check(found, "%s: has conditions" % where)
        places = [c for c in found if c["field"] in ("region", "op_region") and "under" in c]
        if policy["level"] != "national":
            check(places, "%s: a local policy has a region condition" % where)
        for weight in policy["tags"].values():
            check(scaled(weight, 3, -1000, 1000), "%s: tag weight" % where)
        check(scaled(policy["priority"], 6, 0, 1), "%s: priority" % where)
        for prefer in policy.get("prefer", []):
            check(set(prefer) == {"when", "add", "text"} and scaled(prefer["add"], 6, -1, 1), "%s: prefer" % where)
            list(walk(prefer["when"], where + " prefer"))
        benefit = policy.get("benefit")
        if benefit is not None:
            check(benefit.get("kind"), "%s: benefit kind" % where)
            if "tiers" in benefit:
                check(set(benefit) <= {"kind", "tiers", "text"}, "%s: benefit keys" % where)
                for tier in benefit["tiers"]:
                    list(walk(tier["when"], where + " benefit"))
                    check_amount(tier, where)
            else:
                check_amount(benefit, where)
        meta = policy["meta"]
        check(meta["grade"] in GRADES and meta["sources"] and meta["state"], "%s: grade and sources" % where)
        check(isinstance(meta.get("lost", [""]), list), "%s: lost" % where)
        if "grants" in meta:
            check(meta["grants"]["qualification"] in qual_names, "%s: grants" % where)

check(len(by_file["sourced"]) == 40, "policies: 40 sourced")
check(len(by_file["unverified"]) == 12, "policies: 12 unverified")
check(Counter(p["meta"]["grade"] for p in by_file["sourced"])
      == Counter({"official-page": 2, "official-repost": 8, "secondary-source": 30}), "policies: grades of the sourced")
check(all(p["meta"]["grade"] == "unverified" for p in by_file["unverified"]), "policies: grades of the unverified")
for policy in policies.values():
    for other in policy.get("supersedes", []):
        check(other in policies and other != policy["id"], "%s: supersedes %s" % (policy["id"], other))
check(sorted(o for p in policies.values() for o in p.get("supersedes", [])) == ["GK-INNOV-SME", "GK-SRDI-2022", "GK-XJR-2022"],
      "policies: the 2026 rules supersede those of 2022")
check(policies["DG-OPC10-DRAFT"]["status"] == "draft", "policies: the draft stays a draft")
check(len(policies["GZ-STARTUP-HIRE"]["windows"]) == 30, "policies: every odd month from 2022-07 to 2027-05")


def tables(node):
    if "points" in node and "of" in node:
        yield node
    for key in ("all", "any"):
        for child in node.get(key, []):
            yield from tables(child)


found = list(tables(policies["CN-TSME"]["rule"]))
check(len(found) == 1 and found[0]["points"] == 60
      and [item["tiers"][0]["points"] for item in found[0]["of"]] == [20, 50, 30], "CN-TSME: the scoring table")
spare = {name for name, field in fields.items() if name not in used}
operands = {o for f in fields.values() if "derive" in f for v in f["derive"].values() for o in as_list(v)}
GENERAL = {"name", "clusters", "follows", "growth", "patents"}
check(spare - operands == GENERAL, "schema: fields no policy uses: %s" % sorted(spare - operands ^ GENERAL))

# ---------------------------------------------------------------- words

for folder, _, names in os.walk(DATA):
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as handle:
            text = handle.read()
        check("\ufeff" not in text and "\t" not in text, "%s: no BOM, no tab" % name)

print("%d passed, %d failed" % (passed, failed))
sys.exit(1 if failed else 0)
