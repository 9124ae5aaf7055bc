"""moiety: the entropy of a physical system from its samples, half by half.

The public names are loaded on first use, so that `import moiety` stays light.

Example:
    >>> import moiety
    >>> system = moiety.system("ising-square", size=8, temperature=2.5)
    >>> samples = system.sample(samples=64, seed=1)
    >>> samples.shape
    (8, 8)
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "ChainRule": "chain_rule.estimate",
    "ConvolutionalCritic": "estimation.critics",
    "EntropyDifference": "results.difference",
    "EntropyResult": "results.result",
    "EstimateError": "base.errors",
    "InputError": "base.errors",
    "InterfaceCritic": "estimation.critics",
    "MoietyError": "base.errors",
    "Networks": "estimation.networks",
    "Particles": "data.particles",
    "PointsCritic": "estimation.critics",
    "Samples": "data.samples",
    "Training": "estimation.training",
    "entropy_difference": "entropy.difference",
    "estimate_chain_rule": "chain_rule.estimate",
    "estimate_chain_rules": "chain_rule.estimate",
    "estimate_entropy": "entropy.lattice",
    "estimate_excess_entropy": "entropy.particles",
    "inspect": "inspection",
    "ladder": "geometry.cuts",
    "load": "io",
    "save": "io",
    "system": "systems",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'moiety' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
