"""Log training to TensorBoard, to be followed while it runs: `tensorboard --logdir DIR`.

    2x4 - 2x4/bound/fold-1        the bound on validation pairs, in nats
    2x4 - 2x4/validation/fold-1   minus the loss on them
    2x4 - 2x4/training/fold-1     minus the loss, averaged over the steps since the last check
    chain-rule/...                the same for the cross-check; the bound is on minus the entropy

Steps count updates by the optimiser.  The log is called at every check of every training, and
nothing depends on it.
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

_SCALARS = ("training", "validation", "bound")


def check_tensorboard() -> None:
    """Check that TensorBoard is installed, before the long work.

    Raises:
        InputError: It is not; the message gives the command that installs it.
    """
    try:
        missing = find_spec("tensorboard") is None
    except ValueError:  # hidden on purpose
        missing = True
    if missing:
        raise InputError("TensorBoard is not installed; pip install 'moiety[tensorboard]'")


class ScalarLog:
    """Writes training histories to a folder: `on_check=` of `estimate_entropy`.

    Args:
        folder: Folder of the log, created if necessary; an earlier log in it is replaced.

    Raises:
        InputError: TensorBoard is not installed, or the folder cannot be created.

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
        self._lock = Lock()  # folds call from threads of their own

    def __call__(self, part: str, fold: int, history: History) -> None:
        """Record the last check of a training.

        Args:
            part: What is trained, for example "2x4 | 2x4".
            fold: Index of the fold, from 0.
            history: Its history so far.
        """
        group = re.sub(r"[^\w.-]+", "-", part)
        with self._lock:
            for name in _SCALARS:
                self._writer.add_scalar(
                    f"{group}/{name}/fold-{fold + 1}", getattr(history, name)[-1], history.steps[-1]
                )

    def __enter__(self) -> ScalarLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
