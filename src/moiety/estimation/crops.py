r"""Two neighbouring blocks of space at random places of a box of particles.

A crop is a block of given sides, its first axis the one that is cut, anywhere in the box and
along any of its axes, reflected or not: particles are taken to be isotropic.  What a critic is
told of the positions is, with a resolution R, the pixel of side p = sigma / R that holds them,

    x -> p (floor(x / p) + 1/2),

the same for points and for images, whose pixels are black where they hold a centre.  Particles
are found through bins of each frame, so that a crop costs what it holds, not what the box does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import prod
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numba import njit
from torch import Tensor

from ..base.errors import InputError
from ..data.particles import Particles
from ..geometry.space import BlockCut
from .pairs import PairShape

__all__ = ["CropShape", "Crops"]

_SPACE = 3  # dimensions of the kernel; those that are lacking have one bin
_TO_BEGIN_WITH = 16  # places for particles of a half
_PER_SIGMA = (
    6  # what a critic has to look at in a stretch of one sigma, compared with one site of a lattice
)
_READS = 2  # crops of a sample, in those that fit into it side by side
_MOST_READS = 256


@dataclass(frozen=True)
class CropShape:
    """What a critic of points sees of a cut.

    Arguments:
        half: Sides of a half, the one across the cut first.
        told: Numbers a particle beside its position: 1 with its diameter, else 0.
    """

    half: tuple[float, ...]
    told: int

    @property
    def dimensions(self) -> int:
        """Of space."""
        return len(self.half)


class Crops:
    """Crops of a cut in frames of particles.

    Arguments:
        particles: Frames.
        cut: The blocks.
        resolution: R; None for positions as they are, which images cannot be made of.
        sees: `"points"` or `"image"`, as the critic's.
        diameters: Whether points come with their diameters.

    Raises:
        InputError: Blocks that do not fit into the box, or are no whole numbers of pixels.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> gas = Particles.from_frames(rng.random((8, 100, 2)) * 10, cells=10.0, periodic=True)
        >>> a, b = Crops(gas, BlockCut((1.0, 2.0)), 10, "image").draw(torch.arange(8), torch.Generator().manual_seed(0))
        >>> a.shape
        torch.Size([8, 1, 10, 20])
    """

    def __init__(
        self,
        particles: Particles,
        cut: BlockCut,
        resolution: float | None,
        sees: str = "points",
        diameters: bool = True,
    ):
        self.particles, self.cut, self.resolution, self.sees = particles, cut, resolution, sees
        self.diameters = diameters and particles.diameters is not None
        self.pixels = _pixels(cut.half, resolution)
        if sees == "image" and self.pixels is None:
            raise InputError("images need a resolution, pixels a diameter")
        self._black = (
            0.0
            if resolution is None
            else float(np.sqrt(resolution**particles.dimensions / particles.density))
        )
        self._bins = _Bins.of(particles)
        self._orders = _orders(particles, cut.parent)

    @property
    def shape(self) -> PairShape | CropShape:
        """What a critic is built for."""
        if self.sees == "image":
            half = self.pixels if len(self.pixels) > 1 else (*self.pixels, 1)
            return PairShape(1, half, half, (False,) * len(half))
        return CropShape(self.cut.half, int(self.diameters))

    @property
    def key(self) -> tuple[float, ...]:
        """Names the cut."""
        return self.cut.parent

    @property
    def interface(self) -> int:
        """Length of the interface in sites of a lattice that would cost as much."""
        return max(round(_PER_SIGMA * self.cut.face ** (1 / max(len(self.cut.half) - 1, 1))), 1)

    @property
    def reads(self) -> int:
        """How often a sample is read on average."""
        room = float(np.median(self.particles.volumes)) / prod(self.cut.parent)
        return int(min(max(_READS * room, 1), _MOST_READS))

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The halves of one crop of each sample.

        Returns:
            Images, shape `(n, 1, across, along...)`: where a pixel holds a centre, one over the root of the share of
            such pixels, so that their mean square is 1 at all resolutions, else 0; or points, shape
            `(n, most, d + told + 1)`: distance from the interface, places along it, the diameter, and 1
            for a particle or 0 for none.
        """
        points, counts = self._points(samples.cpu().numpy(), generator)
        if self.sees == "image":
            first, second = (
                self._image(points[:, half], counts[:, half]).to(samples.device) for half in (0, 1)
            )
            return first.flip(2), second
        space = len(self.cut.half)
        kept = [*range(space), *([_SPACE] if self.diameters else []), _SPACE + 1]
        halves = []
        for half in (0, 1):
            most = max(int(counts[:, half].max()), 1)
            halves.append(torch.from_numpy(points[:, half, :most][:, :, kept]).to(samples.device))
        return halves[0], halves[1]

    def counted(self, samples: np.ndarray, generator: torch.Generator) -> np.ndarray:
        """Particles in the first half of one crop of each sample."""
        return self._points(samples, generator)[1][:, 0]

    def _points(
        self, samples: np.ndarray, generator: torch.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points `(n, 2, most, 5)` and their numbers `(n, 2)`."""
        space, count = len(self.cut.half), len(samples)
        orders = self._orders[
            torch.randint(len(self._orders), (count,), generator=generator).numpy()
        ]
        flips = torch.randint(2, (count, _SPACE), generator=generator).numpy().astype(np.bool_)
        places = torch.rand(count, _SPACE, generator=generator, dtype=torch.float64).numpy()
        parent = np.array([*self.cut.parent, *[1.0] * (_SPACE - space)])
        pixel = 0.0 if self.resolution is None else 1.0 / self.resolution
        most = _TO_BEGIN_WITH
        while True:
            points = np.zeros((count, 2, most, _SPACE + 2), np.float32)
            counts = np.zeros((count, 2), np.int64)
            _gather(
                *self._bins.arrays,
                samples,
                orders,
                flips,
                places,
                parent,
                space,
                pixel,
                points,
                counts,
            )
            if counts.max() <= most:
                return points, counts
            most = int(counts.max())

    def _image(self, points: np.ndarray, counts: np.ndarray) -> Tensor:
        image = np.zeros((len(points), *self.pixels), np.float32)
        which, place = np.nonzero(np.arange(points.shape[1]) < counts[:, None])
        index = [
            (points[which, place, axis] * self.resolution).astype(np.int64)
            for axis in range(len(self.pixels))
        ]
        index = [np.minimum(one, side - 1) for one, side in zip(index, self.pixels, strict=True)]
        image[(which, *index)] = self._black
        found = torch.from_numpy(image)[:, None]
        return found if len(self.pixels) > 1 else found[..., None]


def _pixels(half: tuple[float, ...], resolution: float | None) -> tuple[int, ...] | None:
    if resolution is None:
        return None
    found = tuple(round(side * resolution) for side in half)
    if min(found) < 1 or any(
        abs(side * resolution - whole) > 1e-6 for side, whole in zip(half, found, strict=True)
    ):
        text = " x ".join(f"{side:g}" for side in half)
        raise InputError(
            f"blocks of {text} are no whole numbers of pixels at resolution {resolution:g}"
        )
    return found


def _orders(particles: Particles, parent: tuple[float, ...]) -> np.ndarray:
    """Which axis of the box each axis of a crop may lie along, shape `(orders, 3)`."""
    space = particles.dimensions
    widths = (1.0 / np.linalg.norm(np.linalg.inv(particles.cells), axis=1)).min(
        axis=0
    )  # between opposite edges or faces
    fits = [
        order
        for order in permutations(range(space))
        if all(parent[k] <= widths[order[k]] * (1 + 1e-9) for k in range(space))
    ]
    if not fits:
        box, text = (
            " x ".join(f"{width:.3g}" for width in widths),
            " x ".join(f"{side:g}" for side in parent),
        )
        raise InputError(
            f"blocks of {text} do not fit into a box of {box}; take smaller blocks or larger boxes"
        )
    if (
        not all(particles.periodic)
        and (np.abs(particles.cells - particles.cells * np.eye(space)) > 1e-9).any()
    ):
        raise InputError("boxes with open edges must be rectangular")
    return np.array([(*order, *range(space, _SPACE)) for order in fits], np.int64)


@dataclass(frozen=True, eq=False)
class _Bins:
    """Particles sorted by frame and bin, everything in three dimensions."""

    arrays: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, particles: Particles) -> _Bins:
        if particles not in _SORTED:
            _SORTED[particles] = cls(tuple(_binned(particles)))
        return _SORTED[particles]


_SORTED: WeakKeyDictionary[Particles, _Bins] = (
    WeakKeyDictionary()
)  # as long as the particles, which do not change


def _binned(particles: Particles) -> Iterator[np.ndarray]:
    """Positions, diameters, starts of bins, cells, their inverses, edges, bins along each edge."""
    space, n = particles.dimensions, particles.n
    cells = np.tile(np.eye(_SPACE), (n, 1, 1))
    cells[:, :space, :space] = particles.cells
    inverse = np.linalg.inv(cells)
    positions = np.zeros((len(particles.positions), _SPACE))
    positions[:, :space] = particles.positions
    widths = np.median(1.0 / np.linalg.norm(inverse, axis=1), axis=0)
    spacing = particles.density ** (-1 / space)
    bins = np.ones(_SPACE, np.int64)
    bins[:space] = np.clip(widths[:space] / spacing, 1, 1024)
    frames = np.repeat(np.arange(n), particles.counts)
    parts = np.einsum("ni,nij->nj", positions, inverse[frames])
    index = np.clip((parts * bins).astype(np.int64), 0, bins - 1)
    flat = ((frames * bins[0] + index[:, 0]) * bins[1] + index[:, 1]) * bins[2] + index[:, 2]
    order = np.argsort(flat, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=n * prod(bins.tolist())))])
    diameters = np.ones(len(positions)) if particles.diameters is None else particles.diameters
    closed = np.array([*particles.periodic, *[False] * (_SPACE - space)])
    yield from (
        positions[order],
        diameters[order].astype(np.float64),
        starts,
        cells,
        inverse,
        closed,
        bins,
    )


@njit(nogil=True, cache=True)
def _place(cell, closed, place, spread, space, origin):
    """A random corner for a crop: anywhere in a periodic box, else so that the crop stays inside."""
    everywhere = True
    for axis in range(space):
        everywhere = everywhere and closed[axis]
    for axis in range(space):
        origin[axis] = 0.0
        if everywhere:
            for edge in range(space):
                origin[axis] += place[edge] * cell[edge, axis]
        else:
            room = cell[axis, axis] if closed[axis] else cell[axis, axis] - spread[axis]
            origin[axis] = place[axis] * room


@njit(nogil=True, cache=True)
def _cover(origin, spread, inverse, closed, bins, low, high):
    """The bins along each edge of the box that a crop reaches into, past a periodic edge, too."""
    for edge in range(3):
        least, most = np.inf, -np.inf
        for which in range(8):
            part = 0.0
            for axis in range(3):
                part += (origin[axis] + spread[axis] * ((which >> axis) & 1)) * inverse[axis, edge]
            least, most = min(least, part), max(most, part)
        low[edge], high[edge] = (
            int(np.floor(least * bins[edge] - 1e-9)),
            int(np.floor(most * bins[edge] + 1e-9)),
        )
        if not closed[edge]:
            low[edge], high[edge] = max(low[edge], 0), min(high[edge], bins[edge] - 1)


@njit(nogil=True, cache=True)
def _into_box(index, bins, shift):
    """Bring the indices of a bin into the box; by how many boxes."""
    for edge in range(3):
        shift[edge] = index[edge] // bins[edge]
        index[edge] -= shift[edge] * bins[edge]


@njit(nogil=True, cache=True)
def _is_inside(position, shift, cell, origin, spread, space, corner):
    """Whether a particle, so many boxes away, is in the crop; its place seen from the corner."""
    inside = True
    for axis in range(space):
        value = position[axis] - origin[axis]
        for edge in range(space):
            value += shift[edge] * cell[edge, axis]
        corner[axis] = value
        inside = inside and 0.0 <= value < spread[axis]
    return inside


@njit(nogil=True, cache=True)
def _gather(
    positions,
    diameters,
    starts,
    cells,
    inverse,
    closed,
    bins,
    samples,
    orders,
    flips,
    places,
    parent,
    space,
    pixel,
    points,
    counts,
):
    """Fill in the particles of each crop, as far as there are places, and count all of them."""
    origin, corner, spread = np.zeros(3), np.zeros(3), np.zeros(3)
    low, high, shift = np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(3, np.int64)
    index, found = np.zeros(3, np.int64), np.zeros(3)
    for n in range(len(samples)):
        k = samples[n]
        for axis in range(3):
            spread[orders[n, axis]] = parent[axis]
        _place(cells[k], closed, places[n], spread, space, origin)
        _cover(origin, spread, inverse[k], closed, bins, low, high)
        for x in range(low[0], high[0] + 1):
            for y in range(low[1], high[1] + 1):
                for z in range(low[2], high[2] + 1):
                    index[0], index[1], index[2] = x, y, z
                    _into_box(index, bins, shift)
                    at = ((k * bins[0] + index[0]) * bins[1] + index[1]) * bins[2] + index[2]
                    for i in range(starts[at], starts[at + 1]):
                        if not _is_inside(
                            positions[i], shift, cells[k], origin, spread, space, corner
                        ):
                            continue
                        for axis in range(space):
                            value = corner[orders[n, axis]]
                            found[axis] = parent[axis] - value if flips[n, axis] else value
                        half = 0 if found[0] < 0.5 * parent[0] else 1
                        found[0] = abs(found[0] - 0.5 * parent[0])
                        place = counts[n, half]
                        counts[n, half] += 1
                        if place >= points.shape[2]:
                            continue
                        for axis in range(space):
                            value = found[axis]
                            points[n, half, place, axis] = (
                                value if pixel == 0.0 else (np.floor(value / pixel) + 0.5) * pixel
                            )
                        points[n, half, place, 3] = diameters[i]
                        points[n, half, place, 4] = 1.0
