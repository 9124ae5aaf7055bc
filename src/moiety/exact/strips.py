r"""Strips of discrete spins, row by row: the transfer matrix.

Kramers and Wannier, Phys. Rev. 60, 252 (1941).  A row r of w sites has q^w states.  Half of the
energy e(r) of its own bonds goes to the step before it and half to the step after it,

    T(r, r') = exp{-[e(r)/2 + e(r, r') + e(r')/2] / T},     Z_n = Tr T^n.

In the infinite strip, with L T = lambda L, T R = lambda R, L.R = 1, the rows form a Markov chain:

    f = -(T/w) ln lambda,   p(r) = L(r) R(r),   p(r, r') = L(r) T(r, r') R(r') / lambda,
    s = [ln lambda - <ln T>] / w,               M = H(p) - w s,

where M is between the two half-infinite strips on either side of a cut.  In a ring of n rows,
p(r_1 .. r_l) = T(r_1, r_2) .. T^{n-l+1}(r_l, r_1) / Z_n, and l consecutive rows have the entropy

    S(l) = ln Z_n - (l - 1) <ln T> - sum p(r_1, r_l) ln T^{n-l+1}(r_l, r_1).

L and R have the symmetries of T, so the infinite strip needs only one state per orbit of the
row's symmetries.  This also keeps up and down equally likely if lambda is almost degenerate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.sparse.linalg import eigs

from ..base.errors import InputError

__all__ = ["LATTICES", "MOST_RING", "Strip"]

LATTICES = ("ising-square", "ising-triangular", "potts-square")
_MOST_STATES = 4096  # states of a row: 12 Ising spins, 6 Potts sites of four states
MOST_RING = 1024  # the same for rings, which need powers of the whole matrix
_DENSE = 400  # number of orbits up to which computing all eigenvalues is as fast as computing one

_Power = tuple[np.ndarray, float]  # a matrix divided by its largest entry, and the log of that


@dataclass(frozen=True)
class Strip:
    """An infinite strip of a lattice, or a ring of a given number of its rows.

    Args:
        lattice: One of `LATTICES`.
        width: Number of sites of a row, w.
        temperature: T, with k_B = 1.
        coupling: J.
        field: H, for Ising spins only.
        states: Number q of states of a site; 2 for Ising spins.
        periodic: Whether a row closes into a ring, so that the strip is a cylinder.  A row of 2
            then has two bonds, a row of 1 none.

    Raises:
        InputError: The lattice is unknown, a number is out of range, or a row has more than
            4096 states (1024 for rings).

    Example:
        >>> strip = Strip("ising-square", 8, temperature=2.5)
        >>> round(strip.entropy(), 6), round(strip.information(), 6)
        (0.418885, 0.714944)
        >>> from moiety.exact.kaufman import kaufman_entropy  # a ring of 6 rows is a torus
        >>> round(strip.entropy(rows=6), 6) == round(kaufman_entropy(2.5, (6, 8)), 6)
        True
    """

    lattice: str
    width: int
    temperature: float
    coupling: float = 1.0
    field: float = 0.0
    states: int = 2
    periodic: bool = True

    def __post_init__(self) -> None:
        if self.lattice not in LATTICES:
            raise InputError(f"unknown strip {self.lattice!r}; choose from {', '.join(LATTICES)}")
        numbers = (self.temperature, self.coupling, self.field)
        if not np.isfinite(numbers).all() or not self.temperature > 0:
            raise InputError(f"temperature must be positive and all numbers finite, not {numbers}")
        if (self.lattice == "potts-square" and self.field != 0) or (
            self.lattice != "potts-square" and self.states != 2
        ):
            raise InputError(
                "a field acts only on Ising spins, which have 2 states, not on Potts strips"
            )
        if (
            self.width < 1
            or self.states < 2
            or self.width * np.log2(self.states) > np.log2(_MOST_STATES)
        ):
            raise InputError(
                f"a strip of {self.width} sites of {self.states} states is empty or too wide: "
                f"a row may have {_MOST_STATES} states"
            )

    def free_energy(self, rows: int | None = None) -> float:
        """Free energy per site of a ring of `rows` rows, or of the infinite strip if None."""
        log_z = (self._infinite if rows is None else self._ring(rows))[0]
        return -self.temperature * (log_z + self._exponent_top) / self.width

    def energy(self, rows: int | None = None) -> float:
        """Energy per site of a ring of `rows` rows, or of the infinite strip if None."""
        mean = (self._infinite if rows is None else self._ring(rows))[1]
        return -self.temperature * (mean + self._exponent_top) / self.width + 0.0

    def entropy(self, rows: int | None = None) -> float:
        """Entropy per site in nats of a ring of `rows` rows, or of the infinite strip if None."""
        log_z, mean = self._infinite[:2] if rows is None else self._ring(rows)[:2]
        return max((log_z - mean) / self.width, 0.0)

    def information(self, rows: int | None = None) -> float:
        """M in nats between the halves of the infinite strip, or of a ring, which has two cuts.

        A ring of an odd number of rows is cut into floor and ceiling.

        Args:
            rows: Number of rows of the ring; None for the infinite strip.
        """
        if rows is None:
            return max(self.block_entropy(1) - self.width * self.entropy(), 0.0)
        halves = self.block_entropy(rows // 2, rows) + self.block_entropy(rows - rows // 2, rows)
        return max(halves - self.block_entropy(rows, rows), 0.0)

    def block_entropy(self, length: int, rows: int | None = None) -> float:
        """Entropy in nats of a block of consecutive rows.

        Two neighbouring blocks of l rows have M = 2 S(l) - S(2 l).

        Args:
            length: Number of rows of the block.
            rows: Number of rows of the ring; None for the infinite strip.

        Raises:
            InputError: The block is empty, or longer than the ring.
        """
        if length < 1 or (rows is not None and length > rows):
            whole = "a strip" if rows is None else f"{rows} rows"
            raise InputError(f"a block of {length} rows does not fit {whole}")
        if rows is None:
            log_z, mean, row = self._infinite
            return row + (length - 1) * (log_z - mean)
        log_z, mean, power = self._ring(rows)
        if length == rows:
            return rows * (log_z - mean)
        inner, outer = power(length - 1), power(rows - length + 1)
        joint = inner[0] * outer[0].T / np.exp(rows * log_z - inner[1] - outer[1])
        possible = joint > 0
        last = joint[possible] @ (np.log(outer[0].T[possible]) + outer[1])
        return float(rows * log_z - (length - 1) * mean - last)

    @cached_property
    def _rows(self) -> np.ndarray:
        """Codes of all rows, shape `(q**w, w)`; the first site is the leading digit."""
        numbers = np.arange(self.states**self.width)[:, None]
        return np.asarray(numbers // self._digits % self.states)

    @cached_property
    def _digits(self) -> np.ndarray:
        """Value of each site's digit in the number of a row, shape `(w,)`."""
        return np.asarray(self.states ** np.arange(self.width - 1, -1, -1))

    @cached_property
    def _bond(self) -> np.ndarray:
        """-E / T of a bond, shape `(q, q)`."""
        if self.lattice == "potts-square":
            return self.coupling / self.temperature * np.eye(self.states)
        return np.asarray(self.coupling / self.temperature * np.outer([-1, 1], [-1, 1]))

    @cached_property
    def _own(self) -> np.ndarray:
        """-e(r) / T of all rows, shape `(q**w,)`."""
        rows, following = self._rows, np.roll(self._rows, -1, axis=1)
        bonds = self._bond[rows, following]
        if not self.periodic or self.width == 1:
            bonds = bonds[:, :-1]
        return np.asarray(bonds.sum(1) + self.field / self.temperature * (2 * rows - 1).sum(1))

    def _exponents(self, chosen: np.ndarray) -> np.ndarray:
        """Ln T(r, r') for some rows r and all r', shape `(chosen, q**w)`."""
        exponents: np.ndarray = np.add.outer(self._own[chosen] / 2, self._own / 2)
        for site in range(self.width):
            exponents += self._bond[np.ix_(self._rows[chosen, site], self._rows[:, site])]
            if self.lattice == "ising-triangular" and (self.periodic or site + 1 < self.width):
                exponents += self._bond[
                    np.ix_(self._rows[chosen, site], self._rows[:, (site + 1) % self.width])
                ]
        return exponents

    @cached_property
    def _orbits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Orbits of rows under the symmetries of T.

        Returns:
            A row of each orbit, the orbit of each row, and the sizes of the orbits.
        """
        label = np.arange(len(self._rows))
        moves = [move(self._rows) @ self._digits for move in self._symmetries()]
        while True:  # the smallest row that can be reached, until no move changes it
            lower = np.minimum.reduce([label, *(label[move] for move in moves)])
            if (lower == label).all():
                return np.unique(label, return_inverse=True, return_counts=True)
            label = lower

    def _symmetries(self) -> list[Callable[[np.ndarray], np.ndarray]]:
        """Moves that leave T(r, r') unchanged if both rows move, and their inverses."""
        moves: list[Callable[[np.ndarray], np.ndarray]] = []
        if self.periodic:
            moves += [lambda rows: np.roll(rows, 1, axis=1), lambda rows: np.roll(rows, -1, axis=1)]
        if self.lattice != "ising-triangular":
            moves += [lambda rows: rows[:, ::-1]]
        if self.field == 0:
            states = np.arange(self.states)
            swap = np.concatenate([states[1::-1], states[2:]])
            moves += [
                partial(np.take, to) for to in (swap, np.roll(states, 1), np.roll(states, -1))
            ]
        return moves

    @cached_property
    def _infinite(self) -> tuple[float, float, float]:
        """Ln lambda and <ln T>, both relative to the largest ln T, and H(p)."""
        chosen, orbit, sizes = self._orbits
        exponents = self._exponents(chosen) - self._exponent_top
        weights = np.exp(exponents)
        members = np.argsort(orbit, kind="stable")
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        matrix = np.add.reduceat(weights[:, members], starts, axis=1)  # orbit by orbit
        slopes = np.add.reduceat((weights * exponents)[:, members], starts, axis=1)
        value, right = _perron(matrix)
        left = _perron(matrix.T)[1]
        norm = left @ right
        row = left * right / norm  # probabilities of the orbits
        possible = row > 0
        entropy = -float(row[possible] @ np.log(row[possible] / sizes[possible]))
        return float(np.log(value)), float(left @ slopes @ right / norm / value), entropy

    @cached_property
    def _exponent_top(self) -> float:
        """The largest ln T."""
        chosen = self._orbits[0]
        return float(self._exponents(chosen).max())

    @cached_property
    def _powers(self) -> dict[int, _Power]:
        return {}

    def _ring(self, rows: int) -> tuple[float, float, Callable[[int], _Power]]:
        """Ln Z_n / n and <ln T>, both relative to the largest ln T, and the powers of T."""
        if rows < 2:
            raise InputError(f"a ring has two rows or more, not {rows}")
        if len(self._rows) > MOST_RING:
            raise InputError(
                f"a ring is known for rows of up to {MOST_RING} states, not of {len(self._rows)}"
            )
        exponents = self._exponents(np.arange(len(self._rows))) - self._exponent_top
        matrix = np.exp(exponents)

        def power(exponent: int) -> _Power:
            if exponent not in self._powers:
                self._powers[exponent] = _power(matrix, exponent)
            return self._powers[exponent]

        rest, log = power(rows - 1)
        trace = (matrix * rest.T).sum()
        mean = (matrix * exponents * rest.T).sum() / trace
        return float((np.log(trace) + log) / rows), float(mean), power


def _perron(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The largest eigenvalue of a positive matrix, and its eigenvector, normalised to sum 1."""
    if len(matrix) <= _DENSE:
        values, vectors = np.linalg.eig(matrix)
        best = int(np.argmax(values.real))
        value, vector = values[best], vectors[:, best]
    else:
        values, vectors = eigs(matrix, k=1, which="LR", v0=np.ones(len(matrix)))
        value, vector = values[0], vectors[:, 0]
    vector = np.abs(vector.real)
    return float(value.real), vector / vector.sum()


def _power(matrix: np.ndarray, exponent: int) -> _Power:
    """A power of a matrix by repeated squaring."""
    result, log = np.eye(len(matrix)), 0.0
    for bit in f"{exponent:b}":
        result, log = result @ result, 2 * log
        if bit == "1":
            result = result @ matrix
        top = result.max()
        result, log = result / top, log + np.log(top)
    return result, float(log)
