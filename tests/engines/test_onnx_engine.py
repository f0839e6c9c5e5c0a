"""The ONNX models compute what the torch networks do, and what runs them keeps its promises."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from random_weights import random_tensors
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.openvino_engine import OpenVinoEngine
from srcnn_cli.engines.selection import make_engine
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Edges
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks import onnx_format
from srcnn_cli.models.networks.onnx_graph import last_block, network_model
from srcnn_cli.models.networks.torch_network import PlaneNetwork

ALL_EDGES = [Edges(*map(bool, sides)) for sides in itertools.product([0, 1], repeat=4)]
CONFIGS = [
    ModelConfig(filters=(9, 1, 5), widths=(6, 4), mean=0.5),
    ModelConfig(filters=(3, 5, 3), widths=(3, 2), border="zero", mean=0.25),
    ModelConfig(filters=(5, 3), widths=(7,), color="rgb"),
    ModelConfig("vdsr", (3,) * 5, (8,) * 4, border="zero", scales=(2, 3)),
    ModelConfig("vdsr", (3, 3), (4,), color="ycbcr", mean=0.5),
    ModelConfig(filters=(7,), widths=(), mean=0.5),
    ModelConfig(filters=(9, 1, 5), widths=(6, 4), mean=0.5, border="normalize"),
    ModelConfig(filters=(3, 5, 3, 3, 5), widths=(3, 2, 4, 3), border="normalize"),
    ModelConfig("vdsr", (3,) * 5, (8,) * 4, border="normalize", scales=(2, 3)),
]


def noise(channels=1, height=23, width=31, seed=0):
    return np.random.default_rng(seed).random((channels, height, width)).astype(np.float32)


def in_double_precision(config, tensors, planes, edges):
    network = PlaneNetwork(config).double()
    network.load_state_dict({n: torch.from_numpy(t).double() for n, t in tensors.items()})
    with torch.no_grad():
        return network(torch.from_numpy(planes).double()[None], edges)[0].numpy()


@pytest.mark.parametrize("edges", ALL_EDGES)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.border}")
def test_every_kind_of_patch_gives_what_the_torch_network_gives(config, edges):
    tensors, planes = random_tensors(config, 3), noise(config.channels)
    output = OnnxEngine(config, tensors).run(planes, edges)
    expected = in_double_precision(config, tensors, planes, edges)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


def run_model(data, planes):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": planes[None]})[0][0]


@pytest.mark.parametrize("border", ["replicate", "zero", "normalize"])
@pytest.mark.parametrize("edges", [INTERIOR, WHOLE, Edges(True, False, False, True)])
@pytest.mark.parametrize("size", [(40, 32), (37, 31)])
def test_a_last_layer_in_blocks_changes_no_bit(border, edges, size):
    # Widths as networks that are used have them; others may take another way through the runtime.
    config = ModelConfig(filters=(5, 1, 5), widths=(32, 16), border=border, mean=0.5)
    tensors, planes = random_tensors(config), noise(1, *size)
    plain = run_model(network_model(config, tensors, edges), planes)
    for block in (2, 3, 4):
        in_blocks = run_model(network_model(config, tensors, edges, block=block), planes)
        np.testing.assert_array_equal(in_blocks, plain)


@pytest.mark.parametrize("block", [2, 3])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.border}")
def test_blocks_of_every_network_are_put_where_their_pixels_are(config, block):
    tensors, planes = random_tensors(config), noise(config.channels)
    data = network_model(config, tensors, WHOLE, block=block)
    expected = in_double_precision(config, tensors, planes, WHOLE)
    np.testing.assert_allclose(run_model(data, planes), expected, rtol=0, atol=1e-5)


def test_a_last_layer_of_one_plane_is_done_in_blocks_where_that_saves_much():
    assert last_block(ModelConfig()) == 4  # 9-1-5
    assert last_block(ModelConfig("vdsr", (3,) * 20, (64,) * 19)) == 1  # one layer of twenty
    assert last_block(ModelConfig("subpixel", (3,) * 10, (32,) * 9, scales=(3,))) == 1  # 9 planes


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 2), (20, 20)])
def test_one_engine_takes_patches_of_all_sizes(shape):
    config = CONFIGS[0]
    tensors = random_tensors(config)
    engine = OnnxEngine(config, tensors)
    for height, width in (shape, (13, 17), shape):
        planes = noise(1, height, width)
        expected = in_double_precision(config, tensors, planes, WHOLE)
        np.testing.assert_allclose(engine.run(planes, WHOLE), expected, atol=1e-5)


def test_the_patch_is_not_changed():
    planes = noise()
    for config in CONFIGS[:4:3]:
        OnnxEngine(config, random_tensors(config)).run(planes, INTERIOR)
    np.testing.assert_array_equal(planes, noise())


def test_the_model_says_what_goes_in_and_out():
    config = ModelConfig(filters=(5, 3), widths=(7,), color="rgb")
    data = network_model(config, random_tensors(config), WHOLE)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type) == ("input", "tensor(float)")
    assert (result.name, result.type) == ("output", "tensor(float)")
    assert given.shape == [1, 3, "input height", "input width"]
    assert result.shape[:2] == [1, 3]
    assert session.get_modelmeta().graph_name == config.name
    assert session.get_modelmeta().producer_name == "srcnn-cli"


@pytest.mark.parametrize(
    ("value", "data"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (1 << 21, "80808001")],
)
def test_integers_are_written_as_protocol_buffers_do(value, data):
    assert onnx_format._varint(value).hex() == data


def test_a_message_is_written_as_protocol_buffers_do():
    # The examples of the format's own description: field 1 is 150, field 2 is "testing".
    assert onnx_format.message((1, 150)).hex() == "089601"
    assert onnx_format.message((2, "testing")).hex() == "120774657374696e67"


@pytest.mark.parametrize(
    ("border", "precision", "engine"),
    [
        ("replicate", "float32", OnnxEngine),
        ("zero", "float32", OnnxEngine),
        ("normalize", "float32", OnnxEngine),
        ("replicate", "bfloat16", OpenVinoEngine),
    ],
)
def test_openvino_runs_what_onnx_runtime_cannot(border, precision, engine):
    config = ModelConfig(border=border)
    made = make_engine(config, random_tensors(config), "cpu", precision=precision)
    assert type(made) is engine


class Failing:
    """In place of ONNX Runtime's session."""

    def __init__(self, words):
        self.words = words

    def run(self, *_):
        """Fail."""
        raise RuntimeError(self.words)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("bfc_arena.cc:360 AllocateRawInternal Failed to allocate memory", OutOfMemoryError),
        ("std::bad_alloc", OutOfMemoryError),
        ("Got invalid dimensions for input", RuntimeError),
    ],
)
def test_running_out_of_memory_has_its_own_error(monkeypatch, words, error):
    config = ModelConfig(filters=(3,), widths=())
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: Failing(words))
    engine = OnnxEngine(config, random_tensors(config))
    with pytest.raises(error):
        engine.run(noise(), WHOLE)


def in_a_process_of_its_own(script):
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=True,
    )


PATCH = """
import resource, sys
import numpy as np
from random_weights import random_tensors
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.imaging.regions import WHOLE

config = ModelConfig()
engine = OnnxEngine(config, random_tensors(config))
engine.run(np.zeros((1, 64, 64), np.float32), WHOLE)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + (100 << 20), resource.RLIM_INFINITY))
try:
    engine.run(np.zeros((1, 1500, 1500), np.float32), WHOLE)
except OutOfMemoryError:
    print("said so")
engine.run(np.zeros((1, 64, 64), np.float32), WHOLE)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_real_want_of_memory_is_told_and_smaller_patches_go_on():
    done = in_a_process_of_its_own(PATCH)
    assert (done.stdout, done.stderr) == ("said so\n", "")


KINDS = """
import itertools, re
import numpy as np
from random_weights import random_tensors
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.imaging.regions import Edges

def peak():
    return int(re.search("VmHWM: *(.*) kB", open("/proc/self/status").read())[1])

config = ModelConfig()
engine = OnnxEngine(config, random_tensors(config))
patch = np.zeros((1, 400, 400), np.float32)
peaks = [peak()]
for edges in itertools.product([False, True], repeat=4):
    engine.run(patch, Edges(*edges))
    peaks.append(peak())
print(peaks[1] - peaks[0], peaks[-1] - peaks[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_fifteen_more_kinds_of_tiles_take_little_more_memory_than_the_first():
    done = in_a_process_of_its_own(KINDS)
    first, others = map(int, done.stdout.split())
    assert others < 2 * first
