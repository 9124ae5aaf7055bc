"""What can go wrong, as types.

Bad input is an `InputError`: one line that says what is wrong and what to do.
An estimate that could not be made is an `EstimateError`, which carries what was
learnt before it failed.
"""

__all__ = ["EstimateError", "InputError", "MoietyError", "Stopped"]


class MoietyError(Exception):
    """Base of every error that moiety raises on purpose."""


class InputError(MoietyError, ValueError):
    """The input or its description is unusable; the message is one line."""


class EstimateError(MoietyError, RuntimeError):
    """The estimate could not be made.

    Arguments:
        message: One line: what failed and what to do.
        learnt: Whatever was estimated before the failure, for example the
            levels of the ladder that were finished.
    """

    def __init__(self, message: str, learnt: object = None):
        super().__init__(message)
        self.learnt = learnt


class Stopped(MoietyError):
    """The user asked to stop; raised inside long work and caught where it was started."""
