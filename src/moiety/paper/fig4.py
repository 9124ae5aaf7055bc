r"""Fig. 4: athermal soft disks and the jamming transition.

A  packings below and above phi_J          D  M / l against the volume of the blocks
B  one of them in pixels, two resolutions  E  M / V and its extrapolation by the area law
C  M against the resolution R, two sizes   F  excess entropy per particle against phi, less a linear trend

The paper's data are not public; the packings are this project's own (see `systems.soft_disks`).  Where
the slope of the excess entropy changes is told by a fit,

    s(phi) = a + b phi + c max(phi - phi_c, 0),

with the spread of phi_c over draws of s within its errors.  Where that describes s no better than a straight
line, figure and command say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from math import log2, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import EstimateError, Stopped
from ..base.random import Streams
from ..baselines import compression_entropy
from ..data.particles import Particles
from ..data.samples import Samples
from ..entropy.particles import RESOLUTION, estimate_excess_entropy
from ..estimation.critics import PointsCritic
from ..estimation.crops import Crops
from ..estimation.estimator import Estimator
from ..estimation.execution import Execution
from ..estimation.mutual_information import mutual_information_of
from ..estimation.training import Training
from ..geometry.space import BlockCut
from ..io import load, save
from ..probe import kink
from ..results.result import EntropyResult
from ..systems import system
from .fig4_panels import KINK, draw, verdict

if TYPE_CHECKING:
    import xarray

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "study", "verdict"]

FOLDER, ROWS = "fig4", ("phi",)
_SHOWN = (0.78, 0.88)  # packings of panel A
_PACKING = 0.3  # of the time at one density

Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Effort:
    """How much is spent.

    Arguments:
        particles: Of a packing.
        packings: Of a density.
        densities: Packing fractions of panels D to F.
        resolutions, studied: R and packing fractions of panel C.
        largest: Side of the largest blocks of panels D to F.
        blocks: Halves of panel C.
        training: Of the first density; the others start from the networks of the one before.
    """

    particles: int = 512
    packings: int = 400
    densities: tuple[float, ...] = (
        0.5,
        0.58,
        0.66,
        0.72,
        0.77,
        0.8,
        0.82,
        0.835,
        0.85,
        0.87,
        0.9,
        0.95,
        1.0,
        1.1,
    )
    resolutions: tuple[float, ...] = (2.0, 4.0, 6.0, 10.0, 20.0, 40.0)
    studied: tuple[float, ...] = (0.77, 0.87)
    largest: float = 4.0
    blocks: tuple[BlockCut, ...] = (BlockCut((1.0, 2.0)), BlockCut((4.0, 4.0)))
    training: Training = Training(steps=800, batch=256)

    @classmethod
    def quick(cls) -> Effort:
        """A tenth of the work, with larger errors."""
        return cls(
            particles=256, packings=100, densities=(0.5, 0.6, 0.7, 0.77, 0.82, 0.86, 0.9, 0.95, 1.0, 1.1),
            resolutions=(2.0, 6.0, 10.0, 20.0), training=Training(steps=200, batch=256),
        )  # fmt: skip


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2, progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Everything that the panels show; what the folder holds already is not done again.

    Arguments:
        folder: Of packings and results, one file each.
        effort: See `Effort`; a folder belongs to one.
        seed: Of packings and networks.
        threads: Side by side.
        progress: Called as (done, all, text).
        stop: Asked often; once it says True, `Stopped` is raised between two files.
    """
    total, previous = len(effort.densities) + len(effort.studied), None
    results, compressed, packings = [], [], {}
    for done, phi in enumerate(effort.densities):
        packings[phi] = _packings(
            folder, effort, phi, seed, threads, _telling(progress, done, _PACKING, total, phi), stop
        )
        told = _telling(progress, done + _PACKING, 1 - _PACKING, total, phi)
        path = folder / f"excess-{phi:g}.nc"
        if path.exists():
            results.append(EntropyResult.load(path))
        else:
            options = {
                "training": effort.training,
                "largest": effort.largest,
                "seed": Streams(seed).integer("excess", phi),
                "threads": threads,
            }
            result = _estimated(
                packings[phi], folder, warm_start=previous, progress=told, stop=stop, **options
            )
            result.save(path)
            results.append(result)
            previous = result.networks
        compressed.append(_compressed(packings[phi], seed))
    curves = []
    for done, phi in enumerate(effort.studied, start=len(effort.densities)):
        kept = packings.get(phi) or _packings(folder, effort, phi, seed, threads, None, stop)
        curves.append(
            _against_resolution(
                folder,
                kept,
                phi,
                effort,
                seed,
                threads,
                _telling(progress, done, 1.0, total, phi),
                stop,
            )
        )
    return _gathered(effort, packings, results, compressed, curves)


def _estimated(packings: Particles, folder: Path, *, stop: Any, **options: Any) -> EntropyResult:
    """An excess entropy with all of its levels; `Stopped` where the user did not wait for them."""
    try:
        result = estimate_excess_entropy(packings, should_stop=stop, **options)
    except EstimateError:
        if not (stop and stop()):
            raise
        result = None
    if result is None or result.ended == "stopped":
        raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    return result


def _telling(
    progress: Progress | None, done: float, share: float, total: int, phi: float
) -> Progress | None:
    """Tells of a share of the work at one density."""
    if progress is None:
        return None
    return lambda part, parts, text="packings": progress(
        done + share * min(part / max(parts, 1), 1.0), total, f"phi {phi:g}: {text}"
    )


def _packings(
    folder: Path,
    effort: Effort,
    phi: float,
    seed: int,
    threads: int,
    told: Progress | None,
    stop: Any,
) -> Particles:
    path = folder / f"packings-{phi:g}.nc"
    if path.exists():
        return load(path)
    model = system("soft-disks", particles=effort.particles, packing_fraction=phi)
    found = model.sample(
        effort.packings,
        seed=Streams(seed).integer("packings", phi),
        threads=threads,
        progress=told,
        stop=stop,
    )
    if not found.provenance["complete"]:
        raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    save(found, path)
    return found


def _against_resolution(
    folder: Path,
    packings: Particles,
    phi: float,
    effort: Effort,
    seed: int,
    threads: int,
    told: Progress | None,
    stop: Any,
) -> np.ndarray:
    """M and its error by block and resolution, shape `(blocks, resolutions, 2)`; of centres alone, as in images."""
    path = folder / f"resolution-{phi:g}.npy"
    if path.exists():
        return np.load(path, allow_pickle=False)
    found, done = np.zeros((len(effort.blocks), len(effort.resolutions), 2)), 0
    for k, cut in enumerate(effort.blocks):
        warm: Sequence[Any] = ()
        for j, resolution in enumerate(effort.resolutions):
            if told:
                told(done, found[..., 0].size, f"R = {resolution:g}")
            if stop and stop():
                raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
            one = mutual_information_of(
                Crops(packings, cut, resolution, diameters=False),
                (1, packings.n),
                Estimator(critic=PointsCritic(), training=effort.training),
                Execution(seed=seed, threads=threads),
                warm_start=warm,
            )
            found[k, j], warm, done = (one.value, one.error), one.modules, done + 1
    np.save(path, found)
    return found


def _compressed(packings: Particles, seed: int) -> np.ndarray:
    """The excess entropy per particle by LZMA and its error: in the paper's pixels row by row, and along Hilbert's curve.

    Images of packings against those of as many random points; the second in pixels of which there are about
    16 a particle, where LZMA finds most.
    """
    random = Streams(seed).numpy("random points", packings.n)
    side = float(packings.cells[0, 0, 0])
    points = packings.replace(positions=random.random(packings.positions.shape) * side)
    found = []
    for along, order in (
        (int(side * RESOLUTION), "rows"),
        (1 << round(log2(4 * sqrt(packings.counts[0]))), "hilbert"),
    ):
        parts = [
            compression_entropy(_images(one, along), order=order) for one in (packings, points)
        ]
        a_particle = along**2 / packings.counts[0]
        found.append(
            (
                (parts[0].entropy - parts[1].entropy) * a_particle,
                np.hypot(parts[0].error, parts[1].error) * a_particle,
            )
        )
    return np.array(found)


def _images(packings: Particles, along: int) -> Samples:
    """Whole boxes in pixels, black where they hold a centre."""
    image = np.zeros((packings.n, along, along), np.uint8)
    frames = np.repeat(np.arange(packings.n), packings.counts)
    places = np.minimum(
        (packings.positions * (along / float(packings.cells[0, 0, 0]))).astype(int), along - 1
    )
    image[frames, places[:, 0], places[:, 1]] = 1
    return Samples.from_array(image, axes="draw,x,y", states=2, periodic=False)


def _gathered(
    effort: Effort, packings: dict[float, Particles], results: Sequence[EntropyResult], compressed: Sequence[np.ndarray],
    curves: Sequence[np.ndarray],
) -> xarray.Dataset:  # fmt: skip
    import xarray

    estimated = [
        [level for level in reversed(result.levels) if level.source == "estimated"]
        for result in results
    ]
    most = max(map(len, estimated))
    volumes = [level.volume for level in max(estimated, key=len)]
    faces = [level.interface for level in max(estimated, key=len)]

    def by_level(name: str) -> np.ndarray:
        return np.array(
            [
                [getattr(level, name) for level in levels] + [np.nan] * (most - len(levels))
                for levels in estimated
            ]
        )

    entropy, error = (
        np.array([getattr(result, name) for result in results]) for name in ("entropy", "error")
    )
    measured = [packings[phi].measured for phi in effort.densities]
    fit, lzma = kink(np.array(effort.densities), entropy, error), np.array(compressed)
    shown = [packings[min(packings, key=lambda phi, at=at: abs(phi - at))] for at in _SHOWN]
    return xarray.Dataset(
        {
            "excess_entropy": ("phi", entropy, {"units": "nats/particle"}),
            "error": ("phi", error, {"units": "nats/particle"}),
            "compression": ("phi", lzma[:, 0, 0], {"units": "nats/particle"}),
            "compression_error": ("phi", lzma[:, 0, 1], {"units": "nats/particle"}),
            "compression_hilbert": ("phi", lzma[:, 1, 0], {"units": "nats/particle"}),
            "compression_hilbert_error": ("phi", lzma[:, 1, 1], {"units": "nats/particle"}),
            "jammed": ("phi", [float(one["jammed"].mean()) for one in measured], {"units": "1"}),
            "energy": (
                "phi",
                [float(one["energy"].mean()) for one in measured],
                {"units": "eps/particle"},
            ),
            "density": (
                "phi",
                [packings[phi].density for phi in effort.densities],
                {"units": "1/diameter^2"},
            ),
            "mutual_information": (
                ("phi", "level"),
                by_level("mutual_information"),
                {"units": "nats"},
            ),
            "mutual_information_error": (("phi", "level"), by_level("error"), {"units": "nats"}),
            "tail": (
                "phi",
                [
                    result.levels[0].mutual_information / result.levels[0].interface
                    for result in results
                ],
                {"units": "nats/diameter"},
            ),
            "resolved": (
                ("studied", "block", "resolution"),
                np.array(curves)[..., 0],
                {"units": "nats"},
            ),
            "resolved_error": (
                ("studied", "block", "resolution"),
                np.array(curves)[..., 1],
                {"units": "nats"},
            ),
            "positions": (
                ("snapshot", "particle", "axis"),
                np.stack([one.frame(0) for one in shown]),
                {"units": "diameter"},
            ),
            "diameters": (
                "particle",
                shown[0].diameters[: shown[0].counts[0]],
                {"units": "diameter"},
            ),
            "side": (
                "snapshot",
                [float(one.cells[0, 0, 0]) for one in shown],
                {"units": "diameter"},
            ),
        },
        {
            "phi": list(effort.densities),
            "volume": ("level", volumes, {"units": "diameter^2"}),
            "interface": ("level", faces, {"units": "diameter"}),
            "resolution": list(effort.resolutions),
            "studied": list(effort.studied),
            "block": [str(cut) for cut in effort.blocks],
            "snapshot": [min(packings, key=lambda phi, at=at: abs(phi - at)) for at in _SHOWN],
        },
        dict(zip(KINK, astuple(fit), strict=True)),
    )
