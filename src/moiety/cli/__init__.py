r"""The command line: parse, call, print.

Results go to stdout, all else to stderr.  A command ends with exit code

    0     a result; what is doubtful about it is part of it
    1     the estimate could not be made
    2     bad input or usage: one line that says what is wrong and what to do
    130   Ctrl-C

and anything else that happens is a bug, with its traceback.  Heavy modules are imported
inside the commands, so that `moiety --help` is quick.

Example:
    >>> from moiety.cli import main
    >>> try:
    ...     main(["exact", "ising-square", "--temperature", "2.4", "--size", "64"])
    ... except SystemExit as end:
    ...     print(end.code)
    s = 0.3968273 nats/site  [exact: ising-square of 64x64, temperature 2.4, coupling 1, field 0]
    u = -1.2042317 a site
    c = 1.1340592 a site
    0
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from .. import __version__
from ..base.errors import EstimateError, InputError, Stopped
from . import _baseline, _estimate, _exact, _probe, _report, _reproduce, _sample, _sweep
from ._terminal import note, one_line, say

__all__ = ["app", "main"]

_UsageError = typer.BadParameter.__base__  # of the click inside typer, wherever that is
_EXAMPLE = """Example:

\b
  moiety sample ising-square --size 16 --temperature 2.4 --out ising.nc
  moiety estimate ising.nc --out result.nc --report report.html
  moiety exact ising-square --size 16 --temperature 2.4
"""
_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="moiety", add_completion=False, rich_markup_mode=None, context_settings=_HELP
)
for _command, _example, _summary in (
    (_sample.sample, _sample.EXAMPLE, "Simulate a system and write samples."),
    (_estimate.estimate, _estimate.EXAMPLE, "Estimate the entropy of the samples in a file."),
    (_exact.exact, _exact.EXAMPLE, "Print exact answers, where they are known."),
    (_baseline.baseline, _baseline.EXAMPLE, "Take another route to the entropy of samples."),
    (_probe.probe, _probe.EXAMPLE, "Find where phases change, from a sweep."),
    (_report.report, _report.EXAMPLE, "Write one page about a result."),
    (_reproduce.reproduce, _reproduce.EXAMPLE, "Make a figure of the paper from nothing."),
    (_sweep.sweep, _sweep.EXAMPLE, "Estimate the entropy at every state point of a plan."),
    (_sweep.status, _sweep.STATUS, "Say how a sweep stands."),
    (_sweep.collect, _sweep.COLLECT, "Write one dataset of a sweep."),
    (_sweep.clean, _sweep.CLEAN, "Remove from a store what its plan does not need."),
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
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """The entropy of a physical system from its samples, half by half.

    Cuts the lattice into halves again and again, estimates the mutual information
    between the halves with small neural networks, and adds it up to the entropy per
    site with its error. Each command explains itself: moiety COMMAND --help.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit.

    Arguments:
        arguments: Without the name of the program; those of the process by default.

    Raises:
        SystemExit: Always; see the module for the codes.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no ± shows ?
    try:
        code = _run([*(sys.argv[1:] if arguments is None else arguments)])
    except BrokenPipeError:  # the reader has seen enough, as in `moiety ... | head -1`
        code = 0
    _let_go()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        command = typer.main.get_command(app)
        with command.make_context("moiety", arguments) as context:
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
            f"too large for the memory of this machine ({error}); take fewer samples or a smaller lattice",
        )
    except Stopped as error:
        return _refuse(130, str(error))
    except KeyboardInterrupt:
        return _refuse(130, "interrupted; no file was left half written")
    return 0


def _refuse(code: int, message: str) -> int:
    with suppress(OSError):  # a pipe that nobody reads
        note(f"error: {one_line(message)}")
    return code


def _usage(error) -> str:
    """What is wrong on the command line, and where to look."""
    message = error.format_message().rstrip(".")
    return f"{message[:1].lower()}{message[1:]}; see {error.ctx.command_path if error.ctx else 'moiety'} --help"


def _let_go() -> None:
    """Write out what is buffered; drop it where nobody takes it."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
