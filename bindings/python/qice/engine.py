"""The engine: policies, and every question that can be asked of them."""

from __future__ import annotations

import threading
from typing import (Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union)

from . import _qice
from ._sources import (DayLike, PoliciesLike, StatusLike, Texts, day_text, most, policy_texts, statuses,
                       thread_count)
from .answers import FirmAnswer, PolicyAnswer, Result
from .errors import ClosedError, Error, UsageError
from .explanation import Explanation
from .firms import Firms, FirmsLike, Quarantined
from .schema import Schema, SchemaLike


class LintWarning(NamedTuple):
    """What is allowed in a policy but is most likely a slip of the hand."""

    file: str
    line: int
    column: int
    policy: str
    field: str
    kind: str
    message: str


class _Change(NamedTuple):
    """What became of a policy since the engine was made."""

    removed: bool  #: before it was put, if it was
    text: Optional[Tuple[str, bytes]]


class Engine:
    """Policies of a day. Every question sees the policies of one moment, whatever changes beside it;
    any number of threads may ask and change. Matching releases the GIL, and Ctrl-C ends it.

    ``policies``: a path (a file or a folder of .json and .jsonl), JSON text, a dict, or dicts.
    ``schema``: a path, JSON text or a dict; None is the one that comes with qice.
    ``as_of``: the day at which everything is judged; None is today.
    ``include_closed``: policies that are not open on that day, too.
    ``urgency``: (weight, days): raises policies that close within so many days.
    ``skip_bad_policies``: leaves wrong policies out instead of raising; they are in ``errors``.

    An engine can be pickled, and is then the same elsewhere: what it holds goes along.
    """

    def __init__(self, policies: PoliciesLike, schema: Optional[SchemaLike] = None,
                 as_of: Optional[DayLike] = None, *, include_closed: bool = False,
                 urgency: Optional[Tuple[Union[str, float], int]] = None,
                 skip_bad_policies: bool = False) -> None:
        self.schema = schema if isinstance(schema, Schema) else Schema(schema)
        self._texts: Texts = policy_texts(policies)
        self._as_of = day_text(as_of)
        self._options = (include_closed, urgency, skip_bad_policies)
        self._changes: Dict[str, _Change] = {}
        self._changing = threading.Lock()
        self._core: Optional[_qice.Policies] = None
        self._load()

    def _load(self) -> None:
        include_closed, urgency, skip_bad = self._options
        exact = None if urgency is None else (str(urgency[0]), int(urgency[1]))
        self._core, errors = _qice.Policies.open(self._texts, self.schema._core, self._as_of,
                                                 include_closed, exact, skip_bad)
        #: Policies that were left out as wrong.
        self.errors: List[Error] = errors

    def _open(self) -> _qice.Policies:
        if self._core is None:
            raise ClosedError("this engine was closed")
        return self._core

    # ------------------------------------------------------------------------------- questions

    def match(self, firms: FirmsLike, top: Optional[int] = 20,
              status: StatusLike = ("eligible", "review"), *, by: str = "firm",
              counts: bool = False, threads: Optional[int] = None, strict: bool = False,
              ignore_unknown_columns: bool = False, encoding: str = "utf-8") -> Result:
        """All firms with all policies: of each status the ``top`` best policies of every firm (None:
        all), or with ``by="policy"`` the best firms of every policy. ``counts`` counts all four
        statuses whatever is asked for; ``strict`` sets rows with bad cells aside."""
        if by not in ("firm", "policy"):
            raise UsageError(f'by is "firm" or "policy", not {by!r}')
        wanted = statuses(status)
        moment = self._open().now()
        table = self.read(firms, strict=strict, ignore_unknown_columns=ignore_unknown_columns,
                          encoding=encoding, threads=threads)
        answer = _qice.match(moment, table._open(), most(top), wanted, by == "policy", counts,
                             thread_count(threads))
        return Result(answer, wanted, counts, self._options[0])

    def read(self, firms: FirmsLike, *, strict: bool = False, ignore_unknown_columns: bool = False,
             encoding: str = "utf-8", threads: Optional[int] = None) -> Firms:
        """Firms to be asked about more than once, read for this engine's schema and day."""
        self._open()
        if isinstance(firms, Firms):
            return firms
        return Firms(firms, self.schema, self._as_of, strict=strict, encoding=encoding,
                     ignore_unknown_columns=ignore_unknown_columns, threads=threads)

    def firm(self, firm: Union[Mapping[str, Any], str], top: Optional[int] = 20,
             status: StatusLike = ("eligible", "review"), *,
             firms: Optional[Firms] = None) -> FirmAnswer:
        """One firm's policies: of a dict, or of an id in ``firms``. Takes microseconds."""
        moment = self._open().now()
        if isinstance(firm, Mapping):
            fields = firm if isinstance(firm, dict) else dict(firm)
            name = fields.get(self.schema.id_column)
            return FirmAnswer(name if isinstance(name, str) else None,
                              moment.ask_dict(fields, most(top), statuses(status)))
        table = _table(firm, firms)
        return FirmAnswer(firm, moment.ask_row(table, table.require(firm), most(top),
                                               statuses(status)))

    def explain(self, firm: Union[Mapping[str, Any], str], policy: Union[str, Mapping[str, Any]], *,
                firms: Optional[Firms] = None) -> Explanation:
        """Why a policy (an id, or a draft as a dict) fits a firm or not, and what would help."""
        moment = self._open().now()
        which = policy if isinstance(policy, str) else policy_texts(policy)
        if isinstance(firm, Mapping):
            core, entries = moment.explain_dict(dict(firm), which)
        else:
            table = _table(firm, firms)
            core, entries = moment.explain_row(table, table.require(firm), which)
        return Explanation(core, [Quarantined(*entry) for entry in entries])

    def policy(self, policy: Union[str, Mapping[str, Any]], firms: FirmsLike,
               top: Optional[int] = 1000,
               status: StatusLike = ("eligible", "review")) -> PolicyAnswer:
        """One policy's firms; the policy is an id, or a draft as a dict. Read the firms once
        (``read``) to ask often."""
        moment = self._open().now()
        which = policy if isinstance(policy, str) else policy_texts(policy)
        name = policy if isinstance(policy, str) else str(policy.get("id", ""))
        table = self.read(firms)
        return PolicyAnswer(name, _qice.firms_of_policy(moment, table._open(), which, most(top),
                                                        statuses(status)))

    def lint(self) -> List[LintWarning]:
        """What is suspicious in the policies."""
        return [LintWarning(*warning) for warning in self._open().now().lint()]

    # -------------------------------------------------------------------------------- policies

    @property
    def as_of(self) -> str:
        return self._as_of

    @property
    def policies(self) -> List[str]:
        """The ids, in their order."""
        return self._open().now().ids()

    def about(self, policy_id: str) -> Dict[str, Any]:
        """Title, version, life cycle and what else a list of policies would show."""
        moment = self._open().now()
        number = moment.find(policy_id)
        if number is None:
            raise UsageError(f'there is no policy "{policy_id}"')
        return moment.about(number)

    def __len__(self) -> int:
        return len(self._open().now())

    def __contains__(self, policy_id: object) -> bool:
        return isinstance(policy_id, str) and self._open().now().find(policy_id) is not None

    def add(self, policies: PoliciesLike) -> List[str]:
        """Adds policies, each in the place of the one with its id if there is one; gives their ids.
        All or nothing."""
        texts = _qice.split_policies(policy_texts(policies))
        with self._changing:
            ids = self._open().put(texts, self.schema._core, False)
            for name, text in zip(ids, texts):
                known = self._changes.get(name)
                self._changes[name] = _Change(known is not None and known.removed, text)
        return ids

    def remove(self, policy_id: str) -> bool:
        """False if there was no such policy."""
        with self._changing:
            removed = self._open().remove(policy_id)
            if removed:
                self._changes.pop(policy_id, None)
                self._changes[policy_id] = _Change(True, None)
        return removed

    def replace(self, policies: PoliciesLike) -> List[str]:
        """All policies at once; gives their ids. All or nothing."""
        texts = policy_texts(policies)
        with self._changing:
            ids = self._open().put(texts, self.schema._core, True)
            self._texts = texts
            self._changes.clear()
            self.errors = []
        return ids

    def set_day(self, as_of: Optional[DayLike]) -> None:
        """Judges everything for another day. Firms must be read again."""
        day = day_text(as_of)
        with self._changing:
            self._open().set_day(day)
            self._as_of = day

    # ------------------------------------------------------------------------------ life cycle

    def close(self) -> None:
        """Gives the memory back. Closing twice does no harm."""
        self._core = None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._core is None:
            return "<qice.Engine, closed>"
        return f"<qice.Engine: {len(self):,} policies as of {self.as_of}>"

    def __getstate__(self) -> Dict[str, Any]:
        self._open()
        with self._changing:
            return {"schema": self.schema, "texts": list(self._texts), "as_of": self._as_of,
                    "options": self._options, "changes": dict(self._changes)}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.schema = state["schema"]
        self._texts = state["texts"]
        self._as_of = state["as_of"]
        self._options = state["options"]
        self._changes = state["changes"]
        self._changing = threading.Lock()
        self._core = None
        self._load()
        self._replay()

    def _replay(self) -> None:
        waiting: Texts = []
        for name, change in self._changes.items():
            if change.removed:
                if waiting:
                    self._open().put(waiting, self.schema._core, False)
                waiting = []
                self._open().remove(name)
            if change.text is not None:
                waiting.append(change.text)
        if waiting:
            self._open().put(waiting, self.schema._core, False)


def _table(firm: object, firms: Optional[Firms]) -> _qice.Firms:
    if not isinstance(firm, str):
        raise UsageError(f"a firm is a dict or an id, not {type(firm).__name__}")
    if firms is None:
        raise UsageError("an id needs firms=, the table it is of (engine.read)")
    return firms._open()

