"""Plain twins: slow, obvious versions of what the package does fast."""

from collections.abc import Mapping

from moiety.geometry.cuts import Cut, Ladder, Shape


def entropy_per_site(
    tree: Ladder, mutual_information: Mapping[Cut, float], bases: Mapping[Shape, float]
) -> float:
    """Eq. 4, block by block: S(a, b) = S(a) + S(b) - M(a; b) down to the bases, S in nats."""
    known = {cut.parent: value for cut, value in mutual_information.items()}

    def entropy(block: Shape) -> float:
        if block in bases:
            return bases[block]
        cut = tree.children[block]
        return entropy(cut.left) + entropy(cut.right) - known[block]

    return entropy(tree.shape) / tree.volume


class PlainStream:
    """The random stream of the kernels: SplitMix64 on Python integers."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        """The next 64 random bits."""
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def uniform(self):
        """A uniform number in [0, 1)."""
        return (self.bits() >> 11) / 2**53

    def below(self, n):
        """An integer in 0..n-1."""
        return ((self.bits() >> 32) * n) >> 32
