"""State dicts of torch, as .pth, .pt or .safetensors: the convolutions among their tensors.

Torch files are read with ``weights_only=True`` and never otherwise: nothing in them is run.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import (
    LAYOUTS,
    MAX_LAYERS,
    FoundNetwork,
    Layer,
    in_sequence,
    listed,
    printable,
)
from srcnn_cli.models.foreign.matlab import MAX_FILE_BYTES, MAX_PARAMETERS, TOO_LARGE
from srcnn_cli.models.weights import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_ENTRIES = 10_000  # of a torch file, looked at for a state dict
# Entries of a checkpoint that hold the network, the one to use first.
_PREFERRED = ("params_ema", "state_dict", "model_state_dict", "model", "params", "network", "net")


def read_safetensors(path: Path, data: bytes) -> FoundNetwork:
    """The network in a .safetensors file whose bytes are ``data``.

    Raises:
        ModelError: It is damaged, one of this program's own, or no such network.
    """
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


def read_torch(path: Path) -> FoundNetwork:
    """The network in a file that torch saved.

    Raises:
        ModelError: It is damaged, would have to run code, or holds no such network or several.
    """
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
        raise ModelError(f"a torch file without filters of convolutions; {LAYOUTS}")
    return _best_candidate(sorted(candidates, key=lambda candidate: _rank(candidate[0])))


def _unpacked_bytes(path: Path) -> int:
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _best_candidate(candidates: list[tuple[str, dict[str, Any]]]) -> FoundNetwork:
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
        names = listed([printable(name) for name, _ in found])
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


def _from_mapping(mapping: Mapping[str, Any], entry: str) -> FoundNetwork:
    """The layers among the tensors of a state dict, in the order of its names' numbers."""
    import torch

    tensors = {str(k): v for k, v in mapping.items() if isinstance(v, torch.Tensor)}
    if len(tensors) > 2 * MAX_LAYERS + 2:
        raise ModelError(f"{len(tensors)} tensors are more than an SRCNN or VDSR has")
    if sum(tensor.numel() for tensor in tensors.values()) > MAX_PARAMETERS:
        raise ModelError(f"more than {MAX_PARAMETERS:,} values: no such network")
    allowed = {torch.float32, torch.float64, torch.float16, torch.bfloat16}
    for name, tensor in tensors.items():
        if tensor.dtype not in allowed or tensor.layout != torch.strided or tensor.is_meta:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ModelError(f"{printable(name)} is not an array of floating-point values ({kind})")
    arrays = _by_number({n: t.detach().to(torch.float32).numpy() for n, t in tensors.items()})
    filters = {name: array for name, array in arrays.items() if array.ndim == 4}
    if len(filters) < 2:
        raise ModelError(f"{len(filters)} convolutions are no network; {LAYOUTS}")
    biases = _pair_biases(filters, {n: a for n, a in arrays.items() if a.ndim != 4})
    layers = [Layer(array, biases.get(name)) for name, array in filters.items()]
    for layer in layers:
        if layer.weight.shape[2] != layer.weight.shape[3] or 0 in layer.weight.shape:
            raise ModelError(f"a filter is not square: {layer}")
    where = f" in the entry {printable(entry)!r}" if entry else ""
    return FoundNetwork(in_sequence(layers), f"a state dict of convolutions{where}")


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
                f"{printable(name)} of shape {values.shape} is neither filters nor biases of a "
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
                f"{printable(bias)} has {len(others[bias])} values for {len(filters[name])} filters"
            )
    return {name: others[bias] for name, bias in pairs.items()}


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
