"""Compiled kernels are kept between runs, but not beyond a change of what they call.

Numba stamps the kernels that it keeps in `__pycache__` with the contents of their own file.
One that calls a kernel of another file has that one compiled into it and would go on as
before when the other file changes, as after an update of the package.  So all of them go
whenever any file of the folder has changed.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

__all__ = ["drop_stale_kernels"]

_STAMP = "kernels.stamp"


def drop_stale_kernels(folder: Path) -> bool:
    """Delete the compiled kernels of a folder of sources that have changed; whether they had.

    A folder that cannot be written is left alone: Numba keeps nothing there either.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "__pycache__").mkdir()
        >>> drop_stale_kernels(folder), drop_stale_kernels(folder)
        (True, False)
    """
    digest = hashlib.blake2b(
        b"\0".join(path.read_bytes() for path in sorted(folder.glob("*.py"))), digest_size=16
    )
    cache = folder / "__pycache__"
    stamp = cache / _STAMP
    with suppress(OSError):
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return False
    with suppress(OSError):
        for kept in (*cache.glob("*.nbi"), *cache.glob("*.nbc")):
            kept.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest())
    return True
