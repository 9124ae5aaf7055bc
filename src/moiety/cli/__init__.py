r"""The command line: parse, call, print.

Results go to stdout, everything else to stderr.  The exit code of a command is

    0     a result, which reports its own doubts
    1     the estimate could not be made
    2     bad input or usage: one line says what is wrong and what to do
    130   Ctrl-C
    143   SIGTERM, which batch systems send

Anything else is a bug and prints its traceback.  Heavy modules are imported inside the commands, so
that `moiety --help` is fast.

Example:
    >>> from moiety.cli import main
    >>> try:
    ...     main(["exact", "ising-square", "--temperature", "2.4", "--size", "64"])
    ... except SystemExit as end:
    ...     print(end.code)
    s = 0.3968273 nats/site  [exact: ising-square of 64x64, temperature 2.4, coupling 1, field 0]
    u = -1.2042317 per site
    c = 1.1340592 per site
    0
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer

from .. import __version__
from ..base.errors import EstimateError, InputError, Stopped
from . import (
    _baseline,
    _difference,
    _estimate,
    _exact,
    _inspect,
    _probe,
    _repeat,
    _report,
    _reproduce,
    _sample,
    _store,
    _sweep,
)
from ._periodic import with_axes
from ._signals import exit_code, handling
from ._terminal import note, one_line, say

__all__ = ["app", "main"]

# The base class of all usage errors in the copy of click that typer uses.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_EXAMPLE = """Example:

\b
  moiety sample ising-square --size 16 --temperature 2.4 --out ising.nc
  moiety estimate ising.nc --out result.nc --report report.html
  moiety exact ising-square --size 16 --temperature 2.4
"""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # what a full device answers
_NO_ROOM = "No usable temporary directory"  # as tempfile says it
_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="moiety", add_completion=False, rich_markup_mode=None, context_settings=_HELP
)
for _command, _example, _summary in (
    (_sample.sample, _sample.EXAMPLE, "Simulate a system and write samples."),
    (_estimate.estimate, _estimate.EXAMPLE, "Estimate the entropy of the samples in a file."),
    (_difference.difference, _difference.EXAMPLE, "Subtract the entropies of two phases."),
    (_inspect.inspect, _inspect.EXAMPLE, "Compare samples with what the method assumes."),
    (_repeat.repeat, _repeat.EXAMPLE, "Make a result again and compare."),
    (_exact.exact, _exact.EXAMPLE, "Print exact answers, where they are known."),
    (_baseline.baseline, _baseline.EXAMPLE, "Estimate the entropy by another method."),
    (_probe.probe, _probe.EXAMPLE, "Find phase transitions in a sweep."),
    (_report.report, _report.EXAMPLE, "Write a page about a result or a sweep."),
    (_reproduce.reproduce, _reproduce.EXAMPLE, "Reproduce a figure of the paper."),
    (_sweep.sweep, _sweep.EXAMPLE, "Estimate the entropy at every state point of a plan."),
    (_store.status, _store.STATUS, "Print the progress of a sweep."),
    (_store.collect, _store.COLLECT, "Write the results of a sweep to one file."),
    (_store.clean, _store.CLEAN, "Delete what the plan of a sweep does not need."),
):
    app.command(epilog=_example, short_help=_summary, context_settings=_HELP)(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"moiety {__version__}")
        raise typer.Exit()


@app.callback(epilog=_EXAMPLE)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Estimate the entropy of a physical system from its samples, half by half.

    The lattice is halved again and again. Small neural networks estimate the mutual
    information between the halves, and the sum gives the entropy per site with its
    error. For help on a command: moiety COMMAND --help.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit.

    Args:
        arguments: Arguments without the name of the program; default those of the process.

    Raises:
        SystemExit: Always; see the module for the exit codes.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ± shows ?
    with handling():
        try:
            code = _run([*(sys.argv[1:] if arguments is None else arguments)])
        except BrokenPipeError:  # the reader closed the pipe, as in `moiety ... | head -1`
            code = 0
        except OSError as error:
            if error.errno not in _FULL and _NO_ROOM not in str(error):
                raise
            code = _refuse(2, _full(error))
        lost = _flush()
    sys.exit(_refuse(2, _full(lost)) if lost and code == 0 else code)


def _run(arguments: list[str]) -> int:
    try:
        command = typer.main.get_command(app)
        with command.make_context("moiety", with_axes(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except _UsageError as error:
        return _refuse(2, _usage(error))
    except InputError as error:
        return _refuse(2, str(error))
    except EstimateError as error:
        return _refuse(1, str(error))
    except MemoryError as error:
        return _refuse(
            2,
            f"too large for the memory of this machine ({error}); take fewer samples or a smaller"
            " lattice",
        )
    except Stopped as error:
        return _refuse(exit_code(), str(error))
    except KeyboardInterrupt:
        return _refuse(exit_code(), "interrupted; no file was left half written")
    return 0


def _full(error: OSError) -> str:
    if _NO_ROOM in str(error):
        return "no temporary file can be written; free some space or name a folder by TMPDIR"
    return f"the output cannot be written ({error.strerror}); free some space or send it elsewhere"


def _refuse(code: int, message: str) -> int:
    with suppress(OSError):  # a closed pipe
        note(f"error: {one_line(message)}")
    return code


def _usage(error: Any) -> str:
    """Return what is wrong on the command line, and where to find help."""
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else "moiety"
    return f"{message[:1].lower()}{message[1:]}; see {command} --help"


def _flush() -> OSError | None:
    """Flush the output, or discard it if the pipe is closed; return why it is lost otherwise."""
    lost = None
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            lost = lost if isinstance(error, BrokenPipeError) else error
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return lost
