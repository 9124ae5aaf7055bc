"""Exceptions.

Bad input raises an `InputError`: one line that says what is wrong and what to do.
An estimate that fails raises an `EstimateError`, which carries its partial results.
"""

__all__ = ["EstimateError", "InputError", "MoietyError", "Stopped"]


class MoietyError(Exception):
    """Base class of all errors that moiety raises on purpose."""


class InputError(MoietyError, ValueError):
    """The input or its description is invalid; the message is one line."""


class EstimateError(MoietyError, RuntimeError):
    """The estimate failed.

    Args:
        message: One line: what failed and what to do.
        learnt: Partial results, for example the levels of the ladder that were finished.
    """

    def __init__(self, message: str, learnt: object = None):
        super().__init__(message)
        self.learnt = learnt


class Stopped(MoietyError):
    """The user asked to stop; raised inside long work and caught by its caller."""
