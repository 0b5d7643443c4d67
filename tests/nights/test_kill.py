"""A night is all or nothing, whatever happens to it; and the run after it brings the ledger of an undisturbed one."""

import os
import random
import resource
import shutil
import signal
import subprocess
import time

import pytest

from disturbed import go_on, wait_for_stop


def seeded(kills, steps):
    """(seed, step) of so many kills, spread over all steps."""
    return [(seed, random.Random(seed).randint(1, steps)) for seed in range(kills)]


def check_rerun(city, store, what):
    """The next run completes the night."""
    assert store.digest() in (city.before, city.after), f"{what}: a part of a night is in the ledger"
    code, said = city.push(store)
    assert code in (0, 3), (what, said)
    assert store.digest() == city.after, what
    assert store.fault() == "", what


# --- killed ---------------------------------------------------------------------------------------


def test_killed_at_any_step_of_its_output(city, kills):
    for seed, step in seeded(kills - kills // 5, city.steps):
        fault = f"{'kill' if seed % 2 else 'torn'}:{step}"
        with city.fresh() as store:
            code, said = city.push(store, fault)
            assert code == -signal.SIGKILL, (seed, fault, code, said)
            if seed % 5 == 0:  # and the run after it, too
                city.push(store, f"kill:{random.Random(seed + 0.5).randint(1, city.steps)}")
            check_rerun(city, store, f"seed {seed}, {fault} of {city.steps}")


def test_killed_at_any_time(city, kills):
    with city.fresh() as store:
        start = time.monotonic()
        city.push(store)
        whole = time.monotonic() - start
    for seed in range(kills // 5):
        with city.fresh() as store:
            process = city.start_push(store)
            time.sleep(random.Random(seed).uniform(0, whole))
            process.kill()
            process.communicate()
            check_rerun(city, store, f"seed {seed}")


def test_an_import_killed_at_any_step(city, kills):
    """It is told nothing or all of it: the night after it is one of two."""
    with city.fresh(city.imported) as store:
        city.push(store)
        untold = store.digest()
    words = lambda store: city.import_words(store, city.changed_firms, city.changed_policies)
    with city.fresh(city.imported) as store:
        steps = city.count_steps(words(store))
    for seed, step in seeded(max(4, kills // (10 if city.server else 5)), steps):
        with city.fresh(city.imported) as store:
            code, _, said = city.program.run(*words(store), env=city.faulty(f"kill:{step}"))
            assert code == -signal.SIGKILL, (seed, step, code, said)
            with city.fresh(store) as left:
                city.push(left)
                assert left.digest() in (untold, city.after), f"seed {seed}, step {step}: half an import"
            assert city.program.run(*words(store))[0] in (0, 3)
            check_rerun(city, store, f"seed {seed}, step {step}")


def test_a_first_import_killed_at_any_step(city, tmp_path):
    expected = city.imported.digest()
    for seed, step in seeded(4, 40):
        folder = tmp_path / str(seed)
        folder.mkdir()
        store = city.new_store(folder)
        city.program.run(*city.import_words(store, city.firms, city.policies), env=city.faulty(f"kill:{step}"))
        city.import_into(store, city.firms, city.policies)
        city.program.done("push", "--store", store.address, *city.words(0))
        assert store.digest() == expected, (seed, step)
        store.remove()


def test_sigterm_stops_it_and_the_next_run_completes(city):
    stopped = 0
    for seed, step in seeded(8, city.steps):
        with city.fresh() as store:
            code, said = city.push(store, f"stop:{step}")
            assert code in (143, -signal.SIGTERM, 0, 3), (seed, step, code, said)
            stopped += code in (143, -signal.SIGTERM) and store.digest() == city.before
            if code in (0, 3):  # the signal came when all was done
                assert store.digest() == city.after, (seed, step)
            check_rerun(city, store, f"seed {seed}, step {step}")
    assert stopped, "it never stopped"


# --- not alone ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [0.2, 0.4])
def test_of_two_nights_at_once_one_refuses(city, where):
    with city.fresh() as store:
        first = city.held_push(store, max(2, int(city.steps * where)))
        try:
            assert store.digest() == city.before  # readers neither wait nor see half a night
            code, said = city.push(store)
            assert code == 5 and said.strip(), (code, said)
            code, _, said = city.program.run(*city.import_words(store, city.firms, city.policies))
            assert code == 5 and said.strip(), (code, said)
        finally:
            code, said = go_on(first)
        assert code in (0, 3), said
        assert store.digest() == city.after
        check_rerun(city, store, "two at once")


def test_many_nights_at_once(city):
    with city.fresh() as store:
        processes = [city.start_push(store) for _ in range(4)]
        codes = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
        assert all(code in (0, 3, 5) for _, code in codes) and any(code in (0, 3) for _, code in codes), codes
        assert store.digest() == city.after


def test_a_database_that_stops_in_the_middle(city):
    if not city.server:
        pytest.skip("no server stands behind this store")
    with city.fresh() as store:
        for where in (0.3, 0.6, 0.95):
            push = city.held_push(store, max(2, int(city.steps * where)))
            city.server.crash()
            code, said = go_on(push)
            assert code == 5 and said.strip(), (code, said)
            code, said = city.push(store)  # and with no server at all
            assert code == 5 and said.strip(), (code, said)
            city.server.start()
        check_rerun(city, store, "a server that went")


# --- no room, no rights -----------------------------------------------------------------------------


def of_a_file(city):
    if city.server:
        pytest.skip("a file on this machine is meant")


def test_a_disk_that_is_full_from_any_step(city):
    of_a_file(city)
    for seed, step in seeded(10, city.steps):
        with city.fresh() as store:
            code, said = city.push(store, f"full:{step}")
            if code not in (0, 3):  # what is left to do at the very end can be left
                assert code == 5 and said.strip(), (seed, step, code, said)
            check_rerun(city, store, f"seed {seed}, full from step {step}")


def test_a_small_file_system(city, tmp_path):
    of_a_file(city)
    size = city.ready.path.stat().st_size // 1024
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + 64}k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"SKIPPED, needs the right to mount: {mounted.stderr.decode().strip()}")
    try:
        store = city.ready.copy(tmp_path)
        code, said = city.push(store)
        assert code == 5 and said.strip(), (code, said)
        assert store.digest() == city.before
        subprocess.run(["mount", "-o", "remount,size=64m", tmp_path], check=True)
        check_rerun(city, store, "a small file system")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_of_the_server(city, tmp_path):
    """Its tables lie on a small file system of their own; the log of the server has room."""
    if not city.server:
        pytest.skip("no server stands behind this store")
    place = tmp_path / "small"
    place.mkdir()
    for folder in [tmp_path, *tmp_path.parents][:-2]:
        os.chmod(folder, 0o755)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("SKIPPED, needs the right to mount")
    try:
        shutil.chown(place, "postgres")
        with city.fresh() as store:
            city.server.ask("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
            city.server.ask("postgres", f'ALTER DATABASE "{store.database}" SET TABLESPACE small')
            store.ask("SELECT 1")  # so that what a session begins with is there
            used = shutil.disk_usage(place).used // 1024
            room = lambda kib: subprocess.run(["mount", "-o", f"remount,size={kib}k", place], check=True)
            room(used + 16)
            code, said = city.push(store)
            assert code == 5 and "disk is full" in said, (code, said)
            room(64 * 1024)
            check_rerun(city, store, "a full disk of the server")
        city.server.ask("postgres", "DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_limit_on_the_size_of_files(city):
    """The signal that comes with it does not kill it."""
    of_a_file(city)
    with city.fresh() as store:
        most = store.path.stat().st_size // 8
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        code, said = city.push(store, preexec_fn=limit)
        assert code == 5 and said.strip(), (code, said)
        check_rerun(city, store, "a limit on files")


def test_a_store_that_may_only_be_read(city, tmp_path):
    of_a_file(city)
    store = city.ready.copy(tmp_path)
    store.ask("PRAGMA journal_mode = DELETE")  # no other file is needed to read it
    os.chmod(store.path, 0o444)
    for folder in [tmp_path, *tmp_path.parents][:-2]:
        os.chmod(folder, 0o555 if folder == tmp_path else 0o755)
    nobody = {"preexec_fn": lambda: os.setuid(65534)} if os.geteuid() == 0 else {}
    code, said = city.push(store, **nobody)
    os.chmod(tmp_path, 0o755)
    assert code == 5 and str(store.path) in said, (code, said)
    assert store.digest() == city.before


# --- no store, or another one ------------------------------------------------------------------------


def test_the_store_of_a_newer_program(city):
    of_a_file(city)
    with city.fresh() as store:
        store.ask("PRAGMA user_version = 9999")
        code, said = city.push(store)
        assert code == 5 and "9999" in said, (code, said)
        assert store.digest() == city.before


@pytest.mark.parametrize("content", [None, b"", b"no database, but longer than the head of one " * 99],
                         ids=["nothing", "empty", "text"])
def test_what_is_no_store(city, tmp_path, content):
    of_a_file(city)
    store = city.new_store(tmp_path)
    if content is not None:
        store.path.write_bytes(content)
    code, said = city.push(store)
    assert code == 5 and str(store.path) in said, (code, said)
    assert (store.path.read_bytes() if store.path.exists() else None) == content


def test_somebody_elses_database(city, tmp_path):
    """It is no store; an import makes it one, beside the tables that are there."""
    of_a_file(city)
    store = city.new_store(tmp_path)
    store.ask("CREATE TABLE invoices(number)")
    code, said = city.push(store)
    assert code == 5 and str(store.path) in said, (code, said)
    assert store.ask("SELECT name FROM sqlite_master") == [("invoices",)]
    city.import_into(store, city.firms, city.policies)
    assert store.ask("SELECT count(*) FROM invoices") == [(0,)]


def test_a_half_of_a_store(city):
    of_a_file(city)
    with city.fresh() as store:
        whole = store.path.read_bytes()
        store.path.write_bytes(whole[:len(whole) // 2])
        code, said = city.push(store)
        assert code == 5 and said.strip(), (code, said)


def test_a_folder_that_is_not_there(city, tmp_path):
    of_a_file(city)
    code, _, said = city.program.run("import", "--store", f"sqlite:{tmp_path}/nowhere/store.sqlite", "--firms", city.firms)
    assert code == 5 and "nowhere" in said, (code, said)
