"""`EntropyResult`: one number with its error, its parts, and whether to believe it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.words import measured
from ..estimation.history import History
from ..estimation.networks import Networks
from ..io import check_output
from ..io._dataset import read_dataset, write_dataset
from ..io._format import naming
from .energies import Bracket
from .plots import overview
from .storage import from_dataset, from_mapping, to_dataset, to_mapping
from .types import EntropyData, Source

if TYPE_CHECKING:
    import matplotlib.figure
    import xarray

__all__ = ["EntropyResult", "networks_of"]


@dataclass(frozen=True)
class EntropyResult(EntropyData):
    """The entropy per site of a lattice, or per particle; see `EntropyData` for its fields.

    Example:
        >>> import numpy as np
        >>> import moiety
        >>> samples = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
        >>> print(moiety.estimate_entropy(samples, cross_check=False))
        s = 0.000000 ± 0.000000 nats/site  [4 levels]
    """

    def __str__(self) -> str:
        tail = sum(level.source == Source.EXTRAPOLATED for level in self.levels)
        notes = [f"{len(self.levels)} level{'s' if len(self.levels) != 1 else ''}"]
        notes[0] += f", {tail} from the area law" if tail else ""
        notes = notes if self.levels else ["site by site"]
        notes += [f"cross-check {self.cross_check}"] if self.cross_check else []
        notes += [] if self.status.ok else [str(self.status)]
        known = self.samples.get("resolution")
        label = f" at resolution {known:g}" if known else ""
        return f"s = {measured(self.entropy, self.error)} {self.unit}{label}  [{'; '.join(notes)}]"

    @property
    def bracket(self) -> Bracket | None:
        """Two bounds between which the entropy lies, if the energy function is known."""
        return self.free_energy.bracket if self.free_energy else None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the training curves, as plain numbers, text, lists and mappings."""
        return to_mapping(self)

    @classmethod
    def from_dict(
        cls,
        mapping: Mapping[str, Any],
        level_histories: Sequence[tuple[History, ...]] = (),
        route_histories: tuple[History, ...] = (),
    ) -> EntropyResult:
        """The result that `to_dict` described.

        Args:
            mapping: The result as a mapping.
            level_histories: Training histories of each level.
            route_histories: Training histories of the cross-check.
        """
        return cls(**from_mapping(mapping, level_histories, route_histories))

    def to_xarray(self) -> xarray.Dataset:
        """The result as a dataset over `level`, with training curves over `fold` and `look`.

        The curves of the cross-check have the dimensions `route` (of length 1), `route_fold` and
        `route_look`.

        Example:
            >>> import numpy as np
            >>> import moiety
            >>> samples = moiety.Samples.from_array(np.ones((100, 4, 4), int), periodic=True)
            >>> moiety.estimate_entropy(samples, cross_check=False).to_xarray().sizes["level"]
            4
        """
        return to_dataset(self)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the result to a netCDF file.

        Args:
            path: File name, ending in `.nc`.
            force: Whether to replace an existing file.

        Raises:
            InputError: Another suffix, or a path that exists or cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".nc":
            raise InputError(f"{path}: results are written as netCDF; end the name in .nc")
        check_output(path, force)
        with naming(path, "cannot be written"):
            write_dataset(self.to_xarray(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EntropyResult:
        """Read a file that `save` wrote.

        Args:
            path: File name.

        Raises:
            InputError: The file is missing, damaged or holds no result.
        """
        with naming(Path(path), "cannot be read as a result"):
            if not Path(path).is_file():
                raise InputError("no such file; check the name")
            return cls(**from_dataset(read_dataset(Path(path))))

    def plot(self) -> matplotlib.figure.Figure:
        """A figure of M per level, the split of the entropy and the training curves."""
        return overview(self)


def networks_of(warm_start: EntropyResult | Networks | None) -> Networks:
    """The networks of an earlier estimate; none by default.

    Args:
        warm_start: The earlier estimate, or its networks.
    """
    if isinstance(warm_start, EntropyResult):
        return warm_start.networks
    return warm_start or Networks()
