"""Plans: grids, chains, keys, files, and errors with line numbers."""

import pytest

import moiety
from moiety import InputError, io
from moiety.sweep import Store, read_plan, sweep
from sweeps import COUNTED, GRID, TRAINED, here, plan_of, write_plan


def test_a_plan_is_a_grid_of_chains(tmp_path):
    plan = read_plan(write_plan(tmp_path, GRID))
    assert len(plan.chains) == 2 * 2 + 2 * 2  # sizes and seeds; temperatures and seeds
    assert [point.labels["temperature"] for point in plan.chains[0]] == [4.0, 3.0, 2.0]
    assert [point.labels["field"] for point in plan.chains[-1]] == [0.0, 0.1]
    for chain in plan.chains:
        predecessors = [None, *(point.key for point in chain[:-1])]
        assert [point.predecessor for point in chain] == predecessors
        assert {point.settings["critic"] for point in chain} == {"convolutional"}
    assert len({point.key for point in plan.points}) == len(plan.points) == 2 * 2 * 3 + 2 * 2 * 2


def test_keys_depend_on_everything_that_matters_and_nothing_else():
    first, second = plan_of(3.0, 2.0).points
    assert [point.key for point in plan_of(3.0, 2.0).points] == [first.key, second.key]
    assert plan_of(3.0, 2.0, 1.0).points[1].key == second.key  # a longer chain keeps its start
    for other in (
        plan_of(3.1, 2.0),
        plan_of(3.0, 2.0, seeds=1),
        plan_of(3.0, 2.0, precision=0.1),
        plan_of(3.0, 2.0, system=TRAINED),
    ):
        assert other.points[0].key != first.key and other.points[1].key != second.key


def test_keys_are_the_same_in_every_version():
    """Stores of earlier versions stay valid."""
    keys = [point.key for point in plan_of(3.0, 2.0, system={**COUNTED, "size": 6}).points]
    assert keys == ["c363fafca6fe482e", "e967118fd6905afa"]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("seeds = [1, 2]", "seeds = [1, 1]", 2, "different"),
        ("seeds = [1, 2]", "seed = 1", 2, "unknown word 'seed'"),
        ('name = "ising-square"', 'name = "ising-sqare"', 5, "ising-triangular"),
        ("size = [4, 8]", "size = [4, 0]", 6, "size"),
        ("num = 3", "num = 3, step = 1.0", 7, "num or step"),
        ("num = 3", "step = 1.0", 7, "does not lead"),
        ("field = 0.5", "filed = 0.5", 8, "filed"),
        ("field = 0.5", "samples = 2", 8, "samples"),
        ('chain = "field"', 'chain = "fields"', 15, "fields"),
        ("precision = 0.01", "precision = -1", 18, "precision"),
        ('"convolutional"', '"conv"', 19, "unknown critic"),
        ("[estimate]", "[estimates]", 17, "estimates"),
        ("precision = 0.01", "precision = ", 18, "not valid TOML"),
    ],
)
def test_errors_give_the_line(tmp_path, old, new, line, message):
    assert old in GRID
    path = write_plan(tmp_path, GRID.replace(old, new))
    with pytest.raises(InputError, match=message) as error:
        read_plan(path)
    assert f"{path}:{line}:" in str(error.value) or f"line {line}," in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "seeds = 1\n", "[[files]]\nglob = 'none/*.npy'\n"])
def test_an_empty_plan_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="nothing to estimate|no file matches"):
        read_plan(write_plan(tmp_path, text))


FILES = """
[[files]]
glob = "runs/L{size}_T{temperature}.npz"
[estimate]
cross_check = false
"""


@pytest.fixture
def runs(tmp_path):
    """A folder with files of two temperatures and sizes."""
    (tmp_path / "runs").mkdir()
    for temperature in (2.0, 3.0):
        for size in (3, 4):
            model = moiety.system("ising-chain", size=size, temperature=temperature)
            samples = model.sample(COUNTED["samples"], seed=1)
            io.save(samples, tmp_path / f"runs/L{size}_T{temperature}.npz")
    return tmp_path


def temperatures(plan):
    return [[point.labels["temperature"] for point in chain] for chain in plan.chains]


def test_labels_of_files_are_in_their_names_or_attributes(runs):
    plan = read_plan(write_plan(runs, FILES))
    assert temperatures(plan) == [[3.0, 2.0]] * 2
    assert {point.labels["size"] for point in plan.points} == {3, 4}
    attributes = FILES.replace("_T{temperature}", "_T*").replace(
        '.npz"', '.npz"\nattributes = ["temperature"]'
    )
    assert temperatures(read_plan(write_plan(runs, attributes))) == temperatures(plan)


def test_files_are_identified_by_their_contents(runs):
    plan, store = read_plan(write_plan(runs, FILES)), Store(runs / "store")
    assert sweep(plan, store, here).done == 4
    (runs / "runs").rename(runs / "elsewhere")
    moved = read_plan(write_plan(runs, FILES.replace("runs/", "elsewhere/")))
    assert sweep(moved, store, here).done_before == 4
