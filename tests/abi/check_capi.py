"""The C interface: its header, what the library shows, its answers.

    check_capi.py SOURCE_DIR LIBRARY QICE GOLDEN CC WORK_DIR

The header compiles as C99, C11 and C++11 with all warnings. The library shows the functions of the
header, exports.txt names the same, and nothing else shows. The answers of golden.c are those of the
program, byte for byte. abidiff finds no incompatible change since libqice.abi was written; where it
is not installed that part is skipped, loudly. After a change that only adds, `python3
tests/abi/check_capi.py ... --sign` writes the two files anew.
"""

import csv
import json
import pathlib
import re
import shutil
import subprocess
import sys

sign = "--sign" in sys.argv
source, library, qice, golden, compiler, work = (
    [argument for argument in sys.argv[1:] if argument != "--sign"])
source, library, work = pathlib.Path(source), pathlib.Path(library), pathlib.Path(work)
here = source / "tests/abi"
AS_OF = "2026-06-15"


def run(*command, codes=(0,)):
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode not in codes:
        sys.exit(f"$ {' '.join(map(str, command))}\n{done.stdout}\nexit {done.returncode}")
    return done.stdout


def check_header():
    header = source / "include/qice/qice.h"
    for language, standard in (("c", "c99"), ("c", "c11"), ("c++", "c++11")):
        run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror",
            "-fsyntax-only", "-I", source / "include", "-x", language, header)
    text = header.read_text(encoding="utf-8")
    declared = []
    for found in re.finditer(r"^QICE_API [\w ]+\*? ?(qice_\w+)\(", text, re.MULTILINE):
        declared.append(found.group(1))
        if "Since " not in text[:found.start()].rsplit("/*", 1)[1]:
            sys.exit(f"the comment of {found.group(1)} does not say since when it is there")
    declared.sort()
    print(f"ok: the header as C99, C11 and C++11; {len(declared)} functions")
    return declared


def check_exports(declared):
    shown = set()
    for line in run("nm", "-D", "--defined-only", library).splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":  # the name of the version itself
            shown.add(name.split("@")[0])
    listed = here / "exports.txt"
    if sign:
        listed.write_text("\n".join(declared) + "\n", encoding="utf-8")
    wanted = listed.read_text(encoding="utf-8").split()
    for what, names in (("header", declared), ("library", sorted(shown))):
        if names != wanted:
            sys.exit(f"{what} and exports.txt differ: {sorted(set(names) ^ set(wanted))}")
    soname = re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", library)).group(1)
    if soname != "libqice.so.1":
        sys.exit(f"the soname is {soname}")
    print("ok: what the library shows is what exports.txt lists")


def check_abi():
    if not shutil.which("abidiff"):
        print("SKIPPED: abidiff is not installed (Debian: abigail-tools); nobody has compared the ABI")
        return
    baseline = here / "libqice.abi"
    header = source / "include/qice/qice.h"
    usual = ("--drop-private-types", "--exported-interfaces-only", "--no-show-locs")
    if sign:
        run("abidw", "--header-file", header, *usual, "--no-corpus-path", "--no-comp-dir-path",
            "--out-file", baseline, library)
        print("signed: libqice.abi")
    done = subprocess.run(["abidiff", "--header-file2", header, *usual, baseline, library],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:  # 4: changed, 8: incompatibly
        sys.exit(f"{done.stdout}\nabidiff: {done.returncode}; --sign if this only adds")
    print("ok: abidiff sees no change of the ABI")


def check_answers():
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    city, out = work / "city", work / "out"
    out.mkdir()
    run(qice, "generate", "--firms", 700, "--policies", 120, "--seed", 5, "--as-of", AS_OF, "--out",
        city, "--quiet")
    firms, lines, policies = city / "firms.csv", city / "firms.jsonl", city / "policies.jsonl"
    with open(firms, encoding="utf-8-sig", newline="") as rows:
        all_firms = list(csv.DictReader(rows))
    lines.write_text("".join(json.dumps({key: cell for key, cell in firm.items() if cell},
                                        ensure_ascii=False) + "\n" for firm in all_firms),
                     encoding="utf-8")
    print(run(golden, policies, firms, lines, AS_OF, out), end="")
    asked = ["--policies", policies, "--firms", firms, "--as-of", AS_OF]
    match = [qice, "match", *asked, "--status", "eligible,review,needs_data,near", "--top", 5,
             "--quiet", "--out"]
    run(*match, work / "by_firm.csv")
    run(*match, work / "by_policy.csv", "--by", "policy")
    for name, wanted in (("pushes", "by_firm"), ("singly", "by_firm"), ("rows", "by_firm"),
                         ("by_policy", "by_policy"), ("one_policy", "by_policy")):
        got = (out / f"{name}.csv").read_bytes()
        if got != (work / f"{wanted}.csv").read_bytes():
            sys.exit(f"{out / name}.csv is not what the program writes, {work / wanted}.csv")
        if got.count(b"\n") < 100:
            sys.exit(f"{name}.csv is too short to say anything")
    first = json.loads(policies.read_text(encoding="utf-8").split("\n")[0])["id"]
    said = run(qice, "explain", all_firms[0]["uscc"], first, *asked, "--json")
    if (out / "explain.json").read_text(encoding="utf-8") != said * 2:
        sys.exit(f"{out}/explain.json is not what the program says:\n{said}")
    print("ok: batch, one firm, rows, one policy and explanation are the program's")


check_exports(check_header())
check_abi()
check_answers()
