"""A throw-away PostgreSQL server on a socket in a temporary folder: nobody else is asked, nothing is left behind.

    with server.Server() as postgres:
        store = postgres.address("one")      # postgresql://... of a new, empty database
        postgres.ask("one", "SELECT 1")      # rows as lists of texts
        postgres.crash(); postgres.start()   # gone in the middle, and back

    python3 tests/postgres/server.py COMMAND ARGUMENT...    # runs it with QICE_POSTGRES=postgresql://...

Where no server is installed, `Missing` says so; the command then ends with 77, which CTest counts as skipped.
"""

import csv
import glob
import io
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

SKIPPED = 77
HINT = "SKIPPED, PostgreSQL is NOT tested: no /usr/lib/postgresql/*/bin/initdb (apt-get install postgresql)"


class Missing(Exception):
    """No server is installed here."""


def binaries():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise Missing(HINT)
    return Path(max(found, key=lambda path: int(path.split("/")[-3]))).parent


def room_for(durable):
    """The folder for a server's folder. A short name: a socket's path ends at 107 bytes. What need not last lies in memory, where there is room."""
    memory, enough = "/dev/shm", 2 << 30
    if not durable and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= enough:
        return memory
    return "/tmp"


class Server:
    """initdb and start; stop and remove at the end. The server refuses root, so root steps down to `postgres`."""

    def __init__(self, durable=False, **settings):
        """`settings` are of postgresql.conf. Tests need no fsync; measurements do (durable)."""
        self.bin = binaries()
        self.folder = tempfile.mkdtemp(prefix="qice-pg-", dir=room_for(durable))
        os.chmod(self.folder, 0o755)
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        self.settings = {"listen_addresses": "''", "unix_socket_directories": self.folder, **settings}
        if not durable:
            self.settings.setdefault("fsync", "off")
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        try:
            self.call("initdb", "-U", "qice", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            self.start()
        except BaseException:
            self.close()
            raise

    def call(self, program, *arguments, check=True):
        """One of the server's programs; it may leave a server behind, so its output goes to a file."""
        with open(Path(self.folder) / "calls", "a", encoding="utf-8") as log:
            done = subprocess.run([*self.user, str(self.bin / program), "-D", f"{self.folder}/data", *arguments],
                                  cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} failed: " + (Path(self.folder) / "calls").read_text(errors="replace")[-2000:])

    def start(self):
        options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
        self.call("pg_ctl", "-w", "-l", f"{self.folder}/data/log", "-o", options, "start")

    def crash(self):
        """As if the power went, but for what the operating system holds."""
        self.call("pg_ctl", "-w", "-m", "immediate", "stop", check=False)

    def close(self):
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def uri(self, database, user="qice"):
        return f"postgresql://{user}@/{database}?host={urllib.parse.quote(self.folder, safe='')}"

    def address(self, database):
        """Makes an empty database; gives what the program takes as --store."""
        self.ask("postgres", f'DROP DATABASE IF EXISTS "{database}"')
        self.ask("postgres", f'CREATE DATABASE "{database}"')
        return self.uri(database)

    def copy(self, database, new):
        """An equal database under another name; nobody may be connected to the first."""
        self.ask("postgres", f'DROP DATABASE IF EXISTS "{new}"')
        self.ask("postgres", f'CREATE DATABASE "{new}" TEMPLATE "{database}"')
        return self.uri(new)

    def ask(self, database, sql, user="qice"):
        """The rows of one statement, each a list of texts; NULL is an empty text."""
        done = subprocess.run([str(self.bin / "psql"), "-qtAX", "--csv", "-v", "ON_ERROR_STOP=1", self.uri(database, user)],
                              input=sql, capture_output=True, encoding="utf-8")
        if done.returncode != 0:
            raise RuntimeError(f"{sql[:1000]}: {done.stderr.strip()}")
        return list(csv.reader(io.StringIO(done.stdout, newline="")))


def main():
    try:
        with Server() as server:
            environment = {**os.environ, "QICE_POSTGRES": server.address("store")}
            return subprocess.run(sys.argv[1:], env=environment).returncode
    except Missing as missing:
        print(missing, file=sys.stderr)
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
