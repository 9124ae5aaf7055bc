"""What executed blocks of the pages share: commands, and figures as part of the page.

MkDocs loads this file as a hook; it then lies where blocks find it: `from executed import command`.
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

_FIGURES = (
    Path(__file__).parent.parent / "figures"
)  # what `moiety reproduce` wrote, where it has been put there
_WIDTH = 88  # columns of a page
_SVG = {"svg.fonttype": "path", "svg.hashsalt": "moiety", "font.size": 9}


def on_config(config):
    """Called by MkDocs before all else: blocks shall find this file."""
    sys.path.insert(0, str(Path(__file__).parent))
    return config


def command(
    *words: str, folder: str | os.PathLike[str] | None = None, code: int = 0, shown: bool = True
) -> str:
    """What `moiety WORDS` prints, below the command itself.

    Arguments:
        words: Of the command line, after `moiety`.
        folder: Where it runs.
        code: The exit code that it has to end with.
        shown: Whether the command is part of the text.

    Raises:
        RuntimeError: Another exit code, which makes the build fail.
    """
    surroundings = os.environ | {
        "COLUMNS": str(_WIDTH),
        "NO_COLOR": "1",
        "TERM": "dumb",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "moiety", *words], cwd=folder, env=surroundings, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode != code:
        raise RuntimeError(
            f"moiety {' '.join(words)} ended with {done.returncode}, not {code}: {done.stderr}"
        )
    told = done.stdout if code == 0 else done.stdout + done.stderr
    lines = [line.rstrip() for line in told.strip().splitlines()]
    return "\n".join([f"$ moiety {' '.join(words)}"] * shown + lines)


def picture(figure, alt: str, caption: str = "") -> str:
    """A Matplotlib figure as HTML that needs no other file.

    Arguments:
        figure: To be drawn.
        alt: What is to be seen, for those who do not see it.
        caption: Below it.
    """
    import matplotlib

    stream = BytesIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    data = base64.b64encode(stream.getvalue()).decode()
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="drawn"><img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{data}">{below}</figure>'


def table(head: list[str], rows: list[list[str]]) -> str:
    """Rows as a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures_section(name: str, title: str, panels: list[tuple[str, str]], note: str) -> str:
    """A figure of the paper with its panels; its picture and data where they lie in docs/figures.

    Arguments:
        name: As `moiety reproduce` calls it, and as its files do.
        title: Of the section.
        panels: Letters, which may be empty, and what is shown.
        note: Below them.
    """
    there = [
        suffix
        for suffix in ("png", "csv", "nc", "pdf")
        if (_FIGURES / f"{name}.{suffix}").is_file()
    ]
    shown = f"![{title}](figures/{name}.png)\n\n" if "png" in there else ""
    links = ", ".join(f"[{name}.{suffix}](figures/{name}.{suffix})" for suffix in there)
    data = (
        f"Picture and data: {links}.\n"
        if there
        else f"Not on this site yet; `moiety reproduce {name} --out figures` makes it.\n"
    )
    listed = "\n".join(
        f"- **{letter}** {text}" if letter else f"- {text}" for letter, text in panels
    )
    return f"## {title}\n\n{shown}{listed}\n\n{note}\n\n{data}"
