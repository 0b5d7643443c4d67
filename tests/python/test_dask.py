"""Sharded, with workers that die: the answer of one run, nothing lost, nothing doubled."""

import pandas
import pytest

import qice
import qice.batches
import qice.spark
from conftest import DAY, SCHEMA, policy
from poison import KillsOnce, Poisoned

STATUSES = "eligible,review,needs_data,near"


@pytest.fixture(scope="module")
def frame(city):
    return pandas.read_csv(city.firms, dtype=str)


@pytest.fixture(scope="module")
def client():
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    # A cluster of this kind gives up a worker that is not back in time; a busy machine takes longer.
    with dask.config.set({"distributed.scheduler.allowed-failures": 1,
                          "distributed.deploy.lost-worker-timeout": "1 hour"}), \
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                                     dashboard_address=None, death_timeout=120) as cluster, \
            distributed.Client(cluster) as made:
        yield made


def partitioned(frame, count):
    import dask.dataframe
    return dask.dataframe.from_pandas(frame, npartitions=count, sort=False)


def csv_of(answer, tmp_path):
    answer.to_csv(tmp_path / "dask.csv")
    return (tmp_path / "dask.csv").read_bytes()


def test_shards_are_the_single_run_though_a_worker_dies(client, city, engine, frame, tmp_path):
    import qice.dask
    expected = city.match("--status", STATUSES)
    calm = qice.dask.match(partitioned(frame, 5), engine, status=STATUSES)
    assert csv_of(calm, tmp_path) == expected and calm.tasks == 5 and calm.firms == len(frame)
    matcher = KillsOnce(engine, status=STATUSES).arm(frame["uscc"][2000], tmp_path / "killed")
    killed = qice.dask.match(partitioned(frame, 5), matcher)
    assert (tmp_path / "killed").exists()
    assert csv_of(killed, tmp_path) == expected and killed.totals == calm.totals
    assert killed.quarantine == calm.quarantine == []


def test_files_are_written_by_the_workers(client, city, engine, frame, tmp_path):
    import qice.dask
    answer = qice.dask.match(partitioned(frame, 3), engine, out=str(tmp_path))
    bodies = []
    for path in answer.files:
        with open(path, "rb") as file:
            bodies.append(file.read().split(b"\n", 1))
    assert bodies[0][0] + b"\n" + b"".join(body for _, body in bodies) == city.match()
    whole = qice.dask.match([str(city.firms)], engine, out=str(tmp_path / "."))
    assert whole.totals == answer.totals


def test_a_poison_row_is_quarantined_and_the_rest_is_matched(client, engine, frame, city):
    import qice.dask
    few = frame[:48]
    kills, raises = few["uscc"][10], few["uscc"][30]
    matcher = Poisoned(engine).arm(kills, raises)
    answer = qice.dask.match(partitioned(few, 6), matcher)
    assert [(bad.line, bad.firm_id) for bad in answer.quarantine] == [(11, kills), (31, raises)]
    assert "worker died" in answer.quarantine[0].reason
    assert "RuntimeError" in answer.quarantine[1].reason
    rest = few[~few["uscc"].isin([kills, raises])]
    assert [tuple(row) for row in answer.frame.itertuples(index=False)] == \
        [tuple(push) for push in engine.match(rest)]


def without_a_cluster():
    import qice.dask
    run = qice.dask._Run.__new__(qice.dask._Run)
    run._some_done = set
    return run


def test_a_failed_task_is_let_go_at_once():
    pytest.importorskip("distributed")

    class Task:
        let_go = False

        def result(self, timeout):
            raise RuntimeError("no")

        def release(self):
            self.let_go = True

    task = Task()
    with pytest.raises(RuntimeError):
        without_a_cluster()._result(task)
    assert task.let_go


def test_who_is_blamed_for_others_is_asked_again():
    scheduler = pytest.importorskip("distributed.scheduler")
    run = without_a_cluster()
    blame = [scheduler.KilledWorker("rows", None, 1)] * 2
    run._ask = lambda function, *of: (function, *of)
    run._result = lambda task: raised(blame.pop()) if blame else task
    assert run._said("rows", 3) == ("rows", 3) and not blame
    blame = [scheduler.KilledWorker("rows", None, 1)] * 9
    with pytest.raises(scheduler.KilledWorker):
        run._said("rows", 3)


def raised(error):
    raise error


def test_a_cluster_without_workers_is_not_waited_for_for_ever(engine, frame):
    distributed = pytest.importorskip("distributed")
    import qice.dask
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster, \
            distributed.Client(cluster) as nobody, pytest.raises(qice.IoError, match="no worker"):
        qice.dask.match(partitioned(frame[:20], 2), engine, client=nobody, worker_timeout=0.5)


def test_a_wrong_column_is_raised(client, engine, frame):
    import qice.dask
    with pytest.raises(qice.InvalidInput, match="nothing"):
        qice.dask.match(partitioned(frame[:20].assign(nothing="x"), 2), engine)


def test_ids_quotas_and_ranks_are_settled_at_the_end():
    engine = qice.Engine([policy("ALL", {"always": True}, quota=2, priority=1),
                          policy("RICH", {"field": "revenue", "ge": 3})], SCHEMA, DAY)
    match = qice.batches.Matcher(engine)
    firms = pandas.DataFrame({"uscc": list("DABCA"), "revenue": [3, 1, 5, 2, 9]})
    parts = [match(firms[:2]), match(firms[2:])]
    rows = [list(part.itertuples(index=False, name=None)) for part in parts]
    merged = qice.batches.merge(rows, qice.batches.quotas_of(engine))
    assert [tuple(push)[:4] for push in merged] == [
        ("D", "eligible", 1, "RICH"), ("A", "eligible", 1, "ALL"),
        ("B", "eligible", 1, "ALL"), ("B", "eligible", 2, "RICH")]
    again = qice.batches.merge(rows[::-1], order={"D": 0, "A": 1, "B": 2, "C": 3})
    assert [push.firm_id for push in again] == ["D", "D", "A", "A", "B", "B", "C"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_spark_s_and_ray_s_signatures(engine, frame, size):
    """Iterators of batches, as Spark hands them over; not run on Spark."""
    few = frame[:60]
    batches = [few[i:i + size] for i in range(0, len(few), size)] + [few[:0]]
    match = qice.batches.Matcher(engine, status=STATUSES)
    expected = list(engine.match(few, status=STATUSES))
    frames = list(qice.spark.in_pandas(match)(iter(batches)))
    assert len(frames) == len(batches)
    assert list(pandas.concat(frames).itertuples(index=False, name=None)) == \
        [tuple(push) for push in expected]
    arrow = qice.spark.in_arrow(match, reader=lambda result: iter([result]))(iter(batches))
    assert [push for result in arrow for push in result] == expected
