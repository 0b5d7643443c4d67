"""Slips through ctypes: every function of the header given nothing, and handles that are gone.

    misuse.py LIBQICE.SO.1 QICE.H

Each must be refused with its code and, where it has an `error`, with a sentence; nothing may crash.
"""

import ctypes
import pathlib
import re
import sys

from golden import load_library

OK, BAD_HANDLE, BAD_ARGUMENT = 0, 7, 8


def functions(header):
    """Name and parameters of each function that returns a code of its own."""
    text = pathlib.Path(header).read_text(encoding="utf-8")
    for name, arguments in re.findall(r"^QICE_API int32_t (qice_\w+)\(([^)]*)\);", text, re.M | re.S):
        if name != "qice_error_code":
            yield name, [" ".join(argument.split()) for argument in arguments.split(",")]


def is_handle(argument):
    return re.fullmatch(r"(const )?qice_\w+\* \w+", argument) is not None


def sentence(qice, error):
    text, length = ctypes.c_void_p(), ctypes.c_size_t()
    qice.qice_error_message(ctypes.byref(text), ctypes.byref(length), error, 0)
    return ctypes.string_at(text.value, length.value).decode() if length.value else ""


def called(qice, name, arguments, given):
    """The code, and the sentence, or None where there is no `error`; `given` makes the other values."""
    error = ctypes.c_void_p()
    values = [ctypes.byref(error) if argument == "qice_error** error" else given(argument)
              for argument in arguments]
    code = getattr(qice, name)(*values)
    if "qice_error** error" not in arguments:
        return code, None
    said = sentence(qice, error)
    assert qice.qice_error_code(error) == (code if code != OK else BAD_HANDLE), name
    assert qice.qice_error_destroy(error) == OK
    return code, said


def main():
    qice = load_library(*sys.argv[1:])
    tried = 0
    for name, arguments in functions(sys.argv[2]):
        code, said = called(qice, name, arguments,
                            lambda argument: None if "*" in argument else 0)
        if name.endswith("_destroy"):
            assert code == OK, name  # nothing is destroyed without complaint
        else:
            assert code in (BAD_HANDLE, BAD_ARGUMENT), (name, code)
            assert said is None or "NULL" in said or "years" in said, (name, said)
        tried += 1
    gone = ctypes.c_void_p()
    assert qice.qice_data_directory(ctypes.byref(gone), None) == OK
    assert qice.qice_text_destroy(gone) == OK
    for name, arguments in functions(sys.argv[2]):
        if not any(map(is_handle, arguments)):
            continue
        rooms = []

        def given(argument, rooms=rooms):
            if is_handle(argument):
                return gone
            if "*" not in argument:
                return 0
            rooms.append(ctypes.create_string_buffer(256))
            return rooms[-1]

        code, said = called(qice, name, arguments, given)
        if name == "qice_firms_read_arrow":  # which looks at the stream first
            assert code == BAD_ARGUMENT and "stream" in said, (code, said)
        else:
            assert code == BAD_HANDLE, (name, code)
            assert said is None or "no such handle" in said, (name, said)
        tried += 1
    assert b"handle" in qice.qice_code_sentence(BAD_HANDLE)
    assert tried > 170, tried
    for wrong in (1.5, [], {}):  # what ctypes itself refuses
        try:
            qice.qice_text_destroy(wrong)
        except ctypes.ArgumentError:
            continue
        raise AssertionError(wrong)
    print(f"{tried} calls with nothing or with what is gone were refused")


main()
