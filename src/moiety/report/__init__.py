"""Self-contained pages that say what was found, how far to trust it, and why.

| file | what lives there |
|---|---|
| `result` | the page of one estimate: figures are inline SVG, and no script runs |
| `sweep` | the page of a sweep: charts that can be read, switched and zoomed |
| `curves`, `charts` | what is drawn there; series and switches as plain data for the page's script |
| `page`, `words` | from a template to a file; numbers and times as a reader expects them |

Nothing is fetched: the pages' content security policy forbids it.
"""

from __future__ import annotations

from .result import render_report, write_report
from .sweep import render_sweep_report, write_sweep_report

__all__ = ["render_report", "render_sweep_report", "write_report", "write_sweep_report"]
