"""Days: today is that of the clock's time zone, and the calendar's edges are whole days."""

import json
import os
import time

import pytest

DAY = "2024-02-29"


def make(city, tmp_path, policy, firms="uscc,revenue\nA,1\n"):
    """A store of a few firms and one policy that everybody may have."""
    store = city.new_store(tmp_path)
    (tmp_path / "policies.jsonl").write_text(json.dumps({"id": "P", "rule": {"all": []}, **policy}) + "\n")
    (tmp_path / "firms.csv").write_text(firms)
    city.import_into(store, tmp_path / "firms.csv", tmp_path / "policies.jsonl")
    return store


def push(city, store, *words, **options):
    return city.program.run("push", "--store", store.address, "--quiet", *words, **options)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_without_a_day_it_is_today_in_this_time_zone(city, tmp_path, zone):
    """Kiritimati and Etc/GMT+12 never have the same day."""
    store = make(city, tmp_path, {})

    def today():
        kept = os.environ.get("TZ")
        os.environ["TZ"] = zone
        time.tzset()
        day = time.strftime("%Y-%m-%d")
        os.environ.pop("TZ") if kept is None else os.environ.update(TZ=kept)
        time.tzset()
        return day

    before = today()
    assert push(city, store, env={"TZ": zone})[0] == 0
    (found,) = store.ledger()
    assert before <= found.as_of <= today()
    store.remove()


def test_a_window_of_one_leap_day(city, tmp_path):
    store = make(city, tmp_path, {"windows": [{"opens": DAY, "closes": DAY}]})
    for day in ("2024-02-28", "2024-03-01"):
        assert push(city, store, "--as-of", day)[0] == 0
        assert store.ledger() == []
    assert push(city, store, "--as-of", DAY)[0] == 0
    assert [found.as_of for found in store.ledger()] == [DAY]
    store.remove()


def test_a_day_that_is_none(city, tmp_path):
    store = make(city, tmp_path, {})
    for day in ("2023-02-29", "tomorrow", "2024-13-01"):
        code, _, said = push(city, store, "--as-of", day)
        assert code == 2 and day in said
    assert store.ledger() == []
    store.remove()


def test_days_that_a_limit_looks_back_on_go_over_the_end_of_a_year(city, tmp_path):
    store = make(city, tmp_path, {})
    for version, day, pushed in ((1, "2023-12-30", True), (2, "2024-01-01", False), (2, "2024-01-02", True)):
        policy = {"id": "P", "version": version, "rule": {"all": []}}
        (tmp_path / "policies.jsonl").write_text(json.dumps(policy) + "\n")
        city.program.done("import", "--store", store.address, "--policies", tmp_path / "policies.jsonl", "--quiet")
        assert push(city, store, "--as-of", day, "--per-firm-days", "1:3")[0] == 0
        assert (day in [found.as_of for found in store.ledger()]) == pushed, day
    store.remove()


def test_a_firm_that_goes_between_two_nights_and_comes_back(city, tmp_path):
    store = make(city, tmp_path, {}, "uscc,revenue\nA,1\nB,1\n")
    for day, ids, expected in (("2024-03-01", "AB", "AB"), ("2024-03-02", "B", ""), ("2024-03-03", "BAC", "C")):
        (tmp_path / "firms.csv").write_text("uscc,revenue\n" + "".join(f"{id},1\n" for id in ids))
        city.program.done("import", "--store", store.address, "--firms", tmp_path / "firms.csv", "--replace", "--quiet")
        assert push(city, store, "--as-of", day)[0] == 0
        assert "".join(found.firm for found in store.ledger() if found.as_of == day) == expected, day
    store.remove()
