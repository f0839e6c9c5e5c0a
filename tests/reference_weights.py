"""The authors' own weights, read here once more and in another way than by the importer."""

import numpy as np
from scipy.io import loadmat

from srcnn_cli.models.config import ModelConfig


def srcnn_reference(shared_data, name):
    """SRCNN ×3 from the authors' Caffe code: column-major, each filter stored transposed."""
    content = loadmat(shared_data / "reference" / "weights" / f"srcnn-{name}-x3.mat")
    filters = tuple(int(f) for f in name.split("-"))
    first, second, third = (content[f"weights_conv{i}"] for i in (1, 2, 3))
    n1, n2 = first.shape[1], third.shape[0]
    # A row-major reading of a column-major filter is its transpose: both undo each other.
    layers = [
        first.T.reshape(n1, 1, filters[0], filters[0]),
        np.moveaxis(second, 2, 0).reshape(n2, n1, filters[1], filters[1]),
        third.reshape(1, n2, filters[2], filters[2]),
    ]
    biases = [content[f"biases_conv{i}"] for i in (1, 2, 3)]
    config = ModelConfig(filters=filters, widths=(n1, n2), scales=(3,), border="replicate")
    return config, _tensors(layers, biases)


def vdsr_reference(shared_data):
    """The VDSR authors' own: filters (h, w, in, out)."""
    model = loadmat(shared_data / "reference" / "weights" / "vdsr-official.mat")["model"][0, 0]
    layers = []
    for stored in model["weight"].ravel():
        filters = stored.reshape(*stored.shape, *[1] * (4 - stored.ndim))  # MATLAB drops 1s
        layers.append(filters.transpose(3, 2, 0, 1))
    config = ModelConfig("vdsr", (3,) * 20, (64,) * 19, scales=(2, 3, 4), border="zero")
    return config, _tensors(layers, model["bias"].ravel())


def _tensors(layers, biases):
    tensors = {}
    for index, (weight, bias) in enumerate(zip(layers, biases, strict=True), start=1):
        tensors[f"conv{index}.weight"] = np.ascontiguousarray(weight, np.float32)
        tensors[f"conv{index}.bias"] = bias.ravel().astype(np.float32)
    return tensors
