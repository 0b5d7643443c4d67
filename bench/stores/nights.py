"""Two nights of a made-up city on each store, and how long a reader has to wait meanwhile.

    python3 bench/stores/nights.py --qice build/release/qice --stores sqlite,postgresql --firms 550000 --policies 10000

Between the nights one firm in a hundred becomes like another one; a firm gets five pushes in thirty days. The stores are durable (fsync); the server is a
throw-away one with the settings it has by itself, but for shared_buffers. A reader asks for a firm's pushes all the time; on SQLite, where one program writes at a
time, a sender claims instead.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "postgres"))
import server  # noqa: E402

DAYS = ("2026-06-15", "2026-06-16")


def change_some(path, changed, one_in=100):
    """One firm in so many gets the values of another."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    at = header.index("uscc")
    with open(changed, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        for number in range(0, len(rows), one_in):
            twin = list(rows[(number * 7 + 13) % len(rows)])
            twin[at] = rows[number][at]
            out.writerow(twin)
    return rows[0][at]


class Reader(threading.Thread):
    """Asks the view for one firm's pushes, again and again, over one connection; remembers each wait."""

    def __init__(self, postgres, database, firm):
        super().__init__(daemon=True)
        self.psql = subprocess.Popen([postgres.bin / "psql", "-qAtX", postgres.uri(database)], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.question = f"SELECT count(*), max(score), min(reason) FROM qice.pushes WHERE firm_id = '{firm}';\n"
        self.waits, self.over = [], False

    def run(self):
        while not self.over:
            start = time.monotonic()
            self.psql.stdin.write(self.question)
            self.psql.stdin.flush()
            self.psql.stdout.readline()
            self.waits.append(time.monotonic() - start)
            time.sleep(0.002)
        self.psql.communicate()

    def stop(self):
        self.over = True
        self.join()
        waits = sorted(self.waits)
        return f"{len(waits)} reads, median {waits[len(waits) // 2] * 1e3:.1f} ms, 99 % {waits[len(waits) * 99 // 100] * 1e3:.1f} ms, longest {waits[-1] * 1e3:.1f} ms"


class Sender(threading.Thread):
    """Claims a push again and again; stop() says how long it waited for one."""

    def __init__(self, qice, store):
        super().__init__()
        self.claim = [qice, "deliver", "claim", "--store", store, "--limit", "1", "--as-of", DAYS[0], "--quiet"]
        self.done, self.waits, self.refused = threading.Event(), [], 0

    def run(self):
        while not self.done.wait(0.05):
            start = time.monotonic()
            ended = subprocess.run(self.claim, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
            self.waits.append(time.monotonic() - start)
            self.refused += ended != 0

    def stop(self):
        self.done.set()
        self.join()
        waits = sorted(self.waits)
        return f"{len(waits)} claims, half of them within {1000 * waits[len(waits) // 2]:.0f} ms, the longest {waits[-1]:.2f} s, {self.refused} told to try again"


class Measured:
    def __init__(self, qice, threads):
        self.qice, self.threads = str(Path(qice).resolve()), str(threads)

    def run(self, *words):
        start = time.monotonic()
        done = subprocess.run([self.qice, *map(str, words), "--threads", self.threads], stdout=subprocess.PIPE, text=True)
        if done.returncode not in (0, 3):
            sys.exit(f"nights.py: qice {' '.join(map(str, words))} ended with {done.returncode}")
        return time.monotonic() - start, done.stdout

    def nights(self, store, made, changed, reader=None):
        whole = ["--schema", made / "schema.json", "--policies", made / "policies.jsonl", "--firms", made / "firms.csv"]
        print(f"  import                {self.run('import', '--store', store, *whole, '--quiet')[0]:7.2f} s", flush=True)
        for number, day in enumerate(DAYS):
            if number == 1:
                seconds, _ = self.run("import", "--store", store, "--firms", changed, "--quiet")
                print(f"  import of changes     {seconds:7.2f} s", flush=True)
            watch = reader() if reader else None
            if watch:
                watch.start()
            seconds, out = self.run("push", "--store", store, "--as-of", day, "--per-firm-days", "5:30", "--json", "--quiet")
            said = json.loads(out)
            print(f"  night of {day}   {seconds:7.2f} s  pushes {said['pushes']} {said['seconds']} {said['peak_mib']} MiB", flush=True)
            if watch:
                print(f"    meanwhile: {watch.stop()}", flush=True)
        if reader:
            watch = reader()
            watch.start()
            time.sleep(5)
            print(f"    with no night: {watch.stop()}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--qice", required=True)
    options.add_argument("--stores", default="sqlite,postgresql")
    options.add_argument("--firms", type=int, default=550_000)
    options.add_argument("--policies", type=int, default=10_000)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--folder", help="keep the city and the SQLite file here")
    chosen = options.parse_args()
    measured = Measured(chosen.qice, chosen.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(chosen.folder or temporary)
        made, changed = folder / f"city-{chosen.firms}-{chosen.policies}", folder / "changed.csv"
        if not (made / "firms.csv").exists():
            subprocess.run([measured.qice, "generate", "--firms", str(chosen.firms), "--policies", str(chosen.policies), "--seed", "1",
                            "--as-of", DAYS[0], "--out", made, "--quiet"], check=True)
        firm = change_some(made / "firms.csv", changed)
        print(f"{chosen.firms} firms, {chosen.policies} policies, {chosen.threads} threads, load {os.getloadavg()[0]:.1f}")
        for kind in chosen.stores.split(","):
            print(kind, flush=True)
            if kind == "sqlite":
                file = folder / "nights.sqlite"
                for old in folder.glob("nights.sqlite*"):
                    old.unlink()
                measured.nights(f"sqlite:{file}", made, changed, lambda: Sender(measured.qice, f"sqlite:{file}"))
                continue
            with server.Server(durable=True, shared_buffers="1GB") as postgres:
                store = postgres.address("nights")
                measured.nights(store, made, changed, lambda: Reader(postgres, "nights", firm))


if __name__ == "__main__":
    main()
