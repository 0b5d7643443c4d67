"""Small random worlds for the agreement test: schema, code lists, policies and firms from one seed.

A world is a pure function of its seed. Its rules are valid under the specification; its firms are not always.
Firm values lie on, and right beside, the constants that the policies use.

    python3 worlds.py --seed 5 --out DIR --stats      # writes the files, and says how the verdicts fall
    python3 worlds.py --seeds 0:100 --stats           # the verdicts over many worlds
"""

import argparse
import json
import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

INT64_MAX = 2**63 - 1
MULTIPLIERS = {"": 1, "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}

# A cut of GB/T 4754 (code, parent, level, alias) that touches every way the size standard can answer.
INDUSTRIES = [row.split() for row in """
A - section -|01 A division A01|011 01 group -|0111 011 class A0111|C - section -|39 C division C39|391 39 group -
3911 391 class C3911|3912 391 class C3912,制造3912|16 C division -|161 16 group -|1610 161 class -|E - section -
47 E division -|471 47 group -|4710 471 class -|F - section -|51 F division -|517 51 group -|5177 517 class -|52 F division -
521 52 group -|5211 521 class -|G - section -|53 G division -|531 53 group -|5311 531 class -|59 G division -|591 59 group -
5910 591 class -|592 59 group -|5920 592 class -|I - section -|65 I division I65|651 65 group -|6513 651 class I6513
J - section -|66 J division -|662 66 group -|6621 662 class -|K - section -|70 K division -|701 70 group -|7010 701 class -
L - section -|72 L division -|721 72 group -|7212 721 class -""".strip().replace("\n", "|").split("|")]
# Towns straight under a city, a county straight under a province: zeros say nothing about parents.
REGIONS = [row.split() for row in """
100000 - country -|440000 100000 province 广东,粤|441900 440000 city 东莞|441900003 441900 town -|441900006 441900 town -
440300 440000 city -|440305 440300 county -|440305001 440305 town -|500000 100000 province -|500100 500000 city -
500103 500100 county -|500103001 500103 town -|650000 100000 province -|659001 650000 county -|659001001 659001 town -
410371 440300 county 开发区""".strip().replace("\n", "|").split("|")]
GBT_CODES = "A 01 011 0111 C 39 391 3911 E 47 F 51 52 G 53 59 591 592 I 65 651 6513 J 66 K 70 701 7010 L 72 C391 I65".split()
SET_NAMES = ["高新技术企业", "专精特新中小企业", "小巨人", "创新型中小企业", "A级", "ISO@9001"]
TAGS = ["智能制造", "出口", "小升规", "绿色", "a:b", "AI"]


def finite(value):
    """A Fraction with a power of ten below, as digits: never an exponent."""
    sign, value, places = "-" if value < 0 else "", abs(value), 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(int(value * 10**places)).rjust(places + 1, "0")
    return sign + (digits[:-places] + "." + digits[-places:] if places else digits)


@dataclass
class World:
    seed: int
    as_of: str
    schema: dict
    lists: dict  # file name -> text of a code list
    policies: list
    layout: str  # of the policies: jsonl, json or folder
    header: bytes
    rows: list  # bytes of each record, line end included
    clean: list  # of each record: False when it is to be set aside
    urgency: str = "0.25:30"

    def write(self, folder):
        """Writes the files; returns (schema, policies, firms) paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.lists.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "schema.json").write_text(json.dumps(self.schema, ensure_ascii=False, indent=1), encoding="utf-8")
        (folder / "firms.csv").write_bytes(self.header + b"".join(self.rows))
        texts = [json.dumps(policy, ensure_ascii=False) for policy in self.policies]
        if self.layout == "json":
            policies = folder / "policies.json"
            policies.write_text("[" + ",\n".join(texts) + "]", encoding="utf-8")
        elif self.layout == "jsonl":
            policies = folder / "policies.jsonl"
            policies.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        else:  # a folder in which the sorted paths give the order of the list
            policies = folder / "policies"
            half = len(texts) // 2
            (policies / "b").mkdir(parents=True, exist_ok=True)
            (policies / "a.jsonl").write_text("\n\n".join(texts[:half]), encoding="utf-8")
            for number, text in enumerate(texts[half:]):
                (policies / "b" / f"{number:04}.json").write_text(text, encoding="utf-8")
        return folder / "schema.json", policies, folder / "firms.csv"


def make(seed):
    return Maker(seed).world()


class Maker:
    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        shape = ["wide", "block", "many"][seed % 8] if seed % 8 < 3 else "small"
        pick = self.random.randint
        self.wide = shape == "wide"
        self.firm_count = {"wide": pick(40, 120), "block": self.random.choice([511, 512, 513, pick(520, 600)]),
                           "many": pick(20, 60), "small": pick(0, 60)}[shape]
        self.policy_count = {"wide": pick(120, 160), "block": pick(5, 20), "many": 200, "small": pick(1, 30)}[shape]
        self.as_of = self.random.choice([date(2026, 11, 23), date(2026, 2, 28), date(2024, 2, 29), date(2026, 12, 31)])
        self.dirty = self.chance(0.5)
        self.unknown_rate = self.random.choice([0.02, 0.06, 0.1, 0.15, 0.3, 0.5])
        self.constants, self.seen_rules = {}, []
        self.set_names = SET_NAMES + [f"资质{number}" for number in range(150)] * self.wide
        self.tags = TAGS + [f"标签{number}" for number in range(100)] * self.wide

    def chance(self, probability):
        return self.random.random() < probability

    def some(self, items, most):
        items = list(items)
        return self.random.sample(items, min(len(items), self.random.randint(1, most)))

    # --- schema ---

    def make_schema(self):
        choice, chance = self.random.choice, self.chance
        money = {"kind": "number", "unit": choice(["元", "元", "万元", ""])}
        wan = {"kind": "number", "unit": "万元", "decimals": choice([0, 2, 4, 6])}
        own_list = chance(0.8)
        fields = [
            {"name": "revenue", **money, "decimals": choice([0, 2, 2, 4])},
            {"name": "rd_expense", **money, "decimals": choice([0, 2, 3])},
            {"name": "profit", **money, "decimals": choice([0, 1, 2])},
            {"name": "employees", "kind": "number", "unit": choice(["人", ""])},
            {"name": "assets", **wan},
            {"name": "growth", "kind": "number", "unit": "%", "decimals": choice([0, 1, 3])},
            {"name": "patents", "kind": "number"},
            {"name": "index", "kind": "number", "decimals": choice([2, 3, 9])},
            {"name": "rd_ratio", "kind": "number", "derive": {"ratio": ["rd_expense", "revenue"]}},
            {"name": "margin", "kind": "number", "unit": "%", "derive": {"ratio": ["profit", "difference"]}},
            {"name": "total", "kind": "number", "derive": {"sum": ["revenue", "rd_expense", "profit"][:choice([1, 2, 3])]}},
            {"name": "difference", "kind": "number",
             "derive": {"difference": choice([["revenue", "profit"], ["profit", "rd_expense"]])}},
            {"name": "per_head", "kind": "number", "derive": {"ratio": ["total", "employees"]}},
            {"name": "established", "kind": "date", "fixed": True},
            {"name": "age_months", "kind": "number", "unit": choice(["", "月"]), "derive": {"months_since": "established"}},
            {"name": "audited", "kind": "date"},
            {"name": "region", "kind": "code", "codes": "region_list.csv", "fixed": True},
            {"name": "industry", "kind": "code", "codes": "industry_list.csv" if own_list else "gbt4754"},
            {"name": "park", "kind": "code", "codes": "prefix"},
            {"name": "scale", "kind": "category", "derive": {"sme_size": ["industry", "employees", "revenue", "assets"]}},
            {"name": "stage", "kind": "category", "values": ["种子", "成长", "成熟", "other"]},
            {"name": "brand", "kind": "category"},
            {"name": "dishonest", "kind": "flag"},
            {"name": "exporter", "kind": "flag"},
            {"name": "quals", "kind": "set", "expires": True},
            {"name": "certs", "kind": "set", "expires": True, "missing": "unknown"},
            {"name": "awards", "kind": "set"},
            {"name": "follows", "kind": "tags"},
            {"name": "remark", "kind": "text"},
        ]
        by_name = {field["name"]: field for field in fields}
        level = choice([None, None, "town", ["town", "county"]])
        if level:
            by_name["region"]["level"] = level
        if own_list and chance(0.4):
            by_name["industry"]["level"] = "class"
        for field in fields:
            if chance(0.1):
                field["fixed"] = True
            if field["kind"] == "number" and not field.get("unit"):
                field.pop("unit", None)
            if field["kind"] == "number" and not field.get("decimals", 1) and chance(0.5):
                del field["decimals"]
            field["label"] = "标签" + field["name"]
        kept = set(by_name) if self.wide or chance(0.3) else set(self.random.sample(sorted(by_name), self.random.randint(5, 20)))
        if chance(0.9):
            kept.add("follows")
        grown = True
        while grown:  # operands come with what is derived from them
            wanted = {operand for name in kept for operands in by_name[name].get("derive", {}).values()
                      for operand in ([operands] if isinstance(operands, str) else operands)}
            grown, kept = bool(wanted - kept), kept | wanted
        fields = [field for field in fields if field["name"] in kept]
        self.random.shuffle(fields)
        self.schema = {"id": choice(["uscc", "id"]), "fields": fields}
        self.fields = {field["name"]: field for field in fields}
        self.lists = {name: "code,name,parent,level,alias\n" + "".join(
            f"{code},{code}名,{parent if parent != '-' else ''},{level},{alias.replace('-', '').replace(',', '|')}\n"
            for code, parent, level, alias in rows)
            for name, rows in (("region_list.csv", REGIONS), ("industry_list.csv", INDUSTRIES))}

    def unit(self, field):
        """Of a sum or difference: that of its operands."""
        operands = next((field["derive"][how] for how in ("sum", "difference") if how in field.get("derive", {})), None)
        return self.unit(self.fields[operands[0]]) if operands else field.get("unit", "")

    def decimals(self, field):
        derive = field.get("derive", {})
        operands = derive.get("sum") or derive.get("difference")
        if operands:
            return max(self.decimals(self.fields[name]) for name in operands)
        return 5 if "ratio" in derive else field.get("decimals", 0)

    # --- constants ---

    def constants_of(self, field):
        """The few constants that all policies of this world use for a field."""
        name = field["name"]
        if name not in self.constants:
            self.constants[name] = self.make_constants(field)
        return self.constants[name]

    def make_constants(self, field):
        name, kind, pick = field["name"], field["kind"], self.random.randint
        step = Fraction(1, 10**self.decimals(field))
        count = pick(3, 8)
        if kind == "date":
            days = [0, 1, -1, -30, -365, -730, pick(-4000, -1), pick(-4000, 400)]
            return sorted({self.as_of + timedelta(self.random.choice(days)) for _ in range(count)})
        if "ratio" in field.get("derive", {}):
            steps = [0, 0, step] + [Fraction(1, 10**9)] * ("unit" not in field)
            whole = self.random.choice([0, 10000]) if name == "per_head" else 0
            return sorted({whole * pick(0, 60) + Fraction(pick(-20, 60), 100) + self.random.choice(steps) for _ in range(count)})
        if self.wide and name in ("patents", "index"):
            return [Fraction(number) * step * 2 for number in range(360)]
        if name == "age_months":
            return sorted({Fraction(self.random.choice([0, 1, 12, 24, 36, 60])) for _ in range(count)})
        if kind == "number":
            top = {"employees": 1200, "patents": 20, "growth": 50, "index": 5}.get(name)
            if top is None:  # 5 to 500 million yuan
                scale = Fraction(10**4 if self.unit(field) == "万元" else 1)
                found = {Fraction(self.random.choice([0, 500, 1000, 2000, 5000, 40000, pick(-300, 3000)]) * 10**4) / scale
                         for _ in range(count)}
            else:
                found = {Fraction(self.random.choice([0, 20, 300, 1000, pick(-top // 10, top)])) for _ in range(count)}
            found |= {self.random.choice(sorted(found)) + step}
            if self.chance(0.05):
                found.add(INT64_MAX * step)
            return sorted(found)
        return []

    def write_number(self, value, field):
        """One of the spellings of a value in the field's unit."""
        unit, ratio = self.unit(field), "ratio" in field.get("derive", {})
        percent = value * 100
        if ratio:
            return self.random.choice([finite(percent) + "%", finite(percent if unit == "%" else value)])
        bare = finite(value)
        spellings = [bare, bare, bare + ("00" if "." in bare else ".0")]
        if unit == "%":
            spellings.append(bare + "%")
        elif unit == "":
            spellings += [finite(percent) + "%", bare + "元", finite(value / 10**4) + "万", finite(value / 10**8) + "亿元"]
        else:
            times, base = (10**4, "元") if unit == "万元" else (1, unit)
            held = value * times
            spellings += [bare + unit, *(finite(held / many) + word + base for word, many in MULTIPLIERS.items()),
                          finite(held / 10**4) + "万"]
        return self.random.choice(spellings)

    def json_number(self, value, field):
        """A constant in a rule: a string, or a JSON number where its shortest form is exact."""
        held = value * 100 if "ratio" in field.get("derive", {}) and self.unit(field) == "%" else value
        if self.chance(0.4) and held.denominator == 1:
            return int(held)
        if self.chance(0.4) and Fraction(repr(float(held))) == held:
            return float(held)
        return self.write_number(value, field)

    def write_date(self, day):
        return self.random.choice([day.isoformat()] * 4 + [day.strftime("%Y/%m/%d"), day.strftime("%Y%m%d"),
                                                           f"{day.year}/{day.month}/{day.day}", f"{day.year}-{day.month}-{day.day}"])

    # --- rules ---

    def condition(self, field=None):
        if field is None and self.seen_rules and self.chance(0.15):
            return dict(self.random.choice(self.seen_rules))
        field = field or self.random.choice(self.schema["fields"])
        kind, chance, choice = field["kind"], self.chance, self.random.choice
        if kind in ("tags", "text") and chance(0.8):
            return self.condition()
        spec = {}
        if kind in ("number", "date"):
            spec = self.range_of(field)
        elif kind == "flag":
            spec = {"is": chance(0.4)}
        elif kind == "category":
            values = {"scale": ["micro", "small", "medium", "large"], "stage": ["种子", "成长", "成熟", "other"]}.get(
                field["name"], ["甲", "乙", "丙", "x,y", " 丁"])
            spec = self.membership(values, "in", "not_in")
            if self.wide and field["name"] == "brand" and chance(0.5):
                spec = {choice(["in", "in", "not_in"]): [f"v{number}" for number in range(choice([0, 1]), 300)] + ["甲"]}
        elif kind == "code":
            spec = self.code_condition(field)
        elif kind == "set":
            operators = ["has_any", "has_any", "has_none", "has_none", "has_all", "ever_has_any", "ever_has_none"]
            most = 100 if self.wide and chance(0.1) else 3
            spec = {operator: self.one_or_many(self.some(self.set_names, most))
                    for operator in self.some(operators, choice([1, 1, 1, 2]))}
        if not spec or chance(0.04):
            spec["known"] = chance(0.7)
        spec = {"field": field["name"], **spec}
        if chance(0.1):
            spec.update(text="说明", source="第六条（二）")
        self.seen_rules.append(spec)
        return spec

    def one_or_many(self, values):
        return values[0] if len(values) == 1 and self.chance(0.7) else values + values[:1] * self.chance(0.1)

    def membership(self, values, yes, no):
        """Mostly generous, so that rules of several conditions are sometimes true."""
        if self.chance(0.5):
            return {yes: self.one_or_many(self.some(values, max(2, len(values) - 1)))}
        if self.chance(0.7):
            return {no: self.one_or_many(self.some(values, 2))}
        return {yes: self.one_or_many(self.some(values, len(values))), no: self.one_or_many(self.some(values, 2))}

    def range_of(self, field):
        """ge gt le lt eq ne, alone and together, never an empty range."""
        constants, chance, choice = self.constants_of(field), self.chance, self.random.choice
        write = self.write_date if field["kind"] == "date" else lambda value: self.json_number(value, field)
        spec, roll = {}, self.random.random()
        if roll < 0.3:
            spec[choice(["ge", "gt"])] = write(choice(constants[:len(constants) // 2 + 1]))
        elif roll < 0.6:
            spec[choice(["le", "lt"])] = write(choice(constants[len(constants) // 2:]))
        elif roll < 0.7:
            spec["ne"] = write(choice(constants))
        elif roll < 0.75:
            spec["eq"] = write(choice(constants))
            if chance(0.2):
                spec["ge"] = spec["le"] = spec["eq"]
        else:
            low, high = sorted((choice(constants), choice(constants)))
            if low == high:
                spec = {"ge": write(low), "le": write(high)}
            else:
                spec = {choice(["ge", "gt"]): write(low), choice(["le", "lt"]): write(high)}
            if chance(0.2):
                spec["ne"] = write(choice(constants))
            if chance(0.1):
                spec.update({"ge": write(low), "gt": write(low)} if low != high else {})
        return spec

    def band(self, field):
        """One of many narrow ranges: they give a field more cuts than a byte can number."""
        constants = self.constants_of(field)
        first = self.random.randrange(len(constants) - 5)
        return {"field": field["name"], "ge": self.json_number(constants[first], field),
                "lt": self.json_number(constants[first + self.random.randint(1, 5)], field)}

    def code_condition(self, field):
        name, chance = field["name"], self.chance
        if name == "park":
            values = ["P", "P1", "P12", "P123", "Q", "Q1", "园", "园区1"]
            if self.wide and chance(0.3):
                return {"in": [f"P{number}" for number in range(300)]}
            inside = above = values
        else:
            above, inside = self.codes_of(field)
        spec = {}
        if chance(0.75):
            spec.update(self.membership(above, "under", "not_under"))
        if not spec or chance(0.15):
            spec.update(self.membership(inside, "in", "not_in"))
        return spec

    def codes_of(self, field):
        """(codes that `under` may name, codes that a firm or `in` may name), aliases among them."""
        if field["codes"] == "gbt4754":
            return GBT_CODES, GBT_CODES
        rows = REGIONS if field["name"] == "region" else INDUSTRIES
        levels = field.get("level")
        levels = [levels] if isinstance(levels, str) else levels
        top = {"town": ("country", "province", "city"), "class": ("section", "division", "group", "class")}
        above = [row for row in rows if not levels or row[2] in top[levels[0]]]
        inside = [row for row in rows if not levels or row[2] in levels]
        spell = lambda rows: [name for code, _, _, alias in rows for name in [code, *(alias.split(",") if alias != "-" else [])]]
        return spell(above), spell(inside)

    def node(self, depth, manual=True):
        """A random rule; `manual`: whether it may stand here."""
        roll = self.random.random()
        parts = lambda most: [self.node(depth - 1, manual) for _ in range(self.random.randint(1, most))]
        if depth == 0 or roll < 0.5:
            return self.condition()
        if roll < 0.62:
            spec = {"any": parts(4) if self.chance(0.97) else []}
        elif roll < 0.72:
            spec = {"all": parts(3) if self.chance(0.97) else []}
        elif roll < 0.81:
            spec = {"not": self.node(depth - 1, manual=False)}
        elif roll < 0.88:
            of = parts(5)
            spec = {"at_least": self.random.randint(0 if self.chance(0.1) else 1, len(of) + self.chance(0.1)), "of": of}
        elif roll < 0.94:
            spec = self.points(manual, self.random.randint(1, 4))
        elif roll < 0.98 and manual:
            spec = {"manual": "由专家认定"}
        else:
            spec = {"always": self.chance(0.7)}
        if self.chance(0.05):
            spec.update(id="n1", text="句子", source="第一条", note="备注")
        return spec

    def points(self, manual, count):
        items, total = [], 0
        for _ in range(count):
            worth = self.random.choice([5, 10, 20, 30, 1000 if self.chance(0.05) else 15])
            total += worth
            if manual and self.chance(0.15):
                items.append({"label": "专家", "manual": "评分", "points": worth})
                continue
            tiers = [{"when": self.node(self.random.randint(0, 1), manual=False),
                      "points": self.random.choice([worth, worth // 2, 0, worth])} for _ in range(self.random.randint(1, 3))]
            items.append({"label": "项", "tiers": tiers} if self.chance(0.8) else {"tiers": tiers})
        return {"points": self.random.choice([0, total // 4, total // 3, total // 3, total // 2, total, total + 1]), "of": items}

    def rule(self):
        roll = self.random.random()
        if roll < 0.03:
            return {"all": []}
        if self.wide and roll < 0.15:
            count = self.random.randint(20, 40)
            return {"at_least": self.random.choice([1, count // 3, count // 2, count - 1]),
                    "of": [self.condition() for _ in range(count)]}
        if self.wide and roll < 0.25:
            return self.points(True, 10)
        if self.wide and roll < 0.5:
            return {"any": [self.band(self.fields[self.random.choice(["patents", "patents", "index"])]) for _ in range(8)]
                    + [{"all": [self.node(1), self.node(1)]}]}
        if roll < 0.5:
            parts = [self.condition() for _ in range(self.random.randint(1, 6))]
        else:
            parts = [self.node(self.random.choice([1, 1, 2, 2, 3, 4, 5])) for _ in range(self.random.choice([1, 2, 3, 4, 5]))]
        if self.chance(0.25):
            parts.insert(self.random.randint(0, len(parts)), {"manual": "核心技术属于重点领域", "source": "第十一条"})
        if self.chance(0.04):
            parts.append(parts[0])
        return parts[0] if len(parts) == 1 and self.chance(0.5) else {"all": parts}

    # --- policies ---

    def policy(self, id, ids):
        chance, choice, day = self.chance, self.random.choice, lambda days: (self.as_of + timedelta(days)).isoformat()
        spec = {"id": id, "rule": self.rule()}
        if chance(0.4):
            spec.update(version=self.random.randint(1, 9), title="关于“支持”的通知", issuer="某局", level="city")
        if chance(0.3):
            spec["status"] = choice(["published"] * 6 + ["draft", "withdrawn"])
        if chance(0.3):
            spec["effective"] = {"from": day(choice([0, 0, -1, -300, -300, 1])),
                                 "to": day(choice([0, 1, 15, 30, 31, 300, 300, -1]))}
            if spec["effective"]["from"] > spec["effective"]["to"] or chance(0.3):
                del spec["effective"][choice(["from", "to"])]
        if chance(0.3):
            spec["windows"] = []
            for _ in range(choice([1, 1, 2, 3])):
                opens = choice([0, -1, -20, -20, 1, -100])
                window = {"opens": day(opens), "closes": day(max(opens, choice([0, 0, 1, 10, 29, 30, 31, 90, -1])))}
                if chance(0.15):
                    del window[choice(["opens", "closes"])]
                spec["windows"].append(window)
        if chance(min(0.1, 2 / self.policy_count)):
            spec["supersedes"] = [other for other in self.some(ids + ["OLD"], 2) if other != id]
        if chance(0.5):
            spec["tags"] = {tag: choice([1, 1, 0.5, 0.125, 0.001, -1, 3, 1000])
                            for tag in self.some(self.tags, 12 if self.wide else 3)}
        if chance(0.5):
            spec["priority"] = choice([0, 0.5, 0.5, 1, 0.000001, -0.25, 0.123456, 1000000])
        if chance(0.3):
            spec["prefer"] = [{"when": self.node(1), "add": choice([0.2, 0.2, 0.5, -0.5, 1e-06])}
                              for _ in range(choice([1, 1, 2]))]
        if chance(0.1):
            spec.update({"x-owner": [1, {"a": None}], "meta": {"k": [1.5, "v"]}, "note": "n", "quota": 3, "exclusive_group": "G"})
        if chance(0.1):
            spec["benefit"] = {"kind": "grant", "amount": choice(["15万元", 150000, "0.5亿元"])}
        return spec

    def policy_ids(self):
        odd = ["=cmd", "-P", "@p", "+1", "a,b", 'q"x', "策-1", "\U00020000", "\uff5e", "P1", "P10", "P9", "p"]
        ids = self.random.sample(odd, self.random.randint(0, 8)) + [f"DG-{number}" for number in range(self.policy_count)]
        ids = ids[:self.policy_count]
        self.random.shuffle(ids)
        return ids

    # --- firms ---

    def near_constant(self, field):
        """On a constant, or one step beside it."""
        constants = self.constants_of(field)
        if field["kind"] == "date":
            return self.random.choice(constants) + timedelta(self.random.choice([0, 0, -1, 1]))
        value = self.random.choice(constants) + self.random.choice([0, 0, -1, 1]) * Fraction(1, 10**self.decimals(field))
        return value

    def firm_values(self):
        """Numbers and dates of one firm such that derived fields, too, come to lie on their constants."""
        values = {field["name"]: self.near_constant(field) for field in self.schema["fields"]
                  if field["kind"] in ("number", "date") and "derive" not in field}
        derived = [field for field in self.schema["fields"] if field.get("derive") and field["kind"] == "number"]
        self.random.shuffle(derived)
        for field in derived:
            (how, operands), = field["derive"].items()
            if how == "months_since":
                months = int(self.random.choice(self.constants_of(field)))
                year, month = divmod(self.as_of.year * 12 + self.as_of.month - 1 - months, 12)
                last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)).day
                values[operands] = date(year, month + 1, min(self.as_of.day, last)) + timedelta(self.random.choice([0, 0, 1, -1]))
            elif all(name in values for name in operands) and self.chance(0.7):
                first, target = operands[0], self.random.choice(self.constants_of(field))
                rest = [values[name] for name in operands[1:]]
                step = Fraction(1, 10**self.decimals(self.fields[first]))
                if how == "ratio":
                    wanted = target * rest[0]
                else:
                    wanted = target - sum(rest) if how == "sum" else target + rest[0]
                values[first] = wanted // step * step + self.random.choice([0, 0, 1]) * step
            elif how == "ratio" and operands[1] in values and self.chance(0.15):
                values[operands[1]] = Fraction(0)
        if "scale" in self.fields:
            bounds = {"employees": [5, 10, 20, 100, 200, 300, 1000], "revenue": [50, 100, 300, 500, 2000, 20000, 40000],
                      "assets": [100, 300, 2000, 5000, 8000, 10000, 80000, 120000]}
            for name, steps in bounds.items():
                if self.chance(0.3):
                    field = self.fields[name]
                    scale = {"元": 10**4, "": 10**4 if name == "revenue" else 1}.get(self.unit(field), 1)
                    step = Fraction(1, 10**self.decimals(field))
                    values[name] = self.random.choice(steps) * scale - self.random.choice([0, 1]) * step
        if self.chance(0.02):
            numbers = [field for field in self.schema["fields"] if field["kind"] == "number" and "derive" not in field]
            for field in numbers:
                huge = self.random.choice([1, -1]) * (INT64_MAX - self.random.randint(0, 2))
                values[field["name"]] = huge * Fraction(1, 10**self.decimals(field))
        return values

    def cell(self, field, values):
        kind, chance, choice = field["kind"], self.chance, self.random.choice
        name = field["name"]
        if chance(self.unknown_rate * self.eager[name]):
            return choice(["", "", "", "" if kind in ("category", "text", "set", "tags") else " "])
        if self.dirty and chance(0.01):
            return self.bad_cell(field)
        pad = lambda text: text if chance(0.97) else " " + text + "\t"
        if kind == "number":
            return pad(self.write_number(values[name], field))
        if kind == "date":
            return pad(self.write_date(values[name]))
        if kind == "flag":
            return pad(choice(["true", "1", "是", "TRUE", "True"] if chance(0.35) else ["false", "0", "否", "False"]))
        if kind == "category":
            if name == "stage":
                return choice(field["values"])
            return choice(["甲", "乙", "丙", "x,y", " 丁", "戊", '"甲"', *(["v0", "v1", "v299", "v300"] if self.wide else [])])
        if kind == "code":
            parks = ["P", "P1", "P12", "P1234", "Q", "Q12", "R", "园区12", "P299", "P300"]
            return pad(choice(parks if name == "park" else self.codes_of(field)[1]))
        if kind == "set":
            names = [each for each in self.set_names if "@" not in each or name == "awards"]
            names = self.some(names + ["无关"], 12 if self.wide else 4)
            if chance(0.2):
                return ""
            if name != "awards":
                until = lambda: "@" + self.write_date(self.as_of + timedelta(choice([0, 0, -1, 1, 400, -400])))
                names = [each + choice(["", until(), ""]) for each in names]
            if chance(0.1):
                names += [names[0], "", " "]
                if name != "awards":  # the same element with another day
                    names.append(names[0].split("@")[0] + choice(["", "@2020-01-01", "@2099-01-01"]))
            return choice(["|", "|", " | "]).join(names)
        if kind == "tags":
            weights = [":1", ":0.5", ":0.001", ":0", ":1.000"]
            tags = [tag + choice(weights + [""] * (":" not in tag))
                    for tag in self.some(self.tags + ["别的"], 30 if self.wide else 4)]
            return choice(["|", " | ", "||"]).join(tags)
        return choice(["文字", "a,b", 'say "hi"', "两\n行", " "])

    def bad_cell(self, field):
        bad = {"number": ["abc", "1,000", "+5", "1e5", "1..3", "3%%", "９", "5光年", "--1", ".5", "5.", "1 2", "99999999999999999999",
                          "9223372036854775808", "0.1234567891", "-"],
               "date": ["2026-13-01", "2026-02-30", "20230229", "明天", "0000-01-01", "2026-1", "2026-01-01T00:00"],
               "flag": ["yes", "2", "对"], "code": ["ZZZ", "999999", "00"], "category": ["没有的"],
               "set": ["高新技术企业@2026-13-01", "小巨人|高新技术企业@", "A级@明天"],
               "tags": ["AI:1.5", "AI:0.1234", "AI:x", "AI|AI", "AI:-0.1", "AI:"], "text": ["x"]}
        return self.random.choice(bad[field["kind"]])

    def quoted(self, text, always):
        if always or any(mark in text for mark in ',"\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def make_firms(self):
        chance, choice = self.chance, self.random.choice
        columns = [self.schema["id"]] + [field["name"] for field in self.schema["fields"] if "derive" not in field and chance(0.96)]
        self.random.shuffle(columns)
        self.eager = {name: choice([0, 0.3, 1, 1, 2]) for name in self.fields}
        end, bom = choice(["\n", "\n", "\n", "\r\n"]), chance(0.2)
        quote_rate = choice([0, 0, 0.1, 1])
        line = lambda cells: (",".join(self.quoted(cell, chance(quote_rate)) for cell in cells) + end).encode()
        header = (b"\xef\xbb\xbf" if bom else b"") + line(columns)
        odd_ids = ["=1+1", "-7", "@x", "+86", "a,b", 'c"d', "两\n行", "\U00020000", "\uff5e", "é", "\u8fd9", "'q"]
        rows, clean, ids = [], [], []
        for number in range(self.firm_count):
            id = odd_ids.pop() if odd_ids and chance(0.05) else f"{choice(['9144', '91', 'F'])}{number:05}"
            values = self.firm_values()
            cells = [id if name == self.schema["id"] else self.cell(self.fields[name], values) for name in columns]
            row, good = line(cells), True
            if self.dirty and chance(0.05):
                row, good = self.bad_row(cells, columns.index(self.schema["id"]), ids, line, row)
            elif chance(0.03):
                while len(cells) > 1 and cells[-1] == "":
                    cells.pop()
                row = line(cells)
            if good:
                ids.append(id)
            rows.append(row)
            clean.append(good)
            if chance(0.01):
                rows.append(end.encode())
                clean.append(True)
        if rows and clean[-1] and chance(0.15):
            rows[-1] = rows[-1].removesuffix(end.encode())
        return header, rows, clean

    def bad_row(self, cells, id_at, ids, line, row):
        """(bytes, False) of a row that must be set aside; (row, True) where this firm cannot be bad that way."""
        kind = self.random.choice(["twice", "no id", "long", "utf-8", "open quote", "after quote"])
        cells = [cell.replace("\n", " ").replace('"', "") for cell in cells]
        cells[id_at] = "BAD" + cells[id_at]  # an id that no good row has
        if kind == "twice":
            if not ids:
                return row, True
            return line(cells[:id_at] + [self.random.choice(ids)] + cells[id_at + 1:]), False
        if kind == "no id":
            return line(cells[:id_at] + [""] + cells[id_at + 1:]), False
        if kind == "long":
            return line(cells + ["", "x"][:self.random.choice([1, 2])]), False
        plain = line(["BAD" + cells[id_at].replace(",", ""), "x"][:len(cells)]).replace(b'"', b"")
        if kind == "utf-8":
            return self.random.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"]) + plain, False
        return (b'"' + plain if kind == "open quote" else b'"ab"c' + plain), False

    def world(self):
        self.make_schema()
        ids = self.policy_ids()
        policies = [self.policy(id, ids) for id in ids]
        header, rows, clean = self.make_firms()
        return World(self.seed, self.as_of.isoformat(), self.schema, self.lists, policies,
                     self.random.choice(["jsonl", "jsonl", "json", "folder"]), header, rows, clean,
                     self.random.choice(["0.25:30", "1:7", "0.333333:90", "0.000001:1"]))


def verdicts(world, standards):
    """How often each verdict falls, over the pairs of matched policies and firms."""
    import oracle
    with tempfile.TemporaryDirectory() as folder:
        schema_path, policies_path, firms_path = world.write(folder)
        options = oracle.Options(world.as_of, standards=standards)
        schema = oracle.Schema(schema_path, standards)
        policies = oracle.read_policies(policies_path, schema, options)
        firms, bad = oracle.read_firms(firms_path, schema, oracle.parse_date(world.as_of), False)
    tally = Counter(quarantined=len(bad), firms=len(firms), policies=len(policies))
    for firm in firms:
        for policy, cycle in policies:
            if cycle == "open":
                status, one_away = policy.verdict(firm)
                tally[status] += 1
                tally["one fact away"] += one_away
            else:
                tally[cycle] += 1
    return tally


def main():
    import oracle
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", help="A:B, instead of --seed")
    parser.add_argument("--out", help="folder for the files of --seed")
    parser.add_argument("--stats", action="store_true")
    parser.add_argument("--standards", default=oracle.STANDARDS)
    args = parser.parse_args()
    seeds = range(*map(int, args.seeds.split(":"))) if args.seeds else [args.seed]
    if args.out:
        make(args.seed).write(args.out)
    if args.stats:
        total = Counter()
        for seed in seeds:
            try:
                total += verdicts(make(seed), args.standards)
            except Exception as problem:
                raise SystemExit(f"seed {seed}: {problem!r}") from problem
        pairs = sum(total[status] for status in (*oracle.STATUSES, "ineligible"))
        for name, count in total.most_common():
            share = f"{100 * count / pairs:6.1f} %" if name in (*oracle.STATUSES, "ineligible", "one fact away") else ""
            print(f"{name:15}{count:9} {share}")


if __name__ == "__main__":
    main()
