"""The formats in which weights of other programs are found: the one table that names them.

A file is told by its content, never by its name. A format that is not read stands here too, so that
a message can say what the file is and what to do.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.checkpoints import read_torch
from srcnn_cli.models.foreign.keras_files import read_keras
from srcnn_cli.models.foreign.matlab_layouts import read_matlab
from srcnn_cli.models.foreign.onnx_files import looks_like_onnx, read_onnx
from srcnn_cli.models.foreign.protocol_buffers import Message
from srcnn_cli.models.foreign.safetensors_files import read_safetensors
from srcnn_cli.models.foreign.tensorflow_files import looks_like_tensorflow, read_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from srcnn_cli.models.foreign.layers import FoundNetwork

_STATE_DICT = "save the state_dict of its model with torch.save, and import that"


@dataclass(frozen=True)
class Format:
    """One format of files.

    Attributes:
        name: As the documentation calls it.
        writer: Who writes such files.
        matches: Whether a file's bytes are of it.
        read: Reads one; None: it is not read.
        refusal: What is said of a file that is not read.
        options: Arguments of `importer.import_weights` that ``read`` takes.
    """

    name: str
    writer: str
    matches: Callable[[bytes], bool]
    read: Callable[..., FoundNetwork] | None = None
    refusal: str = ""
    options: frozenset[str] = frozenset()


def find_format(data: bytes) -> Format:
    """The format of a file.

    Raises:
        ModelError: It is none of the known ones.
    """
    for known in FORMATS:
        if known.matches(data):
            return known
    raise ModelError(
        "its format is not known; what can be imported: "
        + ", ".join(known.name for known in FORMATS if known.read)
    )


def _begins(beginning: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda data: data[at : at + len(beginning)] == beginning


def _is_hdf5(data: bytes) -> bool:
    return any(data[at : at + 8] == b"\x89HDF\r\n\x1a\n" for at in (0, 512, 1024, 2048))


def _is_matlab(data: bytes) -> bool:
    return data[124:128] in {b"\x00\x01IM", b"\x01\x00MI"} and not _is_hdf5(data)


def _is_safetensors(data: bytes) -> bool:
    return data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data)


def _archived(ending: str) -> Callable[[bytes], bool]:
    """Whether a file is a zip archive that has an entry whose name ends so."""

    def matches(data: bytes) -> bool:
        if data[:4] != b"PK\x03\x04":
            return False
        try:
            names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except Exception:  # noqa: BLE001 - damaged archives raise several types
            return False
        return any(name.endswith(ending) for name in names)

    return matches


def _is_caffe(data: bytes) -> bool:
    """Whether it is a NetParameter: layers (100, or 2 in older ones), each with a name and type."""
    try:
        network = Message(data)
        layers = [*network.messages(100), *network.messages(2)]
        return bool(layers) and all(layer.fields.get(1) or layer.fields.get(4) for layer in layers)
    except ValueError:
        return False


def _is_saved_model(data: bytes) -> bool:
    """Whether it is a SavedModel: a version (1) and graphs with tags and more (2)."""
    try:
        model = Message(data)
        return model.counts(1) and bool(model.messages(2))
    except ValueError:
        return False


def _is_torchscript(data: bytes) -> bool:
    return _archived("constants.pkl")(data)


# Asked in this order: the surest signs first, protocol buffers, which have none, last.
FORMATS: tuple[Format, ...] = (
    Format(
        "MATLAB .mat, versions 5 to 7.2",
        "the authors of SRCNN and VDSR",
        _is_matlab,
        read_matlab,
        options=frozenset({"transpose"}),
    ),
    Format(
        "MATLAB .mat, version 7.3",
        "MATLAB's save(..., '-v7.3')",
        lambda data: data[:10] == b"MATLAB 7.3" and _is_hdf5(data),
        refusal="is a .mat file of version 7.3, which is not read here: load it in MATLAB and save "
        "it again with save(..., '-v7')",
    ),
    Format("Keras .h5 and .hdf5", "Keras: save and save_weights", _is_hdf5, read_keras),
    Format(".safetensors", "Hugging Face, spandrel and others", _is_safetensors, read_safetensors),
    Format(
        "NumPy .npz",
        "numpy.savez",
        _archived(".npy"),
        refusal="is a .npz archive of NumPy arrays, which does not say how they belong together: "
        "save them as a state dict with torch.save or safetensors, and import that",
    ),
    Format(
        "NumPy .npy",
        "numpy.save",
        _begins(b"\x93NUMPY"),
        refusal="is a single NumPy array: save all of the network's as a state dict with "
        "torch.save or safetensors, and import that",
    ),
    Format(
        "Keras .keras",
        "Keras 3: save",
        _archived("model.weights.h5"),
        refusal="is a .keras archive, which is not read here: load it in Keras and save it with "
        "model.save('model.h5'), and import that",
    ),
    Format(
        "torch.export .pt2",
        "torch.export.save and AOTInductor",
        lambda data: any(
            _archived(ending)(data)
            for ending in ("archive_format", "serialized_exported_program.json")
        ),
        refusal=f"is a program of torch.export (.pt2), which is not read here: {_STATE_DICT}",
    ),
    Format(
        "TorchScript",
        "torch.jit.save",
        _is_torchscript,
        refusal=f"is a TorchScript program, which is not read here: {_STATE_DICT}",
    ),
    Format(
        "PyTorch .pth and .pt",
        "torch.save since 1.6",
        _begins(b"PK\x03\x04"),
        read_torch,
        options=frozenset({"key"}),
    ),
    Format(
        "PyTorch before 1.6",
        "torch.save of 2017 to 2020",
        _begins(b"\x80"),
        read_torch,
        options=frozenset({"key"}),
    ),
    Format(
        "PyTorch of 2016",
        "torch.save before 0.1.10",
        _begins(b"ustar", at=257),
        refusal="is a tar archive, as torch saved them in 2016: load it in a torch of that time "
        "and save it again",
    ),
    Format(
        "TensorFlow Lite .tflite",
        "TensorFlow's converter for phones",
        _begins(b"TFL3", at=4),
        refusal="is a TensorFlow Lite model, which is not read here: import the model that it was "
        "converted from",
    ),
    Format(
        "ncnn .param and .bin",
        "ncnn's converters",
        _begins(b"7767517"),
        refusal="is the description of an ncnn model, which is not read here: import the model "
        "that it was converted from",
    ),
    Format("ONNX .onnx", "torch.onnx.export, tf2onnx and others", looks_like_onnx, read_onnx),
    Format(
        "TensorFlow SavedModel",
        "tf.saved_model.save",
        _is_saved_model,
        refusal="is the graph of a TensorFlow SavedModel, whose weights lie beside it: convert "
        "the folder to ONNX with tf2onnx, and import that",
    ),
    Format(
        "TensorFlow frozen graph .pb",
        "TensorFlow 1, OpenCV's dnn_superres models",
        looks_like_tensorflow,
        read_tensorflow,
    ),
    Format(
        "Caffe .caffemodel",
        "Caffe: the authors of SRCNN and FSRCNN",
        _is_caffe,
        refusal="is a .caffemodel of Caffe, which is not read here: convert it to ONNX "
        "(caffe2onnx), or use the authors' .mat file",
    ),
)
