"""Matching as a pure function of a batch of firms, for engines that spread batches over machines.

    match = qice.batches.Matcher(engine, top=20)
    match(frame)                    # a pandas frame of firms -> a pandas frame of pushes
    match.arrow(batch)              # anything that speaks Arrow -> a qice.Result, which does too
    rays.map_batches(match)         # Ray Data; for Spark see qice.spark, for Dask qice.dask

A firm's pushes depend on that firm alone, so however firms are cut into batches, the batches' pushes
one after another are those of one run. What concerns several firms (an id that comes twice, quotas)
is settled once, at the end: ``merge``.

A Matcher is small when it is sent: the engine goes along as its contents, and a process makes it once
for all batches that name the same contents.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ._sources import StatusLike, statuses
from .answers import Push, Result
from .engine import Engine

#: The columns of a frame of pushes, and their Spark types.
SCHEMA = "firm_id string, status string, rank long, policy_id string, score double"

_ENGINES: Dict[str, Engine] = {}
_MAKING = threading.Lock()
_MOST_ENGINES = 4


def _engine(key: str, content: bytes) -> Engine:
    """This process's engine of these contents."""
    with _MAKING:
        engine = _ENGINES.pop(key, None)
        if engine is None:
            engine = pickle.loads(content)
        _ENGINES[key] = engine  # the last one asked for stays longest
        while len(_ENGINES) > _MOST_ENGINES:
            del _ENGINES[next(iter(_ENGINES))]
        return engine


class Matcher:
    """Immutable; equal inputs give equal outputs, on any machine."""

    def __init__(self, engine: Engine, top: Optional[int] = 20,
                 status: StatusLike = ("eligible", "review"), *, threads: int = 1,
                 strict: bool = False, ignore_unknown_columns: bool = False) -> None:
        self._content: bytes = pickle.dumps(engine)
        self.key = hashlib.sha256(self._content).hexdigest()
        self._options: Dict[str, Any] = {
            "top": top, "status": statuses(status), "threads": threads, "strict": strict,
            "ignore_unknown_columns": ignore_unknown_columns}

    @property
    def engine(self) -> Engine:
        return _engine(self.key, self._content)

    def result(self, firms: Any) -> Result:
        return self.engine.match(firms, **self._options)

    def __call__(self, frame: Any) -> Any:
        """pandas in, pandas out."""
        pushes = self.result(frame).to_pandas()
        pushes["status"] = pushes["status"].astype(object)
        return pushes

    def arrow(self, batch: Any) -> Result:
        """Arrow in, Arrow out: ``pyarrow.table(match.arrow(batch))``."""
        return self.result(batch)


def merge(parts: Iterable[Iterable[Tuple[Any, ...]]], quotas: Optional[Mapping[str, int]] = None,
          order: Optional[Mapping[str, int]] = None) -> List[Push]:
    """The pushes of all parts as one run gives them, and what is only known at the end.

    ``parts``: the pushes of each part, in the order of the parts. A firm that came in an earlier part,
    too, has the pushes of the first. ``order``: each firm's place; without it firms stay in the order
    of the parts. ``quotas``: how many firms a policy may have at most; it keeps the first in its own
    order (status, score, firm id), and what is left of a firm's pushes is ranked anew.
    """
    pushes: List[Push] = []
    seen: Dict[str, int] = {}
    for number, part in enumerate(parts):
        for row in part:
            push = Push(*row)
            if seen.setdefault(push.firm_id, number) == number:
                pushes.append(push)
    if order is not None:
        places = order
        pushes.sort(key=lambda push: places[push.firm_id])  # stable: a firm's own stay in order
    return _within_quotas(pushes, quotas) if quotas else pushes


def _within_quotas(pushes: List[Push], quotas: Mapping[str, int]) -> List[Push]:
    status_order = {"eligible": 0, "review": 1, "needs_data": 2, "near": 3}
    of_policy: Dict[str, List[Push]] = {}
    for push in pushes:
        if push.policy_id in quotas:
            of_policy.setdefault(push.policy_id, []).append(push)
    dropped: Set[Tuple[str, str]] = set()
    for policy, candidates in of_policy.items():
        candidates.sort(key=lambda push: (status_order[push.status], -push.score,
                                          push.firm_id.encode("utf-8", "surrogatepass")))
        dropped.update((push.firm_id, policy) for push in candidates[quotas[policy]:])
    kept: List[Push] = []
    ranks: Dict[Tuple[str, str], int] = {}
    for push in pushes:
        if (push.firm_id, push.policy_id) in dropped:
            continue
        group = (push.firm_id, push.status)
        ranks[group] = ranks.get(group, 0) + 1
        kept.append(push._replace(rank=ranks[group]))
    return kept


def quotas_of(engine: Engine) -> Dict[str, int]:
    """The quotas that the policies have."""
    quotas = {}
    for policy in engine.policies:
        about = engine.about(policy)
        if "quota" in about:
            quotas[policy] = int(about["quota"])
    return quotas
