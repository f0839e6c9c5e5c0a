"""Networks of random weights, for tests that compare two ways of running them."""

import numpy as np


def random_tensors(config, seed=0):
    """Weights and biases under their names in a weights file, large enough to matter."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in config.tensor_shapes.items():
        spread = np.prod(shape[1:]) ** -0.5 if name.endswith("weight") else 0.2
        tensors[name] = rng.normal(0, spread, shape).astype(np.float32)
    return tensors
