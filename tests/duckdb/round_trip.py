"""A foreign producer and consumer of Arrow: DuckDB, and Parquet on both sides of qice.

    round_trip.py --qice PROGRAM --package FOLDER --library LIBQICE --work FOLDER [--firms N]

Firms go from CSV through DuckDB into Parquet and from there, as an Arrow stream, into qice; what
comes of it goes as an Arrow stream into DuckDB, into Parquet, and back into the lines of a CSV. The
program's answer over the CSV is what has to come out, byte for byte: by the Python package and by
the C interface, with every column as text and with columns of DuckDB's own types (decimals, dates,
flags, enums, lists, structures).

libduckdb.so is what QICE_LIBDUCKDB names, or comes from npm into the work folder. Where neither is
to be had the test exits with 77, which says that nobody has tested this.
"""

import argparse
import csv
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings/python/examples"))
DAY, STATUSES, TOP = "2026-06-15", "eligible,review,needs_data,near", "7"
PACKAGE = "@duckdb/node-bindings-linux-x64@1.5.6-r.1"


def skip(why):
    print(f"SKIPPED, nothing was tested: {why}")
    sys.exit(77)


def library(work):
    """The path of libduckdb.so."""
    if os.environ.get("QICE_LIBDUCKDB"):
        return os.environ["QICE_LIBDUCKDB"]
    path = work / "node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so"
    if not path.exists():
        if not shutil.which("npm"):
            skip("there is no npm to get libduckdb with; QICE_LIBDUCKDB may name it")
        (work / "package.json").write_text("{}", encoding="utf-8")
        got = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                              "--fetch-retries=1", "--prefix", work, PACKAGE], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False, timeout=300)
        if not path.exists():
            skip(f"npm did not get {PACKAGE}:\n{got.stdout}")
    return str(path)


def check(what, got, wanted):
    if got != wanted:
        for number, (left, right) in enumerate(zip(got.split(b"\n"), wanted.split(b"\n")), 1):
            if left != right:
                sys.exit(f"{what}, line {number}\n  got    {left.decode()}\n  wanted {right.decode()}")
        sys.exit(f"{what}: {len(got)} bytes, not {len(wanted)}")
    if wanted.count(b"\n") < 100:
        sys.exit(f"{what}: too short to say anything")
    print(f"ok: {what}")


def spoil(clean, spoiled):
    """The firms with bad cells and bad rows among them."""
    with open(clean, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for place, row in enumerate(rows):
        if place % 7 == 3:
            row["revenue"] = "lots, they say"
        if place % 11 == 5:
            row["established"] = "2024-02-30"
        if place % 13 == 6:
            row["revenue"] = "2,500.5万元"
        if place % 17 == 8:
            row["qualifications"] = "|"
        if place % 19 == 9:
            row["name"] = 'a "quoted", name\nof two lines'
    rows[40]["uscc"] = rows[39]["uscc"]
    rows[50]["uscc"] = ""
    with open(spoiled, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def typed(fields, columns):
    """The text columns of a table as columns of DuckDB's own types."""
    of = {field["name"]: field for field in fields}
    out = []
    for name in columns:
        field = of.get(name, {"kind": "text"})
        column, kind = f'"{name}"', field["kind"]
        part = f"list_filter(string_split({column}, '|'), lambda e: e <> '')"
        value = {
            "number": f"cast({column} as decimal(18, {field.get('decimals', 0)}))",
            "date": f"cast({column} as date)",
            "flag": f"cast({column} as boolean)",
            "set": part if not field.get("expires") else
                   f"list_transform({part}, lambda e: {{'name': split_part(e, '@', 1), 'until': "
                   "try_cast(split_part(e, '@', 2) as date)})",
            "tags": f"list_transform({part}, lambda e: {{'name': split_part(e, ':', 1), 'weight': "
                    "cast(nullif(split_part(e, ':', 2), '') as decimal(4, 3))})",
        }.get(kind, column)
        if name == "entity_type":
            value = f"cast({column} as entity_type)"
        if name == "employees":
            value = f"cast({column} as integer)"
        out.append(f"{value} as {column}")
    return ", ".join(out)


class Border:
    """The C interface, as far as it is needed here."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.c.qice_error_message.restype = None

    def make(self, name, *arguments):
        made = ctypes.c_void_p()
        self.call(name, ctypes.byref(made), *arguments)
        return made

    def call(self, name, *arguments):
        error = ctypes.c_void_p()
        code = getattr(self.c, name)(*arguments, ctypes.byref(error))
        if code == 0:
            return
        text, length = ctypes.c_char_p(), ctypes.c_size_t()
        self.c.qice_error_message(ctypes.byref(text), ctypes.byref(length), error, ctypes.c_size_t(0))
        message = text.value[:length.value].decode()
        self.c.qice_error_destroy(error)
        raise ValueError(f"{code}: {message}")

    def destroy(self, **handles):
        for name, handle in handles.items():
            if getattr(self.c, f"qice_{name}_destroy")(handle) != 0:
                sys.exit(f"qice_{name}_destroy refused its handle")


class Exported:
    """A stream that C gave out."""

    def __init__(self, duck, stream):
        self._duck, self._stream = duck, stream

    def __arrow_c_stream__(self, requested_schema=None):
        return self._duck._new_capsule(ctypes.addressof(self._stream), self._duck._NAME, None)


def by_c(duck, border, city, rows):
    """The answer over `rows` as Arrow, with everything it was made of already destroyed."""
    day = ctypes.c_int32()
    border.call("qice_day_parse", ctypes.byref(day), DAY.encode(), ctypes.c_size_t(len(DAY)))
    path, policies = str(city / "schema.json").encode(), str(city / "policies.jsonl").encode()
    schema = border.make("qice_schema_open", path, ctypes.c_size_t(len(path)))
    engine = border.make("qice_engine_open", schema, day, None, policies,
                         ctypes.c_size_t(len(policies)))
    snapshot = border.make("qice_engine_snapshot", engine)
    reading = border.make("qice_read_options_create", day)
    border.c.qice_read_options_set_threads(reading, ctypes.c_uint32(2))
    capsule = rows.__arrow_c_stream__()
    stream = ctypes.c_void_p(duck._pointer_of(capsule, duck._NAME))
    firms = border.make("qice_firms_read_arrow", schema, reading, stream)
    try:
        border.make("qice_firms_read_arrow", schema, reading, stream)
        sys.exit("a stream that was consumed is read again")
    except ValueError as error:
        assert "released" in str(error), error
    options = border.make("qice_match_options_create")
    border.c.qice_match_options_set_top(options, ctypes.c_uint32(int(TOP)))
    border.c.qice_match_options_set_statuses(options, ctypes.c_uint32(15))
    result = border.make("qice_match", snapshot, firms, options, None)
    pushes = duck.ArrowArrayStream()
    border.call("qice_result_export_arrow", ctypes.byref(pushes), result)
    border.destroy(result=result, match_options=options, firms=firms, read_options=reading,
                   snapshot=snapshot, engine=engine, schema=schema)
    return Exported(duck, pushes)


def shown(city, duckdb):
    """The example of docs/arrow.md, run in the folder of the city."""
    text = (ROOT / "docs/arrow.md").read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    assert '"libduckdb.so"' in example
    before = os.getcwd()
    os.chdir(city)
    exec(compile(example.replace("libduckdb.so", duckdb), "docs/arrow.md", "exec"), {})
    os.chdir(before)


def lines_of(database, parquet, out):
    """A Parquet file of pushes as CSV."""
    database.run(f"copy (from '{parquet}') to '{out}' (header)")
    return out.read_bytes()


def main():
    parser = argparse.ArgumentParser()
    for name in ("qice", "package", "library", "work"):
        parser.add_argument(f"--{name}", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--firms", default="4000")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    duckdb = library(args.work)
    sys.path.insert(0, str(args.package))
    import duck
    import qice

    city = args.work / "city"
    shutil.rmtree(city, ignore_errors=True)

    def program(*words):
        done = subprocess.run([args.qice, *map(str, words)], capture_output=True, check=False)
        if done.returncode not in (0, 3):
            sys.exit(done.stderr.decode())

    program("generate", "--firms", args.firms, "--policies", 200, "--seed", 9, "--as-of", DAY,
            "--out", city, "--quiet")
    spoil(city / "firms.csv", city / "spoiled.csv")
    wanted = {}
    for name in ("firms", "spoiled"):
        program("match", "--policies", city / "policies.jsonl", "--schema", city / "schema.json",
                "--as-of", DAY, "--firms", city / f"{name}.csv", "--out", city / "out.csv", "--status",
                STATUSES, "--top", TOP, "--quiet", "--quarantine", city / f"{name}.bad.csv")
        wanted[name] = (city / "out.csv").read_bytes()
    fields = json.loads((city / "schema.json").read_text(encoding="utf-8"))["fields"]
    with open(city / "firms.csv", encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))

    engine = qice.Engine(city / "policies.jsonl", city / "schema.json", DAY)
    border = Border(str(args.library))
    with duck.Duck(duckdb) as database:
        for name in ("firms", "spoiled"):
            database.run(f"copy (from read_csv('{city}/{name}.csv', all_varchar = true, "
                         f"parallel = false)) to '{city}/{name}.parquet'")
        database.run(f"create type entity_type as enum (select distinct entity_type from "
                     f"'{city}/firms.parquet' where entity_type is not null)")
        database.run(f"copy (select {typed(fields, columns)} from '{city}/firms.parquet') "
                     f"to '{city}/typed.parquet'")
        with_enum = f"select * replace (cast(entity_type as entity_type) as entity_type) from " \
                    f"'{city}/typed.parquet'"
        for what, sql, name in (("text", f"from '{city}/spoiled.parquet'", "spoiled"),
                                ("DuckDB's types", with_enum, "firms")):
            result = engine.match(database.query(sql), top=int(TOP), status=STATUSES)
            result.write(city / "python.csv")
            check(f"firms from Parquet, {what}, by Python",
                  (city / "python.csv").read_bytes(), wanted[name])
            if name == "spoiled":
                with open(city / "spoiled.bad.csv", encoding="utf-8-sig", newline="") as file:
                    bad = [tuple(row)[1:4] for row in csv.reader(file)][1:]
                if [tuple(entry)[1:4] for entry in result.quarantine] != bad or len(bad) < 500:
                    sys.exit("the quarantine is not that of the CSV")
                print(f"ok: the quarantine of {len(bad)} entries is that of the CSV")
            database.table("pushes", result)
            database.run(f"copy pushes to '{city}/pushes.parquet'")
            check(f"pushes to Parquet and back, {what}, by Python",
                  lines_of(database, city / "pushes.parquet", city / "back.csv"), wanted[name])
            database.table("pushes", by_c(duck, border, city, database.query(sql)))
            database.run(f"copy pushes to '{city}/pushes.parquet'")
            check(f"all of it, {what}, by the C interface",
                  lines_of(database, city / "pushes.parquet", city / "back.csv"), wanted[name])
        for sql, sentence in (("select 'A' as uscc, 'x'::blob as revenue", "binary"),
                              ("select 'A' as uscc, 1 as revenu", "revenu"),
                              ("select 1 as revenue", "uscc"),
                              ("select 'A' as uscc, now() as established", "time zone")):
            for read in (engine.match, lambda rows: by_c(duck, border, city, rows)):
                try:
                    read(database.query(sql))
                    sys.exit(f"{sql}: was taken")
                except (qice.InvalidInput, ValueError) as error:
                    if sentence not in str(error):
                        sys.exit(f"{sql}: {error}")
        print("ok: what does not fit is refused by name")
        program("match", "--policies", city / "policies.jsonl", "--schema", city / "schema.json",
                "--as-of", DAY, "--firms", city / "firms.csv", "--out", city / "out.csv", "--quiet")
        shown(city, duckdb)
        check("the example of docs/arrow.md",
              lines_of(database, city / "pushes.parquet", city / "back.csv"),
              (city / "out.csv").read_bytes())
    if duck._alive:
        sys.exit(f"{len(duck._alive)} streams were not released")
    print("ok: every stream was released")


main()
