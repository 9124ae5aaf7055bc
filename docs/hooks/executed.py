"""Functions for the executed blocks of the pages: run commands, embed figures, print tables.

MkDocs loads this file as a hook, so that blocks can import from it: `from executed import command`.
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

_FIGURES = Path(__file__).parent.parent / "figures"  # output of `moiety reproduce`
_WIDTH = 88  # columns of printed text
_SVG = {"svg.fonttype": "path", "svg.hashsalt": "moiety", "font.size": 9}


def on_config(config):
    """Put this folder on the import path; MkDocs calls this first."""
    sys.path.insert(0, str(Path(__file__).parent))
    return config


def command(
    *words: str, folder: str | os.PathLike[str] | None = None, code: int = 0, shown: bool = True
) -> str:
    """Run `moiety WORDS` and return its output, below the command itself.

    Args:
        words: Arguments after `moiety`.
        folder: Working directory of the command.
        code: Expected exit code.
        shown: Whether the returned text starts with the command.

    Returns:
        Standard output, and standard error too if a failure is expected.

    Raises:
        RuntimeError: If the exit code differs, which makes the build fail.
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
        encoding="utf-8",
        capture_output=True,
    )
    if done.returncode != code:
        raise RuntimeError(
            f"moiety {' '.join(words)} ended with {done.returncode}, not {code}: {done.stderr}"
        )
    output = done.stdout if code == 0 else done.stdout + done.stderr
    lines = [line.rstrip() for line in output.strip().splitlines()]
    return "\n".join([f"$ moiety {' '.join(words)}"] * shown + lines)


def picture(figure, alt: str, caption: str = "") -> str:
    """Return a Matplotlib figure as self-contained HTML.

    Args:
        figure: Figure to draw, as SVG.
        alt: Text for readers who cannot see the figure.
        caption: Text below the figure.
    """
    import matplotlib

    stream = BytesIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    data = base64.b64encode(stream.getvalue()).decode()
    figcaption = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    image = f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{data}">'
    return f'<figure class="drawn">{image}{figcaption}</figure>'


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_section(name: str, title: str, panels: list[tuple[str, str]], note: str) -> str:
    """Return the section of a figure: panels, and picture and data if docs/figures has them.

    Args:
        name: Name of the figure for `moiety reproduce`, and of its files.
        title: Heading of the section.
        panels: Letter (possibly empty) and description of each panel.
        note: Text below the panels.
    """
    available = [
        suffix
        for suffix in ("png", "csv", "nc", "pdf")
        if (_FIGURES / f"{name}.{suffix}").is_file()
    ]
    shown = f"![{title}](figures/{name}.png)\n\n" if "png" in available else ""
    links = ", ".join(f"[{name}.{suffix}](figures/{name}.{suffix})" for suffix in available)
    data = (
        f"Picture and data: {links}.\n"
        if available
        else f"Not on this site yet; `moiety reproduce {name} --out figures` creates it.\n"
    )
    listed = "\n".join(
        f"- **{letter}** {text}" if letter else f"- {text}" for letter, text in panels
    )
    return f"## {title}\n\n{shown}{listed}\n\n{note}\n\n{data}"
