"""Figures of Nir et al., PNAS 2020 (https://arxiv.org/abs/2008.05921) from scratch, a file each.

`study(folder, ...)` simulates and estimates, and returns a dataset; it keeps its results in the
folder and resumes from them.  `draw(dataset)` makes the figure with the panels of the paper, and
`verdict(dataset)` puts the result into words.  Figures with the same `FOLDER` share their results.
"""

from __future__ import annotations

from . import fig1, fig2, fig3, fig4, heat

__all__ = ["FIGURES"]

FIGURES = {"fig1": fig1, "fig2": fig2, "fig3": fig3, "fig4": fig4, "heat-capacity": heat}
