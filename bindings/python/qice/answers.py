"""What came of a match: pushes, counts, the quarantine."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Union, overload

from . import _qice
from ._html import table
from ._sources import path_text, thread_count
from .errors import UsageError
from .firms import Quarantined

_STATUSES = ("eligible", "review", "needs_data", "near")
_GROUPS_A_STEP = 1024
_SHOWN = 10


class Push(NamedTuple):
    """One row of the answer: what to push to which firm. ``score`` is exact to six decimals."""

    firm_id: str
    status: str
    rank: int
    policy_id: str
    score: float


class Counts(NamedTuple):
    """How many firms a policy has in each status; None where that was not computed."""

    eligible: Optional[int]
    review: Optional[int]
    needs_data: Optional[int]
    near: Optional[int]


class Result:
    """All firms with all policies. ``len()`` is the number of pushes; iterating gives them in order:
    firms as they came, then statuses, then rank. Speaks Arrow: ``pyarrow.table(result)``,
    ``polars.DataFrame(result)``, ``duckdb.sql("from result")``.
    """

    def __init__(self, core: _qice.Answer, statuses: List[str], all_counts: bool,
                 include_closed: bool) -> None:
        self._core = core
        self._statuses = [name for name in _STATUSES if name in statuses]
        self._counted = list(_STATUSES) if all_counts else self._statuses
        self._include_closed = include_closed

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[Push]:
        for first in range(0, self._core.groups, _GROUPS_A_STEP):
            for row in self._core.rows(first, first + _GROUPS_A_STEP):
                yield Push(*row)

    @property
    def firms(self) -> int:
        """How many firms took part."""
        return len(self._core.firms)

    @property
    def rows_set_aside(self) -> int:
        return self._core.firms.rows_set_aside

    @property
    def policies(self) -> int:
        """How many policies took part."""
        return self._core.policies_matched

    @property
    def totals(self) -> Dict[str, int]:
        """Pushes by status."""
        return {status: self._core.total(status) for status in self._statuses}

    @property
    def counts(self) -> Dict[str, Counts]:
        """By policy, in the order of the policies. Of all four statuses if ``match`` was asked to
        count; else of those it was asked for."""
        counted = [name in self._counted for name in _STATUSES]
        return {policy: Counts(*(count if known else None for count, known in zip(row, counted)))
                for policy, row in zip(self._core.policy_ids(), self._core.counts())}

    @property
    def quarantine(self) -> List[Quarantined]:
        return [Quarantined(*entry) for entry in self._core.firms.quarantine()]

    def to_dicts(self) -> List[Dict[str, Any]]:
        return [push._asdict() for push in self]

    def to_pandas(self) -> Any:
        """Columns firm_id, status (a category), rank, policy_id, score[, life_cycle]."""
        import numpy
        import pandas
        columns = self._core.columns()
        policy = numpy.frombuffer(columns["policy"], dtype="uint32")
        firm_ids = numpy.array(self._core.firms.ids(), dtype=object)
        policy_ids = numpy.array(self._core.policy_ids(), dtype=object)
        status = numpy.frombuffer(columns["status"], dtype="uint8").view("int8")
        data = {
            "firm_id": firm_ids[numpy.frombuffer(columns["firm"], dtype="uint32")],
            "status": pandas.Categorical.from_codes(status, categories=list(_STATUSES),
                                                    ordered=True),
            "rank": numpy.frombuffer(columns["rank"], dtype="uint32").astype("int64"),
            "policy_id": policy_ids[policy],
            "score": numpy.frombuffer(columns["score"], dtype="int64") / 1e6,
        }
        if self._include_closed:
            data["life_cycle"] = numpy.array(self._core.life_cycles(), dtype=object)[policy]
        return pandas.DataFrame(data)

    def to_polars(self) -> Any:
        import polars
        return polars.DataFrame(self)

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        """firm_id utf8, status and policy_id dictionaries, rank int32, score decimal128(19, 6). The
        columns are what they are: another schema is not looked at."""
        return self._core.arrow_stream(1 << 16)

    def write(self, path: Union[str, "os.PathLike[str]"], *, raw: bool = False,
              threads: Optional[int] = None) -> None:
        """The bytes that ``qice match --out`` writes: CSV, or JSON Lines if the name ends so. The
        file appears under its name when it is whole. ``raw`` leaves cells alone that a spreadsheet
        would run as a formula."""
        self._core.write(path_text(path), not raw, thread_count(threads))

    def write_counts(self, path: Union[str, "os.PathLike[str]"], *, raw: bool = False) -> None:
        """The bytes of ``qice match --counts``; ``match`` must have been asked to count."""
        if len(self._counted) < len(_STATUSES):
            raise UsageError("not all was counted; ask for match(..., counts=True)")
        self._core.write_counts(path_text(path), not raw)

    def write_quarantine(self, path: Union[str, "os.PathLike[str]"], *, raw: bool = False) -> None:
        """The bytes of ``qice match --quarantine``."""
        self._core.firms.write_quarantine(path_text(path), not raw)

    def _first(self, count: int) -> List[Push]:
        return [push for push, _ in zip(self, range(count))]

    def _summary(self) -> str:
        totals = ", ".join(f"{count:,} {status}" for status, count in self.totals.items())
        return f"{self.firms:,} firms x {self.policies:,} policies: {totals}"

    def __repr__(self) -> str:
        return f"<qice.Result of {self._summary()}>"

    def _repr_html_(self) -> str:
        return table(Push._fields, self._first(_SHOWN), self._summary())


class _Pushes(Sequence[Push]):
    """Some pushes, as a sequence: ``answer[0]``, ``answer[:5]``, ``for push in answer``."""

    _rows: Sequence[Any]

    def _push(self, row: Any) -> Push:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Push: ...

    @overload
    def __getitem__(self, index: slice) -> List[Push]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[Push, List[Push]]:
        if isinstance(index, slice):
            return [self._push(row) for row in self._rows[index]]
        return self._push(self._rows[index])

    def __iter__(self) -> Iterator[Push]:
        return map(self._push, self._rows)

    def to_dicts(self) -> List[Dict[str, Any]]:
        return [push._asdict() for push in self]


class FirmAnswer(_Pushes):
    """One firm's policies, a sequence of pushes, best first within each status."""

    def __init__(self, firm_id: Optional[str], core: "_qice.FirmRows") -> None:
        self._rows, self._counts, self.one_fact_away, quarantine = core
        self.firm_id = firm_id
        self._quarantine = quarantine

    def _push(self, row: Any) -> Push:
        status, rank, policy, score = row
        return Push(self.firm_id or "", status, rank, policy, score)

    @property
    def counts(self) -> Dict[str, int]:
        """How many policies there are by status, pushed or not."""
        return dict(self._counts)

    @property
    def quarantine(self) -> List[Quarantined]:
        """Cells that could not be taken."""
        return [Quarantined(*entry) for entry in self._quarantine]

    def __repr__(self) -> str:
        return f"<qice.FirmAnswer: {self._counts}>"

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self._counts.items())
        return table(("status", "rank", "policy_id", "score"), self._rows[:_SHOWN], counts)


class PolicyAnswer(_Pushes):
    """One policy's firms, a sequence of pushes, best first within each status. ``counts`` is of all
    four statuses."""

    def __init__(self, policy_id: str, core: "_qice.PolicyRows") -> None:
        self.life_cycle, self._rows, self._counts = core
        self.policy_id = policy_id

    def _push(self, row: Any) -> Push:
        firm, status, rank, score = row
        return Push(firm, status, rank, self.policy_id, score)

    @property
    def counts(self) -> Counts:
        return Counts(**self._counts)

    def __repr__(self) -> str:
        return f"<qice.PolicyAnswer of {self.policy_id!r} ({self.life_cycle}): {self._counts}>"

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{count:,} {status}" for status, count in self._counts.items())
        return table(Push._fields, self[:_SHOWN], f"{self.policy_id}: {counts}")
