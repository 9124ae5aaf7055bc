"""One task: a chain of state points, each starting from the networks of the one before."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from time import perf_counter, time
from typing import Any

from ..base.errors import InputError
from ..base.random import Streams
from ..baselines import EnergySeries, compression_entropy, heat_capacity, naive_entropy
from ..data.particles import Particles
from ..data.samples import Samples
from ..entropy.choices import algorithms
from ..entropy.lattice import estimate_entropy
from ..estimation.tensorboard import ScalarLog
from ..io import load
from ..results.types import Estimate
from ..systems import system
from .plan import ALGORITHMS, Chain, Point
from .store import Store

__all__ = ["run_chain"]

_BEAT = 2.0  # seconds between signs of life


def run_chain(
    folder: str, chain: Chain, flag: str | None = None, threads: int = 1, log: str | None = None
) -> int:
    """Finish the state points of a chain that are left.

    Arguments:
        folder: Of the store.
        chain: Which.
        flag: A file: once it is there, no further state point is begun.
        threads: Side by side.
        log: A folder for scalars of TensorBoard, a folder in it for each state point.

    Returns:
        How many were done now.

    Raises:
        Exception: What went wrong at a state point, with its log in the store.
    """
    store, done = Store(folder), 0
    with store.locked(chain):
        for point in chain:
            if flag and Path(flag).exists():
                break
            if store.is_done(point.key):
                continue
            try:
                _run_point(store, point, threads, log and Path(log) / _folder(point))
            except Exception:
                store.fail(point, traceback.format_exc())
                raise
            done += 1
    return done


def _run_point(store: Store, point: Point, threads: int, log: Path | None) -> None:
    started = perf_counter()
    chosen = algorithms(**{name: point.settings.get(name) for name in ALGORITHMS})
    others = {name: value for name, value in point.settings.items() if name not in ALGORITHMS}
    store.beat(point, 0.0, "samples")
    samples = _samples(point, threads)
    if point.before:  # always from the store: a chain that was interrupted goes the same way
        chosen["warm_start"] = store.networks(point.before)
    seed = Streams(point.seed).integer("networks")
    told = _beating(store, point)
    with ScalarLog(log) if log else nullcontext() as watch:
        result = estimate_entropy(
            samples, **chosen, **others, seed=seed, threads=threads, progress=told, on_check=watch
        )
    store.keep(point, result, _baselines(point, samples), perf_counter() - started)


def _folder(point: Point) -> str:
    """A name that a reader knows the state point by, and no other has."""
    return re.sub(r"[^\w.-]+", "-", f"{point}, {point.key}")


def _samples(point: Point, threads: int) -> Samples:
    source = point.source
    if "file" in source:
        found = load(source["file"], **source["reading"])
        if isinstance(found, Particles):
            raise InputError(f"{source['file']}: holds particles; sweeps take samples of lattices")
        return found
    model = system(source["system"], **source["parameters"])
    seed = Streams(point.seed).integer(
        "samples", source["system"], sorted(model.parameters().items())
    )
    return model.sample(source["samples"], seed=seed, threads=threads)


def _beating(store: Store, point: Point) -> Callable[[float, int, str], None]:
    """Progress of an estimate as signs of life, not too often."""
    last, since = -_BEAT, time()

    def told(done: float, total: int, text: str) -> None:
        nonlocal last
        if perf_counter() - last >= _BEAT:
            last = perf_counter()
            store.beat(point, done / max(total, 1), text, since)

    return told


def _baselines(point: Point, samples: Samples) -> dict[str, Any]:
    """Value and error of those asked for, as far as the samples allow: no compression of angles, say."""
    found = {}
    for name in point.baselines:
        with suppress(InputError):
            value, error = _BASELINES[name](samples)
            found[name] = {"value": value, "error": error}
    return found


def _heat(samples: Samples) -> tuple[float, float]:
    found = heat_capacity(EnergySeries.from_samples(samples))
    return found.value, found.error


def _entropy(estimate: Callable[[Samples], Estimate]) -> Callable[[Samples], tuple[float, float]]:
    def both(samples: Samples) -> tuple[float, float]:
        found = estimate(samples)
        return found.entropy, found.error

    return both


_BASELINES = {
    "naive": _entropy(naive_entropy),
    "compression": _entropy(compression_entropy),
    "heat-capacity": _heat,
}
