"""The schema: which fields a firm has."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from . import _qice
from ._sources import path_text
from .errors import UsageError

SchemaLike = Union["Schema", str, "os.PathLike[str]", Mapping[str, Any]]


class Field(NamedTuple):
    name: str
    kind: str
    label: str
    unit: str
    decimals: int
    derived: bool


class Schema:
    """From a path, JSON text or a dict; ``None`` is the standard one that comes with qice.

    A schema can be pickled: its text goes along, and the code lists that lie beside it.
    """

    def __init__(self, source: Optional[SchemaLike] = None) -> None:
        if isinstance(source, Schema):
            self._source: Any = source._source
            self._core: _qice.Schema = source._core
            return
        self._source = os.fspath(source) if isinstance(source, os.PathLike) else source
        if self._source is None:
            self._core = _qice.Schema.load(os.path.join(_qice.data_directory(), "schema.json"))
        elif isinstance(self._source, Mapping):
            self._core = _qice.Schema.parse(_qice.to_json(dict(self._source)).decode(), "schema")
        elif not isinstance(self._source, str):
            raise UsageError("a schema is a path, JSON text or a dict, "
                             f"not {type(self._source).__name__}")
        elif self._source.lstrip()[:1] == "{":
            self._core = _qice.Schema.parse(self._source, "schema")
        else:
            self._core = _qice.Schema.load(path_text(self._source))

    @property
    def id_column(self) -> str:
        """The column that names the firm; it is no field."""
        return self._core.id_column

    @property
    def fields(self) -> List[Field]:
        return [Field(*field) for field in self._core.fields()]

    def __repr__(self) -> str:
        return f"<qice.Schema of {len(self._core.fields())} fields, id {self.id_column!r}>"

    def __reduce__(self) -> Any:
        return _unpack, (self._packed(),)

    def _packed(self) -> Any:
        """What makes the same schema elsewhere: None, a dict, JSON text, or (of a file) a dict and
        the lists beside it."""
        if not isinstance(self._source, str) or self._source.lstrip()[:1] == "{":
            return self._source
        return _pack_file(self._source)


def _pack_file(path: str) -> Tuple[Dict[str, Any], Dict[str, bytes]]:
    import json
    with open(path, encoding="utf-8-sig") as file:
        schema: Dict[str, Any] = json.load(file)
    lists: Dict[str, bytes] = {}
    for field in schema["fields"]:
        beside = os.path.join(os.path.dirname(path), str(field.get("codes", "")))
        if field.get("codes") and os.path.isfile(beside):
            name = f"{len(lists)}-{os.path.basename(beside)}"
            with open(beside, "rb") as file_of_codes:
                lists[name] = file_of_codes.read()
            field["codes"] = name
    return schema, lists


def _unpack(packed: Any) -> Schema:
    if not isinstance(packed, tuple):
        return Schema(packed)
    import json
    import tempfile
    schema, lists = packed
    with tempfile.TemporaryDirectory() as folder:
        for name, content in lists.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        path = os.path.join(folder, "schema.json")
        with open(path, "w", encoding="utf-8") as text:
            json.dump(schema, text, ensure_ascii=False)
        made = Schema(path)
    made._source = packed
    return made
