"""Every check passes where it should and fails, with its message, where it should not."""

from dataclasses import replace

import pytest

from moiety.entropy.checks import lattice_status
from moiety.entropy.limits import EntropyLimits
from moiety.entropy.own_blocks import BlockBound
from moiety.inspection import Finding
from moiety.results.types import Base, CrossCheck, Level, Source

SAMPLES = {"n": 1000, "effective": 800.0, "tau": 0.6, "rhat": 1.01}
BUDGET = {"samples": 1e-3, "base": 1e-5, "training": 1e-3, "folds": 0.0, "tail": 0.0}
BASES = (Base((2, 2), 16, 2.5, 0.01, 64000),)


def level(depth, shape, m, source=Source.ESTIMATED, status="converged", error=0.01, bounds=()):
    volume, interface = shape[0] * shape[1], max(shape)
    weight = 1 / (2 * volume)
    bounds = dict(zip("abc", bounds, strict=False))
    return Level(depth, shape, volume, interface, 1, weight, m, error, source, status, bounds)


LEVELS = (
    level(1, (4, 8), 1.6),
    level(2, (4, 4), 0.9),
    level(3, (2, 4), 0.8),
    level(4, (2, 2), 0.45),
    level(5, (1, 2), 0.4, Source.COUNTED, "counted"),
)


AXES = (0, 1, 0, 1, 0)
BLOCKS = BlockBound((2, 2), 0.55, 1e-3)
LIMITS = EntropyLimits(states=0.6931, sites=0.6, error=1e-3, blocks=BLOCKS)


def status(
    samples=SAMPLES, levels=LEVELS, bases=BASES, budget=BUDGET, refused=(), other=None, **more
):
    more = {"axes": AXES, "entropy": 0.5, "limits": LIMITS, **more}
    return lattice_status(samples, levels, bases, budget, refused, other, **more)


def with_level(place, **changes):
    return (*LEVELS[:place], replace(LEVELS[place], **changes), *LEVELS[place + 1 :])


def tail(*reasons):
    """The largest levels extrapolated, for these reasons."""
    far = [
        replace(LEVELS[k], source=Source.EXTRAPOLATED, status=reason)
        for k, reason in enumerate(reasons)
    ]
    return (*far, *LEVELS[len(reasons) :])


def test_a_good_estimate_passes_every_check():
    good = status(other=CrossCheck(0.5, 0.01, difference=0.01, difference_error=0.01))
    assert good.ok and good.warnings == ()
    assert [check.name for check in good.checks] == [
        "effective samples", "chains mixed", "M >= 0", "M grows with size", "training",
        "bounds agree", "ladder", "counted blocks", "M <= S(block)", "s in range", "s <= H(site)",
        "s <= H(block)", "cross-check",
    ]  # fmt: skip
    assert len(status().checks) == 12  # without a second route
    assert len(status(limits=None).checks) == 8  # continuous states have no such limits
    assert all(len(check.message.splitlines()) == 1 for check in good.checks)


@pytest.mark.parametrize(
    "name, changes, message",
    [
        (
            "effective samples",
            {"samples": {**SAMPLES, "effective": 99.0, "tau": 5.05}},
            "effective sample size 99 of 1000 samples (tau_int = 5 draws)",
        ),
        (
            "effective samples",
            {"samples": {**SAMPLES, "n": 20, "effective": 20.0}},
            "effective sample size 20 of 20 samples",
        ),
        ("chains mixed", {"samples": {**SAMPLES, "rhat": 1.11}}, "the chains have not mixed"),
        ("M >= 0", {"levels": with_level(4, mutual_information=-0.031)}, "M is negative at 1x2"),
        (
            "M grows with size",
            {"levels": with_level(1, mutual_information=0.4)},
            "M decreases at 4x4",
        ),
        ("training", {"levels": with_level(0, status="diverged")}, "training diverged at 4x8"),
        (
            "training",
            {"budget": {**BUDGET, "training": 0.0031}},
            "still gaining: use more steps or samples (training contributes 0.0031",
        ),
        ("s in range", {"entropy": -0.02}, "s = -0.0200 cannot be: it must lie within 0 and log q"),
        (
            "s <= H(site)",
            {"entropy": 0.607},
            "s = 0.6070 exceeds the mean entropy of the sites at their own positions, 0.6000",
        ),
        (
            "s <= H(block)",
            {"entropy": 0.57},
            "s = 0.5700 exceeds the mean entropy of 2x2 blocks at their own positions, 0.5500 per",
        ),
        (
            "ladder",
            {"levels": tail("area law"), "budget": {**BUDGET, "tail": 1.5e-3}},
            "contributes 0.0015 to the error, all else 0.0014: use more samples",
        ),
        (
            "bounds agree",
            {"levels": with_level(3, bounds={"a": 0.4, "b": 0.46})},
            "the bounds on s agree within 0.0075: do not trust it",
        ),
        (
            "ladder",
            {"levels": tail("stopped", "stopped")},
            "stopped early: 2 levels are extrapolated",
        ),
        (
            "counted blocks",
            {"budget": {**BUDGET, "base": 2e-3}, "refused": ((4, 2), (4, 4))},
            "the sum starts from blocks of 2x2; too few samples for 4x2, 4x4",
        ),
        (
            "M <= S(block)",
            {"levels": with_level(3, mutual_information=2.54)},
            "M exceeds the entropy of a half at 2x2",
        ),
        (
            "cross-check",
            {"other": CrossCheck(0.5, 0.01, difference=0.04, difference_error=0.01)},
            "differ by +0.04 nats/site, 4.0 of its errors; the lower value is closer to the truth:"
            " mutual information missed something",
        ),
        (
            "cross-check",
            {"other": CrossCheck(0.5, 0.01, difference=-0.04, difference_error=0.01)},
            "the chain rule missed something",
        ),
    ],
)
def test_each_check_fails_where_it_should(name, changes, message):
    failed = {check.name: check.message for check in status(**changes).checks if not check.passed}
    assert name in failed and message in failed[name]
    assert len(failed) == 1 or name == "M <= S(block)"


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": {**SAMPLES, "n": 40, "effective": 37.0}},  # few, but independent
        {"samples": {**SAMPLES, "rhat": 1.1}},
        {"levels": with_level(4, mutual_information=-0.029)},
        {"levels": with_level(1, mutual_information=0.42)},  # within 3 errors of both
        {"levels": with_level(1, mutual_information=0.75)},  # 2x4 is cut across the other axis
        {
            "levels": with_level(
                0, mutual_information=0.1, source=Source.EXTRAPOLATED, status="area law"
            )
        },
        {"budget": {**BUDGET, "training": 0.0029}},
        {"levels": with_level(3, bounds={"a": 0.4, "b": 0.42})},
        {"other": CrossCheck(0.5, 0.01, difference=0.029, difference_error=0.01)},
        {"other": CrossCheck(0.5, 0.01, difference=9e-4, difference_error=1e-5)},  # harmless
    ],
)
def test_small_deviations_are_tolerated(changes):
    assert status(**changes).ok, str(status(**changes))


def test_the_ladder_names_its_reason():
    messages = [
        next(check.message for check in status(levels=levels).checks if check.name == "ladder")
        for levels in (LEVELS, tail("area law"), tail("area law", "beyond the samples"))
    ]
    assert messages[0] == "every level was counted or estimated"
    assert messages[1].startswith("1 of the largest levels follow the area law, which")
    assert messages[2].startswith(
        "2 of the largest levels follow the area law (beyond the samples)"
    )


UNEVEN = Finding("homogeneous", False, 40.0, "the samples are not homogeneous")
FINE = Finding("copies", True, 0.0, "no sample is a copy of another")
GAINING = {**BUDGET, "training": 0.0031}


def test_what_the_inspection_found_comes_first():
    doubtful = status(findings=(FINE, UNEVEN), budget=GAINING)
    assert [check.name for check in doubtful.checks][:2] == ["copies", "homogeneous"]
    assert doubtful.warnings[0] == UNEVEN.message
    assert status(findings=(FINE,)).ok and not status(findings=(UNEVEN,)).ok


def test_more_steps_are_no_advice_for_samples_that_break_the_assumptions():
    for findings, advice in (((UNEVEN,), "see to the samples first"), ((FINE,), "use more steps")):
        training = status(findings=findings, budget=GAINING).warnings[-1]
        assert training.startswith(f"training was still gaining: {advice}")


@pytest.mark.parametrize(
    "entropy, error, fits",
    [
        (-1e-9, 0.0, True),  # rounding
        (-0.0029, 1e-3, True),  # within three errors
        (-0.0031, 1e-3, False),
        (0.6960, 1e-3, True),
        (0.6965, 1e-3, False),
        (-0.5, 0.3, False),  # a large error is no excuse
        (-0.25, 0.3, True),  # but a number within it claims nothing
    ],
)
def test_the_entropy_of_discrete_states_lies_between_zero_and_log_q(entropy, error, fits):
    budget = {**dict.fromkeys(BUDGET, 0.0), "samples": error}
    wide = EntropyLimits(states=0.6931, sites=1.0, error=0.0)
    assert status(entropy=entropy, budget=budget, limits=wide).ok == fits
    assert status(entropy=entropy, budget=budget, limits=None).ok  # continuous states
