"""Each format that weights are found in is named, read or not, and the docs say the same."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from foreign_networks import refused
from srcnn_cli.models.foreign.formats import FORMATS, find_format

DOCS = Path(__file__).resolve().parents[2] / "docs" / "import.md"


def archive(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as content:
        for name in names:
            content.writestr(name, b"{}")
    return file.getvalue()


def numpy_file(save, *arrays):
    file = io.BytesIO()
    save(file, *arrays)
    return file.getvalue()


def script():
    file = io.BytesIO()
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(2, 1, 3))
    torch.jit.save(torch.jit.trace(network, torch.ones(1, 1, 9, 9)), file)
    return file.getvalue()


def message(*fields):
    """A protocol buffer's message of short fields."""
    parts = []
    for number, value in fields:
        tag = number << 3 | (0 if isinstance(value, int) else 2)
        parts.append(bytes([tag & 0x7F | 0x80, tag >> 7]) if tag > 0x7F else bytes([tag]))
        parts.append(bytes([value]) if isinstance(value, int) else bytes([len(value)]) + value)
    return b"".join(parts)


def caffe(number):
    layer = message((1, b"conv1"), (2, b"Convolution")) if number == 100 else message((4, b"conv1"))
    return message((1, b"FSRCNN"), (number, layer), (number, layer))


REFUSED = [
    (lambda: numpy_file(np.savez, np.ones((4, 1, 3, 3))), r"NumPy \.npz", r"\.npz archive"),
    (lambda: numpy_file(np.save, np.ones(3)), r"NumPy \.npy", "single NumPy array"),
    (
        lambda: archive("metadata.json", "config.json", "model.weights.h5"),
        r"Keras \.keras",
        r"a \.keras archive.*model\.h5",
    ),
    (
        lambda: archive("net/archive_format", "net/models/model.json"),
        r"\.pt2",
        r"torch\.export \(\.pt2\).*state_dict",
    ),
    (lambda: archive("serialized_exported_program.json"), r"\.pt2", r"torch\.export"),
    (script, "TorchScript", "a TorchScript program.*state_dict"),
    (lambda: caffe(100), r"Caffe", r"a \.caffemodel of Caffe"),
    (lambda: caffe(2), r"Caffe", r"a \.caffemodel of Caffe"),
    (lambda: struct.pack("<I", 28) + b"TFL3" + bytes(40), "Lite", "TensorFlow Lite"),
    (lambda: message((1, 1), (2, message((1, b"x")))), "SavedModel", "SavedModel.*tf2onnx"),
    (lambda: b"7767517\n3 3\n", "ncnn", "ncnn model"),
    (
        lambda: b"sys_info".ljust(257, b"\0") + b"ustar\x0000".ljust(300, b"\0"),
        "2016",
        "tar archive",
    ),
]


@pytest.mark.filterwarnings("ignore")  # that torch.jit is old
@pytest.mark.parametrize(("make", "name", "words"), REFUSED)
def test_a_format_that_is_not_read_is_named_with_what_to_do(tmp_path, make, name, words):
    import re

    data = make()
    assert re.search(name, find_format(data).name)
    path = tmp_path / "weights_x2.pth"  # its name says nothing
    path.write_bytes(data)
    refused(path, words)


def test_every_format_says_what_it_is():
    names = [known.name for known in FORMATS]
    assert len(set(names)) == len(names)
    for known in FORMATS:
        assert (known.read is None) == bool(known.refusal)
        assert known.writer


def test_the_table_in_the_docs_is_that_of_the_code():
    text = DOCS.read_text(encoding="utf-8").partition("| format |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    expected = [
        [known.name, known.writer, "yes" if known.read else "no", known.refusal or "–"]
        for known in FORMATS
    ]
    assert rows == expected
