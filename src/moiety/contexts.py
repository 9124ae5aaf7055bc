r"""What is known of a site's surroundings when sites are told one after another.

    log p(x) = sum_i log p(x_i | x_j, j before i)

The sites before i that lie within some radius are its context; the others of that
neighbourhood are unknown: they come later or lie outside the window.  On a torus the last
rows have known neighbours on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import prod

import numpy as np
import torch
from torch import Tensor

from .geometry import Cut, Shape
from .pairs import Encoding

__all__ = ["Contexts", "Scene", "alone", "given_first", "offsets", "whole"]


def offsets(radius: int, dimensions: int) -> np.ndarray:
    """All vectors but zero with entries up to `radius`, shape `(k, dimensions)`.

    Example:
        >>> offsets(1, 1).tolist()
        [[-1], [1]]
    """
    steps = product(range(-radius, radius + 1), repeat=dimensions)
    return np.array([step for step in steps if any(step)], dtype=np.int64).reshape(-1, dimensions)


@dataclass(frozen=True, eq=False)
class Scene:
    """Sites of a window, and which of their neighbours are known.

    Arguments:
        window: Its sides.
        places: Coordinates of the sites in it, shape `(sites, dimensions)`.
        known: Shape `(sites, k)`, by `offsets`.
    """

    window: Shape
    places: np.ndarray
    known: np.ndarray


def whole(shape: Shape, periodic: Sequence[bool], steps: np.ndarray) -> Scene:
    """All sites of a lattice, row by row.

    Example:
        >>> whole((3,), (True,), offsets(1, 1)).known.tolist()  # the last one sees both neighbours
        [[False, False], [True, False], [True, True]]
    """
    places = _places(shape)
    return Scene(shape, places, _before(places, shape, periodic, steps))


def alone(cut: Cut, steps: np.ndarray) -> Scene:
    """The sites of a cut's second half, row by row, and nothing else of the block that is cut."""
    wraps = tuple(closed and axis != cut.axis for axis, closed in enumerate(cut.wraps))
    places = _places(cut.right)
    return Scene(cut.parent, places + _second(cut), _before(places, cut.right, wraps, steps))


def given_first(cut: Cut, steps: np.ndarray) -> Scene:
    """The same sites in the same order, after those of the first half.

    Example:
        >>> from .geometry import ladder
        >>> cut = ladder((4,), (True,)).cuts[0]
        >>> alone(cut, offsets(1, 1)).known.tolist(), given_first(cut, offsets(1, 1)).known.tolist()
        ([[False, False], [True, False]], [[True, False], [True, True]])
    """
    places, shift = _places(cut.right), _second(cut)
    found, inside = _wrapped((places + shift)[:, None] + steps, cut.parent, cut.wraps)
    rest = found - shift
    first = rest[..., cut.axis] < 0
    before = _ranks(rest, cut.right) < _ranks(places, cut.right)[:, None]
    return Scene(cut.parent, places + shift, inside & (first | before))


def _second(cut: Cut) -> np.ndarray:
    """Where the second half begins."""
    shift = np.zeros(len(cut.parent), np.int64)
    shift[cut.axis] = cut.left[cut.axis]
    return shift


def _places(shape: Shape) -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1)


def _before(places: np.ndarray, shape: Shape, wraps: Sequence[bool], steps: np.ndarray) -> np.ndarray:
    """Which neighbours lie inside and come before."""
    found, inside = _wrapped(places[:, None] + steps, shape, wraps)
    return inside & (_ranks(found, shape) < _ranks(places, shape)[:, None])


def _wrapped(coordinates: np.ndarray, shape: Shape, wraps: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on a window that closes on itself along some axes, and whether they are on it."""
    sides, closed = np.array(shape), np.array(wraps)
    return np.where(closed, coordinates % sides, coordinates), (closed | ((coordinates >= 0) & (coordinates < sides))).all(-1)


def _ranks(coordinates: np.ndarray, shape: Shape) -> np.ndarray:
    strides = np.cumprod((1, *shape[:0:-1]))[::-1]
    return coordinates @ strides


class Contexts:
    """Coded contexts and targets, read from samples at random places.

    Arguments:
        values: Shape `(n, *space)`.
        periodic: One flag an axis.
        encoding: See `pairs.Encoding`.
        symmetries: Of the Hamiltonian; there is an image under each of those of space,
            where there are no edges.
        steps: See `offsets`.
        device: Where the values live.
    """

    def __init__(self, values, periodic, encoding: Encoding, symmetries: Sequence[str], steps: np.ndarray, device="cpu"):
        self.shape, self.periodic, self.encoding = values.shape[1:], tuple(periodic), encoding
        self.flat = torch.from_numpy(np.ascontiguousarray(values)).to(device).reshape(-1)
        self.sites, self.device = prod(self.shape), device
        images = _images(symmetries if all(periodic) else (), self.shape)
        self.tables = [torch.from_numpy(self._table(steps @ image)).to(device) for image in images]

    def _table(self, steps: np.ndarray) -> np.ndarray:
        """Site of every neighbour of every site, shape `(sites, k)`; any site beyond an open edge."""
        found = _places(self.shape)[:, None] + steps
        return _ranks(found % np.array(self.shape), self.shape)

    def draw(
        self, scene: Scene, samples: Tensor, generator: torch.Generator, image: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Random sites of a scene, its window anywhere in the given samples.

        Arguments:
            scene: Window and order.
            samples: Index of each one's sample, shape `(n,)`.
            generator: Of the sites and places.
            image: Which image under the symmetries of space is read; 0 is the sample itself.

        Returns:
            Contexts `(n, channels, k)`, 0 where unknown; what is known, `(n, 1, k)`, floats;
            targets `(n, channels)`.
        """
        which = torch.randint(len(scene.places), samples.shape, generator=generator)
        site = torch.zeros_like(samples)
        for axis, side in enumerate(self.shape):
            room = side if self.periodic[axis] else side - scene.window[axis] + 1
            origin = torch.randint(room, samples.shape, generator=generator)
            site = site * side + (torch.from_numpy(scene.places[:, axis])[which] + origin) % side
        known = torch.from_numpy(scene.known)[which].to(self.device)
        first = (samples * self.sites).to(self.device)
        site = site.to(self.device)
        context = self.encoding(self.flat[first[:, None] + self.tables[image][site]])
        target = self.encoding(self.flat[first + site][:, None])[:, :, 0]
        known = known[:, None].to(context.dtype)
        return context * known, known, target


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
        orders = [order for order in permutations(range(dimensions)) if tuple(shape[axis] for axis in order) == tuple(shape)]
    return [np.diag(sign)[list(order)] for order in orders for sign in signs]
