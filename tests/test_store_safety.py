"""A store touches nothing that it did not write: other people's files, links, damaged records."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from moiety import InputError
from moiety.sweep import Store, _marker, collect, sweep
from moiety.sweep._marker import MARKER
from moiety.sweep.store import DONE, LEFT
from sweeps import PAIR, here, plan_of, write_plan

PLAN = plan_of(3.0, 2.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished store."""
    store = Store(tmp_path_factory.mktemp("finished") / "store")
    assert sweep(PLAN, store, here).done == 2
    return store.folder


@pytest.fixture
def store(finished, tmp_path):
    """A copy of the finished store."""
    return Store(shutil.copytree(finished, tmp_path / "store"))


def contents(folder):
    """Every file below a folder with its text, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


FOREIGN = {
    "a foreign plan": {"plan.toml": "mine", "plan.json": '{"mine": true}'},
    "a foreign folder of points": {"points/data.csv": "1 2 3", "notes.txt": "mine"},
    "foreign points alone": {"points/data.csv": "1 2 3"},
    "points of hex names beside a foreign plan": {
        "points/0123456789abcdef/x.csv": "1",
        "plan.json": "{}",
    },
    "one foreign file": {"thesis.tex": "mine"},
    "a marker that is none": {MARKER: "[]", "thesis.tex": "mine"},
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_folder_is_refused_and_stays_as_it_is(tmp_path, run, files):
    folder = tmp_path / "work"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    before, plan = contents(folder), write_plan(tmp_path, PAIR)
    refused = run("sweep", plan, "--out", folder)
    assert refused.code == 2 and "holds no sweep" in refused.err
    assert run("sweep", plan, "--out", folder, "--dry-run").code == 2
    for verb in ("status", "clean"):
        done = run(verb, folder)
        assert done.code == 2 and "holds no sweep" in done.err
    assert contents(folder) == before


def test_an_empty_folder_becomes_a_store(tmp_path):  # negative control
    (tmp_path / "store").mkdir()
    assert sweep(PLAN, Store(tmp_path / "store"), here).done == 2
    assert json.loads((tmp_path / "store" / MARKER).read_text()) == {"format": 1}


@pytest.mark.parametrize("with_plan", [True, False])
def test_a_store_of_the_first_version_is_recognised_and_marked(store, with_plan):
    (store.folder / MARKER).unlink()
    if not with_plan:  # interrupted before the plan was written
        (store.folder / "plan.json").unlink()
    assert sweep(PLAN, Store(store.folder), here).done_before == 2
    assert (store.folder / MARKER).is_file()


def test_jobs_of_an_array_may_create_a_store_at_the_same_time(tmp_path):
    (tmp_path / "store" / "points").mkdir(parents=True)
    (tmp_path / "store" / ".moiety-0123456789ab.json").touch()  # the marker of another job
    assert sweep(PLAN, Store(tmp_path / "store"), here).done == 2
    with ThreadPoolExecutor(8) as pool:
        stores = [*pool.map(lambda _: Store(tmp_path / "other"), range(32))]
    assert len(stores) == 32 and (tmp_path / "other" / MARKER).is_file()


def test_a_marker_that_appears_between_two_looks(tmp_path, monkeypatch):
    """Another job of an array writes it after this one has looked for it, or does not."""
    folder = tmp_path / "store"
    (folder / "points").mkdir(parents=True)
    monkeypatch.setattr(_marker, "_is_unmarked_store", lambda looked: False)
    with pytest.raises(InputError, match="holds no sweep"):  # negative control
        Store(folder)
    monkeypatch.setattr(_marker, "_is_unmarked_store", lambda looked: _marker.mark(looked))
    assert Store(folder).folder == folder


def test_a_store_of_a_later_version_is_refused(store):
    (store.folder / MARKER).write_text('{"format": 2}')
    for make in (Store, Store.open):
        with pytest.raises(InputError, match="later version"):
            make(store.folder)


def test_clean_deletes_only_what_a_store_writes(store):
    points = store.folder / "points"
    foreign = [points / "notes.txt", points / "data" / "x.csv", points / ("0" * 16) / "x.csv"]
    other = points / ("f" * 16)
    for path in (*foreign, other / "done.json", other / "failure-1.log"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("1 2 3")
    assert store.clean() == 1  # the folder of another plan
    assert not other.exists() and all(path.read_text() == "1 2 3" for path in foreign)
    assert [state.state for state in store.states()] == [DONE, DONE]


def test_clean_follows_no_links(store, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "done.json").write_text("mine")
    os.symlink(mine, store.folder / "points" / ("e" * 16))
    assert store.clean() == 0
    (store.folder / "points").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", store.folder / "points")
    before = contents(tmp_path / "elsewhere")
    for call in (store.clean, lambda: Store(store.folder), lambda: Store.open(store.folder)):
        with pytest.raises(InputError, match="is a link"):
            call()
    assert contents(tmp_path / "elsewhere") == before and (mine / "done.json").exists()


@pytest.mark.parametrize("name", ["done.json", "result.nc", "lock", "plan.json", "plan.toml"])
def test_nothing_is_written_through_a_link(tmp_path, name):
    mine, store = tmp_path / "mine", Store(tmp_path / "store")
    mine.write_text("mine")
    inside = store.folder if name.startswith("plan") else store.prepare(PLAN.points[0].key)
    os.symlink(mine, inside / name)
    with pytest.raises(InputError, match="is a link"):
        store.prepare(PLAN.points[0].key)
        Store(store.folder)
    assert mine.read_text() == "mine"


def mutated(text, change):
    record = json.loads(text)
    change(record)
    return json.dumps(record)


DAMAGED = {
    "empty object": lambda text: "{}",
    "a list": lambda text: "[]",
    "not JSON": lambda text: "{",
    "deep": lambda text: "[" * 100_000,
    "long number": lambda text: "1" * 10_000,
    "text for a number": lambda text: mutated(text, lambda record: record.update(seconds="long")),
    "null for a number": lambda text: mutated(text, lambda record: record.update(entropy=None)),
    "no baselines": lambda text: mutated(text, lambda record: record.pop("baselines")),
    "a baseline without value": lambda text: mutated(
        text, lambda record: record.update(baselines={"naive": 1})
    ),
    "no time": lambda text: mutated(text, lambda record: record.pop("seconds")),
    "a list of files": lambda text: mutated(text, lambda record: record.update(files=[])),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_counts_as_unfinished(store, run, damage):
    path = store.folder_of(PLAN.points[0].key) / "done.json"
    path.write_text(damage(path.read_text()))
    assert [state.state for state in Store(store.folder).states()] == [LEFT, DONE]
    for words in (("status", store.folder), ("report", store.folder, "--out", "page.html")):
        words = [store.folder.parent / word if word == "page.html" else word for word in words]
        assert run(*words).code == 0
    assert collect(store).attrs["finished"] == 1


PLANS = {
    "empty object": lambda plan: plan.clear(),
    "no chains": lambda plan: plan.pop("chains"),
    "an empty chain": lambda plan: plan["chains"].append([]),
    "a number for a chain": lambda plan: plan.update(chains=[1]),
    "text for labels": lambda plan: plan["chains"][0][0].update(labels="x"),
    "labels without seed": lambda plan: plan["chains"][0][0]["labels"].pop("seed"),
    "nested labels": lambda plan: plan["chains"][0][0]["labels"].update(size={"a": 1}),
    "no source": lambda plan: plan["chains"][0][0].update(source={}),
    "an unknown system": lambda plan: plan["chains"][0][0]["source"].update(system="big"),
    "a list for the name of a system": lambda plan: plan["chains"][0][0]["source"].update(
        system=[]
    ),
    "no parameters": lambda plan: plan["chains"][0][0]["source"].pop("parameters"),
    "a parameter of another type": lambda plan: plan["chains"][0][0]["source"].update(
        parameters={"size": {}, "temperature": 1}
    ),
    "a negative seed": lambda plan: plan["chains"][0][0].update(seed=-1),
}


@pytest.mark.parametrize("change", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("verb", ["status", "collect", "report", "probe", "clean"])
def test_a_damaged_plan_is_one_line(store, tmp_path, run, change, verb):
    path = store.folder / "plan.json"
    path.write_text(mutated(path.read_text(), change))
    outputs = {"collect": ("--out", tmp_path / "all.nc"), "report": ("--out", tmp_path / "x.html")}
    before = contents(tmp_path)
    done = run(verb, store.folder, *outputs.get(verb, ()))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert str(path) in done.err and "run moiety sweep again" in done.err
    assert contents(tmp_path) == before


def test_odd_logs_and_names_are_shown(store, run, tmp_path):
    plan = plan_of(3.0, 2.0, 1.0)
    store.save_plan(plan)
    folder = store.prepare(plan.points[2].key)
    (folder / "failure-x.log").write_text("not a log of ours")
    for number in range(1, 4):
        (folder / f"failure-{number}.log").write_bytes(b"\xff\xfe\x1b[31m broken\n")
    assert run("status", store.folder).code == 1
    done = run("report", store.folder, "--out", tmp_path / "x.html")
    assert done.code == 0 and "broken" in (tmp_path / "x.html").read_text(encoding="utf-8")


VALUES = (None, "", -1, [], {}, 1e400, "\ud800", True, 10**400, {"a": {"b": 1}}, "$\\frac$<b>")


def places(record, start=()):
    """Every key and position of nested mappings and lists."""
    parts = record.items() if isinstance(record, dict) else enumerate(record)
    for key, value in parts:
        yield (*start, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*start, key))


def replaced(record, place, value):
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(copy)


@pytest.mark.parametrize("name", ["plan.json", "done.json", "running.json", "point.json", MARKER])
def test_a_wrong_value_anywhere_is_one_line_or_no_matter(store, run, tmp_path, name):
    """Each place of a record in turn gets a wrong value, and every command reads the store."""
    point = PLAN.points[1]
    store.heartbeat(point, 0.5, "samples")
    top = name in ("plan.json", MARKER)
    path = (store.folder if top else store.folder_of(point.key)) / name
    record, random = json.loads(path.read_text()), Random(0)
    chosen = [*places(record)]
    verbs = (
        ("status", store.folder),
        ("collect", store.folder, "--out", tmp_path / "all.nc", "--force"),
        ("report", store.folder, "--out", tmp_path / "x.html", "--force"),
    )
    for place in random.sample(chosen, min(len(chosen), 12)):
        path.write_text(replaced(record, place, random.choice(VALUES)))
        for verb in verbs:
            done = run(*verb)
            assert done.code in (0, 1, 2), place
            assert done.code == 0 or done.err.count("\n") <= 1
    path.write_text(json.dumps(record))
    assert run("status", store.folder).code == 0  # negative control
