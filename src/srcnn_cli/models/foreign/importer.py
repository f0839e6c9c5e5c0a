"""Reading weights that other programs wrote: the authors' .mat files, and state dicts of torch.

A file is told by its content, never by its name, and nothing in it is run: torch files are read
with ``weights_only=True`` and never otherwise. What a state dict describes follows from the shapes
of its tensors: they must be square filters that lead from 1 or 3 channels back to as many, with
one bias per filter or none.

What no file says has to be assumed, and `import_weights` tells it in its sentence: the scale, the
policy at the picture's border, that three channels are R'G'B', and that the layers are joined by
ReLU and work on values in [0, 1]. `methods.sanity.grey_error` finds some of the files for which the
last is not so; a denoiser that subtracts what it finds (DnCNN) has VDSR's shapes, and nothing here
tells the two apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.files import describe_os_error
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign.layers import LAYOUTS, FoundNetwork, Layer
from srcnn_cli.models.foreign.matlab import MAX_FILE_BYTES, TOO_LARGE
from srcnn_cli.models.foreign.matlab_layouts import read_matlab
from srcnn_cli.models.foreign.state_dicts import read_safetensors, read_torch

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.models.networks.base import BorderPolicy
    from srcnn_cli.models.weights import Tensors


def import_weights(
    path: str | os.PathLike[str],
    *,
    scales: Sequence[int] | None = None,
    border: BorderPolicy | None = None,
    transpose: bool = True,
    architecture: str | None = None,
    color: Planes | None = None,
) -> tuple[ModelConfig, Tensors, str]:
    """Read a network from a file of another program.

    Args:
        path: SRCNN's or VDSR's .mat file, or a state dict as .pth, .pt or .safetensors.
        scales: The factors it was trained for. Default: what the layout or the file's name
            (``x3``) says.
        border: Default: ``replicate`` for srcnn, as in the authors' code, ``zero`` for vdsr.
        transpose: Swap rows and columns of the filters in SRCNN's .mat files, as the files need
            that were trained with Caffe; other files say which axis is which.
        architecture: ``srcnn`` or ``vdsr``. Default: what the layout says; of a state dict, vdsr
            if it has eight or more layers, all of 3×3.
        color: What its planes are. No layout says; default: luminance, and R'G'B' if there are
            three, which is what others feed a network with.

    Returns:
        The configuration, its tensors as `weights.save_weights` takes them, and one sentence on
        what was recognised and assumed.

    Raises:
        ModelError: The file cannot be read, is damaged, or is no such network.
    """
    try:
        found = _read(Path(path), transpose=transpose)
        config = _configure(found, scales, Path(path).stem, border, architecture, color)
        tensors = _as_tensors(found.layers)
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    maps = "-".join(map(str, config.widths)) if len(set(config.widths)) > 1 else config.widths[0]
    source = "" if scales or found.scales else " (by the file's name)"
    parts = [
        f"{found.layout}: {config.name}, {maps} maps",
        "1 channel" if config.color == "y" else f"3 channels, {_taken_as(config.color, color)}",
        f"scale {', '.join(f'×{scale}' for scale in config.scales)}{source}",
        f"border {config.border}",
    ]
    bare = sum(layer.bias is None for layer in found.layers)
    if bare:
        parts.append(f"no biases in {bare} of {len(found.layers)} layers (zeros instead)")
    return config, tensors, ", ".join(parts)


def _taken_as(color: Planes, wish: Planes | None) -> str:
    name = {"y": "Y'", "rgb": "R'G'B'", "ycbcr": "Y'CbCr"}[color]
    return name if wish else f"taken as {name}"


def _read(path: Path, *, transpose: bool) -> FoundNetwork:
    """Tell the format by the first bytes, and read the file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelError(TOO_LARGE)
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelError("no such file") from None
    except OSError as error:
        raise ModelError(f"cannot be read: {describe_os_error(error)}") from error
    if not data:
        raise ModelError("is empty")
    if b"\x89HDF\r\n\x1a\n" in {data[:8], data[512:520]}:
        raise ModelError(
            "is an HDF5 file (MATLAB's version 7.3, or Keras), which is not read here: "
            "load it in MATLAB and save it again with save(..., '-v7')"
        )
    if data[124:128] in {b"\x00\x01IM", b"\x01\x00MI"}:
        return read_matlab(data, transpose=transpose)
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data):
        return read_safetensors(path, data)
    if data[:4] == b"PK\x03\x04" or data[:1] == b"\x80":
        return read_torch(path)
    raise ModelError(f"its format is not known; {LAYOUTS}")


def _configure(
    found: FoundNetwork,
    scales: Sequence[int] | None,
    name: str,
    border: BorderPolicy | None,
    architecture: str | None,
    color: Planes | None,
) -> ModelConfig:
    layers = found.layers
    planes = layers[-1].weight.shape[0]
    if color is None:
        color = "rgb" if planes == 3 else "y"
    elif (color == "y") != (planes == 1):
        raise ModelError(f"has {planes} plane{'s' * (planes > 1)}, which cannot be {color}")
    if architecture is None:
        deep = len(layers) >= 8 and all(layer.weight.shape[2] == 3 for layer in layers)
        architecture = found.architecture or ("vdsr" if deep else "srcnn")
    factors = scales or found.scales or _scales_in_name(name)
    if not factors:
        raise ModelError(
            "it does not say for which scale it was trained: give --scale, as in --scale 3"
        )
    return ModelConfig(
        architecture=architecture,
        filters=tuple(layer.weight.shape[2] for layer in layers),
        widths=tuple(layer.weight.shape[0] for layer in layers[:-1]),
        color=color,
        scales=tuple(sorted(set(factors))),
        border=border or ("zero" if architecture == "vdsr" else "replicate"),
    )


def _scales_in_name(name: str) -> tuple[int, ...]:
    """The factors in a name such as ``srcnn_x3`` or ``vdsr-x2x3x4``."""
    factor = "x(?:1[0-6]|[2-9])"
    runs = re.findall(f"(?<![a-z0-9])(?:{factor})+(?![a-z0-9])", name.lower())
    return tuple(int(digits) for run in runs for digits in run[1:].split("x"))


def _as_tensors(layers: list[Layer]) -> Tensors:
    tensors: Tensors = {}
    for index, layer in enumerate(layers, start=1):
        out = layer.weight.shape[0]
        bias = np.zeros(out) if layer.bias is None else layer.bias
        if len(bias) != out:
            raise ModelError(f"layer {index} has {len(bias)} biases for {out} filters")
        for name, value in (("weight", layer.weight), ("bias", bias)):
            with np.errstate(over="ignore"):
                array = np.ascontiguousarray(value, np.float32)
            if not np.isfinite(array).all():
                raise ModelError(f"the {name} of layer {index} holds values that are not finite")
            tensors[f"conv{index}.{name}"] = array
    return tensors
