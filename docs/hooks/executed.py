"""Functions for the executed blocks of pages: run commands, show figures and tables.

MkDocs loads this file as a hook, which puts its folder on the path: `from executed import command`.
"""

from __future__ import annotations

import base64
import html
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

__all__ = ["command", "figures_section", "picture", "table"]

_FIGURES = Path(__file__).parent.parent / "figures"  # output of `moiety reproduce`, where present
_WIDTH = 88  # columns of a page
_SVG = {"svg.fonttype": "path", "svg.hashsalt": "moiety", "font.size": 9}


def on_config(config):
    """Make this file importable from blocks; MkDocs calls this function first."""
    sys.path.insert(0, str(Path(__file__).parent))
    return config


def command(
    *words: str, folder: str | os.PathLike[str] | None = None, code: int = 0, shown: bool = True
) -> str:
    """Run `moiety WORDS` and return its output below the command itself.

    Args:
        words: Words of the command line after `moiety`.
        folder: Working directory.
        code: Expected exit code.
        shown: Whether the command is part of the text.

    Raises:
        RuntimeError: The exit code is another one, which makes the build fail.
    """
    environment = os.environ | {
        "COLUMNS": str(_WIDTH),
        "NO_COLOR": "1",
        "TERM": "dumb",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "moiety", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    call = f"moiety {' '.join(words)}"
    if done.returncode != code:
        raise RuntimeError(f"{call} ended with {done.returncode}, not {code}: {done.stderr}")
    output = done.stdout if code == 0 else done.stdout + done.stderr
    lines = [line.rstrip() for line in output.strip().splitlines()]
    return "\n".join([f"$ {call}"] * shown + lines)


def picture(figure, alt: str, caption: str = "") -> str:
    """Return a Matplotlib figure as HTML that needs no other file.

    Args:
        figure: Matplotlib figure to draw.
        alt: Description of what the figure shows, for readers who do not see it.
        caption: Text below the figure.
    """
    import matplotlib

    stream = BytesIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    data = base64.b64encode(stream.getvalue()).decode()
    image = f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{data}">'
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="drawn">{image}{below}</figure>'


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return rows as a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_section(name: str, title: str, panels: list[tuple[str, str]], note: str) -> str:
    """Return the section on a figure of the paper: picture, panels, note and links to data.

    Args:
        name: Name of the figure for `moiety reproduce`, and of its files in docs/figures.
        title: Title of the section.
        panels: Pairs of a letter, which may be empty, and a description.
        note: Text below the panels.
    """
    suffixes = [
        suffix
        for suffix in ("png", "csv", "nc", "pdf")
        if (_FIGURES / f"{name}.{suffix}").is_file()
    ]
    shown = f"![{title}](figures/{name}.png)\n\n" if "png" in suffixes else ""
    links = ", ".join(f"[{name}.{suffix}](figures/{name}.{suffix})" for suffix in suffixes)
    data = (
        f"Picture and data: {links}.\n"
        if suffixes
        else f"Not on this site yet; `moiety reproduce {name} --out figures` makes it.\n"
    )
    listed = "\n".join(
        f"- **{letter}** {text}" if letter else f"- {text}" for letter, text in panels
    )
    return f"## {title}\n\n{shown}{listed}\n\n{note}\n\n{data}"
