#!/usr/bin/env python3
"""Reads every include and holds the house to its floors.

base < model < rule < index < match < io < live < everything that stands on them (push, store, report, generate, capi,
cli).
A file includes only from its own floor or a lower one; kernels stands between index and match. Public headers show
no outside library but Eigen, RapidJSON stays in one file, no file is too long, and each opens by saying what it is.

    python3 tests/layers/check_layers.py        # prints `N passed, N failed`, exits 1 on a failure
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {"base": 0, "model": 1, "rule": 2, "index": 3, "kernels": 4, "match": 5, "io": 6, "live": 7}
TOP = 8  # push, store, report, generate, capi, cli: nothing below may include them
TOP_FOLDERS = {"push", "store", "report", "generate", "capi", "cli"}
# Of src/kernels only its own face may be seen, and only where blocks are run.
KERNEL_USERS = {"kernels", "match", "cli", "capi"}
KERNEL_USES = {"kernels", "index", "base"}
HIDDEN_LIBRARIES = re.compile(r"^(absl|rapidjson|fmt|CLI|sqlite3|libpq|postgresql|pybind11|benchmark|catch2|rapidcheck)\b")
JSON_FILE = "src/base/json.cpp"
LOOSE_HEADERS = {"qice/version.hpp", "qice/arrow_abi.h"}  # which stand on no floor and on nothing
MOST_LINES = 600
SUFFIXES = {".hpp", ".h", ".cpp", ".inl", ".cc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def floor_of(folder):
    return TOP if folder in TOP_FOLDERS else FLOORS.get(folder)


def folder_of(path):
    """The floor's folder of a file below include/qice or src; None for a file that stands on no floor."""
    parts = path.relative_to(ROOT).parts
    inside = parts[2:] if parts[0] == "include" else parts[1:]
    return inside[0] if len(inside) > 1 else None


def target_folder(included):
    """The folder an include of our own leads to; None for another library's, "" for no folder."""
    if included.startswith("qice/"):
        rest = included[len("qice/"):]
        return rest.split("/")[0] if "/" in rest else ""
    first = included.split("/")[0]
    return first if "/" in included and floor_of(first) is not None else None


class Check:
    def __init__(self):
        self.passed, self.failures = 0, []

    def that(self, holds, path, sentence):
        if holds:
            self.passed += 1
        else:
            self.failures.append(f"{path.relative_to(ROOT)}: {sentence}")


def check_include(check, path, folder, included):
    own = floor_of(folder) if folder else None
    target = target_folder(included)
    public = path.is_relative_to(ROOT / "include")
    check.that(included.split("/")[0] != "rapidjson" or str(path.relative_to(ROOT)) == JSON_FILE, path,
               f"includes {included}; RapidJSON is for {JSON_FILE} only")
    check.that(not public or not HIDDEN_LIBRARIES.match(included), path, f"a public header shows {included}")
    if target is None or own is None:
        return
    if target == "":
        check.that(own == TOP or included in LOOSE_HEADERS, path, f"includes the umbrella {included}")
        return
    check.that(floor_of(target) is not None, path, f"includes {included}, which stands on no floor")
    check.that((floor_of(target) or 0) <= own, path, f"floor {folder} includes {included} from a higher floor")
    check.that(not public or included.startswith("qice/"), path, f"a public header includes the private {included}")
    if target == "kernels":
        check.that(folder in KERNEL_USERS, path, f"{folder} includes {included}; kernels are run by match")
    if folder == "kernels":
        check.that(target in KERNEL_USES, path, f"kernels include {included}; they may use index and base")


def opens_well(text):
    """A comment, or the file's own header, or (of a file that one level guards) the guard and then one."""
    first = text.lstrip("\ufeff").lstrip()
    return first.startswith(("//", "/*", '#include "'))


def check_file(check, path):
    text = path.read_text(encoding="utf-8")
    folder = folder_of(path)
    check.that(folder is None or floor_of(folder) is not None, path, f"folder {folder} stands on no floor")
    lines = text.count("\n")
    check.that(lines <= MOST_LINES, path, f"has {lines} lines; {MOST_LINES} are enough")
    check.that(opens_well(text), path, "opens with neither a comment nor its own header")
    if path.suffix in {".hpp", ".h"}:
        guarded = "#pragma once" in text or re.search(r"#ifndef \w+_H", text)
        check.that(guarded, path, "has no #pragma once")
    for _, included in INCLUDE.findall(text):
        check_include(check, path, folder, included)


def main():
    check = Check()
    files = sorted(path for top in ("include/qice", "src") for path in (ROOT / top).rglob("*") if path.suffix in SUFFIXES)
    check.that(len(files) > 20, ROOT / "src", "few files were found: is this the right folder?")
    for path in files:
        check_file(check, path)
    for failure in check.failures:
        print(failure)
    print(f"{check.passed} passed, {len(check.failures)} failed")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
