"""Millions of firms through Dask, held against one run of the program, byte for byte.

    qice generate --firms 250000 --policies 10000 --out city
    python3 many_firms.py city pushes --shards 40 --workers 2 --program qice

The firms of a city come again in each shard under other ids (0007 before the id in the eighth), so
forty shards are ten million firms. A shard is a delayed frame: it is made on the worker that matches
it, and its pushes become a file in the folder `pushes`. Then the same rows go through
`qice match --stream`, and both answers are hashed. Exits 1 where they differ.

Needs dask, distributed and pandas, and disk for the files: 0.1 GB a shard with the best five.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, List

DAY = "2026-06-15"  # on which a city is judged


@functools.lru_cache(maxsize=1)
def city_frame(path: str) -> Any:
    """Read once a worker."""
    import pandas
    return pandas.read_csv(path, dtype=str)


def shard(path: str, number: int) -> Any:
    frame = city_frame(path)
    return frame.assign(uscc=f"{number:04}" + frame["uscc"])


def most_memory() -> float:
    """Of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def hash_of(files: List[str]) -> str:
    """Of the files one after another, with the header of the first."""
    digest = hashlib.sha256()
    for number, path in enumerate(files):
        with open(path, "rb") as file:
            header = file.readline()
            if number == 0:
                digest.update(header)
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def through_dask(city: Path, out: Path, shards: int, workers: int, top: int) -> str:
    import qice
    import dask
    import qice.dask
    from dask import delayed
    from distributed import Client, LocalCluster

    engine = qice.Engine(str(city / "policies.jsonl"), str(city / "schema.json"), as_of=DAY)
    out.mkdir(parents=True, exist_ok=True)
    firms = str(city / "firms.csv")
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True,
                      dashboard_address=None) as cluster, Client(cluster) as client:
        client.run(city_frame, firms)  # what follows is matching, not reading CSV with pandas
        start = time.monotonic()
        answer = qice.dask.match([delayed(shard)(firms, number) for number in range(shards)],
                                 engine, top=top, out=str(out))
        seconds = time.monotonic() - start
        memory = client.run(most_memory)
    print(f"Dask: {answer.firms} firms in {answer.tasks} tasks on {workers} workers: {seconds:.1f} s, "
          f"{answer.totals}, {len(answer.quarantine)} quarantined; memory of the workers "
          f"{', '.join(f'{mb:.0f} MB' for mb in memory.values())}, here {most_memory():.0f} MB")
    return hash_of(answer.files)


def in_one_run(program: str, city: Path, shards: int, top: int) -> str:
    command = [program, "match", "--policies", str(city / "policies.jsonl"), "--schema",
               str(city / "schema.json"), "--as-of", DAY, "--firms", "-", "--stream", "--top",
               str(top), "--out", "-", "--quiet", "--raw-csv"]
    header, body = (city / "firms.csv").read_bytes().split(b"\n", 1)
    body = body.rstrip(b"\n")

    def feed(to: Any) -> None:
        with to:
            to.write(header + b"\n")
            for number in range(shards):
                prefix = b"%04d" % number
                to.write(prefix + body.replace(b"\n", b"\n" + prefix) + b"\n")

    start = time.monotonic()
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feeder = threading.Thread(target=feed, args=(run.stdin,))
    feeder.start()
    digest = hashlib.sha256()
    assert run.stdout is not None
    while block := run.stdout.read(1 << 20):
        digest.update(block)
    feeder.join()
    if run.wait() != 0:
        raise SystemExit(f"qice match exited with {run.returncode}")
    print(f"qice match --stream: {time.monotonic() - start:.1f} s, memory "
          f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3:.0f} MB")
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("city", type=Path, help="what `qice generate` wrote")
    parser.add_argument("out", type=Path, help="a folder for the pushes")
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--program", help="qice; without it nothing is compared")
    options = parser.parse_args()
    sharded = through_dask(options.city, options.out, options.shards, options.workers, options.top)
    if options.program is None:
        return 0
    single = in_one_run(options.program, options.city, options.shards, options.top)
    print("the same bytes" if sharded == single else "DIFFERENT bytes", sharded)
    return 0 if sharded == single else 1


if __name__ == "__main__":
    sys.exit(main())
