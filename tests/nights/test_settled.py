"""A night skips a firm that has got all there is, and each thing that ends that: one test for one rule of skipping."""

import csv
import io
import json

import pytest

from model import oracle

DAYS = [f"2026-06-{day}" for day in range(10, 30)]
EVERYBODY = {"all": []}


class Nights:
    """A store that is told what changes, and its nights, a day apart."""

    def __init__(self, city, store, folder):
        self.city, self.store, self.folder, self.days = city, store, folder, iter(DAYS)

    def tell(self, *more, policies=None, firms=None):
        words = list(more)
        if policies is not None:
            path = self.folder / "policies.jsonl"
            path.write_text("".join(json.dumps(policy, ensure_ascii=False) + "\n" for policy in policies), encoding="utf-8")
            words += ["--policies", path]
        if firms is not None:
            text = io.StringIO()
            out = csv.DictWriter(text, ["uscc", *sorted({name for cells in firms.values() for name in cells})], lineterminator="\n")
            out.writeheader()
            out.writerows({"uscc": id, **cells} for id, cells in firms.items())
            (self.folder / "firms.csv").write_text(text.getvalue(), encoding="utf-8")
            words += ["--firms", self.folder / "firms.csv"]
        self.city.program.done("import", "--store", self.store.address, *words, "--quiet")

    def night(self, *words, day=None):
        """The new pairs, and how many firms were skipped as settled."""
        before = set(self.store.push_ids())
        self.day = day or next(self.days)
        out = self.city.program.done("push", "--store", self.store.address, "--as-of", self.day, "--per-firm", "all", "--quiet", "--json", *words)
        new = sorted(f"{push.firm} {push.policy}" for push in set(self.store.push_ids()) - before)
        return new, json.loads(out)["firms_settled"]

    def deliver(self, state):
        """All that is pending is sent and answered alike."""
        claimed = self.city.program.done("deliver", "claim", "--store", self.store.address, "--as-of", self.day, "--quiet")
        for each in ("sent", state):
            self.city.program.done("deliver", "mark", "--store", self.store.address, "--state", each, "-", input=claimed)


@pytest.fixture
def nights(city, tmp_path):
    store = city.new_store(tmp_path)
    yield Nights(city, store, tmp_path)
    store.remove()


def test_nothing_changes_and_everybody_is_skipped(nights):
    nights.tell(policies=[{"id": "P", "rule": EVERYBODY}], firms={"A": {"revenue": "1"}, "B": {"revenue": "2"}})
    assert nights.night() == (["A P", "B P"], 0)
    for _ in range(3):
        assert nights.night() == ([], 2)


def test_a_firm_comes_of_age(nights):
    """Twelve whole months on the 13th; the other is settled for much longer."""
    nights.tell(policies=[{"id": "OLD", "rule": {"field": "age_months", "ge": 12}}],
                firms={"A": {"established": "2025-06-13"}, "B": {"established": "2026-01-25"}})
    assert nights.night() == ([], 0)
    assert nights.night() == ([], 2)  # the 11th
    assert nights.night() == ([], 2)
    assert nights.night() == (["A OLD"], 1)  # the 13th
    assert nights.night() == ([], 2)


def test_a_qualification_expires(nights):
    nights.tell(policies=[{"id": "NEW", "rule": {"not": {"field": "qualifications", "has_any": "高新技术企业"}}}],
                firms={"A": {"qualifications": "高新技术企业@2026-06-11"}, "B": {"qualifications": "高新技术企业@2027-06-11"}})
    assert nights.night() == ([], 0)
    assert nights.night() == ([], 2)  # its last day
    assert nights.night() == (["A NEW"], 1)


def test_who_is_settled_on_the_last_day_of_a_qualification_is_looked_at_the_day_after(nights):
    nights.tell(policies=[{"id": "NEW", "rule": {"not": {"field": "qualifications", "has_any": "高新技术企业"}}}],
                firms={"A": {"qualifications": "高新技术企业@2026-06-10"}})
    assert nights.night() == ([], 0)
    assert nights.night() == (["A NEW"], 0)


def test_a_window_opens(nights):
    nights.tell(policies=[{"id": "P", "rule": EVERYBODY}, {"id": "W", "rule": EVERYBODY, "windows": [{"opens": "2026-06-12", "closes": "2026-06-20"}]}],
                firms={"A": {"revenue": "1"}})
    assert nights.night() == (["A P"], 0)
    assert nights.night() == ([], 1)
    assert nights.night() == (["A W"], 0)


def test_a_policy_changes(nights):
    nights.tell(policies=[{"id": "P", "rule": {"field": "revenue", "ge": 5}}], firms={"A": {"revenue": "1"}, "B": {"revenue": "9"}})
    assert nights.night() == (["B P"], 0)
    assert nights.night() == ([], 2)
    nights.tell(policies=[{"id": "P", "rule": {"field": "revenue", "ge": 1}}])
    assert nights.night() == (["A P"], 1)


@pytest.mark.parametrize("closes", [{"windows": [{"opens": "2026-06-01", "closes": "2026-06-11"}]}, {"effective": {"to": "2026-06-11"}}])
def test_the_first_of_a_group_closes(nights, closes):
    nights.tell(policies=[{"id": "FIRST", "rule": EVERYBODY, "priority": 0.9, "exclusive_group": "G", **closes},
                          {"id": "SECOND", "rule": EVERYBODY, "exclusive_group": "G"}], firms={"A": {"revenue": "1"}})
    assert nights.night() == (["A FIRST"], 0)
    assert nights.night() == ([], 1)
    assert nights.night() == (["A SECOND"], 0)


def test_a_firm_changes(nights):
    nights.tell(policies=[{"id": "P", "rule": {"field": "revenue", "ge": 5}}], firms={"A": {"revenue": "1"}, "B": {"revenue": "2"}})
    assert nights.night() == ([], 0)
    nights.tell(firms={"A": {"revenue": "6"}})
    assert nights.night() == (["A P"], 1)


def test_an_opt_out_is_taken_back(nights):
    nights.tell(policies=[{"id": "P", "rule": EVERYBODY}, {"id": "L", "rule": EVERYBODY, "tags": {"贷款": 1}}], firms={"A": {"revenue": "1"}, "B": {"revenue": "2"}})
    opt_out = lambda *more: nights.city.program.done("opt-out", "A", "--store", nights.store.address, "--tag", "贷款", *more)
    opt_out()
    assert nights.night() == (["A P", "B L", "B P"], 0)
    assert nights.night() == ([], 2)
    opt_out("--undo")
    assert nights.night() == (["A L"], 1)


def test_a_place_in_a_quota_is_freed(nights):
    """What the quota cut is not settled; the holder of the place goes, and the push of the other comes."""
    nights.tell(policies=[{"id": "Q", "rule": EVERYBODY, "quota": 1}], firms={"A": {"revenue": "1"}, "B": {"revenue": "2"}})
    assert nights.night() == (["A Q"], 0)
    assert nights.night() == ([], 1)
    nights.tell("--replace", firms={"B": {"revenue": "2"}})
    nights.deliver("opened")  # withdraws it: its firm has gone
    assert nights.night() == (["B Q"], 0)


def test_days_of_a_limit_go_by(nights):
    """A firm that a limit cut is not settled."""
    nights.tell(policies=[{"id": name, "rule": EVERYBODY, "priority": 0.1 * place} for place, name in enumerate("ZYX")], firms={"A": {"revenue": "1"}})
    limit = "--per-firm-days", "2:3"
    assert nights.night(*limit) == (["A X", "A Y"], 0)
    assert nights.night(*limit) == ([], 0)
    assert nights.night(*limit) == ([], 0)
    assert nights.night(*limit) == (["A Z"], 0)
    assert nights.night(*limit) == ([], 1)


def test_a_push_is_withdrawn(nights):
    """It counts as never made, and its firm as changed."""
    nights.tell(policies=[{"id": "P", "rule": EVERYBODY}], firms={"A": {"revenue": "1"}, "B": {"revenue": "1"}})
    assert nights.night() == (["A P", "B P"], 0)
    number = next(number for push, number in nights.store.push_ids().items() if push.firm == "A")
    nights.city.program.done("deliver", "mark", "--store", nights.store.address, "--state", "withdrawn", "-", input=f"{number}\n")
    assert nights.night() == (["A P"], 1)


def test_answers_change_what_comes_first_in_a_group(nights):
    """Settled with FIRST before SECOND; what the firm thinks of FIRST's tag turns them round."""
    nights.tell(policies=[{"id": "FIRST", "rule": EVERYBODY, "tags": {"甲": 0.9}, "exclusive_group": "G"},
                          {"id": "SECOND", "rule": EVERYBODY, "tags": {"乙": 0.86}, "exclusive_group": "G"}],
                firms={"A": {"follows": "甲:1|乙:1"}, "B": {"follows": "甲:1|乙:1"}})
    assert nights.night("--learn") == (["A FIRST", "B FIRST"], 0)
    assert nights.night("--learn") == ([], 2)
    number = next(number for push, number in nights.store.push_ids().items() if push.firm == "A")
    for state in ("sent", "dismissed"):
        nights.city.program.done("deliver", "mark", "--store", nights.store.address, "--state", state, "-", input=f"{number}\n")
    assert nights.night("--learn") == (["A SECOND"], 1)


def test_other_statuses_settle_anew(nights):
    nights.tell(policies=[{"id": "P", "rule": {"field": "revenue", "ge": 5}}], firms={"A": {}, "B": {"revenue": "9"}})
    assert nights.night() == (["B P"], 0)
    assert nights.night("--status", "eligible,review,needs_data") == (["A P"], 0)


def test_a_late_night_knows_nothing_of_what_is_settled_since(nights):
    """On the 12th A has lost what it had on the 10th."""
    nights.tell(policies=[{"id": "HAS", "rule": {"field": "qualifications", "has_any": "高新技术企业"}}],
                firms={"A": {"qualifications": "高新技术企业@2026-06-11"}})
    assert nights.night(day="2026-06-12") == ([], 0)
    assert nights.night(day="2026-06-13") == ([], 1)
    assert nights.night(day="2026-06-10") == (["A HAS"], 0)


def test_another_schema_settles_anew(nights):
    """What an empty set means is said by the schema, not by the firm's record."""
    schema = json.loads((oracle.STANDARDS.parent / "schema.json").read_text(encoding="utf-8"))
    (field,) = [field for field in schema["fields"] if field["name"] == "qualifications"]
    path = nights.folder / "schema.json"

    def empty_is(missing):
        field["missing"] = missing
        path.write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
        return "--schema", path

    nights.tell(*empty_is("unknown"), policies=[{"id": "NEW", "rule": {"not": {"field": "qualifications", "has_any": "高新技术企业"}}}],
                firms={"A": {"revenue": "1"}})
    assert nights.night() == ([], 0)
    assert nights.night() == ([], 1)
    nights.tell(*empty_is("none"))
    assert nights.night() == (["A NEW"], 0)


def test_with_urgency_nobody_is_settled(nights):
    """What closes soon comes first in its group from the day on that its urgency says."""
    nights.tell(policies=[{"id": "FIRST", "rule": EVERYBODY, "priority": 0.5, "exclusive_group": "G"},
                          {"id": "SOON", "rule": EVERYBODY, "priority": 0.4, "exclusive_group": "G", "windows": [{"opens": "2026-06-01", "closes": "2026-06-14"}]}],
                firms={"A": {"revenue": "1"}})
    assert nights.night() == (["A FIRST"], 0)
    assert nights.night("--urgency", "1:4") == (["A SOON"], 0)


def test_a_night_with_urgency_settles_nobody_for_those_without(nights):
    nights.tell(policies=[{"id": "FIRST", "rule": EVERYBODY, "priority": 0.5, "exclusive_group": "G"},
                          {"id": "SOON", "rule": EVERYBODY, "priority": 0.4, "exclusive_group": "G", "windows": [{"opens": "2026-06-01", "closes": "2026-06-14"}]}],
                firms={"A": {"revenue": "1"}})
    assert nights.night("--urgency", "1:30") == (["A SOON"], 0)
    assert nights.night() == (["A FIRST"], 0)
