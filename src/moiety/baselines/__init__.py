"""Other routes to the entropy per site, on the same samples: what mutual information is measured against.

A baseline is a function of samples and returns an `Estimate`, one file each.
"""

from __future__ import annotations

from .compression import compression_entropy
from .naive import naive_entropy

__all__ = ["compression_entropy", "naive_entropy"]
