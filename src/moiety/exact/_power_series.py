"""Power series in K as arrays of the coefficients of K^0 .. K^order."""

from __future__ import annotations

from math import factorial, log

import numpy as np

__all__ = ["bessel", "exponential", "logarithm", "product", "quotient"]


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Product of two series of the same order."""
    return np.convolve(a, b)[: len(a)]


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quotient of two series of the same order."""
    result = np.zeros_like(a)
    for n in range(len(a)):
        result[n] = (a[n] - result[:n] @ b[n:0:-1]) / b[0]
    return result


def logarithm(a: np.ndarray) -> np.ndarray:
    """Logarithm of a series, order by order from a (ln a)' = a'."""
    orders = np.arange(len(a))
    result = np.zeros_like(a)
    result[0] = log(a[0])
    for n in range(1, len(a)):
        result[n] = (a[n] - (orders[1:n] * result[1:n]) @ a[n - 1 : 0 : -1] / n) / a[0]
    return result


def exponential(rate: float, order: int) -> np.ndarray:
    """Exponential e^{rate K}; the series of 1 if the rate is 0."""
    return np.array([rate**n / factorial(n) for n in range(order + 1)], dtype=float)


def bessel(index: int, order: int) -> np.ndarray:
    """Modified Bessel function I_0(K) or I_1(K)."""
    terms = np.zeros(order + 1)
    for m in range((order - index) // 2 + 1):
        terms[2 * m + index] = 1 / (2.0 ** (2 * m + index) * factorial(m) * factorial(m + index))
    return terms
