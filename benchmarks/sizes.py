"""Cost of an estimate against the size of the lattice: `python benchmarks/sizes.py`.

Square Ising at T = 2.4, 2^23 sites in all: 8,192 samples of 32x32 down to 8 of 1024x1024; each estimate in a
process of its own that reads its samples from a netCDF file.  Then a gigabyte of 1024x1024, which stays on disk.
Peak memory is what the process was largest with; of it, anonymous is what the system cannot reclaim, looked at ten
times a second.  At the end, how the seconds grow with L: by a power, and by a number for each doubling.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from threading import Event, Thread
from time import perf_counter

import numpy as np

import moiety

SITES, TEMPERATURE = 2**23, 2.4
SIZES = (32, 64, 128, 256, 512, 1024)
LARGE = 2**30  # sites of the samples that stay on disk
GIB = 2**30


def anonymous() -> int:
    """Bytes of this process that are no pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


def estimated(path: Path) -> None:
    """One estimate, its seconds and memory, as JSON."""
    most, done = [anonymous()], Event()

    def watch() -> None:
        while not done.wait(0.1):
            most[0] = max(most[0], anonymous())

    watching = Thread(target=watch)
    watching.start()
    started = perf_counter()
    samples = moiety.load(path)
    loaded = perf_counter()
    result = moiety.estimate_entropy(samples, seed=1)
    ended = perf_counter()
    done.set()
    watching.join()
    exact = moiety.system(
        "ising-square", size=samples.shape[0], temperature=TEMPERATURE
    ).exact_entropy()
    found = {
        "samples": samples.n,
        "reading": loaded - started,
        "seconds": ended - loaded,
        "entropy": result.entropy,
        "error": result.error,
    }
    found |= {
        "other": result.cross_check.entropy,
        "other_error": result.cross_check.error,
        "exact": exact,
        "levels": len(result.levels),
    }
    print(
        json.dumps({**found, "peak": getrusage(RUSAGE_SELF).ru_maxrss * 1024, "anonymous": most[0]})
    )


def measured(folder: Path, size: int, sites: int) -> dict:
    """Samples, written by one process and estimated by another."""
    path = folder / f"ising-{size}.nc"
    words = [
        "--size",
        str(size),
        "--temperature",
        str(TEMPERATURE),
        "--samples",
        str(sites // size**2),
        "--seed",
        "1",
    ]
    subprocess.run(
        [sys.executable, "-m", "moiety", "sample", "ising-square", *words, "--out", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    said = subprocess.run(
        [sys.executable, __file__, "--estimate", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    path.unlink()
    return json.loads(said)


def row(*cells) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def shown(size: int, one: dict) -> None:
    routes = [
        f"{one[name]:.5f} ± {one[error]:.5f}"
        for name, error in (("entropy", "error"), ("other", "other_error"))
    ]
    memory = [f"{one[name] / GIB:.2f}" for name in ("peak", "anonymous")]
    row(
        size,
        one["samples"],
        one["levels"],
        f"{one['exact']:.5f}",
        *routes,
        f"{one['reading']:.1f}",
        f"{one['seconds']:.0f}",
        *memory,
    )


def growth(sizes: np.ndarray, seconds: np.ndarray) -> str:
    """How seconds grow: the power of a fit on both logarithms, and the slope against log2 L beside the mean."""
    power = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    doubling, _ = np.polyfit(np.log2(sizes), seconds, 1)
    return (
        f"seconds ~ L^{power:.2f}; {doubling:+.1f} s per doubling of L, {seconds.mean():.0f} s on average"
        f" (from the smallest to the largest L, sites of one lattice grow {(sizes[-1] / sizes[0]) ** 2:.0f}-fold, seconds {seconds[-1] / seconds[0]:.1f}-fold)"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--estimate", type=Path, help=argparse.SUPPRESS)
    options.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="sides of the lattices"
    )
    options.add_argument("--no-large", action="store_true", help="leave out the gigabyte")
    chosen = options.parse_args()
    if chosen.estimate:
        return estimated(chosen.estimate)
    row(
        "L",
        "samples",
        "levels",
        "exact s",
        "mutual information",
        "chain rule",
        "reading (s)",
        "seconds",
        "peak GiB",
        "anonymous GiB",
    )
    row(*["---"] * 10)
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for size in chosen.sizes:
            found.append(measured(Path(folder), size, SITES))
            shown(size, found[-1])
        if not chosen.no_large:
            shown(1024, measured(Path(folder), 1024, LARGE))
    if len(found) > 1:
        print(
            "\n"
            + growth(np.array(chosen.sizes, float), np.array([one["seconds"] for one in found]))
        )
    sys.exit(any(one["peak"] > 2 * GIB for one in found))


if __name__ == "__main__":
    main()
