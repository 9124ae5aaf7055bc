"""Training as scalars of TensorBoard says what the result's histories say, and changes no number."""

import sys

import numpy as np
import pytest

import moiety
from moiety import InputError, estimate_entropy, io
from moiety.chain_rule.estimate import ChainRule
from moiety.estimation.critics import ConvolutionalCritic
from moiety.estimation.tensorboard import ScalarLog
from moiety.estimation.training import Training
from moiety.sweep import Plan, Store
from moiety.sweep.chain import run_chain

pytestmark = pytest.mark.usefixtures("one_thread")
QUICK = {
    "critic": ConvolutionalCritic(),
    "training": Training(steps=50),
    "precision": 1.0,
    "threads": 1,
}


def scalars(folder):
    """Steps and values by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {
        tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]
    }


@pytest.fixture(scope="module")
def samples():
    return moiety.system("ising-chain", size=8, temperature=2.0).sample(64, seed=1)


def test_scalars_are_the_histories_of_the_result(samples, tmp_path):
    with ScalarLog(tmp_path / "log") as log:
        rule = ChainRule(evaluations=2**10, training=Training(steps=25), threads=1)
        result = estimate_entropy(samples, **QUICK, chain_rule=rule, watch=log)
    found = scalars(tmp_path / "log")
    trained = [level for level in result.levels if level.histories]
    assert trained
    for level in trained:
        half = "x".join(map(str, level.shape))
        for fold, history in enumerate(level.histories, start=1):
            for name in ("training", "validation", "bound"):
                steps, values = zip(*found[f"{half}-{half}/{name}/fold-{fold}"], strict=True)
                assert list(steps) == history.steps
                assert np.allclose(values, getattr(history, name), rtol=1e-6)
    assert len(found["chain-rule/bound/fold-1"]) > 0
    plain = estimate_entropy(samples, **QUICK, cross_check=False)
    assert plain.entropy == result.entropy  # who watches changes nothing


def test_each_state_point_of_a_sweep_has_a_folder(tmp_path):
    grid = {"name": "ising-chain", "size": 8, "samples": 64, "temperature": [3.0, 2.0]}
    plan = Plan.of(
        {
            "system": [grid],
            "estimate": {
                "critic": "convolutional",
                "steps": 8,
                "cross_check": False,
                "precision": 1.0,
            },
        }
    )
    run_chain(str(tmp_path / "store"), plan.chains[0], log=str(tmp_path / "log"))
    folders = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert [name.rpartition("-")[0] for name in folders] == [
        f"system-ising-chain-size-8-temperature-{one}-seed-0" for one in (2, 3)
    ]
    result = Store(tmp_path / "store").result(plan.points[0].key)
    trained = next(level for level in result.levels if level.histories)
    found = scalars(tmp_path / "log" / folders[1])
    assert found[f"{trained.shape[0]}-{trained.shape[0]}/bound/fold-1"][-1][1] == pytest.approx(
        trained.histories[0].bound[-1], rel=1e-6
    )


def test_a_second_log_overrules_the_first(tmp_path):
    from moiety.estimation.training import History

    for value in (1.0, 2.0):
        with ScalarLog(tmp_path) as log:
            log("2 | 2", 0, History([25], *[[value]] * 4))
    assert scalars(tmp_path)["2-2/bound/fold-1"] == [(25, 2.0)]


def test_the_commands_write_logs(samples, tmp_path, run):
    io.save(samples, tmp_path / "chain.nc")
    quick = (
        "--critic",
        "convolutional",
        "--steps",
        "8",
        "--precision",
        "1",
        "--no-cross-check",
        "--threads",
        "1",
        "--quiet",
    )
    assert run("estimate", tmp_path / "chain.nc", *quick, "--log-dir", tmp_path / "log").code == 0
    assert any(tag.endswith("/bound/fold-2") for tag in scalars(tmp_path / "log"))
    (tmp_path / "file").write_text("")
    refused = run("estimate", tmp_path / "chain.nc", *quick, "--log-dir", tmp_path / "file" / "log")
    assert (
        refused.code == 2
        and "no log can be written" in refused.err
        and refused.err.count("\n") == 1
    )


def test_without_tensorboard_it_says_how_to_get_it(samples, tmp_path, run, monkeypatch):
    io.save(samples, tmp_path / "chain.nc")
    (tmp_path / "plan.toml").write_text(
        '[[system]]\nname = "ising-chain"\nsize = 8\ntemperature = 2.0\n'
    )
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for words in (("estimate", tmp_path / "chain.nc"), ("sweep", tmp_path / "plan.toml")):
        done = run(*words, "--log-dir", tmp_path / "log")
        assert (
            (done.code, done.out) == (2, "")
            and "pip install 'moiety[tensorboard]'" in done.err
            and done.err.count("\n") == 1
        )
    with pytest.raises(InputError):
        ScalarLog(tmp_path / "log")
    assert not (tmp_path / "log").exists() and not (tmp_path / "plan").exists()
