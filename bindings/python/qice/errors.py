"""What can go wrong, each with a code, a sentence and, where there is one, the place.

    try:
        engine = qice.Engine("policies.jsonl")
    except qice.InvalidInput as error:
        print(error)                     # policies.jsonl:12:40: policy "DG-1": field "revenue": ...
        print(error.file, error.line, error.column, error.code)

Every exception that qice raises for what a user, a file or a rule can cause is an ``Error``.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

__all__ = ["Cancelled", "ClosedError", "Error", "InvalidInput", "IoError", "LimitError", "UsageError"]


class Error(Exception):
    """``message`` is the sentence alone; ``str()`` puts the place before it."""

    code = "error"

    def __init__(self, message: str, *, file: Optional[str] = None, line: Optional[int] = None,
                 column: Optional[int] = None, errors: Tuple["Error", ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        #: All that was found, where more than one thing is wrong; the first is this one.
        self.errors = errors

    @property
    def place(self) -> str:
        """``file:line:column``, without the parts that are not known."""
        parts = [self.file or "", self.line, self.column]
        return ":".join(str(part) for part in parts if part not in (None, ""))

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        more = len(self.errors) - 1
        return f"{text} (and {more} more, see .errors)" if more > 0 else text

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.message, self.file, self.line, self.column, self.errors)


class UsageError(Error, ValueError):
    """The caller asked for something that does not exist."""

    code = "usage"


class ClosedError(UsageError):
    """The engine or table was closed."""

    code = "closed"


class InvalidInput(Error, ValueError):
    """A file or a value is not what it should be."""

    code = "invalid_input"


class IoError(Error, OSError):
    """A file cannot be written, or an Arrow stream failed. ``str()`` has the file and the reason;
    ``filename`` is the file, as for other errors of the system."""

    code = "io"

    def __init__(self, message: str, *, file: Optional[str] = None, line: Optional[int] = None,
                 column: Optional[int] = None, errors: Tuple["Error", ...] = ()) -> None:
        super().__init__(message, file=file, line=line, column=column, errors=errors)
        self.filename = file


class LimitError(Error):
    """A documented limit was passed."""

    code = "limit"


class Cancelled(Error):
    """The work was stopped before its end."""

    code = "cancelled"


def _rebuild(kind: type, message: str, file: Optional[str], line: Optional[int],
             column: Optional[int], errors: Tuple[Error, ...]) -> Error:
    made: Error = kind(message, file=file, line=line, column=column, errors=errors)
    return made
