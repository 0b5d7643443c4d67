"""What calls cost from Python by ctypes: what measure.c measures, under the same names."""

import ctypes
import time

FIRMS, MOST = 100, 20


def report(name, work, times, scale, unit):
    end, best = time.perf_counter() + 2, float("inf")
    while time.perf_counter() < end:
        begin = time.thread_time()
        work(times)
        best = min(best, (time.thread_time() - begin) / times)
    print(f"{name} {best * scale:.3f} {unit}", flush=True)


def measure(golden, columns):
    api, snapshot, answer = golden.api, golden.snapshot, golden.answer
    firms = []
    for line in golden.lines[:FIRMS]:
        firm = api.handle("firm_create", golden.schema)
        api.call("firm_set_json", firm, golden.reading, line, len(line))
        firms.append(firm)
    others, scores = (ctypes.c_uint32 * MOST)(), (ctypes.c_int64 * MOST)()
    policies = ctypes.c_uint32()

    def ask(firm):
        api.call("answer_firm", answer, snapshot, firm, None)
        api.out(ctypes.c_size_t, "answer_read", answer, 0, others, scores, MOST)
        api.out(ctypes.c_size_t, "answer_read", answer, 1, others, scores, MOST)

    def call(times):
        function, out = api.lib.qice_snapshot_policies, ctypes.byref(policies)
        for _ in range(times):
            function(out, snapshot)

    def one_firm(times):
        for number in range(times):
            ask(firms[number])

    def one_firm_filled(times):
        for _ in range(times):
            golden.fill_typed()
            ask(golden.firm)

    def one_firm_json(times):
        for number in range(times):
            golden.set_json(golden.lines[number])
            api.call("answer_firm", answer, snapshot, golden.firm, None)
            api.text("answer_json", answer)

    def explain(times):
        for number in range(times):
            api.text("explain_firm", snapshot, firms[number], number, 0)

    def match(times):
        for _ in range(times):
            result = api.handle("match", snapshot, golden.firms, golden.options, None)
            api.call("result_destroy", result, error=False)

    report("call", call, 10000, 1e9, "ns")
    report("one_firm", one_firm, FIRMS, 1e6, "us")
    report("one_firm_filled", one_firm_filled, FIRMS, 1e6, "us")
    report("one_firm_json", one_firm_json, FIRMS, 1e6, "us")
    report("explain", explain, FIRMS, 1e6, "us")
    api.call("match_options_set_top", golden.options, 20, error=False)
    api.call("match_options_set_threads", golden.options, 1, error=False)
    report("match", match, 1, 1e3, "ms")
    result = api.handle("match", snapshot, golden.firms, golden.options, None)
    pushes = ctypes.c_uint64()
    api.call("result_size", None, ctypes.byref(pushes), result, error=False)

    def million_pushes(times):
        first = 0
        while first < times:
            written = columns.read(api, result, first)
            for column in columns.columns:
                sum(column[:written])
            first += written

    report("million_pushes", million_pushes, pushes.value, 1e9, "ms")
    api.call("result_destroy", result, error=False)
    for firm in firms:
        api.call("firm_destroy", firm, error=False)
