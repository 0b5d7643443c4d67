"""What users hand over, as what the compiled half takes."""

from __future__ import annotations

import datetime
import operator
import os
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from . import _qice
from .errors import UsageError

#: One policy or several: a path of a file or folder, JSON text, a dict, or dicts.
PoliciesLike = Union[str, "os.PathLike[str]", Mapping[str, Any], Iterable[Mapping[str, Any]]]
#: A day: 2026-06-15, or a date.
DayLike = Union[str, datetime.date]
StatusLike = Union[str, Sequence[str]]

Texts = List[Tuple[str, bytes]]


def path_text(path: Union[str, "os.PathLike[str]"]) -> str:
    """A path for the compiled half, where a NUL would end it."""
    text = os.fspath(path)
    if not isinstance(text, str) or "\0" in text:
        raise UsageError(f"a path is a text without a NUL, not {text!r}")
    return text


def policy_texts(policies: PoliciesLike) -> Texts:
    """(file, text) of policies; dicts stand a line each."""
    if isinstance(policies, (str, os.PathLike)):
        text = os.fspath(policies)
        if isinstance(text, str) and text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            return [("policies", _utf8(text))]
        return list(_qice.read_policy_texts(path_text(text)))
    if isinstance(policies, Mapping):
        return [("policy", _qice.to_json(dict(policies)))]
    if isinstance(policies, bytes) or not hasattr(policies, "__iter__"):
        raise UsageError("policies are a path, JSON text, a dict or a list of dicts, "
                         f"not {type(policies).__name__}")
    lines = []
    for policy in policies:
        if not isinstance(policy, Mapping):
            raise UsageError(f"a policy is a dict, not {type(policy).__name__}")
        lines.append(_qice.to_json(dict(policy)))
    return [("policies.jsonl", b"\n".join(lines))]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what is no Unicode gets its place in an error


def day_text(day: Optional[DayLike]) -> str:
    """2026-06-15; None is today."""
    if day is None:
        day = datetime.date.today()
    if isinstance(day, datetime.datetime):
        day = day.date()
    if isinstance(day, datetime.date):
        return day.isoformat()
    if not isinstance(day, str):
        raise UsageError(f"as_of is a day like 2026-06-15, not {type(day).__name__}")
    return day


def statuses(status: StatusLike) -> List[str]:
    if isinstance(status, str):
        return [name.strip() for name in status.split(",")]
    return [str(name) for name in status]


def most(top: Optional[int]) -> Optional[int]:
    """How many of each status are kept; whether there are so many is for the compiled half to say."""
    if top is None:
        return None
    try:
        return operator.index(top)
    except TypeError:
        raise UsageError(f"top is a whole number from 1, or None for all, not {top!r}") from None


def thread_count(threads: Optional[int]) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise UsageError(f"threads is a number from 1 to 1024, not {threads!r}")
    return threads
