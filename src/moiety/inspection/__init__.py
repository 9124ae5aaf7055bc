"""Are the samples what the method assumes?  Figures from the samples alone, without training."""

from .findings import Finding, Inspection
from .samples import inspect

__all__ = ["Finding", "Inspection", "inspect"]
