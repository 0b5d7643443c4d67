"""The peers: how each is set up and started, at which size, and what it leaves out."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build/bench"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's numpy

# Cities: firms x policies, and how many rounds.
FULL = {
    "reference": (550_000, 10_000, 5),
    "reference, once": (550_000, 10_000, 1),
    "large": (200_000, 3_000, 3),
    "middle": (50_000, 1_000, 3),
    "small": (1_000, 200, 3),
    "tiny": (200, 200, 3),
}
QUICK = {
    "reference": (60_000, 2_000, 3),
    "reference, once": (20_000, 500, 3),
    "large": (20_000, 500, 3),
    "middle": (5_000, 200, 3),
    "small": (200, 100, 3),
    "tiny": (40, 100, 3),
}

COUNTS_ONLY = "counts only: no scores, no ranking, not which firm"
PAIRWISE = "counts only; one firm at a time"
RANKING_ONLY = "ranks the eligible pairs only, and is told which they are; preferences are given as more tags"


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    size: str
    leaves_out: str
    command: tuple  # with {city}, {work}, {counts}, {as_of}
    how: str  # it is used
    packages: tuple = ()  # Debian
    npm: str = ""
    built_by: str = ""  # what its user must do, where ./dev bench does not build it
    writes_counts: bool = True  # otherwise it compares itself with qice
    work: bool = field(default=True)  # needs the folder of plain_rules.py


def python(script, *more):
    return (PYTHON, str(HERE / script), "{work}", "{counts}", *more)


def node(script, *more):
    return ("node", str(HERE / script), "{work}", "{counts}", *more)


def native(name, title, size, leaves_out, how, packages=(), built_by=""):
    return Peer(
        name,
        title,
        size,
        leaves_out,
        (str(BUILD / f"bench/peers/qice_peer_{name}"), "{city}", "{as_of}"),
        how,
        packages,
        built_by=built_by,
        writes_counts=False,
        work=False,
    )


OWN = native("matcher", "qice", "", "", "Matcher::match, the library's call, as `qice match` makes it")
OWN_READER = native("reader", "qice", "", "", "read_firms, the library's call")

PEERS = [
    native(
        "bitsets",
        "plain bitsets (C++)",
        "reference",
        "conditions are given; the rest is the same work",
        "one bitset a condition and sub-rule over all firms, AND a policy, qice's ranking",
    ),
    native(
        "bitsets_native",
        "plain bitsets, -march=native",
        "reference",
        "conditions are given; the rest is the same work",
        "the same program, built for this very CPU",
    ),
    native(
        "croaring",
        "CRoaring",
        "reference",
        "conditions are given; the rest is the same work",
        "one run-optimised bitmap a condition and sub-rule, smallest first, qice's ranking",
        ("libroaring-dev",),
    ),
    native(
        "plain_scan",
        "plain loop (C++)",
        "large",
        COUNTS_ONLY,
        "compiled rules, firm by firm, first false condition ends a rule",
    ),
    native(
        "be_tree",
        "be-tree",
        "large",
        COUNTS_ONLY + "; no scoring tables",
        "one expression a policy, a second where it has manual conditions; an event a firm, search only",
        built_by="it needs a checkout of be-tree and -DQICE_BE_TREE=FOLDER, see docs/benchmarks.md",
    ),
    Peer(
        "numpy",
        "numpy",
        "reference, once",
        COUNTS_ONLY,
        python("numpy_peer.py"),
        "a boolean array a condition, kept; a handful of array operations a rule",
        ("python3-numpy",),
    ),
    Peer(
        "duckdb_where",
        "DuckDB, WHERE",
        "reference, once",
        COUNTS_ONLY,
        node("duckdb.mjs", "where"),
        "one prepared SELECT count(*) … WHERE rule a policy, typed and sorted table in memory",
        npm="@duckdb/node-api",
    ),
    Peer(
        "duckdb_filter",
        "DuckDB, FILTER",
        "reference, once",
        COUNTS_ONLY,
        node("duckdb.mjs", "filter"),
        "one prepared SELECT count(*) FILTER (WHERE rule) a policy",
        npm="@duckdb/node-api",
    ),
    native(
        "graphblas",
        "SuiteSparse:GraphBLAS",
        "large",
        RANKING_ONLY,
        "one masked sparse product, then a partial sort a firm",
        ("libgraphblas-dev",),
    ),
    native(
        "eigen",
        "Eigen",
        "large",
        RANKING_ONLY,
        "a sparse product for every 4,096 firms, then a partial sort a firm",
        ("libeigen3-dev",),
    ),
    Peer(
        "sqlite",
        "SQLite",
        "middle",
        COUNTS_ONLY,
        python("sqlite_peer.py", "where"),
        "one SELECT count(*) … WHERE rule a policy, table in memory",
    ),
    Peer(
        "postgresql_where",
        "PostgreSQL, WHERE",
        "middle",
        COUNTS_ONLY,
        python("postgres_peer.py", "where"),
        "one prepared SELECT … WHERE rule a policy, table in its cache, no parallel workers",
        ("postgresql",),
    ),
    Peer(
        "postgresql_filter",
        "PostgreSQL, FILTER",
        "middle",
        COUNTS_ONLY,
        python("postgres_peer.py", "filter"),
        "one prepared SELECT count(*) FILTER (WHERE rule) a policy",
        ("postgresql",),
    ),
    Peer(
        "zen",
        "zen-engine (GoRules)",
        "small",
        PAIRWISE,
        node("zen.mjs"),
        "one decision with an expression a policy",
        npm="@gorules/zen-engine",
    ),
    Peer(
        "json_rules_engine",
        "json-rules-engine",
        "tiny",
        PAIRWISE + "; no scoring tables",
        node("json_rules_engine.mjs"),
        "one engine with a rule a policy, run(firm)",
        npm="json-rules-engine",
    ),
    Peer(
        "publicodes",
        "publicodes",
        "tiny",
        PAIRWISE + "; no scoring tables",
        node("publicodes.mjs"),
        "a firm is the situation, evaluate(policy)",
        npm="publicodes",
    ),
]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def missing_packages(names):
    present = (
        run("dpkg-query", "-W", "-f=${db:Status-Status} ${Package}\n", *names).stdout.splitlines()
        if shutil.which("dpkg-query")
        else []
    )
    return [name for name in names if f"installed {name}" not in present]


def set_up(say):
    """Installs what the peers need, as far as it can be had; says what it does."""
    packages = missing_packages(sorted({name for peer in PEERS for name in peer.packages}))
    if packages:
        root = [] if run("id", "-u").stdout.strip() == "0" else ["sudo"]
        for name in packages:  # one by one: one that cannot be had must not keep the others away
            say(f"installing {name}")
            done = run(
                *root,
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                name,
            )
            if done.returncode:
                say(f"cannot install {name}: {done.stderr.strip().splitlines()[-1:] or done.stdout[-200:]}")
    if not shutil.which("npm"):
        say("there is no npm: the peers from npm are skipped")
    elif any(not (HERE / "node_modules" / peer.npm / "package.json").exists() for peer in PEERS if peer.npm):
        say("installing the packages of bench/peers/package.json")
        # not `npm ci`: it refuses a lock file that lacks the binaries of other platforms
        done = run("npm", "install", "--no-save", "--no-audit", "--no-fund", cwd=HERE)
        if done.returncode:
            say(f"npm install failed: {done.stderr.strip()[-300:]}")


def why_not(peer):
    """Why a peer cannot be run; empty if it can."""
    if peer.npm and not (HERE / "node_modules" / peer.npm / "package.json").exists():
        return f"npm has not installed {peer.npm}"
    if peer.command[0] == "node" and not shutil.which("node"):
        return "there is no node"
    if not shutil.which(peer.command[0]):
        hint = f"is {peer.packages[0]} there?" if peer.packages else "see build/bench.log"
        return f"{Path(peer.command[0]).name} was not built: {peer.built_by or hint}"
    gone = missing_packages(peer.packages) if peer.packages else []
    return f"Debian's {', '.join(gone)} could not be installed" if gone else ""
