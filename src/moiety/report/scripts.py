"""The scripts of a page with charts, their data, and the digests that allow them to run."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .charts import as_json

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["scripts_for"]

_SCRIPTS = ("vendor/uPlot.min.js", "sweep.js")


def scripts_for(data: Any) -> dict[str, Any]:
    """Variables of `charts.css`, `scripts.html` and the content security policy.

    Args:
        data: What `sweep.js` draws: `charts`, and `trainings` where there are any.

    Example:
        >>> [digest[:7] for digest in scripts_for({"charts": []})["digests"]]
        ['sha256-', 'sha256-']
    """
    scripts = [_template(name) for name in _SCRIPTS]
    return {
        "style": _template("vendor/uPlot.min.css"),
        "licence": _template("vendor/LICENSE"),
        "data": _markup(as_json(data)),
        "scripts": scripts,
        "digests": [_digest(script) for script in scripts],
    }


def _template(name: str) -> Markup:
    """Return a file of the templates, which is not escaped."""
    return _markup(files("moiety").joinpath("templates", name).read_text(encoding="utf-8"))


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)


def _digest(script: str) -> str:
    """Return the digest of a script in the form of a content security policy."""
    return "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode()
