"""Prepare docstrings for the API pages: griffe calls a section of runnable code `Examples:`."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Examples"]


class Examples(griffe.Extension):
    """Rename the section `Example:` to `Examples:`."""

    def on_instance(self, *, obj: griffe.Object, **others: Any) -> None:
        """Edit the docstring of each object that griffe has read."""
        if obj.docstring:
            obj.docstring.value = re.sub(
                r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE
            )
