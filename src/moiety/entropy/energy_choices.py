"""From names and files to the energies that `estimate_entropy` takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..data.samples import Samples
from ..io import load_energies
from ..systems import SYSTEMS, system
from .choices import given

__all__ = ["energy_options", "mean_energy_of"]

_SIZE = r"[\d.]+(e[-+]?\d+)?"
_MEAN = re.compile(rf"\s*(?P<mean>[-+]?{_SIZE})\s*(±|\+-|\+/-)\s*(?P<error>{_SIZE})\s*")


def energy_options(
    samples: Samples,
    file: Path,
    *,
    temperature: float | None = None,
    energies: str | None = None,
    model: str | None = None,
    mean_energy: str | None = None,
    **parameters: float | None,
) -> dict[str, Any]:
    """Keywords of `estimate_entropy` about energies; empty if nothing is asked for.

    Args:
        samples: The samples.
        file: Their file.
        temperature: Their temperature; by default the one that the file records.
        energies: Name of an array in `file`, or a file of its own; by default those that
            `moiety sample` has written beside the samples, unless a model is given.
        model: Name of a system, for the energy of any configuration.
        mean_energy: Mean energy of a longer record and its error, as in `"-6100.2±0.8"`.
        **parameters: Parameters of the model; by default those that the file records.

    Raises:
        InputError: The temperature is not known, there are no energies, the model does not fit the
            samples, or parameters without a model.

    Example:
        >>> import moiety
        >>> spins = moiety.system("ising-square", size=4, temperature=2.0).sample(8, seed=1)
        >>> sorted(energy_options(spins, Path("spins.npy"), model="ising-square"))
        ['energy', 'temperature']
    """
    chosen = given(**parameters)
    asked = given(temperature=temperature, energies=energies, model=model, mean_energy=mean_energy)
    if chosen and model is None:
        raise InputError(f"--{next(iter(chosen))} belongs to --model; give it, too")
    if not asked:
        return {}
    recorded = _recorded(samples)
    known = temperature if temperature is not None else recorded.get("temperature")
    if known is None:
        raise InputError(f"{file}: does not record a temperature; give it with --temperature")
    options: dict[str, Any] = {"temperature": float(known)}
    if model is not None:
        options["energy"] = _model(samples, model, options["temperature"], chosen)
    if energies is not None or model is None:
        options["energies"] = _energies(file, energies)
    if mean_energy is not None:
        options["mean_energy"] = mean_energy_of(mean_energy)
    return options


def mean_energy_of(text: str) -> tuple[float, float]:
    """Read a mean and its error.

    Args:
        text: Such as `"-6100.2±0.8"` or `"-6100.2+-0.8"`.

    Raises:
        InputError: It is written in another way.

    Example:
        >>> mean_energy_of("-6100.2±0.8"), mean_energy_of("1e3 +- 2")
        ((-6100.2, 0.8), (1000.0, 2.0))
    """
    found = _MEAN.fullmatch(text.lower())
    try:
        if found:
            return float(found["mean"]), float(found["error"])
    except ValueError:  # several points
        pass
    raise InputError(
        f"mean energy {text!r} cannot be read; give the mean of the whole lattice and its error, as"
        " in -6100.2±0.8"
    )


def _energies(file: Path, source: str | None) -> Any:
    if source is not None and Path(source).exists():
        return load_energies(source)
    try:
        return load_energies(file, source)
    except InputError as error:
        if source is not None:
            raise InputError(f"{source}: neither a file nor an array in {file}: {error}") from None
        raise InputError(f"{file}: holds no energies; give --energies or --model as well") from None


def _recorded(samples: Samples) -> Mapping[str, Any]:
    """Parameters of the system that the samples came from; empty if that is not known."""
    parameters = samples.provenance.get("parameters")
    return parameters if isinstance(parameters, Mapping) else {}


def _model(samples: Samples, name: str, temperature: float, chosen: Mapping[str, Any]) -> Any:
    """The system of this name, of the size of the samples, at their temperature."""
    models = {key: kind for key, kind in SYSTEMS.items() if hasattr(kind, "energy")}
    if name not in models:
        raise InputError(f"unknown model {name!r}; choose from {', '.join(models)}")
    known = {item.name for item in fields(models[name])}
    recorded = _recorded(samples) if samples.provenance.get("system") == name else {}
    parameters = {key: value for key, value in recorded.items() if key in known} | dict(chosen)
    parameters |= {"temperature": temperature} if "temperature" in known else {}
    parameters |= {"states": samples.states} if "states" in known else {}
    size = samples.shape if len(samples.shape) > 1 else samples.shape[0]
    made = system(name, **{**parameters, "size": size})
    if made.periodic != samples.periodic:
        raise InputError(f"{name} has other boundaries than these samples; give --energies instead")
    return made
