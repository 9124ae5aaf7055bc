r"""Fig. 4: athermal soft disks and the jamming transition.

A  packings below and above phi_J             D  M / l against the volume of the blocks
B  a packing in pixels, at two resolutions    E  M / V and its extrapolation by the area law
C  M against the resolution R, two sizes      F  excess entropy per particle without its trend

The data of the paper are not public; these packings come from `systems.soft_disks`.  A fit of
$$s(\phi) = a + b \phi + c \max(\phi - \phi_c, 0)$$
shows where the slope of the excess entropy changes.  If it describes s no better than a straight
line, the figure and the command say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import EstimateError, InputError, Stopped
from ..base.random import Streams
from ..data.kinds import NO_MARKS
from ..data.particles import Particles
from ..entropy.particles import estimate_excess_entropy
from ..estimation.critics import PointsCritic
from ..estimation.crops import Crops
from ..estimation.estimator import Estimator
from ..estimation.execution import Execution
from ..estimation.mutual_information import mutual_information_of
from ..estimation.training import Training
from ..geometry.space import BlockCut
from ..io import load, save
from ..results.result import EntropyResult
from ..systems import system
from .fig4_panels import RESOLUTION, draw, verdict
from .fig4_results import compressed, gathered
from .lattices import Progress, resumable

if TYPE_CHECKING:
    import xarray

__all__ = ["FOLDER", "ROWS", "Effort", "draw", "study", "verdict"]

FOLDER, ROWS = "fig4", ("phi",)
_PACKING = 0.3  # share of the time at a density
_TRAINING = Training(steps=800, batch=256)
_BLOCKS = (BlockCut((1.0, 2.0)), BlockCut((4.0, 4.0)))


@dataclass(frozen=True)
class Effort:
    """Sizes, densities and training of Fig. 4.

    Args:
        particles: Number of particles in a packing.
        packings: Number of packings per density.
        densities: Packing fractions of panels D to F.
        resolutions: Resolutions R of panel C in pixels per diameter.
        studied: Packing fractions of panel C.
        largest: Side of the largest blocks of panels D to F in diameters.
        blocks: Cuts of panel C.
        training: Training at the first density; each further density starts from the networks of
            the previous one.
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
    blocks: tuple[BlockCut, ...] = _BLOCKS
    training: Training = _TRAINING

    @classmethod
    def quick(cls) -> Effort:
        """A tenth of the work, with larger errors."""
        return cls(
            particles=256, packings=100,
            densities=(0.5, 0.6, 0.7, 0.77, 0.82, 0.86, 0.9, 0.95, 1.0, 1.1),
            resolutions=(2.0, 6.0, 10.0, 20.0), training=Training(steps=200, batch=256),
        )  # fmt: skip


def study(
    folder: Path, effort: Effort, *, seed: int = 0, threads: int = 2,
    progress: Progress | None = None, should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate everything that the panels show; work with a file in the folder is not repeated.

    Args:
        folder: Folder of packings and results; it belongs to one `effort`.
        effort: Sizes, densities and training.
        seed: Seed for packings and networks.
        threads: Number of threads.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised between two files.
    """
    work = _Work(folder, effort, seed, threads, progress, should_stop)
    packings: dict[float, Particles] = {}
    results: list[EntropyResult] = []
    compressions = []
    previous = None
    for done, phi in enumerate(effort.densities):
        packings[phi] = work.packings(phi, work.report(done, _PACKING, phi))
        report = work.report(done + _PACKING, 1 - _PACKING, phi)
        path = folder / f"excess-{phi:g}.nc"
        if path.exists():
            results.append(EntropyResult.load(path))
        else:
            options = {
                "resolution": RESOLUTION,
                "training": effort.training,
                "largest": effort.largest,
                "seed": Streams(seed).integer("excess", phi),
                "threads": threads,
            }
            result = _estimated(
                packings[phi],
                folder,
                warm_start=previous,
                progress=report,
                should_stop=should_stop,
                **options,
            )
            result.save(path)
            results.append(result)
            previous = result.networks
        compressions.append(compressed(packings[phi], seed))
    curves = []
    for done, phi in enumerate(effort.studied, start=len(effort.densities)):
        chosen = packings.get(phi) or work.packings(phi, None)
        curves.append(work.against_resolution(chosen, phi, work.report(done, 1.0, phi)))
    return gathered(effort, packings, results, compressions, curves)


def _estimated(
    packings: Particles, folder: Path, *, should_stop: Any, **options: Any
) -> EntropyResult:
    """Estimate the excess entropy at all levels, or raise `Stopped` if the user stops."""
    try:
        result = estimate_excess_entropy(packings, should_stop=should_stop, **options)
    except EstimateError:
        if not (should_stop and should_stop()):
            raise
        result = None
    if result is None or result.ended == "stopped":
        raise Stopped(f"stopped; {resumable(folder)}")
    return result


@dataclass(frozen=True)
class _Work:
    """Steps of the study that keep their results in a folder; fields as in `study`."""

    folder: Path
    effort: Effort
    seed: int
    threads: int
    progress: Progress | None
    should_stop: Callable[[], bool] | None

    def report(self, done: float, share: float, phi: float) -> Callable[..., None] | None:
        """Progress within a share of the work at a density."""
        progress, total = self.progress, len(self.effort.densities) + len(self.effort.studied)
        if progress is None:
            return None

        def update(part: float, parts: float, text: str = "packings") -> None:
            fraction = min(part / max(parts, 1), 1.0)
            progress(done + share * fraction, total, f"phi {phi:g}: {text}")

        return update

    def packings(self, phi: float, report: Callable[..., None] | None) -> Particles:
        """Packings at a density, from their file or a simulation."""
        path = self.folder / f"packings-{phi:g}.nc"
        if path.exists():
            return _particles(path)
        model = system("soft-disks", particles=self.effort.particles, packing_fraction=phi)
        packings: Particles = model.sample(
            self.effort.packings,
            seed=Streams(self.seed).integer("packings", phi),
            threads=self.threads,
            progress=report,
            should_stop=self.should_stop,
        )
        if not packings.provenance["complete"]:
            raise Stopped(f"stopped; {resumable(self.folder)}")
        save(packings, path)
        return packings

    def against_resolution(
        self, packings: Particles, phi: float, report: Callable[..., None] | None
    ) -> NDArray[np.float64]:
        """M and its error by block and resolution, shape `(blocks, resolutions, 2)`.

        Critics see the centres alone, as in images.
        """
        path = self.folder / f"resolution-{phi:g}.npy"
        if path.exists():
            kept: NDArray[np.float64] = np.load(path, allow_pickle=False)
            return kept
        effort = self.effort
        curves, done = np.zeros((len(effort.blocks), len(effort.resolutions), 2)), 0
        for k, cut in enumerate(effort.blocks):
            warm: Sequence[Any] = ()
            for j, resolution in enumerate(effort.resolutions):
                if report:
                    report(done, curves[..., 0].size, f"R = {resolution:g}")
                if self.should_stop and self.should_stop():
                    raise Stopped(f"stopped; {resumable(self.folder)}")
                estimate = mutual_information_of(
                    Crops(packings, cut, resolution, marks=NO_MARKS),
                    (1, packings.n),
                    Estimator(critic=PointsCritic(), training=self.effort.training),
                    Execution(seed=self.seed, threads=self.threads),
                    warm_start=warm,
                )
                curves[k, j] = estimate.value, estimate.error
                warm, done = estimate.modules, done + 1
        np.save(path, curves)
        return curves


def _particles(path: Path) -> Particles:
    particles = load(path)
    if not isinstance(particles, Particles):
        raise InputError(f"{path}: holds no particles; delete it and repeat")
    return particles
