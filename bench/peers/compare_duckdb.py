"""How much longer does DuckDB need to count what `qice match` counts and ranks?

    python3 bench/peers/compare_duckdb.py --qice build/release/qice --firms 200000 --policies 3000
    python3 bench/peers/compare_duckdb.py --qice build/release/qice --firms 200000 --policies 10000 --sample 500

Generates a city, then lets qice and DuckDB match it in turn, one thread each, on the same machine. Compared are
matching times only: qice's `seconds.match` (all verdicts, scores, the top 20 of each firm) and the sum of DuckDB's
prepared statements (counts of eligible and review only; duckdb.mjs says how, and what it leaves out). Reading,
loading, compiling and indexing are printed beside them, not compared.

No ratio is printed unless both count the same eligible and review firms for every policy that both judged.
Output: one JSON object per measurement, then one plain line per form of DuckDB's statement, its best form last.
Needs node 20 and, once, the npm registry. Exit: 0 done, 1 failed or counts differ.
"""

import argparse
import csv
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def fail(message):
    sys.exit(f"compare_duckdb.py: {message}")


def say(message):
    print(message, file=sys.stderr, flush=True)


def emit(**measurement):
    print(json.dumps(measurement, ensure_ascii=False), flush=True)


def output(*command):
    """Standard output of a command; empty when it cannot be run."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def install():
    """DuckDB at the version of package-lock.json."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["@duckdb/node-api"]
    installed = HERE / "node_modules/@duckdb/node-api/package.json"
    if not installed.exists() or json.loads(installed.read_text())["version"] != wanted:
        say(f"installing @duckdb/node-api {wanted}")
        # not `npm ci`: it refuses a lock file that lacks the binaries of other platforms
        done = subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund"], cwd=HERE, stdout=sys.stderr)
        if done.returncode:
            fail("npm install failed")
    return wanted


def generate(qice, firms, policies, seed):
    """The folder of the city, made if it is not there."""
    city = ROOT / f"build/bench/city-{firms}-{policies}-{seed}"
    if not city.exists():
        say(f"generating {city}")
        draft = city.with_name(city.name + ".part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        done = subprocess.run([qice, "generate", "--firms", str(firms), "--policies", str(policies),
                               "--seed", str(seed), "--out", str(draft)], stdout=sys.stderr)
        if done.returncode:
            fail("qice generate failed")
        draft.rename(city)
    return city


def run_qice(qice, city, as_of, results, counts=False):
    """The summary of one `qice match`; counting all four statuses is more work, and is not timed."""
    command = [qice, "match", "--policies", city / "policies.jsonl", "--firms", city / "firms.csv",
               "--schema", city / "schema.json", "--as-of", as_of, "--top", "20", "--status", "eligible,review",
               "--threads", "1", "--out", results / "qice-pushes.csv", "--json", "--quiet"]
    if counts:
        command += ["--counts", results / "qice-counts.csv"]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 3):  # 3: something was quarantined
        fail(f"qice match ended with {done.returncode}")
    return json.loads(done.stdout)


class DuckDb:
    """duckdb.mjs with the city loaded, waiting for its rounds."""

    def __init__(self, city, as_of, results, forms, rounds, sample):
        command = ["node", HERE / "duckdb.mjs", "--schema", city / "schema.json", "--policies", city / "policies.jsonl",
                   "--firms", city / "firms.csv", "--as-of", as_of, "--counts", results / "duckdb-counts.csv",
                   "--standards", ROOT / "data/standards", "--forms", ",".join(forms), "--rounds", rounds, "--wait"]
        if sample:
            command += ["--sample", sample]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.forms = forms
        self.loaded = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            fail(f"duckdb.mjs ended with {self.process.wait()}")
        return json.loads(line)

    def round(self):
        """Form -> seconds."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return {line["form"]: line["seconds"] for line in [self.read() for _ in self.forms]}


def check_counts(results, sampled):
    """Fails unless both programs count the same; the number of policies compared."""
    def counts(name):
        with open(results / name, newline="", encoding="utf-8") as file:
            return {row["policy_id"]: (int(row["eligible"]), int(row["review"])) for row in csv.DictReader(file)}
    qice, duckdb = counts("qice-counts.csv"), counts("duckdb-counts.csv")
    judged = duckdb if sampled else {**qice, **duckdb}
    different = [id for id in judged if qice.get(id) != duckdb.get(id)]
    if different:
        say(f"counts (eligible, review) differ for {len(different)} of {len(judged)} policies, the first:")
        for id in different[:10]:
            say(f"  {id}: qice {qice.get(id)}, DuckDB {duckdb.get(id)}")
        fail("no ratio, because the answers differ")
    return len(judged)


def machine():
    fields = dict(line.split(":", 1) for line in output("lscpu").splitlines() if ":" in line)
    return f"{fields.get('Model name', platform.machine()).strip()}, {os.cpu_count()} cores"


def commit():
    changed = "+changes" if output("git", "status", "--porcelain") else ""
    return (output("git", "rev-parse", "--short=12", "HEAD") or "none") + changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qice", default="build/release/qice", help="the program")
    parser.add_argument("--firms", type=int, default=200_000)
    parser.add_argument("--policies", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", default="2026-06-15", help="the day generated cities are made for")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, help="DuckDB runs only so many policies; its time is scaled up")
    parser.add_argument("--forms", default="filter,where", help="of DuckDB's statements, see duckdb.mjs")
    args = parser.parse_args()
    if min(args.firms, args.policies, args.rounds, args.sample or 1) < 1:
        parser.error("numbers must be at least 1")
    if not set(args.forms.split(",")) <= {"filter", "where"}:
        parser.error("--forms: filter, where or both")
    qice, forms = str(Path(args.qice).resolve()), args.forms.split(",")

    api = install()
    city = generate(qice, args.firms, args.policies, args.seed)
    results = city / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    say("loading DuckDB")
    duckdb = DuckDb(city, args.as_of, results, forms, args.rounds, args.sample)
    loaded = duckdb.loaded
    scale = loaded["open"] / max(loaded["timed"], 1)
    emit(what="duckdb loaded", **loaded)

    ratios, times = {form: [] for form in forms}, {form: [] for form in ["qice", *forms]}
    run_qice(qice, city, args.as_of, results, counts=True)
    for turn in range(1, args.rounds + 1):
        summary = run_qice(qice, city, args.as_of, results)
        if summary["firms"] != loaded["firms"]:
            fail(f"qice matched {summary['firms']} firms, DuckDB {loaded['firms']}")
        measured = duckdb.round()
        compared = check_counts(results, scale != 1) if turn == 1 else compared
        matching = summary["seconds"]["match"]
        times["qice"].append(matching)
        emit(what="qice", round=turn, match_seconds=matching, summary=summary)
        for form, seconds in measured.items():
            times[form].append(seconds * scale)
            ratios[form].append(seconds * scale / matching)
            emit(what="duckdb", round=turn, form=form, seconds=seconds, policies_run=loaded["timed"],
                 scaled_to=loaded["open"], match_seconds=round(seconds * scale, 6),
                 ms_per_policy=round(seconds * 1e3 / max(loaded["timed"], 1), 4))

    where = (f"{machine()}; {output(qice, 'version').partition(chr(10))[0]}, "
             f"DuckDB {loaded['duckdb']} (@duckdb/node-api {api}), node {loaded['node']}; commit {commit()}; "
             f"python3 {shlex.join([os.path.relpath(__file__, ROOT), *sys.argv[1:]])}")
    sampled = f", DuckDB's time scaled from {loaded['timed']} of {loaded['open']} policies" if scale != 1 else ""
    for form in forms:
        print(f"median ratio {median(ratios[form]):.1f} = DuckDB ({form}) {median(times[form]):.3f} s / "
              f"qice {median(times['qice']):.4f} s, matching, one thread, rounds: {args.rounds}{sampled}; "
              f"equal counts for {compared} policies, {loaded['firms']} firms; {where}")


if __name__ == "__main__":
    main()
