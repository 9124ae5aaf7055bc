"""Who runs the tasks: anything with the interface of `concurrent.futures.Executor`.

    processes   of this machine, one thread of torch, Numba and BLAS each
    dask        a cluster by the address of its scheduler, or one of its own on this machine
    slurm       job arrays through submitit; its local executor where there is no SLURM

Each is a context that gives an executor, and is imported where it is asked for.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import Thread
from typing import Any

from ..base.errors import InputError

__all__ = ["EXECUTORS", "Workers", "dask", "processes", "slurm"]

Workers = Callable[[], Any]
"""A context that gives an executor; called again after its workers have died."""

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def processes(workers: int = 2) -> Workers:
    """Processes of this machine.

    Example:
        >>> with processes(1)() as executor:
        ...     executor.submit(pow, 2, 5).result()
        32
    """

    @contextmanager
    def opened() -> Iterator[Executor]:
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        os.environ.update(
            dict.fromkeys(_ONE_THREAD, "1")
        )  # read by the libraries as the workers import them
        pool = ProcessPoolExecutor(workers, mp_context=_start(), initializer=_deaf)
        try:
            yield pool
        finally:
            running = list(
                (pool._processes or {}).values()
            )  # the standard library ends no worker before its task does
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    return opened


def _start() -> BaseContext:
    """How workers start: on Linux as copies of one process that has imported everything, which takes seconds."""
    if sys.platform != "linux":  # elsewhere copies of a process with loaded libraries are not safe
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(
        ["moiety.sweep.chain", "torch._dynamo"]
    )  # the latter is what optimisers import
    return context


def _deaf() -> None:
    """Ctrl-C is for the driver, which ends its workers; where it is killed they end, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    driver = parent_process()

    def outlive() -> None:
        driver.join()
        os._exit(1)

    if driver:
        Thread(target=outlive, daemon=True).start()


def dask(scheduler: str | None = None, workers: int = 2) -> Workers:
    """Workers of a Dask cluster.

    Arguments:
        scheduler: Its address, as in `tcp://10.0.0.1:8786`; without one a cluster of this machine is started.
        workers: Of that.
    """

    @contextmanager
    def opened() -> Iterator[Executor]:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise InputError("Dask is not installed; pip install 'moiety[dask]'") from error
        if scheduler:
            try:
                with Client(scheduler, timeout=20) as client:
                    yield client.get_executor(pure=False, retries=0)
            except OSError as error:
                raise InputError(
                    f"no Dask scheduler answers at {scheduler}; is it running there?"
                ) from error
            return
        options = {
            "n_workers": workers,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "silence_logs": 50,
        }
        with LocalCluster(**options) as cluster, Client(cluster) as client:
            yield client.get_executor(pure=False, retries=0)

    return opened


def slurm(folder: str | os.PathLike[str], workers: int = 2, **parameters: Any) -> Workers:
    """Jobs of SLURM, one a chain, at most `workers` of an array at a time.

    Arguments:
        folder: Of the jobs' logs.
        workers: At a time.
        parameters: Of submitit's executor, such as `slurm_partition`; `cluster="local"` runs jobs as
            processes of this machine.
    """

    @contextmanager
    def opened() -> Iterator[Executor]:
        try:
            import submitit
        except ImportError as error:
            raise InputError("submitit is not installed; pip install 'moiety[slurm]'") from error
        cluster = parameters.pop("cluster", None)
        executor = submitit.AutoExecutor(folder=Path(folder), cluster=cluster)
        chosen = {"timeout_min": 24 * 60, "cpus_per_task": 1, "name": "moiety", **parameters}
        if executor.cluster == "slurm":
            chosen["slurm_array_parallelism"] = workers
        executor.update_parameters(**chosen)
        yield _Submitted(executor, workers)

    return opened


class _Submitted(Executor):
    """Jobs of submitit behind the interface of the standard library: futures that a thread waits for."""

    def __init__(self, executor: Any, workers: int):
        from concurrent.futures import ThreadPoolExecutor

        self.executor = executor
        self.waiting = ThreadPoolExecutor(
            workers if executor.cluster == "local" else 256, thread_name_prefix="job"
        )

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """See `concurrent.futures.Executor`."""
        return self.waiting.submit(self._done, work, args, kwargs)

    def _done(self, work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.executor.submit(work, *args, **kwargs).result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`."""
        self.waiting.shutdown(wait=wait, cancel_futures=cancel_futures)


EXECUTORS = ("processes", "dask", "slurm")
