"""Training as scalars of TensorBoard, to be watched while it runs: `tensorboard --logdir DIR`.

    2x4 - 2x4/bound/fold-1        the bound on validation pairs, in nats
    2x4 - 2x4/validation/fold-1   minus the loss on them
    2x4 - 2x4/training/fold-1     minus the loss, mean over the steps since the look before
    chain-rule/...                the same of the cross-check; its bound is minus the entropy per site

Steps are those of the optimiser.  What is trained tells a log at every look; a log tells nobody anything.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ..base.errors import InputError

if TYPE_CHECKING:
    from .history import History

__all__ = ["ScalarLog", "check_tensorboard"]

_TOLD = ("training", "validation", "bound")


def check_tensorboard() -> None:
    """Refuse to log where TensorBoard is missing, before the long work.

    Raises:
        InputError: It is, with the command that installs it.
    """
    try:
        missing = find_spec("tensorboard") is None
    except ValueError:  # hidden on purpose
        missing = True
    if missing:
        raise InputError("TensorBoard is not installed; pip install 'moiety[tensorboard]'")


class ScalarLog:
    """Writes the histories of trainings to a folder: `watch=` of `estimate_entropy`.

    Arguments:
        folder: Made where it is not there yet; what an earlier log of the same folder said is overruled.

    Raises:
        InputError: TensorBoard is missing, or the folder cannot be made.

    Example:
        >>> import tempfile
        >>> from moiety.estimation.history import History
        >>> folder = tempfile.mkdtemp()
        >>> with ScalarLog(folder) as log:
        ...     log("2x4 | 2x4", 0, History((25,), (0.1,), (0.1,), (0.1,), (0.12,)))
        >>> [path.name.split(".")[2] for path in Path(folder).iterdir()]
        ['tfevents']
    """

    def __init__(self, folder: str | os.PathLike[str]):
        check_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._writer = SummaryWriter(str(folder), purge_step=0)
        except OSError as error:
            raise InputError(
                f"{folder}: no log can be written there ({error.strerror}); choose another folder"
            ) from error
        self._lock = Lock()

    def __call__(self, part: str, fold: int, history: History) -> None:
        """Note the last look of a training."""
        group = re.sub(r"[^\w.-]+", "-", part)
        with self._lock:  # folds tell from threads of their own
            for name in _TOLD:
                self._writer.add_scalar(
                    f"{group}/{name}/fold-{fold + 1}", getattr(history, name)[-1], history.steps[-1]
                )

    def __enter__(self) -> ScalarLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
