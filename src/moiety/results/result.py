r"""What an estimate says: one number with its error, where it comes from, whether to believe it.

s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.atomic import atomic
from ..base.errors import InputError
from ..base.words import measured
from ..estimation.training import History
from ..io import check_output
from ..io._format import naming
from .plots import overview

if TYPE_CHECKING:
    import matplotlib.figure
    import xarray

__all__ = [
    "COUNTED",
    "ESTIMATED",
    "EXTRAPOLATED",
    "Base",
    "Check",
    "CrossCheck",
    "Estimate",
    "EntropyResult",
    "Level",
    "Status",
]

COUNTED, ESTIMATED, EXTRAPOLATED = "counted", "estimated", "extrapolated"
_CURVES = ("steps", "training", "validation", "smoothed", "bound")
_ATTRIBUTE = "moiety_result"
_LEAST_ERROR = 1e-12  # nats per site


@dataclass(frozen=True)
class Level:
    """One kind of cut of the ladder.

    Arguments:
        level: Depth k, 1 for the first cut of the whole lattice.
        shape: Sides of the half X_k (the larger one where a side is odd).
        volume: V_k, its sites.
        interface: l_k, sites along the interface, all faces together.
        faces: 2 where the halves meet at both ends, else 1.
        weight: By how much one nat of M lowers the entropy per site, 1/(2 V_k).
        mutual_information: M(X_k) in nats.
        error: One standard error of it, in nats.
        source: `"counted"`, `"estimated"` or `"extrapolated"`.
        status: How it went: `"counted"`, `"converged"`, `"out of budget"`,
            `"diverged"`, `"area law"`, `"past the samples"` or `"stopped"`.
        bounds: All bounds read out of the same critics, by name.
        histories: The trainings, one a fold.
    """

    level: int
    shape: tuple[int, ...]
    volume: int
    interface: int
    faces: int
    weight: float
    mutual_information: float
    error: float
    source: str
    status: str
    bounds: Mapping[str, float] = field(default_factory=dict)
    histories: tuple[History, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Base:
    """A smallest block, whose entropy was counted.

    Arguments:
        shape: Its sides.
        count: How often it occurs in the lattice.
        entropy: S of the block, in nats.
        error: One standard error, in nats.
        windows: Number of windows counted.
    """

    shape: tuple[int, ...]
    count: int
    entropy: float
    error: float
    windows: int


@dataclass(frozen=True)
class Check:
    """One thing that should hold, whether it does, and in words."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Status:
    """All checks of a result.

    Example:
        >>> status = Status((Check("bounds", True, "bounds agree"), Check("chains", False, "chains disagree")))
        >>> status.ok, str(status)
        (False, 'doubtful: chains disagree')
    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the failed checks say."""
        return tuple(check.message for check in self.checks if not check.passed)

    def __str__(self) -> str:
        return "ok" if self.ok else "doubtful: " + "; ".join(self.warnings)


@dataclass(frozen=True)
class Estimate:
    """A number with one standard error."""

    entropy: float
    error: float

    def __str__(self) -> str:
        return measured(self.entropy, self.error)


@dataclass(frozen=True)
class CrossCheck:
    """The same entropy by another route, on the same samples.

    Arguments:
        entropy: In nats per site.
        error: One standard error.
        difference: The result's own entropy less this one.
        difference_error: One standard error of that: much of the samples' noise is common to both.
        histories: The trainings, one a fold; their `bound` is minus an upper bound on the entropy.

    Example:
        >>> CrossCheck(0.30, 0.01, difference=0.01, difference_error=0.004).sigmas
        2.5
    """

    entropy: float
    error: float
    difference: float = nan
    difference_error: float = nan
    histories: tuple[History, ...] = field(default=(), repr=False)

    @property
    def sigmas(self) -> float:
        """How many of its errors the difference is."""
        return abs(self.difference) / max(self.difference_error, _LEAST_ERROR)

    def __str__(self) -> str:
        return measured(self.entropy, self.error)


@dataclass(frozen=True)
class EntropyResult:
    """The entropy per site of a lattice system.

    Arguments:
        entropy: s in nats per site; in excess of the single sites where `excess` is set.
        error: One standard error.
        budget: What the error is made of, by name, in nats per site.
        levels: Every cut of the ladder, largest blocks first.
        bases: The counted blocks that the sum starts from.
        status: Checks.
        samples: `n`, `effective`, `tau` (in draws) and `rhat` of the samples, `shape`.
        cross_check: The same entropy by another route, where one was taken.
        ended: Why no more work was done: the error is within the `"precision"` asked for, or
            comes from the `"samples"` or the tail; `"training"` would gain little more; the `"time limit"`
            was reached, or it was `"stopped"`.
        timing: Seconds by name.
        provenance: Version, seed, configuration and the samples' provenance.
        unit: Of `entropy`.
        critic: The trained networks, to start another estimate from; not saved.

    Example:
        >>> import moiety
        >>> spins = np.ones((100, 4, 4), int)
        >>> print(moiety.estimate_entropy(moiety.Samples.from_array(spins, periodic=True), cross_check=False))
        s = 0.000000 ± 0.000000 nats/site  [4 levels]
    """

    entropy: float
    error: float
    budget: Mapping[str, float]
    levels: tuple[Level, ...]
    bases: tuple[Base, ...]
    status: Status
    samples: Mapping[str, Any]
    cross_check: CrossCheck | None = None
    ended: str = ""
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "nats/site"
    critic: Any = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        tail = sum(level.source == EXTRAPOLATED for level in self.levels)
        notes = [f"{len(self.levels)} level{'s' if len(self.levels) != 1 else ''}"]
        notes[0] += f", {tail} from the area law" if tail else ""
        notes += [f"cross-check {self.cross_check}"] if self.cross_check else []
        notes += [] if self.status.ok else [str(self.status)]
        return f"s = {measured(self.entropy, self.error)} {self.unit}  [{'; '.join(notes)}]"

    def to_dict(self) -> dict[str, Any]:
        """All of it but the training curves, as plain numbers, text, lists and mappings."""
        return json.loads(json.dumps(self._described(), default=_plain))

    def _described(self) -> dict[str, Any]:
        checks = [asdict(check) for check in self.status.checks]
        return {
            "entropy": self.entropy,
            "error": self.error,
            "unit": self.unit,
            "status": {
                "ok": self.status.ok,
                "warnings": list(self.status.warnings),
                "checks": checks,
            },
            "cross_check": _without_curves(self.cross_check) if self.cross_check else None,
            "budget": dict(self.budget),
            "levels": [
                {**_without_curves(level), "shape": list(level.shape)} for level in self.levels
            ],
            "bases": [{**asdict(base), "shape": list(base.shape)} for base in self.bases],
            "samples": dict(self.samples),
            "ended": self.ended,
            "timing": dict(self.timing),
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(
        cls,
        said: Mapping[str, Any],
        histories: Sequence[tuple[History, ...]] = (),
        crossing: tuple[History, ...] = (),
    ) -> EntropyResult:
        """The result that `to_dict` described; `histories` of its levels, one tuple each, and those of the cross-check."""
        levels = tuple(
            Level(**{**level, "shape": tuple(level["shape"])}, histories=found)
            for level, found in zip(
                said["levels"], histories or [()] * len(said["levels"]), strict=True
            )
        )
        bases = tuple(Base(**{**base, "shape": tuple(base["shape"])}) for base in said["bases"])
        status = Status(tuple(Check(**check) for check in said["status"]["checks"]))
        cross_check = (
            CrossCheck(**said["cross_check"], histories=crossing) if said["cross_check"] else None
        )
        plain = {"ended": said.get("ended", "")}
        plain |= {
            name: said[name]
            for name in ("entropy", "error", "unit", "budget", "samples", "timing", "provenance")
        }
        return cls(levels=levels, bases=bases, status=status, cross_check=cross_check, **plain)

    def to_xarray(self) -> xarray.Dataset:
        """The result as a dataset over `level`, with training curves over `fold` and `look`.

        Those of the cross-check are over `route`, a single one, `route_fold` and `route_look`.

        Example:
            >>> import moiety
            >>> spins = np.ones((100, 4, 4), int)
            >>> moiety.estimate_entropy(moiety.Samples.from_array(spins, periodic=True), cross_check=False).to_xarray().sizes["level"]
            4
        """
        import xarray

        per_level = {
            "mutual_information": ("nats", "mutual information between neighbouring halves"),
            "error": ("nats", "one standard error of the mutual information"),
            "volume": ("sites", "sites of a half"),
            "interface": ("sites", "sites along the interface, all faces together"),
            "faces": ("1", "faces of the interface"),
            "weight": ("1/site", "fall of the entropy per site for each nat"),
            "source": ("1", "counted, estimated or extrapolated"),
            "status": ("1", "how it went"),
        }
        data: dict[str, Any] = {
            name: (
                "level",
                [getattr(level, name) for level in self.levels],
                {"units": units, "long_name": text},
            )
            for name, (units, text) in per_level.items()
        }
        data["entropy"] = ((), self.entropy, {"units": self.unit, "long_name": "entropy"})
        data["entropy_error"] = (
            (),
            self.error,
            {"units": self.unit, "long_name": "one standard error of the entropy"},
        )
        data |= _curves(_OF_LEVELS, [level.histories for level in self.levels])
        data |= _curves(_OF_ROUTES, [self.cross_check.histories] if self.cross_check else [])
        coordinates = {"level": [level.level for level in self.levels]}
        return xarray.Dataset(data, coordinates, {_ATTRIBUTE: json.dumps(self.to_dict())})

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write to a netCDF file.

        Raises:
            InputError: The suffix is not `.nc`, or the path is taken or cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".nc":
            raise InputError(f"{path}: results are written as netCDF; end the name in .nc")
        check_output(path, force)
        with naming(path, "cannot be written"), atomic(path) as part:
            self.to_xarray().to_netcdf(part, engine="h5netcdf")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EntropyResult:
        """Read what `save` wrote.

        Raises:
            InputError: The file is missing, damaged or no result.
        """
        import xarray

        with naming(Path(path), "cannot be read as a result"):
            if not Path(path).is_file():
                raise InputError("no such file; check the name")
            with xarray.open_dataset(path, engine="h5netcdf") as dataset:
                if _ATTRIBUTE not in dataset.attrs:
                    raise InputError(
                        "holds no result of an estimate; moiety estimate --out writes one"
                    )
                levels, routes = (
                    _histories(dataset, curves) for curves in (_OF_LEVELS, _OF_ROUTES)
                )
                return cls.from_dict(json.loads(dataset.attrs[_ATTRIBUTE]), levels, *routes)

    def plot(self) -> matplotlib.figure.Figure:
        """A figure of M per level, the split of the entropy and the training curves."""
        return overview(self)


class _Curves(NamedTuple):
    """Where training curves stand in a dataset."""

    prefix: str
    dimensions: tuple[str, str, str]


_OF_LEVELS = _Curves("curve", ("level", "fold", "look"))
_OF_ROUTES = _Curves("cross_check_curve", ("route", "route_fold", "route_look"))


def _curves(where: _Curves, rows: Sequence[Sequence[History]]) -> dict[str, Any]:
    """Variables of a dataset, from the histories of folds in rows."""
    folds = max(map(len, rows), default=0)
    looks = max((len(history.steps) for row in rows for history in row), default=0)
    if not looks:
        return {}
    table = np.full((len(_CURVES), len(rows), folds, looks), np.nan)
    for place, row in enumerate(rows):
        for fold, history in enumerate(row):
            table[:, place, fold, : len(history.steps)] = [
                getattr(history, name) for name in _CURVES
            ]
    return {
        f"{where.prefix}_{name}": (where.dimensions, table[k]) for k, name in enumerate(_CURVES)
    }


def _histories(dataset: xarray.Dataset, where: _Curves) -> list[tuple[History, ...]]:
    """What `_curves` was made from: none where nothing was trained."""
    if f"{where.prefix}_steps" not in dataset:
        return []
    table = np.stack(
        [dataset[f"{where.prefix}_{name}"].values for name in _CURVES], axis=2
    )  # rows, folds, curves, looks
    known = [[curves[:, ~np.isnan(curves[0])] for curves in row] for row in table]
    return [tuple(_history(curves) for curves in row if curves.shape[1]) for row in known]


def _history(curves: np.ndarray) -> History:
    return History([int(step) for step in curves[0]], *(curve.tolist() for curve in curves[1:]))


def _without_curves(part: Level | CrossCheck) -> dict[str, Any]:
    found = asdict(replace(part, histories=()))
    del found["histories"]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return str(value)
