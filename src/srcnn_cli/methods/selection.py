"""What the name of a method means: an interpolation, a shipped model, a weights or an ONNX file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import UsageError
from srcnn_cli.forks import renew_in_child
from srcnn_cli.imaging.levels import CLEAN, Levels, compression_level
from srcnn_cli.methods.interpolation import INTERPOLATIONS, Interpolation
from srcnn_cli.methods.onnx_file import is_onnx, onnx_config, onnx_method, onnx_scales
from srcnn_cli.models.catalog import (
    bfloat16,
    clean_quality,
    find_model,
    load_any_model,
    restoring_weights,
)
from srcnn_cli.models.config import NICKNAMES, ModelConfig
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.models.weights import read_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.engines.any_onnx_engine import AnyNetwork
    from srcnn_cli.methods.base import Method
    from srcnn_cli.models.config import EngineName, Precision, PrecisionChoice
    from srcnn_cli.models.kinds import AnyConfig
    from srcnn_cli.models.networks.base import BorderPolicy


class _Loading:
    """One model is loaded at a time, where several files begin at once."""

    def __init__(self) -> None:
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, in a process that was forked."""
        self.lock = Lock()


_loading = _Loading()


class Candidates:
    """The methods of one name, one for every scale that it has weights for.

    Args:
        name: An interpolation, a shipped model or its nickname, or the path of a weights file, of
            a run's folder or of an ONNX file.
        border: Another border policy than the model's own.
        precision: See `engines.selection.make_engine`; ``auto``: see `best_precision` there.
        engine: Likewise.
        overlap: See `method_of_file`.
        ensemble: Likewise.

    Attributes:
        name: As given; for a nickname, the model's own.
        scales: The factors that there are weights for; empty for an interpolation, which knows all.

    Raises:
        ModelError: There is nothing of that name, or its file is damaged.
    """

    def __init__(
        self,
        name: str,
        *,
        border: BorderPolicy | None = None,
        precision: PrecisionChoice = "float32",
        engine: EngineName = "auto",
        overlap: int | None = None,
        ensemble: bool = False,
    ) -> None:
        self.name = NICKNAMES.get(name, name)
        self._border, self._precision, self._overlap = border, precision, overlap
        self._engine, self._ensemble = engine, ensemble
        self._files: dict[int, Path] = (
            {} if name in INTERPOLATIONS else find_files(name, interpolations=tuple(INTERPOLATIONS))
        )
        self._restoring = {} if name in INTERPOLATIONS else restoring_weights(self.name)
        self._made: dict[tuple[Path | None, Levels, Precision], Method] = {}
        self._restores: dict[int, bool] = dict.fromkeys(self._restoring, True)
        self.scales = tuple(sorted(scale for scale in self._files if scale > 1))

    def __getstate__(self) -> dict[str, Any]:
        """Without what was made: a copy makes its own."""
        return self.__dict__ | {"_made": {}}

    @cached_property
    def fixed(self) -> bool:
        """Whether each enlarges by its own factor and no other."""
        first = next(iter(self._files.values()), None)
        return first is not None and not describe_file(first).interpolated

    @property
    def are_networks(self) -> bool:
        """Whether they are neither interpolations nor dictionaries."""
        first = next(iter(self._files.values()), None)
        return first is not None and not isinstance(describe_file(first), DictionaryConfig)

    def restores(self, scale: int | None) -> bool:
        """Whether there are weights that undo damage at a factor; 1: without enlarging."""
        if scale not in self._files and scale not in self._restoring:
            return False
        if scale not in self._restores:
            config = describe_file(self._files[scale])
            self._restores[scale] = isinstance(config, ModelConfig) and bool(config.levels)
        return self._restores[scale]

    def worth_undoing(self, scale: int | None, levels: Levels) -> Levels:
        """What of the damage that was found in a picture had better be undone.

        Of the luminance of a JPEG that was compressed but little, clean weights make more.
        """
        restoring = self._restoring.get(scale or 0)
        if restoring is None or scale not in self._files:
            return levels
        light = compression_level(clean_quality(restoring))
        alone = levels.of_luminance == Levels(compression=levels.compression)
        if not alone or levels.compression > light:
            return levels
        return Levels(chrominance=levels.chrominance) if levels.chrominance else CLEAN

    def method(
        self, scale: int | None, device: str, levels: Levels = CLEAN, *, pixels: int = 0
    ) -> Method:
        """The method for one of `scales`; for an interpolation there is but one.

        Args:
            scale: The factor.
            device: From `engines.devices.find_device`.
            levels: How damaged its input is. Where there are weights that undo that, they are run.
            pixels: Of the result; where ``auto`` may choose the precision, it asks for that.

        Raises:
            ModelError: Its weights do not load.
        """
        path, levels = self._chosen(scale, levels)
        with _loading.lock:
            precision = self._precision_of(path, device, pixels)
            if (path, levels, precision) not in self._made:
                made = self._make(path, device, levels, precision)
                self._made[path, levels, precision] = made
            return self._made[path, levels, precision]

    def precision(
        self, scale: int | None, device: str, levels: Levels = CLEAN, *, pixels: int = 0
    ) -> Precision:
        """What the network of `method` computes in."""
        path, _ = self._chosen(scale, levels)
        return self._precision_of(path, device, pixels)

    def _chosen(self, scale: int | None, levels: Levels) -> tuple[Path | None, Levels]:
        """The file for a scale, and what it is told of the damage."""
        if scale is None:
            return None, CLEAN
        if not self.restores(scale):
            levels = CLEAN
        first, other = self._files, self._restoring
        if levels.chrominance == levels.compression:
            levels = levels.of_luminance  # so that one method serves both
        if levels.of_luminance != CLEAN or scale not in first:
            first, other = other, first
        return first.get(scale) or other[scale], levels

    def _precision_of(self, path: Path | None, device: str, pixels: int) -> Precision:
        if self._precision != "auto":
            return self._precision
        from srcnn_cli.engines.selection import best_precision

        known = bfloat16(path) if path else None
        multiplications = _multiplications(path) * pixels if path and known else 0
        return best_precision(known, multiplications, device, self._engine)

    def _make(self, path: Path | None, device: str, levels: Levels, precision: Precision) -> Method:
        if path is None:
            return Interpolation(self.name)
        return method_of_file(
            self.name,
            path,
            device,
            border=self._border,
            precision=precision,
            engine=self._engine,
            levels=levels,
            overlap=self._overlap,
            ensemble=self._ensemble,
        )


@cache
def _multiplications(path: Path) -> float:
    """Of a network, for a pixel of its result."""
    config = read_config(path)
    return config.operations_per_pixel if isinstance(config, ModelConfig) else 0


def find_files(name: str, *, interpolations: Sequence[str] = ()) -> dict[int, Path]:
    """The files behind a name, by scale: `find_model`'s, or an ONNX file.

    Raises:
        ModelError: Nothing is called that, or a file is damaged.
    """
    if is_onnx(name):
        return dict.fromkeys(onnx_scales(Path(name)), Path(name))
    return find_model(name, interpolations=interpolations)


def describe_file(path: Path) -> AnyConfig | AnyNetwork:
    """What is in a file that `find_files` names.

    Raises:
        ModelError: It is damaged.
    """
    return onnx_config(path) if is_onnx(path) else read_config(path)


def method_of_file(
    name: str,
    path: Path,
    device: str,
    *,
    border: BorderPolicy | None = None,
    precision: Precision = "float32",
    engine: EngineName = "auto",
    tile: int = 0,
    ensemble: bool = False,
    levels: Levels | None = None,
    overlap: int | None = None,
) -> Method:
    """The method that a file holds: a network or a dictionary.

    Args:
        name: As it is to be printed.
        path: The file, shipped or not.
        device: Where a network runs, from `engines.devices.find_device`.
        border: Another border policy than the network's own; dictionaries have none.
        precision: That a network runs in.
        engine: What runs a network, see `engines.selection.choose_engine`.
        tile: Side of a network's tiles; 0 chooses.
        ensemble: Average a network over eight flips and turns.
        levels: How damaged the pictures are that a network gets; None: it is to be told of each.
        overlap: Of the tiles of an ONNX file's network, in pixels of its input; None: measured.

    Raises:
        ModelError: It does not load.
        UsageError: Something was asked for that such a file does not have.
    """
    if is_onnx(path):
        plain = border is None and precision == "float32"
        return onnx_method(name, path, plain=plain, overlap=overlap, tile=tile, ensemble=ensemble)
    if overlap is not None:
        raise UsageError("--overlap is for ONNX files: of other models it is known")
    config, tensors = load_any_model(path)
    if isinstance(config, DictionaryConfig):
        from srcnn_cli.methods.dictionary import Dictionary

        return Dictionary(name, config, tensors)
    if border is not None:
        config = replace(config, border=border)
    from srcnn_cli.methods.networks import network_at_level

    make = partial(
        network_at_level, name, config, tensors, device, precision, engine, tile, ensemble
    )
    if config.levels and levels is None:
        from srcnn_cli.methods.restorer import Restorer

        return Restorer(make(CLEAN).name, make)
    return make(levels or CLEAN)
