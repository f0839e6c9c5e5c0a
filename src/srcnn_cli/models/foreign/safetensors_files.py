"""State dicts in .safetensors files of other programs."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.state_dicts import natural, read_state_dict
from srcnn_cli.models.foreign.stored import Stored, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.layers import FoundNetwork

_KINDS = {
    "F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def read_safetensors(data: bytes) -> FoundNetwork:
    """The network in a .safetensors file.

    Raises:
        ModelError: It is damaged, one of this program's own, or no such network.
    """
    from safetensors import deserialize

    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        found = dict(deserialize(data))  # type: ignore[no-untyped-call]
        tensors = {
            # The format keeps no order of its own, so that of the names is the only one there is.
            name: Stored(
                tuple(found[name]["shape"]),
                _KINDS.get(found[name]["dtype"], found[name]["dtype"]),
                partial(_read, found[name]),
            )
            for name in sorted(found, key=natural)
        }
    except Exception as error:  # SafetensorError, and what odd headers make of the reader
        raise ModelError("a damaged or truncated .safetensors file") from error
    if "srcnn" in header.get("__metadata__", {}):
        raise ModelError("is a weights file of srcnn already: use it with --model")
    return read_state_dict(tensors, "a state dict of convolutions")


def _read(tensor: dict[str, Any]) -> NDArray[Any]:
    values = decoded(bytes(tensor["data"]), _KINDS[tensor["dtype"]])
    return values.reshape(tuple(tensor["shape"]))
