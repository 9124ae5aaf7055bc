"""Figures of Nir et al., PNAS 2020 (arXiv 2008.05921), made from nothing: one file a figure.

Each has `study(folder, ...)`, which keeps what it has measured in the folder and goes on with it when it
is called again, and returns a dataset; `draw(dataset)`, which makes the figure with the paper's panels;
`verdict(dataset)`, what it shows in words.  Figures with the same `FOLDER` share what they have measured.
"""

from __future__ import annotations

from . import fig1, fig2, fig3, fig4, heat

__all__ = ["FIGURES"]

FIGURES = {"fig1": fig1, "fig2": fig2, "fig3": fig3, "fig4": fig4, "heat-capacity": heat}
