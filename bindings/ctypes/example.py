"""qice from Python with nothing but the library and its header: one firm, its policies, and why.

    LD_LIBRARY_PATH=PREFIX/lib python3 example.py

For interpreters that the package qice was not built for. Numbers and handles go in as they are, texts as
bytes and their length; what comes back is written where a ctypes.byref points to.
"""

import ctypes
import datetime

POLICIES = """{"id": "TECH-GROWTH", "title": "Growth of technology firms", "priority": 0.5, "rule": {"all": [
  {"field": "revenue", "ge": "2000万元"},
  {"field": "qualifications", "has_any": ["高新技术企业"]}]}}"""
FIRM = '{"uscc": "91441900MA4W000061", "revenue": "1900万元", "qualifications": ["高新技术企业"]}'
ALL_STATUSES, NEAR, ENGLISH = 15, 3, 2

qice = ctypes.CDLL("libqice.so.1")
qice.qice_version.restype = ctypes.c_char_p
qice.qice_error_message.restype = None
qice.qice_code_sentence.restype = ctypes.c_char_p


class Handle(ctypes.c_void_p):
    """A handle; a subclass of c_void_p is passed as a pointer, and not turned into a number."""


def call(name, *arguments):
    """Calls a function whose last parameter is an error, and raises what it reports."""
    error = Handle()
    if getattr(qice, name)(*arguments, ctypes.byref(error)) != 0:
        text, length = ctypes.c_void_p(), ctypes.c_size_t()
        qice.qice_error_message(ctypes.byref(text), ctypes.byref(length), error, ctypes.c_size_t(0))
        sentence = ctypes.string_at(text.value, length.value).decode()
        qice.qice_error_destroy(error)
        raise ValueError(sentence)


def call_plainly(name, *arguments):
    """The same for a function that has a code alone."""
    code = getattr(qice, name)(*arguments)
    if code != 0:
        raise ValueError(qice.qice_code_sentence(code).decode())


def make(name, *arguments):
    """What a function makes: its first parameter."""
    made = Handle()
    call(name, ctypes.byref(made), *arguments)
    return made


def utf8(text):
    data = text.encode()
    return data, ctypes.c_size_t(len(data))


def text_of(made):
    text, length = ctypes.c_void_p(), ctypes.c_size_t()
    qice.qice_text_get(ctypes.byref(text), ctypes.byref(length), made)
    said = ctypes.string_at(text.value, length.value).decode()
    qice.qice_text_destroy(made)
    return said


print("qice", qice.qice_version().decode(), "data in", text_of(make("qice_data_directory")))
day = ctypes.c_int32((datetime.date(2026, 6, 15) - datetime.date(1970, 1, 1)).days)
schema = make("qice_schema_open", None, ctypes.c_size_t(0))
engine = make("qice_engine_open", schema, day, None, None, ctypes.c_size_t(0))
call("qice_engine_put", engine, *utf8(POLICIES))
snapshot = make("qice_engine_snapshot", engine)
reading = make("qice_read_options_create", day)
firm = make("qice_firm_create", schema)
call("qice_firm_set_json", firm, reading, *utf8(FIRM))
options = make("qice_match_options_create")
call_plainly("qice_match_options_set_statuses", options, ctypes.c_uint32(ALL_STATUSES))
answer = make("qice_answer_create")
call("qice_answer_firm", answer, snapshot, firm, options)
print(text_of(make("qice_answer_json", answer)))

near, count = (ctypes.c_uint32 * 20)(), ctypes.c_size_t()
call("qice_answer_read", ctypes.byref(count), answer, NEAR, near, None, ctypes.c_size_t(20))
for policy in near[:count.value]:
    print(text_of(make("qice_explain_firm", snapshot, firm, ctypes.c_uint32(policy), ENGLISH)))
try:
    call("qice_engine_put", engine, *utf8(POLICIES.replace("2000万元", "high")))
except ValueError as wrong:
    print("refused:", wrong)

for kind, handle in (("answer", answer), ("match_options", options), ("firm", firm), ("engine", engine),
                     ("read_options", reading), ("snapshot", snapshot), ("schema", schema)):
    getattr(qice, f"qice_{kind}_destroy")(handle)
