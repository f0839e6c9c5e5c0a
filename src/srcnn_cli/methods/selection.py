"""What the name of a method means: an interpolation, a shipped model, or a weights file."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from srcnn_cli.methods.interpolation import INTERPOLATIONS, Interpolation
from srcnn_cli.models.catalog import find_model, load_any_model
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.models.weights import read_config

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.methods.base import Method
    from srcnn_cli.models.config import Precision
    from srcnn_cli.models.networks.base import BorderPolicy


class Candidates:
    """The methods of one name, one for every scale that it has weights for.

    Args:
        name: An interpolation, a shipped model, or the path of a weights file or of a run's folder.
        border: Another border policy than the model's own.
        precision: See `engines.selection.make_engine`.

    Attributes:
        scales: The factors that there are weights for; empty for an interpolation, which knows all.

    Raises:
        ModelError: There is nothing of that name, or its file is damaged.
    """

    def __init__(
        self, name: str, *, border: BorderPolicy | None = None, precision: Precision = "float32"
    ) -> None:
        self.name = name
        self._border, self._precision = border, precision
        self._files: dict[int, Path] = (
            {} if name in INTERPOLATIONS else find_model(name, interpolations=tuple(INTERPOLATIONS))
        )
        self._made: dict[Path | None, Method] = {}
        self.scales = tuple(sorted(self._files))

    @cached_property
    def fixed(self) -> bool:
        """Whether each enlarges by its own factor and no other."""
        return bool(self._files) and not read_config(self._files[self.scales[0]]).interpolated

    def method(self, scale: int | None, device: str) -> Method:
        """The method for one of `scales`; for an interpolation there is but one.

        Args:
            scale: The factor.
            device: From `engines.devices.find_device`.

        Raises:
            ModelError: Its weights do not load.
        """
        path = None if scale is None else self._files[scale]
        if path not in self._made:
            self._made[path] = self._make(path, device)
        return self._made[path]

    def _make(self, path: Path | None, device: str) -> Method:
        if path is None:
            return Interpolation(self.name)
        return method_of_file(
            self.name, path, device, border=self._border, precision=self._precision
        )


def method_of_file(
    name: str,
    path: Path,
    device: str,
    *,
    border: BorderPolicy | None = None,
    precision: Precision = "float32",
    tile: int = 0,
    ensemble: bool = False,
) -> Method:
    """The method that a weights file holds: a network or a dictionary.

    Args:
        name: As it is to be printed.
        path: The file, shipped or not.
        device: Where a network runs, from `engines.devices.find_device`.
        border: Another border policy than the network's own; dictionaries have none.
        precision: That a network runs in.
        tile: Side of a network's tiles; 0 chooses.
        ensemble: Average a network over eight flips and turns.

    Raises:
        ModelError: It does not load.
    """
    config, tensors = load_any_model(path)
    if isinstance(config, DictionaryConfig):
        from srcnn_cli.methods.dictionary import Dictionary

        return Dictionary(name, config, tensors)
    from srcnn_cli.engines.selection import make_engine
    from srcnn_cli.methods.network import Network

    if border is not None:
        config = replace(config, border=border)
    engine = make_engine(config, tensors, device, precision=precision)
    return Network(name, engine, ensemble=ensemble, tile=tile)
