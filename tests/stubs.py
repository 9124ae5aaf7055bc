"""Estimates and cuts with known numbers, for tests of what is built from them."""

from types import SimpleNamespace

import numpy as np

from moiety.base.errors import Stopped
from moiety.data.samples import Samples
from moiety.entropy.climb import Climb
from moiety.entropy.rungs import ClimbRules, LadderCut
from moiety.entropy.sample_statistics import SampleStatistics
from moiety.estimation.estimator import Estimator, MutualInformation
from moiety.estimation.execution import Execution
from moiety.estimation.history import History, TrainingStatus


def information(value, error=1e-3, **parts) -> MutualInformation:
    """A known M whose error comes from the samples; `parts` replaces other fields."""
    fields = {
        "missing": 0.0,
        "late": 0.0,
        "spread": 0.0,
        "influence": np.zeros(64),
        "bounds": {},
        "support": 1e6,
        "places": None,
        "status": TrainingStatus.CONVERGED,
        "histories": (History((1,), (0.0,), (0.0,), (0.0,), (value,)),),
        "modules": (),
        "seconds": 1.0,
    }
    return MutualInformation(value, error, **{**fields, **parts})


def ladder_cut(interface, volume=16.0, weight=1e-4, places=1.0, effort=1.0) -> LadderCut[str]:
    """A cut of no particular block, which its key names."""
    key = (volume, float(interface))
    source = SimpleNamespace(interface=interface, key=key)
    name = f"interface {interface:g}"
    return LadderCut(name, key, name, volume, interface, weight, places, lambda: source, effort)


class Answers:
    """Stands for `mutual_information_of`: returns known estimates and remembers the calls."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def __call__(self, source, shape, estimator, execution, **options):
        self.calls.append(
            SimpleNamespace(
                source=source,
                shape=shape,
                training=estimator.training,
                execution=execution,
                **options,
            )
        )
        answer = self.answers.pop(0)
        if isinstance(answer, Stopped):
            raise answer
        return answer


def climb_of(cuts, rules=None, effective=1e9, warm_start=None, seed=0) -> Climb:
    statistics = SampleStatistics(tau=0.5, effective=effective, rhat=1.0)
    execution = Execution(seed=seed)
    return Climb(
        cuts, Estimator(), execution, statistics, (4, 16), rules or ClimbRules(), warm_start
    )


def samples_of(n=64, chains=1, shape=(2, 2)) -> Samples:
    """Samples for their numbers of chains and draws."""
    return Samples.from_array(
        np.zeros((chains, n // chains, *shape), int),
        axes=("chain", "draw", *"xyz"[: len(shape)]),
        states=2,
        periodic=True,
    )
