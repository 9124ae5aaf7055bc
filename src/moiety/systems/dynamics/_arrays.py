"""Types of the arrays that the kernels work on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Codes", "Integers", "Reals", "Sites", "Stream", "Words"]

Codes = NDArray[np.uint8]  # discrete states 0..q-1
Integers = NDArray[np.int64]
Reals = NDArray[np.float64]
Sites = NDArray[np.int32]  # numbers of sites or particles, as in a neighbour table
Words = NDArray[np.uint64]  # 64 lattices in the bits of a word
Stream = NDArray[np.uint64]  # a random stream, shape `(1,)`; see `splitmix`
