"""A small critic for tests of what is built around it; takes half the time on small lattices."""

from moiety.estimation.critics import InterfaceCritic

SMALL = InterfaceCritic(width=8, products=4, vectors=4, means=4)
