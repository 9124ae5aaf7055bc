"""From words to objects: the one place where names become systems and algorithms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..base.errors import InputError

__all__ = ["algorithms", "exact_value", "given", "model"]


def given(**words: Any) -> dict[str, Any]:
    """The words that were said; for the others, the objects have their defaults.

    Example:
        >>> given(seed=0, folds=None)
        {'seed': 0}
    """
    return {name: value for name, value in words.items() if value is not None}


def model(system: str, size: str | None, **parameters: Any) -> Any:
    """The system of that name.

    Arguments:
        size: Its sides, as in `"64"`, `"48x80"` or `"48,80"`.
        parameters: Its other fields; None where not given.

    Raises:
        InputError: An unknown name, a parameter that it lacks or needs, or a bad value.

    Example:
        >>> model("ising-square", "4x6", temperature=2.4, field=None).shape
        (4, 6)
    """
    from .. import systems

    return systems.system(system, **given(size=size and _sides(size), **parameters))


def _sides(text: str) -> int | tuple[int, ...]:
    """The sides that a text names.

    Example:
        >>> _sides("64"), _sides("4,6"), _sides("4x4x8")
        (64, (4, 6), (4, 4, 8))
    """
    if not re.fullmatch(r"\s*\d{1,9}(\s*[x,]\s*\d{1,9})*\s*", text, re.IGNORECASE | re.ASCII):
        raise InputError(
            f"size {text!r} cannot be read; give a side, as in 64, or one for each axis, as in 48x80"
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
    """Arguments of `estimate_entropy` for the algorithms that were named.

    Raises:
        InputError: An unknown name, or a device that this machine lacks.
    """
    from ..estimation.critics import CRITICS, PointsCritic
    from ..estimation.objectives import BOUNDS, OBJECTIVES
    from ..estimation.training import Training

    return given(
        critic=_made("critic", {**CRITICS, "points": PointsCritic}, critic),
        objective=_made("objective", OBJECTIVES, objective),
        bound=_made("bound", BOUNDS, bound),
        training=None if steps is None else Training(steps=steps),
        device=device and _checked_device(device),
    )


def for_particles(options: dict[str, Any], resolution: float | None) -> dict[str, Any]:
    """The same algorithms for blocks of space: convolutions see a diameter, steps are those of `estimate_excess_entropy`.

    Example:
        >>> chosen = for_particles(algorithms("convolutional", None, None, 50, None), 20)
        >>> chosen["critic"].layers, chosen["training"].steps, chosen["training"].batch
        (4, 50, 256)
    """
    from ..estimation.critics import ConvolutionalCritic, PointsCritic
    from .particles import RESOLUTION, default_training

    critic, training = options.get("critic"), options.get("training")
    if isinstance(critic, ConvolutionalCritic):
        critic = ConvolutionalCritic.seeing(resolution or RESOLUTION)
    if training is not None:
        training = replace(default_training(critic or PointsCritic()), steps=training.steps)
    return options | given(critic=critic, training=training)


def _made(kind: str, known: Mapping[str, type], name: str | None) -> Any:
    if name is not None and name not in known:
        raise InputError(f"unknown {kind} {name!r}; choose from {', '.join(known)}")
    return None if name is None else known[name]()


def _checked_device(name: str) -> str:
    import torch

    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError) as error:  # torch refuses in both ways
        raise InputError(
            f"the device {name!r} cannot be used here; choose another one, such as cpu"
        ) from error
    return name


def exact_value(result: Any) -> float | None:
    """The exact entropy per site of the system that a result's samples name, where it is known.

    Arguments:
        result: An `EntropyResult`.
    """
    from ..systems import PARTICLE_SYSTEMS, SYSTEMS, system

    said = result.provenance
    source = said.get("samples", {})
    name, parameters = source.get("system"), source.get("parameters")
    if (
        not isinstance(name, str)
        or name not in SYSTEMS | PARTICLE_SYSTEMS
        or not isinstance(parameters, Mapping)
    ):
        return None
    try:
        found = system(name, **parameters)
        if name in PARTICLE_SYSTEMS:
            return found.exact_excess_entropy() if hasattr(found, "exact_excess_entropy") else None
        same = list(found.shape) == list(result.samples["shape"]) and list(found.periodic) == list(
            said["periodic"]
        )
        return found.exact_entropy() if same and not said["configuration"]["excess"] else None
    except InputError:  # a file of others, with parameters that only look like ours
        return None
