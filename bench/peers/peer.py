"""How a peer talks with the runner: the same for every language.

The runner starts `PEER WORK COUNTS`, where WORK is a folder that plain_rules.py wrote. The peer loads and says one
JSON object: {"version": "SQLite 3.40.1"} and whatever else is worth keeping. Then, for each line it reads, it does
the work once and says {"seconds": ...}. The first time it also writes COUNTS (policy_id,eligible,review), and leaves
out the policies that it could not express. It ends when its input ends.
"""

import csv
import json
import sys
import time


def serve(counts, loaded, work):
    """`work()` gives [(policy id, eligible, review)], or (that, more to say), and is timed as a whole."""
    print(json.dumps(loaded), flush=True)
    first = True
    for _ in sys.stdin:
        start = time.perf_counter()
        rows = work()
        seconds = time.perf_counter() - start
        if first:
            with open(counts, "w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(["policy_id", "eligible", "review"])
                writer.writerows(rows)
        first = False
        print(json.dumps({"seconds": seconds}), flush=True)
