"""The nightly push on PostgreSQL, from outside: the same ledger as in SQLite, and what only a server can do to it."""

import os
import random
import signal
import sqlite3
import subprocess
import time

import pytest

COLUMNS = ("run_id, as_of, firm_id, policy_id, policy_version, status, rank, score_millionths, benefit_fen, reason, "
           "state, push_id")
LOCK = "SELECT pg_advisory_lock(8172172286220332914)"
NIGHTS = (("2026-06-15",), ("2026-06-16", "--per-firm", "2"), ("2026-06-17", "--per-firm-days", "20:7"))


def push(world, store, as_of, *more, **options):
    return world.run("push", "--store", store, "--as-of", as_of, "--quiet", *more, **options)


def import_city(world, store):
    world.run("import", "--store", store, "--schema", "schema.json", "--policies", "policies.jsonl", "--firms", "firms.csv",
              "--quiet", code=None)


def ledger(postgres, database):
    return sorted(map(tuple, postgres.ask(database, f"SELECT {COLUMNS} FROM qice.pushes")))


@pytest.fixture(scope="module")
def full(postgres, city):
    """A database with the city in it, to be copied; nobody is connected."""
    import_city(city, postgres.address("full"))
    return "full"


@pytest.fixture
def night(postgres, city, full):
    """(address, database) of a store without a night."""
    return postgres.copy(full, "night"), "night"


@pytest.fixture(scope="module")
def expected(postgres, city, full):
    """The ledger of an undisturbed night."""
    push(city, postgres.copy(full, "undisturbed"), "2026-06-15")
    rows = ledger(postgres, "undisturbed")
    assert len(rows) > 1000
    return rows


def test_three_nights_give_the_rows_of_sqlite(postgres, city, full, tmp_path):
    store = postgres.copy(full, "three")
    file = tmp_path / "three.sqlite"
    import_city(city, f"sqlite:{file}")
    changed = "\n".join(city.read("firms.csv").split("\n")[:300]) + "\n"
    (tmp_path / "changed.csv").write_text(changed, encoding="utf-8")
    for address in (store, f"sqlite:{file}"):
        for night in NIGHTS:
            push(city, address, *night)
            push(city, address, *night)  # again: changes nothing
            city.run("import", "--store", address, "--firms", tmp_path / "changed.csv", "--replace", "--quiet", code=None)
    base = sqlite3.connect(file)
    rows = base.execute(f"SELECT {COLUMNS} FROM pushes").fetchall()
    base.close()
    assert sorted(tuple("" if cell is None else str(cell) for cell in row) for row in rows) == ledger(postgres, "three")
    assert {row[0] for row in ledger(postgres, "three")} >= {"1", "2"}


def test_a_night_killed_at_any_instant_leaves_nothing_or_all_and_is_made_up_for(postgres, city, full, expected):
    store = postgres.copy(full, "timed")
    start = time.monotonic()
    push(city, store, "2026-06-15")
    seconds = time.monotonic() - start
    dice = random.Random(5)
    killed = 0
    for number in range(8):
        store = postgres.copy(full, f"killed{number}")
        run = city.popen("push", "--store", store, "--as-of", "2026-06-15", "--quiet", stderr=subprocess.PIPE)
        time.sleep(seconds * dice.random())
        how = signal.SIGTERM if number % 2 else signal.SIGKILL
        run.send_signal(how)
        run.communicate(timeout=60)
        if run.returncode != 0:
            assert run.returncode in (-how, 128 + how)
            assert ledger(postgres, f"killed{number}") in ([], expected)  # killed after its commit: all of it
            killed += 1
        push(city, store, "2026-06-15")
        assert ledger(postgres, f"killed{number}") == expected
        postgres.ask("postgres", f"DROP DATABASE killed{number}")
    assert killed > 0


def waiting_night(postgres, city, store, database):
    """A night that has begun to write and cannot go on: somebody holds what its last steps need."""
    holder = subprocess.Popen([postgres.bin / "psql", "-qAtX", postgres.uri(database)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; LOCK TABLE qice.push IN SHARE UPDATE EXCLUSIVE MODE; SELECT 'held';\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    run = city.popen("push", "--store", store, "--as-of", "2026-06-15", "--quiet", stderr=subprocess.PIPE)
    for _ in range(600):
        waiting = postgres.ask(database, "SELECT count(*) FROM pg_locks WHERE NOT granted")
        if waiting == [["1"]]:
            return holder, run
        time.sleep(0.1)
    raise AssertionError("the night never came to its end")


def test_a_server_that_goes_in_the_middle_is_said_and_the_night_is_made_up_for(postgres, city, night, expected):
    store, database = night
    holder, run = waiting_night(postgres, city, store, database)
    postgres.crash()
    _, said = run.communicate(timeout=60)
    holder.communicate(timeout=60)
    postgres.start()
    assert run.returncode == 5
    assert b"safe to run it again" in said
    assert ledger(postgres, database) == []
    push(city, store, "2026-06-15")
    assert ledger(postgres, database) == expected


def test_a_night_that_waits_for_the_server_is_stopped_by_sigterm(postgres, city, night, expected):
    store, database = night
    holder, run = waiting_night(postgres, city, store, database)
    run.terminate()
    run.communicate(timeout=60)
    assert run.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    holder.communicate("ROLLBACK;\n", timeout=60)
    push(city, store, "2026-06-15")
    assert ledger(postgres, database) == expected


def test_readers_go_on_while_a_night_is_published(postgres, city, night, expected):
    store, database = night
    holder, run = waiting_night(postgres, city, store, database)
    # All but the lock is done, and the table may still be read and written to.
    assert ledger(postgres, database) == []
    postgres.ask(database, "SET lock_timeout = '1ms'; UPDATE qice.push SET rank = 1 WHERE push_no = 0")
    holder.communicate("COMMIT;\n", timeout=60)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert ledger(postgres, database) == expected


def test_a_second_night_is_refused_with_who_is_at_work(postgres, city, night):
    store, database = night
    holder = subprocess.Popen([postgres.bin / "psql", "-qAtX", postgres.uri(database)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    holder.stdin.write(f"SELECT 1 FROM ({LOCK}) x; SELECT pg_backend_pid();\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "1\n"
    pid = holder.stdout.readline().strip()
    refused = push(city, store, "2026-06-15", code=5)
    assert "another import or night is at work on this store" in refused.err
    assert f"server process {pid}, role qice" in refused.err
    assert push(city, store, "2026-06-15", "--dry-run").returncode == 0  # reading is not refused
    holder.communicate(timeout=60)
    push(city, store, "2026-06-15")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_said_and_changes_nothing(postgres, city, night, expected):
    store, database = night
    disk = f"{postgres.folder}/small"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "qice-test", disk]).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        os.chmod(disk, 0o777)
        subprocess.run(["chown", "postgres:postgres", disk], check=True)
        postgres.ask(database, f"CREATE TABLESPACE small LOCATION '{disk}'")
        postgres.ask(database, f"ALTER DATABASE {database} SET default_tablespace = small")
        full_disk = push(city, store, "2026-06-15", code=5)
        assert "disk is full; nothing was changed" in full_disk.err
        assert ledger(postgres, database) == []
        postgres.ask(database, f"ALTER DATABASE {database} RESET default_tablespace")
        push(city, store, "2026-06-15")
        assert ledger(postgres, database) == expected
        postgres.ask("postgres", "DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_cannot_be_written_to_is_refused_before_the_night(postgres, city, night):
    store, database = night
    postgres.ask(database, "DO $$ BEGIN CREATE ROLE reads LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    postgres.ask(database, "GRANT USAGE ON SCHEMA qice TO reads")
    postgres.ask(database, "GRANT SELECT ON ALL TABLES IN SCHEMA qice TO reads")
    reads = postgres.uri(database, "reads")
    assert "may not write to this store" in push(city, reads, "2026-06-15", code=5).err
    assert push(city, reads, "2026-06-15", "--dry-run").returncode == 0
    only_reads = city.env(PGOPTIONS="-c default_transaction_read_only=on")
    assert "only reads" in push(city, store, "2026-06-15", code=5, env=only_reads).err
    postgres.ask(database, "UPDATE qice.store SET version = 99")
    assert "written by a newer qice" in push(city, store, "2026-06-15", code=5).err


def test_a_schema_made_for_the_role_is_enough(postgres, world):
    postgres.address("granted")
    postgres.ask("granted", "DO $$ BEGIN CREATE ROLE keeps LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    store = postgres.uri("granted", "keeps")
    import_firms = ["import", "--store", store, "--schema", "s.json", "--policies", "p.json", "--firms", "f.csv", "--quiet"]
    assert "may not do that" in world.run(*import_firms, code=5).err
    postgres.ask("granted", "CREATE SCHEMA qice AUTHORIZATION keeps")
    world.run(*import_firms)
    assert postgres.ask("granted", "SELECT firm_id FROM qice.firm") == [["A"]]


def test_addresses(postgres, world):
    secret = push(world, "postgresql://me:sEcret1@localhost/x", "2026-06-15", code=2)
    assert "holds a password" in secret.err and "sEcret1" not in secret.err
    nobody = push(world, "postgresql:///x?host=/tmp/no-such-folder", "2026-06-15", code=5)
    assert "cannot be reached" in nobody.err
    assert "does not exist" in push(world, postgres.uri("nowhere"), "2026-06-15", code=5).err
    store = postgres.address("empty")
    assert "there is no store in this database; qice import makes one" in push(world, store, "2026-06-15", code=5).err
    # A service file in place of an address, and a password out of the environment: here nobody asks for it.
    world.write("service.conf", f"[portal]\nhost={postgres.folder}\nuser=qice\ndbname=empty\n")
    env = world.env(PGSERVICEFILE="service.conf", PGPASSWORD="sEcret1")
    world.run("import", "--store", "postgresql://?service=portal", "--schema", "s.json", "--policies", "p.json", "--firms",
              "f.csv", "--quiet", env=env)
    assert postgres.ask("empty", "SELECT firm_id FROM qice.firm") == [["A"]]


def test_firms_come_from_a_table_of_the_same_database(postgres, world):
    store = postgres.address("portal")
    world.write("p.json", '{"id": "P", "rule": {"all": [{"field": "revenue", "ge": "1元"}, '
                          '{"field": "dishonest", "is": false}]}}')
    world.run("import", "--store", store, "--schema", "s.json", "--policies", "p.json", "--quiet")
    postgres.ask("portal", "CREATE TABLE company(code text, turnover numeric, bad boolean, since date)")
    postgres.ask("portal", "INSERT INTO company SELECT 'C' || n, n, n % 2 = 0, date '2020-01-01' + n "
                           "FROM generate_series(0, 9999) n")
    query = "SELECT code AS uscc, turnover AS revenue, bad AS dishonest, since AS established FROM company"
    push(world, store, "2026-06-15", "--firms-sql", query)
    pushed = postgres.ask("portal", "SELECT count(*), min(firm_id), bool_and(right(firm_id, 1)::int % 2 = 1) FROM qice.pushes")
    assert pushed == [["5000", "C1", "t"]]
    wrong = push(world, store, "2026-06-16", "--firms-sql", "SELECT code AS uscc,\n nothing FROM company", code=None)
    assert wrong.returncode == 5 and "the query, line 2, column 2: " in wrong.err
    several = push(world, store, "2026-06-16", "--firms-sql", "SELECT code AS uscc FROM company; DROP TABLE company", code=None)
    assert several.returncode == 2
    assert postgres.ask("portal", "SELECT count(*) FROM company") == [["10000"]]
