"""What an inspection of samples found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Finding", "Inspection"]


@dataclass(frozen=True)
class Finding:
    """One assumption of the method, and whether the samples agree with it.

    Args:
        name: Name of the check.
        passed: Whether the samples agree.
        figure: The number that was compared with a limit.
        message: The same in words, with what to do if it failed.
    """

    name: str
    passed: bool
    figure: float
    message: str


@dataclass(frozen=True, eq=False)
class Inspection:
    """All findings about some samples.

    Args:
        findings: The findings.
        originals: Index of the sample that each sample is a copy of, or its own index, shape
            `(n,)`; None if no sample is a copy.
        conserved: Whether a global quantity is the same in all samples.

    Example:
        >>> fine = Finding("copies", True, 0.0, "no sample occurs twice")
        >>> Inspection((fine,)).ok
        True
    """

    findings: tuple[Finding, ...]
    originals: np.ndarray | None = field(default=None, repr=False)
    conserved: bool = False

    @property
    def ok(self) -> bool:
        """Whether the samples agree with every assumption."""
        return all(finding.passed for finding in self.findings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages of the findings that failed."""
        return tuple(finding.message for finding in self.findings if not finding.passed)

    def __str__(self) -> str:
        """One line for each finding."""
        width = max((len(finding.name) for finding in self.findings), default=0)
        return "\n".join(
            f"{'ok' if one.passed else 'look':4}  {one.name:{width}}  {one.figure:6.3g}  "
            f"{one.message}"
            for one in self.findings
        )

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain numbers and text, as `moiety inspect --json` prints them."""
        return {
            "ok": self.ok,
            "checks": [
                {
                    "name": finding.name,
                    "passed": finding.passed,
                    "figure": float(finding.figure),
                    "message": finding.message,
                }
                for finding in self.findings
            ],
        }
