"""Many estimates in one process, and what they leave behind in memory, files and threads."""

import gc
import os
from pathlib import Path
from typing import NamedTuple

import moiety
from moiety import Training
from small import SMALL

PAGE = os.sysconf("SC_PAGE_SIZE")


class Footprint(NamedTuple):
    """Resident memory in bytes, open files and threads of this process."""

    memory: int
    files: int
    threads: int

    @classmethod
    def now(cls) -> "Footprint":
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        files = len(os.listdir("/proc/self/fd"))
        return cls(resident, files, len(os.listdir("/proc/self/task")))


def estimates(number: int, warm_up: int = 10) -> tuple[Footprint, Footprint]:
    """Footprints before and after a number of estimates of new samples, after a warm-up."""
    model = moiety.system("ising-chain", size=8, temperature=1.0)
    for seed in range(warm_up):
        _estimate(model, seed)
    before = Footprint.now()
    for seed in range(warm_up, warm_up + number):
        _estimate(model, seed)
    return before, Footprint.now()


def _estimate(model, seed):
    samples = model.sample(256, seed=seed)
    options = {"critic": SMALL, "training": Training(steps=4), "precision": 1.0, "threads": 2}
    moiety.estimate_entropy(samples, **options, seed=seed, cross_check=False)
