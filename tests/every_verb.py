"""Run every verb once, with little work, and print a digest of its numbers as JSON.

    python tests/every_verb.py FOLDER THREADS

Times, hosts, the number of threads and names of files are left out; nothing else is.
"""

import hashlib
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import moiety
from moiety import io
from moiety.cli import main
from moiety.data.digest import digest_of
from moiety.estimation.training import Training
from moiety.geometry.space import BlockCut
from moiety.paper import fig4
from moiety.sweep import Store, collect

PLAN = """
[[system]]
name = "ising-chain"
size = [4, 8]
temperature = [3.0, 2.0, 1.5, 1.0]
samples = 64
[estimate]
steps = 8
critic = "convolutional"
precision = 1.0
"""
TINY = fig4.Effort(
    particles=64, packings=8, largest=0.5, densities=(0.5, 0.6, 0.7, 0.88), resolutions=(10.0,),
    studied=(0.5,), blocks=(BlockCut((0.5, 0.5)),), training=Training(steps=3, batch=32),
    small=(BlockCut((0.5, 0.5)),), transition=(0.5, 0.6, 0.7, 0.88),
)  # fmt: skip
SYSTEMS = {
    "heat-bath": "ising-square --size 8 --temperature 3 --samples 256 --algorithm heat-bath",
    "wolff": "ising-square --size 8 --temperature 2.3 --samples 72 --algorithm wolff",
    "exchange": "ising-square --size 4 --temperature 1 --samples 32 --algorithm replica-exchange",
    "rotors": "xy-square --size 4 --temperature 1 --samples 32",
    "exact": "gaussian-field --size 4 --samples 32",
    "disks": "hard-disks --particles 16 --packing-fraction 0.3 --samples 16",
    "packings": "soft-disks --particles 16 --packing-fraction 0.7 --samples 12",
}
ESTIMATE = "--steps 12 --folds 3 --json"
LEFT_OUT = {"timing", "seconds", "threads", "host", "at", "file"}


def digest(value) -> str:
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]


def plain(value):
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items() if key not in LEFT_OUT}
    return [plain(part) for part in value] if isinstance(value, list) else value


def run(*words) -> str:
    """Run a command and return what it prints."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"{words}: {end.code}, {err.getvalue()}") from end
    return out.getvalue()


def every_verb(folder: Path, threads: int) -> dict[str, str]:
    """Return a digest by verb."""
    digests = {}
    for name, words in SYSTEMS.items():
        file = folder / f"{name}.nc"
        run("sample", *words.split(), "--seed", 3, "--threads", threads, "--out", file)
        digests[f"sample {name}"] = digest_of(io.load(file))
    lattice, particles = folder / "exchange.nc", folder / "disks.nc"
    words = ("--threads", threads, *ESTIMATE.split())
    digests["estimate lattice"] = digest(
        json.loads(run("estimate", lattice, *words, "--precision", 1))
    )
    blocks = ("--largest", 0.5, "--resolution", 10)
    digests["estimate particles"] = digest(json.loads(run("estimate", particles, *words, *blocks)))
    for method in ("compression", "naive", "heat-capacity"):
        digests[method] = digest(json.loads(run("baseline", method, lattice, "--json")))
    for method in ("compression", "pair-entropy", "neighbours"):
        row = json.loads(run("baseline", method, particles, "--json"))
        digests[f"{method} of particles"] = digest(row)
    return digests | swept(folder, threads) | reproduced(folder, threads)


def swept(folder: Path, threads: int) -> dict[str, str]:
    plan, store = folder / "plan.toml", folder / "store"
    plan.write_text(PLAN)
    run("sweep", plan, "--out", store, "--workers", threads)
    run("collect", store, "--out", folder / "sweep.nc")
    numbers = collect(Store.open(store)).drop_vars("seconds").to_dict()
    probed = run("probe", folder / "sweep.nc", "--json")
    return {"sweep": digest(json.loads(json.dumps(numbers, default=str))), "probe": digest(probed)}


def reproduced(folder: Path, threads: int) -> dict[str, str]:
    where = folder / "fig4"
    where.mkdir()
    data = fig4.study(where, TINY, threads=threads)
    return {"reproduce": digest(json.loads(json.dumps(data.to_dict(), default=str)))}


if __name__ == "__main__":
    assert moiety.__version__
    print(json.dumps(every_verb(Path(sys.argv[1]), int(sys.argv[2]))))
