"""Run settings: plain keywords in public functions, frozen objects inside."""

import pytest

from moiety import InputError
from moiety.base.errors import Stopped
from moiety.estimation.execution import Execution, Hooks, RunOptions, run_settings
from moiety.estimation.history import History


def test_keywords_become_settings_hooks_and_a_time_limit():
    def progress(done, total, text):
        pass

    assert run_settings({}) == (Execution(), Hooks(), None)
    assert run_settings({"seed": 3, "folds": 4, "progress": progress, "time_limit": 5.0}) == (
        Execution(seed=3, folds=4),
        Hooks(progress=progress),
        5.0,
    )
    everything = dict.fromkeys(RunOptions.__annotations__)
    everything |= {"seed": 1, "device": "cpu", "threads": 1, "folds": 2}
    run_settings(everything)  # every declared keyword is known


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'sead'"):
        run_settings({"seed": 1, "sead": 2})


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_a_time_limit_must_be_positive(limit):
    with pytest.raises(InputError, match="time_limit must be positive"):
        run_settings({"time_limit": limit})


def test_bad_settings_are_refused_where_they_are_given():
    with pytest.raises(InputError, match="folds must be at least 2"):
        run_settings({"folds": 1})


def test_a_task_reports_progress_and_stops_when_it_is_over():
    shown, over = [], []
    hooks = Hooks(progress=lambda *step: shown.append(step))
    task = hooks.task("4 | 4", 1, 3, lambda: bool(over))
    task.tick()
    assert shown[0] == (1, 3, "4 | 4") and 1 < shown[1][0] < 2  # never beyond its own level
    over.append(True)
    with pytest.raises(Stopped, match="stopped during 4 | 4"):
        task.tick()
    assert task.on_check is None


def test_checks_carry_the_name_of_what_is_trained():
    seen = []
    hooks = Hooks(on_check=lambda name, fold, history: seen.append((name, fold, history)))
    hooks.task("4 | 4", 1, 3).on_check(1, History((25,)))
    assert seen == [("4 | 4", 1, History((25,)))]
