"""Samples whose sites differ, with their exact entropies per site in nats."""

from dataclasses import dataclass

import numpy as np


def binary_entropy(p):
    """Entropy of one site that is up with probability p; 0 for p = 0 and 1."""
    p = np.clip(p, 1e-300, 1 - 1e-16)
    return -(p * np.log(p) + (1 - p) * np.log1p(-p))


def own_probabilities(seed, n=1024):
    """Independent spins, each with its own p, and their entropy."""
    rng = np.random.default_rng(seed)
    p = rng.choice([0.35, 0.65], size=(8, 8))
    return np.where(rng.random((n, 8, 8)) < p, 1, -1), binary_entropy(p).mean()


def frozen_site(seed, n=1024):
    """Independent spins of which one is always up, and their entropy."""
    rng = np.random.default_rng(seed)
    spins = rng.choice([-1, 1], size=(n, 8, 8))
    spins[:, rng.integers(8), rng.integers(8)] = 1
    return spins, 63 / 64 * np.log(2)


def own_rates(seed, n=1024):
    """Sixty-four units that fire independently, each at its own rate, and their entropy."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.01, 0.3, 64)
    return (rng.random((n, 64)) < p).astype(int), binary_entropy(p).mean()


@dataclass(frozen=True)
class OpenSpins:
    """Ising spins with free ends: own coupling of each bond, own field, vacancies.

    The rows form an inhomogeneous Markov chain, which is sampled and summed exactly.

    Args:
        right: Coupling over temperature of each bond along a row, shape `(rows, width - 1)`.
        down: The same between rows, shape `(rows - 1, width)`.
        occupied: Whether a site carries a spin, shape `(rows, width)`.
    """

    right: np.ndarray
    down: np.ndarray
    occupied: np.ndarray

    def _states(self):
        width = self.occupied.shape[1]
        return 1 - 2 * (np.arange(2**width)[:, None] >> np.arange(width)[::-1] & 1)

    def _log_row(self, row):
        """Log weight of each state of a row; a vacancy counts once, as an upward spin."""
        states = self._states()
        bonds = self.occupied[row, 1:] & self.occupied[row, :-1]
        log = (states[:, 1:] * states[:, :-1]) @ (self.right[row] * bonds)
        return np.where((states[:, ~self.occupied[row]] == 1).all(axis=1), log, -np.inf)

    def _log_step(self, row):
        """Log weight of each pair of states of a row and the next one."""
        states = self._states()
        bonds = self.occupied[row] & self.occupied[row + 1]
        return (states * (self.down[row] * bonds)) @ states.T + self._log_row(row + 1)

    def _below(self):
        """Log weight of everything below each row, as a function of its state."""
        logs = [np.zeros(2 ** self.occupied.shape[1])]
        for row in range(len(self.down) - 1, -1, -1):
            logs.append(np.logaddexp.reduce(self._log_step(row) + logs[-1], axis=1))
        return logs[::-1]

    def _chain(self):
        """Log probabilities of the first row, and of each row given the one before it."""
        below = self._below()
        first = self._log_row(0) + below[0]
        yield (first - np.logaddexp.reduce(first))[None]
        for row in range(len(self.down)):
            yield self._log_step(row) + below[row + 1] - below[row][:, None]

    def entropy(self):
        """Entropy per site, vacancies included."""
        before, total = np.ones(1), 0.0
        for log_p in self._chain():
            p = np.exp(log_p)
            total -= before @ (p * np.where(p > 0, log_p, 0)).sum(axis=1)
            before = before @ p
        return total / self.occupied.size

    def sample(self, n, seed):
        """Independent draws: +1, -1, and 0 on vacancies, shape `(n, rows, width)`."""
        rng, row, drawn = np.random.default_rng(seed), np.zeros(n, int), []
        for log_p in self._chain():
            edges = np.exp(log_p).cumsum(axis=1)
            uniform = rng.random(n) * edges[row, -1]
            row = (edges[row] < uniform[:, None]).sum(axis=1)
            drawn.append(row)
        return self._states()[np.stack(drawn, axis=1)] * self.occupied


def glass(seed, size=8, temperature=1.0):
    """Spins with couplings +1 and -1, drawn once, and free ends."""
    rng = np.random.default_rng(seed)
    right = rng.choice([-1, 1], size=(size, size - 1)) / temperature
    down = rng.choice([-1, 1], size=(size - 1, size)) / temperature
    return OpenSpins(right, down, np.ones((size, size), bool))


def open_ising(size=8, temperature=2.2):
    """The Ising model with free ends."""
    right = np.full((size, size - 1), 1 / temperature)
    return OpenSpins(right, right.T.copy(), np.ones((size, size), bool))


def diluted_ising(seed, size=8, temperature=2.2):
    """The Ising model with free ends and a quarter of its sites vacant, always the same ones."""
    occupied = np.ones(size * size, bool)
    occupied[np.random.default_rng(seed).permutation(size * size)[: size * size // 4]] = False
    right = np.full((size, size - 1), 1 / temperature)
    return OpenSpins(right, right.T.copy(), occupied.reshape(size, size))
