"""Self-contained pages that say what was found, how far to trust it, and why.

| file | what lives there |
|---|---|
| `result` | the page of one estimate: figures are inline SVG, and no script runs |
| `page`, `words` | from a template to a file; numbers and times as a reader expects them |

Nothing is fetched: the pages' content security policy forbids it.
"""

from __future__ import annotations

from .result import render_report, write_report

__all__ = ["render_report", "write_report"]
