"""A firm goes while a night is at work. By qice it cannot; whoever deletes it in the store itself finds it gone from all that is sent."""

import json
import sqlite3

import pytest

from disturbed import DAYS, go_on, wait_for_stop

NEXT_DAY = "2026-06-17"


def table(store, name):
    return name if store.name == "sqlite" else f"qice.{name}"


def new_pushes(city):
    """Of the second night, undisturbed: firm -> how many."""
    with city.fresh() as store:
        city.push(store)
        firms = {}
        for push in store.ledger():
            if push.as_of == DAYS[1]:
                firms[push.firm] = firms.get(push.firm, 0) + 1
        return firms


@pytest.fixture
def reading_night(city, tmp_path):
    """Starts a second night that has read its firms and has not recorded anything, and waits until it may go on."""

    def start(store, *more):
        for step in range(12 if city.server else 3, 1000):
            log = tmp_path / f"log{step}"
            night = city.program.start(*city.push_words(store), "--log", log, *more, env=city.faulty(f"hold:{step}"))
            wait_for_stop(night)
            events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
            if "read" in events:
                assert "recorded" not in events
                return night
            night.kill()
            night.communicate()
        raise AssertionError("no night came so far")

    return start


def claimed(city, store, day):
    out = city.program.done("deliver", "claim", "--store", store.address, "--as-of", day, "--limit", 100000, "--quiet")
    return [json.loads(line) for line in out.splitlines()]


def check_whole(city, store):
    assert store.fault() == ""
    city.program.done("verify", "--store", store.address, "--replay")


def test_a_night_keeps_forgetting_and_replacing_out(city, reading_night):
    firm = sorted(new_pushes(city))[0]
    with city.fresh() as store:
        night = reading_night(store)
        for words in (["forget", firm, "--store", store.address], [*city.import_words(store, city.changed_firms, city.policies), "--replace"]):
            code, _, said = city.program.run(*words)
            assert code == 5 and "another import or night is at work" in said, (code, said)
        assert go_on(night)[0] in (0, 3)
        assert store.digest() == city.after
        city.program.done("forget", firm, "--store", store.address)
        assert firm not in {push["firm_id"] for push in claimed(city, store, DAYS[1])}
        check_whole(city, store)


@pytest.mark.parametrize("how", ["DELETE FROM {firm} WHERE firm_id = '{id}'", "UPDATE {firm} SET version_no = NULL, digest = NULL WHERE firm_id = '{id}'"],
                         ids=["deleted", "marked as gone"])
def test_no_push_survives_of_a_firm_that_is_deleted_in_the_store(city, tmp_path, reading_night, how):
    expected = new_pushes(city)
    gone, *others = sorted(expected)
    with city.fresh() as store:
        already = {push["firm_id"] for push in claimed(city, store, DAYS[0])}  # what the first night left is out of the way
        free = "push WHERE state = 0 AND claim IS NULL" if store.name == "sqlite" else "qice.waiting WHERE claim IS NULL"
        assert already and str(store.ask(f"SELECT count(*) FROM {free}")[0][0]) == "0"
        night = reading_night(store)
        store.do(how.format(firm=table(store, "firm"), id=gone))
        assert go_on(night)[0] in (0, 3)
        check_whole(city, store)
        sent = {}
        for push in claimed(city, store, DAYS[1]):
            sent[push["firm_id"]] = sent.get(push["firm_id"], 0) + 1
        assert sent == {firm: expected[firm] for firm in others}
        states = json.loads(city.program.done("deliver", "status", "--store", store.address))
        assert states["withdrawn"] >= expected[gone]
        check_whole(city, store)
        # The next night settles it, and who is imported again is pushed to again.
        push = lambda day: city.program.done("push", "--store", store.address, "--as-of", day, "--per-firm", "4", "--quiet")
        push(NEXT_DAY)
        assert not [each for each in store.ledger() if (each.firm, each.as_of) == (gone, NEXT_DAY)]
        city.import_into(store, city.changed_firms, city.changed_policies)
        city.import_into(store, city.firms, city.changed_policies)
        push("2026-06-18")
        back = [each for each in store.ledger() if each.firm == gone and each.as_of == "2026-06-18"]
        assert back and len(back) <= 4
        check_whole(city, store)


def test_a_firm_that_goes_from_the_portals_own_table(city, tmp_path, reading_night):
    """The night is that of the moment its query ran; the next one knows the firm no more, and what is pending is withdrawn."""
    with city.fresh() as store:
        ids = "1", "2", "3"
        (tmp_path / "policy.jsonl").write_text('{"id": "FOR EVERYBODY", "rule": {"all": []}}\n')
        city.program.done("import", "--store", store.address, "--policies", tmp_path / "policy.jsonl", "--quiet")
        name = "company" if store.name == "sqlite" else "public.company"
        store.do(f"CREATE TABLE {name}(code text, turnover text); "
                 + "".join(f"INSERT INTO {name} VALUES ('NEW{id}', '1'); " for id in ids))
        query = "--firms-sql", f"SELECT code AS uscc, turnover AS revenue FROM {name}"
        delete = f"DELETE FROM {name} WHERE code = 'NEW{ids[0]}'"
        night = reading_night(store, *query)
        if store.name == "sqlite":  # whoever writes waits for such a night
            base = sqlite3.connect(store.path, timeout=0.1)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                base.execute(delete)
            base.close()
        else:
            store.do(delete)
        assert go_on(night)[0] in (0, 3)
        store.do(delete)
        assert {push.firm for push in store.ledger() if push.as_of == DAYS[1]} == {f"NEW{id}" for id in ids}
        city.program.done("push", "--store", store.address, "--as-of", NEXT_DAY, "--quiet", *query)
        sent = {push["firm_id"] for push in claimed(city, store, NEXT_DAY)}
        assert sent == {f"NEW{id}" for id in ids[1:]}
        check_whole(city, store)
