"""Drop compiled kernels when anything that they may call has changed.

Numba stamps the kernels that it keeps in `__pycache__` with the source of their own file.  A
kernel that calls a kernel of another file contains that kernel in compiled form, and would stay
the same when the other file changes, for example after an update of the package.  So all kernels
of a package, subpackages included, are dropped when any of its source files has changed.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

__all__ = ["drop_stale_kernels"]

_STAMP = "kernels.stamp"


def drop_stale_kernels(package: Path) -> bool:
    """Delete the compiled kernels of a package if its sources have changed.

    A folder that cannot be written is left alone: Numba keeps no kernels there either.

    Args:
        package: Folder of the package; subfolders belong to it.

    Returns:
        Whether the sources have changed.

    Example:
        >>> import tempfile
        >>> package = Path(tempfile.mkdtemp())
        >>> drop_stale_kernels(package), drop_stale_kernels(package)
        (True, False)
    """
    sources = b"\0".join(path.read_bytes() for path in sorted(package.rglob("*.py")))
    digest = hashlib.blake2b(sources, digest_size=16).hexdigest()
    stamp = package / "__pycache__" / _STAMP
    with suppress(OSError):
        if stamp.exists() and stamp.read_text() == digest:
            return False
    with suppress(OSError):
        for suffix in ("nbi", "nbc"):
            for kernel in package.rglob(f"__pycache__/*.{suffix}"):
                kernel.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest)
    return True
