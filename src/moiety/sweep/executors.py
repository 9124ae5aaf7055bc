"""Executors: anything with the interface of `concurrent.futures.Executor`.

    processes   processes on this machine with one thread each of torch, Numba and BLAS
    dask        a Dask cluster by the address of its scheduler, or a local one
    slurm       SLURM job arrays through submitit, or its local executor

Each function returns a context manager that yields an executor.  Optional packages are imported
when the context is entered.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import Thread
from typing import Any

from ..base.errors import InputError

__all__ = ["EXECUTORS", "Workers", "check_names", "dask", "processes", "slurm"]

Workers = Callable[[], AbstractContextManager[Executor]]
"""Returns a context manager that yields an executor; called again after workers have died."""

EXECUTORS = ("processes", "dask", "slurm")

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
_JOBS_WAITED_FOR = 256  # threads that wait for SLURM jobs


def processes(workers: int = 2) -> Workers:
    """Run tasks in processes on this machine.

    Args:
        workers: Number of processes.
    """

    @contextmanager
    def open_pool() -> Iterator[Executor]:
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # read when workers import libraries
        context = _context()
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_driver)
        try:
            yield pool
        finally:
            # The standard library would let tasks run to their end.  They end before the pool, for
            # a worker that sends its result to a closed pool may print a traceback.
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    return open_pool


def _context() -> BaseContext:
    """Return how workers start: on Linux, forked from a server that has imported everything."""
    if sys.platform != "linux":  # elsewhere forking a process with loaded libraries is unsafe
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["moiety.sweep.chain", "torch._dynamo"])  # optimisers need both
    # Batch systems send SIGTERM to all processes of a job; the driver alone decides.  The server
    # inherits the mask, and a signal that arrives meanwhile is delivered afterwards.
    resource_tracker.ensure_running()  # it would clear the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _follow_driver() -> None:
    """Leave Ctrl-C and SIGTERM to the driver, and exit when the driver is killed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    driver = parent_process()
    if driver is None:
        return

    def exit_with_driver() -> None:
        driver.join()
        os._exit(1)

    Thread(target=exit_with_driver, daemon=True).start()


def dask(scheduler: str | None = None, workers: int = 2) -> Workers:
    """Run tasks on a Dask cluster, which does not become the default of this process.

    Args:
        scheduler: Address such as `tcp://10.0.0.1:8786`; default a new cluster on this machine.
        workers: Number of workers of a new cluster.
    """

    @contextmanager
    def connect() -> Iterator[Executor]:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise InputError("Dask is not installed; pip install 'moiety[dask]'") from error
        if scheduler is not None:
            silent = InputError(
                f"no Dask scheduler answers at {scheduler!r}; give its address, such as"
                " tcp://10.0.0.1:8786"
            )
            if not scheduler.strip():  # Dask would start a cluster of its own
                raise silent
            try:
                client = Client(scheduler, timeout=20, set_as_default=False)  # type: ignore[no-untyped-call]  # Dask
            except (OSError, ValueError, TypeError, AttributeError) as error:
                raise silent from error
            with client:
                yield client.get_executor(pure=False, retries=0)  # type: ignore[no-untyped-call]
            return
        options: dict[str, Any] = {
            "n_workers": workers,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "silence_logs": 50,
        }
        with (
            LocalCluster(**options) as cluster,  # type: ignore[no-untyped-call]  # Dask
            Client(cluster, set_as_default=False) as client,  # type: ignore[no-untyped-call]
        ):
            yield client.get_executor(pure=False, retries=0)

    return connect


def check_names(folder: str | os.PathLike[str], *words: Any) -> None:
    """Refuse text that could add lines or commands to a job script.

    Args:
        folder: Folder of logs or results.
        *words: Names such as that of a partition.

    Raises:
        InputError: The folder has control characters, or a name has others than names have.

    Example:
        >>> check_names("runs", "short,long")
    """
    if not str(folder).isprintable():
        raise InputError("a folder of SLURM jobs cannot have control characters; rename it")
    for word in words:
        if isinstance(word, str) and not re.fullmatch(r"[\w.,:+@-]+", word, re.ASCII):
            raise InputError(
                f"a SLURM partition cannot be called {word!r}; give names of letters and digits"
            )


def slurm(folder: str | os.PathLike[str], workers: int = 2, **parameters: Any) -> Workers:
    """Run each chain as a SLURM job.

    Args:
        folder: Folder for the logs of the jobs.
        workers: Most jobs of an array that run at the same time.
        parameters: Parameters of submitit's executor, such as `slurm_partition`;
            `cluster="local"` runs jobs as processes on this machine.
    """

    @contextmanager
    def connect() -> Iterator[Executor]:
        try:
            import submitit
        except ImportError as error:
            raise InputError("submitit is not installed; pip install 'moiety[slurm]'") from error
        chosen = {"timeout_min": 24 * 60, "cpus_per_task": 1, "name": "moiety", **parameters}
        check_names(folder, *parameters.values())
        executor = submitit.AutoExecutor(folder=Path(folder), cluster=chosen.pop("cluster", None))
        if executor.cluster == "slurm":
            chosen["slurm_array_parallelism"] = workers
        executor.update_parameters(**chosen)
        yield _Submitit(executor, workers)

    return connect


class _Submitit(Executor):
    """Jobs of submitit behind the interface of the standard library.

    Args:
        executor: Executor of submitit.
        workers: Most jobs at the same time on this machine.
    """

    def __init__(self, executor: Any, workers: int):
        self.executor = executor
        threads = workers if executor.cluster == "local" else _JOBS_WAITED_FOR
        self.waiting = ThreadPoolExecutor(threads, thread_name_prefix="job")

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor`."""
        return self.waiting.submit(self._result, work, args, kwargs)

    def _result(
        self, work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return self.executor.submit(work, *args, **kwargs).result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `concurrent.futures.Executor`."""
        self.waiting.shutdown(wait=wait, cancel_futures=cancel_futures)
