"""Weights files: safetensors whose metadata hold the configuration, so one file is one model.

Reading needs no torch, runs no code from the file and trusts nothing in it: the tensors are
checked against the configuration by name, shape and type, and for values that are not finite.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcnn_cli.errors import ModelError
from srcnn_cli.files import describe_os_error, write_atomically
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.models.kinds import config_from_dict

if TYPE_CHECKING:
    import os

    from srcnn_cli.models.kinds import AnyConfig

Tensors = dict[str, NDArray[np.float32]]

# What `srcnn train` calls the best weights of a run, in the run's folder.
BEST = "best.safetensors"

# One key, because safetensors writes several in random order: equal weights are equal files.
_KEY = "srcnn"
_DAMAGED = (
    "not a weights file of srcnn, or a damaged one (srcnn train makes them: name the folder of the "
    "run; srcnn import makes them of other programs' files)"
)


def save_weights(
    path: str | os.PathLike[str],
    config: AnyConfig,
    tensors: Tensors,
    *,
    half: bool = False,
    training: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a weights file in one atomic step.

    Args:
        path: Normally ends in ``.safetensors``.
        config: The network, or the dictionary.
        tensors: float32, ``conv1.weight`` (out, in, f, f), ``conv1.bias`` (out,), and so on; of a
            dictionary see `DictionaryConfig.tensor_shapes`.
        half: Store a dictionary in half precision, which makes the file half as large.
        training: How the weights came about (data, command, seed), JSON-ready.
        overwrite: Replace an existing file.

    Raises:
        ModelError: The tensors do not fit the configuration.
        OutputError: The file exists or cannot be written.
    """
    from safetensors.numpy import save

    _check(config, tensors, path)
    metadata = {_KEY: json.dumps({"config": config.to_dict(), "training": training})}
    stored = np.float16 if half else np.float32
    contiguous = {name: np.ascontiguousarray(value, stored) for name, value in tensors.items()}
    data = save(contiguous, metadata)
    write_atomically(path, lambda file: file.write(data), overwrite=overwrite)


def load_weights(path: str | os.PathLike[str]) -> tuple[ModelConfig, Tensors]:
    """Read and check the weights file of a network.

    Raises:
        ModelError: It is missing, damaged, not this program's, its tensors do not fit, or it holds
            a dictionary.
    """
    config, tensors = load_any(path)
    if not isinstance(config, ModelConfig):
        raise ModelError(f"{config.name} is a dictionary, and a network is needed here", path)
    return config, tensors


def load_any(path: str | os.PathLike[str]) -> tuple[AnyConfig, Tensors]:
    """Read and check a weights file, whatever kind of model it holds.

    Raises:
        ModelError: It is missing, damaged, not this program's, or its tensors do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = _read(path)
    config = _parse_config(data, path)
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(_DAMAGED, path) from error
    if isinstance(config, DictionaryConfig):
        tensors = {
            name: value.astype(np.float32) if value.dtype == np.float16 else value
            for name, value in tensors.items()
        }
    _check(config, tensors, path)
    return config, tensors


def read_config(path: str | os.PathLike[str]) -> AnyConfig:
    """The model in a weights file, from its header alone.

    Raises:
        ModelError: The file is missing, damaged or not this program's.
    """
    return _parse_config(_read(path), path)


def read_training(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """How the weights came about, as `save_weights` was told; None if it was not.

    Raises:
        ModelError: The file is missing, damaged or not this program's.
    """
    data = _read(path)
    _parse_config(data, path)
    training: dict[str, Any] | None = json.loads(_metadata(data)[_KEY]).get("training")
    return training


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(_read(path)).hexdigest()


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelError("no such weights file", path) from None
    except OSError as error:
        raise ModelError(f"cannot be read: {describe_os_error(error)}", path) from error


def _parse_config(data: bytes, path: str | os.PathLike[str]) -> AnyConfig:
    try:
        return config_from_dict(json.loads(_metadata(data)[_KEY])["config"])
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(_DAMAGED, path) from error


def _metadata(data: bytes) -> dict[str, str]:
    # The safetensors format: length of the header (8 bytes, little endian), header as JSON.
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        raise ValueError("header longer than the file")
    header = json.loads(data[8 : 8 + length])
    metadata: dict[str, str] = header["__metadata__"]
    return metadata


def _check(config: AnyConfig, tensors: Tensors, path: str | os.PathLike[str]) -> None:
    expected = config.tensor_shapes
    if set(tensors) != set(expected):
        odd = ", ".join(sorted(set(tensors) ^ set(expected))[:4])
        raise ModelError(f"tensors missing or too many for {config.name}: {odd}", path)
    for name, wanted in expected.items():
        value = tensors[name]
        if value.shape != wanted:
            raise ModelError(
                f"{name} has shape {value.shape}, its configuration says {wanted}", path
            )
        if value.dtype != np.float32:
            raise ModelError(f"{name} is {value.dtype}, not float32", path)
        if not np.isfinite(value).all():
            raise ModelError(f"{name} holds values that are not finite", path)
