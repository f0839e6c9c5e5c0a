"""Reading weights that other programs wrote: the authors' .mat files, and state dicts of torch.

A file is told by its content, never by its name, and nothing in it is run: torch files are read
with ``weights_only=True`` and never otherwise. What a state dict describes follows from the shapes
of its tensors: they must be square filters that lead from 1 or 3 channels back to as many, with
one bias per filter or none.

What no file says has to be assumed, and `import_weights` tells it in its sentence: the scale, the
policy at the picture's border, that three channels are R'G'B', and that the layers are joined by
ReLU and work on values in [0, 1]. `grey_error` finds some of the files for which the last is not
so; a denoiser that subtracts what it finds (DnCNN) has VDSR's shapes, and nothing here tells the
two apart.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.config import ModelConfig
from srcnn_cli.errors import ModelError
from srcnn_cli.files import describe_os_error
from srcnn_cli.matlab import MAX_FILE_BYTES, MAX_PARAMETERS, TOO_LARGE, MatlabReader
from srcnn_cli.weights import read_config

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.config import BorderPolicy, Color
    from srcnn_cli.weights import Tensors

_MAX_LAYERS = 128
_CHANNELS = (1, 3)  # luminance, colour
_MAX_SEARCH = 20_000  # steps in search of an order of layers
_MAX_ENTRIES = 10_000  # of a torch file, looked at for a state dict

# Entries of a checkpoint that hold the network, the one to use first.
_PREFERRED = ("params_ema", "state_dict", "model_state_dict", "model", "params", "network", "net")
_LAYOUTS = (
    "what can be imported: the .mat files of SRCNN and VDSR, "
    "and state dicts of torch as .pth, .pt or .safetensors"
)


@dataclass(frozen=True)
class _Layer:
    """One convolution: filters (out, in, f, f) and, unless it has none, biases (out,)."""

    weight: NDArray[Any]
    bias: NDArray[Any] | None

    @property
    def maps(self) -> tuple[int, int]:
        """Feature maps that come in and go out."""
        return self.weight.shape[1], self.weight.shape[0]

    def __str__(self) -> str:
        before, after = self.maps
        return f"{before}→{after} ({'×'.join(map(str, self.weight.shape[2:]))})"


@dataclass(frozen=True)
class _Found:
    """A network in a file, and what the file's layout says of it."""

    layers: list[_Layer]
    layout: str
    architecture: str | None = None
    scales: tuple[int, ...] | None = None


def import_weights(
    path: str | os.PathLike[str],
    *,
    scales: Sequence[int] | None = None,
    border: BorderPolicy | None = None,
    transpose: bool = True,
    architecture: str | None = None,
    color: Color | None = None,
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


def _taken_as(color: Color, wish: Color | None) -> str:
    name = {"y": "Y'", "rgb": "R'G'B'", "ycbcr": "Y'CbCr"}[color]
    return name if wish else f"taken as {name}"


def grey_error(config: ModelConfig, tensors: Tensors) -> float:
    """How far from mid-grey a flat mid-grey picture comes out, 1 being full white.

    A network that enlarges pictures leaves it nearly as it is (the reference weights to 0.001).
    One that is residual but taken as direct, or the reverse, does not.
    """
    values = np.full(config.channels, 0.5 - config.mean)
    depth = len(config.filters)
    with np.errstate(all="ignore"):  # filters of any size: infinity is an answer
        for index in range(1, depth + 1):
            response = tensors[f"conv{index}.weight"].sum(axis=(2, 3), dtype=np.float64)
            values = response @ values + tensors[f"conv{index}.bias"]
            if index < depth:
                values = np.maximum(values, 0)
        error = np.abs(values if config.residual else values + config.mean - 0.5).max()
    return float(error)


def _read(path: Path, *, transpose: bool) -> _Found:
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
        return _read_matlab(data, transpose=transpose)
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data):
        return _read_safetensors(path, data)
    if data[:4] == b"PK\x03\x04" or data[:1] == b"\x80":
        return _read_torch(path)
    raise ModelError(f"its format is not known; {_LAYOUTS}")


# MATLAB ------------------------------------------------------------------------------------------


def _read_matlab(data: bytes, *, transpose: bool) -> _Found:
    try:
        content = MatlabReader(data).variables()
    except ModelError:
        raise
    except Exception as error:  # what struct, zlib and numpy make of damaged files
        raise ModelError("a damaged or truncated .mat file") from error
    convolutions = sorted(name for name in content if name.startswith("weights_conv"))
    if convolutions == ["weights_conv1", "weights_conv2", "weights_conv3"]:
        return _srcnn_from_matlab(content, transpose=transpose)
    model = content.get("model")
    if isinstance(model, dict) and {"weight", "bias"} <= set(model):
        return _vdsr_from_matlab(model)
    shown = _list([_plain(name) for name in sorted(content)]) or "nothing"
    raise ModelError(
        f"a .mat file of neither SRCNN (weights_conv1 to 3) nor VDSR (model.weight): it has {shown}"
    )


def _srcnn_from_matlab(content: dict[str, object], *, transpose: bool) -> _Found:
    arrays = [_numbers(content[f"weights_conv{index}"], 3) for index in (1, 2, 3)]
    first, second, third = arrays
    if first.ndim != 2 or third.ndim != 2:
        raise ModelError(f"its filters have unknown shapes: {_list([a.shape for a in arrays])}")
    if second.ndim == 2:  # MATLAB drops a last dimension of one
        second = second[:, :, None]
    (area1, n1), (n2, area3) = first.shape, third.shape
    if (second.shape[0], second.shape[2]) != (n1, n2):
        raise ModelError(f"its layers do not fit together: {_list([a.shape for a in arrays])}")
    flat = [first.T.reshape(n1, 1, area1), second.transpose(2, 0, 1), third.reshape(1, n2, area3)]
    layers = []
    for index, filters in enumerate(flat, start=1):
        side = round(filters.shape[2] ** 0.5)
        if side * side != filters.shape[2]:
            raise ModelError(f"filters of {filters.shape[2]} values are not square")
        # A filter's columns lie one after the other; read as rows, that is its transpose.
        square = filters.reshape(*filters.shape[:2], side, side)
        weight = square if transpose else square.swapaxes(2, 3)
        if f"biases_conv{index}" not in content:
            raise ModelError(f"biases_conv{index} is missing")
        layers.append(_Layer(weight, _numbers(content[f"biases_conv{index}"], 2).ravel()))
    stored = "filters transposed" if transpose else "filters as MATLAB has them"
    return _Found(layers, f"SRCNN's .mat layout ({stored})", "srcnn")


def _vdsr_from_matlab(model: dict[str, object]) -> _Found:
    weights, biases = model["weight"], model["bias"]
    if not isinstance(weights, list) or not isinstance(biases, list):
        raise ModelError("its model has no lists of filters and biases")
    if not 2 <= len(weights) == len(biases) <= _MAX_LAYERS:
        raise ModelError(
            f"its model has {len(weights)} lists of filters and {len(biases)} of biases"
        )
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        filters = _numbers(weight, 4)
        filters = filters.reshape(filters.shape + (1,) * (4 - filters.ndim))
        layers.append(_Layer(filters.transpose(3, 2, 0, 1), _numbers(bias, 2).ravel()))
    if not _joined(layers):
        raise ModelError(_no_sequence(layers))
    return _Found(layers, "VDSR's .mat layout", "vdsr", (2, 3, 4))


def _numbers(value: object, dimensions: int) -> NDArray[Any]:
    """An array of a .mat file that has 2 to so many dimensions."""
    if not isinstance(value, np.ndarray):
        raise ModelError("something else than floating-point numbers stands for filters or biases")
    if not 2 <= value.ndim <= dimensions or not value.size:
        raise ModelError(f"an array of shape {value.shape} stands for filters or biases")
    return value


# State dicts -------------------------------------------------------------------------------------


def _read_safetensors(path: Path, data: bytes) -> _Found:
    from safetensors.torch import load

    try:
        read_config(path)
    except ModelError:
        pass
    else:
        raise ModelError("is a weights file of srcnn already: use it with --model")
    try:
        tensors = load(data)
    except Exception as error:  # SafetensorError, and what odd headers make of the reader
        raise ModelError("a damaged or truncated .safetensors file") from error
    # The format keeps no order of its own, so that of the names is the only one there is.
    return _from_mapping({name: tensors[name] for name in sorted(tensors, key=_natural)}, "")


def _read_torch(path: Path) -> _Found:
    import torch

    try:
        unpacked = _unpacked_bytes(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = None
            if unpacked <= MAX_FILE_BYTES:
                content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen types over damaged files
        raise _refuse_torch(error) from error
    if unpacked > MAX_FILE_BYTES:
        raise ModelError(TOO_LARGE)
    mappings = list(_mappings(content))
    if any(isinstance(m.get("config"), str) and "provenance" in m for _, m in mappings):
        raise ModelError("a checkpoint of `srcnn train`: use the best.safetensors beside it")
    candidates = [(n, m) for n, m in mappings if any(_is_filter(v) for v in m.values())]
    if not candidates:
        raise ModelError(f"a torch file without filters of convolutions; {_LAYOUTS}")
    return _best_candidate(sorted(candidates, key=lambda candidate: _rank(candidate[0])))


def _unpacked_bytes(path: Path) -> int:
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _best_candidate(candidates: list[tuple[str, dict[str, Any]]]) -> _Found:
    """The one network among dictionaries of tensors, or the one under the best-known name."""
    found, refused = [], []
    for name, mapping in candidates:
        try:
            found.append((name, _from_mapping(mapping, name)))
        except ModelError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    rank = _rank(found[0][0])
    if sum(_rank(name) == rank for name, _ in found) > 1:
        names = _list([_plain(name) for name, _ in found])
        raise ModelError(f"holds several networks ({names}): save the one that is meant alone")
    return found[0][1]


def _rank(name: str) -> int:
    last = name.rpartition(".")[2]
    if not name:
        return -1
    return _PREFERRED.index(last) if last in _PREFERRED else len(_PREFERRED)


def _refuse_torch(error: Exception) -> ModelError:
    text = str(error)
    if "TorchScript" in text:
        return ModelError("a TorchScript program: only a state_dict of tensors is read")
    if isinstance(error, pickle.UnpicklingError) and "lobal" in text:
        wanted = re.search(r"GLOBAL ([\w.]{1,80})", text)
        return ModelError(
            f"would have to run code to be read ({wanted[1] if wanted else 'a class'}), "
            "which is never done: ask for the model's state_dict alone"
        )
    return ModelError("a damaged torch file, or one of something else than tensors")


def _mappings(content: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dotted name and content of the dictionaries in a checkpoint, outermost first."""
    waiting: list[tuple[str, object, int]] = [("", content, 0)]
    seen: set[int] = set()
    for name, value, depth in waiting:  # grows meanwhile
        if not isinstance(value, dict) or id(value) in seen or depth > 4:
            continue
        seen.add(id(value))
        entries = {key: entry for key, entry in value.items() if isinstance(key, str)}
        yield name, entries
        if len(waiting) > _MAX_ENTRIES:
            return
        waiting += [(f"{name}.{k}".lstrip("."), v, depth + 1) for k, v in entries.items()]


def _from_mapping(mapping: Mapping[str, Any], entry: str) -> _Found:
    """The layers among the tensors of a state dict, in the order of its names' numbers."""
    import torch

    tensors = {str(k): v for k, v in mapping.items() if isinstance(v, torch.Tensor)}
    if len(tensors) > 2 * _MAX_LAYERS + 2:
        raise ModelError(f"{len(tensors)} tensors are more than an SRCNN or VDSR has")
    if sum(tensor.numel() for tensor in tensors.values()) > MAX_PARAMETERS:
        raise ModelError(f"more than {MAX_PARAMETERS:,} values: no such network")
    allowed = {torch.float32, torch.float64, torch.float16, torch.bfloat16}
    for name, tensor in tensors.items():
        if tensor.dtype not in allowed or tensor.layout != torch.strided or tensor.is_meta:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ModelError(f"{_plain(name)} is not an array of floating-point values ({kind})")
    arrays = _by_number({n: t.detach().to(torch.float32).numpy() for n, t in tensors.items()})
    filters = {name: array for name, array in arrays.items() if array.ndim == 4}
    if len(filters) < 2:
        raise ModelError(f"{len(filters)} convolutions are no network; {_LAYOUTS}")
    biases = _pair_biases(filters, {n: a for n, a in arrays.items() if a.ndim != 4})
    layers = [_Layer(array, biases.get(name)) for name, array in filters.items()]
    for layer in layers:
        if layer.weight.shape[2] != layer.weight.shape[3] or 0 in layer.weight.shape:
            raise ModelError(f"a filter is not square: {layer}")
    where = f" in the entry {_plain(entry)!r}" if entry else ""
    return _Found(_in_sequence(layers), f"a state dict of convolutions{where}")


def _pair_biases(
    filters: Mapping[str, NDArray[Any]], others: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Which bias belongs to which filters; anything that is no bias means another network.

    Raises:
        ModelError: A tensor is not the bias of any filters.
    """
    owners: dict[str, list[str]] = defaultdict(list)
    for name in filters:
        owners[name.rpartition(".")[0]].append(name)
    pairs: dict[str, str] = {}
    for name, values in others.items():
        prefix, _, leaf = name.rpartition(".")
        if values.ndim != 1 or not ("bias" in leaf.lower() or re.match(r"b\d*$", leaf.lower())):
            raise ModelError(
                f"{_plain(name)} of shape {values.shape} is neither filters nor biases of a "
                "convolution: batch normalisation, learned activations and the like have no "
                "place in SRCNN and VDSR"
            )
        if len(owners[prefix]) == 1:
            pairs[owners[prefix][0]] = name
    if len(pairs) != len(others):  # names without a common stem, such as w1, b1: by order
        if len(others) != len(filters):
            raise ModelError(f"{len(others)} biases cannot be told to {len(filters)} layers")
        pairs = dict(zip(filters, others, strict=True))
    for name, bias in pairs.items():
        if len(others[bias]) != len(filters[name]):
            raise ModelError(
                f"{_plain(bias)} has {len(others[bias])} values for {len(filters[name])} filters"
            )
    return {name: others[bias] for name, bias in pairs.items()}


def _in_sequence(layers: list[_Layer]) -> list[_Layer]:
    """The layers as they follow each other: as listed if that fits, else in the only way that does.

    Layers of equal shape keep their order. (A module that names its first and last layer after
    the ones between lists them last.)

    Raises:
        ModelError: They do not lead from c channels back to c, or in several ways.
    """
    if not _joined(layers):
        rows: dict[tuple[int, ...], list[_Layer]] = defaultdict(list)
        for layer in layers:
            rows[layer.weight.shape].append(layer)
        orders = _orders(Counter({shape: len(row) for shape, row in rows.items()}))
        if not orders:
            raise ModelError(_no_sequence(layers))
        if len(orders) > 1:
            raise ModelError("its layers fit together in several orders, and it does not say which")
        layers = [rows[shape].pop(0) for shape in orders[0]]
    for layer in layers:
        if layer.weight.shape[0] == layer.weight.shape[1] == layers[0].maps[0]:
            raise ModelError(f"a layer from colours to colours is not SRCNN's or VDSR's: {layer}")
    channels = layers[0].maps[0]
    if any(layer.maps[1] == channels for layer in layers[:-1]):
        raise ModelError(
            f"its layers narrow to {channels} in between: several networks, or another kind"
        )
    return layers


def _joined(layers: list[_Layer]) -> bool:
    maps = [layer.maps for layer in layers]
    return (
        2 <= len(maps) <= _MAX_LAYERS
        and all(before[1] == after[0] for before, after in pairwise(maps))
        and maps[0][0] == maps[-1][1] in _CHANNELS
    )


def _orders(shapes: Counter[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Up to two orders of the shapes that lead from c channels to c, and there at the end only."""
    total, budget = sum(shapes.values()), _MAX_SEARCH
    found: list[list[tuple[int, ...]]] = []
    if total > _MAX_LAYERS:
        return found

    def extend(path: list[tuple[int, ...]], channels: int) -> None:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise ModelError("its layers could follow each other in too many ways")
        if len(path) == total:
            found.append(path)
            return
        last = len(path) == total - 1
        for shape, left in list(shapes.items()):
            if (
                left
                and len(found) < 2
                and shape[1] == (path[-1][0] if path else channels)
                and (shape[0] == channels) == last
            ):
                shapes[shape] -= 1
                extend([*path, shape], channels)
                shapes[shape] += 1

    for channels in _CHANNELS:
        if not found:
            extend([], channels)
    return found


def _no_sequence(layers: list[_Layer]) -> str:
    shown = _list([str(layer) for layer in layers])
    maps = [layer.maps for layer in layers]
    if all(a[1] == b[0] for a, b in pairwise(maps)) and maps[0][0] != maps[-1][1]:
        return (
            f"ends in {maps[-1][1]} channels but begins with {maps[0][0]}: {shown}; networks that "
            "enlarge by themselves (ESPCN, FSRCNN) are not SRCNN or VDSR"
        )
    return f"its layers do not lead from 1 or 3 channels back to as many: {shown}"


# Shared ------------------------------------------------------------------------------------------


def _configure(
    found: _Found,
    scales: Sequence[int] | None,
    name: str,
    border: BorderPolicy | None,
    architecture: str | None,
    color: Color | None,
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


def _as_tensors(layers: list[_Layer]) -> Tensors:
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


def _is_filter(value: object) -> bool:
    return getattr(value, "ndim", 0) == 4


def _by_number(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of one shape whose names differ in numbers only, in the order of these numbers.

    The file's own order is the order of the layers, unless a program sorted the names as text on
    the way: ``layer.10`` before ``layer.2``.
    """
    groups: dict[object, list[str]] = defaultdict(list)
    for name, array in arrays.items():
        groups[re.sub(r"\d+", "0", name), array.shape].append(name)
    ranks = {key: iter(sorted(names, key=_natural)) for key, names in groups.items()}
    order = [next(ranks[re.sub(r"\d+", "0", name), array.shape]) for name, array in arrays.items()]
    return {name: arrays[name] for name in order}


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", name)
    return [(int(p), "") if p.isascii() and p.isdigit() else (-1, p) for p in parts]


def _plain(name: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in name[:80])


def _list(values: Sequence[object]) -> str:
    shown = ", ".join(map(str, values[:6]))
    return shown + (f" and {len(values) - 6} more" if len(values) > 6 else "")
