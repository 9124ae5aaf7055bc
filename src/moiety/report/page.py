"""From a template to a page on the disk, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..base import words
from ..base.atomic import atomic
from ..base.errors import InputError
from ..base.words import measured
from ..io import check_output
from ..io._format import naming

__all__ = ["check", "render", "write"]

_SUFFIXES = (".html", ".htm")


def render(template: str, **said: Any) -> str:
    """A template of this package with what it says; values that are text are escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("moiety"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"measured": measured}
    environment.filters |= {
        name: getattr(words, name) for name in ("decimals", "digits", "seconds", "shape", "signed")
    }
    return environment.get_template(template).render(**said)


def check(path: str | os.PathLike[str], force: bool) -> Path:
    """The path of a page that may be written.

    Raises:
        InputError: The suffix is another one, or the path is taken.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: reports are web pages; end the name in .html")
    check_output(path, force)
    return path


def write(page: str, path: Path) -> None:
    """Write a page to a path that was checked.

    Raises:
        InputError: It cannot be written.
    """
    with naming(path, "cannot be written"), atomic(path) as part:
        part.write_text(page, encoding="utf-8")
