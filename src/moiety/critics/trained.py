"""A critic that starts from the networks of an earlier estimate.

Transfer learning as an argument, `critic=previous.critic`: from temperature to temperature or
from size to size, as in Nir et al.  The networks must come from other samples: handed on with
the same ones, they may have seen what is held out now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from torch import nn

from ..pairs import PairShape

__all__ = ["TrainedCritic"]


class TrainedCritic:
    """A critic's configuration with networks that start new ones.

    Arguments:
        critic: Of the networks.
        networks: By the sides of the block that is cut, one a fold.
        rule: Networks of the chain rule, one a fold.

    Example:
        >>> from . import InterfaceCritic
        >>> network = InterfaceCritic().build(PairShape(1, (4, 8), (4, 8), (False, True)))
        >>> TrainedCritic(InterfaceCritic(), {(8, 8): (network,)}).start((8, 8), 1) is network
        True
    """

    def __init__(self, critic, networks: Mapping[tuple[int, ...], Sequence[nn.Module]], rule: Sequence[nn.Module] = ()):
        self.critic, self.networks, self.rule = critic, dict(networks), tuple(rule)

    def __repr__(self) -> str:
        return f"TrainedCritic({self.critic}, {len(self.networks)} cuts)"

    def build(self, shape: PairShape) -> nn.Module:
        """A fresh network for pairs of this shape."""
        return self.critic.build(shape)

    def start(self, parent: tuple[int, ...], fold: int) -> nn.Module | None:
        """The network of a cut of this block, else of the block of the nearest volume; None without any."""
        if not self.networks:
            return None
        nearest = min(self.networks, key=lambda sides: (sides != parent, abs(prod(sides) - prod(parent))))
        return self.networks[nearest][fold % len(self.networks[nearest])]
