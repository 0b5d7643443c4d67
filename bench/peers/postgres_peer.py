"""PostgreSQL counts the eligible and review firms of each policy: one SELECT a policy over a table in its cache.

A throw-away cluster on a socket in a temporary folder; nobody else is asked, nothing is left behind. Statements are
prepared once. One process, no parallel workers; the time is that of EXECUTE, seen from psql, in one session.
"""

import atexit
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import plain_rules
import sql_rules
from peer import serve

END = "--qice-end--"
SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "max_parallel_workers_per_gather": "0",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    if not found:
        sys.exit("postgres_peer.py: there is no /usr/lib/postgresql/*/bin: apt-get install postgresql")
    return Path(found[-1])


class Cluster:
    """initdb, start; stop and remove at exit. The server refuses root, so root steps down to `postgres`."""

    def __init__(self):
        self.bin, self.folder = binaries(), tempfile.mkdtemp(prefix="qice-pg-")
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        atexit.register(self.remove)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("postgres_peer.py: terminated"))
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.call(
            "initdb",
            "-D",
            f"{self.folder}/data",
            "-U",
            "qice",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self.call(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-w",
            "-l",
            f"{self.folder}/log",
            "-o",
            f"{options} -c unix_socket_directories={self.folder}",
            "start",
        )

    def call(self, program, *arguments):
        subprocess.run(
            [*self.user, str(self.bin / program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL
        )

    def remove(self):
        subprocess.run(
            [*self.user, str(self.bin / "pg_ctl"), "-D", f"{self.folder}/data", "-m", "immediate", "stop"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.rmtree(self.folder, ignore_errors=True)


class Session:
    """One psql, one connection."""

    def __init__(self, cluster):
        self.psql = subprocess.Popen(
            [
                str(cluster.bin / "psql"),
                "-h",
                cluster.folder,
                "-U",
                "qice",
                "-qAtX",
                "-F",
                ",",
                "-v",
                "ON_ERROR_STOP=1",
                "postgres",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, script):
        self.psql.stdin.write(f"{script}\n\\echo {END}\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == END:
                return lines
            lines.append(line.rstrip("\n"))
        sys.exit("postgres_peer.py: psql ended")


def main():
    work, counts, form = sys.argv[1:]
    columns, rules = plain_rules.read_columns(work), plain_rules.read_rules(work)
    session = Session(Cluster())
    session.ask(sql_rules.create_table(columns, sql_rules.POSTGRESQL) + ";")
    session.ask(f"\\copy firms FROM '{Path(work).resolve()}/table.csv' WITH (FORMAT csv, HEADER)")
    session.ask("VACUUM (ANALYZE, FREEZE) firms;")
    session.ask("SET plan_cache_mode = force_generic_plan;")
    session.ask(
        "\n".join(
            f"PREPARE p{at} AS {sql_rules.statement(rule, form, sql_rules.POSTGRESQL)};"
            for at, (_, rule) in enumerate(rules)
        )
    )
    script = "\n".join(f"EXECUTE p{at};" for at in range(len(rules)))

    def work_once():
        rows = [tuple(map(int, line.split(","))) for line in session.ask(script)]
        return [(id, eligible, hopeful - eligible) for (id, _), (eligible, hopeful) in zip(rules, rows)]

    version = session.ask("SHOW server_version;")[0].split()[0]
    serve(counts, {"version": f"PostgreSQL {version}"}, work_once)


if __name__ == "__main__":
    main()
