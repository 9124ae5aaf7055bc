"""Format numbers, times and shapes for readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10
from typing import Any

__all__ = ["decimals", "digits", "measured", "plain", "seconds", "shape", "sigmas", "signed"]

_MOST_DECIMALS = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def measured(value: float, error: float) -> str:
    """A number and its standard error, to two digits of the error.

    Args:
        value: The number.
        error: Its standard error; NaN if unknown.

    Example:
        >>> measured(0.396974, 0.00062), measured(-1.5, float("nan")), measured(0.25, 0.0)
        ('0.39697 ± 0.00062', '−1.50000 ± unknown', '0.25000 ± 0')
    """
    if not isfinite(value):
        return "unknown"
    if not (isfinite(error) and error > 0):
        return f"{value:z.5f} ± {'0' if error == 0 else 'unknown'}".replace("-", "−")
    digits = min(max(1 - floor(log10(error)), 0), _MOST_DECIMALS)
    return f"{value:z.{digits}f} ± {error:.{digits}f}".replace("-", "−")


def sigmas(difference: float, error: float) -> str:
    """A difference in units of its standard error.

    Args:
        difference: Difference of two numbers.
        error: Its standard error.

    Example:
        >>> sigmas(0.003, 0.002), sigmas(0.1, 0.1)
        ('1.5 standard errors', '1.0 standard error')
    """
    if difference == 0:
        return "no difference"
    if not (isfinite(difference) and isfinite(error)) or error <= 0:
        return "the error is zero or unknown"
    count = abs(difference) / error
    text = f"{count:.1f}" if count < 100 else digits(count)
    return f"{text} standard error{'' if text == '1.0' else 's'}"


def plain(value: Any) -> str:
    """A value in plain words, without the quotes, brackets and capitals of Python."""
    if value is None or (isinstance(value, (Mapping, list, tuple)) and not value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {plain(part)}" for name, part in value.items())
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def digits(value: float, count: int = 2) -> str:
    """A number to some significant digits, with an exponent only if it is very large or small.

    Args:
        value: The number.
        count: Number of significant digits.

    Example:
        >>> digits(0.000302), digits(6.1e-6), digits(2048.0, 6), digits(-0.5, 1)
        ('0.00030', '6.1 × 10⁻⁶', '2048', '−0.5')
        >>> digits(float("nan")), digits(float("inf"))
        ('unknown', '∞')
    """
    if not isfinite(value):
        return "∞" if value > 0 else "unknown"
    text = f"{value:#.{count}g}" if value != int(value) else f"{value:.{count}g}"
    mantissa, _, power = text.partition("e")
    mantissa = mantissa.rstrip(".").replace("-", "−")
    return mantissa + (f" × 10{str(int(power)).translate(_RAISED)}" if power else "")


def decimals(value: float) -> str:
    """A number to five decimals."""
    return f"{value:z.5f}".replace("-", "−") if isfinite(value) else "unknown"


def signed(value: float, error: float) -> str:
    """A difference with its sign, to two digits of its standard error."""
    return ("+" if value > 0 else "") + measured(value, error).split(" ")[0]


def seconds(value: float) -> str:
    """A duration in seconds, minutes or hours.

    Args:
        value: Duration in seconds.

    Example:
        >>> seconds(0.3712), seconds(29.58), seconds(110.2), seconds(7384)
        ('0.37 s', '30 s', '110 s', '2 h 3 min')
    """
    if value < 120:
        return f"{value:.0f} s" if value >= 100 else f"{digits(value)} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def shape(sides: Sequence[float]) -> str:
    """Sides of a block as text, "8x16" for example."""
    return "x".join(f"{side:.5g}" if isinstance(side, float) else str(side) for side in sides)
