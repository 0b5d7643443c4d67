"""Firms, read once and matched as often as one likes."""

from __future__ import annotations

import os
import sys
from typing import (Any, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Protocol, Union)

from . import _qice
from ._sources import DayLike, day_text, path_text, thread_count
from .errors import ClosedError, InvalidInput, UsageError
from .schema import Schema, SchemaLike


class ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object: ...


class ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: Optional[object] = None) -> Any: ...


class Frame(Protocol):
    """A pandas DataFrame."""

    @property
    def iloc(self) -> Any: ...

    @property
    def columns(self) -> Any: ...


#: A path (.csv, .jsonl), dicts, a pandas frame, anything that speaks Arrow, or Firms.
FirmsLike = Union["Firms", str, "os.PathLike[str]", Iterable[Mapping[str, Any]], Frame, ArrowStream,
                  ArrowArray]


class Quarantined(NamedTuple):
    """A cell whose value could not be taken, or (without a field) a row that was set aside."""

    line: int  #: of the file; of dicts, frames and Arrow the row, from 1
    firm_id: str
    field: str
    value: str
    reason: str


class Firms:
    """Firms of a schema on a day. Immutable; any number of threads may match them.

    ``None``, NaN, NaT and NA are unknown. A bad cell is unknown too, and a bad row is set aside:
    both are in ``quarantine``, and neither stops anything. What concerns all of them (no such
    column, no id column, numbers where codes should be) is an ``InvalidInput``.
    """

    def __init__(self, source: FirmsLike, schema: Optional[SchemaLike] = None,
                 as_of: Optional[DayLike] = None, *, strict: bool = False,
                 ignore_unknown_columns: bool = False, encoding: str = "utf-8",
                 threads: Optional[int] = None) -> None:
        self.schema = schema if isinstance(schema, Schema) else Schema(schema)
        options = _qice.ReadOptions(day_text(as_of), strict, ignore_unknown_columns, encoding,
                                    thread_count(threads))
        self._core: Optional[_qice.Firms] = _read(source, self.schema, options)

    def _open(self) -> _qice.Firms:
        if self._core is None:
            raise ClosedError("these firms were closed")
        return self._core

    def __len__(self) -> int:
        return len(self._open())

    def __contains__(self, firm_id: object) -> bool:
        return isinstance(firm_id, str) and self._open().find(firm_id) is not None

    def __iter__(self) -> Iterator[str]:
        """The ids, in their order."""
        return iter(self.ids)

    @property
    def ids(self) -> List[str]:
        return self._open().ids()

    @property
    def as_of(self) -> str:
        return self._open().as_of

    @property
    def quarantine(self) -> List[Quarantined]:
        return [Quarantined(*entry) for entry in self._open().quarantine()]

    def write_quarantine(self, path: Union[str, "os.PathLike[str]"], *, raw: bool = False) -> None:
        """As CSV, like ``qice match --quarantine``."""
        self._open().write_quarantine(path_text(path), not raw)

    @property
    def rows_set_aside(self) -> int:
        return self._open().rows_set_aside

    @property
    def ignored_columns(self) -> List[str]:
        return self._open().ignored_columns

    def close(self) -> None:
        """Gives the memory back; results that refer to the firms keep it until they go."""
        self._core = None

    def __enter__(self) -> "Firms":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._core is None:
            return "<qice.Firms, closed>"
        return f"<qice.Firms: {len(self)} as of {self.as_of}>"

    def __reduce__(self) -> Any:
        raise TypeError("qice.Firms cannot be pickled; send what they were read from")


def _read(source: Any, schema: Schema, options: _qice.ReadOptions) -> _qice.Firms:
    core = schema._core
    if isinstance(source, Firms):
        return source._open()
    if isinstance(source, (str, os.PathLike)):
        return _qice.read_path(path_text(source), core, options)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        from .frames import columns_of
        return _qice.read_frame(len(source), columns_of(source, schema.id_column), core, options)
    if hasattr(source, "__arrow_c_stream__"):
        return _qice.read_stream(source.__arrow_c_stream__(), core, options)
    if hasattr(source, "__arrow_c_array__"):
        capsules = source.__arrow_c_array__()
        if not isinstance(capsules, tuple) or len(capsules) != 2:
            raise InvalidInput("__arrow_c_array__ must give two capsules")
        return _qice.read_array(capsules[0], capsules[1], core, options)
    if isinstance(source, (Mapping, bytes)) or not hasattr(source, "__iter__"):
        raise UsageError("firms are a path, a list of dicts, a pandas frame or anything with "
                         f"__arrow_c_stream__, not {type(source).__name__}")
    return _qice.read_dicts(source, core, options)
