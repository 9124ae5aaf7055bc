"""Figures of Nir et al., PNAS 2020 (arXiv 2008.05921), made from nothing: one file a figure.

Each has `study(folder, ...)`, which keeps what it has measured in the folder and goes on with it when it
is called again, and returns a dataset; and `draw(dataset)`, which makes the figure with the paper's panels.
"""

from __future__ import annotations

from . import fig4

__all__ = ["FIGURES"]

FIGURES = {"fig4": fig4}
