"""The golden run (golden.c) from Python by ctypes, with nothing but the header: prints the same bytes.

    golden.py LIBQICE.SO.1 QICE.H FOLDER SECONDS|measure

The prototypes are read from the header. A driver for tests; the Python package is bindings/python.
"""

import ctypes
import datetime
import pathlib
import re
import sys
import threading
import time

THREADS, ASKED, CAPACITY, MOST = 8, 40, 1000, 20
DRAFT = ('{"id": "DRAFT", "title": "研发补助", "priority": 0.5, "rule": {"all": [{"field": "revenue", '
         '"ge": "2000万元"}, {"field": "employees", "ge": 10}]}}')
EPOCH = datetime.date(1970, 1, 1)
TYPES = {"int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64,
         "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t, "void": None}


def load_library(library, header):
    """The library with a prototype for each function of the header."""
    qice = ctypes.CDLL(library)
    text = pathlib.Path(header).read_text(encoding="utf-8")
    for result, name, arguments in re.findall(r"^QICE_API (.*?)(\w+)\(([^)]*)\);", text, re.M | re.S):
        function = getattr(qice, name)
        function.restype = ctypes.c_char_p if "char*" in result else TYPES[result.strip()]
        function.argtypes = [] if arguments == "void" else [
            ctypes.c_void_p if "*" in argument else TYPES[argument.split()[0]]
            for argument in arguments.split(",")]
    return qice


class Error(Exception):
    """What a call refused: the code, and (file, line, column, sentence) of each fault."""

    def __init__(self, code, faults):
        super().__init__(f"{code}: {faults}")
        self.code, self.faults = code, faults


class Api:
    """The functions: handles are numbers, texts are str, what comes back is returned."""

    def __init__(self, library):
        self.lib = library

    def call(self, name, *arguments, error=True):
        wrong = ctypes.c_void_p()
        more = (ctypes.byref(wrong),) if error else ()
        code = getattr(self.lib, "qice_" + name)(*arguments, *more)
        if code != 0:
            raise Error(code, self.faults(wrong.value))

    def faults(self, error):
        faults = []
        for index in range(self.lib.qice_error_count(error)):
            message, file = Text(), Text()
            line, column = ctypes.c_uint32(), ctypes.c_uint32()
            self.lib.qice_error_message(*message.out, error, index)
            self.lib.qice_error_place(*file.out, ctypes.byref(line), ctypes.byref(column), error, index)
            faults.append((str(file), line.value, column.value, str(message)))
        self.lib.qice_error_destroy(error)
        return faults

    def out(self, kind, name, *arguments, error=True):
        """One value that the function writes first."""
        value = kind()
        self.call(name, ctypes.byref(value), *arguments, error=error)
        return value.value

    def handle(self, name, *arguments):
        return self.out(ctypes.c_void_p, name, *arguments)

    def text(self, name, *arguments):
        """A text that the function makes."""
        made, text = self.handle(name, *arguments), Text()
        self.lib.qice_text_get(*text.out, made)
        said = str(text)
        self.lib.qice_text_destroy(made)
        return said

    def lent(self, name, *arguments):
        """A text that belongs to a handle."""
        text = Text()
        self.call(name, *text.out, *arguments)
        return str(text)


class Text:
    """Where a function writes a text: its address and its length."""

    def __init__(self):
        self.at, self.length = ctypes.c_void_p(), ctypes.c_size_t()
        self.out = ctypes.byref(self.at), ctypes.byref(self.length)

    def __str__(self):
        return ctypes.string_at(self.at.value, self.length.value).decode() if self.length.value else ""


def utf8(text):
    data = text if isinstance(text, bytes) else text.encode()
    return data, len(data)


U32, U64, I32, I64, SIZE = (TYPES[name] for name in ("uint32_t", "uint64_t", "int32_t", "int64_t",
                                                     "size_t"))


def check(holds):
    if not holds:
        raise AssertionError("not true")


class Golden:
    def __init__(self, api, folder):
        self.api, self.folder = api, folder
        self.day = api.out(I32, "day_parse", *utf8("2026-06-15"))
        self.schema = api.handle("schema_open", None, 0)
        self.engine = api.handle("engine_open", self.schema, self.day, None,
                                 *utf8(f"{folder}/policies.jsonl"))
        self.snapshot = api.handle("engine_snapshot", self.engine)
        self.reading = api.handle("read_options_create", self.day)
        self.firms = api.handle("firms_open", self.schema, self.reading, *utf8(f"{folder}/firms.csv"))
        self.options = api.handle("match_options_create")
        api.call("match_options_set_top", self.options, 5, error=False)
        api.call("match_options_set_statuses", self.options, 15, error=False)
        api.call("match_options_set_threads", self.options, 2, error=False)
        self.answer = api.handle("answer_create")
        self.firm = api.handle("firm_create", self.schema)
        lines = pathlib.Path(folder, "firms.jsonl").read_text(encoding="utf-8")
        self.lines = [line.encode() for line in lines.splitlines()]
        check(len(self.lines) >= ASKED)
        self.fields = {name: api.out(U32, "schema_find", self.schema, *utf8(name)) for name in (
            "region", "industry", "revenue", "employees", "rd_expense", "patents", "established",
            "legal_entity", "qualifications", "follows")}

    def close(self):
        for kind in ("firm", "answer", "match_options", "firms", "read_options", "snapshot", "engine",
                     "schema"):
            handle = {"match_options": "options", "read_options": "reading"}.get(kind, kind)
            self.api.call(kind + "_destroy", getattr(self, handle), error=False)

    # -------------------------------------------------------------------------------- load

    def load(self):
        api = self.api
        print(f"qice {api.lib.qice_version().decode()} interface {api.lib.qice_abi_version()}")
        for number in range(api.out(U32, "schema_fields", self.schema, error=False)):
            name = api.lent("schema_field_name", self.schema, number)
            kind, decimals, derived = I32(), I32(), I32()
            api.call("schema_field_kind", ctypes.byref(kind), ctypes.byref(decimals),
                     ctypes.byref(derived), self.schema, number)
            print(f"field {number} {name} kind {kind.value} decimals {decimals.value} "
                  f"derived {derived.value}")
        size = api.out(U32, "snapshot_policies", self.snapshot, error=False)
        day = api.out(I32, "snapshot_day", self.snapshot, error=False)
        print(f"policies {size} as of {EPOCH + datetime.timedelta(day)}")
        for number in range(size):
            version, life = I64(), I32()
            api.call("snapshot_policy_state", ctypes.byref(version), ctypes.byref(life), self.snapshot,
                     number)
            print(f"policy {number} {self.policy_id(number)} "
                  f"{api.lent('snapshot_policy_title', self.snapshot, number)} "
                  f"version {version.value} life {life.value}")
        entries, aside = U64(), U64()
        api.call("firms_bad_count", ctypes.byref(entries), ctypes.byref(aside), self.firms, error=False)
        print(f"firms {api.out(U64, 'firms_count', self.firms, error=False)} set aside {aside.value}")
        for entry in range(entries.value):
            line, texts = U64(), [Text() for _ in range(4)]
            api.call("firms_bad", ctypes.byref(line), *(out for text in texts for out in text.out),
                     self.firms, entry)
            print(f"bad {line.value}|" + "|".join(map(str, texts)))

    def policy_id(self, number):
        return self.api.lent("snapshot_policy_id", self.snapshot, number)

    # ------------------------------------------------------------------------------- batch

    def batch(self, firms, by_policy=0):
        api = self.api
        api.call("match_options_set_by_policy", self.options, by_policy, error=False)
        result = api.handle("match", self.snapshot, firms, self.options, None)
        api.call("match_options_set_by_policy", self.options, 0, error=False)
        policies, pushes = U64(), U64()
        api.call("result_size", ctypes.byref(policies), ctypes.byref(pushes), result, error=False)
        print(f"match policies {policies.value} pushes {pushes.value}")
        for status in range(4):
            print(f"total {status} {api.out(U64, 'result_total', result, status)}")
        for policy in range(20):
            print(f"count {policy}",
                  *(api.out(U64, "result_count", result, policy, status) for status in range(4)))
        columns = Columns(CAPACITY)
        first = 0
        while True:
            written = columns.read(api, result, first)
            for firm, status, rank, policy, score in columns.rows(written):
                print(f"push {api.lent('firms_id', firms, firm)} {status} {rank} "
                      f"{self.policy_id(policy)} {score}")
            first += written
            if written < CAPACITY:
                break
        check(first == pushes.value)
        api.call("result_destroy", result, error=False)

    # ---------------------------------------------------------------- one firm, one policy

    def print_answer(self):
        api, answer = self.api, self.answer
        counts = [api.out(U64, "answer_count", answer, status) for status in range(4)]
        print("answer", *counts, "away", api.out(U64, "answer_one_fact_away", answer, error=False),
              "life", api.out(I32, "answer_life_cycle", answer, error=False))
        others, scores = (U32 * 5)(), (I64 * 5)()
        for status in range(4):
            for rank in range(api.out(SIZE, "answer_read", answer, status, others, scores, 5)):
                text, score = Text(), I64()
                api.call("answer_at", *text.out, ctypes.byref(score), answer, status, rank)
                check(score.value == scores[rank])
                print(f"  {status} {others[rank]} {text} {score.value}")

    def set_json(self, line):
        self.api.call("firm_set_json", self.firm, self.reading, line, len(line))

    def singly(self):
        api = self.api
        rows = api.handle("rows_create", self.schema, self.reading)
        for number, line in enumerate(self.lines):
            self.set_json(line)
            for entry in range(api.out(SIZE, "firm_bad_count", self.firm, error=False)):
                texts = [Text() for _ in range(3)]
                api.call("firm_bad", *(out for text in texts for out in text.out), self.firm, entry)
                print("bad " + "|".join(map(str, texts)))
            api.call("answer_firm", self.answer, self.snapshot, self.firm, self.options)
            self.print_answer()
            if number < 20:
                api.call("rows_add", rows, self.firm)
        self.fill_typed()
        api.call("rows_add", rows, self.firm)
        api.call("answer_firm", self.answer, self.snapshot, self.firm, self.options)
        print(api.text("answer_json", self.answer))
        table = api.handle("rows_finish", rows)
        api.call("rows_destroy", rows, error=False)
        self.batch(table)
        api.call("firms_destroy", table, error=False)
        for policy in range(20):
            api.call("answer_policy", self.answer, self.snapshot, self.firms, policy, self.options)
            self.print_answer()
        api.call("answer_draft", self.answer, self.snapshot, self.firms, *utf8(DRAFT), self.options)
        self.print_answer()

    def fill_typed(self):
        call, firm, field = self.api.call, self.firm, self.fields
        call("firm_clear", firm, error=False)
        call("firm_set_id", firm, b"91441900MA4W000061", 18)
        call("firm_set_text", firm, field["region"], b"441900003", 9)
        call("firm_set_text", firm, field["industry"], b"C3911", 5)
        call("firm_set_number", firm, field["revenue"], 2_500_000_050, 2)
        call("firm_set_number", firm, field["employees"], 120, 0)
        call("firm_set_number", firm, field["rd_expense"], 1_200_000, 0)
        call("firm_set_number", firm, field["patents"], 7, 0)
        call("firm_set_date", firm, field["established"], (datetime.date(2015, 3, 1) - EPOCH).days)
        call("firm_set_flag", firm, field["legal_entity"], 1)
        call("firm_add_element", firm, field["qualifications"], *utf8("高新技术企业"),
             (datetime.date(2027, 12, 31) - EPOCH).days)
        call("firm_add_tag", firm, field["follows"], *utf8("智能制造"), 800)

    def explain(self):
        for form in range(3):
            print(self.api.text("explain_row", self.snapshot, self.firms, 0, 0, form))
            print(self.api.text("explain_firm", self.snapshot, self.firm, 1, form))
            print(self.api.text("explain_draft", self.snapshot, self.firm, *utf8(DRAFT), form))
        print(self.api.text("lint", self.snapshot))

    # ------------------------------------------------------------------------------ errors

    def refused(self, name, *arguments, out=True):
        try:
            (self.api.handle if out else self.api.call)(name, *arguments)
        except Error as error:
            print(f"error {error.code} faults {len(error.faults)}")
            for file, line, column, sentence in error.faults:
                print(f"  {file}:{line}:{column} {sentence}")
            return
        raise AssertionError(f"{name} was not refused")

    def errors(self):
        refused, api, firm, revenue = self.refused, self.api, self.firm, self.fields["revenue"]
        bad = ('[{"id":"A","title":"t","rule":{"field":"revenue",\n"ge":"high"}},'
               '{"id":"B","rule":3}]')
        refused("day_parse", *utf8("2026-13-01"))
        refused("schema_open", *utf8("/no/such"))
        refused("schema_parse", *utf8('{"fields": 3}'), *utf8("mine.json"))
        refused("schema_find", self.schema, *utf8("revenu"))
        refused("engine_put", self.engine, *utf8(bad), out=False)
        refused("engine_put", self.engine, b"\xff\xfe", 2, out=False)
        refused("snapshot_find", self.snapshot, *utf8("nobody"))
        refused("firm_set_json", firm, self.reading, *utf8("[1"), out=False)
        refused("firm_set_json", firm, self.reading, *utf8('{"revenu":1}'), out=False)
        refused("firm_set_text", firm, revenue, *utf8("许多"), out=False)
        refused("firm_set_number", firm, revenue, 1, 9, out=False)
        refused("firm_set_flag", firm, revenue, 1, out=False)
        refused("explain_firm", self.snapshot, firm, 99999, 0)
        refused("answer_draft", self.answer, self.snapshot, self.firms, *utf8('{"id":1}'), None,
                out=False)
        late = api.handle("read_options_create", 20000)
        other = api.handle("firms_read_csv", self.schema, late, *utf8("uscc\nA\n"))
        refused("match", self.snapshot, other, None, None)
        api.call("firms_destroy", other, error=False)
        refused("firms_read_jsonl", self.schema, late, *utf8('{"uscc":"A","no":1}\n'))
        api.call("read_options_destroy", late, error=False)
        control = api.handle("control_create")
        api.call("control_cancel", control, error=False)
        refused("match", self.snapshot, self.firms, None, control)
        api.call("control_destroy", control, error=False)
        check(api.lib.qice_control_cancel(control) == 7)
        print("what is closed is refused")

    # ----------------------------------------------------------------------------- changes

    def size(self):
        now = self.api.handle("engine_snapshot", self.engine)
        size = self.api.out(U32, "snapshot_policies", now, error=False)
        self.api.call("snapshot_destroy", now, error=False)
        return size

    def changes(self):
        api = self.api
        others = pathlib.Path(self.folder, "others.jsonl").read_bytes()
        api.call("engine_put", self.engine, *utf8(DRAFT))
        print("after put", self.size())
        for _ in range(2):
            print("removed", api.out(I32, "engine_remove", self.engine, *utf8("DRAFT")))
        print("after remove", self.size())
        api.call("engine_replace", self.engine, *utf8(others))
        print("after replace", self.size())
        api.call("engine_reload", self.engine, *utf8(f"{self.folder}/policies.jsonl"))
        print("after reload", self.size())
        print("before", api.out(U32, "snapshot_policies", self.snapshot, error=False))

    # ----------------------------------------------------------------------------- threads

    def asked(self, answer, firm, snapshot, line):
        self.api.call("firm_set_json", firm, self.reading, line, len(line))
        self.api.call("answer_firm", answer, snapshot, firm, None)
        return self.api.text("answer_json", answer)

    def explained(self, snapshot):
        return self.api.text("explain_row", snapshot, self.firms, 0, 0, 0)

    def matched(self, snapshot):
        result, pushes = self.api.handle("match", snapshot, self.firms, None, None), U64()
        self.api.call("result_size", None, ctypes.byref(pushes), result, error=False)
        self.api.call("result_destroy", result, error=False)
        return pushes.value

    def learn(self, file):
        """What is true with a set of policies: size -> (policies, answers, explanation, pushes)."""
        policies = pathlib.Path(self.folder, file).read_bytes()
        self.api.call("engine_replace", self.engine, *utf8(policies))
        now = self.api.handle("engine_snapshot", self.engine)
        answers = [self.asked(self.answer, self.firm, now, line) for line in self.lines[:ASKED]]
        said = policies, answers, self.explained(now), self.matched(now)
        self.api.call("snapshot_destroy", now, error=False)
        return self.size(), said

    def ask_on_and_on(self, moments, stop, seen):
        api = self.api
        answer, firm = api.handle("answer_create"), api.handle("firm_create", self.schema)
        number = 0
        while not stop.is_set():
            now = api.handle("engine_snapshot", self.engine)
            size = api.out(U32, "snapshot_policies", now, error=False)
            _, answers, explanation, pushes = moments[size]
            check(self.asked(answer, firm, now, self.lines[number % ASKED]) == answers[number % ASKED])
            if number % 16 == 0:
                check(self.explained(now) == explanation)
                check(self.matched(now) == pushes)
            api.call("snapshot_destroy", now, error=False)
            seen.append(size)
            number += 1
        api.call("firm_destroy", firm, error=False)
        api.call("answer_destroy", answer, error=False)

    def threads(self, seconds):
        moments = dict([self.learn("policies.jsonl"), self.learn("others.jsonl")])
        check(len(moments) == 2)
        stop, seen, faults = threading.Event(), Counter(), []
        threading.excepthook = faults.append
        print("threads begin", file=sys.stderr, flush=True)
        asking = [threading.Thread(target=self.ask_on_and_on, args=(moments, stop, seen))
                  for _ in range(THREADS)]
        for thread in asking:
            thread.start()
        begin, made = time.monotonic(), 0
        while made < 8 or time.monotonic() - begin < seconds or not (faults or len(seen.of) == 2):
            policies = list(moments.values())[made % 2][0]
            self.api.call("engine_replace", self.engine, policies, len(policies))
            time.sleep(0.05)
            made += 1
        stop.set()
        for thread in asking:
            thread.join()
        print(f"threads end: {sum(seen.of.values())} questions, {made} changes", file=sys.stderr)
        check(not faults)
        print(f"{THREADS} threads: every answer was that of its moment")


class Counter:
    """How often each was seen, from any thread."""

    def __init__(self):
        self.of, self.lock = {}, threading.Lock()

    def append(self, what):
        with self.lock:
            self.of[what] = self.of.get(what, 0) + 1


class Columns:
    """Room for pushes as columns."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.columns = [(kind * capacity)() for kind in (U64, I32, U32, U32, I64)]

    def read(self, api, result, first):
        return api.out(SIZE, "result_read", result, first, self.capacity, *self.columns)

    def rows(self, count):
        return zip(*(column[:count] for column in self.columns))


def main():
    library, header, folder, what = sys.argv[1:]
    golden = Golden(Api(load_library(library, header)), folder)
    if what == "measure":
        import measure
        measure.measure(golden, Columns(65536))
    else:
        golden.load()
        golden.batch(golden.firms)
        golden.batch(golden.firms, 1)
        golden.singly()
        golden.explain()
        golden.errors()
        golden.changes()
        golden.threads(float(what))
    golden.close()


if __name__ == "__main__":
    main()
