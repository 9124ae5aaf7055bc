"""`moiety reproduce`: figures of the paper, from nothing."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ._terminal import Interrupts, note, progress_bar, say

__all__ = ["EXAMPLE", "reproduce"]

EXAMPLE = """Example:

\b
  moiety reproduce fig1 --out figures
  moiety reproduce fig4 --quick --out figures
"""

_Figure = Annotated[
    str, Argument(metavar="FIGURE", help="One of fig1, fig2, fig3, fig4 and heat-capacity.")
]
_Out = Annotated[
    Path,
    Option("--out", metavar="DIR", help="Folder for data (.nc, .csv) and pictures (.png, .pdf)."),
]
_Quick = Annotated[bool, Option("--quick", help="A tenth of the work, with larger errors.")]
_Seed = Annotated[int, Option(metavar="N", min=0, help="Of all random numbers; default 0.")]
_Threads = Annotated[int, Option(metavar="N", min=1, help="Work side by side; default 2.")]


def reproduce(
    figure: _Figure, out: _Out, quick: _Quick = False, seed: _Seed = 0, threads: _Threads = 2
) -> None:
    """Make a figure of Nir et al., PNAS 2020, from nothing.

    Simulates the systems, estimates what the panels show, and writes data and pictures.
    What has been measured is kept in a folder beside them; after Ctrl-C, or a crash,
    the same command goes on where it was.

    fig1: how far off entropies are of three lattice systems. fig2: mutual information
    of Ising blocks. fig3: rotors in fields. heat-capacity: T ds/dT against fluctuations.
    These share their state points. fig4: soft disks and jamming.
    """
    from ..paper import FIGURES

    if figure not in FIGURES:
        raise InputError(f"unknown figure {figure!r}; choose from {', '.join(FIGURES)}")
    made, started = FIGURES[figure], perf_counter()
    effort = made.Effort.quick() if quick else made.Effort()
    folder = out / f"{made.FOLDER}{'-quick' * quick}-{seed}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); choose another folder"
        ) from error
    with (
        Interrupts("stopping after this file; the same command goes on later") as stop,
        progress_bar("starting") as update,
    ):
        data = made.study(folder, effort, seed=seed, threads=threads, progress=update, stop=stop)
    for path in _written(made, data, out, figure):
        note(f"wrote {path}")
    say(made.verdict(data))
    note(f"in {perf_counter() - started:.0f} s")


def _written(made: Any, data: Any, out: Path, figure: str) -> list[Path]:
    import matplotlib

    paths = [out / f"{figure}.{suffix}" for suffix in ("nc", "csv", "png", "pdf")]
    data.to_netcdf(paths[0], engine="h5netcdf")
    columns = [name for name in data.data_vars if set(data[name].dims) == set(made.ROWS)]
    data[columns].to_dataframe(dim_order=made.ROWS).dropna(how="all").to_csv(paths[1])
    with matplotlib.rc_context({"font.size": 9, "savefig.dpi": 200}):
        drawn = made.draw(data)
        for path in paths[2:]:
            drawn.savefig(path)
    return paths
