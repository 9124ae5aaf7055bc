r"""Free Gaussian field: E = K/2 sum_<ij> (phi_i - phi_j)^2 + m^2/2 sum_i phi_i^2.

Plane waves turn white noise w into a draw from exp(-E/T):

    phi = F^-1 [ sqrt(T / lambda(k)) F w ],    lambda(k): see `moiety.exact.gaussian`.

All entropies and mutual informations are determinants.  They depend neither on a sampler nor on
a network, so they test both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numba import njit
from scipy import fft

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import gaussian
from ._lattice import checked_shape
from ._models import LatticeModel
from ._sampling import exact_samples
from ._spins import ising_symmetries
from .dynamics._arrays import Reals, Stream
from .dynamics.splitmix import uniform

__all__ = ["GaussianField", "normals"]

_DIMENSIONS = 3
_MOST_SITES = 4096  # in a pair of blocks: covariance, indices and copies take almost a gigabyte


@dataclass(frozen=True)
class GaussianField(LatticeModel):
    """Real numbers on a periodic lattice of 1 to 3 dimensions.

    Args:
        size: Side of a square lattice, or 1 to 3 sides.  A side of 2 has two bonds per pair of
            sites, a side of 1 none.
        temperature: T in units of energy (k_B = 1); the field scales with its square root.
        mass: m; the correlation length is sqrt(K) / m for m << sqrt(K).
        stiffness: K, not negative; 0 makes the sites independent.

    Example:
        >>> model = GaussianField(size=8)
        >>> model.sample(samples=64, seed=1)
        <Samples real, 8 chains x 8 draws of 8x8, periodic>
        >>> round(model.exact_entropy(), 7), round(model.information((4, 8), (4, 8)), 7)
        (0.664966, 0.5156127)
    """

    name: ClassVar[str] = "gaussian-field"

    temperature: float = 1.0
    mass: float = 1.0
    stiffness: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _checked_sides(self.size))
        self._check_numbers("temperature", "mass", positive=True)
        self._check_numbers("stiffness")
        if self.stiffness < 0:
            raise InputError(f"stiffness must not be negative, not {self.stiffness!r}")

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of the Hamiltonian; see `moiety.data.samples.SYMMETRIES`."""
        return ising_symmetries(self.shape, 0.0)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Total energies, shape `(chain, draw)`, of fields of shape `(chain, draw, *space)`."""
        values = np.asarray(values, dtype=np.float64)
        space = tuple(range(2, values.ndim))
        slopes = sum(((values - np.roll(values, -1, axis)) ** 2).sum(axis=space) for axis in space)
        energies: np.ndarray = 0.5 * self.stiffness * slopes + 0.5 * self.mass**2 * (values**2).sum(
            axis=space
        )
        return energies

    def exact_entropy(self) -> float:
        """Differential entropy per site of this lattice in nats."""
        return gaussian.free_field_entropy(self.shape, self.mass, self.stiffness, self.temperature)

    def entropy_infinite(self) -> float:
        """Differential entropy per site in nats of the infinite lattice of the same dimension."""
        return gaussian.free_field_entropy_infinite(
            len(self.shape), self.mass, self.stiffness, self.temperature
        )

    def covariance(self, block: Sequence[int] | None = None) -> np.ndarray:
        """Covariance matrix of the sites, in C order, of a block or of the whole lattice.

        Args:
            block: Sides of the block; the whole lattice by default.

        Returns:
            Shape `(sites, sites)`.

        Raises:
            InputError: The block does not fit, or has more than 4096 sites.
        """
        block = self.shape if block is None else tuple(block)
        if prod(block) > _MOST_SITES:
            raise InputError(f"a block of sides {block} is too large: at most {_MOST_SITES} sites")
        correlation = gaussian.free_field_covariance(
            self.shape, self.mass, self.stiffness, self.temperature
        )
        return gaussian.block_covariance(correlation, block)

    def information(self, left: Sequence[int], right: Sequence[int], axis: int = 0) -> float:
        """Mutual information M in nats between two adjacent blocks of this lattice.

        Blocks that together fill a periodic side meet at both ends.  For halves of any other
        shape use `moiety.exact.gaussian.gaussian_information` with `covariance()`.

        Args:
            left: Sides of the first block, as in `Cut.left`.
            right: Sides of the second block, as in `Cut.right`.
            axis: Axis along which the second block follows the first, as in `Cut.axis`.

        Raises:
            InputError: The blocks do not fit, or have more than 4096 sites together.

        Example:
            >>> round(GaussianField((64, 64)).information((1, 1), (1, 1)), 7)
            0.0366751
        """
        left, right = tuple(left), tuple(right)
        flush = len(left) == len(right) == len(self.shape) and 0 <= axis < len(left)
        if not flush or left[:axis] != right[:axis] or left[axis + 1 :] != right[axis + 1 :]:
            raise InputError(
                f"blocks of sides {left} and {right} do not meet flush along axis {axis} of"
                f" {self.shape}"
            )
        pair = (*left[:axis], left[axis] + right[axis], *left[axis + 1 :])
        half = np.indices(pair)[axis] < left[axis]
        return gaussian.gaussian_information(self.covariance(pair), half)

    def sample(self, samples: int = 2048, **options: Any) -> Samples:
        """Independent samples in single precision.

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            options: See `_sampling.exact_draws`.
        """
        spectrum = gaussian.free_field_spectrum(self.shape, self.mass, self.stiffness)
        with np.errstate(over="ignore", divide="ignore"):
            amplitude = np.sqrt(self.temperature / spectrum)
        amplitude = amplitude[..., : self.shape[-1] // 2 + 1]  # the other half is its mirror image

        def draw(state: np.ndarray, rng: Stream) -> None:
            noise = np.empty(len(state))
            normals(rng, noise)
            waves = fft.rfftn(noise.reshape(self.shape))
            with np.errstate(over="ignore", invalid="ignore"):  # refused with all samples
                state[:] = fft.irfftn(amplitude * waves, self.shape).ravel()

        return exact_samples(self, draw, "real", np.float32, (), samples=samples, **options)


@njit(nogil=True, cache=True)
def normals(rng: Stream, out: Reals) -> None:
    """Fill `out` with standard normal numbers, two at a time.

    Box & Muller, Ann. Math. Statist. 29, 610 (1958), https://doi.org/10.1214/aoms/1177706645
    """
    for i in range(0, len(out), 2):
        radius = np.sqrt(-2.0 * np.log(1.0 - uniform(rng)))
        angle = 2.0 * np.pi * uniform(rng)
        out[i] = radius * np.cos(angle)
        if i + 1 < len(out):
            out[i + 1] = radius * np.sin(angle)


def _checked_sides(size: int | Sequence[int]) -> tuple[int, ...]:
    """Sides of the lattice; a single number stands for a square."""
    if isinstance(size, Sequence) and not 1 <= len(size) <= _DIMENSIONS:
        raise InputError(f"size must be a side or 1 to {_DIMENSIONS} of them, not {size!r}")
    return checked_shape(size, len(size) if isinstance(size, Sequence) else 2)
