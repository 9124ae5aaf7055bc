"""Values of samples that break the assumptions: the table of values in docs/trust.md.

    python validation/treacherous.py [--only "one frozen site of 64"]

Each row of tests/treacherous_samples.py with an exact entropy is estimated with default settings,
as its user would; where the checks advise to tell the networks the positions, once more with that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

from moiety import EntropyResult, Samples, estimate_entropy
from moiety.base.words import measured

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from treacherous_samples import ROWS, SampleRow

ADVICE = ("homogeneous", "boundaries")  # checks whose advice is to tell the positions


def estimated(samples: Samples) -> EntropyResult:
    """An estimate with default settings."""
    return estimate_entropy(samples, threads=1)


def shown(result: EntropyResult, exact: float) -> str:
    """Value, deviation in errors and status."""
    sigmas = (result.entropy - exact) / result.error
    status = "ok" if result.status.ok else "doubtful"
    return f"{measured(result.entropy, result.error)} ({sigmas:+.1f}), {status}"


def row(case: SampleRow) -> str:
    """One row of the table."""
    started, samples, exact = perf_counter(), case.make(), case.exact
    assert exact is not None
    result = estimated(samples)
    failed = {check.name for check in result.status.checks if not check.passed}
    advised = ""
    if failed & set(ADVICE):
        open_ends = (
            samples.periodic if "boundaries" not in failed else (False,) * len(samples.shape)
        )
        told = samples.replace(homogeneous=False, periodic=open_ends)
        advised = shown(estimated(told), exact)
    seconds = perf_counter() - started
    return f"| {case.what} | {exact:.4f} | {shown(result, exact)} | {advised} | {seconds:.0f} |"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="the name of one row")
    given = options.parse_args()
    print(
        "| samples | exact s | as they are (deviation in errors) | with positions told | seconds |"
    )
    print("|---|---|---|---|---|")
    for case in ROWS:
        if case.exact is not None and given.only in ("", case.what):
            print(row(case), flush=True)


if __name__ == "__main__":
    main()
