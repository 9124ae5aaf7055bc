"""Locks on chains, so that several sweeps can share a store."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from .plan import Chain
from .store import Store

__all__ = ["is_free", "locked"]

_LOCK = "lock"  # a file in the folder of the first state point


@contextmanager
def locked(store: Store, chain: Chain) -> Iterator[None]:
    """Hold the lock of a chain; other processes wait.  The lock ends with its process.

    Args:
        store: Store of the sweep.
        chain: The chain to work on.
    """
    with (store.prepare(chain[0].key) / _LOCK).open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def is_free(store: Store, chain: Chain) -> bool:
    """Return whether no process holds the lock of a chain.

    Args:
        store: Store of the sweep.
        chain: The chain.
    """
    try:
        with (store.folder_of(chain[0].key) / _LOCK).open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # locked, or a file system without locks
        return False
    return True
