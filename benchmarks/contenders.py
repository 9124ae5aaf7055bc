"""Samplers of the square Ising lattice: moiety, mcising and peapods."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from moiety import system
from moiety.systems._lattice import neighbour_table
from moiety.systems.dynamics.lattice import lattice_dynamics
from moiety.systems.dynamics.splitmix import stream
from moiety.systems.dynamics.words import Layout, pack

SPACING = 30  # Swendsen-Wang sweeps between starting states
BURN_IN = 500  # sweeps


@dataclass(frozen=True)
class Chain:
    """A running Markov chain.

    Args:
        advance: `advance(sweeps)`.
        observables: Returns shape `(replica, k)`, energy and magnetisation per site first.
        replicas: Number of lattices that are updated together.
    """

    advance: Callable[[int], object]
    observables: Callable[[], np.ndarray]
    replicas: int = 1


# Contenders have `library`, `update`, `slow` and `prepare(size, temperature, seed)`, which returns
# a `Chain` in equilibrium.


@dataclass(frozen=True)
class Moiety:
    """An algorithm of `moiety`, by its name in `sample`."""

    algorithm: str
    update: str
    slow: bool = False  # slow near T_c
    library: str = "moiety"

    def prepare(self, size, temperature, seed):
        model, table = (
            system("ising-square", size=size, temperature=temperature),
            neighbour_table((size, size)),
        )
        dynamics = lattice_dynamics(table, 2, 2 / temperature, algorithm=self.algorithm)
        state = equilibrium(size, temperature, seed, dynamics.width)
        state = state[0] if dynamics.width == 1 else pack(state, Layout.of(table))
        chain = paced(dynamics, state, stream(seed))

        def observables():
            values = configurations(dynamics, state, model)
            return np.stack(
                [model.energy(values)[:, 0] / size**2, 2 * values.mean(axis=(1, 2, 3)) - 1], axis=1
            )

        return replace(chain, observables=observables)


@dataclass(frozen=True)
class McIsing:
    algorithm: str
    update: str
    slow: bool = False
    library: str = "mcising"

    def prepare(self, size, temperature, seed):
        from mcising._core import IsingSimulation

        chain = IsingSimulation(size, 1.0, 0.0, 0.0, 0.0, seed, self.algorithm, "square")
        chain.set_spins(2 * equilibrium(size, temperature, seed, 1)[0].astype(np.int8) - 1)
        _, attempted, _ = chain.sweep(BURN_IN, temperature=temperature)
        pace = ceil(BURN_IN * size**2 / attempted)
        return Chain(
            lambda sweeps: chain.sweep(sweeps * pace, temperature=temperature),
            lambda: np.array([[chain.energy(), chain.magnetization()]]),
        )


@dataclass(frozen=True)
class Peapods:
    cluster: str | None
    update: str
    slow: bool = False
    library: str = "peapods"

    def prepare(self, size, temperature, seed):
        from peapods import Ising

        chain = Ising((size, size), temperatures=np.array([temperature]))._sim
        chain.reset(seed=seed)

        def sweep(sweeps, cluster):
            options = {"cluster_update_interval": 1, "cluster_mode": cluster} if cluster else {}
            # a warm-up measures no observables
            chain.sample(sweeps, "metropolis", warmup_ratio=1.0, sequential=True, **options)

        def observables():
            spins = chain.get_spins().reshape(size, size).astype(np.int64)
            bonds = (spins * (np.roll(spins, 1, 0) + np.roll(spins, 1, 1))).mean()
            return np.array([[-bonds, spins.mean()]])

        sweep(BURN_IN, "sw")
        return Chain(lambda sweeps: sweep(sweeps, self.cluster), observables)


CONTENDERS = (
    Moiety("metropolis", "Metropolis", slow=True),
    Moiety("heat-bath", "heat bath", slow=True),
    McIsing("metropolis", "Metropolis", slow=True),
    Peapods(None, "Metropolis", slow=True),
    Moiety("swendsen-wang", "Swendsen-Wang"),
    McIsing("swendsen_wang", "Swendsen-Wang"),
    Peapods("sw", "Metropolis + Swendsen-Wang"),
    Moiety("wolff", "Wolff"),
    McIsing("wolff", "Wolff"),
    Peapods("wolff", "Metropolis + Wolff"),
)


def equilibrium(size, temperature, seed, count):
    """Equilibrium states 0 and 1, shape `(count, sites)`."""
    dynamics = lattice_dynamics(
        neighbour_table((size, size)), 2, 2 / temperature, algorithm="swendsen-wang"
    )
    state, rng = np.zeros(size**2, np.uint8), stream(seed + 10**6)
    dynamics.advance(state, rng, BURN_IN)
    states = []
    for _ in range(count):
        dynamics.advance(state, rng, SPACING)
        states.append(state.copy())
    return np.array(states)


def paced(dynamics, state, rng):
    """A chain of moiety, warmed up and compiled; a sweep updates at least N sites."""
    dynamics.advance(state, rng, 1)
    pace = ceil(BURN_IN * dynamics.sites / dynamics.advance(state, rng, BURN_IN))
    return Chain(
        lambda sweeps: dynamics.advance(state, rng, sweeps * pace),
        lambda: np.atleast_2d(dynamics.observe(state)),
        dynamics.width,
    )


def configurations(dynamics, state, model):
    """States in the shape that the `energy` of a system expects, a draw of every replica."""
    return dynamics.read(state).reshape(dynamics.width, 1, *model.shape)
