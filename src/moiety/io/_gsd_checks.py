"""What GSD does not check: the number of particles against the file, and the numbers themselves."""

from __future__ import annotations

import zlib
from collections.abc import Container
from typing import Any

import numpy as np

from ..base.errors import InputError
from ._limits import check_size

__all__ = ["DIGEST", "check_digest", "check_numbers", "digest_of"]

DIGEST = "moiety/digest"  # name in the log of a frame
_ROW = 12  # bytes of a position


def check_numbers(chunks: Any, size: int) -> None:
    """Refuse more particles than the file holds positions of; GSD fills in what is missing.

    Args:
        chunks: The open file, as chunks.
        size: Its bytes.

    Raises:
        InputError: It declares too many particles.
    """
    rows, total = 0, 0
    for k in range(chunks.nframes):
        if chunks.chunk_exists(frame=k, name="particles/N"):
            rows = int(chunks.read_chunk(frame=k, name="particles/N")[0])
        if rows * _ROW > size:
            raise InputError(
                f"frame {k}: declares {rows:,} particles in a file of {size:,} bytes; damaged?"
            )
        total += rows
    check_size(total * _ROW, size)


def digest_of(snapshot: Any, present: Container[str]) -> np.ndarray:
    """Checksum of the numbers of a frame.

    Args:
        snapshot: The frame.
        present: Names of the optional columns that the file contains.
    """
    parts, box = snapshot.particles, np.asarray(snapshot.configuration.box, np.float32)
    total = zlib.crc32(np.asarray(parts.position, np.float32).tobytes(), zlib.crc32(box.tobytes()))
    for name, dtype in (("diameter", np.float32), ("typeid", np.uint32)):
        if name in present:
            total = zlib.crc32(np.asarray(getattr(parts, name), dtype).tobytes(), total)
    return np.array([total], np.uint32)


def check_digest(snapshot: Any, k: int, present: Container[str]) -> None:
    """Refuse a frame with a wrong checksum.

    Args:
        snapshot: The frame.
        k: Its number.
        present: Names of the optional columns that the file contains.

    Raises:
        InputError: The checksum is wrong.
    """
    stored = snapshot.log.get(DIGEST)
    if stored is not None and not np.array_equal(stored, digest_of(snapshot, present)):
        raise InputError(f"frame {k}: its checksum is wrong; damaged?")
