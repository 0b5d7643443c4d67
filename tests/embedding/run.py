"""The golden run from a language: the same bytes as from C, and steady memory.

    run.py LANGUAGE ... --qice QICE --library LIBQICE.SO.1 --work FOLDER [--jar QICE.JAR] [--cc CC]
           [--cflags FLAGS] [--seconds N] [--measure [--times N]]

LANGUAGE is c, java, go, node, ctypes or all. A made-up world is loaded, matched, asked about firm by
firm and policy by policy, explained, refused and changed; then 8 threads ask for N seconds (3) while
the policies change under them, and the resident memory is watched. What is printed must be what
golden.c prints. With --measure nothing is compared, and what calls cost is printed as a table
(docs/embedding.md).

A language whose tools are not installed is skipped, loudly: exit 77 if nothing else was run. C must
be there. --seconds 60 is the long form, with a narrow bound on memory.
"""

import argparse
import csv
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
AS_OF = "2026-06-15"
LANGUAGES = ("c", "java", "go", "node", "ctypes")
JNA = pathlib.Path("/usr/share/java/jna.jar")


class Skip(Exception):
    """Why a language cannot be tried here."""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"$ {' '.join(map(str, command))}\n{done.stdout}\nexit {done.returncode}")
    return done.stdout


def need(*programs, package):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"there is no {program} (Debian: {package})")


# ------------------------------------------------------------------------------------ the world

def make_world(arguments, firms, policies, lines):
    """Two sets of policies, and firms of which one has a bad value and one comes twice."""
    world = arguments.work / f"world-{policies}"
    if (world / "firms.jsonl").exists():
        return world
    shutil.rmtree(world, ignore_errors=True)
    for name, count, seed in (("a", policies, 5), ("b", policies * 3 // 4, 6)):
        run(arguments.qice, "generate", "--firms", firms if name == "a" else 10, "--policies", count,
            "--seed", seed, "--as-of", AS_OF, "--out", world / name, "--quiet")
    shutil.copy(world / "a/policies.jsonl", world / "policies.jsonl")
    shutil.copy(world / "b/policies.jsonl", world / "others.jsonl")
    text = (world / "a/firms.csv").read_text(encoding="utf-8-sig")
    head, *rows = list(csv.reader(text.splitlines()))
    bad = ["许多" if field == "revenue" else "" for field in head]
    bad[0] = "BAD-1"
    (world / "firms.csv").write_text(text + ",".join(bad) + "\n" + ",".join(rows[0]) + "\n",
                                     encoding="utf-8")
    (world / "firms.jsonl").write_text("".join(
        json.dumps({field: cell for field, cell in zip(head, row) if cell}, ensure_ascii=False) + "\n"
        for row in [*rows[:lines], bad]), encoding="utf-8")
    return world


# -------------------------------------------------------------------- how each language is built

def build_c(arguments, work):
    folder = arguments.library.parent
    run(arguments.cc, *arguments.cflags.split(), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
        "-I", SOURCE / "include", HERE / "golden.c", HERE / "measure.c", "-o", work / "golden",
        arguments.library, "-pthread", f"-Wl,-rpath,{folder}")
    return [work / "golden"], {}


def build_java(arguments, work):
    need("javac", "java", package="default-jdk-headless")
    if not JNA.exists():
        raise Skip(f"there is no {JNA} (Debian: libjna-java)")
    jar = arguments.jar
    if jar is None or not jar.exists():
        raise Skip("qice.jar was not built")
    run("javac", "-Xlint:all", "-Werror", "--release", "17", "-cp", f"{jar}:{JNA}", "-d", work,
        *sorted((HERE / "java").rglob("*.java")))
    java = ["java", f"-Dqice.library={arguments.library}", "-cp", f"{work}:{jar}"]
    run(*java, "cn.qice.Misuse", env=dict(os.environ, QICE_DATA=str(SOURCE / "data")))
    # A heap of a fixed size, touched at the start: what grows then is outside of it.
    return [*java, "-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "Golden"], {}


def package_config(arguments, work):
    """What pkg-config says of an installed library, for the one that was built."""
    (work / "qice-c.pc").write_text(
        f"Name: qice-c\nDescription: qice\nVersion: 0\nCflags: -I{SOURCE / 'include'}\n"
        f"Libs: -L{arguments.library.parent} -lqice\n", encoding="utf-8")
    return {"PKG_CONFIG_PATH": str(work), "LD_LIBRARY_PATH": str(arguments.library.parent)}


def build_go(arguments, work):
    need("go", package="golang-go")
    need("pkg-config", package="pkg-config")
    more = package_config(arguments, work)
    # No module but our own is needed, so no proxy is asked.
    environment = dict(os.environ, **more, CC=arguments.cc, GOFLAGS="-mod=mod", GOPROXY="off",
                       GO111MODULE="on", GOCACHE=os.environ.get("GOCACHE", str(work / "cache")))
    for folder in (SOURCE / "bindings/go", HERE / "go"):
        run("go", "vet", "./...", cwd=folder, env=environment)
    run("go", "build", "-o", work / "golden", ".", cwd=HERE / "go", env=environment)
    run(work / "golden", "misuse", env=dict(environment, QICE_DATA=str(SOURCE / "data")))
    return [work / "golden"], more


def build_node(arguments, work):
    """The package, its one dependency from npm, and the run, side by side in the work folder."""
    need("node", "npm", package="nodejs npm")
    package = work / "node_modules/qice"
    if not (package / "node_modules/koffi").exists():
        shutil.rmtree(package, ignore_errors=True)
        shutil.copytree(SOURCE / "bindings/node", package,
                        ignore=shutil.ignore_patterns("node_modules"))
        # koffi brings its binaries along: its install script has nothing to do.
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=package, text=True, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            shutil.rmtree(package)
            raise Skip(f"npm could not install koffi: {done.stdout.strip()[-300:]}")
    for file in (SOURCE / "bindings/node").glob("*.js"):
        shutil.copy(file, package)
    for file in (HERE / "node").glob("*.js"):
        shutil.copy(file, work)
    (work / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    more = {"QICE_LIBRARY": str(arguments.library)}
    run("node", work / "misuse.js", env=dict(os.environ, QICE_DATA=str(SOURCE / "data"), **more))
    return ["node", work / "golden.js"], more


def build_ctypes(arguments, _):
    run(sys.executable, HERE / "misuse.py", arguments.library, SOURCE / "include/qice/qice.h")
    return [sys.executable, HERE / "golden.py", arguments.library, SOURCE / "include/qice/qice.h"], {}


BUILDERS = {"c": build_c, "java": build_java, "go": build_go, "node": build_node,
            "ctypes": build_ctypes}


def build(language, arguments):
    work = arguments.work / language
    work.mkdir(parents=True, exist_ok=True)
    command, more = BUILDERS[language](arguments, work)
    environment = dict(os.environ, QICE_DATA=str(SOURCE / "data"), **more)
    return [str(word) for word in command], environment


# ------------------------------------------------------------------------------------- the runs

def resident(pid):
    """Resident memory of a process, in MiB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Watch(threading.Thread):
    """Reads the standard error of a golden run, and its memory while its threads ask."""

    def __init__(self, process):
        super().__init__()
        self.process, self.said, self.samples = process, [], []
        self.asking = threading.Event()
        self.start()
        self.sampler = threading.Thread(target=self.sample)
        self.sampler.start()

    def run(self):
        for line in self.process.stderr:
            self.said.append(line)
            (self.asking.set if line.startswith("threads begin") else self.asking.clear)()
        self.asking.clear()

    def sample(self):
        while self.is_alive():
            if self.asking.wait(0.1):
                try:
                    self.samples.append((time.monotonic(), resident(self.process.pid)))
                except (OSError, IndexError):
                    return
                time.sleep(0.05)


def golden(command, environment, world, seconds):
    """Transcript, what was said beside it, and samples of memory."""
    with subprocess.Popen([*command, str(world), str(seconds)], env=environment, text=True,
                          encoding="utf-8", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        watch = Watch(process)
        transcript = process.stdout.read()
        process.wait()
        watch.join()
        watch.sampler.join()
    if process.returncode != 0:
        sys.exit(f"$ {' '.join(command)} {world} {seconds}\n{''.join(watch.said)}"
                 f"exit {process.returncode} after:\n{transcript[-500:]}")
    return transcript, watch


def check_memory(language, samples, seconds):
    """After a third of the time, which is for warming up, memory stays where it is."""
    begin, end = samples[0][0], samples[-1][0]
    steady = [(at, size) for at, size in samples if at >= begin + (end - begin) / 3]
    half = len(steady) // 2
    early = statistics.median(size for _, size in steady[:half])
    late = statistics.median(size for _, size in steady[half:])
    # Of a short run most is warming up: it shows only what is gross.
    bound = early * 1.02 + 4 if seconds >= 60 else early * 1.3 + 32
    slope = (late - early) / ((end - begin) / 3) * 60
    told = f": {slope:+.2f} MiB a minute" if seconds >= 60 else ""
    print(f"   {language}: memory {early:.1f} MiB, then {late:.1f} MiB{told}")
    if late > bound:
        sys.exit(f"{language}: memory grows from {early:.1f} to {late:.1f} MiB; {bound:.1f} is allowed")


def check_transcript(language, wanted, got):
    if got == wanted:
        return
    for number, (ours, theirs) in enumerate(zip(wanted.split("\n"), got.split("\n")), 1):
        if ours != theirs:
            sys.exit(f"{language}: line {number} of the transcript\nfrom C: {ours}\nhere:   {theirs}")
    sys.exit(f"{language}: the transcript has {len(got)} characters, from C it has {len(wanted)}")


def built(arguments, languages):
    """Each language with its command and environment; one that cannot be built here is named and left out."""
    for language in languages:
        try:
            yield (language, *build(language, arguments))
        except Skip as why:
            print(f"SKIPPED: {language}: {why}", flush=True)


def compare(arguments, languages):
    world = make_world(arguments, 200, 120, 200)
    reference, _ = golden(*build("c", arguments), world, 0)
    if reference.count("\n") < 2000:
        sys.exit("the transcript is too short to say anything")
    ran = 0
    for language, command, environment in built(arguments, languages):
        transcript, watch = golden(command, environment, world, arguments.seconds)
        check_transcript(language, reference, transcript)
        print(f"ok: {language}: the {reference.count(chr(10))} lines that C prints; "
              f"{watch.said[-1].strip()}")
        if "-fsanitize" not in arguments.cflags: # a sanitizer keeps what was given back
            check_memory(language, watch.samples, arguments.seconds)
        ran += 1
    return 0 if ran else 77


def measure(arguments, languages):
    world = make_world(arguments, 20000, 10000, 100)
    table = {}
    for language, command, environment in built(arguments, languages):
        for _ in range(arguments.times):
            for line in run(*command, world, "measure", env=environment).splitlines():
                name, figure, unit = line.split()
                row = table.setdefault(f"{name} ({unit})", {})
                row[language] = min(float(figure), row.get(language, float("inf")))
                print(language, line, flush=True)
    print("| |", " | ".join(languages), "|")
    print("|---|" + "---:|" * len(languages))
    for name, figures in table.items():
        print("|", name, "|", " | ".join(f"{figures[of]:.3g}" if of in figures else "" for of in languages),
              "|")
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("languages", nargs="+", choices=(*LANGUAGES, "all"))
    for name in ("qice", "library", "work"):
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--jar", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cflags", default="", help="more flags for C, such as those of a sanitizer")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--times", type=int, default=1, help="measure so often; the best counts")
    arguments = parser.parse_args()
    languages = LANGUAGES if "all" in arguments.languages else arguments.languages
    arguments.work.mkdir(parents=True, exist_ok=True)
    return (measure if arguments.measure else compare)(arguments, languages)


if __name__ == "__main__":
    sys.exit(main())
