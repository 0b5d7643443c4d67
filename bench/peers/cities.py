"""Cities on disk, made once and kept under build/bench until what makes them changes; and `qice match` over one."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build/bench/cities"
AS_OF = "2026-06-15"  # the day generated cities are made for


def stamp(*paths):
    """A hash of the files at or below some paths."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()


def kept(folder, mark, make):
    """The folder, made by make(draft) unless it is there with the same mark."""
    if (folder / "stamp").exists() and (folder / "stamp").read_text() == mark:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    print(f"bench: making {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    make(draft)
    (draft / "stamp").write_text(mark)
    return draft.rename(folder)


def checked(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)


def city_of(qice, firms, policies, seed=1):
    """A generated city."""
    mark = stamp(ROOT / "src/generate", ROOT / "data/standards", ROOT / "data/schema.json")
    return kept(
        KEPT / f"city-{firms}-{policies}-{seed}",
        mark,
        lambda draft: checked(
            qice,
            "generate",
            "--firms",
            firms,
            "--policies",
            policies,
            "--seed",
            seed,
            "--as-of",
            AS_OF,
            "--out",
            draft,
            "--quiet",
        ),
    )


# Nine cities in nine provinces; the first is the one that city_of() makes.
CITIES = ("441900", "320500", "330100", "370200", "420100", "430100", "510100", "610100", "410100")


def region_of(qice, firms, policies):
    """The firms of city_of(), and about so many policies of nine cities, their provinces and the nation."""
    home = city_of(qice, firms, 0)

    def make(draft):
        for file in ("schema.json", "firms.csv"):
            shutil.copy(home / file, draft)
        with open(draft / "policies.jsonl", "w", encoding="utf-8") as out:
            for code in CITIES:
                of_city = draft / code
                each = ("--firms", 1, "--policies", policies // len(CITIES), "--city", code, "--as-of", AS_OF)
                checked(qice, "generate", *each, "--out", of_city, "--quiet")
                with open(of_city / "policies.jsonl", encoding="utf-8") as file:
                    out.writelines(
                        line
                        for line in file
                        if code == CITIES[0] or json.loads(line)["level"] != "national"
                    )
                shutil.rmtree(of_city)

    return kept(KEPT / f"region-{firms}-{policies}", (home / "stamp").read_text(), make)


def made_city(name, *options):
    """A city of bench/workloads/random_city.py."""
    script = ROOT / "bench/workloads/random_city.py"
    mark = stamp(script) + " ".join(map(str, options))
    return kept(KEPT / name, mark, lambda draft: checked("/usr/bin/python3", script, "--out", draft, *options))


def work_of(city):
    """What plain_rules.py makes of a city."""
    script = ROOT / "bench/peers/plain_rules.py"
    mark = (city / "stamp").read_text() + stamp(script, ROOT / "tests/oracle/oracle.py")
    return kept(
        city.with_name(city.name + "-work"), mark, lambda draft: checked("/usr/bin/python3", script, city, AS_OF, draft)
    )


def match(qice, city, *options, environment=None, threads=1):
    """The summary of one `qice match` that ranks and writes no pushes."""
    command = [
        qice,
        "match",
        "--policies",
        city / "policies.jsonl",
        "--firms",
        city / "firms.csv",
        "--schema",
        city / "schema.json",
        "--as-of",
        AS_OF,
        "--threads",
        threads,
        "--json",
        "--quiet",
        "--max-conditions",
        10_000_000,
        *options,
    ]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, env=environment, text=True)
    if done.returncode not in (0, 3):  # 3: something was quarantined
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}")
    return json.loads(done.stdout)
