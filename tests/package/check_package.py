"""Installs qice into a new prefix and uses it from outside the source tree: through find_package,
through pkg-config, and by running the installed program.

    check_package.py SOURCE_DIR BUILD_DIR WORK_DIR CXX

What BUILD_DIR has built is installed: an installation finds its data beside itself, wherever it
lies. Nothing the tests use may come from the source tree: the program says where its data lies.
"""

import os
import pathlib
import shutil
import subprocess
import sys

source, build, work = (pathlib.Path(folder) for folder in sys.argv[1:4])
compiler = sys.argv[4]
prefix = work / "prefix"

environment = {name: value for name, value in os.environ.items() if name != "QICE_DATA"}


def run(*command, **options):
    command = [str(word) for word in command]
    print("$", *command, flush=True)
    done = subprocess.run(command, env=environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nexit {done.returncode}")
    return done.stdout


def expect(what, got, wanted):
    if wanted not in got:
        sys.exit(f"{what}: expected {wanted!r}, got\n{got}")
    print(f"ok: {what}")


for folder in (prefix, work / "moved", work / "find_package", work / "elsewhere"):
    shutil.rmtree(folder, ignore_errors=True)
(work / "elsewhere").mkdir(parents=True)

run("cmake", "--install", build, "--prefix", prefix)

expected_files = ["bin/qice", "include/qice/qice.hpp", "include/qice/version.hpp",
                  "share/qice/schema.json", "share/qice/standards/regions.csv"]
for name in expected_files:
    if not (prefix / name).is_file():
        sys.exit(f"{name} is not installed")
for header in (prefix / "include/qice").rglob("*.h*"):
    for word in ("absl/", "rapidjson/", "sqlite3", "libpq"):
        if f"#include <{word}" in header.read_text(encoding="utf-8"):
            sys.exit(f"{header} shows {word}")
print("ok: what is installed")

# find_package
run("cmake", "-S", source / "tests/package", "-B", work / "find_package", "-G", "Ninja",
    "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_COMPILER={compiler}",
    f"-DCMAKE_PREFIX_PATH={prefix}")
run("cmake", "--build", work / "find_package")
expect("find_package", run(work / "find_package/consumer", cwd=work / "elsewhere"), "eligible 1")

# pkg-config
pc = next(prefix.rglob("qice.pc"))
environment["PKG_CONFIG_PATH"] = str(pc.parent)
flags = run("pkg-config", "--cflags", "--libs", "--static", "qice").split()
run(compiler, "-std=c++20", "-O1", source / "tests/package/consumer.cpp", "-o",
    work / "elsewhere/consumer", *flags)
expect("pkg-config", run(work / "elsewhere/consumer", cwd=work / "elsewhere"), "eligible 1")

# The program, from elsewhere.
program = prefix / "bin/qice"
elsewhere = work / "elsewhere"
expect("qice version", run(program, "version", cwd=elsewhere), f"data {prefix}/share/qice\n")
run(program, "generate", "--firms", "100", "--seed", "1", "--out", "city", cwd=elsewhere)
summary = run(program, "match", "--policies", source / "data/policies", "--firms",
              "city/firms.csv", "--as-of", "2026-06-15", "--out", "pushes.csv", cwd=elsewhere)
expect("qice match", summary, "100 firms x ")

# Moved as a whole, it works from where it is: what C, Python, Java and Go use comes from there.
prefix = prefix.rename(work / "moved")
shared = next(prefix.rglob("libqice.so.1")).parent
examples = next(prefix.rglob("bindings"))
environment["PKG_CONFIG_PATH"] = str(shared / "pkgconfig")
wanted = "push TECH-GROWTH to 91441900MA4W000037, score 0.500000\nnear: "

# Java, with the jar alone: it finds JNA, the library, and the library its data.
jar = prefix / "share/java/qice.jar"
if shutil.which("javac") and jar.exists():
    run("javac", "-Xlint:all", "-Werror", "-cp", jar, "-d", elsewhere,
        examples / "java/example/Portal.java")
    said = run("java", "-cp", f"{jar}:{elsewhere}", "Portal", cwd=elsewhere)
    expect("Java", said, wanted + "TECH-GROWTH\n")
    expect("Java's errors", said, "INVALID_INPUT policies:2:30: policy")
else:
    print("SKIPPED: Java: there is no javac, or no JNA (Debian: default-jdk-headless libjna-java)")

# C, by pkg-config and by find_package, with the header alone.
environment["LD_LIBRARY_PATH"] = str(shared)
flags = run("pkg-config", "--cflags", "--libs", "qice-c").split()
run("cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", examples / "c/example.c", "-o",
    elsewhere / "example", *flags)
expect("C by pkg-config", run(elsewhere / "example", cwd=elsewhere), wanted + "1\n")
(work / "c").mkdir(exist_ok=True)
shutil.copy(examples / "c/example.c", work / "c")
(work / "c/CMakeLists.txt").write_text("""cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C)
find_package(qice-c REQUIRED)
add_executable(example example.c)
target_link_libraries(example PRIVATE qice::c)
""")
run("cmake", "-S", work / "c", "-B", work / "c/build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
run("cmake", "--build", work / "c/build")
expect("C by find_package", run(work / "c/build/example", cwd=work / "elsewhere"), wanted + "1\n")

said = run(sys.executable, examples / "ctypes/example.py", cwd=elsewhere)
expect("ctypes", said, f" data in {prefix}/share/qice\n")
expect("ctypes' answer", said, '"near":1},"pushes":[{"status":"near","rank":1,"id":"TECH-GROWTH"')
if shutil.which("go"):
    environment.update(GOPROXY="off", GO111MODULE="on", GOFLAGS="-mod=mod",
                       GOCACHE=os.environ.get("GOCACHE", str(work / "go-cache")))
    expect("Go", run("go", "run", "./example", cwd=examples / "go"), wanted + "TECH-GROWTH\n")
else:
    print("SKIPPED: Go: there is no go (Debian: golang-go)")
print("the package works")
