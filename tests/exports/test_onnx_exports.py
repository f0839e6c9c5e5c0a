"""ONNX exports in the programs that run such files, against what `srcnn upscale` computes."""

import numpy as np
import onnxruntime
import pytest

from networks_to_export import SHAPES, network, on_its_grid, ours, picture, with_chrominance
from srcnn_cli.exports.onnx_picture import OnnxPicture
from srcnn_cli.exports.onnx_plane import OnnxPlane


def in_onnxruntime(model):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda planes: session.run(["y"], {"x": planes[None]})[0][0]


def in_opencv(model):
    cv2 = pytest.importorskip("cv2")
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))

    def run(planes):
        net.setInput(planes[None], "x")
        return net.forward()[0]

    return run


def in_openvino(model):
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    # By default OpenVINO computes in bfloat16 where the processor can.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", exact)
    return lambda planes: compiled(planes[None])[0][0]


PROGRAMS = [in_onnxruntime, in_opencv, in_openvino]
BORDERS = ["normalize", "replicate", "zero"]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("architecture", SHAPES)
def test_the_plane_form_is_the_network(program, border, architecture):
    exported = network(architecture, 3, border)
    run = program(OnnxPlane().files(exported)[".onnx"])
    for size in ((13, 18), (9, 7)):  # one file for all sizes
        plane = picture(*size, channels=1)
        result = run(np.ascontiguousarray(on_its_grid(exported, plane), np.float32))
        np.testing.assert_allclose(result[0], ours(exported, plane[0]), rtol=0, atol=5e-5)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("color", ["y", "rgb", "ycbcr"])
@pytest.mark.parametrize("architecture", SHAPES)
def test_the_whole_form_enlarges_pictures(program, color, architecture):
    exported = network(architecture, 2, "normalize", color=color)
    run = program(OnnxPicture().files(exported)[".onnx"])
    for size in ((13, 18), (9, 7)):
        expected = ours(exported, picture(*size))
        assert ((expected < 0) | (expected > 1)).any()  # so that clipping is seen
        np.testing.assert_allclose(run(picture(*size)), expected.clip(0, 1), rtol=0, atol=5e-5)


@pytest.mark.parametrize("program", [in_onnxruntime, in_openvino])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("scale", [1, 2])
def test_the_whole_form_puts_colours_right(program, border, scale):
    exported = with_chrominance(network("subpixel", scale, border), border)
    run = program(OnnxPicture().files(exported)[".onnx"])
    for size in ((14, 18), (13, 18), (9, 7)):
        planes = picture(*size)
        expected = ours(exported, planes)
        assert np.abs(expected - ours(exported._replace(chrominance=None), planes)).max() > 0.05
        np.testing.assert_allclose(run(planes), expected.clip(0, 1), rtol=0, atol=5e-5)


@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("border", BORDERS)
def test_any_mean_becomes_part_of_the_biases(border, mean):
    exported = network("srcnn", 2, border, mean=mean)
    run = in_onnxruntime(OnnxPlane().files(exported)[".onnx"])
    plane = picture(channels=1)
    result = run(np.ascontiguousarray(on_its_grid(exported, plane), np.float32))
    np.testing.assert_allclose(result[0], ours(exported, plane[0]), rtol=0, atol=5e-5)


@pytest.mark.parametrize("made", [OnnxPlane(), OnnxPicture()])
@pytest.mark.parametrize("architecture", SHAPES)
def test_the_files_keep_to_the_standard_and_say_what_they_are(made, architecture):
    onnx = pytest.importorskip("onnx")
    exported = network(architecture, 4, "normalize")
    model = onnx.load_from_string(made.files(exported)[".onnx"])
    onnx.checker.check_model(model, full_check=True)
    words = {entry.key: entry.value for entry in model.metadata_props}
    assert words["name"] == f"{architecture}-x4"
    assert (words["scale"], words["planes"]) == ("4", "y")
    assert [i.name for i in model.graph.input] == ["x"]
    assert [o.name for o in model.graph.output] == ["y"]
