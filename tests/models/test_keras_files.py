"""Keras' HDF5 files, written as Keras writes them by the library h5py."""

import json

import h5py
import numpy as np
import pytest
import torch
from torch.nn import functional

from foreign_networks import PLANE, assert_layers, random_layers, refused, run, slow_network
from srcnn_cli.models.foreign.importer import import_weights

PICTURE = torch.from_numpy(PLANE)[None, None]


def fixed(names):
    """Texts as Keras 2 stores them: bytes of equal length."""
    return np.array([name.encode() for name in names]) if names else np.zeros(0, "S1")


def save(path, layers, *, model=None, text="fixed"):
    """A file with the arrays of each layer, and the model unless it has weights alone."""
    with h5py.File(path, "w") as file:
        root = file
        if model is not None:
            described = json.dumps({"class_name": "Functional", "config": {"layers": model}})
            file.attrs["model_config"] = described.encode() if text == "fixed" else described
            root = file.create_group("model_weights")
        root.attrs["layer_names"] = fixed([*layers]) if text == "fixed" else [*layers]
        for name, arrays in layers.items():
            group = root.create_group(name)
            names = [f"{name}/w{index}:0" for index in range(len(arrays))]
            group.attrs["weight_names"] = fixed(names) if text == "fixed" or not names else names
            for weight, array in zip(names, arrays, strict=True):
                group[weight] = array
    return path


def keras(weight):
    """(f, f, in, out) of (out, in, f, f)."""
    return weight.transpose(2, 3, 1, 0)


def described(kind, name, **values):
    return {"class_name": kind, "config": {"name": name, **values}}


@pytest.mark.parametrize("text", ["fixed", "variable"])
def test_weights_alone_are_taken_in_the_order_that_the_file_gives(tmp_path, text):
    layers = random_layers((9, 3, 5), (4, 4))
    # Alphabetical order, in which HDF5 lists them, is another.
    names = ["conv2d_9", "conv2d_10", "conv2d_11"]
    arrays = {name: [keras(w), b] for name, (w, b) in zip(names, layers, strict=True)}
    content = {"input_1": [], **arrays, "activation_3": []}
    config, tensors, sentence = import_weights(save(tmp_path / "a_x3.h5", content, text=text))
    assert config.name == "srcnn-9-3-5"
    assert "weights of Keras" in sentence
    assert_layers(tensors, layers)


def test_keras_3_keeps_them_by_the_names_of_the_layers(tmp_path):
    layers = random_layers((9, 1, 5), (4, 3))
    with h5py.File(tmp_path / "a_x2.weights.h5", "w") as file:
        for index, (weight, bias) in enumerate(layers):
            name = "conv2d" if not index else f"conv2d_{index}"
            group = file.create_group(f"layers/{name}/vars")
            group["0"], group["1"] = keras(weight), bias
        file.create_group("layers/input_layer/vars")
    assert_layers(import_weights(tmp_path / "a_x2.weights.h5")[1], layers)


def test_theanos_order_of_keras_1(tmp_path):
    layers = random_layers((9, 5, 5), (4, 3))
    content = {f"convolution2d_{i}": [w, b] for i, (w, b) in enumerate(layers, start=1)}
    assert_layers(import_weights(save(tmp_path / "a_x2.h5", content))[1], layers)


def test_a_model_says_activations_and_border(tmp_path):
    layers = random_layers((5, 1, 3), (4, 3))
    names = ["first", "second", "third"]
    content = {name: [keras(w), b] for name, (w, b) in zip(names, layers, strict=True)}
    model = [
        described("InputLayer", "input"),
        described("Conv2D", "first", activation="relu", padding="same", strides=[1, 1]),
        described("Conv2D", "second", activation="linear", padding="same"),
        described("Activation", "act", activation="relu"),
        described("Conv2D", "third", activation="linear", padding="same"),
    ]
    path = save(tmp_path / "a_x2.h5", content, model=model)
    config, tensors, sentence = import_weights(path)
    assert (config.architecture, config.border) == ("srcnn", "zero")
    assert "a Keras model" in sentence
    expected = slow_network(PLANE, layers, mode="constant")
    np.testing.assert_allclose(run(config, tensors, PLANE), expected, rtol=0, atol=1e-5)
    model.append(described("Add", "add"))
    config, tensors, _ = import_weights(save(tmp_path / "a_x2.h5", content, model=model))
    assert config.architecture == "vdsr"
    model[1]["config"]["activation"] = "elu"
    refused(save(tmp_path / "a_x2.h5", content, model=model), "joined by elu")


def save_as_keras_3(path, content):
    """Groups by class and number, which HDF5 lists by name: all convolutions before all slopes."""
    with h5py.File(path, "w") as file:
        counts = {}
        for name, arrays in content.items():
            kind = {"c": "conv2d", "p": "p_re_lu", "d": "conv2d_transpose"}[name[0]]
            number = counts[kind] = counts.get(kind, -1) + 1
            group = file.create_group(f"layers/{kind}{f'_{number}' * (number > 0)}/vars")
            for index, array in enumerate(arrays):
                group[str(index)] = array
    return path


@pytest.mark.parametrize("form", ["model", "weights", "weights of Keras 3"])
@pytest.mark.parametrize("scale", [2, 3])
def test_fsrcnn(tmp_path, form, scale):
    rng = np.random.default_rng(0)
    shapes = [(5, 5, 1, 6), (1, 1, 6, 3), (3, 3, 3, 3), (1, 1, 3, 6)]
    content, model, planes = {}, [described("InputLayer", "in")], PICTURE
    for index, shape in enumerate(shapes):
        weight = rng.normal(0, np.prod(shape[:3]) ** -0.5, shape).astype(np.float32)
        bias = rng.normal(0, 0.1, shape[3]).astype(np.float32)
        slope = rng.uniform(0, 0.5, (1, 1, shape[3])).astype(np.float32)
        content |= {f"conv_{index}": [weight, bias], f"prelu_{index}": [slope]}
        model.append(described("Conv2D", f"conv_{index}", padding="same", activation="linear"))
        model.append(described("PReLU", f"prelu_{index}", shared_axes=[1, 2]))
        kernel = torch.from_numpy(weight.transpose(3, 2, 0, 1).copy())
        planes = functional.conv2d(planes, kernel, torch.from_numpy(bias), padding="same")
        planes = functional.prelu(planes, torch.from_numpy(slope.ravel()))
    weight = rng.normal(0, 0.05, (9, 9, 1, 6)).astype(np.float32)  # (f, f, out, in)
    content["deconv"] = [weight, np.array([0.1], np.float32)]
    model.append(described("Conv2DTranspose", "deconv", padding="same", strides=[scale, scale]))
    kernel = torch.from_numpy(weight.transpose(3, 2, 0, 1).copy())
    full = functional.conv_transpose2d(planes, kernel, torch.tensor([0.1]), scale)
    before = (9 - scale) // 2
    rows, columns = (slice(before, before + side * scale) for side in PLANE.shape)
    path = tmp_path / f"f_x{scale}.h5"
    if form == "weights of Keras 3":
        save_as_keras_3(path, content)
    else:
        save(path, content, model=model if form == "model" else None)
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales) == ("fsrcnn", (scale,))
    result = run(config, tensors, PLANE)
    np.testing.assert_allclose(result, full[0, 0, rows, columns].numpy(), rtol=0, atol=2e-5)


def test_espcn(tmp_path):
    layers = random_layers((5, 3), (6,))
    last = random_layers((3, 3), (9,), seed=4)[0]
    weight, bias = np.repeat(last[0], 6, axis=1), last[1]
    content = {"a": [keras(layers[0][0]), layers[0][1]], "b": [keras(weight), bias]}
    model = [
        described("Conv2D", "a", padding="same", activation="tanh"),
        described("Conv2D", "b", padding="same", activation="linear"),
        described("Lambda", "depth_to_space"),
    ]
    config, tensors, _ = import_weights(save(tmp_path / "espcn.h5", content, model=model))
    assert (config.architecture, config.scales) == ("espcn", (3,))
    assert_layers(tensors, [layers[0], (weight, bias)])


@pytest.mark.parametrize(
    ("layer", "arrays", "words"),
    [
        (described("Dense", "x"), [np.ones((4, 4), "f4")], "no network here has: Dense"),
        (described("BatchNormalization", "x"), [np.ones(4, "f4")] * 4, "BatchNormalization"),
        (described("PReLU", "x"), [np.ones((8, 8, 4), "f4")], "for each pixel"),
        (described("Conv2D", "x", strides=[2, 2]), [np.ones((3, 3, 4, 4), "f4")], "strides"),
    ],
)
def test_other_layers_are_refused_with_the_reason(tmp_path, layer, arrays, words):
    first, second = random_layers((3, 3), (4,))
    content = {"a": [keras(first[0])], "x": arrays, "b": [keras(second[0])]}
    model = [described("Conv2D", "a"), layer, described("Conv2D", "b")]
    refused(save(tmp_path / "a_x2.h5", content, model=model), words)


def test_hdf5_of_something_else_and_damaged_ones(tmp_path):
    with h5py.File(tmp_path / "other_x2.h5", "w") as file:
        file["data"] = np.ones(3)
    refused(tmp_path / "other_x2.h5", "Keras did not write")
    layers = random_layers((3, 3), (4,))
    content = {f"c{i}": [keras(w), b] for i, (w, b) in enumerate(layers)}
    path = save(tmp_path / "a_x2.h5", content)
    data = path.read_bytes()
    for share in range(20):
        path.write_bytes(data[: len(data) * share // 20])
        refused(path, ".")


def test_a_missing_reader_is_named_with_what_to_type(tmp_path, monkeypatch, srcnn):
    import sys

    path = save(tmp_path / "a_x2.h5", {"c": []})
    monkeypatch.setitem(sys.modules, "pyfive", None)
    code, _, err = srcnn("import", path, "-o", tmp_path / "o.safetensors")
    assert code == 2
    assert "needs pyfive" in err
    assert "[keras]" in err
