"""Dictionaries of random values, for tests."""

import numpy as np

from srcnn_cli.models.dictionaries import DictionaryConfig

VALUES = {
    "sc": {"penalty": 0.15, "side": 5, "step": 1, "taps": 2},
    "ne-nnls": {"neighbours": 6},
    "ne-lle": {"neighbours": 6},
    "zeyde": {"sparsity": 3},
    "anr": {"neighbours": 8, "penalty": 0.01},
    "a-plus": {"rank": 9},
}


def small_config(method, scale=3, atoms=20, features=7):
    values = {"side": 3 * scale, "step": scale, "taps": scale, **VALUES[method]}
    return DictionaryConfig(method, (scale,), features=features, atoms=atoms, **values)


def random_dictionary(config, seed=0):
    rng = np.random.default_rng(seed)
    tensors = {
        name: (rng.standard_normal(shape) / 10).astype(np.float32)
        for name, shape in config.tensor_shapes.items()
    }
    projection, _ = np.linalg.qr(tensors["projection"])
    tensors["projection"] = projection.astype(np.float32)
    tensors["atoms"] /= np.linalg.norm(tensors["atoms"], axis=1, keepdims=True)
    return tensors
