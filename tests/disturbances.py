"""Disturb moiety at random: kill it, signal it, fill its disk, damage its files.

`tests/test_faults.py` does a little of everything, `validation/faults.py` does it often and prints
a table.  Every function returns what went wrong as texts; an empty list is a success.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from moiety import EntropyResult, InputError, io
from moiety.data.digest import digest_of
from moiety.sweep import Store, read_plan

PLAN = """
[[system]]
name = "ising-chain"
size = 8
temperature = [3.0, 2.5, 2.0, 1.5]
samples = 64
[[system]]
name = "ising-chain"
size = 8
coupling = 0.5
temperature = [3.0, 2.5, 2.0, 1.5]
samples = 64
[estimate]
critic = "convolutional"
steps = 8
cross_check = false
precision = 1.0
"""
SAMPLE = "sample ising-square --size 8 --temperature 2 --seed 1 --out"
ESTIMATE = ("--steps", "40", "--precision", "1", "--no-cross-check")
TEMPORARY = ".moiety-*"


def start(*words, limit: int | None = None, cwd: Path | None = None) -> subprocess.Popen:
    """Start a command in a group of its own; no file may grow beyond `limit` bytes."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "moiety", *map(str, words)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=None if limit is None else limited,
        cwd=cwd,
    )


def finished(*words) -> None:
    """Run a command to its end."""
    out, err = (process := start(*words)).communicate()
    if process.returncode:
        raise RuntimeError(f"{words}: {process.returncode}, {out}, {err}")


# Killed sweeps


def undisturbed(folder: Path) -> list[tuple[float, float]]:
    """Entropies and errors of a sweep that runs through; makes the plan of the others."""
    (folder / "plan.toml").write_text(PLAN)
    finished("sweep", folder / "plan.toml", "--out", folder / "whole", "--workers", 1)
    return numbers(folder, "whole")


def numbers(folder: Path, name: str) -> list[tuple[float, float]]:
    store, points = Store.open(folder / name), read_plan(folder / "plan.toml").points
    results = [store.result(point.key) for point in points]
    return [(result.entropy, result.error) for result in results]


def killed_sweep(
    folder: Path, victim: str, wait: float, whole: list[tuple[float, float]]
) -> list[str]:
    """Kill the driver, a worker or all of them, then run to the end.

    Args:
        folder: Folder with the plan; gets a store.
        victim: `"driver"`, `"worker"` or `"all"`.
        wait: Seconds between the first sign of work and the kill.
        whole: What `undisturbed` returned.
    """
    store = folder / f"{victim}-{wait:.3f}"
    words = ("sweep", folder / "plan.toml", "--out", store, "--workers", 2)
    process = start(*words)
    _wait_for_work(process, store)
    time.sleep(wait)
    if process.poll() is None:
        _kill(process, victim)
    out, err = process.communicate()
    _end_orphans(process)
    before, wrong = _done(store), []
    if process.returncode not in (0, 1, -signal.SIGKILL):
        wrong.append(f"exit code {process.returncode}: {out}{err}")
    again = start(*words)
    out, err = again.communicate()
    if again.returncode:
        wrong.append(f"the second run ended with {again.returncode}: {out}{err}")
        return wrong
    if not before.items() <= _done(store).items():
        wrong.append("something finished was computed again")
    if numbers(folder, store.name) != whole:
        wrong.append("the numbers differ from those of an undisturbed run")
    finished("clean", store)
    if list(store.rglob(TEMPORARY)):
        wrong.append("temporary files are left after clean")
    shutil.rmtree(store)
    return wrong


def _wait_for_work(process: subprocess.Popen, store: Path) -> None:
    while process.poll() is None and not list(store.glob("points/*/*.json")):
        time.sleep(0.02)


def _kill(process: subprocess.Popen, victim: str) -> None:
    workers = children(process.pid)
    chosen = {"driver": [process.pid], "worker": workers[:1], "all": [process.pid, *workers]}
    for pid in chosen[victim]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _end_orphans(process: subprocess.Popen) -> None:
    """Workers end by themselves after the driver; wait for that, then end the group."""
    for _ in range(100):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Worker processes of a process: its children, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            found += [] if b"resource_tracker" in command else [child, *children(child)]
    return found


def _done(store: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in store.glob("points/*/done.json")}


# Signals


def verbs(folder: Path) -> dict[str, tuple]:
    """A command for every verb that works for a while, by name; `ready` made their inputs."""
    return {
        "sample": (*SAMPLE.split(), folder / "out.nc", "--samples", 20000, "--thinning", 40),
        "estimate": ("estimate", folder / "x.nc", *ESTIMATE, "--out", folder / "out.nc"),
        "baseline": ("baseline", "compression", folder / "x.nc"),
        "sweep": ("sweep", folder / "plan.toml", "--out", folder / "out", "--workers", 1),
        "collect": ("collect", folder / "whole", "--out", folder / "out.nc"),
        "report": ("report", folder / "whole", "--out", folder / "out.html"),
        "probe": ("probe", folder / "sweep.nc", "--out", folder / "out.png"),
        "repeat": ("repeat", folder / "r.nc"),
        "reproduce": ("reproduce", "fig4", "--quick", "--out", folder / "out"),
    }


def ready(folder: Path) -> None:
    """Make the inputs of `verbs`, after `undisturbed`."""
    finished(*SAMPLE.split(), folder / "x.nc", "--samples", 256)
    finished("estimate", folder / "x.nc", *ESTIMATE, "--out", folder / "r.nc")
    finished("collect", folder / "whole", "--out", folder / "sweep.nc")


def signalled(folder: Path, verb: str, number: int, wait: float) -> list[str]:
    """Send a signal to a verb; its output is whole or missing, and it says one line."""
    _remove_output(folder)
    process = start(*verbs(folder)[verb], cwd=folder)
    time.sleep(wait)
    process.send_signal(number)
    try:
        _, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return [f"{verb} did not end within two minutes of signal {number}"]
    wrong = []
    if process.returncode not in (0, 1, 128 + number, -number):
        wrong.append(f"{verb}: exit code {process.returncode} after signal {number}: {err[-300:]}")
    if "Traceback" in err and "KeyboardInterrupt" not in err:
        wrong.append(f"{verb}: a traceback after signal {number}: {err[-300:]}")
    return wrong + [f"{verb}: {text}" for text in _half_written(folder)]


def _remove_output(folder: Path) -> None:
    for path in folder.glob("out*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _half_written(folder: Path) -> Iterator[str]:
    for path in folder.glob("out*.nc"):
        try:
            io.load(path)
        except InputError as error:
            if not re.search("result of an estimate|several variables|no array", str(error)):
                yield f"half a file is left: {error}"
    for path in folder.rglob(TEMPORARY):
        yield f"a temporary file is left: {path.name}"


# Full disks


def full_disk(folder: Path, verb: str, room: int) -> list[str]:
    """Run a verb where no file may grow beyond `room` bytes."""
    _remove_output(folder)
    process = start(*verbs(folder)[verb], limit=room, cwd=folder)
    _, err = process.communicate(timeout=600)
    wrong = []
    if process.returncode not in (1, 2):
        wrong.append(f"{verb}: exit code {process.returncode} on a full disk: {err[-300:]}")
    if "Traceback" in err:
        wrong.append(f"{verb}: a traceback on a full disk: {err[-300:]}")
    left = [path for out in folder.glob("out*") for path in (out, *out.rglob("*"))]
    if verb != "sweep" and any(path.is_file() for path in left):
        wrong.append(f"{verb}: something is left on a full disk")
    return wrong + [f"{verb}: {text}" for text in _half_written(folder)]


# Damaged files


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """The same bytes with one flipped bit."""
    changed = bytearray(data)
    changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The first part of the same bytes."""
    return data[: int(rng.integers(len(data)))]


DAMAGES: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {"flip": flipped, "cut": cut}


def damaged_samples(path: Path, change: str, seed: int) -> list[str]:
    """Damage a file of samples: it is refused, or nothing in it has changed."""
    whole, wanted = path.read_bytes(), digest_of(io.load(path))
    path.write_bytes(DAMAGES[change](whole, np.random.default_rng([seed, 1])))
    try:
        if digest_of(io.load(path)) != wanted:
            return [f"{path.name}: a damaged file was read as good ({change}, {seed})"]
    except InputError as error:
        return [] if len(str(error).splitlines()) == 1 else [f"several lines: {error}"]
    finally:
        path.write_bytes(whole)
    return []


def damaged_result(path: Path, change: str, seed: int) -> list[str]:
    """Damage a result: it is refused, or no number has changed."""
    whole, wanted = path.read_bytes(), repr(EntropyResult.load(path))
    path.write_bytes(DAMAGES[change](whole, np.random.default_rng([seed, 2])))
    try:
        if repr(EntropyResult.load(path)) != wanted:
            return [f"{path.name}: a damaged result was read as good ({change}, {seed})"]
    except InputError as error:
        return [] if len(str(error).splitlines()) == 1 else [f"several lines: {error}"]
    finally:
        path.write_bytes(whole)
    return []


def damaged_store(store: Path, name: str, change: str, seed: int) -> list[str]:
    """Damage a file of a finished state point: it counts as unfinished, or nothing has changed.

    Args:
        store: Folder of the store.
        name: `"done.json"`, `"result.nc"` or `"networks.pt"`.
        change: A key of `DAMAGES`.
        seed: What is changed.
    """
    rng = np.random.default_rng([seed, 3])
    folders = sorted(path.parent for path in store.glob("points/*/done.json"))
    folder = folders[int(rng.integers(len(folders)))]
    path, key = folder / name, folder.name
    whole, wanted = path.read_bytes(), _record(store, key)
    path.write_bytes(DAMAGES[change](whole, rng))
    try:
        found = _record(store, key)
    finally:
        path.write_bytes(whole)
    if found is not None and found != wanted:
        return [f"{name}: a damaged file counts as good ({change}, {seed})"]
    return []


def _record(store: Path, key: str) -> tuple[float, float] | None:
    opened = Store.open(store)
    if not opened.is_done(key):
        return None
    result = opened.result(key)
    return result.entropy, result.error
