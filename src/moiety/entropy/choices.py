"""Names to objects: the one place that maps names to systems and algorithms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError

if TYPE_CHECKING:
    from ..results.result import EntropyResult

__all__ = ["algorithms", "exact_value", "given", "model", "objects_of"]


def given(**options: Any) -> dict[str, Any]:
    """The options that are not None; the others keep their defaults.

    Args:
        **options: Options by name.

    Example:
        >>> given(seed=0, folds=None)
        {'seed': 0}
    """
    return {name: value for name, value in options.items() if value is not None}


def model(system: str, size: str | None, **parameters: Any) -> Any:
    """The system with this name and these parameters.

    Args:
        system: Name of the system.
        size: Sides of the lattice, as in `"64"`, `"48x80"` or `"48,80"`.
        **parameters: Other fields of the system; None keeps the default.

    Raises:
        InputError: An unknown name, a missing or unknown parameter, or a bad value.

    Example:
        >>> model("ising-square", "4x6", temperature=2.4, field=None).shape
        (4, 6)
    """
    from .. import systems

    return systems.system(system, **given(size=size and _sides(size), **parameters))


def _sides(text: str) -> int | tuple[int, ...]:
    """Parse the sides of a lattice.

    Example:
        >>> _sides("64"), _sides("4,6"), _sides("4x4x8")
        (64, (4, 6), (4, 4, 8))
    """
    if not re.fullmatch(r"\s*\d{1,9}(\s*[x,]\s*\d{1,9})*\s*", text, re.IGNORECASE | re.ASCII):
        raise InputError(
            f"size {text!r} cannot be read; give a side, as in 64, or one per axis, as in 48x80"
        )
    sides = tuple(int(side) for side in re.split(r"[x,]", text.lower()))
    return sides if len(sides) > 1 else sides[0]


def algorithms(
    critic: str | None,
    objective: str | None,
    bound: str | None,
    steps: int | None,
    device: str | None,
) -> dict[str, Any]:
    """Keywords of `estimate_entropy` for algorithms given by name.

    Args:
        critic: Name of the critic.
        objective: Name of the objective.
        bound: Name of the bound.
        steps: Maximum number of optimiser steps.
        device: Device of the networks.

    Raises:
        InputError: An unknown name, or a device that is not available.
    """
    from ..estimation.critics import CRITICS, PointsCritic
    from ..estimation.objectives import BOUNDS, OBJECTIVES
    from ..estimation.training import Training

    return given(
        critic=_made("critic", {**CRITICS, "points": PointsCritic}, critic),
        objective=_made("objective", OBJECTIVES, objective),
        bound=_made("bound", BOUNDS, bound),
        training=None if steps is None else Training(steps=steps),
        device=None if device is None else _checked_device(device),
    )


def for_particles(options: dict[str, Any], resolution: float | None) -> dict[str, Any]:
    """The same algorithms for particles: convolutions that see a diameter, training for blocks.

    Args:
        options: What `algorithms` returned.
        resolution: Pixels per diameter; convolutions need one.

    Example:
        >>> chosen = for_particles(algorithms("convolutional", None, None, 50, None), 20)
        >>> chosen["critic"].layers, chosen["training"].steps, chosen["training"].batch
        (4, 50, 256)
    """
    from ..estimation.critics import ConvolutionalCritic, PointsCritic
    from .particle_resolution import check_resolution
    from .particles import SMALLEST, default_training

    critic, training = options.get("critic"), options.get("training")
    if critic is not None:
        check_resolution(resolution, critic.sees, SMALLEST)
    if isinstance(critic, ConvolutionalCritic) and resolution:
        critic = ConvolutionalCritic.seeing(resolution)
    if training is not None:
        training = replace(default_training(critic or PointsCritic()), steps=training.steps)
    return options | given(critic=critic, training=training)


def _made(kind: str, known: Mapping[str, type], name: str | None) -> Any:
    if name is not None and name not in known:
        raise InputError(f"unknown {kind} {name!r}; choose from {', '.join(known)}")
    return None if name is None else known[name]()


def objects_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of `estimate_entropy` for algorithms that a result records, field by field.

    Args:
        configuration: `configuration` of the provenance of a result.

    Raises:
        InputError: An algorithm that is not part of moiety, or fields that it does not have.

    Example:
        >>> objects_of({"critic": {"name": "ConvolutionalCritic", "layers": 3}, "tail": True})
        {'critic': ConvolutionalCritic(layers=3, filters=16, hidden=64, growth=1)}
    """
    from ..chain_rule.estimate import ChainRule
    from ..chain_rule.orders import CoarseToFine, RowByRow
    from ..estimation.critics import CRITICS, PointsCritic
    from ..estimation.objectives import BOUNDS, OBJECTIVES
    from ..estimation.training import Training

    families: dict[str, Mapping[str, type]] = {
        "critic": {**CRITICS, "points": PointsCritic},
        "objective": OBJECTIVES,
        "bound": BOUNDS,
        "training": {"training": Training},
        "chain_rule": {"chain rule": ChainRule},
        "order": {"row by row": RowByRow, "coarse to fine": CoarseToFine},
    }
    return {
        kind: _remade(kind, family, configuration[kind])
        for kind, family in families.items()
        if kind in configuration
    }


def _remade(kind: str, family: Mapping[str, type], recorded: Any) -> Any:
    fields = dict(recorded) if isinstance(recorded, Mapping) else {"name": recorded}
    known = {**family, **{made.__name__: made for made in family.values()}}
    name = fields.pop("name", None)
    if name not in known:
        raise InputError(f"the {kind} {name!r} is not part of moiety; it cannot be made again")
    values: dict[str, Any] = {
        key: tuple(part) if isinstance(part, list) else part for key, part in fields.items()
    }
    if kind == "chain_rule":
        values |= objects_of({"training": {"name": "Training", **values["training"]}})
        if values.get("order"):
            values |= objects_of({"order": values["order"]})
    try:
        return known[name](**values)
    except (TypeError, ValueError) as error:
        raise InputError(f"the {kind} {name} has other fields in this version: {error}") from error


def _checked_device(name: str) -> str:
    import torch

    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, ValueError) as error:  # torch refuses in these ways
        raise InputError(
            f"the device {name!r} cannot be used here; choose another one, such as cpu"
        ) from error
    return name


def exact_value(result: EntropyResult) -> float | None:
    """The exact entropy of the system that the samples came from; None if it is not known.

    Args:
        result: Its provenance names the system and its parameters.
    """
    try:
        return _exact(result)
    except InputError:  # somebody else's file, whose parameters only look like ours
        return None


def _exact(result: EntropyResult) -> float | None:
    from ..systems import PARTICLE_SYSTEMS, SYSTEMS, system

    source = result.provenance.get("samples", {})
    if not isinstance(source, Mapping):
        return None
    name, parameters = source.get("system"), source.get("parameters")
    known = isinstance(name, str) and name in SYSTEMS | PARTICLE_SYSTEMS
    if not known or not isinstance(parameters, Mapping):
        return None
    found = system(str(name), **parameters)
    if name in PARTICLE_SYSTEMS:
        return found.exact_excess_entropy() if hasattr(found, "exact_excess_entropy") else None
    periodic, settings = (result.provenance.get(name) for name in ("periodic", "configuration"))
    is_whole = _sides_of(found) == (result.samples.get("shape"), periodic)
    is_excess = not isinstance(settings, Mapping) or settings.get("excess", True)
    exact: float | None = found.exact_entropy() if is_whole and not is_excess else None
    return exact


def _sides_of(lattice: Any) -> tuple[list[int], list[bool]]:
    return list(lattice.shape), list(lattice.periodic)
