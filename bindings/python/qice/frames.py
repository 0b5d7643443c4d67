"""The columns of a pandas frame, as the compiled half takes them. Imports numpy and pandas."""

from __future__ import annotations

from typing import Any, List

from . import _qice
from .errors import InvalidInput


def columns_of(frame: Any, id_column: str) -> List[_qice.FrameColumn]:
    """A copy is made only of columns that do not lie in memory as one piece."""
    import numpy
    import pandas
    if id_column not in frame.columns and id_column in frame.index.names:
        frame = frame.reset_index(id_column)
    columns: List[_qice.FrameColumn] = []
    for place, name in enumerate(frame.columns):
        if not isinstance(name, str):
            raise InvalidInput(f"a column's name must be a str, not {name!r}", file="frame")
        try:
            columns.append(_column(name, frame.iloc[:, place], numpy, pandas))
        except _Refused as refused:
            raise InvalidInput(f'column "{name}" is of dtype {refused}, which no field takes',
                               file="frame") from None
    return columns


class _Refused(Exception):
    pass


def _column(name: str, series: Any, numpy: Any, pandas: Any) -> _qice.FrameColumn:
    dtype = series.dtype
    if isinstance(dtype, numpy.dtype):
        return _numpy_column(name, series.to_numpy(), numpy)
    if isinstance(dtype, pandas.CategoricalDtype):
        codes = series.cat.codes.to_numpy()
        if codes.dtype.itemsize > 4:
            codes = codes.astype("int32")
        categories = series.cat.categories.to_numpy().astype(object)
        return (name, "dictionary", numpy.ascontiguousarray(codes), categories)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return _numpy_column(name, series.dt.tz_localize(None).to_numpy(), numpy)
    plain = getattr(dtype, "numpy_dtype", None)  # Int64, boolean, Float64
    if isinstance(plain, numpy.dtype) and plain.kind in "iufb":
        missing = series.isna().to_numpy()
        values = series.fillna(False if plain.kind == "b" else 0).to_numpy(dtype=plain)
        return (name, "plain", numpy.ascontiguousarray(values), numpy.ascontiguousarray(missing))
    return _numpy_column(name, series.to_numpy(dtype=object), numpy)


def _numpy_column(name: str, values: Any, numpy: Any) -> _qice.FrameColumn:
    dtype = values.dtype
    if dtype.kind == "M":
        times = values.astype("datetime64[ns]").view("int64")
        return (name, "times", numpy.ascontiguousarray(times), None)
    if dtype.kind == "O":
        return (name, "objects", numpy.ascontiguousarray(values), None)
    if dtype.kind not in "iufb" or dtype.itemsize > 8:
        raise _Refused(str(dtype))
    if dtype == "float16":
        values = values.astype("float32")
    if not dtype.isnative:
        values = values.astype(dtype.newbyteorder("="))
    return (name, "plain", numpy.ascontiguousarray(values), None)
