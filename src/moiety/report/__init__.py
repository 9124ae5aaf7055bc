"""Self-contained HTML pages about results: the numbers, the checks, and the limits.

| file | contents |
|---|---|
| `result` | the page of one estimate; figures are inline SVG, and no script runs |
| `difference` | the page of two phases, with interactive charts |
| `sweep` | the page of a sweep, with interactive charts |
| `curves`, `charts` | series and switches of the charts as plain data for the script of the page |
| `scripts` | the scripts of pages with charts, and their digests |
| `page` | rendering of templates, and writing |

Pages load nothing: their content security policy forbids it.
"""

from __future__ import annotations

from .difference import render_difference_report, write_difference_report
from .result import render_report, write_report
from .sweep import render_sweep_report, write_sweep_report

__all__ = [
    "render_difference_report", "render_report", "render_sweep_report", "write_difference_report",
    "write_report", "write_sweep_report",
]  # fmt: skip
