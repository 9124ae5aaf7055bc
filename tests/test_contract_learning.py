"""Every critic, objective and kind of state learns: most of a known M, and nothing where M = 0."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from battery import KINDS, built, every_two_of, knows_columns, stream, windows
from moiety.estimation.critics import CRITICS
from moiety.estimation.evaluation import calibration, evaluate, sample_influence
from moiety.estimation.objectives import OBJECTIVES, DonskerVaradhanBound
from moiety.estimation.pairs import shifts
from moiety.estimation.scores import Batch, scores
from moiety.estimation.training import Training, train

TRAIN, VALIDATION, TEST = np.arange(2048), np.arange(2048, 2560), np.arange(2560, 4096)
CONFIG = Training(steps=80, batch=128, warm_up=10, check_every=80)

pytestmark = pytest.mark.usefixtures("one_thread")
every_pair = pytest.mark.parametrize(
    "objective, kind, critic", every_two_of(list(OBJECTIVES), list(KINDS), list(CRITICS))
)


def learnt(critic, objective, kind, space, coupled=True, config=CONFIG):
    """Loss on validation pairs before and after, the bound on test pairs, and its error."""
    view, rng = windows(kind, space, 4096, coupled=coupled), stream(1)

    def draw(indices, size, products):
        order = torch.randperm(len(indices), generator=rng)[:size]
        picks = torch.from_numpy(indices)[order].sort()[0]
        return picks, Batch(*view.draw(picks, rng), shifts(size, len(picks), 0.0, products, rng))

    network, judge = built(critic, view.shape), [draw(VALIDATION, 512, objective.products)[1]]
    with torch.no_grad():
        before = float(objective.loss(*scores(network, judge[0]), None)[0])
    trained = train(
        network,
        objective,
        DonskerVaradhanBound(),
        lambda: draw(TRAIN, 128, objective.products)[1],
        judge,
        config,
    )
    calibrate, _ = calibration(trained.module, judge)
    scored = evaluate(trained.module, iter([draw(TEST, len(TEST), 4)]), calibrate)
    error = sample_influence(scored, DonskerVaradhanBound(), TEST).std() / len(TEST) ** 0.5
    bound = DonskerVaradhanBound()(scored.joint, scored.product)
    return before, -trained.history.validation[-1], bound, error


@every_pair
def test_few_steps_learn_most_of_the_information(critic, objective, kind):
    objective = OBJECTIVES[objective]()
    space = "2-D" if kind in ("two states", "real") else "1-D"
    known = KINDS[kind].information * {"1-D": 1, "2-D": 2}[space]
    before, after, bound, error = learnt(critic, objective, kind, space)
    assert after < before - 0.05
    least = known / 2
    if knows_columns(objective):
        # F is free up to a function of a, by which DV falls short: the loss itself is the bound
        least = max(known / 4, 8 * error)
        assert -after > 0.7 * known  # it cannot exceed log 16; the smallest value seen is 0.78 M
    assert least < bound < known + 4 * error, f"{bound:.3f} ± {error:.3f} of {known:.3f}"


@every_pair
def test_independent_halves_teach_nothing(critic, objective, kind):
    """Negative control."""
    config = replace(CONFIG, steps=40, check_every=40)
    *_, bound, error = learnt(
        critic, OBJECTIVES[objective](), kind, "1-D", coupled=False, config=config
    )
    assert bound < 4 * error + 1e-3 and bound < 0.05
