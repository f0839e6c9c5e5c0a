"""Reading weights that other programs wrote, in all formats of `formats`.

Nothing in a file is run. What a state dict describes follows from the shapes of its tensors: they
must be square filters that lead from 1 or 3 channels back to as many, or to s² times as many, with
one bias per filter or none.

What no file says has to be assumed, and `import_weights` tells it in its sentence: the scale, the
policy at the picture's border, that three channels are R'G'B', and that the network works on values
in [0, 1]. `methods.importing` tries whether that can be so; a denoiser that subtracts what it finds
(DnCNN) has VDSR's shapes, and nothing here tells the two apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.files import describe_os_error
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign.conventions import fold_input
from srcnn_cli.models.foreign.formats import find_format
from srcnn_cli.models.foreign.layers import factor_of
from srcnn_cli.models.foreign.stored import MAX_FILE_BYTES, TOO_LARGE
from srcnn_cli.models.foreign.subpixels import as_convolution
from srcnn_cli.models.networks.registry import FAMILIES

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import InputConvention, Planes
    from srcnn_cli.models.foreign.layers import FoundNetwork, Layer
    from srcnn_cli.models.networks.base import Activation, BorderPolicy
    from srcnn_cli.models.weights import Tensors


def import_weights(
    path: str | os.PathLike[str],
    *,
    scales: Sequence[int] | None = None,
    border: BorderPolicy | None = None,
    transpose: bool = True,
    architecture: str | None = None,
    color: Planes | None = None,
    inputs: Collection[InputConvention] = (),
    key: str | None = None,
) -> tuple[ModelConfig, Tensors, str]:
    """Read a network from a file of another program.

    Args:
        path: A file of one of the `formats.FORMATS`.
        scales: The factors it was trained for. Default: what the layout or the file's name
            (``x3``) says.
        border: Default: what the file says, else ``replicate`` for srcnn, as in the authors' code,
            and ``zero`` for all others, as frameworks have it.
        transpose: Swap rows and columns of the filters in SRCNN's .mat files, as the files need
            that were trained with Caffe; other files say which axis is which.
        architecture: Its family. Default: what the file says; of a state dict, vdsr if it has
            eight or more layers, all of 3×3, and espcn if it enlarges by itself.
        color: What its planes are. No layout says; default: luminance, and R'G'B' if there are
            three, which is what others feed a network with.
        inputs: How what it was trained on differs from what networks here take.
        key: The entry of a checkpoint that holds it. Default: it is found.

    Returns:
        The configuration, its tensors as `weights.save_weights` takes them, and one sentence on
        what was recognised and assumed.

    Raises:
        ModelError: The file cannot be read, is damaged, or is no such network.
    """
    try:
        found = _read(Path(path), {"transpose": transpose, "key": key})
        factors = scales or found.scales or _scales_in_name(Path(path).stem)
        layers = _with_convolutions(found, factors)
        config = _configure(found, layers, factors, border, architecture, color)
        config, tensors = fold_input(config, _as_tensors(config, layers), inputs)
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    maps = "-".join(map(str, config.widths)) if len(set(config.widths)) > 1 else config.widths[0]
    by_name = not (scales or found.scales or found.factor > 1)
    parts = [
        f"{found.layout}: {config.name}, {maps} maps",
        "1 channel" if config.color == "y" else f"3 channels, {_taken_as(config.color, color)}",
        f"scale {', '.join(f'×{scale}' for scale in config.scales)}"
        + (" (by the file's name)" if by_name else ""),
        f"border {config.border}",
    ]
    if inputs:
        parts.append(f"trained on {' and '.join(sorted(inputs))} values, folded into the weights")
    bare = sum(layer.bias is None for layer in found.layers)
    if bare:
        parts.append(f"no biases in {bare} of {len(found.layers)} layers (zeros instead)")
    return config, tensors, ", ".join(parts)


def _taken_as(color: Planes, wish: Planes | None) -> str:
    name = {"y": "Y'", "rgb": "R'G'B'", "ycbcr": "Y'CbCr"}[color]
    return name if wish else f"taken as {name}"


def _read(path: Path, options: dict[str, object]) -> FoundNetwork:
    """Tell the format by the content, and read the file."""
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
    kind = find_format(data)
    if kind.read is None:
        raise ModelError(kind.refusal)
    if options["key"] is not None and "key" not in kind.options:
        raise ModelError("has no entries to choose from: --key is for checkpoints of torch")
    return kind.read(data, **{name: options[name] for name in kind.options})


def _with_convolutions(found: FoundNetwork, factors: Sequence[int]) -> list[Layer]:
    """The layers, a transposed convolution at the end as one to sub-pixels."""
    if found.layers[-1].deconvolution is None:
        return found.layers
    if not factors and not found.factor:
        raise ModelError("it does not say by how much it enlarges: give --scale, as in --scale 3")
    if len(set(factors)) > 1:
        raise ModelError("it enlarges by one factor, which its last layer makes: give one --scale")
    scale = factors[0] if factors else found.factor
    return [*found.layers[:-1], as_convolution(found.layers[-1], scale)]


def _configure(
    found: FoundNetwork,
    layers: list[Layer],
    factors: Sequence[int],
    border: BorderPolicy | None,
    architecture: str | None,
    color: Planes | None,
) -> ModelConfig:
    planes, factor = layers[0].maps[0], factor_of(layers)
    if color is None:
        color = "rgb" if planes == 3 else "y"
    elif (color == "y") != (planes == 1):
        raise ModelError(f"has {planes} plane{'s' * (planes > 1)}, which cannot be {color}")
    architecture = architecture or found.architecture or _architecture(found, layers, factor)
    if architecture in FAMILIES and (FAMILIES[architecture].grid == "interpolated") != (
        factor == 1
    ):
        does = "enlarges by itself" if factor > 1 else "does not enlarge by itself"
        raise ModelError(f"it {does}, which {architecture} does not fit")
    if factor > 1:
        if factors and set(factors) != {factor}:
            raise ModelError(f"its last layer enlarges by {factor}, not by {factors[0]}")
        factors = (factor,)
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
        border=border or found.border or ("replicate" if architecture == "srcnn" else "zero"),
        mean=found.mean,
    )


def _architecture(found: FoundNetwork, layers: list[Layer], factor: int) -> str:
    """The family that has these layers; where several do, the likeliest."""
    joints = {layer.activation for layer in layers[:-1]}
    if factor == 1:
        if joints - {"relu", None}:
            raise ModelError(f"its layers are joined by {_listed(joints)}, not by ReLU alone")
        deep = len(layers) >= 8 and all(layer.weight.shape[2] == 3 for layer in layers)
        residual = deep if found.residual is None else found.residual
        return "vdsr" if residual else "srcnn"
    if found.residual:
        raise ModelError("its input is added to its result, which enlarges: not a network here")
    if joints == {"relu"}:
        return "espcn-relu"
    if joints <= {"tanh", None} and found.layers[-1].deconvolution is None:
        return "espcn"
    if "tanh" in joints:
        raise ModelError(f"its layers are joined by {_listed(joints)}: not a network here")
    return "fsrcnn"


def _listed(joints: set[Activation | None]) -> str:
    return " and ".join(sorted(joint or "something" for joint in joints))


def _scales_in_name(name: str) -> tuple[int, ...]:
    """The factors in a name such as ``srcnn_x3`` or ``vdsr-x2x3x4``."""
    factor = "x(?:1[0-6]|[2-9])"
    runs = re.findall(f"(?<![a-z0-9])(?:{factor})+(?![a-z0-9])", name.lower())
    return tuple(int(digits) for run in runs for digits in run[1:].split("x"))


def _as_tensors(config: ModelConfig, layers: list[Layer]) -> Tensors:
    tensors: Tensors = {}
    for index, (layer, wanted) in enumerate(zip(layers, config.layers, strict=True), start=1):
        out = layer.weight.shape[0]
        bias = np.zeros(out) if layer.bias is None else layer.bias
        if len(bias) != out:
            raise ModelError(f"layer {index} has {len(bias)} biases for {out} filters")
        values = {"weight": layer.weight, "bias": bias}
        if wanted.activation == "prelu":
            values["slope"] = np.broadcast_to(_slope(layer), out)
        for name, value in values.items():
            with np.errstate(over="ignore"):
                array = np.ascontiguousarray(value, np.float32)
            if not np.isfinite(array).all():
                raise ModelError(f"the {name} of layer {index} holds values that are not finite")
            tensors[f"conv{index}.{name}"] = array
    return tensors


def _slope(layer: Layer) -> NDArray[np.float32] | float:
    """By what the layer's output is multiplied where it is negative, if that is all."""
    if layer.activation == "prelu" and layer.slope is not None:
        return layer.slope
    # Code that calls its network FSRCNN and has no slopes has ReLU.
    return 1.0 if layer.activation == "none" else 0.0
