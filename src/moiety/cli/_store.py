"""`moiety status`, `collect` and `clean`: read and tidy the store of a sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from ..base.errors import InputError
from ._options import Force, Json
from ._terminal import say
from ._watching import counted, describe

if TYPE_CHECKING:
    from ..sweep.store import State

__all__ = ["CLEAN", "COLLECT", "STATUS", "clean", "collect", "status"]

STATUS = "Example:\n\n\b\n  moiety status ising\n"
COLLECT = "Example:\n\n\b\n  moiety collect ising --out ising.nc\n"
CLEAN = "Example:\n\n\b\n  moiety clean ising\n"

_INTERNAL = ("files", "at", "since", "process")  # details that status --json leaves out

_Store = Annotated[Path, Argument(metavar="DIR", help="Store of a sweep.")]
_Dataset = Annotated[Path, Option("--out", metavar="FILE", help="Output file (.nc).")]


def status(folder: _Store, as_json: Json = False) -> None:
    """Print the state of every state point of a sweep, from its store alone.

    Each state point is done, running (with a sign of life in the last two minutes),
    failed (three times) or left. The exit code is 1 if any state point has failed,
    otherwise 0.
    """
    from ..sweep import Store

    states = Store.open(folder).states()
    if as_json:
        say(json.dumps([_plain(state) for state in states]))
    else:
        for state in states:
            say(describe(state))
        say(counted(states))
    if any(state.state == "failed" for state in states):
        raise Exit(1)


def collect(folder: _Store, out: _Dataset, force: Force = False) -> None:
    """Write all finished state points of a sweep to one dataset.

    The netCDF file holds entropies, errors, cross-checks, exact values where they are
    known, and M per level, over system, size, the parameters of the plan, seed and
    level; NaN where nothing is finished.
    """
    from ..io import check_output
    from ..io._dataset import write_dataset
    from ..io._format import naming
    from ..sweep import Store
    from ..sweep import collect as collected

    if out.suffix.lower() != ".nc":
        raise InputError(f"{out}: datasets are written as netCDF; end the name in .nc")
    check_output(out, force)
    data = collected(Store.open(folder))
    with naming(out, "cannot be written"):
        write_dataset(data, out)
    axes = ", ".join(map(str, data.dims))
    say(f"{data.attrs['finished']} of {data.attrs['of']} state points in {out}, over {axes}")


def clean(folder: _Store) -> None:
    """Delete everything from a store that its plan does not need.

    This deletes state points of other plans, logs of failures and the remains of
    interrupted runs. Finished state points of the latest plan stay. No sweep should
    be running in the store at the same time.
    """
    from ..sweep import Store

    say(f"{Store.open(folder).clean()} files and folders deleted from {folder}")


def _plain(state: State) -> dict[str, Any]:
    return {
        "key": state.point.key,
        "state": state.state,
        "labels": dict(state.point.labels),
        "failures": state.failures,
        **{name: value for name, value in state.details.items() if name not in _INTERNAL},
    }
