"""`moiety reproduce`: reproduce figures of the paper from scratch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ._terminal import Interrupts, note, progress_bar, say

if TYPE_CHECKING:
    import xarray

__all__ = ["EXAMPLE", "reproduce"]

EXAMPLE = """Example:

\b
  moiety reproduce fig1 --out figures
  moiety reproduce fig4 --quick --out figures
"""

_Figure = Annotated[
    str, Argument(metavar="FIGURE", help="Figure: fig1, fig2, fig3, fig4 or heat-capacity.")
]
_Out = Annotated[
    Path, Option("--out", metavar="DIR", help="Folder for data (.nc, .csv) and plots (.png, .pdf).")
]
_Quick = Annotated[bool, Option("--quick", help="Do a tenth of the work, with larger errors.")]
_Seed = Annotated[int, Option(metavar="N", min=0, help="Seed for all random numbers.")]
_Threads = Annotated[int, Option(metavar="N", min=1, help="Number of parallel tasks.")]


def reproduce(
    figure: _Figure, out: _Out, quick: _Quick = False, seed: _Seed = 0, threads: _Threads = 2
) -> None:
    """Reproduce a figure of Nir et al., PNAS 2020, from scratch.

    Simulates the systems, estimates the entropies of the figure, and writes data and
    plots. Intermediate results are kept in a folder next to them; after Ctrl-C or a
    crash, the same command continues there.

    fig1: error of the entropy of three lattice systems. fig2: mutual information of
    Ising blocks. fig3: rotors in fields. heat-capacity: T ds/dT against fluctuations.
    These share their state points. fig4: soft disks and jamming.
    """
    from ..io import check_output
    from ..paper import FIGURES

    if figure not in FIGURES:
        raise InputError(f"unknown figure {figure!r}; choose from {', '.join(FIGURES)}")
    module, started = FIGURES[figure], perf_counter()
    effort = module.Effort.quick() if quick else module.Effort()
    folder = out / f"{module.FOLDER}{'-quick' * quick}-{seed}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be created ({error.strerror}); choose another folder"
        ) from error
    for path in _outputs(out, figure):
        check_output(path, force=True)  # a figure is drawn again, but not over a device
    with (
        Interrupts("stopping after the current file; the same command continues later") as stop,
        progress_bar("starting") as update,
    ):
        data = module.study(
            folder, effort, seed=seed, threads=threads, progress=update, should_stop=stop
        )
    for path in _write(module, data, out, figure):
        note(f"wrote {path}")
    say(module.verdict(data))
    note(f"finished in {perf_counter() - started:.0f} s")


def _write(module: Any, data: xarray.Dataset, out: Path, figure: str) -> list[Path]:
    """Write data and plots of a figure; return the names of the files."""
    import matplotlib

    from ..base.atomic import atomic
    from ..io._dataset import write_dataset
    from ..io._format import naming

    def table(path: Path) -> None:
        columns = [name for name in data.data_vars if set(data[name].dims) == set(module.ROWS)]
        rows = data[columns].to_dataframe(dim_order=module.ROWS)
        rows.dropna(how="all").to_csv(path)

    writers: dict[str, Callable[[Path], Any]] = {".nc": partial(write_dataset, data), ".csv": table}
    with matplotlib.rc_context({"font.size": 9, "savefig.dpi": 200}):
        plot = module.draw(data)
        for path in _outputs(out, figure):
            with naming(path, "cannot be written"), atomic(path) as part:
                writers.get(path.suffix, plot.savefig)(part)
    return _outputs(out, figure)


def _outputs(out: Path, figure: str) -> list[Path]:
    return [out / f"{figure}.{suffix}" for suffix in ("nc", "csv", "png", "pdf")]
