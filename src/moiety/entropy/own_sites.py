r"""Entropies of single sites that differ: the upper bound (1/V) sum_i H(x_i) of their entropy.

Each site is counted alone, over the samples.  Discrete states are counted with a bias correction
(`counting`); densities come from spacings (`site_entropy`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import EstimateError
from ..data.samples import Samples
from ..data.statistics import series_error
from ..results.types import Base
from .counting import CountedBlock, Floats, grassberger_entropy
from .site_entropy import centred_angles, site_block

__all__ = ["as_base", "own_sites", "site_scales"]


def own_sites(samples: Samples) -> CountedBlock:
    """The mean entropy of a site, each counted alone.

    Args:
        samples: Configurations.

    Raises:
        EstimateError: Continuous states that are all equal at some site.

    Example:
        >>> frozen = np.ones((512, 2, 2), int)
        >>> frozen[:, 0] = np.random.default_rng(0).integers(0, 2, (512, 2))
        >>> block = own_sites(Samples.from_array(frozen, periodic=False, axes="draw,x,y"))
        >>> bool(abs(block.entropy - np.log(2) / 2) < 0.01)  # half of the sites are frozen
        True
    """
    values = samples.values.reshape(samples.n, -1)
    if samples.kind == "discrete":
        blocks = [_counted(column, samples.states) for column in values.T]
    else:
        is_angle = samples.kind == "angle"
        blocks = [
            _density(column, is_angle, np.unravel_index(site, samples.shape))
            for site, column in enumerate(values.T)
        ]
    parts = np.array([(block.entropy, block.correction, block.bias_error) for block in blocks])
    entropy, correction, bias_error = parts.mean(axis=0)
    influence = np.mean([block.influence for block in blocks], axis=0)
    return CountedBlock(entropy, correction, bias_error, influence, values.size)


def as_base(block: CountedBlock, samples: Samples) -> Base:
    """The mean entropy of a site as part of a result.

    Args:
        block: What `own_sites` returned.
        samples: The samples.
    """
    error = float(np.hypot(series_error(block.influence, samples), block.bias_error))
    shape = (1,) * len(samples.shape)
    return Base(shape, samples.sites, float(block.entropy), error, block.windows)


def site_scales(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the real states of every site.

    Args:
        values: States, shape `(chain, draw, *space)`.
    """
    return values.mean(axis=(0, 1)), values.std(axis=(0, 1))


def _counted(states: np.ndarray, q: int) -> CountedBlock:
    counts = np.bincount(states, minlength=q)
    influence = np.log(len(states)) - np.log(counts[states])
    entropy = max(grassberger_entropy(counts), 0.0)
    correction = entropy - float(influence.mean())
    return CountedBlock(entropy, correction, abs(correction) / 2, influence, len(states))


def _density(states: np.ndarray, is_angle: bool, place: Sequence[np.intp]) -> CountedBlock:
    try:
        return site_block(centred_angles(states) if is_angle else states)
    except EstimateError as error:
        named = ", ".join(map(str, place))
        raise EstimateError(
            f"site ({named}) takes one or few values, so that it has no density; "
            "leave such sites out, or read the states as discrete"
        ) from error
