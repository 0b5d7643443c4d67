"""Keeps the READMEs and docs true: runs every command they show and compares what it prints.

    check_texts.py SOURCE_DIR QICE [EXAMPLE EXPECTED]

In a block that begins with ```console, a line `$ command` is run and the lines after it are what it
prints (standard output and error together); a line `> more` continues the command. `...` stands for any text within a line, and on a line
of its own for any lines. The commands of one file run one after another in one new folder, in which
data/ is qice's and `qice` is the program. EXAMPLE is the README's C++ example, compiled.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

source, program = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
texts = [source / "README.md", source / "README.zh-CN.md", *sorted((source / "docs").glob("*.md"))]
environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", QICE_DATA=str(source / "data"),
                   PATH=f"{program.parent}:/usr/bin:/bin")
faults = []


def commands(text):
    """The (command, output) pairs of all console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *lines = part.split("\n")
            while lines and lines[0].startswith("> "):
                command += "\n" + lines.pop(0)[2:]
            yield command, "\n".join(lines).rstrip("\n")


def pattern(expected):
    """The expected output as a regular expression."""
    out = ""
    for line in expected.split("\n"):
        if line == "...":
            out += r"(?:.*\n)*?"
        else:
            out += ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"
    return out


ran = 0
for path in texts:
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(source / "data", pathlib.Path(folder) / "data")
        for command, expected in commands(path.read_text(encoding="utf-8")):
            done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            ran += 1
            printed = re.sub(r"[ \t]+$", "", done.stdout, flags=re.M).rstrip("\n")
            if not re.fullmatch(pattern(expected), printed + "\n"):
                faults.append(f"{path.relative_to(source)}: $ {command}\n"
                              f"--- shown\n{expected}\n--- printed (exit {done.returncode})\n{printed}")

if len(sys.argv) > 3:
    done = subprocess.run([sys.argv[3]], cwd=source, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    wanted = pathlib.Path(sys.argv[4]).read_text(encoding="utf-8")
    if done.stdout != wanted:
        faults.append(f"README.md: the C++ example\n--- shown\n{wanted}\n--- printed "
                      f"(exit {done.returncode})\n{done.stdout}")
    examples = [re.search(r"^```cpp\n(.*?)^```$", text.read_text(encoding="utf-8"), re.M | re.S)
                for text in texts[:2]]
    if not all(examples) or examples[0][1] != examples[1][1]:
        faults.append("README.md and README.zh-CN.md show different C++ examples")

for path in texts:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http") and not (path.parent / target).exists():
            faults.append(f"{path.relative_to(source)}: link to {target}, which does not exist")

print(f"{ran} commands of {len(texts)} texts were run")
if faults:
    sys.exit("\n\n".join(faults))
