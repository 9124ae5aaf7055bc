"""Five hundred estimates in one process: memory, open files and threads before and after.

python validation/endurance.py [--number 500]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from footprints import estimates

MORE = 0.05  # share by which the memory may grow


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--number", type=int, default=500)
    number, started = options.parse_args().number, perf_counter()
    before, after = estimates(number)
    print(f"{number} estimates, {perf_counter() - started:.0f} s")
    print(f"{'':10} {'before':>10} {'after':>10}")
    print(f"{'memory':10} {before.memory / 2**20:7.1f}MiB {after.memory / 2**20:7.1f}MiB")
    for name in ("files", "threads"):
        print(f"{name:10} {getattr(before, name):10} {getattr(after, name):10}")
    grown = after.memory > (1 + MORE) * before.memory
    return int(grown or after.files > before.files or after.threads > before.threads)


if __name__ == "__main__":
    sys.exit(main())
