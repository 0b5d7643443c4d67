"""Firms come as paths, dicts, frames and Arrow, and mean the same."""

import datetime
import decimal
import json
import math

import numpy
import pandas
import pytest

import qice
from conftest import DAY, SCHEMA

STATUSES = "eligible,review,needs_data,near"


def pushes(result):
    return {(push.firm_id, push.status, push.policy_id) for push in result}


def eligible(engine, firms, **options):
    return {(push.firm_id, push.policy_id) for push in engine.match(firms, status="eligible",
                                                                      **options)}


def dtypes(city):
    """Of text columns; pandas would make numbers of codes."""
    fields = json.loads(city.schema.read_text(encoding="utf-8"))["fields"]
    texts = {field["name"]: str for field in fields
             if field["kind"] in ("code", "category", "set", "tags", "text", "date")}
    return {**texts, "uscc": str}


@pytest.fixture(scope="module")
def frame(city):
    return pandas.read_csv(city.firms, dtype=dtypes(city))


def test_a_file_gives_the_program_s_bytes(city, engine, written):
    result = engine.match(city.firms, top=7, status=STATUSES)
    assert written(result) == city.match("--top", 7, "--status", STATUSES)


def test_json_lines_and_by_policy_are_the_program_s_too(city, engine, written):
    result = engine.match(city.firms, top=3, by="policy")
    assert written(result) == city.match("--top", 3, "--by", "policy")
    out = city.folder / "program.jsonl"
    city.run("match", "--policies", city.policies, "--schema", city.schema, "--as-of", DAY, "--firms",
             city.firms, "--out", out, "--quiet")
    assert written(engine.match(city.firms), "out.jsonl") == out.read_bytes()


def test_a_frame_is_the_file_it_was_read_from(city, engine, written, frame):
    result = engine.match(frame, status=STATUSES)
    assert written(result) == city.match("--status", STATUSES)
    assert result.quarantine == []


def test_a_frame_of_other_dtypes_is_the_same(city, engine, written, frame):
    other = frame.copy()
    other["industry"] = other["industry"].astype("category")
    other["region"] = other["region"].astype("string")
    other["established"] = pandas.to_datetime(other["established"])
    other["employees"] = other["employees"].astype("Int64")
    other["dishonest"] = other["dishonest"].astype("boolean")
    other["legal_entity"] = other["legal_entity"].astype("float32")
    other = other.set_index("uscc")
    assert written(engine.match(other, status=STATUSES)) == city.match("--status", STATUSES)


def test_dicts_are_the_file_they_were_read_from(city, engine, written, frame):
    dicts = frame.to_dict("records")
    assert written(engine.match(dicts, status=STATUSES)) == city.match("--status", STATUSES)
    assert written(engine.match((d for d in dicts), status=STATUSES, threads=2)) == \
        city.match("--status", STATUSES)


def test_one_firm_is_the_batch(city, engine, frame):
    table = engine.read(frame)
    batch = {}
    for push in engine.match(table, status=STATUSES):
        batch.setdefault(push.firm_id, []).append(push)
    for firm in frame.to_dict("records")[:200]:
        expected = batch.get(firm["uscc"], [])
        assert list(engine.firm(firm, status=STATUSES)) == expected
        assert list(engine.firm(firm["uscc"], status=STATUSES, firms=table)) == expected


def test_missing_values_of_every_sort_are_unknown(small):
    missing = [None, math.nan, numpy.nan, pandas.NA, pandas.NaT, decimal.Decimal("NaN"),
               numpy.datetime64("NaT")]
    firms = [{"uscc": str(i), "revenue": value, "established": value, "dishonest": value}
             for i, value in enumerate(missing)]
    result = small.match(firms, status="needs_data")
    assert result.quarantine == []
    assert pushes(result) >= {(str(i), "needs_data", name) for i in range(len(missing))
                             for name in ("RICH", "OLD", "HONEST")}
    assert pushes(small.match(pandas.DataFrame(firms), status="needs_data")) == pushes(result)
    for firm in firms:
        assert small.firm(firm).counts == {"eligible": 0, "review": 0}


def test_numbers_are_exact_and_days_are_days(small):
    firms = [{"uscc": "A", "revenue": 1.5, "established": datetime.date(2019, 12, 31)},
             {"uscc": "B", "revenue": decimal.Decimal("1.49"), "established": pandas.Timestamp(2020, 1, 1)},
             {"uscc": "C", "revenue": numpy.float64(1.5), "established": numpy.datetime64("2019-12-31")},
             {"uscc": "D", "revenue": numpy.int64(2), "established": datetime.datetime(2019, 1, 1)}]
    wanted = {("A", "RICH"), ("A", "OLD"), ("C", "RICH"), ("C", "OLD"), ("D", "RICH"), ("D", "OLD")}
    assert eligible(small, firms) == wanted
    assert eligible(small, pandas.DataFrame(firms)) == wanted
    assert {(firm["uscc"], push.policy_id) for firm in firms for push in small.firm(firm)} == wanted


def test_sets_and_tags_come_as_lists_and_dicts(small):
    firms = [{"uscc": "A", "quals": ["高新技术企业"], "follows": ["出口"]},
             {"uscc": "B", "quals": [{"value": "高新技术企业", "until": datetime.date(2026, 6, 14)}]},
             {"uscc": "C", "quals": "专精特新|高新技术企业@2026-06-15", "follows": {"出口": 0.5}},
             {"uscc": "D", "quals": []}]
    for given in (firms, pandas.DataFrame(firms)):
        result = small.match(given, status="eligible")
        assert {(push.firm_id, push.score) for push in result if push.policy_id == "HNTE"} == \
            {("A", 1.0), ("C", 0.5)}
        assert result.quarantine == []


@pytest.mark.parametrize("field, value", [
    ("follows", {"出口": 0.5, "内贸": 1}), ("follows", {"出口": 0.0005}), ("follows", {"出口": 2}),
    ("follows", {"出口": "1"}), ("follows", {"": 1}),
    ("follows", {"a|b": 1}), ("follows", ["出口", "出口"]), ("follows", ["出口:0.3", "内贸"]),
    ("follows", {}), ("quals", {}), ("quals", {"高新技术企业": 1}), ("quals", []),
    ("quals", ["高新技术企业@2026-06-14"]), ("quals", ["高新技术企业@soon"]), ("quals", ["x" * 300 + "@"]),
    ("quals", ["a|高新技术企业", ""]), ("quals", [None]), ("grade", ["A"]), ("revenue", "  "),
    ("established", "2020/1/1"), ("dishonest", "否"), ("dishonest", 0), ("revenue", True)])
def test_one_firm_takes_a_value_as_a_batch_does(small, field, value):
    firm = {"uscc": "A", field: value}
    together = small.match([firm], status=STATUSES)
    alone = small.firm(firm, status=STATUSES)
    assert list(alone) == list(together)
    assert alone.quarantine == together.quarantine


def test_bad_cells_are_quarantined_with_the_row(small):
    firms = [{"uscc": "A", "revenue": "lots", "established": datetime.datetime(2019, 1, 1, 12)},
             {"uscc": "B", "revenue": math.inf, "industry": "99999"}, {"uscc": "A"}, {"revenue": 1}]
    result = small.match(firms)
    assert [(bad.line, bad.firm_id, bad.field) for bad in result.quarantine] == [
        (1, "A", "revenue"), (1, "A", "established"), (2, "B", "revenue"), (2, "B", "industry"),
        (3, "A", ""), (4, "", "")]
    table = small.read(pandas.DataFrame(firms))
    assert [(bad.line, bad.firm_id, bad.field) for bad in table.quarantine if bad.field != ""] == [
        (1, "A", "revenue"), (1, "A", "established"), (2, "B", "revenue"), (2, "B", "industry")]
    assert len(table) == 2 and table.rows_set_aside == 2
    assert len(small.match(firms, strict=True).quarantine) == 6
    answer = small.firm(firms[0])
    assert [bad.field for bad in answer.quarantine] == ["revenue", "established"]


@pytest.mark.parametrize("columns, sentence", [
    ({"revenue": [1.0]}, "uscc"),
    ({"uscc": ["A"], "revenu": [1.0]}, "revenue"),
    ({"uscc": ["A"], "revenue": pandas.to_datetime(["2026-01-01"])}, "revenue"),
    ({"uscc": ["A"], "revenue": [1 + 2j]}, "complex"),
    ({"uscc": ["A"], 3: [1]}, "must be a str"),
])
def test_a_frame_of_the_wrong_shape_is_one_error(small, columns, sentence):
    with pytest.raises(qice.InvalidInput, match=sentence):
        small.match(pandas.DataFrame(columns))


def test_unknown_columns_may_be_ignored(small):
    frame = pandas.DataFrame({"uscc": ["A"], "more": [1], "revenue": [2]})
    assert eligible(small, frame, ignore_unknown_columns=True) == {("A", "RICH")}
    assert small.read(frame, ignore_unknown_columns=True).ignored_columns == ["more"]


def test_texts_that_are_no_unicode_lose_a_row_not_the_process(small):
    firms = [{"uscc": "A\ud800"}, {"uscc": "B", "name": "\udfff"}, {"uscc": "C", "revenue": 2}]
    for given in (firms, pandas.DataFrame(firms)):
        result = small.match(given, status="eligible")
        assert {push.firm_id for push in result} == {"C"}
        assert len({bad.line for bad in result.quarantine} & {1, 2}) == 2
    with pytest.raises(qice.InvalidInput):
        small.firm({"name": "\ud800"})
    with pytest.raises(qice.InvalidInput):
        qice.Engine([{"id": "\ud800", "rule": {"all": []}}], SCHEMA, DAY)


@pytest.mark.parametrize("firms", [3, b"bytes", {"uscc": "A"}, [3], [{3: 4}],
                                   [{"uscc": "A", "revenue": object()}]])
def test_other_types_are_typed_errors(small, firms):
    with pytest.raises(qice.Error):
        small.match(firms)


def test_no_firms_are_no_pushes(small):
    assert len(small.match([])) == 0
    assert len(small.match(pandas.DataFrame({"uscc": []}, dtype=str))) == 0
    assert small.match([]).to_pandas().empty


def test_gb18030(small, tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes("uscc,quals\nA,高新技术企业\n".encode("gb18030"))
    assert eligible(small, path, encoding="gb18030") == {("A", "HNTE")}
    with pytest.raises(qice.UsageError):
        small.match(path, encoding="latin-1")


# ----------------------------------------------------------------------------------- Arrow

class Stream:
    def __init__(self, capsule):
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema=None):
        return self.capsule


PUSHES = {"id": "firm_id", "fields": [
    {"name": "status", "kind": "category"}, {"name": "rank", "kind": "number"},
    {"name": "policy_id", "kind": "category"}, {"name": "score", "kind": "number", "decimals": 6}]}


def test_what_we_export_we_can_import(small):
    """An answer has a table's shape, so it may be firms of another schema."""
    firms = [{"uscc": str(i), "revenue": i, "dishonest": i % 2} for i in range(100)]
    result = small.match(firms, top=1, status="eligible")
    reader = qice.Engine([{"id": "P", "rule": {"field": "policy_id", "in": ["RICH"]}},
                          {"id": "Q", "rule": {"field": "score", "ge": "0.5"}}], PUSHES, DAY)
    table = reader.read(result)
    assert table.ids == [push.firm_id for push in result] and table.quarantine == []
    rich = {push.firm_id for push in result if push.policy_id == "RICH"}
    assert {push.firm_id for push in reader.match(table) if push.policy_id == "P"} == rich
    assert {push.firm_id for push in reader.match(table) if push.policy_id == "Q"} == rich


def test_broken_capsules_are_typed_errors(small):
    with pytest.raises(qice.InvalidInput, match="PyCapsule"):
        small.match(Stream(None))
    with pytest.raises(qice.InvalidInput, match="PyCapsule"):
        small.match(Stream(datetime.datetime_CAPI))  # a capsule of another name
    capsule = small.match([{"uscc": "A"}]).__arrow_c_stream__()
    with pytest.raises(qice.InvalidInput):
        small.read(Stream(capsule))  # its columns are no fields
    with pytest.raises(qice.InvalidInput, match="consumed"):
        small.read(Stream(capsule))

    class Array:
        def __arrow_c_array__(self, requested_schema=None):
            return None

    with pytest.raises(qice.InvalidInput):
        small.match(Array())
