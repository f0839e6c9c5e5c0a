"""Networks that give what they get, for tests that look at everything around a network."""

import numpy as np

from srcnn_cli.models.config import ModelConfig


def identity_config(color="y", side=3, **values):
    """One layer of that many pixels each way on the planes of that name."""
    return ModelConfig(filters=(side,), widths=(), color=color, **values)


def identity_tensors(config):
    """Its weights under their names in a weights file."""
    weight = np.zeros(config.layer_shapes[0], np.float32)
    planes = range(config.channels)
    weight[planes, planes, config.filters[0] // 2, config.filters[0] // 2] = 1
    return {"conv1.weight": weight, "conv1.bias": np.zeros(config.channels, np.float32)}
