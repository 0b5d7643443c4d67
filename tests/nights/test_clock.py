"""The wall clock, set to the second (QICE_CLOCK of fault.cpp): whose day a night is of, how long a claim holds, which times are written down."""

import json
import time
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from disturbed import go_on, wait_for_stop
from test_days import make

NOON = int(datetime(2026, 6, 15, 12, tzinfo=timezone.utc).timestamp())
HOUR, LEASE = 3600, 600
# The first day of each pair is the one that ends, as its zone has it.
EDGES = [("Asia/Shanghai", "2026-06-15"), ("Asia/Shanghai", "2024-02-28"), ("Asia/Shanghai", "2024-02-29"), ("Asia/Shanghai", "2026-12-31"),
         ("Asia/Shanghai", "1991-04-13"),  # summer time, when China had it
         ("Pacific/Kiritimati", "2026-06-15"), ("Etc/GMT+12", "2026-06-15"), ("Asia/Kathmandu", "2026-06-15"),
         ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),  # days of 23 and 25 hours
         ("America/New_York", "2026-03-07"), ("America/New_York", "2026-10-31"),
         ("America/Sao_Paulo", "2018-11-03"),  # the day after it has no midnight
         ("America/Sao_Paulo", "2018-02-17"),  # the hour before its midnight comes twice
         ("Australia/Lord_Howe", "2026-10-04"),  # by half an hour
         ("Pacific/Apia", "2011-12-29")]  # the day after it was left out


def last_second(zone, day):
    """Of a day, in seconds since 1970: the last second that has this date there."""
    noon = int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp())
    is_it = lambda second: datetime.fromtimestamp(second, zone).date() == date.fromisoformat(day)
    return max(second for second in range(noon - 48 * HOUR - 1, noon + 48 * HOUR, HOUR // 4) if is_it(second))


def at(city, second, zone="UTC"):
    """The environment of a program that runs at this second."""
    return {"LD_PRELOAD": city.library, "QICE_CLOCK": str(second), "TZ": zone}


def push(city, store, *words, env):
    return json.loads(city.program.done("push", "--store", store.address, "--quiet", "--json", *words, env=env))


def claim(city, store, second, zone="UTC", *words):
    out = city.program.done("deliver", "claim", "--store", store.address, "--lease", LEASE, "--quiet", *words, env=at(city, second, zone))
    return [json.loads(line) for line in out.splitlines()]


def mark(city, store, pushes, second, state="sent"):
    lines = "".join(json.dumps(push) + "\n" for push in pushes)
    out = city.program.done("deliver", "mark", "--store", store.address, "--state", state, "-", env=at(city, second), input=lines)
    return {name: count for name, count in json.loads(out).items() if count}


def table(store, name):
    return name if store.name == "sqlite" else f"qice.{name}"


@pytest.fixture(scope="module")
def one_push(city, tmp_path_factory):
    """A store whose one firm was pushed one policy on 15 June 2026."""
    store = make(city, tmp_path_factory.mktemp("pushed"), {})
    push(city, store, "--as-of", "2026-06-15", env=None)
    yield store
    store.remove()


@pytest.fixture
def pushed(city, one_push):
    """The same, with the push as the night left it."""
    one_push.do("UPDATE push SET state = 0, state_at = NULL, claim = NULL, claim_until = NULL" if one_push.name == "sqlite" else
                "DELETE FROM qice.delivery; DELETE FROM qice.waiting; INSERT INTO qice.waiting SELECT push_no, push_no + 1, run_no FROM qice.push")
    return one_push


# --- whose day ------------------------------------------------------------------------------------


def known(zone):
    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        pytest.skip(f"SKIPPED, no time zone {zone} here (apt-get install tzdata)")


@pytest.mark.parametrize("zone, day", EDGES)
def test_a_day_ends_and_begins_with_that_of_its_time_zone(city, zone, day):
    there = known(zone)
    end = last_second(there, day)
    next_day = datetime.fromtimestamp(end + 1, there).date().isoformat()
    assert next_day > day
    for second, expected in ((end, day), (end + 1, next_day)):
        assert push(city, city.imported, "--dry-run", env=at(city, second, zone))["as_of"] == expected


def test_the_nights_before_and_after_midnight_are_two(city, tmp_path):
    store = make(city, tmp_path, {})
    end = last_second(known("Asia/Shanghai"), "2026-12-31")
    for second in (end, end + 1):
        assert not push(city, store, env=at(city, second, "Asia/Shanghai"))["done_before"]
    days = [str(row[0]) for row in store.ask(f"SELECT as_of FROM {table(store, 'run')} ORDER BY run_no")]
    assert days == ["2026-12-31", "2027-01-01"]
    assert [found.as_of for found in store.ledger()] == days[:1]
    store.remove()


def test_a_night_over_midnight_is_of_the_day_it_began(city, tmp_path):
    midnight, log = NOON + 12 * HOUR, tmp_path / "log"
    with city.fresh() as store:
        words = ["push", "--store", store.address, "--quiet", "--per-firm", "4", "--log", log]
        held = {**at(city, midnight - 1), "QICE_FAULT": f"hold:{max(2, city.steps // 2)}"}
        night = city.program.start(*words, env=held)
        wait_for_stop(night)
        time.sleep(1.1)
        assert go_on(night)[0] in (0, 3)
        times = [json.loads(line)["time"] for line in log.read_text().splitlines()]
        assert (times[0][:10], times[-1][:10]) == ("2026-06-15", "2026-06-16")
        last, = store.ask(f"SELECT as_of FROM {table(store, 'run')} ORDER BY run_no DESC LIMIT 1")
        assert str(last[0]) == "2026-06-15"


def test_a_window_that_closes_tonight_closes_with_the_senders_day(city, tmp_path):
    """The night was of this day; a sender's own day, in its own time zone, decides what is still true."""
    store = make(city, tmp_path, {"windows": [{"opens": "2026-06-01", "closes": "2026-06-15"}]})
    push(city, store, "--as-of", "2026-06-15", env=None)
    end = last_second(known("Asia/Shanghai"), "2026-06-15")
    assert len(claim(city, store, end, "Asia/Shanghai")) == 1
    assert len(claim(city, store, end + LEASE + 1, "UTC")) == 1
    assert claim(city, store, end + 2 * LEASE + 2, "Asia/Shanghai") == []
    assert store.ledger() == []  # withdrawn
    store.remove()


def test_a_time_zone_that_nobody_knows_is_refused(city, pushed):
    for zone in ("Asia/Shanghia", "Nowhere", ":Europe/Nowhere", "/nowhere/zone"):
        for command in (["push", "--dry-run"], ["deliver", "claim"]):
            code, _, said = city.program.run(*command, "--store", pushed.address, env={"TZ": zone})
            assert code == 2 and f'"{zone}"' in said, said
    assert push(city, pushed, "--dry-run", "--as-of", "2026-06-16", env={"TZ": zone})["as_of"] == "2026-06-16"


def test_rules_and_names_of_time_zones(city, pushed):
    evening = NOON + 5 * HOUR  # one o'clock at night in China
    for zone, day in (("CST-8", "2026-06-16"), ("<+08>-8", "2026-06-16"), ("EST5EDT,M3.2.0/2,M11.1.0/2", "2026-06-15"),
                      (":Asia/Shanghai", "2026-06-16"), ("", "2026-06-15"), ("GMT", "2026-06-15")):
        assert push(city, pushed, "--dry-run", env=at(city, evening, zone))["as_of"] == day, zone


# --- how long a claim holds -----------------------------------------------------------------------


def test_a_lease_knows_no_time_zone(city, pushed):
    (first,) = claim(city, pushed, NOON, "Pacific/Kiritimati", "--as-of", "2026-06-15")
    for second, zone in ((NOON + 1, "Etc/GMT+12"), (NOON + LEASE - 5, "Asia/Shanghai"), (NOON + LEASE - 5, "Pacific/Kiritimati")):
        assert claim(city, pushed, second, zone, "--as-of", "2026-06-15") == []
    (again,) = claim(city, pushed, NOON + LEASE + 1, "Etc/GMT+12", "--as-of", "2026-06-15")
    assert again["push_id"] == first["push_id"]
    assert mark(city, pushed, [first], NOON + LEASE + 2) == {"not_yours": 1}
    assert mark(city, pushed, [again], NOON + LEASE + 2) == {"done": 1}


def test_a_lease_over_the_hour_that_comes_twice(city, pushed):
    """By the clocks on the wall no time goes by; by the lease an hour does."""
    summer = int(datetime(2026, 11, 1, 5, 55, tzinfo=timezone.utc).timestamp())
    words = "America/New_York", "--as-of", "2026-06-15"
    assert len(claim(city, pushed, summer, *words)) == 1
    assert claim(city, pushed, summer + LEASE - 5, *words) == []
    assert len(claim(city, pushed, summer + LEASE + 1, *words)) == 1


def test_a_clock_that_steps_back_gives_nothing_out_twice(city, pushed):
    words = "UTC", "--as-of", "2026-06-15"
    (first,) = claim(city, pushed, NOON, *words)
    assert claim(city, pushed, NOON - HOUR, *words) == []
    assert mark(city, pushed, [first], NOON - HOUR + 5) == {"done": 1}
    assert claim(city, pushed, NOON + LEASE + HOUR, *words) == []


def test_a_clock_that_was_years_ahead_holds_nothing_for_ever(city, pushed):
    words = "UTC", "--as-of", "2026-06-15"
    (first,) = claim(city, pushed, NOON + 70 * 365 * 24 * HOUR, *words)
    (again,) = claim(city, pushed, NOON, *words)
    assert mark(city, pushed, [first], NOON + 1) == {"not_yours": 1}
    assert mark(city, pushed, [again], NOON + 1) == {"done": 1}


# --- what is written down -------------------------------------------------------------------------


def test_times_are_written_in_utc(city, tmp_path):
    store = make(city, tmp_path, {})
    log = tmp_path / "log"
    push(city, store, "--as-of", "2026-06-15", "--log", log, env=at(city, NOON, "Pacific/Kiritimati"))
    for line in log.read_text().splitlines():
        assert json.loads(line)["time"].startswith("2026-06-15T12:00:")
    recorded, = store.ask(f"SELECT recorded_at FROM {table(store, 'audit')} WHERE kind = 'night'")
    assert str(recorded[0]).startswith("2026-06-15T12:00:")
    utc = " AT TIME ZONE 'UTC'" if store.name == "postgresql" else ""
    recorded, = store.ask(f"SELECT recorded_at{utc} FROM {table(store, 'run')}")
    assert str(recorded[0]).replace(" ", "T").startswith("2026-06-15T12:00:")
    mark(city, store, claim(city, store, NOON, "Etc/GMT+12", "--as-of", "2026-06-15"), NOON + 60)
    state_at, = store.ask(f"SELECT state_at FROM {table(store, 'pushes')}")
    assert NOON + 60 <= int(state_at[0]) < NOON + 90
    city.program.done("verify", "--store", store.address, "--replay", env={"TZ": "Asia/Shanghai"})
    store.remove()
