r"""The store of a sweep: one folder a state point, called by the hash of its configuration.

    DIR/plan.toml            the plan that was run last
    DIR/points/KEY/
        point.json           configuration and labels
        result.nc            the estimate
        networks.pt          what the next state point of the chain starts from
        done.json            written last: sizes and digests of both, the numbers, where and how long
        running.json         while it is being worked on: host, process, how far
        failure-1.log ...    what went wrong

Files are written beside their place and renamed, so that a reader sees them whole or not at all.  A state
point is finished when `done.json` is there and fits the files: what was truncated is done again.  Chains
are locked while they are worked on, so that two sweeps over one store share the work.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

from .. import __version__
from ..base.atomic import atomic
from ..base.errors import InputError
from ..estimation.networks import Networks
from ..io._format import naming
from ..results.result import EntropyResult
from .plan import Chain, Plan, Point

__all__ = ["DONE", "FAILED", "LEFT", "RUNNING", "TRIES", "State", "Store"]

DONE, RUNNING, FAILED, LEFT = "done", "running", "failed", "left"
TRIES = 3  # of a state point, before it is given up
_QUIET = 120.0  # seconds without a sign of life, after which a state point is taken for interrupted
_WHOLE = ("result.nc", "networks.pt")


@dataclass(frozen=True)
class State:
    """How a state point stands.

    Arguments:
        point: Which.
        state: `"done"`, `"running"`, `"failed"` or `"left"`.
        said: Of one that is done: `entropy`, `error`, `ok`, `seconds`, `host`; of one that runs: `share`, `text`, `since`.
        failures: How often it has failed.
    """

    point: Point
    state: str
    said: Mapping[str, Any]
    failures: int


class Store:
    """Results of state points on disk.

    Arguments:
        folder: Made where it is not there yet.

    Raises:
        InputError: It cannot be made, or there is something else.

    Example:
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> plan = Plan.of({"system": [{"name": "ising-square", "size": 8, "temperature": 2.0}]})
        >>> store.state(plan.points[0]).state
        'left'
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        try:
            (self.folder / "points").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.folder}: cannot be made ({error.strerror}); choose another folder"
            ) from error
        self._verified: dict[
            str, tuple[int, dict[str, Any]]
        ] = {}  # when it was written, and what it says

    @classmethod
    def opened(cls, folder: str | os.PathLike[str]) -> Store:
        """One that is there already.

        Raises:
            InputError: There is no store.
        """
        if not (Path(folder) / "points").is_dir():
            raise InputError(f"{folder}: holds no sweep; moiety sweep PLAN --out DIR makes one")
        return cls(folder)

    def place(self, key: str) -> Path:
        """Folder of a state point."""
        return self.folder / "points" / key

    def note_plan(self, plan: Plan) -> None:
        """Keep the state points of a plan, and its text, for `status` and `collect`."""
        chains = [[_described(point) for point in chain] for chain in plan.chains]
        _write(self.folder / "plan.json", json.dumps({"version": __version__, "chains": chains}))
        if plan.text:
            _write(self.folder / "plan.toml", plan.text)

    def plan(self) -> Plan:
        """The plan that was noted last.

        Raises:
            InputError: There is none, or it is damaged.
        """
        path = self.folder / "plan.json"
        with naming(path, "cannot be read as the plan of a sweep; run moiety sweep again"):
            if not path.is_file():
                raise InputError("no such file; run moiety sweep again")
            chains = json.loads(path.read_text())["chains"]
            return Plan(tuple(tuple(_point(one) for one in chain) for chain in chains))

    def is_done(self, key: str) -> bool:
        """Whether there is a result, and it is whole."""
        return self._done(key) is not None

    def _done(self, key: str) -> dict[str, Any] | None:
        """What `done.json` says, if it fits the files; those are looked at once, then its time tells."""
        try:
            written = (self.place(key) / "done.json").stat().st_mtime_ns
        except OSError:
            return None
        known = self._verified.get(key)
        if known is None or known[0] != written:
            said = _read(self.place(key) / "done.json")
            if said is None or not all(
                _digest(self.place(key) / name) == said["files"].get(name) for name in _WHOLE
            ):
                return None
            self._verified[key] = known = (written, said)
        return known[1]

    def result(self, key: str) -> EntropyResult:
        """Of a state point that is done."""
        return EntropyResult.load(self.place(key) / "result.nc")

    def networks(self, key: str) -> Networks:
        """The networks of a finished state point."""
        return Networks.load(self.place(key) / "networks.pt")

    def keep(
        self, point: Point, result: EntropyResult, baselines: Mapping[str, Any], seconds: float
    ) -> None:
        """Write a finished state point."""
        place = self.place(point.key)
        place.mkdir(exist_ok=True)
        _write(place / "point.json", json.dumps(_described(point), indent=1))
        result.networks.save(place / "networks.pt")
        result.save(place / "result.nc", force=True)
        numbers = {
            "entropy": result.entropy,
            "error": result.error,
            "ok": result.status.ok,
            "baselines": dict(baselines),
        }
        made = {
            "seconds": seconds,
            "host": socket.gethostname(),
            "version": __version__,
            "at": time(),
        }
        _write(
            place / "done.json",
            json.dumps(
                {**numbers, **made, "files": {name: _digest(place / name) for name in _WHOLE}}
            ),
        )
        (place / "running.json").unlink(missing_ok=True)

    def beat(self, point: Point, share: float, text: str, since: float | None = None) -> None:
        """A sign of life of a state point that is being worked on.

        Arguments:
            point: Which.
            share: Of its work, from 0 to 1.
            text: What is done just now.
            since: When it was begun, in seconds of the epoch; by default just now.
        """
        with suppress(OSError):  # to lose it does no harm
            place = self.place(point.key)
            place.mkdir(exist_ok=True)
            said = {
                "share": share,
                "text": text,
                "host": socket.gethostname(),
                "process": os.getpid(),
                "at": time(),
            }
            said["since"] = said["at"] if since is None else since
            _write(place / "running.json", json.dumps(said))

    def fail(self, point: Point, log: str) -> None:
        """Note that an attempt failed."""
        with suppress(OSError):  # a full disk must not hide what went wrong first
            place = self.place(point.key)
            place.mkdir(exist_ok=True)
            (place / "running.json").unlink(missing_ok=True)
            _write(place / f"failure-{len(self.failures(point.key)) + 1}.log", log)

    def failures(self, key: str) -> list[Path]:
        """Logs of failed attempts, oldest first."""
        return sorted(
            self.place(key).glob("failure-*.log"), key=lambda path: int(path.stem.partition("-")[2])
        )

    def forgive(self, keys: Iterable[str]) -> None:
        """Drop the logs of failed attempts, so that a new run tries again."""
        for path in (path for key in keys for path in self.failures(key)):
            path.unlink(missing_ok=True)

    def state(self, point: Point) -> State:
        """How a state point stands, from what is on disk."""
        failures = len(self.failures(point.key))
        said = self._done(point.key)
        if said:
            return State(point, DONE, said, failures)
        beat = _read(self.place(point.key) / "running.json")
        if beat and time() - beat["at"] < _QUIET:
            return State(point, RUNNING, beat, failures)
        return State(point, FAILED if failures >= TRIES else LEFT, {}, failures)

    def states(self, plan: Plan | None = None) -> list[State]:
        """Of all state points of a plan, by default the one that was noted last."""
        return [self.state(point) for point in (plan or self.plan()).points]

    @contextmanager
    def locked(self, chain: Chain) -> Iterator[None]:
        """While this chain is worked on, others wait; the lock of a process ends with it, however that ends."""
        place = self.place(chain[0].key)
        place.mkdir(exist_ok=True)
        with (place / "lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def is_free(self, chain: Chain) -> bool:
        """Whether nobody works on this chain."""
        try:
            with (self.place(chain[0].key) / "lock").open("w") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # taken, or there is no such file system
            return False
        return True

    def clean(self, plan: Plan | None = None) -> int:
        """Remove what no state point of a plan needs: others, logs, what an interrupted one left; how many went."""
        wanted, gone = {point.key for point in (plan or self.plan()).points}, 0
        for place in list((self.folder / "points").iterdir()):
            if place.name not in wanted:
                shutil.rmtree(place)
                gone += 1
                continue
            for path in [
                *place.glob(".moiety-*"),
                *place.glob("failure-*.log"),
                *place.glob("running.json"),
            ]:
                path.unlink(missing_ok=True)
                gone += 1
        return gone


def _described(point: Point) -> dict[str, Any]:
    return {**point.configuration, "source": dict(point.source), "labels": dict(point.labels)}


def _point(said: Mapping[str, Any]) -> Point:
    """What `_described` said; sides of a lattice come back as lists, which hash alike."""
    return Point(
        said["source"],
        said["settings"],
        tuple(said["baselines"]),
        said["seed"],
        said["labels"],
        said["before"],
    )


def _write(path: Path, text: str) -> None:
    with atomic(path) as part:
        part.write_text(text)


def _read(path: Path) -> dict[str, Any] | None:
    """What a file says; None without one, or where it is damaged."""
    try:
        said = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()[:32]
    except OSError:
        return None
