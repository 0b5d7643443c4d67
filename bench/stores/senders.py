"""How many pushes a second some senders take from the outbox and mark as sent, on each store. A JSON object a line.

    python3 bench/stores/senders.py --qice build/release/qice --stores sqlite,postgresql --senders 4 --pushes 400000 --limit 20000

Each sender is what docs/delivery.md shows, a loop of two programs: `qice deliver claim` and `qice deliver mark`, start-up and all, until nothing is
left or its share is sent. A first night of a made-up city fills the outbox; both stores are durable (fsync), and the server is a throw-away one with the
settings it has by itself, but for shared_buffers. With --changed a day has passed since the night, so that each push is judged anew.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "postgres"))
import server  # noqa: E402

NIGHT, NEXT_DAY = "2026-06-15", "2026-06-16"


class Sender(threading.Thread):
    """Claims and marks until the outbox is empty or `share` pushes are sent."""

    def __init__(self, qice, store, folder, number, chosen):
        super().__init__()
        self.batch = Path(folder) / f"batch{number}.jsonl"
        self.claim = [qice, "deliver", "claim", "--store", store, "--limit", str(chosen.limit), "--quiet", "--as-of",
                      NEXT_DAY if chosen.changed else NIGHT]
        self.mark = [qice, "deliver", "mark", "--store", store, "--state", "sent", "--quiet", str(self.batch)]
        self.share = chosen.pushes // chosen.senders
        self.sent, self.claiming, self.marking, self.fault = 0, 0.0, 0.0, ""

    def run(self):
        try:
            while self.sent < self.share and self.send():
                pass
        except Exception as error:  # noqa: BLE001 - told by the main thread
            self.fault = str(error)

    def send(self):
        start = time.monotonic()
        with open(self.batch, "wb") as out:
            subprocess.run(self.claim, stdout=out, check=True)
        claimed = time.monotonic()
        if not self.batch.stat().st_size:
            return False
        answer = json.loads(subprocess.run(self.mark, stdout=subprocess.PIPE, check=True).stdout)
        self.sent += answer["done"]
        self.claiming += claimed - start
        self.marking += time.monotonic() - claimed
        return True


def processor_seconds(postgres):
    """Used so far by the programs that were run, and by the server's sessions that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = [used.ru_utime + used.ru_stime, 0.0]
    if postgres:
        pid = Path(postgres.folder, "data", "postmaster.pid").read_text().split()[0]
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds[1] = sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
    return seconds


def measure(kind, store, postgres, folder, chosen):
    senders = [Sender(chosen.qice, store, folder, number, chosen) for number in range(chosen.senders)]
    load, before = os.getloadavg()[0], processor_seconds(postgres)
    start = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds = time.monotonic() - start
    used = [after - earlier for after, earlier in zip(processor_seconds(postgres), before)]
    faults = [sender.fault for sender in senders if sender.fault]
    if faults:
        sys.exit(f"senders.py: {faults[0]}")
    sent = sum(sender.sent for sender in senders)
    counts = json.loads(subprocess.run([chosen.qice, "deliver", "status", "--store", store], stdout=subprocess.PIPE, check=True).stdout)
    if counts["sent"] != sent:
        sys.exit(f"senders.py: {sent} pushes were sent, and the store counts {counts['sent']}")
    print(json.dumps({"store": kind, "senders": chosen.senders, "limit": chosen.limit, "sent": sent, "withdrawn": counts["withdrawn"],
                      "left": counts["pending"], "seconds": round(seconds, 2), "pushes_per_second": round(sent / seconds),
                      "claiming_seconds": round(sum(sender.claiming for sender in senders), 2),
                      "marking_seconds": round(sum(sender.marking for sender in senders), 2),
                      "cpu_seconds_of_senders": round(used[0], 2), "cpu_seconds_of_server": round(used[1], 2), "judged_anew": chosen.changed,
                      "cores": os.cpu_count(), "load_before": round(load, 1)}), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--qice", required=True)
    options.add_argument("--stores", default="sqlite,postgresql")
    options.add_argument("--senders", type=int, default=4)
    options.add_argument("--pushes", type=int, default=400_000, help="how many are sent, all senders together")
    options.add_argument("--limit", type=int, default=20_000, help="pushes a batch")
    options.add_argument("--changed", action="store_true", help="a day has passed since the night")
    options.add_argument("--firms", type=int, default=200_000)
    options.add_argument("--policies", type=int, default=10_000)
    options.add_argument("--folder", help="keep the city here")
    chosen = options.parse_args()
    chosen.qice = str(Path(chosen.qice).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(chosen.folder or temporary)
        made = folder / f"senders-{chosen.firms}-{chosen.policies}"
        if not (made / "firms.csv").exists():
            subprocess.run([chosen.qice, "generate", "--firms", str(chosen.firms), "--policies", str(chosen.policies), "--seed", "1",
                            "--as-of", NIGHT, "--out", made, "--quiet"], check=True)
        for kind in chosen.stores.split(","):
            with ExitStack() as stack:
                postgres, store = None, f"sqlite:{temporary}/senders.sqlite"
                if kind == "postgresql":
                    postgres = stack.enter_context(server.Server(durable=True, shared_buffers="1GB"))
                    store = postgres.address("senders")
                whole = ["--schema", made / "schema.json", "--policies", made / "policies.jsonl", "--firms", made / "firms.csv"]
                for words in (["import", *whole], ["push", "--as-of", NIGHT]):
                    done = subprocess.run([chosen.qice, *words, "--store", store, "--quiet"])
                    if done.returncode not in (0, 3):
                        sys.exit(f"senders.py: qice {words[0]} ended with {done.returncode}")
                measure(kind, store, postgres, temporary, chosen)


if __name__ == "__main__":
    main()
