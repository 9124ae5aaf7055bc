r"""The area law: what the larger cuts hold, from the smaller ones.

Beyond the correlation length the mutual information of a cut follows its interface,

    M(cut) = beta + alpha * interface(cut),                       (Eq. 9: beta = 0)

with beta = log 2 for two coexisting magnetisations, for example.  Summed upwards
without end at beta = 0 this gives Eq. 10 of Nir et al., whose factor 2 is that of
square blocks: `area_law_factor` sums it from the geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cuts import Shape

__all__ = ["AreaLaw", "area_law_factor", "fit_area_law", "is_level"]

_DOUBLINGS = 400


@dataclass(frozen=True)
class AreaLaw:
    """M = beta + alpha * interface, with what is not known about it.

    Arguments:
        alpha: Nats per site of interface.
        beta: Nats that do not depend on the interface.
        covariance: Of (alpha, beta), shape `(2, 2)`.
        alternative: The other reading of the same data (beta = 0 where this one has
            a beta); the distance to it is part of the error.
    """

    alpha: float
    beta: float
    covariance: np.ndarray
    alternative: AreaLaw | None = None

    def __call__(self, interface: float) -> float:
        """M of a cut with this interface, in nats; never negative."""
        return max(self.beta + self.alpha * interface, 0.0)

    def error(self, interface: float) -> float:
        """One standard error of M: that of the fit, and a third of the distance between readings."""
        gradient = np.array([interface, 1.0])
        fit = float(np.sqrt(max(gradient @ self.covariance @ gradient, 0.0)))
        if self.alternative is None:
            return fit
        return float(np.hypot(fit, (self(interface) - self.alternative(interface)) / 3))


def area_law_factor(shape: Shape) -> float:
    r"""The factor f in s = s(X_m) - f M(X_m) / V_m when the area law holds for all larger blocks.

    Two blocks of `shape` are joined along their longest face, the result likewise,
    without end: f = 1/2 sum_j (l_j / l_0) (V_0 / V_j).

    Example:
        >>> round(area_law_factor((8, 8)), 9), round(area_law_factor((16, 8)), 9)
        (2.0, 1.5)
    """
    sides = [float(side) for side in shape]
    first, total = None, 0.0
    for _ in range(_DOUBLINGS):
        short = sides.index(min(sides))
        density = 1.0 / sides[short]  # interface over volume
        first = first or density
        total += 0.5 * density / first
        sides[short] *= 2.0
    return total


def is_level(
    interfaces: Sequence[float],
    informations: Sequence[float],
    errors: Sequence[float],
    *,
    rise: float,
) -> bool:
    """Whether M / interface is one number within its errors.

    Arguments:
        interfaces, informations, errors: Of the last few cuts, shape `(n,)`.
        rise: Relative error below which the answer can be trusted: noisy data are
            level within their errors at any slope.
    """
    density = np.asarray(informations) / np.asarray(interfaces)
    error = np.asarray(errors) / np.asarray(interfaces)
    mean = density.mean()
    if mean <= 0 or (error > rise * mean).any():
        return False
    return bool((np.abs(density - mean) <= np.maximum(2 * error, rise * mean)).all())


def fit_area_law(
    interfaces: Sequence[float],
    informations: Sequence[float],
    errors: Sequence[float],
    *,
    proportional: bool,
) -> AreaLaw:
    """The area law through the last cuts, by weighted least squares.

    Arguments:
        interfaces, informations, errors: Of the cuts that are known, shape `(n,)`.
        proportional: Whether beta = 0 (Eq. 9); else beta is fitted and the law
            with beta = 0 through the last cut is kept as the alternative.
    """
    lengths, values, sigma = (
        np.asarray(x, dtype=float) for x in (interfaces, informations, errors)
    )
    sigma = np.maximum(sigma, 1e-6)
    last = AreaLaw(values[-1] / lengths[-1], 0.0, np.diag([(sigma[-1] / lengths[-1]) ** 2, 0.0]))
    if len(np.unique(lengths)) < 2:
        return last
    if proportional:
        weight = (lengths / sigma) ** 2
        alpha = float((weight * values / lengths).sum() / weight.sum())
        spread = float(np.std(values / lengths))
        return AreaLaw(alpha, 0.0, np.diag([1 / weight.sum() + spread**2, 0.0]))
    design = np.column_stack([lengths, np.ones_like(lengths)]) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    alpha, beta = covariance @ design.T @ (values / sigma)
    return AreaLaw(float(alpha), float(beta), covariance, alternative=last)
