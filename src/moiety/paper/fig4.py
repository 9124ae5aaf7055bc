r"""Fig. 4: athermal soft disks and the jamming transition.

A  packings below and above phi_J             D  M / l against the volume of the blocks
B  a packing in pixels, at two resolutions    E  M / V and its extrapolation by the area law
C  M against the resolution R, two sizes      F  excess entropy per particle without its trend
G  M of small blocks near phi_J

The data of the paper are not public; these packings come from `systems.soft_disks`.  A fit of
$$s(\phi) = a + b \phi + c \max(\phi - \phi_c, 0)$$
shows where the slope of the excess entropy changes.  If it describes s no better than a straight
line, the figure and the command say so.  Panel G, which is not in the paper, has the same fit for M
of blocks that few packings are enough for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from ..estimation.estimator import Estimator, MutualInformation
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
_SMALL = (BlockCut((1.0, 1.0)), BlockCut((1.0, 2.0)))
_DENSE = tuple(round(0.82 + 0.005 * k, 3) for k in range(11))


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
        small: Cuts of panel G.
        transition: Packing fractions of panel G.
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
    small: tuple[BlockCut, ...] = _SMALL
    transition: tuple[float, ...] = (0.78, 0.79, 0.8, 0.81, *_DENSE, 0.88, 0.89, 0.9)
    training: Training = _TRAINING

    @classmethod
    def quick(cls) -> Effort:
        """A tenth of the work, with larger errors."""
        return cls(
            particles=256, packings=100,
            densities=(0.5, 0.6, 0.7, 0.77, 0.82, 0.86, 0.9, 0.95, 1.0, 1.1),
            resolutions=(2.0, 6.0, 10.0, 20.0), training=Training(steps=200, batch=256),
            transition=(0.78, 0.8, 0.82, 0.83, 0.84, 0.85, 0.86, 0.88, 0.9),
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
    small = work.small_blocks(packings, len(effort.densities) + len(effort.studied))
    return gathered(effort, packings, results, compressions, curves, small)


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
        progress, effort = self.progress, self.effort
        total = len(effort.densities) + len(effort.studied) + len(effort.transition)
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
                estimate = self.estimated(Crops(packings, cut, resolution, marks=NO_MARKS), warm)
                curves[k, j] = estimate.value, estimate.error
                warm, done = estimate.modules, done + 1
        np.save(path, curves)
        return curves

    def small_blocks(self, packings: Mapping[float, Particles], done: int) -> NDArray[np.float64]:
        """M of small blocks and its error, shape `(blocks, densities of panel G, 2)`.

        Args:
            packings: Packings that are there already, by density.
            done: Parts of the work before this one.
        """
        effort = self.effort
        values = np.zeros((len(effort.small), len(effort.transition), 2))
        for j, phi in enumerate(effort.transition):
            path = self.folder / f"small-{phi:g}.npy"
            if path.exists():
                values[:, j] = np.load(path, allow_pickle=False)
                continue
            report = self.report(done + j, 1.0, phi)
            chosen = packings.get(phi) or self.packings(phi, report)
            for k, cut in enumerate(effort.small):
                estimate = self.estimated(Crops(chosen, cut, RESOLUTION))
                values[k, j] = estimate.value, estimate.error
            np.save(path, values[:, j])
        return values

    def estimated(self, crops: Crops, warm: Sequence[Any] = ()) -> MutualInformation:
        """M of two blocks; networks may start from earlier ones."""
        if self.should_stop and self.should_stop():
            raise Stopped(f"stopped; {resumable(self.folder)}")
        return mutual_information_of(
            crops,
            (1, crops.particles.n),
            Estimator(critic=PointsCritic(), training=self.effort.training),
            Execution(seed=self.seed, threads=self.threads),
            warm_start=warm,
        )


def _particles(path: Path) -> Particles:
    particles = load(path)
    if not isinstance(particles, Particles):
        raise InputError(f"{path}: holds no particles; delete it and repeat")
    return particles
