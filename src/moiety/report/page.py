"""Render a template and write the page atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..base import words
from ..base.atomic import atomic
from ..base.errors import InputError
from ..io import check_output
from ..io._format import naming

__all__ = ["check", "render", "write"]

_SUFFIXES = (".html", ".htm")
_FILTERS = ("decimals", "digits", "measured", "seconds", "shape", "signed")


def render(template: str, **values: Any) -> str:
    """Render a template of this package; text is escaped.

    Args:
        template: Name of the template.
        values: Variables of the template.

    Returns:
        The page.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("moiety"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(words, name) for name in _FILTERS}
    return environment.get_template(template).render(**values)


def check(path: str | os.PathLike[str], force: bool) -> Path:
    """Return the path of a page that can be written.

    Args:
        path: Name of the page.
        force: Whether to replace an existing file.

    Raises:
        InputError: The suffix is wrong, or the file exists or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: reports are web pages; end the name in .html")
    check_output(path, force)
    return path


def write(page: str, path: Path) -> None:
    """Write a page.

    Args:
        page: The page.
        path: Output of `check`.

    Raises:
        InputError: The file cannot be written.
    """
    with naming(path, "cannot be written"), atomic(path) as part:
        part.write_text(page, encoding="utf-8")
