r"""What is known of a site's surroundings when sites are told one after another.

    log p(x) = sum_i log p(x_i | x_j, j before i)

The sites before i that lie in some neighbourhood are its context; the others of that
neighbourhood are unknown: they come later or lie outside the window.  On a torus the last
rows have known neighbours on both sides.

Sites are read in runs along the last axis, whose contexts overlap: a run is fetched once and
its contexts are windows of it.  Neighbours in a batch do no harm, for near the optimum the
gradients of -log p(x_i | before) are martingale differences, uncorrelated however near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import permutations, product
from math import prod

import numpy as np
import torch
from torch import Tensor

from ..estimation.pairs import Encoding
from ..geometry.cuts import Cut, Shape

__all__ = ["Contexts", "Neighbourhood", "Scene", "alone", "beside", "given_first", "whole"]

_LONGEST_RUN = 64
_AT_ONCE = 1 << 22  # places of neighbours


@dataclass(frozen=True)
class Neighbourhood:
    """Offsets of the sites that a context may hold: a cube, and longer arms along the axes.

    Arguments:
        dimensions: Of the lattice.
        radius: All offsets up to it are in.
        reach: The arm along the last axis, one site to either side of it included, goes so far.
        star: Whether there are arms along all axes.

    Example:
        >>> Neighbourhood(dimensions=1, radius=1).steps.tolist()  # the site itself is never known
        [[-1], [0], [1]]
        >>> len(Neighbourhood(2, 2, 12).steps)  # 5 x 5, and 3 rows of 25
        85
    """

    dimensions: int
    radius: int
    reach: int = 0
    star: bool = False

    @cached_property
    def rows(self) -> tuple[tuple[Shape, int], ...]:
        """Offsets along the leading axes, and how far the row goes to either side of the last."""
        farthest = (
            max(self.reach, self.radius) if self.star else max(self.radius, 1 if self.reach else 0)
        )
        leading = product(range(-farthest, farthest + 1), repeat=self.dimensions - 1)
        halves = [(offset, self._half(offset)) for offset in leading]
        return tuple((offset, half) for offset, half in halves if half is not None)

    def _half(self, leading: Shape) -> int | None:
        sizes = sorted((abs(step) for step in leading), reverse=True)
        if not sizes or (sizes[0] <= 1 and self.reach):
            return max(self.reach, self.radius)
        if sizes[0] <= self.radius:
            return self.radius
        return 1 if self.star and all(size <= 1 for size in sizes[1:]) else None

    @cached_property
    def steps(self) -> np.ndarray:
        """All offsets, row by row, shape `(k, dimensions)`."""
        return np.array(
            [(*leading, step) for leading, half in self.rows for step in range(-half, half + 1)],
            np.int64,
        )


@dataclass(frozen=True, eq=False)
class Scene:
    """Sites of a window in runs along its last axis, and which of their neighbours are known.

    Arguments:
        window: Its sides.
        places: Coordinates of the sites in it, shape `(runs, length, dimensions)`.
        known: Shape `(runs, length, k)`, by the neighbourhood's steps.
    """

    window: Shape
    places: np.ndarray
    known: np.ndarray

    @property
    def sites(self) -> int:
        """Their number."""
        return self.places.shape[0] * self.places.shape[1]


def whole(shape: Shape, periodic: Sequence[bool], around: Neighbourhood) -> Scene:
    """All sites of a lattice, row by row.

    Example:
        >>> whole((3,), (True,), Neighbourhood(1, 1)).known.tolist()  # the last one sees both neighbours
        [[[False, False, False], [True, False, False], [True, False, True]]]
    """
    places = _places(shape)
    return _scene(shape, places, _before(places, shape, periodic, around.steps), shape[-1])


def alone(cut: Cut, around: Neighbourhood) -> Scene:
    """The sites of a cut's second half, layer by layer from the first half on, which is not known.

    Where the halves meet at both ends, layers come from either end in turn: each end is then told as a
    single one is, and sites between two layers that are known are those of the middle, in either scene alike.
    """
    wraps = tuple(closed and axis != cut.axis for axis, closed in enumerate(cut.wraps))
    places = _places(cut.right)
    found, inside = _wrapped(places[:, None] + around.steps, cut.right, wraps)
    known = inside & (_inwards(found, cut) < _inwards(places, cut)[:, None])
    return _scene(cut.parent, places + _second(cut), known, cut.right[-1])


def given_first(cut: Cut, around: Neighbourhood) -> Scene:
    """The same sites in the same order, after those of the first half.

    In this order (see `alone`) the first half has little to tell beyond the first layer, whose sites have it in their
    context; along the layers, sites far from the first half would lack what they need of it.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> cut, around = ladder((4,), (True,)).cuts[0], Neighbourhood(1, 1)
        >>> alone(cut, around).known.tolist(), given_first(cut, around).known.tolist()
        ([[[False, False, False], [True, False, False]]], [[[True, False, False], [True, False, True]]])
    """
    places, shift = _places(cut.right), _second(cut)
    found, inside = _wrapped((places + shift)[:, None] + around.steps, cut.parent, cut.wraps)
    rest = found - shift
    first = rest[..., cut.axis] < 0
    before = _inwards(rest, cut) < _inwards(places, cut)[:, None]
    return _scene(cut.parent, places + shift, inside & (first | before), cut.right[-1])


def beside(scene: Scene, cut: Cut, layers: int = 1) -> Scene:
    """Those sites of a cut's scene that lie within a few layers of the first half.

    Of them M is made, but a scene has few.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> cut = ladder((8,), (True,)).cuts[0]  # a ring: the first half is at both ends of the second
        >>> beside(given_first(cut, Neighbourhood(1, 1)), cut).places.ravel().tolist()
        [4, 7]
    """
    depth = scene.places[..., cut.axis] - cut.left[cut.axis]
    if cut.wraps[cut.axis]:
        depth = np.minimum(depth, cut.right[cut.axis] - 1 - depth)
    near = depth < layers
    if (near.all(axis=1) | ~near.any(axis=1)).all():  # runs lie along the layers
        return Scene(scene.window, scene.places[near[:, 0]], scene.known[near[:, 0]])
    return Scene(scene.window, scene.places[near][:, None], scene.known[near][:, None])


def _scene(window: Shape, places: np.ndarray, known: np.ndarray, side: int) -> Scene:
    """In runs that divide the last side."""
    length = max(run for run in range(1, min(side, _LONGEST_RUN) + 1) if side % run == 0)
    return Scene(
        window, places.reshape(-1, length, len(window)), known.reshape(-1, length, known.shape[-1])
    )


def _second(cut: Cut) -> np.ndarray:
    """Where the second half begins."""
    shift = np.zeros(len(cut.parent), np.int64)
    shift[cut.axis] = cut.left[cut.axis]
    return shift


def _places(shape: Shape) -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1)


def _before(
    places: np.ndarray, shape: Shape, wraps: Sequence[bool], steps: np.ndarray
) -> np.ndarray:
    """Which neighbours lie inside and come before."""

    def of(some: np.ndarray) -> np.ndarray:
        found, inside = _wrapped(some[:, None] + steps, shape, wraps)
        return inside & (_ranks(found, shape) < _ranks(some, shape)[:, None])

    return np.concatenate(
        [of(some) for some in np.array_split(places, 1 + len(places) * len(steps) // _AT_ONCE)]
    )


def _wrapped(
    coordinates: np.ndarray, shape: Shape, wraps: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on a window that closes on itself along some axes, and whether they are on it."""
    sides, closed = np.array(shape), np.array(wraps)
    return np.where(closed, coordinates % sides, coordinates), (
        closed | ((coordinates >= 0) & (coordinates < sides))
    ).all(-1)


def _inwards(coordinates: np.ndarray, cut: Cut) -> np.ndarray:
    """Places of the second half in the order in which its sites are told."""
    layers, last = coordinates[..., cut.axis], cut.right[cut.axis] - 1
    if cut.faces == 2:
        layers = np.where(2 * layers <= last, 2 * layers, 2 * (last - layers) + 1)
    told = coordinates.copy()
    told[..., cut.axis] = layers
    return _ranks(told, cut.right, cut.axis)


def _ranks(coordinates: np.ndarray, shape: Shape, slowest: int = 0) -> np.ndarray:
    """Places in the order in which sites are told: layer by layer along one axis, row by row within them."""
    order = [slowest, *[axis for axis in range(len(shape)) if axis != slowest]]
    strides = np.cumprod((1, *[shape[axis] for axis in order[:0:-1]]))[::-1]
    return coordinates[..., order] @ strides


class Contexts:
    """Coded contexts and targets, read from samples at random places.

    Arguments:
        values: Shape `(n, *space)`.
        periodic: One flag an axis.
        encoding: See `pairs.Encoding`.
        symmetries: Of the Hamiltonian; there is an image under each of those of space,
            where there are no edges.
        around: What a context may hold.
        device: Where the values live.
    """

    def __init__(
        self,
        values,
        periodic,
        encoding: Encoding,
        symmetries: Sequence[str],
        around: Neighbourhood,
        device="cpu",
    ):
        self.shape, self.periodic, self.encoding, self.around = (
            values.shape[1:],
            tuple(periodic),
            encoding,
            around,
        )
        self.flat = torch.from_numpy(np.ascontiguousarray(values)).to(device).reshape(-1)
        self.sites, self.device = prod(self.shape), device
        self.images = [
            torch.from_numpy(image)
            for image in _images(symmetries if all(periodic) else (), self.shape)
        ]

    def draw(
        self,
        scene: Scene,
        samples: Tensor,
        runs: Tensor,
        generator: torch.Generator,
        image: int = 0,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The sites of runs of a scene, its window anywhere in the given samples.

        Arguments:
            scene: Window and order.
            samples: Index of each run's sample, shape `(n,)`.
            runs: Which of the scene's runs, shape `(n,)`.
            generator: Of the places.
            image: Which image under the symmetries of space is read; 0 is the sample itself.

        Returns:
            Contexts `(n * length, channels, k)`, 0 where unknown; what is known,
            `(n * length, 1, k)`, floats; targets `(n * length, channels)`.
        """
        starts = torch.from_numpy(scene.places[:, 0])[runs] + torch.stack(
            self._origins(scene, len(runs), generator), dim=1
        )
        length = scene.places.shape[1]
        rows = [_row(leading, half, length) for leading, half in self.around.rows]
        moves = torch.cat(rows) @ self.images[image]
        index = (samples * self.sites)[:, None]
        for axis, side in enumerate(self.shape):
            index = index + (starts[:, axis, None] + moves[:, axis]) % side * prod(
                self.shape[axis + 1 :]
            )
        fetched = self.encoding(self.flat[index.to(self.device)]).split(
            [len(row) for row in rows], dim=2
        )
        windows = [
            row.unfold(2, row.shape[2] - length + 1, 1).permute(0, 2, 1, 3) for row in fetched
        ]
        context = torch.cat(windows, dim=3)
        middle = next(k for k, (leading, _) in enumerate(self.around.rows) if not any(leading))
        target = fetched[middle].narrow(2, self.around.rows[middle][1], length).permute(0, 2, 1)
        known = torch.from_numpy(scene.known)[runs].to(self.device)[:, :, None].to(context.dtype)
        return (context * known).flatten(0, 1), known.flatten(0, 1), target.flatten(0, 1)

    def _origins(self, scene: Scene, count: int, generator: torch.Generator) -> list[Tensor]:
        rooms = [
            side if closed else side - inner + 1
            for side, closed, inner in zip(self.shape, self.periodic, scene.window, strict=True)
        ]
        return [torch.randint(room, (count,), generator=generator) for room in rooms]


@lru_cache(maxsize=1024)
def _row(leading: Shape, half: int, length: int) -> Tensor:
    """Offsets from the start of a run to all sites that the contexts of the run have in one row."""
    along = torch.arange(-half, length + half)
    return torch.cat(
        [torch.tensor(leading, dtype=torch.int64).expand(len(along), -1), along[:, None]], dim=1
    )


def _images(symmetries: Sequence[str], shape: Shape) -> list[np.ndarray]:
    """Matrices that turn neighbours into those of an image of the lattice, the identity first."""
    dimensions = len(shape)
    signs = [np.ones(dimensions, np.int64)]
    if "reflect" in symmetries:
        signs = [np.array(sign) for sign in product((1, -1), repeat=dimensions)]
    elif "invert" in symmetries:
        signs.append(-signs[0])
    orders = [tuple(range(dimensions))]
    if "transpose" in symmetries:
        orders = [
            order
            for order in permutations(range(dimensions))
            if tuple(shape[axis] for axis in order) == tuple(shape)
        ]
    return [np.diag(sign)[list(order)] for order in orders for sign in signs]
