r"""The area law: extrapolate the mutual information of large cuts from smaller ones.

Beyond the correlation length the mutual information of a cut follows its interface,

    M(cut) = alpha * interface(cut) + beta * rim(cut),            (Eq. 9: beta = 0)

and the rim of the interface, where the blocks end, adds a correction.  The interface of a plane is
a line with two ends, so that its rim is a constant, 1; beta = log 2 for two coexisting
magnetisations, for example.  Blocks of space have a rim that grows with them: the perimeter of the
face that they share.  Summed over ever larger blocks at beta = 0, the law gives Eq. 10 of Nir et
al., PNAS 117, 30234 (2020), https://doi.org/10.1073/pnas.2017042117.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["AreaLaw", "fit_area_law", "is_level"]


@dataclass(frozen=True)
class AreaLaw:
    """The law M = alpha * interface + beta * rim and its uncertainty.

    Args:
        alpha: Slope, in nats per site of interface.
        beta: Part of M that belongs to the rim, in nats.
        covariance: Covariance matrix of (alpha, beta), shape `(2, 2)`.
        alternative: The law with beta = 0, fitted to the same data, where this law has a beta.
            The distance between the two laws is part of the error.

    Example:
        >>> law = AreaLaw(0.1, 0.5, np.diag([1e-4, 0.0]))
        >>> law(8.0), law.error(8.0)
        (1.3, 0.08)
    """

    alpha: float
    beta: float
    covariance: np.ndarray
    alternative: AreaLaw | None = None

    def __call__(self, interface: float, rim: float = 1.0) -> float:
        """M in nats at this interface; never negative."""
        return max(self.beta * rim + self.alpha * interface, 0.0)

    def error(self, interface: float, rim: float = 1.0) -> float:
        """One standard error of M: that of the fit, plus a third of the distance to `alternative`.

        The two are added in quadrature.
        """
        gradient = np.array([interface, rim])
        fit = float(np.sqrt(max(gradient @ self.covariance @ gradient, 0.0)))
        if self.alternative is None:
            return fit
        return float(np.hypot(fit, (self(interface, rim) - self.alternative(interface)) / 3))


def is_level(
    interfaces: Sequence[float],
    mutual_information: Sequence[float],
    errors: Sequence[float],
    *,
    rise: float,
) -> bool:
    """Return whether M / interface is constant within its errors.

    Args:
        interfaces: Interfaces of the last few cuts, shape `(n,)`.
        mutual_information: M of these cuts in nats, shape `(n,)`.
        errors: Standard errors of M, shape `(n,)`.
        rise: Relative deviation from the mean that is tolerated.  A larger relative error
            counts as not level, because noisy data would look level at any slope.
    """
    density = np.asarray(mutual_information) / np.asarray(interfaces)
    error = np.asarray(errors) / np.asarray(interfaces)
    mean = density.mean()
    if mean <= 0 or (error > rise * mean).any():
        return False
    return bool((np.abs(density - mean) <= np.maximum(2 * error, rise * mean)).all())


def fit_area_law(
    interfaces: Sequence[float],
    mutual_information: Sequence[float],
    errors: Sequence[float],
    *,
    proportional: bool,
    rims: Sequence[float] | None = None,
) -> AreaLaw:
    """Fit the area law to the last cuts by weighted least squares.

    Args:
        interfaces: Interfaces of the known cuts, shape `(n,)`.
        mutual_information: M of these cuts in nats, shape `(n,)`.
        errors: Standard errors of M, shape `(n,)`.
        proportional: Whether to set beta = 0 (Eq. 9).  Otherwise beta is fitted, and the law
            with beta = 0 through the last cut is kept as the alternative.
        rims: Rims of the known cuts, shape `(n,)`; all 1 by default.
    """
    lengths, values, sigma = (
        np.asarray(x, dtype=float) for x in (interfaces, mutual_information, errors)
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
    ends = np.ones_like(lengths) if rims is None else np.asarray(rims, dtype=float)
    design = np.column_stack([lengths, ends]) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    alpha, beta = covariance @ design.T @ (values / sigma)
    return AreaLaw(float(alpha), float(beta), covariance, alternative=last)
