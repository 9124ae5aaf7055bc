"""A critic small enough for tests of what is around it; the default one learns in those of the critics themselves."""

from moiety.estimation.critics import InterfaceCritic

SMALL = InterfaceCritic(
    width=8, products=4, vectors=4, means=4
)  # takes half the time on small spins
