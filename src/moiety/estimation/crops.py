r"""Pairs of neighbouring blocks of space at random positions in frames of particles.

A crop is a block with given sides, cut across its first axis.  It lies anywhere in the box.  Of
isotropic particles, as in a fluid, it lies along any of the box's axes, reflected or not.  A
crystal's orientation is kept: each doubling of a block has its own axis of space.  With a
resolution R, a critic sees each position as the centre of its pixel of side p = sigma / R,

    x -> p (floor(x / p) + 1/2),

as a point or as a pixel of an image, which is non-zero where the pixel holds a centre.  Points have
a diameter and a kind, images a channel for each kind, as far as they are part of the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.errors import InputError
from ..data.kinds import EVERY_MARK, Kinds, Marks
from ..data.particles import Particles
from ..geometry.space import BlockCut
from .crop_kernels import SPACE, Placements, binned, gather
from .crop_kinds import contacts_of, kinds_seen
from .pairs import PairShape

__all__ = ["CropShape", "Crops", "fits", "narrowest_box"]

_FIRST_ROOM = 16  # room for particles in a half, before it is enlarged
_SITES = 6  # lattice sites whose cost is that of an interface of one diameter
_READS = 2  # crops read per sample, relative to the number that fit side by side
_MOST_READS = 256


@dataclass(frozen=True)
class CropShape:
    """Shape of a pair of halves, for a critic of points.

    Args:
        half: Sides of a half; the first side is perpendicular to the cut.
        features: Numbers per particle besides its position: 1 with its diameter, else 0.
        kinds: Number of kinds of particles; if there are several, the kind follows.
        contacts: Distance of each two kinds from which gaps are measured, shape `(kinds, kinds)`;
            empty where it follows from the diameters.
    """

    half: tuple[float, ...]
    features: int
    kinds: int = 1
    contacts: tuple[tuple[float, ...], ...] = ()

    @property
    def dimensions(self) -> int:
        """Number of space dimensions."""
        return len(self.half)


class Crops:
    """Crops of a cut in frames of particles.

    Args:
        particles: Frames.
        cut: Blocks of space, in the same units of length.
        resolution: R, pixels per unit length; None for exact positions, which images do not allow.
        sees: What the critic sees: `"points"` or an `"image"`.
        marks: What is part of a particle's state besides its position.
        isotropic: Whether crops lie along any axes, reflected or not; else as the ladder of cubes
            doubles them: along the box's longest axis first.

    Raises:
        InputError: The blocks do not fit into the box or are not whole numbers of pixels, an image
            has no resolution, a box with open boundaries is not rectangular, or there are too many
            kinds of particles.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> gas = Particles.from_frames(rng.random((8, 100, 2)) * 10, cells=10.0, periodic=True)
        >>> crops = Crops(gas, BlockCut((1.0, 2.0)), 10, "image")
        >>> a, b = crops.draw(torch.arange(8), torch.Generator().manual_seed(0))
        >>> a.shape
        torch.Size([8, 1, 10, 20])
    """

    def __init__(
        self,
        particles: Particles,
        cut: BlockCut,
        resolution: float | None,
        sees: str = "points",
        marks: Marks = EVERY_MARK,
        isotropic: bool = True,
    ):
        if sees == "image" and resolution is None:
            raise InputError("images need a resolution, pixels a diameter")
        self.particles, self.cut, self.sees = particles, cut, sees
        self.marks = marks.known(particles)
        self._resolution = resolution or 0.0
        self._pixels = _pixels(cut.half, resolution)
        self._isotropic, self._bins = isotropic, binned(particles)
        orders = _orders(particles, cut.parent)
        self._orders = orders if isotropic else _oriented(particles, cut)
        self._set_kinds(kinds_seen(particles, sees, marks))

    def _set_kinds(self, kinds: Kinds) -> None:
        particles, self._several = self.particles, kinds.number > 1
        self._kinds = kinds.labels[self._bins.order]
        shares = np.bincount(kinds.labels, minlength=kinds.number) / len(kinds.labels)
        pixels = self._resolution**particles.dimensions / (particles.density * shares)
        self._black = np.sqrt(pixels).astype(np.float32)  # of a pixel that holds a centre
        apart = self._several and self.sees == "points" and not self.marks.diameters
        self._contacts = contacts_of(particles) if apart else ()

    @property
    def shape(self) -> PairShape | CropShape:
        """Shape of the pairs, for which a critic's network is built."""
        if self.sees == "image":
            half = self._pixels if len(self._pixels) > 1 else (*self._pixels, 1)
            return PairShape(len(self._black), half, half, (False,) * len(half))
        features = int(self.marks.diameters)
        return CropShape(self.cut.half, features, len(self._black), self._contacts)

    @property
    def key(self) -> tuple[float, ...]:
        """Sides that identify the cut."""
        return self.cut.key

    @property
    def interface(self) -> int:
        """Length of the interface in lattice sites of equal cost."""
        length: float = self.cut.face ** (1 / max(len(self.cut.half) - 1, 1))
        return max(round(_SITES * length), 1)

    @property
    def reads(self) -> int:
        """How often a held-out sample is read, on average."""
        room = float(np.median(self.particles.volumes)) / prod(self.cut.parent)
        return int(min(max(_READS * room, 1), _MOST_READS))

    def draw(
        self, samples: Tensor, generator: torch.Generator, *, augment: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Draw the two halves of a random crop of each sample.

        Args:
            samples: Frame of each crop, shape `(n,)`.
            generator: Source of random numbers.
            augment: Ignored; orientations and reflections of isotropic particles are always random.

        Returns:
            Images, shape `(n, kinds, across, along...)`: 0, or (R^d / density)^(1/2) in pixels that
            hold a centre, so that the mean square is 1 at all resolutions.  Or points, shape
            `(n, most, d + marks + 1)`: distance from the interface, positions along it, the
            diameter and the kind where they are part of the state, and 1 for a particle or 0 for
            none.
        """
        points, counts = self._points(samples.cpu().numpy(), generator)
        if self.sees == "image":
            first, second = (
                self._image(points[:, half], counts[:, half]).to(samples.device) for half in (0, 1)
            )
            return first.flip(2), second
        marks = [SPACE] * self.marks.diameters + [SPACE + 1] * self._several
        kept = [*range(len(self.cut.half)), *marks, SPACE + 2]
        most = np.maximum(counts.max(axis=0), 1)
        first, second = (
            torch.from_numpy(points[:, half, : most[half]][:, :, kept]).to(samples.device)
            for half in (0, 1)
        )
        return first, second

    def count(self, samples: NDArray[np.int64], generator: torch.Generator) -> NDArray[np.int64]:
        """Number of particles in the first half of a random crop of each sample, shape `(n,)`.

        Args:
            samples: Frame of each crop, shape `(n,)`.
            generator: Source of random numbers.
        """
        return self._points(samples, generator)[1][:, 0]

    def _points(
        self, samples: NDArray[np.int64], generator: torch.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The particles of a crop of each sample; see `gather`."""
        space, count = len(self.cut.half), len(samples)
        choice = torch.randint(len(self._orders), (count,), generator=generator).numpy()
        flips = torch.randint(2, (count, SPACE), generator=generator).numpy().astype(np.bool_)
        flips &= self._isotropic
        places = torch.rand(count, SPACE, generator=generator, dtype=torch.float64).numpy()
        placements = Placements(samples, self._orders[choice], flips, places)
        parent = np.array([*self.cut.parent, *[1.0] * (SPACE - space)])
        pixel = 1.0 / self._resolution if self._resolution else 0.0
        most = _FIRST_ROOM
        while True:
            points = np.zeros((count, 2, most, SPACE + 3), np.float32)
            counts = np.zeros((count, 2), np.int64)
            gather(self._bins, self._kinds, placements, parent, space, pixel, points, counts)
            if counts.max() <= most:
                return points, counts
            most = int(counts.max())

    def _image(self, points: NDArray[np.float32], counts: NDArray[np.int64]) -> Tensor:
        image = np.zeros((len(points), len(self._black), *self._pixels), np.float32)
        sample, place = np.nonzero(np.arange(points.shape[1]) < counts[:, None])
        index = []
        for axis, side in enumerate(self._pixels):
            pixel = (points[sample, place, axis] * self._resolution).astype(np.int64)
            index.append(np.minimum(pixel, side - 1))
        kind = points[sample, place, SPACE + 1].astype(np.int64)
        image[(sample, kind, *index)] = self._black[kind]
        pixels = torch.from_numpy(image)
        return pixels if len(self._pixels) > 1 else pixels[..., None]


def _pixels(half: tuple[float, ...], resolution: float | None) -> tuple[int, ...]:
    """Pixels along each side of a half; none without a resolution."""
    if resolution is None:
        return ()
    pixels = tuple(round(side * resolution) for side in half)
    rests = [abs(side * resolution - whole) for side, whole in zip(half, pixels, strict=True)]
    if min(pixels) < 1 or max(rests) > 1e-6:
        text = " x ".join(f"{side:g}" for side in half)
        raise InputError(
            f"blocks of {text} are not whole numbers of pixels at resolution {resolution:g}"
        )
    return pixels


def narrowest_box(particles: Particles) -> NDArray[np.float64]:
    """Smallest distance between opposite edges or faces over all frames, shape `(d,)`.

    Args:
        particles: Frames.
    """
    return np.asarray(particles.widths.min(axis=0), np.float64)


def fits(particles: Particles, parent: tuple[float, ...]) -> bool:
    """Whether a block fits into all boxes, in some orientation.

    Args:
        particles: Frames.
        parent: Sides of the block.

    Example:
        >>> row = np.arange(5.0)[:, None]
        >>> frames = Particles.from_frames([row] * 8, cells=5.0, periodic=True)
        >>> fits(frames, (4.0,)), fits(frames, (6.0,))
        (True, False)
    """
    return bool(_fitting(narrowest_box(particles), parent))


def _fitting(widths: NDArray[np.float64], parent: tuple[float, ...]) -> list[tuple[int, ...]]:
    axes = range(len(parent))
    return [
        order
        for order in permutations(axes)
        if all(parent[k] <= widths[order[k]] * (1 + 1e-9) for k in axes)
    ]


def _orders(particles: Particles, parent: tuple[float, ...]) -> NDArray[np.int64]:
    """The axes of space along which the axes of a crop may lie, shape `(orders, 3)`."""
    space, widths = particles.dimensions, narrowest_box(particles)
    orders = _fitting(widths, parent)
    if not orders:
        box = " x ".join(f"{width:.3g}" for width in widths)
        text = " x ".join(f"{side:g}" for side in parent)
        raise InputError(
            f"blocks of {text} do not fit into a box of {box}; take smaller blocks or larger boxes"
        )
    skew = np.abs(particles.cells - particles.cells * np.eye(space)) > 1e-9
    if not all(particles.periodic) and skew.any():
        raise InputError("boxes with open boundaries must be rectangular")
    return np.array([(*order, *range(space, SPACE)) for order in orders], np.int64)


def _oriented(particles: Particles, cut: BlockCut) -> NDArray[np.int64]:
    """The one order that a ladder of doublings gives: its first doubling is along the longest axis.

    Sides that have been doubled once more than that across the cut belong to the axes before it.
    """
    space = particles.dimensions
    axes = [int(axis) for axis in np.argsort(-narrowest_box(particles), kind="stable")]
    across = axes.pop(sum(side > cut.half[0] * (1 + 1e-9) for side in cut.half[1:]))
    return np.array([(across, *axes, *range(space, SPACE))], np.int64)
