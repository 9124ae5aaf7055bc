"""Results as plain mappings and as xarray datasets, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.errors import InputError
from ..estimation.history import History
from ._schema import check_mapping
from .energies import Bracket, FreeEnergy
from .types import Base, Check, CrossCheck, EntropyData, Level, ScaleEntropy, Source, Status

if TYPE_CHECKING:
    import xarray

__all__ = ["from_dataset", "from_mapping", "to_dataset", "to_mapping"]

_CURVES = ("steps", "training", "validation", "smoothed", "bound")
_ATTRIBUTE, _DIGEST = "moiety_result", "moiety_digest"
_DIGITS = 18
_LEVEL_VARIABLES = {
    "mutual_information": ("nats", "mutual information between neighbouring halves"),
    "error": ("nats", "one standard error of the mutual information"),
    "volume": ("sites", "sites of a half"),
    "interface": ("sites", "sites along the interface, all faces together"),
    "faces": ("1", "faces of the interface"),
    "weight": ("1/site", "decrease of the entropy per site for each nat"),
    "source": ("1", "counted, estimated or extrapolated"),
    "status": ("1", "how it went"),
}
_SCALE_VARIABLES = {
    "entropy": {"units": "nats/site", "long_name": "entropy of a site given all coarser ones"},
    "error": {"units": "nats/site", "long_name": "one standard error of scale_entropy"},
    "share": {"units": "1", "long_name": "share of all sites"},
}


def to_mapping(result: EntropyData) -> dict[str, Any]:
    """Everything but the training curves, as plain numbers, text, lists and mappings."""
    mapping: dict[str, Any] = json.loads(json.dumps(_described(result), default=_plain))
    return mapping


def _described(result: EntropyData) -> dict[str, Any]:
    status, crossed, free = result.status, result.cross_check, result.free_energy
    return {
        "entropy": result.entropy,
        "error": result.error,
        "unit": result.unit,
        "status": {
            "ok": status.ok,
            "warnings": list(status.warnings),
            "checks": [asdict(check) for check in status.checks],
        },
        "cross_check": _without_curves(crossed) if crossed else None,
        **_energies(free),
        "scales": [asdict(scale) for scale in result.scales],
        "budget": dict(result.budget),
        "levels": [
            {**_without_curves(level), "shape": list(level.shape)} for level in result.levels
        ],
        "bases": [{**asdict(base), "shape": list(base.shape)} for base in result.bases],
        "read_as": dict(result.read_as),
        "samples": dict(result.samples),
        "ended": result.ended,
        "timing": dict(result.timing),
        "provenance": dict(result.provenance),
    }


def _energies(free: FreeEnergy | None) -> dict[str, Any]:
    """The free energy and the bracket, side by side; null without them."""
    mapping = asdict(free) if free else None
    bracket = mapping.pop("bracket") if mapping else None
    return {"free_energy": mapping, "bracket": bracket}


def from_mapping(
    mapping: Mapping[str, Any],
    level_histories: Sequence[tuple[History, ...]] = (),
    route_histories: tuple[History, ...] = (),
) -> dict[str, Any]:
    """The fields of a result, from what `to_mapping` returned.

    Args:
        mapping: The result as a mapping.
        level_histories: Training histories of each level.
        route_histories: Training histories of the cross-check.
    """
    check_mapping(mapping)
    histories = level_histories or [()] * len(mapping["levels"])
    plain = ("entropy", "error", "unit", "budget", "samples", "timing", "provenance")
    crossed = mapping["cross_check"]
    return {
        **{name: mapping[name] for name in plain},
        "ended": mapping.get("ended", ""),
        "read_as": mapping.get("read_as", {}),
        "levels": tuple(
            _level(level, curves)
            for level, curves in zip(mapping["levels"], histories, strict=True)
        ),
        "bases": tuple(
            Base(**{**base, "shape": tuple(base["shape"])}) for base in mapping["bases"]
        ),
        "status": Status(tuple(Check(**check) for check in mapping["status"]["checks"])),
        "cross_check": _crossed(crossed, route_histories) if crossed else None,
        "free_energy": _free_energy(mapping),
        "scales": _scales(mapping),
    }


def _level(mapping: Mapping[str, Any], histories: tuple[History, ...]) -> Level:
    changed = {"shape": tuple(mapping["shape"]), "source": Source(mapping["source"])}
    return Level(**{**mapping, **changed}, histories=histories)


def _crossed(mapping: Mapping[str, Any], histories: tuple[History, ...]) -> CrossCheck:
    return CrossCheck(**{**mapping, "scales": _scales(mapping)}, histories=histories)


def _scales(mapping: Mapping[str, Any]) -> tuple[ScaleEntropy, ...]:
    return tuple(ScaleEntropy(**scale) for scale in mapping.get("scales", ()))


def _free_energy(mapping: Mapping[str, Any]) -> FreeEnergy | None:
    free, bracket = mapping.get("free_energy"), mapping.get("bracket")
    if free is None:
        return None
    return FreeEnergy(**free, bracket=Bracket(**bracket) if bracket else None)


def to_dataset(result: EntropyData) -> xarray.Dataset:
    """The result as a dataset; see `EntropyResult.to_xarray`."""
    import xarray

    data: dict[str, Any] = {
        name: (
            "level",
            [_plain_text(getattr(level, name)) for level in result.levels],
            {"units": units, "long_name": text},
        )
        for name, (units, text) in _LEVEL_VARIABLES.items()
    }
    unit = result.unit
    data["entropy"] = ((), result.entropy, {"units": unit, "long_name": "entropy"})
    error = {"units": unit, "long_name": "one standard error of the entropy"}
    data["entropy_error"] = ((), result.error, error)
    data |= _energy_variables(result.free_energy, unit)
    data |= _curves(_LEVELS, [level.histories for level in result.levels])
    data |= _curves(_ROUTES, [result.cross_check.histories] if result.cross_check else [])
    coordinates: dict[str, Any] = {"level": [level.level for level in result.levels]}
    scales = result.cross_check.scales if result.cross_check else result.scales
    if scales:
        coordinates["scale"] = [scale.name for scale in scales]
        data |= {
            f"scale_{name}": ("scale", [getattr(scale, name) for scale in scales], attributes)
            for name, attributes in _SCALE_VARIABLES.items()
        }
    dataset = xarray.Dataset(data, coordinates, {_ATTRIBUTE: json.dumps(to_mapping(result))})
    return dataset.assign_attrs({_DIGEST: _digest(dataset)})


def _energy_variables(free: FreeEnergy | None, unit: str) -> dict[str, Any]:
    """The free energy in the unit of the temperature, and the bracket of the entropy."""
    if free is None:
        return {}
    values = {
        "free_energy": (free.value, "unit of the temperature per site", "free energy"),
        "free_energy_error": (free.error, "unit of the temperature per site", "one standard error"),
    }
    if free.bracket:
        values |= {
            f"bracket_{end}": (getattr(free.bracket, end), unit, f"{end} bound of the entropy")
            for end in ("lower", "upper")
        }
    return {
        name: ((), value, {"units": units, "long_name": text})
        for name, (value, units, text) in values.items()
    }


def from_dataset(dataset: xarray.Dataset) -> dict[str, Any]:
    """The fields of a result, from what `to_dataset` returned.

    Args:
        dataset: The dataset.

    Raises:
        InputError: The dataset holds no result, or a damaged one.
    """
    if _ATTRIBUTE not in dataset.attrs:
        raise InputError("holds no result of an estimate; moiety estimate --out writes one")
    if dataset.attrs.get(_DIGEST, "") not in ("", _digest(dataset)):
        raise InputError("its checksum is wrong, so the file is damaged; write the result again")
    levels, routes = (_histories(dataset, curves) for curves in (_LEVELS, _ROUTES))
    mapping = json.loads(str(dataset.attrs[_ATTRIBUTE]), parse_int=_whole)
    return from_mapping(mapping, levels, *routes)


def _whole(digits: str) -> int | float:
    """A whole number as NumPy knows it; longer ones become floats."""
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _digest(dataset: xarray.Dataset) -> str:
    """Checksum of everything that is read again."""
    digest = sha256(str(dataset.attrs[_ATTRIBUTE]).encode())
    for name in sorted(map(str, dataset.data_vars)):
        if name.startswith((_LEVELS.prefix, _ROUTES.prefix)):
            digest.update(name.encode())
            digest.update(np.asarray(dataset[name].values, "<f8").tobytes())
    return digest.hexdigest()


class _Curves(NamedTuple):
    """Names of the training curves in a dataset."""

    prefix: str
    dimensions: tuple[str, str, str]


_LEVELS = _Curves("curve", ("level", "fold", "look"))
_ROUTES = _Curves("cross_check_curve", ("route", "route_fold", "route_look"))


def _curves(names: _Curves, rows: Sequence[Sequence[History]]) -> dict[str, Any]:
    """Variables of a dataset, from the histories of folds in rows."""
    folds = max(map(len, rows), default=0)
    checks = max((len(history.steps) for row in rows for history in row), default=0)
    if not checks:
        return {}
    table = np.full((len(_CURVES), len(rows), folds, checks), np.nan)
    for place, row in enumerate(rows):
        for fold, history in enumerate(row):
            curves = [getattr(history, name) for name in _CURVES]
            table[:, place, fold, : len(history.steps)] = curves
    return {
        f"{names.prefix}_{name}": (names.dimensions, table[k]) for k, name in enumerate(_CURVES)
    }


def _histories(dataset: xarray.Dataset, names: _Curves) -> list[tuple[History, ...]]:
    """The histories that `_curves` stored; none where nothing was trained."""
    if f"{names.prefix}_steps" not in dataset:
        return []
    variables = [dataset[f"{names.prefix}_{name}"].values for name in _CURVES]
    table = np.stack(variables, axis=2)  # (rows, folds, curves, checks)
    known = [[curves[:, ~np.isnan(curves[0])] for curves in row] for row in table]
    return [tuple(_history(curves) for curves in row if curves.shape[1]) for row in known]


def _history(curves: np.ndarray) -> History:
    steps = tuple(int(step) for step in curves[0])
    return History(steps, *(tuple(curve.tolist()) for curve in curves[1:]))


def _without_curves(part: Level | CrossCheck) -> dict[str, Any]:
    mapping = asdict(replace(part, histories=()))
    del mapping["histories"]
    return mapping


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return str(value)


def _plain_text(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
