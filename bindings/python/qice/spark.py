"""The same function in the signatures of Spark: iterators of batches in, iterators of batches out.

    match = qice.batches.Matcher(engine)
    firms.mapInPandas(qice.spark.in_pandas(match), schema=qice.batches.SCHEMA)     # Spark >= 3.0
    firms.mapInArrow(qice.spark.in_arrow(match), schema=qice.spark.ARROW_SCHEMA)   # Spark >= 3.3

Tested with plain iterators, not run on Spark here. ``in_arrow`` needs pyarrow on the workers, which
Spark needs itself.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from .batches import SCHEMA, Matcher

#: What the Arrow columns become in Spark.
ARROW_SCHEMA = SCHEMA.replace("rank long", "rank int").replace("score double",
                                                              "score decimal(19,6)")


def in_pandas(match: Matcher) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def map_in_pandas(frames: Iterator[Any]) -> Iterator[Any]:
        for frame in frames:
            yield match(frame)

    return map_in_pandas


def in_arrow(match: Matcher, reader: Any = None) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """``reader`` makes record batches of what speaks Arrow; None is pyarrow's."""

    def map_in_arrow(batches: Iterator[Any]) -> Iterator[Any]:
        read = reader or _pyarrow_reader
        for batch in batches:
            yield from read(match.arrow(batch))

    return map_in_arrow


def _pyarrow_reader(result: Any) -> Iterator[Any]:
    import pyarrow
    table = pyarrow.table(result)
    plain = pyarrow.schema([(field.name, field.type.value_type if
                             pyarrow.types.is_dictionary(field.type) else field.type)
                            for field in table.schema])  # Spark takes no dictionaries
    yield from table.cast(plain).to_batches()
