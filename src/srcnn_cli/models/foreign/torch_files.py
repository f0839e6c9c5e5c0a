"""Files that torch saved: what is in them, with tensors as arrays and modules as dictionaries.

Neither torch nor its pickles are run. There are two formats: a zip archive (since torch 1.6), with
the pickle ``data.pkl`` and one file for the numbers of each storage; and before that a row of
pickles in one file, with the numbers at its end. In both the pickle says of a tensor which part of
which storage it is.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.pickles import Made, Name, take_apart
from srcnn_cli.models.foreign.stored import MAX_FILE_BYTES, TOO_LARGE, TYPES, Stored, decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
_BY_NAME = {"float": "float32", "double": "float64", "half": "float16", "long": "int64"}
# What holds a tensor as the first thing that it is made of.
_WRAPPERS = ("_rebuild_parameter", "_rebuild_parameter_with_state", "Parameter", "Variable")


@dataclass(frozen=True)
class _Storage:
    """Numbers that lie elsewhere in the file, ``count`` of them (untyped ones: bytes)."""

    key: str
    kind: str
    count: int
    first: int = 0


class TorchFile:
    """A file of torch, taken apart.

    Args:
        data: The file.

    Attributes:
        content: What was saved: plain values, `Made` for objects that are not made, and `Stored`
            for tensors (`tensor_of`).

    Raises:
        ModelError: It holds more than any known network.
        Exception: Of a dozen types: it is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._order = "<"
        self._numbers: Callable[[str], bytes]
        if data[:4] == b"PK\x03\x04":
            self.content = self._from_archive(data)
        else:
            self.content = self._from_pickles(data)

    def _from_archive(self, data: bytes) -> Any:  # noqa: ANN401 - whatever was saved
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = {entry.filename: entry.file_size for entry in archive.infolist()}
        if sum(names.values()) > MAX_FILE_BYTES:
            raise ModelError(TOO_LARGE)
        pickle = min((n for n in names if n.rpartition("/")[2] == "data.pkl"), key=len)
        folder = pickle.rpartition("/")[0] + "/" if "/" in pickle else ""
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") == b"big":
            self._order = ">"
        self._numbers = lambda key: archive.read(f"{folder}data/{key}")
        return take_apart(io.BytesIO(archive.read(pickle)), self._refer)

    def _from_pickles(self, data: bytes) -> Any:  # noqa: ANN401
        file = io.BytesIO(data)
        if take_apart(file, _nothing) != _LEGACY_MAGIC:
            # A plain pickle of something: no tensors of torch are in it.
            self._numbers = _no_numbers
            file.seek(0)
            return take_apart(file, _nothing)
        take_apart(file, _nothing)  # the version of the protocol
        system = take_apart(file, _nothing)
        if isinstance(system, dict) and system.get("little_endian") is False:
            self._order = ">"
        sizes: dict[str, int] = {}

        def refer(reference: Any) -> Any:  # noqa: ANN401
            found = self._refer(reference)
            if isinstance(found, _Storage) and found.kind in TYPES:
                sizes[found.key] = np.dtype(TYPES[found.kind]).itemsize
            return found

        content = take_apart(file, refer)
        storages: dict[str, bytes] = {}
        for key in take_apart(file, _nothing):
            count = int(np.frombuffer(file.read(8), f"{self._order}i8")[0])
            length = count * sizes[str(key)]
            storages[str(key)] = file.read(length) if 0 <= length <= len(data) else b""
            if len(storages[str(key)]) != length:
                raise ValueError("truncated")
        self._numbers = storages.__getitem__
        return content

    def _refer(self, reference: Any) -> Any:  # noqa: ANN401
        """What stands for an object that the pickle only refers to.

        A storage is ("storage", its type, key, device, count[, view]), view being its own key,
        first number and count; a class is ("module", the class, its source file, its source).
        """
        kind, name, *rest = reference
        if kind == "module":
            return name
        key, _device, count, *view = rest
        first = 0
        if view and view[0] is not None:
            _, first, count = view[0]
        return _Storage(str(key), _kind_of(name), int(count), int(first))

    def tensor_of(self, value: object) -> Stored | None:
        """The tensor that a value of the content stands for, if it does.

        One of a kind that is not read (sparse, quantised) has that as its ``kind``.
        """
        for _ in range(4):
            if isinstance(value, Made) and _last(value.name) == "_rebuild_from_type_v2":
                value = Made(value.args[0], value.args[2])
            elif isinstance(value, Made) and value.args and _last(value.name) in _WRAPPERS:
                value = value.args[0]
        if not isinstance(value, Made):
            return None
        name = _last(value.name)
        storage = value.args[0] if value.args else None
        if isinstance(storage, _Storage) and len(value.args) >= 4:
            _, offset, size, stride, *_ = value.args
            kind = storage.kind
            if name == "_rebuild_tensor_v3":
                kind = _kind_of(value.args[6])
            return self._view(storage, kind, offset, size, stride)
        if name.startswith("_rebuild_") and "tensor" in name:
            return Stored((), name.removeprefix("_rebuild_").split("_v")[0], _unreadable)
        return None

    def _view(
        self,
        storage: _Storage,
        kind: str,
        offset: int,
        size: tuple[int, ...],
        stride: tuple[int, ...],
    ) -> Stored:
        def read() -> NDArray[Any]:
            values = decoded(self._numbers(storage.key), kind, self._order)[storage.first :]
            last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
            if min((offset, *size, *stride)) < 0 or (0 not in size and last >= len(values)):
                raise ValueError("a tensor reaches beyond its numbers")
            steps = [step * values.itemsize for step in stride]
            return np.lib.stride_tricks.as_strided(values[offset:], size, steps, writeable=False)

        return Stored(tuple(map(int, size)), kind, read)


def entries_of(value: object) -> dict[str, Any] | None:
    """What a value holds by names: of a dictionary of any class, or of an object; None: nothing."""
    found: dict[Any, Any] = {}
    if isinstance(value, dict):
        found = value
    elif isinstance(value, Made):
        if len(value.args) == 1 and isinstance(value.args[0], list | dict):  # of Python 2
            pairs = value.args[0]
            found.update(pairs if isinstance(pairs, dict) else _as_dict(pairs))
        for state in value.state if isinstance(value.state, tuple) else (value.state,):
            found.update(state if isinstance(state, dict) else {})
        found.update(value.entries)
    else:
        return None
    return {key: entry for key, entry in found.items() if isinstance(key, str)}


def is_module(value: object) -> bool:
    """Whether a value stands for a network's module, as ``torch.save(model)`` saves it."""
    if not isinstance(value, Made):
        return False
    entries = entries_of(value) or {}
    return "_modules" in entries and "_parameters" in entries


def submodules(module: object) -> dict[str, Made]:
    """A module and all modules within, by their dotted names; it has the name ""."""
    found: dict[str, Made] = {}
    waiting: list[tuple[str, object]] = [("", module)]
    seen: set[int] = set()
    while waiting and len(found) < 10_000:
        name, value = waiting.pop(0)
        if not isinstance(value, Made) or id(value) in seen or not is_module(value):
            continue
        seen.add(id(value))
        found[name] = value
        children = entries_of((entries_of(value) or {}).get("_modules")) or {}
        waiting = [
            (f"{name}.{key}".lstrip("."), child) for key, child in children.items()
        ] + waiting
    return found


def _as_dict(pairs: list[Any]) -> dict[Any, Any]:
    return {p[0]: p[1] for p in pairs if isinstance(p, list | tuple) and len(p) == 2
            and isinstance(p[0], str)}  # fmt: skip


def _kind_of(name: object) -> str:
    """float32 for ``torch.FloatStorage`` and for ``torch.float32``."""
    last = _last(str(name)) if isinstance(name, Name) else "?"
    if last.endswith("Storage"):
        return _KINDS.get(last.removesuffix("Storage"), last)
    return _BY_NAME.get(last, last)


def _last(name: object) -> str:
    return str(name).rpartition(".")[2]


def _nothing(_reference: object) -> None:
    return None


def _no_numbers(_key: str) -> bytes:
    raise ValueError("no storages")


def _unreadable() -> NDArray[Any]:
    raise TypeError("not read")
