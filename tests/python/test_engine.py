"""Engine and answers: policies that change, pickles, threads, types, what notebooks show."""

import _thread
import contextlib
import itertools
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import qice
from conftest import DAY, ROOT, SCHEMA, policy

FIRM = {"uscc": "X", "revenue": 2, "dishonest": False}
OPEN = {"always": True}


def ids(answer):
    return [push.policy_id for push in answer]


def test_policies_come_change_and_go(small):
    assert ids(small.firm(FIRM)) == ["RICH", "HONEST"]
    before = small.match([FIRM])
    assert small.add([policy("NEW", OPEN, priority=9), policy("RICH", {"always": False})]) == \
        ["NEW", "RICH"]
    assert ids(small.firm(FIRM)) == ["NEW", "HONEST"] == ids(small.match([FIRM]))
    assert small.remove("NEW") and not small.remove("NEW")
    assert "NEW" not in small and len(small) == 5
    assert ids(before) == ["RICH", "HONEST"]  # an answer is of its moment
    small.set_day("2019-06-15")
    assert small.as_of == "2019-06-15"
    assert small.replace('{"id": "ONE", "rule": {"always": true}}') == ["ONE"]
    assert small.policies == ["ONE"] and small.about("ONE")["life_cycle"] == "open"


def test_a_wrong_change_changes_nothing(small):
    with pytest.raises(qice.InvalidInput):
        small.add([policy("GOOD", OPEN), policy("BAD", {"field": "nothing", "ge": 1})])
    assert small.policies == ["RICH", "OLD", "HONEST", "HNTE", "A"]


def test_errors_have_a_place_and_all_of_them_are_kept(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": "A", "rule": {"always": true}}\n'
                    '{"id": "B", "rule": {"field": "revenue", "ge": "high"}}\n{"id": 3}\n')
    with pytest.raises(qice.InvalidInput) as caught:
        qice.Engine(path, SCHEMA, DAY)
    error = caught.value
    assert (error.file, error.line, error.code) == (str(path), 2, "invalid_input")
    assert error.column and 'policy "B"' in str(error) and len(error.errors) == 2
    again = pickle.loads(pickle.dumps(error))
    assert (again.line, str(again)) == (2, str(error))
    engine = qice.Engine(path, SCHEMA, DAY, skip_bad_policies=True)
    assert engine.policies == ["A"] and len(engine.errors) == 2
    with pytest.raises(qice.Error):
        qice.Engine(tmp_path / "none.json", SCHEMA, DAY)


def test_a_file_that_cannot_be_written_is_named(small, tmp_path):
    path = str(tmp_path / "no such folder" / "pushes.csv")
    with pytest.raises(qice.IoError, match="cannot write this file: No such file") as caught:
        small.match([FIRM]).write(path)
    error = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, OSError) and (error.filename, error.file) == (path, path)
    assert str(error).startswith(path)


@pytest.mark.parametrize("call", [
    lambda e: e.match([FIRM], top=0), lambda e: e.match([FIRM], top=1.5),
    lambda e: e.firm(FIRM, top="all"), lambda e: e.match("firms\0.csv"), lambda e: e.add("a\0b"),
    lambda e: e.match([FIRM]).write("a\0b"), lambda e: e.match([FIRM], status="fine"),
    lambda e: e.match([FIRM], by="city"), lambda e: e.match([FIRM], threads=0),
    lambda e: e.firm("X"), lambda e: e.firm(3), lambda e: e.explain(FIRM, "RICHE"),
    lambda e: e.firm({"revenu": 1}), lambda e: e.set_day("June"), lambda e: e.about("RICHE"),
    lambda e: e.firm("Y", firms=e.read([FIRM])), lambda e: qice.Engine(3), lambda e: qice.Engine([3]),
    lambda e: qice.Engine([], as_of=3), lambda e: qice.Schema(3),
    lambda e: e.match([FIRM]).write_counts("x")])
def test_wrong_use_is_an_error_with_a_sentence(small, call):
    with pytest.raises(qice.Error) as caught:
        call(small)
    assert len(str(caught.value)) > 10


def test_closed_engines_and_firms_say_so(small):
    firms = small.read([FIRM])
    with small as engine, firms:
        pass
    engine.close()
    for call in (lambda: engine.match([FIRM]), lambda: engine.firm(FIRM), lambda: len(engine),
                 lambda: engine.add([]), lambda: pickle.dumps(engine), lambda: len(firms)):
        with pytest.raises(qice.ClosedError):
            call()
    assert "closed" in repr(engine) and "closed" in repr(firms)


def test_firms_of_another_day_are_refused(small):
    firms = small.read([FIRM])
    small.set_day("2026-06-16")
    with pytest.raises(qice.Error):
        small.match(firms)


def test_a_pickle_is_the_same_engine(city, engine, written, small, tmp_path):
    again = pickle.loads(pickle.dumps(engine))
    assert written(again.match(city.firms)) == written(engine.match(city.firms))
    small.add(policy("NEW", OPEN))
    small.remove("RICH")
    small.add(policy("RICH", OPEN))
    small.remove("A")
    again = pickle.loads(pickle.dumps(small))
    assert again.policies == small.policies
    assert ids(again.match([FIRM])) == ids(small.match([FIRM]))
    (tmp_path / "codes.csv").write_text("code,name,parent\nX,x,\nX1,x1,X\n")
    schema = tmp_path / "schema.json"
    schema.write_text('{"id": "id", "fields": [{"name": "f", "kind": "code", "codes": "codes.csv"}]}')
    here = qice.Engine(policy("P", {"field": "f", "under": "X"}), schema, DAY)
    moved = pickle.dumps(pickle.loads(pickle.dumps(here)))
    schema.unlink()
    assert ids(pickle.loads(moved).firm({"f": "X1"})) == ["P"]


def test_policy_explain_and_lint(small):
    firms = small.read([{"uscc": str(i), "revenue": i} for i in range(10)])
    answer = small.policy("RICH", firms, top=3)
    assert answer.counts == qice.Counts(8, 0, 0, 2) and len(answer) == 3
    draft = policy("DRAFT", {"field": "revenue", "ge": 9})
    assert small.policy(draft, firms).counts.eligible == 1
    explanation = small.explain({"revenue": "1.2"}, "RICH")
    assert explanation.verdict == "near" and "RICH" in explanation.text("en")
    assert explanation.to_dict()["verdict"] == "near"
    assert small.explain("9", draft, firms=firms).verdict == "eligible"
    assert small.explain("8", draft, firms=firms).verdict == "near"
    assert any(warning.kind == "no_title" for warning in small.lint())


def test_an_answer_is_a_sequence_of_pushes(small):
    firms = small.read([{"uscc": str(i), "revenue": i, "grade": "A"} for i in range(10)])
    for answer in (small.policy("RICH", firms), small.firm("7", firms=firms)):
        pushes = list(answer)
        assert answer[0] == pushes[0] and answer[-1] == pushes[-1] and answer[:2] == pushes[:2]
        assert len(pushes) > 1 and list(reversed(answer)) == pushes[::-1] and pushes[1] in answer
        with pytest.raises(IndexError):
            answer[len(pushes)]
        with pytest.raises(TypeError):
            answer["RICH"]


def test_results_as_frames_dicts_and_counts(city, engine):
    result = engine.match(city.firms, top=2, counts=True)
    rows = list(result)
    frame = result.to_pandas()
    assert [tuple(row) for row in frame.itertuples(index=False)] == [tuple(row) for row in rows]
    assert result.to_dicts()[0] == rows[0]._asdict() and len(result) == len(rows)
    assert sum(result.totals.values()) == len(rows)
    result.write_counts(city.folder / "counts.csv")
    city.match("--counts", city.folder / "program_counts.csv")
    assert (city.folder / "counts.csv").read_bytes() == \
        (city.folder / "program_counts.csv").read_bytes()
    lines = (city.folder / "counts.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert lines == [",".join(map(str, (name, *count))) for name, count in result.counts.items()]


def test_closed_policies_are_marked_when_asked_for():
    engine = qice.Engine(policy("P", OPEN, status="draft"), SCHEMA, DAY, include_closed=True)
    assert list(engine.match([FIRM]).to_pandas()["life_cycle"]) == ["draft"]


def test_notebooks_show_tables_in_which_nothing_runs():
    nasty = "<script>alert(1)</script>"
    engine = qice.Engine(policy(nasty, OPEN, title=nasty), SCHEMA, DAY)
    firm = {"uscc": nasty, "name": nasty}
    for shown in (engine.match([firm]), engine.firm(firm), engine.explain(firm, nasty),
                  engine.policy(nasty, [firm])):
        html = shown._repr_html_()
        assert "<script>" not in html and "&lt;script&gt;" in html
        assert repr(shown).startswith("<qice.")


def test_matches_run_beside_python_and_each_other(city, engine, written):
    """The counter goes on while others match; all get the same bytes."""
    expected = written(engine.match(city.firms))
    firms, results, counted, done = engine.read(city.firms), [], [0], threading.Event()

    def match():
        for _ in range(5):
            results.append(engine.match(firms, threads=2))

    def count():
        while not done.is_set():
            counted[0] += 1

    threads = [threading.Thread(target=match) for _ in range(4)]
    counter = threading.Thread(target=count)
    for thread in (counter, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    counter.join()
    assert len(results) == 20 and counted[0] > 0
    assert all(written(result) == expected for result in results)


def test_the_gil_is_free_during_a_match(city, engine):
    """Another thread sees the time in the middle of a match. With the GIL held it never could."""
    firms, stop, times = engine.read(city.firms), threading.Event(), []

    def look():
        while not stop.is_set():
            times.append(time.perf_counter())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(1000):
            times.clear()
            begin = time.perf_counter()
            engine.match(firms, top=None, status="eligible,review,needs_data,near", threads=1)
            third = (time.perf_counter() - begin) / 3
            if any(begin + third < moment < begin + 2 * third for moment in list(times)):
                return
    finally:
        stop.set()
        thread.join()
    pytest.fail("no other thread ran during a match")


def test_ctrl_c_ends_a_match(city, engine):
    firms = engine.read(city.firms)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        while True:
            engine.match(firms, status="eligible,review,needs_data,near", top=None)
    assert len(engine.match(firms)) > 0  # and the engine goes on


@contextlib.contextmanager
def interrupted():
    """What stands within would go on for ever, but for a signal that is what Ctrl-C is."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


ENDLESS = """
import itertools, sys
with open(sys.argv[1], "w") as out:
    if sys.argv[1].endswith("csv"):
        out.write("uscc,revenue\\n")
    for n in itertools.count():
        out.write(f"{n},1\\n" if sys.argv[1].endswith("csv") else f'{{"uscc": {n}}}\\n')
"""


@pytest.mark.parametrize("name", ["firms.csv", "firms.jsonl"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_the_reading_of_a_file(engine, tmp_path, name, threads):
    os.mkfifo(tmp_path / name)  # a file that never ends
    with subprocess.Popen([sys.executable, "-c", ENDLESS, tmp_path / name],
                          stderr=subprocess.DEVNULL) as writer:
        with interrupted():
            engine.read(tmp_path / name, threads=threads)
        writer.kill()


def test_ctrl_c_ends_the_reading_of_dicts(engine):
    with interrupted():
        engine.read(itertools.repeat({"uscc": "A"}))  # no step of this runs any Python


def test_importing_imports_neither_numpy_nor_pandas():
    code = "import sys, qice; print([m for m in ('numpy', 'pandas', 'dask') if m in sys.modules])"
    folder = str(pathlib.Path(qice.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": folder},
                          capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def mypy(*args, **options):
    return subprocess.run([sys.executable, "-m", "mypy", *args], capture_output=True, text=True,
                          check=False, **options)


def test_the_package_is_typed_and_wrong_types_are_reported(tmp_path):
    package = ROOT / "bindings/python"
    done = mypy("--config-file", "pyproject.toml", "--cache-dir", str(tmp_path / "own"),
                cwd=package)
    assert done.returncode == 0, done.stdout
    (tmp_path / "use.py").write_text(textwrap.dedent("""
        import qice
        engine = qice.Engine("policies.json", as_of="2026-06-15")
        engine.match([{"uscc": "A"}], top="five")
        engine.match(3)
        reveal_type(engine.firm({"uscc": "A"}).counts)
    """))
    done = mypy("--cache-dir", str(tmp_path / "cache"), "use.py", cwd=tmp_path,
                env={"MYPYPATH": str(package), "PATH": "/usr/bin:/bin"})
    assert 'use.py:4: error: Argument "top"' in done.stdout, done.stdout
    assert "use.py:5: error" in done.stdout and "Dict" in done.stdout.replace("dict", "Dict")


def test_pip_installs_it_without_a_network(tmp_path, request):
    build = request.config.getoption("--build") and pathlib.Path(request.config.getoption("--build")).resolve()
    if build is None:
        pytest.skip("no build folder was given (--build)")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", venv], check=True)
    done = subprocess.run(
        [venv / "bin/pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "--quiet",
         ROOT / "bindings/python"], env={"QICE_BUILD_DIR": build, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = ("import json, qice; e = qice.Engine({'id': 'P', 'rule': {'field': 'revenue', 'ge': 1}}, "
            "as_of='2026-06-15'); print(json.dumps([qice.__file__, qice.data_directory(), "
            "[p.policy_id for p in e.firm({'revenue': 2})]]))")
    out = subprocess.run([venv / "bin/python", "-c", code], cwd=tmp_path, env={},
                         capture_output=True, text=True, check=True).stdout
    where, data, found = json.loads(out)
    assert where.startswith(str(venv)) and data.startswith(str(venv)) and found == ["P"]
