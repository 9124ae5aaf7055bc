r"""Softer targets: the density of a site's state given the sites all around it.

Training on a sample's own states is noisy.  With x_i the state of a site, C its context in the
order and A all sites around it,

    < log q(x_i | C) > = < sum_x p(x | A) log q(x | C) >,

because the order hides a part of A only.  The sum varies less than its single term.  Where
interactions are short, p(x | A) needs few sites and a small network, which learns it first; with
nearest neighbours, the last sites of an order know nearly as much as A.  Only training uses it:
validation samples and held-out samples are read with their own states, so that their mean stays an
upper bound.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
import torch
from torch import Tensor

from ..base.errors import InputError
from ..base.random import Streams
from ..estimation.folds import Fold, new_network
from .arranged import ArrangedSites, Scene
from .densities import DiscreteDensity, density_for
from .neighbours import contexts_of, neighbours
from .network import ConditionalNetwork
from .soap import Soap
from .views import Neighbourhood

__all__ = ["Surroundings"]

_RADIUS = {1: 4, 2: 2, 3: 1}  # by the number of dimensions
_WIDTH = 8
_ONE_BY_ONE = Lock()  # folds run in threads, and initial weights come from torch's one stream
_STEPS, _BATCH, _RATE = 400, 4096, 3e-2


class Surroundings:
    """Density of a site given what is around it, learnt from a fold's training samples.

    Args:
        sites: The sites.
        fold: The fold.

    Raises:
        InputError: Continuous states, whose sum would need many terms.
    """

    def __init__(self, sites: ArrangedSites, fold: Fold):
        pool, self.sites = sites.pool, sites
        around = Neighbourhood(len(pool.shape), _RADIUS[len(pool.shape)])
        spacing = np.ones(pool.sites, np.int64)
        table = neighbours(pool.shape, pool.periodic, around.steps, spacing)
        self.table = torch.from_numpy(table)
        streams = Streams(fold.streams.integer("surroundings"))
        if pool.encoding.kind != "discrete":
            raise InputError("softer targets are for discrete states only")

        def build() -> ConditionalNetwork:
            density = density_for(pool.encoding, around, pool.symmetries)
            return ConditionalNetwork(density, _WIDTH, pool.parameters, linear=len(around.steps))

        with _ONE_BY_ONE:
            network = new_network(build, streams)
        assert isinstance(network, ConditionalNetwork)
        assert isinstance(network.density, DiscreteDensity)
        self.network, self.density = network.to(sites.device), network.density
        self._fit(torch.from_numpy(fold.split.train), streams.torch("train"), fold)

    def targets(self, scene: Scene) -> tuple[Tensor, Tensor]:
        """States that the sites of a scene may have, and their probabilities.

        Args:
            scene: Samples and sites.

        Returns:
            Encoded states, `(n * m, channels, states)`, and probabilities, `(n * m, states)`.
        """
        with torch.no_grad():
            scores, frame = self.network.scores(*self._inputs(scene))
            return self.density.every_state(scores, frame)

    def _inputs(self, scene: Scene) -> tuple[Tensor, Tensor, Tensor]:
        context, known = contexts_of(scene.encoded, self.table[scene.picks])
        return context, known, scene.points.repeat_interleave(scene.picks.shape[1], dim=0)

    def _fit(self, train: Tensor, generator: torch.Generator, fold: Fold) -> None:
        """Train on the samples' own states, with a rate that falls to zero."""
        optimiser = Soap(self.network.parameters(), _RATE)
        sites, scores = self.sites, self.network.scores
        size = min(_BATCH, max(len(train) * sites.pool.sites // 4, 1))
        for step in range(_STEPS):
            if step % 50 == 0:
                fold.tick()
            for group in optimiser.param_groups:
                group["lr"] = _RATE * (1 - step / _STEPS)
            scene = sites.scene(train, size, generator, augment=True)
            _, _, target, *_ = sites.read_scene(scene)
            found, frame = scores(*self._inputs(scene))
            loss = -self.density.log_density(found, target, frame).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
