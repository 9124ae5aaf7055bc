r"""The store of a sweep: one folder for each state point, named by the hash of its configuration.

    DIR/moiety-store.json    marks the folder as a store
    DIR/plan.toml            the plan of the latest run
    DIR/points/KEY/
        point.json           configuration and labels
        result.nc            the estimate
        networks.pt          trained networks, which the next state point of the chain starts from
        done.json            written last: digests of both files, numbers, host and wall time
        running.json         while at work: host, process and progress
        failure-1.log ...    tracebacks of failed attempts

Each file is written under a temporary name and renamed, so readers never see half a file.  A state
point is finished when `done.json` exists and its digests match the files; a truncated file makes
the state point run again.  A chain is locked while it runs, so two sweeps can share one store.
Folders that hold something else are refused, links are not followed, and only files with these
names are ever deleted.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any

from .. import __version__
from ..base.errors import InputError
from ..estimation.networks import Networks
from ..io._format import naming
from ..results.result import EntropyResult
from ._files import describe, digest, read_json, restore, write_text
from ._folders import NAMES, RESULTS, clean, failure_logs
from ._marker import POINTS, check_folder, is_store, mark, refuse_links
from ._records import Beat, Done, SavedPlan, parsed
from ._state import DONE, FAILED, LEFT, RUNNING, TRIES, State
from .plan import Plan, Point

__all__ = ["DONE", "FAILED", "LEFT", "RUNNING", "TRIES", "State", "Store"]

_SILENCE = 120.0  # seconds without a heartbeat after which a state point counts as interrupted


class Store:
    """Results of state points on disk.

    Args:
        folder: Folder of the store; created if missing.
        create: Whether to create it now, or when something is first saved in it.

    Raises:
        InputError: The folder holds something else, or cannot be created.

    Example:
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> grid = {"name": "ising-square", "size": 8, "temperature": 2.0}
        >>> store.state(Plan.of({"system": [grid]}).points[0]).state
        'left'
    """

    def __init__(self, folder: str | os.PathLike[str], *, create: bool = True):
        self.folder = Path(folder)
        check_folder(self.folder)
        if create:
            mark(self.folder)
        # Modification time and contents of each done.json that matches its files.
        self._verified: dict[str, tuple[int, dict[str, Any]]] = {}

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Store:
        """Open an existing store.

        Args:
            folder: Folder of the store.

        Raises:
            InputError: The folder does not hold a store.
        """
        if not is_store(Path(folder)):
            raise InputError(f"{folder}: holds no sweep; moiety sweep PLAN --out DIR makes one")
        return cls(folder)

    def folder_of(self, key: str) -> Path:
        """Return the folder of a state point.

        Args:
            key: Key of the state point.
        """
        return self.folder / POINTS / key

    def prepare(self, key: str) -> Path:
        """Make the folder of a state point, and the store around it.

        Args:
            key: Key of the state point.

        Raises:
            InputError: The folder cannot be created, or something in it is a link.
        """
        folder = self.folder_of(key)
        mark(self.folder)
        refuse_links(folder.parent, [key])
        folder.mkdir(exist_ok=True)
        refuse_links(folder, NAMES)
        return folder

    def save_plan(self, plan: Plan) -> None:
        """Save a plan and its text, for `status` and `collect`.

        Args:
            plan: The plan.
        """
        mark(self.folder)
        chains = [[describe(point) for point in chain] for chain in plan.chains]
        text = json.dumps({"version": __version__, "chains": chains})
        write_text(self.folder / "plan.json", text)
        if plan.text:
            write_text(self.folder / "plan.toml", plan.text)

    def plan(self) -> Plan:
        """Return the plan that was saved last.

        Raises:
            InputError: There is no plan, or it is damaged.
        """
        path = self.folder / "plan.json"
        with naming(path, "cannot be read as the plan of a sweep; run moiety sweep again"):
            saved = parsed(SavedPlan, read_json(path))
            if saved is None:
                raise InputError("is missing or damaged; run moiety sweep again")
            return Plan(tuple(tuple(map(restore, chain)) for chain in saved.chains))

    def is_done(self, key: str) -> bool:
        """Return whether a state point has an intact result.

        Args:
            key: Key of the state point.
        """
        return self._done(key) is not None

    def _done(self, key: str) -> dict[str, Any] | None:
        """Return the contents of `done.json` if they match the files.

        The digests of the files are compared once for each modification time of `done.json`.
        """
        try:
            written = (self.folder_of(key) / "done.json").stat().st_mtime_ns
        except OSError:
            return None
        verified = self._verified.get(key)
        if verified is None or verified[0] != written:
            record = parsed(Done, read_json(self.folder_of(key) / "done.json"))
            if record is None or self._digests(key) != record.files:
                return None
            self._verified[key] = verified = (written, record.model_dump())
        return verified[1]

    def _digests(self, key: str) -> dict[str, str | None]:
        return {name: digest(self.folder_of(key) / name) for name in RESULTS}

    def result(self, key: str) -> EntropyResult:
        """Load the result of a finished state point.

        Args:
            key: Key of the state point.
        """
        return EntropyResult.load(self.folder_of(key) / "result.nc")

    def networks(self, key: str) -> Networks:
        """Load the networks of a finished state point.

        Args:
            key: Key of the state point.

        Raises:
            InputError: The file is missing or damaged.
        """
        return Networks.load(self.folder_of(key) / "networks.pt")

    def save(
        self, point: Point, result: EntropyResult, baselines: Mapping[str, Any], seconds: float
    ) -> None:
        """Save a finished state point.

        Args:
            point: The state point.
            result: Its estimate, with the trained networks.
            baselines: Value and error of each baseline by name.
            seconds: Wall time of samples and estimate.
        """
        folder = self.prepare(point.key)
        write_text(folder / "point.json", json.dumps(describe(point), indent=1))
        result.networks.save(folder / "networks.pt")
        result.save(folder / "result.nc", force=True)
        record = {
            "entropy": result.entropy,
            "error": result.error,
            "ok": result.status.ok,
            "baselines": dict(baselines),
            "seconds": seconds,
            "host": socket.gethostname(),
            "version": __version__,
            "at": time(),
            "files": self._digests(point.key),
        }
        write_text(folder / "done.json", json.dumps(record))
        (folder / "running.json").unlink(missing_ok=True)

    def heartbeat(self, point: Point, share: float, text: str, since: float | None = None) -> None:
        """Note the progress of a state point that is running.

        Args:
            point: The state point.
            share: Finished share of the work, from 0 to 1.
            text: Current step.
            since: Start in seconds since the epoch; default now.
        """
        with suppress(OSError):  # losing a heartbeat does no harm
            folder = self.prepare(point.key)
            now = time()
            record = {
                "share": share,
                "text": text,
                "host": socket.gethostname(),
                "process": os.getpid(),
                "at": now,
                "since": now if since is None else since,
            }
            write_text(folder / "running.json", json.dumps(record))

    def record_failure(self, point: Point, log: str) -> None:
        """Save the log of a failed attempt.

        Args:
            point: The state point that failed.
            log: Traceback or other text.
        """
        with suppress(OSError):  # a full disk must not hide the original error
            folder = self.prepare(point.key)
            (folder / "running.json").unlink(missing_ok=True)
            number = len(self.failures(point.key)) + 1
            write_text(folder / f"failure-{number}.log", log)

    def failures(self, key: str) -> list[Path]:
        """Return the logs of failed attempts, oldest first.

        Args:
            key: Key of the state point.
        """
        return failure_logs(self.folder_of(key))

    def clear_failures(self, keys: Iterable[str]) -> None:
        """Delete the logs of failed attempts, so that a new run tries again.

        Args:
            keys: Keys of the state points.
        """
        for path in (path for key in keys for path in self.failures(key)):
            path.unlink(missing_ok=True)

    def state(self, point: Point) -> State:
        """Return the progress of a state point, read from disk.

        Args:
            point: The state point.
        """
        failures = len(self.failures(point.key))
        record = self._done(point.key)
        if record:
            return State(point, DONE, record, failures)
        beat = parsed(Beat, read_json(self.folder_of(point.key) / "running.json"))
        if beat and abs(time() - beat.at) < _SILENCE:
            return State(point, RUNNING, beat.model_dump(), failures)
        return State(point, FAILED if failures >= TRIES else LEFT, {}, failures)

    def states(self, plan: Plan | None = None) -> list[State]:
        """Return the progress of all state points of a plan.

        Args:
            plan: The plan; default the one that was saved last.
        """
        return [self.state(point) for point in (plan or self.plan()).points]

    def clean(self, plan: Plan | None = None) -> int:
        """Delete other state points, failure logs and the remains of interrupted runs.

        Args:
            plan: The plan to keep; default the one that was saved last.

        Returns:
            Number of files and folders that were deleted.
        """
        wanted = {point.key for point in (plan or self.plan()).points}
        refuse_links(self.folder, [POINTS])
        return sum(clean(path, path.name in wanted) for path in [*self.folder_of("").iterdir()])
