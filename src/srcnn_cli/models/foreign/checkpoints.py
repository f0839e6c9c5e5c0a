"""Which of the things in a checkpoint is the network: by what they are and what they are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import Deconvolution, FoundNetwork, listed, printable
from srcnn_cli.models.foreign.pickles import Made
from srcnn_cli.models.foreign.state_dicts import read_state_dict
from srcnn_cli.models.foreign.torch_files import TorchFile, entries_of, is_module, submodules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srcnn_cli.models.foreign.stored import Stored
    from srcnn_cli.models.networks.base import Activation, BorderPolicy

_MAX_ENTRIES = 10_000  # of a torch file, looked at for a network
_MAX_DEPTH = 6
# Entries of a checkpoint that hold the network, the one to use first. Averaged weights
# ("exponential moving average", "stochastic weight averaging") come before those that they were
# averaged of.
_AVERAGED = ("ema", "swa", "averag")
_PREFERRED = ("state_dict", "model_state_dict", "model", "params", "network", "net")
_ACTIVATIONS: dict[str, Activation] = {"ReLU": "relu", "Tanh": "tanh"}
_OTHER_ACTIVATIONS = {
    "CELU", "ELU", "GELU", "Hardswish", "Hardtanh", "LeakyReLU", "Mish", "RReLU", "SELU",
    "SiLU", "Softplus",
}  # fmt: skip


@dataclass(frozen=True)
class _Candidate:
    """Tensors under a name in a checkpoint, and the module that they belong to, if it is there."""

    name: str
    tensors: dict[str, Stored]
    module: Made | None = None


def read_torch(data: bytes, *, key: str | None = None) -> FoundNetwork:
    """The network in a file that torch saved.

    Args:
        data: The file.
        key: The entry that holds the network, dotted; None: it is found.

    Raises:
        ModelError: The file is damaged, or holds no such network or several.
    """
    try:
        file = TorchFile(data)
    except ModelError:
        raise
    except Exception as error:  # damaged files raise a dozen types
        raise ModelError("a damaged torch file, or a pickle that torch did not write") from error
    candidates: list[_Candidate] = []
    for name, value in _named(file.content):
        entries = entries_of(value) or {}
        if isinstance(entries.get("config"), str) and "provenance" in entries:
            raise ModelError("a checkpoint of `srcnn train`: use the best.safetensors beside it")
        candidates += _candidates(file, name, value, entries)
    candidates = [c for c in candidates if any(len(t.shape) == 4 for t in c.tensors.values())]
    if not candidates:
        raise ModelError("a torch file without filters of convolutions")
    if key is not None:
        candidates = _under(key, candidates)
    return _best(sorted(candidates, key=lambda candidate: _rank(candidate.name)))


def _named(content: object) -> Iterator[tuple[str, object]]:
    """Dotted name and value of what holds others by name in a checkpoint, outermost first.

    Of a module, which is one network, only the whole.
    """
    waiting: list[tuple[str, object, int]] = [("", content, 0)]
    seen: set[int] = set()
    for name, value, depth in waiting:  # grows meanwhile
        if isinstance(value, list | tuple) and depth < _MAX_DEPTH and len(value) < 100:
            waiting += [(f"{name}.{i}".lstrip("."), v, depth + 1) for i, v in enumerate(value)]
            continue
        entries = entries_of(value)
        if entries is None or id(value) in seen or depth > _MAX_DEPTH:
            continue
        seen.add(id(value))
        yield name, value
        if len(waiting) > _MAX_ENTRIES:
            return
        if not is_module(value):
            waiting += [(f"{name}.{k}".lstrip("."), v, depth + 1) for k, v in entries.items()]


def _candidates(
    file: TorchFile, name: str, value: object, entries: dict[str, Any]
) -> Iterator[_Candidate]:
    if isinstance(value, Made) and is_module(value):
        tensors = {}
        for prefix, module in submodules(value).items():
            own = entries_of(module) or {}
            for kind in ("_parameters", "_buffers"):
                for leaf, entry in (entries_of(own.get(kind)) or {}).items():
                    tensor = file.tensor_of(entry)
                    if tensor is not None:
                        tensors[f"{prefix}.{leaf}".lstrip(".")] = tensor
        yield _Candidate(name, tensors, value)
    else:
        found = {key: file.tensor_of(entry) for key, entry in entries.items()}
        yield _Candidate(name, {key: tensor for key, tensor in found.items() if tensor is not None})


def _under(key: str, candidates: list[_Candidate]) -> list[_Candidate]:
    chosen = [c for c in candidates if c.name == key]
    chosen = chosen or [c for c in candidates if c.name.rpartition(".")[2] == key]
    if not chosen:
        names = listed([printable(c.name) or "(the whole file)" for c in candidates])
        raise ModelError(f"holds no network under the key {printable(key)!r}; it has: {names}")
    return chosen


def _best(candidates: list[_Candidate]) -> FoundNetwork:
    """The one network among the candidates, or the one under the best-known name."""
    found: list[tuple[str, FoundNetwork]] = []
    refused = []
    for candidate in candidates:
        try:
            found.append((candidate.name, _network(candidate)))
        except ModelError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    name, network = found[0]
    others = [other for other, _ in found[1:]]
    if sum(_rank(other) == _rank(name) for other in others):
        names = listed([printable(other) for other, _ in found])
        raise ModelError(f"holds several networks ({names}): choose one with --key")
    if not others:
        return network
    also = listed([repr(printable(other)) for other in others])
    return replace(network, layout=f"{network.layout} (not {also}: --key chooses)")


def _rank(name: str) -> int:
    last = name.rpartition(".")[2].lower()
    if not name:
        return 0
    if any(word in last for word in _AVERAGED):
        return 1
    return 2 + (_PREFERRED.index(last) if last in _PREFERRED else len(_PREFERRED))


def _network(candidate: _Candidate) -> FoundNetwork:
    where = f" in the entry {printable(candidate.name)!r}" if candidate.name else ""
    if candidate.module is None:
        return read_state_dict(candidate.tensors, f"a state dict of convolutions{where}")
    kind = printable(candidate.module.name.rpartition(".")[2])
    layout = f"a pickled module ({kind}){where}, of which only the tensors are read"
    modules = submodules(candidate.module)
    convolutions = {
        name: entries_of(module) or {}
        for name, module in modules.items()
        if f"{name}.weight".lstrip(".") in candidate.tensors
        and len(candidate.tensors[f"{name}.weight".lstrip(".")].shape) == 4
    }
    deconvolutions = {
        f"{name}.weight".lstrip("."): Deconvolution(_side(own, "stride"), _side(own, "padding"))
        for name, own in convolutions.items()
        if own.get("transposed") is True
    }
    for name, own in convolutions.items():
        strided = f"{name}.weight".lstrip(".") not in deconvolutions and _side(own, "stride") != 1
        if strided or _side(own, "dilation") != 1 or own.get("groups", 1) != 1:
            raise ModelError(f"{printable(name)} has strides, gaps or groups, as no network here")
    network = read_state_dict(
        candidate.tensors,
        layout,
        deconvolutions=deconvolutions,
        activation=_activation({m.name.rpartition(".")[2] for m in modules.values()}),
    )
    inner = [own for name, own in convolutions.items() if own.get("transposed") is not True]
    return replace(network, border=_border(inner))


def _activation(classes: set[str]) -> Activation | None:
    """What follows the layers, if the module has activations of one kind among its own."""
    others = classes & _OTHER_ACTIVATIONS
    if others:
        raise ModelError(f"its layers are joined by {listed(sorted(others))}")
    known = [activation for kind, activation in _ACTIVATIONS.items() if kind in classes]
    return known[0] if len(known) == 1 and "PReLU" not in classes else None


def _side(own: dict[str, Any], name: str) -> int:
    """A convolution's stride, padding or the like, which is the same for rows and columns."""
    value = own.get(name, 0 if name == "padding" else 1)
    sides = set(value) if isinstance(value, tuple) else {value}
    side = sides.pop() if len(sides) == 1 else None
    if type(side) is not int:
        raise ModelError(f"a convolution with the {name} {printable(str(value))}")
    return side


def _border(layers: list[dict[str, Any]]) -> BorderPolicy | None:
    """What a module's layers do at a picture's border, if all keep its size in the same way."""
    modes = set()
    for own in layers:
        kernel = own.get("kernel_size")
        side = kernel[0] if isinstance(kernel, tuple) and kernel else None
        if type(side) is not int:
            return None
        padding = own.get("padding")
        kept = padding == "same" or padding == (side // 2,) * 2
        if not kept:
            return None
        if side > 1:
            modes.add(own.get("padding_mode", "zeros"))
    known: dict[Any, BorderPolicy] = {"zeros": "zero", "replicate": "replicate"}
    return known.get(modes.pop()) if len(modes) == 1 else None
