"""ONNX files as models: any super-resolution network, see `engines.any_onnx_engine`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.engines.any_onnx_engine import AnyNetwork, AnyOnnxEngine
    from srcnn_cli.methods.base import Method

ENDING = ".onnx"
# What a network that leaves the size as it is, on the interpolated picture, is taken to be for.
_ON_INTERPOLATED = (2, 3, 4)


def is_onnx(name: str | Path) -> bool:
    """Whether a name is that of an ONNX file."""
    return str(name).lower().endswith(ENDING)


def onnx_scales(path: Path) -> tuple[int, ...]:
    """The factors that the network is for.

    Raises:
        ModelError: It is no network that enlarges pictures.
    """
    factor = onnx_config(path).factor
    return (factor,) if factor > 1 else _ON_INTERPOLATED


def onnx_config(path: Path) -> AnyNetwork:
    """What its probes showed.

    Raises:
        ModelError: It is no network that enlarges pictures.
    """
    return _engine(path, None).config


def onnx_method(
    name: str, path: Path, *, plain: bool, overlap: int | None, tile: int, ensemble: bool
) -> Method:
    """The network as a method; it runs on the CPU.

    Args:
        name: As it is to be printed.
        path: The file.
        plain: Whether neither a border policy nor a precision was asked for.
        overlap: Pixels by which tiles overlap on each side; None: measured.
        tile: Side of the tiles in pixels of the result; 0 chooses.
        ensemble: Average over eight flips and turns.

    Raises:
        ModelError: It is no network that enlarges pictures.
        UsageError: Something was asked for that such a file brings itself.
    """
    if not plain:
        raise UsageError(f"{path}: --border and --precision are not for ONNX files")
    from srcnn_cli.methods.network import Network

    return Network(name, _engine(path, overlap), ensemble=ensemble, tile=tile)


def _engine(path: Path, overlap: int | None) -> AnyOnnxEngine:
    """The network in a file, probed once as long as the file stays what it is."""
    try:
        state = path.stat()
    except OSError:
        return _made(path, overlap, (0, 0, 0))  # which says what is wrong
    return _made(path, overlap, (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=4)
def _made(path: Path, overlap: int | None, state: tuple[int, int, int]) -> AnyOnnxEngine:
    from srcnn_cli.engines.any_onnx_engine import AnyOnnxEngine

    del state  # tells a file from the one that was there before
    return AnyOnnxEngine(path, overlap=overlap)
