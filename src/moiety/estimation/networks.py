"""Trained networks that start new ones.

Transfer learning as in Nir et al.: from temperature to temperature or from size to size.  The
networks must come from other samples: trained on the same ones, they may have seen what is held
out now.  Their weights can be stored in a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from ..base.atomic import atomic
from ..base.errors import InputError

__all__ = ["Networks", "Weights", "copy_weights"]

Weights = Mapping[str, Tensor]
"""Weights of a network by name."""


def copy_weights(source: nn.Module | Weights, target: nn.Module) -> int:
    """Copy the weights of `source` wherever `target` has one of the same name and shape.

    Returns:
        Number of weights copied.
    """
    weights = _weights(source)
    state = target.state_dict()
    fitting = {
        name: value.clone()
        for name, value in weights.items()
        if name in state and value.shape == state[name].shape
    }
    target.load_state_dict(state | fitting)
    return len(fitting)


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of an estimate, which can start those of another (`warm_start=`).

    Args:
        cuts: Critics' networks or their weights, one per fold, by the sides of the block that
            is cut.
        chain_rule: Networks of the chain rule, one per fold.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> from .critics import InterfaceCritic
        >>> from .pairs import PairShape
        >>> network = InterfaceCritic().build(PairShape(1, (4, 8), (4, 8), (False, True)))
        >>> Networks({(8, 8): (network,)}).nearest((8, 8))[0] is network
        True
    """

    cuts: Mapping[tuple[float, ...], Sequence[nn.Module | Weights]] = field(default_factory=dict)
    chain_rule: Sequence[nn.Module | Weights] = ()

    def __repr__(self) -> str:
        return f"<Networks of {len(self.cuts)} cuts>"

    def nearest(self, parent: tuple[float, ...]) -> Sequence[nn.Module | Weights]:
        """The networks for this block, else for the block of the nearest volume; may be empty.

        Args:
            parent: Sides of the block that is cut.
        """
        if not self.cuts:
            return ()
        distance = {
            sides: (sides != parent, abs(prod(sides) - prod(parent))) for sides in self.cuts
        }
        return self.cuts[min(self.cuts, key=distance.__getitem__)]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all weights to a file, atomically.

        Args:
            path: File name.

        Example:
            >>> import tempfile
            >>> from .critics import InterfaceCritic
            >>> from .pairs import PairShape
            >>> file = Path(tempfile.mkdtemp()) / "networks.pt"
            >>> network = InterfaceCritic().build(PairShape(1, (4, 8), (4, 8), (False, True)))
            >>> Networks({(8, 8): (network,)}).save(file)
            >>> Networks.load(file)
            <Networks of 1 cuts>
        """
        cuts = {
            sides: [_stored(network) for network in folds] for sides, folds in self.cuts.items()
        }
        rule = [_stored(network) for network in self.chain_rule]
        with atomic(Path(path)) as part:
            torch.save({"networks": cuts, "rule": rule}, part)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Networks:
        """Read a file that `save` wrote.

        Args:
            path: File name.

        Raises:
            InputError: The file is missing, damaged or of another kind.
        """
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True)
            return cls(dict(stored["networks"]), tuple(stored["rule"]))
        except Exception as error:  # zip, pickle and torch raise errors of their own
            raise InputError(
                f"{path}: cannot be read as networks; damaged, or another file?"
            ) from error


def _weights(network: nn.Module | Weights) -> Weights:
    return network.state_dict() if isinstance(network, nn.Module) else network


def _stored(network: nn.Module | Weights) -> dict[str, Tensor]:
    return {name: weight.detach().cpu() for name, weight in _weights(network).items()}
