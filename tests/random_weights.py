"""Networks of random weights, for tests that compare two ways of running them."""

import numpy as np


def random_tensors(config, seed=0):
    """Weights and biases under their names in a weights file, large enough to matter."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for index, shape in enumerate(config.layer_shapes, start=1):
        weight = rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
        tensors[f"conv{index}.weight"] = weight.astype(np.float32)
        tensors[f"conv{index}.bias"] = rng.normal(0, 0.2, shape[0]).astype(np.float32)
    return tensors
