r"""What the halves of a lattice share through a conserved total.

    M(A; B) >= I(N_A; N_B) = H(N_A)

N_A counts the sites of half A in each state.  If the totals N_A + N_B are the same in all samples,
N_A fixes N_B, and the entropy of N_A is a lower bound on M that needs no training: it is counted.
Independent sites with a fixed total share nothing else.  Critics see such a number only slowly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.estimator import MutualInformation
from ..geometry.cuts import Cut
from .climb import Climb
from .counting import Floats, grassberger_entropy

__all__ = ["entropy_of_totals", "raise_largest"]


def raise_largest(climb: Climb[Cut], samples: Samples) -> None:
    """Raise M of the cut of the whole lattice to what its conserved totals are known to share.

    Nothing happens if the cut was not estimated, if its estimate is larger, or if no total of
    discrete states is conserved.  The error from training stays: more than totals may be shared.

    Args:
        climb: The climb, whose last rung is changed in place.
        samples: Configurations.
    """
    top = climb.rungs[-1]
    known = entropy_of_totals(samples, top.cut.cut) if top.cut.key == samples.shape else None
    if known is None or top.estimate is None or known[0] <= top.estimate.value:
        return
    climb.rungs[-1] = replace(top, estimate=_raised(top.estimate, *known, samples))


def _raised(
    estimate: MutualInformation, entropy: float, influence: Floats, samples: Samples
) -> MutualInformation:
    error = series_error(influence, samples)
    return replace(estimate, value=entropy, sampling=error, influence=influence)


def entropy_of_totals(samples: Samples, cut: Cut) -> tuple[float, Floats] | None:
    """Entropy of the numbers of sites in each state of one half, and its influences.

    Args:
        samples: Configurations.
        cut: The cut of the whole lattice.

    Returns:
        The entropy in nats and by how much each sample moves it, mean zero, shape `(n,)`; None if
        the totals differ between samples, or for continuous states.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> rng = np.random.default_rng(0)
        >>> spins = np.array([rng.permutation([-1, 1] * 8) for _ in range(512)]).reshape(-1, 4, 4)
        >>> samples = Samples.from_array(spins, periodic=True)
        >>> top = ladder(samples.shape, samples.periodic).cuts[0]
        >>> abs(entropy_of_totals(samples, top)[0] - 1.45) < 0.05  # the hypergeometric one: 1.45
        True
    """
    if samples.kind != "discrete":
        return None
    layers = _by_layer(samples, cut.axis)  # (n, layers, states)
    totals = layers.sum(axis=1)
    if (totals != totals[0]).any():
        return None
    half = cut.left[cut.axis]
    starts = range(layers.shape[1] if cut.wraps[cut.axis] else 1)
    numbers = np.stack([np.roll(layers, -k, axis=1)[:, :half].sum(axis=1) for k in starts], axis=1)
    _, codes, counts = np.unique(
        numbers.reshape(-1, samples.states), axis=0, return_inverse=True, return_counts=True
    )
    surprise = np.log(counts.sum()) - np.log(counts)[codes].reshape(samples.n, -1).mean(axis=1)
    return grassberger_entropy(counts), surprise - surprise.mean()


def _by_layer(samples: Samples, axis: int) -> np.ndarray:
    """Number of sites in each state in each layer across an axis, shape `(n, layers, states)`."""
    flat = np.moveaxis(samples.values.reshape(samples.n, *samples.shape), axis + 1, 1)
    rows = flat.reshape(*flat.shape[:2], -1)
    return np.stack([(rows == state).sum(axis=2) for state in range(samples.states)], axis=2)
