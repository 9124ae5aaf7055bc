r"""Cross-fitting: train one network per fold and read each on the samples it never saw.

The samples are split into folds.  The network of fold f is trained on samples outside f and read
on the samples in f, so that every sample is held out once.  An average over all samples is then

    sum_f (n_f / n) value_f.

Networks that are all trained alike err independently of each other, and how far they are apart
tells what each of them loses: `disagreement`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from ..base.errors import Stopped
from ..base.random import Streams
from .execution import Execution, Task
from .history import History, TrainingStatus
from .networks import Weights, copy_weights
from .training import Trained

__all__ = [
    "Fold", "Folds", "Split", "cross_fit", "cross_splits", "disagreement", "new_network",
    "one_thread", "side_by_side",
]  # fmt: skip

Reading = TypeVar("Reading")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint sets of samples, as indices in the order of the chains.

    Args:
        train: Samples for training.
        validation: Samples that judge the training.
        test: Held-out samples.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def cross_splits(
    chains: int, draws: int, folds: int = 2, validation: float = 0.2
) -> tuple[Split, ...]:
    """One split per fold; the test sets together hold every sample once.

    Sets are runs of consecutive draws in the order of the chains, so they are whole chains as far
    as these divide evenly, and correlated neighbours are separated only at the ends of the runs.

    Args:
        chains: Number of chains.
        draws: Draws per chain.
        folds: Number of test sets.
        validation: Share of the samples outside a test set that judge its training.

    Example:
        >>> cross_splits(4, 2)[0].test
        array([0, 1, 2, 3])
    """
    n = chains * draws
    edges = [round(n * k / folds) for k in range(folds + 1)]
    return tuple(_split(n, edges[k], edges[k + 1], validation) for k in range(folds))


def _split(n: int, start: int, stop: int, validation: float) -> Split:
    """Choose the validation run farthest from the test run, with the two ends joined."""
    others = np.concatenate([np.arange(stop, n), np.arange(start)])
    held = max(2, round(validation * len(others)))
    middle = (len(others) - held) // 2
    first = middle if start > 0 and stop < n else (len(others) - held if start == 0 else 0)
    chosen = others[first : first + held]
    train = np.setdiff1d(others, chosen)
    return Split(train, np.sort(chosen), np.arange(start, stop))


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold before its training.

    Args:
        split: Its samples.
        network: Network with its initial weights.
        streams: Random streams of this fold.
        tick: See `Task`.
        on_check: Called with the history after every check of the training.
    """

    split: Split
    network: nn.Module
    streams: Streams
    tick: Callable[[], None]
    on_check: Callable[[History], None] | None


@dataclass(frozen=True, eq=False)
class Folds(Generic[Reading]):
    """All folds after training.

    Args:
        splits: Samples of each fold.
        trained: Trained network of each fold.
        readings: Values read from the held-out samples of each fold.
    """

    splits: tuple[Split, ...]
    trained: tuple[Trained, ...]
    readings: tuple[Reading, ...]

    @property
    def status(self) -> TrainingStatus:
        """The worst status of the trainings."""
        return TrainingStatus.worst(trained.status for trained in self.trained)

    @property
    def histories(self) -> tuple[History, ...]:
        """The histories of the trainings."""
        return tuple(trained.history for trained in self.trained)

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """The trained networks."""
        return tuple(trained.module for trained in self.trained)

    @property
    def samples(self) -> int:
        """Number of samples."""
        return sum(len(split.test) for split in self.splits)

    def mean(self, values: Sequence[float] | np.ndarray) -> float:
        """Average over folds, weighted by their numbers of held-out samples."""
        shares = np.array([len(split.test) for split in self.splits]) / self.samples
        return float(shares @ values)

    def late_gain(self) -> float:
        """Mean gain of the bound in the second half of the trainings, in nats."""
        return self.mean([history.late_gain for history in self.histories])

    def after(self, earlier: Sequence[History]) -> Folds[Reading]:
        """The same folds with the histories of all their trainings.

        Args:
            earlier: History of each fold before this training.
        """
        trained = [
            replace(one, history=history.then(one.history))
            for one, history in zip(self.trained, earlier, strict=True)
        ]
        return replace(self, trained=tuple(trained))

    def gathered(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Values of all samples in their order, from those of each fold's held-out samples."""
        values = np.empty(self.samples)
        for split, part in zip(self.splits, parts, strict=True):
            values[split.test] = part
        return values


def cross_fit(
    splits: Sequence[Split],
    key: object,
    build: Callable[[], nn.Module],
    fit: Callable[[Fold], tuple[Trained, Reading]],
    execution: Execution,
    *,
    warm_start: Sequence[nn.Module | Weights] = (),
    task: Task | None = None,
) -> Folds[Reading]:
    """Train and read one network per fold.

    Args:
        splits: Samples of each fold.
        key: Name of this work, for its random streams.
        build: Returns a network with random initial weights.
        fit: Trains the network of a fold and reads it on its held-out samples.
        execution: Seed, device and threads.
        warm_start: Networks whose weights start the new ones, reused in turn if they are fewer.
        task: Hooks of this work.
    """
    task = task or Task()
    streams = [Streams(Streams(execution.seed).integer(key, fold)) for fold in range(len(splits))]
    networks = [
        new_network(
            build, streams[fold], warm_start[fold % len(warm_start)] if warm_start else None
        )
        for fold in range(len(splits))
    ]

    def run(fold: int, tick: Callable[[], None]) -> tuple[Trained, Reading]:
        network = networks[fold].to(execution.device)
        on_check = task.on_check
        hook = None if on_check is None else lambda history: on_check(fold, history)
        return fit(Fold(splits[fold], network, streams[fold], tick, hook))

    pairs = side_by_side(run, len(splits), execution, task.tick)
    trained, readings = zip(*pairs, strict=True)
    return Folds(tuple(splits), trained, readings)


def new_network(
    build: Callable[[], nn.Module], streams: Streams, start: nn.Module | Weights | None = None
) -> nn.Module:
    """A network with initial weights from a fold's own stream, or from another network.

    Args:
        build: Returns a network with random initial weights.
        streams: Streams of the fold.
        start: Network whose weights it starts from.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.integer("weights"))
        network = build()
    if start is not None:
        copy_weights(start, network)
    return network


def disagreement(values: Tensor) -> float:
    r"""What a network loses through errors independent of the others', in nats.

    An error d of the score of a joint pair, or of the log density of a site, costs e^d - 1 - d:
    d^2 / 2 if it is small, |d| where the score is much too low.  With D the difference of two
    networks,

        loss = D^2 / 4 for |D| < 1,    |D| / 2 - 1/4 beyond,

    averaged over all pairs of networks.  For small D this is half the variance between networks.

    Args:
        values: Score of each pair, or log density of each site, from each fold's network, shape
            `(folds, n)`.

    Example:
        >>> disagreement(torch.tensor([[0.0, 1.0, 9.0], [1.0, 1.0, 0.0]]))  # (0.25 + 0 + 4.25) / 3
        1.5
    """
    first, second = torch.combinations(torch.arange(len(values))).T
    return float(huber_loss(values[first], values[second])) / 2


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread, because sums over several threads round differently.

    Example:
        >>> with one_thread():
        ...     torch.get_num_threads()
        1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def side_by_side(
    run: Callable[[int, Callable[[], None]], Result],
    folds: int,
    execution: Execution,
    tick: Callable[[], None] | None = None,
) -> list[Result]:
    """Run all folds; if one fails or the user interrupts, the others end at their next tick.

    Args:
        run: Called as `run(fold, tick)`; calls its `tick` often.
        folds: Number of folds.
        execution: Threads and device: folds run one after another on anything but the CPU.
        tick: Called at every tick of every fold.
    """
    halt = Event()

    def fold_tick() -> None:
        if halt.is_set():
            raise Stopped("another fold has ended")
        if tick:
            tick()

    def alone(fold: int) -> Result:
        torch.set_num_threads(1)  # in this thread, too: the folds themselves run in parallel
        return run(fold, fold_tick)

    threads = min(execution.threads, folds)
    if threads == 1 or execution.device != "cpu":
        return [alone(fold) for fold in range(folds)]
    with ThreadPoolExecutor(threads) as pool:
        try:
            futures = [pool.submit(alone, fold) for fold in range(folds)]
            for future in as_completed(futures):  # the first failure ends the others
                future.result()
            return [future.result() for future in futures]
        except BaseException:
            halt.set()
            raise
