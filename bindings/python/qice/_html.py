"""Tables for notebooks."""

from __future__ import annotations

from html import escape
from typing import Iterable, Sequence


def escaped(value: object) -> str:
    return escape(str(value), quote=True)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    head = "".join(f"<th>{escaped(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>"
                   for row in rows)
    return (f"<table><caption>{escaped(caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>")
