"""Networks as other programs have them, and what an import makes of them."""

import numpy as np
import pytest
import torch

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import ModelError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign.importer import import_weights


def slow_network(plane, layers, *, residual=False, mode="edge"):
    """Correlation by its definition, ``layers`` being (weight (out, in, f, f), bias)."""
    maps = plane[None].astype(np.float64)
    height, width = plane.shape
    for index, (weight, bias) in enumerate(layers):
        radius = weight.shape[2] // 2
        padded = np.pad(maps, ((0, 0), (radius, radius), (radius, radius)), mode)
        outputs = []
        for filters, offset in zip(weight, bias, strict=True):
            total = np.full((height, width), float(offset))
            for source, square in zip(padded, filters, strict=True):
                for (row, column), value in np.ndenumerate(square):
                    total += value * source[row : row + height, column : column + width]
            outputs.append(total)
        maps = np.array(outputs)
        if index < len(layers) - 1:
            maps = np.maximum(maps, 0)
    return maps[0] + plane if residual else maps[0]


def random_layers(filters=(5, 3, 3), widths=(4, 3), color="y", seed=0):
    rng = np.random.default_rng(seed)
    config = ModelConfig(filters=filters, widths=widths, color=color)
    return [
        (rng.normal(0, 0.3, shape).astype(np.float32), rng.normal(0, 0.1, shape[0]).astype("f4"))
        for shape in config.layer_shapes
    ]


def run(config, tensors, plane):
    engine = TorchEngine(config, tensors, torch.device("cpu"))
    return run_plane(engine, plane[None].astype(np.float32), 128)[0]


PLANE = np.random.default_rng(9).random((13, 17)).astype(np.float32)


def as_tensors(layers, names, biases=True):
    """A state dict: ``names`` are the stems of the layers, first to last."""
    state = {}
    for name, (weight, bias) in zip(names, layers, strict=True):
        state[f"{name}.weight"] = torch.from_numpy(weight)
        if biases:
            state[f"{name}.bias"] = torch.from_numpy(bias)
    return state


def assert_layers(tensors, layers, *, biases=True):
    assert len(tensors) == 2 * len(layers)
    for index, (weight, bias) in enumerate(layers, start=1):
        np.testing.assert_array_equal(tensors[f"conv{index}.weight"], weight)
        np.testing.assert_array_equal(tensors[f"conv{index}.bias"], bias if biases else 0 * bias)


def refused(path, words, **options):
    with pytest.raises(ModelError, match=words) as failure:
        import_weights(path, **{"scales": [3], **options})
    assert str(path) in str(failure.value)
    assert failure.value.exit_code == 5
    assert "\n" not in str(failure.value)
