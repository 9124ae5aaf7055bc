"""The training log holds what the result's histories hold, and changes no number."""

import sys

import numpy as np
import pytest

import moiety
from moiety import InputError, estimate_entropy, io
from moiety.chain_rule.estimate import ChainRule
from moiety.estimation.critics import ConvolutionalCritic
from moiety.estimation.history import History
from moiety.estimation.tensorboard import ScalarLog
from moiety.estimation.training import Training
from moiety.sweep import Plan, Store
from moiety.sweep.chain import run_chain

pytestmark = pytest.mark.usefixtures("one_thread")
TRAINING = Training(steps=10, batch=64, check_every=5)
QUICK = {
    "critic": ConvolutionalCritic(layers=1, filters=2, hidden=4),
    "training": TRAINING,
    "precision": 1.0,
    "threads": 1,
}


def scalars(folder):
    """Steps and values by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    tags = read.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in read.Scalars(tag)] for tag in tags}


def assert_logged(logged, part, histories):
    for fold, history in enumerate(histories, start=1):
        for name in ("training", "validation", "bound"):
            steps, values = zip(*logged[f"{part}/{name}/fold-{fold}"], strict=True)
            assert list(steps) == list(history.steps)
            assert np.allclose(values, getattr(history, name), rtol=1e-6)  # in single precision


@pytest.fixture(scope="module")
def samples():
    return moiety.system("ising-chain", size=4, temperature=2.0).sample(64, seed=1)


@pytest.fixture(scope="module")
def path(samples, tmp_path_factory):
    file = tmp_path_factory.mktemp("samples") / "chain.nc"
    io.save(samples, file)
    return file


def test_scalars_are_the_histories_of_the_result(samples, tmp_path):
    rule = ChainRule(width=4, evaluations=2**8, training=TRAINING)
    with ScalarLog(tmp_path) as log:
        result = estimate_entropy(samples, **QUICK, chain_rule=rule, on_check=log)
    logged = scalars(tmp_path)
    trained = [level for level in result.levels if level.histories]
    assert trained and all(len(level.histories[0].steps) == 2 for level in trained)
    for level in trained:
        half = "x".join(map(str, level.shape))
        assert_logged(logged, f"{half}-{half}", level.histories)
    assert_logged(logged, "chain-rule", result.cross_check.histories)
    plain = estimate_entropy(samples, **QUICK, cross_check=False)
    assert plain.entropy == result.entropy  # the log changes nothing


def test_each_state_point_of_a_sweep_has_a_folder(tmp_path):
    grid = {"name": "ising-chain", "size": 4, "samples": 64, "temperature": [3.0, 2.0]}
    quick = {"critic": "convolutional", "steps": 4, "cross_check": False, "precision": 1.0}
    plan = Plan.of({"system": [grid], "estimate": quick})
    run_chain(str(tmp_path / "store"), plan.chains[0], log=str(tmp_path / "log"))
    folders = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert [name.rpartition("-")[0] for name in folders] == [
        f"system-ising-chain-size-4-temperature-{temperature}-seed-0" for temperature in (2, 3)
    ]
    result = Store(tmp_path / "store").result(plan.points[0].key)
    trained = next(level for level in result.levels if level.histories)
    (side,) = trained.shape
    assert_logged(scalars(tmp_path / "log" / folders[1]), f"{side}-{side}", trained.histories)


def test_a_second_log_replaces_the_first(tmp_path):
    for value in (1.0, 2.0):
        with ScalarLog(tmp_path) as log:
            log("2 | 2", 0, History((25,), *[(value,)] * 4))
    assert scalars(tmp_path)["2-2/bound/fold-1"] == [(25, 2.0)]


def test_the_commands_write_logs(path, tmp_path, run):
    quick = "--critic convolutional --steps 4 --precision 1 --no-cross-check --threads 1 --quiet"
    command = ("estimate", path, *quick.split(), "--log-dir")
    assert run(*command, tmp_path / "log").code == 0
    assert any(tag.endswith("/bound/fold-2") for tag in scalars(tmp_path / "log"))
    (tmp_path / "file").write_text("")
    refused = run(*command, tmp_path / "file" / "log")
    assert refused.code == 2 and refused.err.count("\n") == 1
    assert "no log can be written" in refused.err


def test_without_tensorboard_an_error_says_how_to_install_it(path, tmp_path, run, monkeypatch):
    plan = tmp_path / "plan.toml"
    plan.write_text('[[system]]\nname = "ising-chain"\nsize = 8\ntemperature = 2.0\n')
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for words in (("estimate", path), ("sweep", plan)):
        done = run(*words, "--log-dir", tmp_path / "log")
        assert (done.code, done.out) == (2, "") and done.err.count("\n") == 1
        assert "pip install 'moiety[tensorboard]'" in done.err
    with pytest.raises(InputError):
        ScalarLog(tmp_path / "log")
    assert not (tmp_path / "log").exists() and not (tmp_path / "plan").exists()
