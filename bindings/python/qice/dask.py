"""Matching over the partitions of a Dask frame, on any number of workers.

    client = distributed.Client(...)
    answer = qice.dask.match(ddf, engine, top=20)     # ddf: a Dask frame of firms
    answer.frame                                      # all pushes, partitions in their order
    answer.quarantine                                 # bad cells, and rows that killed their worker

Each partition is a task of its own, pure: a lost worker's partitions are computed again elsewhere, and
the answer is that of one run. A worker makes the engine once. A few partitions a worker are under way at
a time, so memory does not grow with their number; with ``out=FOLDER`` each partition's pushes become a
file there, written by its worker, and nothing but counts comes back.

A partition that fails (its worker died over it, or it raised) waits until the others are done; then it is
cut in half again and again, alone, until the rows that do it stand alone. Those are quarantined, the
rest is matched. What concerns several partitions is settled here, once: an id that comes in two
partitions counts in the first, and ``quotas=True`` keeps each policy's quota (neither with ``out``).

A firm's pushes do not depend on the partitions, so neither does the answer, byte for byte. A wrong
column is wrong for every row: that is raised, not quarantined.
"""

from __future__ import annotations

import os
import time
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple, Union

from .answers import Push
from .batches import Matcher, merge, quotas_of
from .engine import Engine
from .errors import Error, IoError, UsageError
from .firms import Quarantined


class Answer(NamedTuple):
    frame: Any  #: pushes: firm_id, status, rank, policy_id, score; None with ``out``
    quarantine: List[Quarantined]  #: lines are rows of the whole frame, from 1
    firms: int
    totals: Dict[str, int]  #: pushes by status
    files: List[str]  #: with ``out``: in order, each with a header
    tasks: int  #: how many it took; more than there are partitions if some failed

    def to_csv(self, path: str) -> None:
        """The bytes that ``qice match --out`` writes (of ids that are no formulas)."""
        frame = self.frame.assign(score=self.frame["score"].map("{:.6f}".format))
        frame.to_csv(path, index=False, lineterminator="\n")


def match(ddf: Any, engine: Union[Engine, Matcher], top: Optional[int] = 20,
          status: Any = ("eligible", "review"), *, client: Any = None, quotas: bool = False,
          out: Optional[str] = None, threads: int = 1, strict: bool = False,
          ignore_unknown_columns: bool = False, worker_timeout: Optional[float] = 600) -> Answer:
    """``ddf`` is a Dask frame, or a list of delayed objects that give frames, or paths of
    CSV files, which workers read themselves and which are not cut. ``client`` is the current one if
    none is given; ``threads`` are those of one task. A Matcher in place of the engine has its own
    options. A cluster that has no worker for ``worker_timeout`` seconds is an IoError (None: it is
    waited for)."""
    from distributed import get_client
    if out is not None and quotas:
        raise UsageError("quotas are settled over all pushes; with out= they are left to you")
    matcher = engine if isinstance(engine, Matcher) else Matcher(
        engine, top, status, threads=threads, strict=strict,
        ignore_unknown_columns=ignore_unknown_columns)
    partitions = list(ddf.to_delayed()) if hasattr(ddf, "to_delayed") else list(ddf)
    run = _Run(client or get_client(), matcher, out, worker_timeout)
    parts = run.all_parts(partitions)
    return _merged(parts, run.tasks, quotas_of(matcher.engine) if quotas else None)


_TRIES = 5  # of a task that is not to blame for its workers


class _Part(NamedTuple):
    """What one piece gave."""

    rows: int
    firms: int
    frame: Any
    file: Optional[str]
    totals: Dict[str, int]
    quarantine: List[Tuple[Any, ...]]


class _Run:
    def __init__(self, client: Any, matcher: Matcher, out: Optional[str],
                 worker_timeout: Optional[float]) -> None:
        self.client = client
        self.worker_timeout = worker_timeout
        # A task, not scattered data: a lost copy is made again.
        with warnings.catch_warnings():  # Dask would rather have it scattered
            warnings.simplefilter("ignore", UserWarning)
            self.matcher = client.submit(_same, matcher, pure=False)
        self.local = matcher
        self.out = out
        self.tasks = 0

    def all_parts(self, partitions: List[Any]) -> List[_Part]:
        """In the order of the partitions; those that fail are settled last, one by one."""
        window = 2 * max(1, sum(self.client.nthreads().values()))
        done: Dict[int, List[_Part]] = {}
        under_way: Dict[int, Any] = {}
        failed: List[int] = []
        waiting = list(range(len(partitions)))[::-1]
        while waiting or under_way:
            while waiting and len(under_way) < window:
                number = waiting.pop()
                under_way[number] = self._submit(partitions[number], number, 0, None)
            finished = self._some_done(list(under_way.values()))
            for number in [number for number, task in under_way.items() if task in finished]:
                try:
                    done[number] = [self._result(under_way.pop(number))]
                except Error:
                    raise  # of the whole frame: a column, the schema
                except Exception:  # KilledWorker, or what a row raised
                    failed.append(number)
        for number in sorted(failed):
            if isinstance(partitions[number], str):
                done[number] = [self._result(self._submit(partitions[number], number, 0, None))]
                continue
            rows = int(self._said(_rows, partitions[number]))
            done[number] = self._settled(partitions[number], number, 0, rows)
        return [part for number in range(len(partitions)) for part in done[number]]

    def _some_done(self, tasks: List[Any]) -> Set[Any]:
        """Those tasks that are done, one at least. Nobody does any while there is no worker."""
        from distributed import TimeoutError, wait
        step = 10.0 if self.worker_timeout is None else min(10.0, self.worker_timeout)
        alone_since = None
        while True:
            try:
                done: Set[Any] = wait(tasks, timeout=step, return_when="FIRST_COMPLETED").done
                return done
            except TimeoutError:
                now = time.monotonic()
                if self.client.nthreads():
                    alone_since = None
                    continue
                alone_since = alone_since or now - step
                if self.worker_timeout is not None and now - alone_since >= self.worker_timeout:
                    raise IoError(f"the cluster has had no worker for {self.worker_timeout:g} "
                                  "seconds") from None

    def _result(self, task: Any) -> Any:
        """Of a task; where its worker goes before it has handed the result over, it is done again."""
        from distributed import TimeoutError
        while True:
            self._some_done([task])
            try:
                return task.result(timeout=600)
            except TimeoutError:
                if task.status == "error":  # the task's own
                    raise
            except Exception:
                task.release()  # else the scheduler keeps the error, and gives it to who asks next
                raise

    def _said(self, function: Any, partition: Any, *rest: Any) -> Any:
        """What a task says that no row makes fail. One whose workers die of other tasks' rows can be
        blamed for it: then it is asked again."""
        from distributed.scheduler import KilledWorker
        for _ in range(_TRIES - 1):
            try:
                return self._result(self._ask(function, partition, *rest))
            except KilledWorker:
                pass
        return self._result(self._ask(function, partition, *rest))

    def _submit(self, partition: Any, number: int, begin: int, end: Optional[int]) -> Any:
        self.tasks += 1
        file = None
        if self.out is not None:
            piece = "" if end is None else f"-{begin:09}-{end:09}"
            file = os.path.join(self.out, f"part-{number:06}{piece}.csv")
        return self._ask(_match_rows, partition, begin, end, file, self.matcher)

    def _ask(self, function: Any, partition: Any, *rest: Any) -> Any:
        """A task of its own over a partition, which is made where it is needed."""
        if not hasattr(partition, "dask"):
            return self.client.submit(function, partition, *rest, pure=False)
        from dask import delayed
        return self.client.compute(delayed(function, pure=False)(partition, *rest))

    def _settled(self, partition: Any, number: int, begin: int, end: int) -> List[_Part]:
        """What some rows give, alone on the cluster; of those that fail, what their halves give."""
        try:
            return [self._result(self._submit(partition, number, begin, end))]
        except Error:
            raise
        except Exception as failure:
            if end - begin <= 1:
                return [self._poison(partition, begin, failure)]
        middle = (begin + end) // 2
        return (self._settled(partition, number, begin, middle) +
                self._settled(partition, number, middle, end))

    def _poison(self, partition: Any, row: int, failure: Exception) -> _Part:
        id_column = self.local.engine.schema.id_column
        firm = str(self._said(_cell, partition, row, id_column))
        entry = (1, firm, "", firm, f"matching it failed: {_sentence(failure)}")
        return _Part(1, 0, None, None, {}, [entry])


def _merged(parts: List[_Part], tasks: int, quotas: Optional[Dict[str, int]]) -> Answer:
    import pandas
    quarantine: List[Quarantined] = []
    totals: Dict[str, int] = {}
    first = 0
    for part in parts:
        quarantine += [Quarantined(line + first, *rest) for line, *rest in part.quarantine]
        first += part.rows
        for status, count in part.totals.items():
            totals[status] = totals.get(status, 0) + count
    files = [part.file for part in parts if part.file is not None]
    firms = sum(part.firms for part in parts)
    if files:
        return Answer(None, quarantine, firms, totals, files, tasks)
    frames = _first_of_each([part.frame for part in parts if part.frame is not None])
    if quotas:
        kept = merge((frame.itertuples(index=False, name=None) for frame in frames), quotas)
        merged = pandas.DataFrame(kept, columns=list(Push._fields))
    elif frames:
        merged = pandas.concat(frames, ignore_index=True)
    else:
        merged = pandas.DataFrame({name: pandas.Series(dtype=object) for name in Push._fields})
    counts = merged["status"].value_counts()
    return Answer(merged, quarantine, firms, {name: int(counts.get(name, 0)) for name in totals},
                  [], tasks)


def _first_of_each(frames: List[Any]) -> List[Any]:
    """Without the pushes of firms that came in an earlier frame."""
    seen: Set[str] = set()
    unique = []
    for frame in frames:
        ids = set(frame["firm_id"].unique())
        again = ids & seen
        unique.append(frame[~frame["firm_id"].isin(again)] if again else frame)
        seen |= ids
    return unique


# ------------------------------------------------------------------------------ on the workers

def _same(matcher: Matcher) -> Matcher:
    return matcher


def _match_rows(partition: Any, begin: int, end: Optional[int], file: Optional[str],
                matcher: Matcher) -> _Part:
    """Lines of the quarantine are rows of the piece, from 1. Writing is idempotent: a file appears
    under its name when it is whole."""
    piece = partition if isinstance(partition, str) else partition.iloc[begin:end]
    result = matcher.result(piece)
    quarantine = [tuple(entry) for entry in result.quarantine]
    rows = result.firms + result.rows_set_aside
    if file is not None:
        result.write(file, threads=1)
        return _Part(rows, result.firms, None, file, result.totals, quarantine)
    pushes = result.to_pandas()
    pushes["status"] = pushes["status"].astype(object)
    return _Part(rows, result.firms, pushes, None, result.totals, quarantine)


def _rows(partition: Any) -> int:
    return len(partition)


def _cell(partition: Any, row: int, column: str) -> Any:
    return partition[column].iloc[row] if column in partition.columns else partition.index[row]


def _sentence(failure: Exception) -> str:
    if type(failure).__name__ == "KilledWorker":
        return "its worker died"
    return f"{type(failure).__name__}: {failure}".split("\n")[0]
