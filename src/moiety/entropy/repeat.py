"""Make a result again from its provenance, and compare.

The provenance of a result holds the version, the seed, the configuration, how the file was read,
and a digest of the samples.  Samples that moiety drew are drawn again from theirs; others must be
given.  On the same machine with the same versions every number is bitwise the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..base.errors import InputError
from ..data.digest import digest_of
from ..data.particles import Particles
from ..data.samples import Samples
from ..io import load, save
from ..results.result import EntropyResult
from ..systems import PARTICLE_SYSTEMS, SYSTEMS, system
from .choices import given, objects_of
from .energy_choices import energy_options
from .known_energies import energy_of
from .lattice import estimate_entropy
from .particles import estimate_excess_entropy

__all__ = ["Repetition", "repeat_result", "samples_of"]

_EXECUTION = ("seed", "device", "threads", "folds")
_LATTICE = ("tail", "precision", "excess", "route")
_PARTICLES = (
    "resolution", "sigma", "types", "diameters", "isotropic", "largest", "cross_check",
)  # fmt: skip


@dataclass(frozen=True)
class Repetition:
    """A result and its repetition.

    Args:
        recorded: The result that was to be repeated.
        repeated: The new result.
        digests: Digests of the samples of both; the first is empty if it was not recorded.
    """

    recorded: EntropyResult
    repeated: EntropyResult
    digests: tuple[str, str]

    @property
    def is_same(self) -> bool:
        """Whether every number is bitwise the same."""
        return _numbers(self.recorded) == _numbers(self.repeated)

    @property
    def same_samples(self) -> bool:
        """Whether the samples are the same, as far as that was recorded."""
        return self.digests[0] in ("", self.digests[1])

    @property
    def difference(self) -> float:
        """The new entropy minus the old one."""
        return self.repeated.entropy - self.recorded.entropy

    def __str__(self) -> str:
        if self.is_same:
            return "every number is bitwise the same"
        error = self.recorded.error
        share = f", {abs(self.difference) / error:.2g} errors" if error > 0 else ""
        old, new = (one.provenance.get("version") for one in (self.recorded, self.repeated))
        if not self.same_samples:
            reason = "the samples are not those of the result"
        elif self.recorded.ended in ("time limit", "stopped"):
            reason = "the clock or the user ended the recorded one"
        elif old != new:
            reason = f"it was made by moiety {old}, this is {new}"
        else:
            reason = "another machine or other versions of libraries round differently"
        return f"the entropies differ by {self.difference:+.2g}{share}; {reason}"


def repeat_result(result: EntropyResult, samples: Samples | Particles, **hooks: Any) -> Repetition:
    """Estimate again with the configuration of a result.

    Args:
        result: The result.
        samples: Its samples; `samples_of` draws them again.
        **hooks: `progress` and `should_stop`; see `estimate_entropy`.

    Raises:
        InputError: The provenance does not hold the configuration, or names an algorithm that is
            not part of moiety; or networks of an earlier estimate were used, which are not stored.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-chain", size=8, temperature=1.0)
        >>> samples = model.sample(64, seed=1)
        >>> result = moiety.estimate_entropy(samples, cross_check=False, precision=1.0)
        >>> print(repeat_result(result, samples))
        every number is bitwise the same
    """
    configuration = result.provenance.get("configuration")
    if not isinstance(configuration, Mapping):
        raise InputError("the result does not record its configuration; it cannot be repeated")
    if configuration.get("warm_start"):
        raise InputError(
            "it started from the networks of another estimate, which are not stored; repeat the"
            " sweep that it belongs to"
        )
    options = {**objects_of(configuration), **_chosen(configuration, _EXECUTION), **hooks}
    options |= given(time_limit=configuration.get("time_limit"))
    recorded = str(result.provenance.get("digest", ""))
    if isinstance(samples, Particles):
        options |= _chosen(configuration, _PARTICLES)
        again = estimate_excess_entropy(samples, **options)
    else:
        options |= _chosen(configuration, (*_LATTICE, "cross_check"))
        options |= {"cross_check": True} if options.get("route") == "chain-rule" else {}
        options |= _known_energies(result.provenance, samples)
        again = estimate_entropy(samples, **options)
    return Repetition(result, again, (recorded, digest_of(samples)))


def _known_energies(provenance: Mapping[str, Any], samples: Samples) -> dict[str, Any]:
    """Keywords for energies that were read from a file, or that a system gave."""
    recorded = provenance.get("energies")
    if not isinstance(recorded, Mapping) or not recorded:
        return {}
    file, source = Path(str(provenance.get("file", ""))), samples.provenance
    asked: dict[str, Any] = dict(recorded)
    if "energies" not in asked and "model" not in asked and source.get("system") in SYSTEMS:
        model = system(str(source["system"]), **source["parameters"])
        options = energy_options(samples, file, **asked, model=model.name)
        energy = options.pop("energy")
        return options | {"energies": energy_of(energy)(samples)}
    return energy_options(samples, file, **asked)


def samples_of(result: EntropyResult, path: str | Path | None = None) -> Samples | Particles:
    """The samples of a result: drawn again, or read from their file.

    Args:
        result: The result.
        path: File with the samples; by default they are drawn again.

    Raises:
        InputError: They did not come from a system of moiety, and no file is given.
    """
    provenance = result.provenance
    reading, name = provenance.get("reading") or {}, str(provenance.get("file", ""))
    if path is not None:
        return load(path, **reading)
    drawn = _drawn_again(provenance)
    if not name:
        return _as_recorded(drawn, provenance)
    with TemporaryDirectory() as folder:  # files round, and options of reading apply to them
        again = Path(folder) / f"samples{Path(name).suffix}"
        save(drawn, again)
        return load(again, **reading)


def _drawn_again(provenance: Mapping[str, Any]) -> Samples | Particles:
    source = provenance.get("samples") or {}
    name, parameters = source.get("system"), source.get("parameters")
    known = isinstance(name, str) and name in SYSTEMS | PARTICLE_SYSTEMS
    if not known or not isinstance(parameters, Mapping) or "seed" not in source:
        file = provenance.get("file")
        raise InputError(
            f"its samples were not drawn by moiety; give them: --samples {file or 'FILE'}"
        )
    options = dict(source.get("given") or {})
    if "given" in source:  # draws of Markov chains
        options |= given(chains=source.get("chains"), algorithm=source.get("algorithm"))
    number = provenance.get("n")
    drawn: Samples | Particles = system(str(name), **parameters).sample(
        **given(samples=number), seed=source["seed"], **options
    )
    return drawn


def _as_recorded(drawn: Samples | Particles, provenance: Mapping[str, Any]) -> Samples | Particles:
    """Apply what the user may have changed in Python."""
    if isinstance(drawn, Particles):
        return drawn
    return drawn.replace(
        periodic=tuple(provenance.get("periodic", drawn.periodic)),
        symmetries=tuple(provenance.get("symmetries", drawn.symmetries)),
        homogeneous=bool(provenance.get("homogeneous", drawn.homogeneous)),
    )


def _chosen(configuration: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: configuration[name] for name in names if name in configuration}


def _numbers(result: EntropyResult) -> str:
    """Every number that the estimate computed; times and words may differ."""
    whole = result.to_dict()
    levels = [
        {name: level[name] for name in ("shape", "mutual_information", "error", "source")}
        for level in whole["levels"]
    ]
    crossed = whole["cross_check"]
    kept = ("entropy", "error", "budget", "bases", "free_energy", "bracket")
    return repr([[whole[name] for name in kept], levels, crossed])
