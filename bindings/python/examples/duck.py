"""Parquet for qice where neither pyarrow nor DuckDB's Python package is at hand: libduckdb alone.

    from duck import Duck
    with Duck("libduckdb.so") as duck:
        duck.run("copy (from read_csv('firms.csv', all_varchar = true)) to 'firms.parquet'")
        result = engine.match(duck.query("from 'firms.parquet'"))
        duck.table("pushes", result)
        duck.run("copy pushes to 'pushes.parquet'")

Only the standard library is needed. DuckDB's C library is one file: from its download page, or from
npm (`npm install @duckdb/node-bindings-linux-x64`). Rows pass as Arrow, none of them through Python.
A query's whole result is held by DuckDB until it was read. One thread at a time.
"""

from __future__ import annotations

import ctypes
import errno
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_uint64, c_void_p
from typing import Any, Dict, List, Optional


class ArrowSchema(ctypes.Structure):
    _fields_ = [("format", c_char_p), ("name", c_char_p), ("metadata", c_void_p), ("flags", c_int64),
                ("n_children", c_int64), ("children", c_void_p), ("dictionary", c_void_p),
                ("release", c_void_p), ("private_data", c_void_p)]


class ArrowArray(ctypes.Structure):
    _fields_ = [("length", c_int64), ("null_count", c_int64), ("offset", c_int64),
                ("n_buffers", c_int64), ("n_children", c_int64), ("buffers", c_void_p),
                ("children", c_void_p), ("dictionary", c_void_p), ("release", c_void_p),
                ("private_data", c_void_p)]


class ArrowArrayStream(ctypes.Structure):
    _fields_ = [("get_schema", c_void_p), ("get_next", c_void_p), ("get_last_error", c_void_p),
                ("release", c_void_p), ("private_data", c_void_p)]


class _Result(ctypes.Structure):  # duckdb_result, which goes by value
    _fields_ = [("counts", c_uint64 * 3), ("columns", c_void_p), ("error", c_void_p),
                ("data", c_void_p)]


_FILL = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
_LAST_ERROR = ctypes.CFUNCTYPE(c_void_p, c_void_p)
_RELEASE = ctypes.CFUNCTYPE(None, c_void_p)
_NAME = b"arrow_array_stream"

_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_char_p, c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi))
_pointer_of = ctypes.PYFUNCTYPE(c_void_p, ctypes.py_object, c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi))

#: What consumers may still ask something of; a stream is here from the making of its capsule until
#: it is released. A capsule that nobody reads is never released: it cannot call Python as it dies.
_alive: Dict[int, "_Stream"] = {}


class DuckError(RuntimeError):
    """What DuckDB says."""


class Duck:
    """A database in memory, or in a file."""

    def __init__(self, library: str = "libduckdb.so", database: str = ":memory:") -> None:
        self._c = _declared(ctypes.CDLL(library))
        self._database, self._connection = c_void_p(), c_void_p()
        if self._c.duckdb_open(database.encode(), byref(self._database)) != 0:
            raise DuckError(f"{database} cannot be opened")
        if self._c.duckdb_connect(self._database, byref(self._connection)) != 0:
            raise DuckError(f"{database} cannot be connected to")

    def run(self, sql: str) -> None:
        self._c.duckdb_destroy_result(byref(self._asked(sql)))

    def query(self, sql: str) -> "Query":
        """The rows, as something that speaks Arrow; read once."""
        return Query(self._c, self._asked(sql))

    def table(self, name: str, source: Any) -> None:
        """Makes a table of anything that has __arrow_c_stream__."""
        capsule = source.__arrow_c_stream__()
        stream = ArrowArrayStream.from_address(_pointer_of(capsule, _NAME))
        view = f"{name}, as it comes"
        try:
            # The stream can be read once and knows nothing of filters: it is copied at once.
            if self._c.duckdb_arrow_scan(self._connection, view.encode(), byref(stream)) != 0:
                raise DuckError(f"{name}: DuckDB does not take this stream")
            self.run(f'create or replace table "{name}" as from "{view}"')
            self.run(f'drop view "{view}"')
        finally:
            if stream.release:
                _RELEASE(stream.release)(ctypes.addressof(stream))

    def close(self) -> None:
        """Queries that are open keep what they need."""
        self._c.duckdb_disconnect(byref(self._connection))
        self._c.duckdb_close(byref(self._database))

    def __enter__(self) -> "Duck":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, sql: str) -> _Result:
        result = _Result()
        if self._c.duckdb_query(self._connection, sql.encode(), byref(result)) == 0:
            return result
        message = self._c.duckdb_result_error(byref(result)) or b"no reason is given"
        self._c.duckdb_destroy_result(byref(result))
        raise DuckError(message.decode("utf-8", "replace"))


class Query:
    """The rows of a query: `__arrow_c_stream__` gives them to one reader."""

    def __init__(self, c: ctypes.CDLL, result: _Result) -> None:
        self._stream: Optional[_Stream] = _Stream(c, result)

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        if self._stream is None:
            raise DuckError("these rows were given away before")
        stream, self._stream = self._stream, None
        return stream.capsule()


class _Stream:
    """A result behind the functions of an ArrowArrayStream."""

    def __init__(self, c: ctypes.CDLL, result: _Result) -> None:
        self._c, self._result = c, result
        self._error = ctypes.create_string_buffer(b"")
        self._options = c_void_p(c.duckdb_result_get_arrow_options(byref(result)))
        self._functions = (_FILL(self._schema), _FILL(self._next), _LAST_ERROR(self._last_error),
                           _RELEASE(self._release))
        self._struct = ArrowArrayStream(*(ctypes.cast(f, c_void_p) for f in self._functions))

    def __del__(self) -> None:
        if self._options:
            self._c.duckdb_destroy_arrow_options(byref(self._options))
            self._c.duckdb_destroy_result(byref(self._result))

    def capsule(self) -> object:
        address = ctypes.addressof(self._struct)
        self._struct.private_data = address  # known by it, wherever the structure is moved
        _alive[address] = self
        return _new_capsule(address, _NAME, None)

    def _schema(self, _: int, out: int) -> int:
        count = self._c.duckdb_column_count(byref(self._result))
        types = (c_void_p * count)(*(self._c.duckdb_column_logical_type(byref(self._result), i)
                                     for i in range(count)))
        names = (c_char_p * count)(*(self._c.duckdb_column_name(byref(self._result), i)
                                     for i in range(count)))
        failure = self._c.duckdb_to_arrow_schema(self._options, types, names, count, out)
        for place in range(count):
            self._c.duckdb_destroy_logical_type(byref(types, place * ctypes.sizeof(c_void_p)))
        return self._told(failure)

    def _next(self, _: int, out: int) -> int:
        chunk = c_void_p(self._c.duckdb_fetch_chunk(self._result))
        if not chunk:
            ctypes.memset(out, 0, ctypes.sizeof(ArrowArray))  # the end
            return 0
        failure = self._c.duckdb_data_chunk_to_arrow(self._options, chunk, out)
        self._c.duckdb_destroy_data_chunk(byref(chunk))
        return self._told(failure)

    def _told(self, failure: Optional[int]) -> int:
        if not failure:
            return 0
        held = c_void_p(failure)
        self._error = ctypes.create_string_buffer(self._c.duckdb_error_data_message(held) or b"")
        self._c.duckdb_destroy_error_data(byref(held))
        return errno.EINVAL

    def _last_error(self, _: int) -> int:
        return ctypes.addressof(self._error)

    def _release(self, moved: int) -> None:
        struct = ArrowArrayStream.from_address(moved)
        struct.release = None
        _released.append(_alive.pop(struct.private_data))
        del _released[:-1]  # never itself: its function is still running


_released: List[_Stream] = []


def _declared(c: ctypes.CDLL) -> ctypes.CDLL:
    """The functions in use; what returns a pointer has to be said."""
    for name, result, arguments in (
            ("duckdb_open", c_int, (c_char_p, c_void_p)),
            ("duckdb_connect", c_int, (c_void_p, c_void_p)),
            ("duckdb_disconnect", None, (c_void_p,)),
            ("duckdb_close", None, (c_void_p,)),
            ("duckdb_query", c_int, (c_void_p, c_char_p, POINTER(_Result))),
            ("duckdb_result_error", c_char_p, (POINTER(_Result),)),
            ("duckdb_destroy_result", None, (POINTER(_Result),)),
            ("duckdb_column_count", c_uint64, (POINTER(_Result),)),
            ("duckdb_column_name", c_char_p, (POINTER(_Result), c_uint64)),
            ("duckdb_column_logical_type", c_void_p, (POINTER(_Result), c_uint64)),
            ("duckdb_destroy_logical_type", None, (c_void_p,)),
            ("duckdb_fetch_chunk", c_void_p, (_Result,)),
            ("duckdb_destroy_data_chunk", None, (c_void_p,)),
            ("duckdb_result_get_arrow_options", c_void_p, (POINTER(_Result),)),
            ("duckdb_destroy_arrow_options", None, (c_void_p,)),
            ("duckdb_to_arrow_schema", c_void_p, (c_void_p, c_void_p, c_void_p, c_uint64, c_void_p)),
            ("duckdb_data_chunk_to_arrow", c_void_p, (c_void_p, c_void_p, c_void_p)),
            ("duckdb_error_data_message", c_char_p, (c_void_p,)),
            ("duckdb_destroy_error_data", None, (c_void_p,)),
            ("duckdb_arrow_scan", c_int, (c_void_p, c_char_p, c_void_p))):
        function = getattr(c, name)
        function.restype, function.argtypes = result, arguments
    return c
