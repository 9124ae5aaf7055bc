"""The dataset of Fig. 4: results by density, with entropies by compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from math import log2, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base.errors import InputError
from ..base.random import Streams
from ..baselines import compression_entropy
from ..data.particles import Particles
from ..data.samples import Samples
from ..entropy.budget import total_error
from ..probe import kink
from ..results.result import EntropyResult
from .fig4_panels import KINK, RESOLUTION

if TYPE_CHECKING:
    import xarray

    from .fig4 import Effort

__all__ = ["compressed", "gathered"]

_SHOWN = (0.78, 0.88)  # packing fractions of panel A


def compressed(packings: Particles, seed: int) -> NDArray[np.float64]:
    """Estimate the excess entropy by compression: images of packings and of random points.

    The first images have the pixels of the paper and are read row by row.  The second images have
    about 16 pixels per particle, where LZMA removes most, and are read along a Hilbert curve.

    Args:
        packings: Packings at one density.
        seed: Seed for the random points.

    Returns:
        Excess entropy in nats per particle and its error, shape `(2, 2)`.
    """
    random = Streams(seed).numpy("random points", packings.n)
    side = float(packings.cells[0, 0, 0])
    points = packings.replace(positions=random.random(packings.positions.shape) * side)
    rows = []
    for along, order in (
        (int(side * RESOLUTION), "rows"),
        (1 << round(log2(4 * sqrt(packings.counts[0]))), "hilbert"),
    ):
        packed = compression_entropy(_images(packings, along), order=order)
        random_points = compression_entropy(_images(points, along), order=order)
        pixels = along**2 / packings.counts[0]  # per particle
        difference = (packed.entropy - random_points.entropy) * pixels
        rows.append((difference, np.hypot(packed.error, random_points.error) * pixels))
    return np.array(rows)


def _images(packings: Particles, along: int) -> Samples:
    """Images of the boxes with `along` pixels per side; a pixel is 1 if it holds a centre."""
    image = np.zeros((packings.n, along, along), np.uint8)
    frames = np.repeat(np.arange(packings.n), packings.counts)
    places = np.minimum(
        (packings.positions * (along / float(packings.cells[0, 0, 0]))).astype(int), along - 1
    )
    image[frames, places[:, 0], places[:, 1]] = 1
    return Samples.from_array(image, axes="draw,x,y", states=2, periodic=False)


def gathered(
    effort: Effort,
    packings: Mapping[float, Particles],
    results: Sequence[EntropyResult],
    compressions: Sequence[NDArray[np.float64]],
    curves: Sequence[NDArray[np.float64]],
    small: NDArray[np.float64],
) -> xarray.Dataset:
    """Combine all results in a dataset, with the fit of a change of slope.

    Args:
        effort: Densities and resolutions.
        packings: Packings by density.
        results: Excess entropies by density.
        compressions: Excess entropies by compression, by density; see `compressed`.
        curves: M and its error, shape `(blocks, resolutions, 2)`, by studied density.
        small: M of small blocks and its error, shape `(blocks, densities, 2)`.
    """
    import xarray

    entropy = np.array([result.entropy for result in results])
    error = np.array([_error(result) for result in results])
    measured = [packings[phi].measured for phi in effort.densities]
    densities = [packings[phi].density for phi in effort.densities]
    lzma, resolved = np.array(compressions), np.array(curves)
    tails = [result.levels[0].mutual_information / result.levels[0].interface for result in results]
    by_phi = {
        "excess_entropy": (entropy, "nats/particle"),
        "error": (error, "nats/particle"),
        "compression": (lzma[:, 0, 0], "nats/particle"),
        "compression_error": (lzma[:, 0, 1], "nats/particle"),
        "compression_hilbert": (lzma[:, 1, 0], "nats/particle"),
        "compression_hilbert_error": (lzma[:, 1, 1], "nats/particle"),
        "jammed": ([float(numbers["jammed"].mean()) for numbers in measured], "1"),
        "energy": ([float(numbers["energy"].mean()) for numbers in measured], "eps/particle"),
        "density": (densities, "1/diameter^2"),
        "tail": (tails, "nats/diameter"),
    }
    axes = ("studied", "block", "resolution")
    variables = {
        name: ("phi", values, {"units": units}) for name, (values, units) in by_phi.items()
    }
    data = xarray.Dataset(
        {
            **variables,
            "resolved": (axes, resolved[..., 0], {"units": "nats"}),
            "resolved_error": (axes, resolved[..., 1], {"units": "nats"}),
        },
        {
            "phi": list(effort.densities),
            "resolution": list(effort.resolutions),
            "studied": list(effort.studied),
            "block": [str(cut) for cut in effort.blocks],
        },
        dict(zip(KINK, astuple(kink(np.array(effort.densities), entropy, error)), strict=True)),
    )
    return data.merge(_levels(results)).merge(_snapshots(packings)).merge(_small(effort, small))


def _error(result: EntropyResult) -> float:
    """The error at the resolution of the figure, which is the same at all densities."""
    return total_error({name: part for name, part in result.budget.items() if name != "resolution"})


def _levels(results: Sequence[EntropyResult]) -> xarray.Dataset:
    """M by density and level, from small to large blocks, with volumes and interfaces."""
    import xarray

    estimated = [
        [level for level in reversed(result.levels) if level.source == "estimated"]
        for result in results
    ]
    longest = max(estimated, key=len)

    def by_level(name: str) -> NDArray[np.float64]:
        missing = [[np.nan] * (len(longest) - len(levels)) for levels in estimated]
        rows = [[getattr(level, name) for level in levels] for levels in estimated]
        return np.array([row + rest for row, rest in zip(rows, missing, strict=True)])

    m, error = by_level("mutual_information"), by_level("error")
    return xarray.Dataset(
        {
            "mutual_information": (("phi", "level"), m, {"units": "nats"}),
            "mutual_information_error": (("phi", "level"), error, {"units": "nats"}),
        },
        {
            "volume": ("level", [level.volume for level in longest], {"units": "diameter^2"}),
            "interface": ("level", [level.interface for level in longest], {"units": "diameter"}),
        },
    )


def _small(effort: Effort, values: NDArray[np.float64]) -> xarray.Dataset:
    """M of small blocks near the transition, and where two lines that describe it meet."""
    import xarray

    phi = np.array(effort.transition)
    fits = [astuple(kink(phi, m, error)) for m, error in np.moveaxis(values, 2, 1)]
    axes = ("small_block", "transition")
    return xarray.Dataset(
        {
            "small": (axes, values[..., 0], {"units": "nats"}),
            "small_error": (axes, values[..., 1], {"units": "nats"}),
            "small_fit": (("small_block", "fit"), np.array(fits)),
        },
        {
            "small_block": [str(cut) for cut in effort.small],
            "transition": list(effort.transition),
            "fit": list(KINK),
        },
    )


def _snapshots(packings: Mapping[float, Particles]) -> xarray.Dataset:
    """The packings of panel A: those with the closest packing fractions."""
    import xarray

    def closest(phi: float) -> float:
        return min(packings, key=lambda other: abs(other - phi))

    chosen = list(map(closest, _SHOWN))
    shown = [packings[phi] for phi in chosen]
    diameters, sides = shown[0].diameters, [float(box.cells[0, 0, 0]) for box in shown]
    if diameters is None:
        raise InputError("the packings have no diameters; delete their files and repeat")
    positions = np.stack([box.frame(0) for box in shown])
    units = {"units": "diameter"}
    return xarray.Dataset(
        {
            "positions": (("snapshot", "particle", "axis"), positions, units),
            "diameters": ("particle", diameters[: shown[0].counts[0]], units),
            "side": ("snapshot", sides, units),
        },
        {"snapshot": chosen},
    )
