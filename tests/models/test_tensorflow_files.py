"""Frozen graphs of TensorFlow, such as the models of OpenCV's dnn_superres."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from foreign_networks import PLANE, refused, run
from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.importer import import_weights
from tensorflow_graphs import GraphBuilder

PICTURE = torch.from_numpy(PLANE)[None, None]


def convolved(planes, layer):
    weight, bias = (torch.from_numpy(np.array(values)) for values in layer)
    return functional.conv2d(planes, weight, bias, padding="same")


def assert_gives(config, tensors, expected):
    np.testing.assert_allclose(
        run(config, tensors, PLANE), expected[0, 0].numpy(), rtol=0, atol=2e-5
    )


def test_srcnn(tmp_path):
    net = GraphBuilder()
    for out, side in ((5, 9), (4, 1), (1, 5)):
        net.conv(out, side)
        if out > 1:
            net.node("Relu", net.value)
    path = net.save(tmp_path / "srcnn_x3.pb")
    config, tensors, sentence = import_weights(path)
    assert (config.name, config.border, config.scales) == ("srcnn-9-1-5", "zero", (3,))
    assert "frozen graph of TensorFlow" in sentence
    first, second, third = net.layers
    expected = convolved(
        torch.relu(convolved(torch.relu(convolved(PICTURE, first)), second)), third
    )
    assert_gives(config, tensors, expected)


def test_vdsr(tmp_path):
    net = GraphBuilder()
    source = net.value
    net.conv(4, 3)
    net.node("Relu", net.value)
    net.conv(1, 3)
    net.node("AddV2", net.value, source)
    config, tensors, _ = import_weights(net.save(tmp_path / "vdsr_x2.pb"))
    assert config.name == "vdsr-2"
    first, second = net.layers
    assert_gives(
        config, tensors, convolved(torch.relu(convolved(PICTURE, first)), second) + PICTURE
    )


@pytest.mark.parametrize("form", ["content", "listed"])
def test_espcn_with_its_subpixels_in_tensorflows_order(tmp_path, form):
    net = GraphBuilder(channels=3)
    net.node("Transpose", net.value, net.constant(np.array([0, 2, 3, 1], np.int32)))
    net.conv(6, 5, form=form)
    net.node("Tanh", net.value)
    net.conv(12, 3)
    net.node("DepthToSpace", net.value, block_size=2)
    net.node("Transpose", net.value, net.constant(np.array([0, 3, 1, 2], np.int32)))
    config, tensors, _ = import_weights(net.save(tmp_path / "espcn.pb"))
    assert (config.architecture, config.scales, config.color) == ("espcn", (2,), "rgb")
    first, second = net.layers
    # depth_to_space by its definition: planes are (row, column, channel).
    rows = second[0].reshape(2, 2, 3, *second[0].shape[1:])
    for channel in range(3):
        for row in range(2):
            for column in range(2):
                plane = channel * 4 + row * 2 + column
                np.testing.assert_array_equal(
                    tensors["conv2.weight"][plane], rows[row, column, channel]
                )
    np.testing.assert_array_equal(tensors["conv1.weight"], first[0])


def slopes(net):
    return np.linspace(0.1, 0.5, net.maps, dtype=np.float32)


def prelu(net):
    """As TensorFlow 1 code writes it: relu(x) + a (x - |x|) / 2, a (out,)."""
    x = net.value
    positive, magnitude = net.node("Relu", x), net.node("Abs", x)
    difference = net.node("Sub", x, magnitude)
    scaled = net.node("Mul", net.node("Identity", net.constant(slopes(net))), difference)
    half = net.node("Mul", scaled, net.constant(np.float32(0.5)))
    net.node("Add", positive, half)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_fsrcnn(tmp_path, scale):
    net = GraphBuilder()
    for out, side in ((6, 5), (3, 1), (3, 3), (6, 1)):
        net.conv(out, side)
        prelu(net)
    net.deconv(1, 9, scale)
    config, tensors, _ = import_weights(net.save(tmp_path / "FSRCNN.pb"), scales=None)
    assert (config.architecture, config.scales, config.border) == ("fsrcnn", (scale,), "zero")
    planes = PICTURE
    for layer in net.layers[:-1]:
        planes = convolved(planes, layer)
        negative = torch.linspace(0.1, 0.5, planes.shape[1])[:, None, None]
        planes = torch.where(planes > 0, planes, negative * planes)
    weight, bias = net.layers[-1]
    # "SAME": of the full result, (n - 1) s + 9, the middle n s pixels, less by one above if odd.
    full = functional.conv_transpose2d(
        planes, torch.from_numpy(weight.copy()), torch.from_numpy(bias), scale
    )
    before = (9 - scale) // 2
    height, width = PLANE.shape[0] * scale, PLANE.shape[1] * scale
    expected = full[:, :, before : before + height, before : before + width]
    assert_gives(config, tensors, expected)


def test_the_nodes_may_stand_in_any_order(tmp_path):
    net = GraphBuilder()
    net.conv(4, 3)
    net.node("Relu", net.value)
    net.conv(1, 3)
    expected = import_weights(net.save(tmp_path / "a_x2.pb"))[1]
    nodes = [*net.graph.node]
    del net.graph.node[:]
    net.graph.node.extend(reversed(nodes))
    tensors = import_weights(net.save(tmp_path / "a_x2.pb"))[1]
    for name, value in expected.items():
        np.testing.assert_array_equal(tensors[name], value)


def test_half_precision_is_widened(tmp_path):
    net = GraphBuilder()
    net.conv(4, 3, form="half")
    net.node("Relu", net.value)
    net.conv(1, 3)
    tensors = import_weights(net.save(tmp_path / "a_x2.pb"))[1]
    half = net.layers[0][0].astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(tensors["conv1.weight"], half)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda net: net.node("VariableV2"), "without its weights: freeze it"),
        (lambda net: net.node("Sigmoid", net.value), "no network here has: Sigmoid"),
        (lambda net: net.node("ResizeBicubic", net.value), "no network here has: ResizeBicubic"),
        (lambda net: net.conv(4, 3, strides=(1, 2, 2, 1)), "strides"),
    ],
)
def test_other_graphs_are_refused_with_the_reason(tmp_path, build, words):
    net = GraphBuilder()
    net.conv(4, 3)
    build(net)
    net.conv(1, 3)
    refused(net.save(tmp_path / "a_x2.pb"), words)


def test_a_graph_that_runs_in_circles_is_refused(tmp_path):
    net = GraphBuilder()
    net.node("Identity", "b", name="a")
    net.node("Identity", "a", name="b")
    refused(net.save(tmp_path / "a_x2.pb"), "circles")


def test_damaged_files_are_refused_and_nothing_else(tmp_path):
    net = GraphBuilder()
    net.conv(4, 3)
    net.node("Relu", net.value)
    net.conv(1, 3)
    path = net.save(tmp_path / "a_x2.pb")
    data, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(80):
        wrong = np.frombuffer(data, np.uint8).copy()
        where = rng.integers(0, len(wrong), rng.choice([1, 3, 30]))
        wrong[where] = rng.integers(0, 256, len(where))
        path.write_bytes(wrong.tobytes()[: rng.integers(1, len(data) + 1)])
        try:
            _, tensors, _ = import_weights(path, scales=[2])
        except ModelError:
            continue
        assert all(np.isfinite(value).all() for value in tensors.values())
