"""Run one chain: each state point starts from the networks of the previous one."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from time import perf_counter, time

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
from ._locks import locked
from .plan import ALGORITHMS, Chain, Point
from .store import Store

__all__ = ["run_chain"]

_HEARTBEAT = 2.0  # seconds between heartbeats


def run_chain(
    folder: str, chain: Chain, flag: str | None = None, threads: int = 1, log: str | None = None
) -> int:
    """Run the unfinished state points of a chain.

    Args:
        folder: Folder of the store.
        chain: The chain.
        flag: Name of a file; as soon as it exists, no further state point is started.
        threads: Number of threads.
        log: Folder for TensorBoard scalars, with one folder for each state point.

    Returns:
        Number of state points that were finished by this call.

    Raises:
        Exception: The error of the state point that failed; its traceback is in the store.
    """
    store, finished = Store(folder), 0
    with locked(store, chain):
        for point in chain:
            if flag and Path(flag).exists():
                break
            if store.is_done(point.key):
                continue
            try:
                _run_point(store, point, threads, Path(log) / _log_name(point) if log else None)
            except Exception:
                store.record_failure(point, traceback.format_exc())
                raise
            finished += 1
    return finished


def _run_point(store: Store, point: Point, threads: int, log: Path | None) -> None:
    started = perf_counter()
    chosen = algorithms(**{name: point.settings.get(name) for name in ALGORITHMS})
    others = {name: value for name, value in point.settings.items() if name not in ALGORITHMS}
    store.heartbeat(point, 0.0, "samples")
    samples = _samples(point, threads)
    if point.predecessor:  # from the store even in one go, so that interruptions change nothing
        chosen["warm_start"] = store.networks(point.predecessor)
    seed = Streams(point.seed).integer("networks")
    heartbeats = _heartbeats(store, point)
    with ScalarLog(log) if log else nullcontext() as watch:
        result = estimate_entropy(
            samples,
            **chosen,
            **others,
            seed=seed,
            threads=threads,
            progress=heartbeats,
            on_check=watch,
        )
    store.save(point, result, _baselines(point, samples), perf_counter() - started)


def _log_name(point: Point) -> str:
    """Return a unique folder name that starts with the labels of the state point."""
    return re.sub(r"[^\w.-]+", "-", f"{point}, {point.key}")


def _samples(point: Point, threads: int) -> Samples:
    source = point.source
    if "file" in source:
        samples = load(source["file"], **source["reading"])
        if isinstance(samples, Particles):
            raise InputError(f"{source['file']}: holds particles; sweeps take samples of lattices")
        return samples
    model = system(source["system"], **source["parameters"])
    parameters = sorted(model.parameters().items())
    seed = Streams(point.seed).integer("samples", source["system"], parameters)
    drawn: Samples = model.sample(source["samples"], seed=seed, threads=threads)
    return drawn


def _heartbeats(store: Store, point: Point) -> Callable[[float, int, str], None]:
    """Return a progress callback that writes a heartbeat every few seconds."""
    last, since = -_HEARTBEAT, time()

    def progress(done: float, total: int, text: str) -> None:
        nonlocal last
        if perf_counter() - last >= _HEARTBEAT:
            last = perf_counter()
            store.heartbeat(point, done / max(total, 1), text, since)

    return progress


def _baselines(point: Point, samples: Samples) -> dict[str, dict[str, float]]:
    """Compute the baselines that fit the samples; for example, angles cannot be compressed."""
    values = {}
    for name in point.baselines:
        with suppress(InputError):
            value, error = _BASELINES[name](samples)
            values[name] = {"value": value, "error": error}
    return values


def _heat(samples: Samples) -> tuple[float, float]:
    estimate = heat_capacity(EnergySeries.from_samples(samples))
    return estimate.value, estimate.error


def _entropy(method: Callable[[Samples], Estimate]) -> Callable[[Samples], tuple[float, float]]:
    def value_and_error(samples: Samples) -> tuple[float, float]:
        estimate = method(samples)
        return estimate.entropy, estimate.error

    return value_and_error


_BASELINES = {
    "naive": _entropy(naive_entropy),
    "compression": _entropy(compression_entropy),
    "heat-capacity": _heat,
}
