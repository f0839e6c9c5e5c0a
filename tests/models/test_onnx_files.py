"""ONNX models of other programs: what the graph says is taken over, in the order of its nodes."""

# ruff: noqa: D102

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from foreign_modules import Espcn, Fsrcnn, Srcnn, Vdsr, randomize
from foreign_networks import refused, run
from srcnn_cli.models.foreign.importer import import_weights
from srcnn_cli.models.foreign.onnx_files import read_graph


class Builder:
    """An ONNX model that grows node by node, by the library ``onnx``."""

    def __init__(self, channels=1, seed=0):
        self.nodes, self.constants = [], []
        self.value, self.maps = "x", channels
        self.channels = channels
        self._rng = np.random.default_rng(seed)

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, operator, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [*inputs], [output], **attributes))
        self.value = output
        return output

    def random(self, *shape):
        return self._rng.normal(0, np.prod(shape[1:]) ** -0.5, shape).astype(np.float32)

    def conv(self, out, side, *, bias=True, **attributes):
        inputs = [self.constant(self.random(out, self.maps, side, side))]
        if bias:
            inputs.append(self.constant(self.random(out)))
        attributes = attributes or {"pads": [side // 2] * 4}
        self.maps = out
        return self.node("Conv", self.value, *inputs, **attributes)

    def then(self, operator, *constants, **attributes):
        inputs = [self.constant(np.asarray(c, np.float32)) for c in constants]
        return self.node(operator, self.value, *inputs, **attributes)

    def save(self, path, *, planes=None, opset=13):
        value = [1, self.channels, None, None]
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, value)],
            [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, [1, planes, None, None])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 7
        onnx.save(model, path)
        return path


def assert_same(path, config, tensors, channels=1):
    """The imported network computes what ONNX Runtime makes of the file."""
    planes = np.random.default_rng(5).random((channels, 12, 15)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options)
    expected = session.run(None, {"x": planes[None]})[0][0]
    if channels == 1:
        result = run(config, tensors, planes[0])[None]
    else:
        from srcnn_cli.engines.tiling import run_plane
        from srcnn_cli.engines.torch_engine import TorchEngine

        result = run_plane(TorchEngine(config, tensors, torch.device("cpu")), planes, 64)
    np.testing.assert_allclose(result, expected, rtol=0, atol=3e-5)


def srcnn(**options):
    net = Builder(**options)
    net.conv(6, 5)
    net.then("Relu")
    net.conv(4, 1)
    net.then("Relu")
    net.conv(net.channels, 3)
    return net


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_of_convolutions_is_srcnn(tmp_path, channels):
    path = srcnn(channels=channels).save(tmp_path / "a_x3.onnx")
    config, tensors, sentence = import_weights(path)
    assert (config.architecture, config.filters, config.border) == ("srcnn", (5, 1, 3), "zero")
    assert "an ONNX model" in sentence
    assert_same(path, config, tensors, channels)


def test_a_sum_with_the_input_is_vdsr_of_any_depth(tmp_path):
    net = srcnn()
    net.node("Add", net.value, "x")
    path = net.save(tmp_path / "a_x2x3.onnx")
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales) == ("vdsr", (2, 3))
    assert_same(path, config, tensors)


def test_ten_layers_without_a_sum_are_direct(tmp_path):
    net = Builder()
    for _ in range(9):
        net.conv(4, 3)
        net.then("Relu")
    net.conv(1, 3)
    path = net.save(tmp_path / "a_x2.onnx")
    config, tensors, _ = import_weights(path)
    assert config.architecture == "srcnn"
    assert_same(path, config, tensors)


def test_pads_of_the_edge_are_the_border_policy(tmp_path):
    net = Builder()
    for out, side in ((4, 5), (1, 3)):
        amounts = [0, 0, side // 2, side // 2] * 2
        net.node("Pad", net.value, net.constant(np.array(amounts, np.int64)), mode="edge")
        net.conv(out, side, pads=[0] * 4)
        if out > 1:
            net.then("Relu")
    path = net.save(tmp_path / "a_x2.onnx")
    config, tensors, _ = import_weights(path)
    assert config.border == "replicate"
    assert_same(path, config, tensors)


@pytest.mark.parametrize("residual", [False, True])
def test_a_constant_around_the_picture_is_a_mean(tmp_path, residual):
    """As exports have it whose means are folded into the biases."""
    net = Builder()
    amounts = net.constant(np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64))
    net.node("Pad", net.value, amounts, net.constant(np.float32(0.4)), mode="constant")
    net.conv(4, 5, pads=[0] * 4)
    net.then("Relu")
    net.conv(1, 3)
    if residual:
        net.node("Add", net.value, "x")
    path = net.save(tmp_path / "a_x2.onnx")
    config, tensors, _ = import_weights(path)
    assert (config.border, config.mean) == ("zero", pytest.approx(0.4))
    assert_same(path, config, tensors)


def low_resolution(activate, *, scale=3, channels=1):
    net = Builder(channels)
    net.conv(6, 5)
    activate(net)
    net.conv(4, 3)
    activate(net)
    net.conv(channels * scale**2, 3)
    return net


def relu(net):
    net.then("Relu")


def composite_prelu(net):
    """PReLU of the oldest TensorFlow code: relu(x) + a (x - |x|) / 2."""
    x = net.value
    positive = net.node("Relu", x)
    difference = net.node("Sub", x, net.node("Abs", x))
    slopes = net.constant(np.linspace(0.1, 0.4, net.maps, dtype=np.float32).reshape(-1, 1, 1))
    scaled = net.node("Mul", slopes, difference)
    half = net.node("Mul", scaled, net.constant(np.float32(0.5)))
    net.node("Add", positive, half)


def keras_prelu(net):
    """PReLU of Keras: relu(x) + (-a) relu(-x)."""
    x = net.value
    positive = net.node("Relu", x)
    negative = net.node("Relu", net.node("Neg", x))
    slopes = net.constant(-np.linspace(0.1, 0.4, net.maps, dtype=np.float32).reshape(-1, 1, 1))
    net.node("Add", positive, net.node("Mul", slopes, negative))


def largest(net):
    x = net.value
    net.node("Max", x, net.node("Mul", x, net.constant(np.float32(0.2))))


ACTIVATIONS = {
    "tanh": (lambda net: net.then("Tanh"), "espcn"),
    "relu": (relu, "espcn-relu"),
    "prelu": (lambda net: net.then("PRelu", np.full((net.maps, 1, 1), 0.3)), "fsrcnn"),
    "one slope": (lambda net: net.then("PRelu", [0.3]), "fsrcnn"),
    "leaky": (lambda net: net.then("LeakyRelu", alpha=0.2), "fsrcnn"),
    "composite": (composite_prelu, "fsrcnn"),
    "keras": (keras_prelu, "fsrcnn"),
    "largest": (largest, "fsrcnn"),
    "none": (lambda net: net.then("Identity"), "fsrcnn"),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_in_any_form_are_recognised(tmp_path, activation):
    activate, architecture = ACTIVATIONS[activation]
    net = low_resolution(activate)
    net.then("DepthToSpace", blocksize=3, mode="CRD")
    path = net.save(tmp_path / "a.onnx")
    config, tensors, _ = import_weights(path, scales=None)
    assert (config.architecture, config.scales) == (architecture, (3,))
    assert_same(path, config, tensors)


@pytest.mark.parametrize("mode", ["CRD", "DCR"])
def test_subpixels_of_colours_are_put_in_order(tmp_path, mode):
    net = low_resolution(relu, scale=2, channels=3)
    net.then("DepthToSpace", blocksize=2, mode=mode)
    path = net.save(tmp_path / "a.onnx")
    config, tensors, _ = import_weights(path)
    assert_same(path, config, tensors, channels=3)


def test_pixel_shuffle_of_older_exports(tmp_path):
    net = low_resolution(relu)
    net.node("Reshape", net.value, net.constant(np.array([1, 1, 3, 3, 12, 15], np.int64)))
    net.then("Transpose", perm=[0, 1, 4, 2, 5, 3])
    net.node("Reshape", net.value, net.constant(np.array([1, 1, 36, 45], np.int64)))
    path = net.save(tmp_path / "a.onnx", opset=9)
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales) == ("espcn-relu", (3,))
    assert_same(path, config, tensors)


@pytest.mark.parametrize(("scale", "side", "pad"), [(2, 9, 4), (3, 9, 4), (2, 6, 2), (4, 8, 2)])
def test_transposed_convolutions(tmp_path, scale, side, pad):
    net = Builder()
    net.conv(6, 5)
    net.then("PRelu", np.full((6, 1, 1), 0.3))
    weight = net.constant(net.random(6, 1, side, side))
    extra = scale - side + 2 * pad
    net.node(
        "ConvTranspose", net.value, weight, net.constant(net.random(1)),
        strides=[scale] * 2, pads=[pad] * 4, output_padding=[extra] * 2,
    )  # fmt: skip
    path = net.save(tmp_path / "a.onnx")
    config, tensors, _ = import_weights(path)
    assert (config.architecture, config.scales) == ("fsrcnn", (scale,))
    assert_same(path, config, tensors)


def test_constants_around_the_layers_are_folded_into_them(tmp_path):
    net = Builder()
    net.then("Mul", 255)
    net.then("Sub", 110)
    net.then("Div", 50)
    net.conv(5, 3, bias=False)
    net.then("Add", np.full((1, 5, 1, 1), 0.2))
    net.then("Relu")
    net.conv(4, 3)
    statistics = [np.full(4, v) for v in (1.5, 0.1, 0.2, 0.7)]
    net.then("BatchNormalization", *statistics)
    net.then("Relu")
    net.conv(1, 3)
    net.then("Mul", 50)
    net.then("Add", [110])
    net.then("Div", 255)
    net.then("Clip", 0, 1)
    path = net.save(tmp_path / "a_x2.onnx")
    config, tensors, _ = import_weights(path)
    assert config.mean == pytest.approx(110 / 255)
    planes = np.random.default_rng(5).random((12, 15)).astype(np.float32)
    expected = onnxruntime.InferenceSession(str(path)).run(None, {"x": planes[None, None]})[0][0, 0]
    result = np.clip(run(config, tensors, planes), 0, 1)
    np.testing.assert_allclose(result, expected, rtol=0, atol=3e-5)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda net: net.conv(4, 3, strides=[2, 2], pads=[1] * 4), "strides"),
        (lambda net: net.conv(4, 3, dilations=[2, 2], pads=[2] * 4), "gaps"),
        (lambda net: net.then("Sigmoid"), "no network here has: Sigmoid"),
        (lambda net: net.then("GlobalAveragePool"), "no network here has: GlobalAveragePool"),
        (lambda net: net.node("Concat", net.value, net.value, axis=1), "here has: Concat"),
        (lambda net: (net.then("Relu"), net.then("Add", [0.1])), "after an activation"),
        (lambda net: net.then("Clip", 0, 1), "limited to a range"),
        (lambda net: (net.conv(4, 3), net.node("Add", net.value, "v0")), "residual network"),
        (lambda net: (net.then("Tanh"), net.then("Relu")), "after a tanh"),
        (
            lambda net: net.node(
                "Pad",
                net.value,
                net.constant(np.array([0, 0, 1, 1] * 2, np.int64)),
                net.constant(np.float32(0.5)),
            ),
            "continues its planes with 0.5",
        ),
    ],
)
def test_other_networks_are_refused_with_the_reason(tmp_path, build, words):
    net = Builder()
    net.conv(4, 3)
    build(net)
    net.conv(1, 3)
    refused(net.save(tmp_path / "a_x2.onnx"), words)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda net: net.then("Tanh"), "ends in a tanh"),
        (lambda net: net.then("LeakyRelu"), None),
        (lambda net: net.then("Sigmoid"), "Sigmoid"),
        (lambda net: net.conv(9, 3), "in between|put together"),
    ],
)
def test_what_follows_the_last_layer(tmp_path, end, words):
    net = srcnn()
    end(net)
    path = net.save(tmp_path / "a_x2.onnx")
    if words:
        refused(path, words)
    else:
        assert import_weights(path)[0].name == "srcnn-5-1-3"


def test_numbers_in_every_form(tmp_path):
    """Raw, as lists, in half precision, and as nodes of their own."""
    net = srcnn()
    reference = import_weights(net.save(tmp_path / "raw_x2.onnx"))[1]
    model = onnx.load(tmp_path / "raw_x2.onnx")
    first, *others = model.graph.initializer
    values = numpy_helper.to_array(first)
    listed = helper.make_tensor(first.name, TensorProto.FLOAT, values.shape, values.ravel())
    node = helper.make_node("Constant", [], [others[0].name], value=others[0])
    del model.graph.initializer[:]
    model.graph.initializer.extend([listed, *others[1:]])
    model.graph.node.insert(0, node)
    onnx.save(model, tmp_path / "listed_x2.onnx")
    tensors = import_weights(tmp_path / "listed_x2.onnx")[1]
    for name, value in reference.items():
        np.testing.assert_array_equal(tensors[name], value)


MODULES = {
    "srcnn": (Srcnn, "srcnn", "zero"),
    "edge": (lambda: Srcnn("replicate"), "srcnn", "replicate"),
    "vdsr": (Vdsr, "vdsr", "zero"),
    "espcn": (lambda: Espcn(3), "espcn", "zero"),
    "espcn-relu": (lambda: Espcn(2, activation=torch.nn.ReLU), "espcn-relu", "zero"),
    "fsrcnn": (lambda: Fsrcnn(3), "fsrcnn", "zero"),
}


@pytest.mark.filterwarnings("ignore")  # that this exporter is old
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("opset", [9, 17])
def test_what_torch_exports_is_what_its_module_computes(tmp_path, name, opset):
    make, architecture, border = MODULES[name]
    module, planes = randomize(make()), torch.rand(1, 1, 12, 15)
    axes = {2: "height", 3: "width"}
    torch.onnx.export(
        module, planes, tmp_path / "a_x3.onnx", opset_version=opset, dynamo=False,
        input_names=["x"], output_names=["y"],
        dynamic_axes=None if opset == 9 else {"x": axes, "y": axes},
    )  # fmt: skip
    scales = [3] if architecture in {"srcnn", "vdsr"} else None
    config, tensors, _ = import_weights(tmp_path / "a_x3.onnx", scales=scales or _factor(module))
    assert (config.architecture, config.border) == (architecture, border)
    with torch.no_grad():
        expected = module(planes)[0, 0].numpy()
    result = run(config, tensors, planes[0, 0].numpy())
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def _factor(module):
    with torch.no_grad():
        return [module(torch.zeros(1, 1, 9, 9)).shape[-1] // 9]


def test_the_graph_is_read_for_others_too(tmp_path):
    graph = read_graph(srcnn(channels=3).save(tmp_path / "a.onnx", planes=3).read_bytes())
    assert graph.inputs == {"x": [1, 3, None, None]}
    assert list(graph.outputs.values()) == [[1, 3, None, None]]
    assert [node.operator for node in graph.nodes] == ["Conv", "Relu", "Conv", "Relu", "Conv"]
    assert graph.nodes[0].attributes == {"pads": [2, 2, 2, 2]}


def test_damaged_files_are_refused_and_nothing_else(tmp_path):
    path = srcnn().save(tmp_path / "a_x2.onnx")
    data = path.read_bytes()
    for share in range(30):
        path.write_bytes(data[: len(data) * share // 30])
        refused(path, ".")
    rng = np.random.default_rng(0)
    from srcnn_cli.errors import ModelError

    for _ in range(60):
        wrong = np.frombuffer(data, np.uint8).copy()
        where = rng.integers(0, len(wrong), rng.choice([1, 3, 30]))
        wrong[where] = rng.integers(0, 256, len(where))
        path.write_bytes(wrong.tobytes())
        try:
            _, tensors, _ = import_weights(path, scales=[2])
        except ModelError:
            continue
        assert all(np.isfinite(value).all() for value in tensors.values())
