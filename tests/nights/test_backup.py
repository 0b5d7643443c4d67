"""What docs/operations.md says of backup and restore, done: also while a night is at work."""

import json
import subprocess
import uuid

from disturbed import DAYS, go_on
from stores import PostgresStore, SqliteStore


def backup(city, store, folder):
    """By the tools of the database, as the page shows them."""
    if not city.server:
        subprocess.run(["sqlite3", store.path, f".backup '{folder}/backup.db'"], check=True)
        return
    subprocess.run([city.server.bin / "pg_dump", "-Fc", "--schema=qice", "-f", folder / "qice.dump", city.server.uri(store.database)], check=True)


def restore(city, folder):
    if not city.server:
        store = SqliteStore(folder)
        (folder / "backup.db").rename(store.path)
        return store
    store = PostgresStore(city.server, f"restored{uuid.uuid4().hex[:8]}")
    subprocess.run([city.server.bin / "pg_restore", "-d", city.server.uri(store.database), "--no-owner", "--role=qice", folder / "qice.dump"], check=True)
    return store


def claimed(city, store):
    out = city.program.done("deliver", "claim", "--store", store.address, "--as-of", DAYS[0], "--limit", 50, "--quiet")
    return [json.loads(line)["push_id"] for line in out.splitlines()]


def test_a_backup_in_the_middle_of_a_night(city, tmp_path):
    with city.fresh() as store:
        night = city.held_push(store, max(2, city.steps // 2))
        backup(city, store, tmp_path)
        assert go_on(night)[0] in (0, 3)
        assert store.digest() == city.after
    restored = restore(city, tmp_path)
    assert restored.digest() == city.before
    city.program.done("verify", "--store", restored.address, "--replay")
    assert city.push(restored)[0] in (0, 3)
    assert restored.digest() == city.after
    restored.remove()


def test_what_was_sent_after_a_backup_is_marked_from_the_senders_log(city, tmp_path):
    with city.fresh() as store:
        backup(city, store, tmp_path)
        sent = claimed(city, store)
        lines = "".join(f"{push}\n" for push in sent)
        mark = lambda store: json.loads(city.program.done("deliver", "mark", "--store", store.address, "--state", "sent", "-", input=lines))
        assert mark(store)["done"] == len(sent) > 0
    restored = restore(city, tmp_path)
    assert mark(restored)["done"] == len(sent)
    assert not set(claimed(city, restored)) & set(sent)
    restored.remove()
