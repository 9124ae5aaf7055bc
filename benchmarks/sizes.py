"""Cost of an estimate against the size of the lattice: `python benchmarks/sizes.py`.

Square Ising at T = 2.4 with 2^23 sites in all, from 8,192 samples of 32x32 to 8 of 1024x1024.  Each
estimate reads its samples from a netCDF file in its own process.  A gigabyte of 1024x1024, which
stays on disk, comes last.  Anonymous memory, measured ten times per second, is the part of the peak
memory that the system cannot reclaim.  The last line is the growth of the seconds with L, as a
power and per doubling.
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
    """Bytes of this process that are not pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


def estimated(path: Path) -> None:
    """Print an estimate, its seconds and memory as JSON."""
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
    model = moiety.system("ising-square", size=samples.shape[0], temperature=TEMPERATURE)
    numbers = {
        "samples": samples.n,
        "reading": loaded - started,
        "seconds": ended - loaded,
        "entropy": result.entropy,
        "error": result.error,
        "other": result.cross_check.entropy,
        "other_error": result.cross_check.error,
        "exact": model.exact_entropy(),
        "levels": len(result.levels),
        "peak": getrusage(RUSAGE_SELF).ru_maxrss * 1024,
        "anonymous": most[0],
    }
    print(json.dumps(numbers))


def measured(folder: Path, size: int, sites: int) -> dict:
    """Numbers of an estimate; one process writes the samples, another estimates."""
    path = folder / f"ising-{size}.nc"
    words = (
        f"--size {size} --temperature {TEMPERATURE} --samples {sites // size**2} --seed 1".split()
    )
    subprocess.run(
        [sys.executable, "-m", "moiety", "sample", "ising-square", *words, "--out", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    output = subprocess.run(
        [sys.executable, __file__, "--estimate", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    path.unlink()
    return json.loads(output)


def row(*cells) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def show(size: int, numbers: dict) -> None:
    routes = [
        f"{numbers[name]:.5f} ± {numbers[error]:.5f}"
        for name, error in (("entropy", "error"), ("other", "other_error"))
    ]
    memory = [f"{numbers[name] / GIB:.2f}" for name in ("peak", "anonymous")]
    cells = [numbers["samples"], numbers["levels"], f"{numbers['exact']:.5f}", *routes]
    row(size, *cells, f"{numbers['reading']:.1f}", f"{numbers['seconds']:.0f}", *memory)


def growth(sizes: np.ndarray, seconds: np.ndarray) -> str:
    """Growth of the seconds: exponent of a power law, and slope against log2 L with the mean."""
    power = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    doubling, _ = np.polyfit(np.log2(sizes), seconds, 1)
    sites, times = (sizes[-1] / sizes[0]) ** 2, seconds[-1] / seconds[0]
    return (
        f"seconds ~ L^{power:.2f}; {doubling:+.1f} s per doubling of L, {seconds.mean():.0f} s on "
        "average (from the smallest to the largest L, sites of one lattice grow "
        f"{sites:.0f}-fold, seconds {times:.1f}-fold)"
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
        results = []
        for size in chosen.sizes:
            results.append(measured(Path(folder), size, SITES))
            show(size, results[-1])
        if not chosen.no_large:
            show(1024, measured(Path(folder), 1024, LARGE))
    if len(results) > 1:
        seconds = np.array([numbers["seconds"] for numbers in results])
        print(f"\n{growth(np.array(chosen.sizes, float), seconds)}")
    sys.exit(any(numbers["peak"] > 2 * GIB for numbers in results))


if __name__ == "__main__":
    main()
