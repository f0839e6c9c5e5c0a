"""State dicts, of torch's files and of .safetensors: the convolutions among their tensors."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import (
    MAX_LAYERS,
    Deconvolution,
    FoundNetwork,
    Layer,
    in_sequence,
    joined,
    printable,
)
from srcnn_cli.models.foreign.stored import MAX_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.stored import Stored
    from srcnn_cli.models.networks.base import Activation

# What averaging and batch normalisation count: no part of a network.
_COUNTERS = re.compile(r"(^|\.)(n_averaged|num_batches_tracked)$")


def read_state_dict(
    tensors: Mapping[str, Stored],
    layout: str,
    *,
    deconvolutions: Mapping[str, Deconvolution] | None = None,
    activation: Activation | None = None,
) -> FoundNetwork:
    """The layers among named tensors, in the order of the names' numbers.

    Args:
        tensors: By their names.
        layout: For the sentence on what was recognised.
        deconvolutions: The transposed convolutions, by the names of their filters, where the file
            says which they are. Otherwise the last layer is taken for one if it fits in no other
            way, cut to half of its filters on each side, as is usual.
        activation: What follows every layer but the last, where the file says it.

    Raises:
        ModelError: They are no network of a kind that is here.
    """
    tensors = {name: stored for name, stored in tensors.items() if not _COUNTERS.search(name)}
    if len(tensors) > 3 * MAX_LAYERS:
        raise ModelError(f"{len(tensors)} tensors are more than an SRCNN or VDSR has")
    if sum(stored.size for stored in tensors.values()) > MAX_PARAMETERS:
        raise ModelError(f"more than {MAX_PARAMETERS:,} values: no such network")
    arrays = {}
    for name, stored in tensors.items():
        try:
            arrays[name] = stored.floats()
        except ModelError as error:
            raise ModelError(f"{printable(name)} is {error.reason}") from error
    arrays = _by_number(arrays)
    filters = {name: array for name, array in arrays.items() if array.ndim == 4}
    if len(filters) < 2:
        raise ModelError(f"{len(filters)} convolutions are no network")
    others = {n: a for n, a in arrays.items() if a.ndim != 4}
    slopes = _take_slopes(filters, others)
    biases = _pair_biases(filters, others, deconvolutions or {})
    layers = []
    for name, array in filters.items():
        transposed = (deconvolutions or {}).get(name)
        weight = array if transposed is None else array.swapaxes(0, 1)
        layers.append(Layer(weight, biases.get(name), activation, deconvolution=transposed))
    if deconvolutions is None:
        layers = with_deconvolution(layers, layers[-1].weight.shape[2] // 2)
    return FoundNetwork(with_slopes(in_sequence(layers), slopes), layout)


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts names by the numbers in them: ``layer.2`` before ``layer.10``."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(p), "") if p.isascii() and p.isdigit() else (-1, p) for p in parts]


def with_deconvolution(layers: list[Layer], before: int | None) -> list[Layer]:
    """The layers, the last being a transposed convolution if they fit together in that way only.

    Files keep the filters of those with inputs and outputs the other way around.

    Args:
        layers: In their order.
        before: See `Deconvolution`.
    """
    if joined(layers) or len(layers) < 2:
        return layers
    *others, last = layers
    turned = replace(
        last, weight=last.weight.swapaxes(0, 1), deconvolution=Deconvolution(None, before)
    )
    fits = len(last.weight) == others[-1].maps[1] and turned.maps[1] == others[0].maps[0]
    return [*others, turned] if fits and joined([*others, turned]) else layers


def _take_slopes(
    filters: Mapping[str, NDArray[Any]], others: dict[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """The slopes of PReLU among tensors that are no filters, taken out of these, first to last.

    They are vectors called ``weight`` that belong to no convolution, where no others of their
    module make them a normalisation.
    """
    found = []
    for name, values in list(others.items()):
        prefix, _, leaf = name.rpartition(".")
        siblings = [other for other in (*filters, *others) if other.rpartition(".")[0] == prefix]
        if values.ndim == 1 and leaf == "weight" and len(siblings) == 1:
            found.append(others.pop(name))
    return found


def with_slopes(layers: list[Layer], slopes: list[NDArray[Any]]) -> list[Layer]:
    """The layers with the slopes of PReLU after each but the last, in order; one may serve all.

    Raises:
        ModelError: They are not as many, or of other lengths.
    """
    if not slopes:
        return layers
    inner = layers[:-1]
    shared = len(slopes) == 1 < len(inner) and len(slopes[0]) == 1
    if shared:  # one module, used after every layer
        slopes = slopes * len(inner)
    if len(slopes) != len(inner):
        raise ModelError(f"{len(slopes)} learned activations (PReLU) for {len(inner)} layers")
    for layer, slope in zip(inner, slopes, strict=True):
        if len(slope) not in {1, layer.maps[1]}:
            raise ModelError(f"{len(slope)} slopes of PReLU for {layer.maps[1]} maps")
    changed = [
        replace(layer, activation="prelu", slope=slope)
        for layer, slope in zip(inner, slopes, strict=True)
    ]
    return [*changed, layers[-1]]


def _pair_biases(
    filters: Mapping[str, NDArray[Any]],
    others: Mapping[str, NDArray[Any]],
    deconvolutions: Mapping[str, object],
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
                "convolution: batch normalisation, dense layers and the like have no place in the "
                "networks that are here"
            )
        if len(owners[prefix]) == 1:
            pairs[owners[prefix][0]] = name
    if len(pairs) != len(others):  # names without a common stem, such as w1, b1: by order
        if len(others) != len(filters):
            raise ModelError(f"{len(others)} biases cannot be told to {len(filters)} layers")
        pairs = dict(zip(filters, others, strict=True))
    for name, bias in pairs.items():
        out, inputs = filters[name].shape[:2]
        allowed = {out} if name not in deconvolutions else {inputs}
        if name == list(filters)[-1] and not deconvolutions:
            allowed |= {inputs}  # which may turn out to be a transposed convolution
        if len(others[bias]) not in allowed:
            raise ModelError(f"{printable(bias)} has {len(others[bias])} values for {out} filters")
    return {name: others[bias] for name, bias in pairs.items()}


def _by_number(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of one shape whose names differ in numbers only, in the order of these numbers.

    The file's own order is the order of the layers, unless a program sorted the names as text on
    the way: ``layer.10`` before ``layer.2``.
    """
    groups: dict[object, list[str]] = defaultdict(list)
    for name, array in arrays.items():
        groups[re.sub(r"\d+", "0", name), array.shape].append(name)
    ranks = {key: iter(sorted(names, key=natural)) for key, names in groups.items()}
    order = [next(ranks[re.sub(r"\d+", "0", name), array.shape]) for name, array in arrays.items()]
    return {name: arrays[name] for name in order}
