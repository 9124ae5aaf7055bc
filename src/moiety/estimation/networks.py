"""A critic that starts from the networks of an earlier estimate.

Transfer learning as an argument, `critic=previous.critic`: from temperature to temperature or
from size to size, as in Nir et al.  The networks must come from other samples: handed on with
the same ones, they may have seen what is held out now.  Their weights can be kept in a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..base.atomic import atomic
from ..base.errors import InputError
from .pairs import PairShape

__all__ = ["TrainedCritic", "Weights"]

Weights = Mapping[str, Tensor]
"""Of a network, by name."""


class TrainedCritic:
    """A critic's configuration with networks that start new ones.

    Arguments:
        critic: Of the networks.
        networks: By the sides of the block that is cut, one a fold; modules, or their weights.
        rule: Networks of the chain rule, one a fold.

    Example:
        >>> from .critics import InterfaceCritic
        >>> network = InterfaceCritic().build(PairShape(1, (4, 8), (4, 8), (False, True)))
        >>> TrainedCritic(InterfaceCritic(), {(8, 8): (network,)}).start((8, 8), 1) is network
        True
    """

    def __init__(
        self,
        critic: Any,
        networks: Mapping[tuple[float, ...], Sequence[nn.Module | Weights]],
        rule: Sequence[nn.Module | Weights] = (),
    ):
        self.critic, self.networks, self.rule = critic, dict(networks), tuple(rule)

    def __repr__(self) -> str:
        return f"TrainedCritic({self.critic}, {len(self.networks)} cuts)"

    def build(self, shape: PairShape) -> nn.Module:
        """A fresh network for pairs of this shape."""
        return self.critic.build(shape)

    def start(self, parent: tuple[float, ...], fold: int) -> nn.Module | Weights | None:
        """The network of a cut of this block, else of the block of the nearest volume; None without any."""
        if not self.networks:
            return None
        nearest = min(
            self.networks, key=lambda sides: (sides != parent, abs(prod(sides) - prod(parent)))
        )
        return self.networks[nearest][fold % len(self.networks[nearest])]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all weights to a file, which is there whole or not at all.

        Example:
            >>> import tempfile
            >>> from .critics import InterfaceCritic
            >>> file = Path(tempfile.mkdtemp()) / "networks.pt"
            >>> network = InterfaceCritic().build(PairShape(1, (4, 8), (4, 8), (False, True)))
            >>> TrainedCritic(InterfaceCritic(), {(8, 8): (network,)}).save(file)
            >>> TrainedCritic.load(file, InterfaceCritic())
            TrainedCritic(InterfaceCritic(width=32, products=8, vectors=16, reach=(5, 3), means=16), 1 cuts)
        """
        networks = {
            sides: [_weights(one) for one in found] for sides, found in self.networks.items()
        }
        with atomic(Path(path)) as part:
            torch.save({"networks": networks, "rule": [_weights(one) for one in self.rule]}, part)

    @classmethod
    def load(cls, path: str | os.PathLike[str], critic: Any) -> TrainedCritic:
        """What `save` wrote, of networks with this configuration.

        Raises:
            InputError: The file is missing, damaged or no such file.
        """
        try:
            said = torch.load(path, map_location="cpu", weights_only=True)
            return cls(critic, said["networks"], said["rule"])
        except Exception as error:  # zip, pickle and torch have errors of their own
            raise InputError(
                f"{path}: cannot be read as networks; damaged, or another file?"
            ) from error


def _weights(network: nn.Module | Weights) -> dict[str, Tensor]:
    state = network.state_dict() if isinstance(network, nn.Module) else network
    return {name: weight.detach().cpu() for name, weight in state.items()}
