"""OpenVINO computes what ONNX Runtime does; in bfloat16 the picture itself is not rounded."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from random_weights import random_tensors
from srcnn_cli.engines import selection
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.openvino_engine import OpenVinoEngine, fast_bfloat16
from srcnn_cli.engines.selection import choose_engine, make_engine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Edges
from srcnn_cli.models.catalog import find_model, load_model
from srcnn_cli.models.config import ModelConfig

CONFIGS = [
    ModelConfig(filters=(9, 1, 5), widths=(6, 4), mean=0.5),
    ModelConfig(filters=(3, 5), widths=(3,), border="zero", color="rgb"),
    ModelConfig("vdsr", (3,) * 4, (8,) * 3, border="normalize", scales=(2, 3)),
    ModelConfig("subpixel", (3,) * 4, (8,) * 3, border="normalize", scales=(3,)),
    ModelConfig("fsrcnn", (5, 1, 3, 1, 3), (6, 4, 4, 6), scales=(2,)),
]


def noise(channels=1, height=23, width=31):
    return np.random.default_rng(0).random((channels, height, width)).astype(np.float32)


@pytest.mark.parametrize("edges", [INTERIOR, WHOLE, Edges(True, False, False, True)])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.name} {c.border}")
def test_it_gives_what_onnx_runtime_gives(config, edges):
    tensors = random_tensors(config, 3)
    for size in ((40, 30), (33, 37)):
        planes = noise(config.channels, *size)
        expected = OnnxEngine(config, tensors).run(planes, edges)
        output = OpenVinoEngine(config, tensors).run(planes, edges)
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


def test_several_threads_run_at_once():
    config = CONFIGS[2]
    engine = OpenVinoEngine(config, random_tensors(config))
    planes = noise(1, 60, 70)
    expected, results = engine.run(planes, WHOLE), [None] * 4

    def run(number):
        for _ in range(5):
            results[number] = engine.run(planes, WHOLE)

    runners = [threading.Thread(target=run, args=[number]) for number in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.skipif(not fast_bfloat16(), reason="the processor has no bfloat16")
@pytest.mark.parametrize("name", ["vdsr-20", "subpixel-s", "srcnn-9-1-5"])
def test_bfloat16_costs_what_it_costs_with_torch(name):
    config, tensors = load_model(find_model(name)[3])
    rows, columns = np.mgrid[:48, :56] / 9
    planes = ((np.sin(rows) * np.cos(columns) + 1) / 2)[None].astype(np.float32)
    exact = run_plane(make_engine(config, tensors, "cpu"), planes, 64)
    low, by_torch = (
        np.abs(
            run_plane(
                make_engine(config, tensors, "cpu", precision="bfloat16", engine=engine), planes, 64
            )
            - exact
        ).mean()
        for engine in ("openvino", "torch")
    )
    assert 0 < low < 1.5 * by_torch
    assert low < 0.5 / 255


@pytest.mark.parametrize("there", [(), ("torch",), ("openvino",), ("torch", "openvino")])
def test_auto_is_the_fastest_that_is_there(monkeypatch, there):
    monkeypatch.setattr(selection, "find_spec", lambda name: name in there or None)
    assert choose_engine("cpu", "float32") == "onnx"
    assert choose_engine("cuda", "float32") == choose_engine("cuda", "bfloat16") == "torch"
    expected = "torch" if there == ("torch",) else "openvino"
    assert choose_engine("cpu", "bfloat16") == expected


@pytest.mark.parametrize(
    ("name", "kind"), [("onnx", OnnxEngine), ("openvino", OpenVinoEngine), ("torch", TorchEngine)]
)
def test_an_engine_can_be_named(name, kind):
    config = CONFIGS[0]
    assert type(make_engine(config, random_tensors(config), "cpu", engine=name)) is kind


@pytest.mark.parametrize(
    ("device", "precision", "engine"),
    [("cpu", "bfloat16", "onnx"), ("cuda", "float32", "onnx"), ("cuda:1", "float32", "openvino")],
)
def test_what_an_engine_cannot_do_is_refused(device, precision, engine):
    with pytest.raises(UsageError, match=f"the engine {engine} computes"):
        choose_engine(device, precision, engine)


def test_running_out_of_memory_has_its_own_error(monkeypatch):
    engine = OpenVinoEngine(CONFIGS[0], random_tensors(CONFIGS[0]))

    def fail(_):
        raise RuntimeError("could not allocate 3 GB")

    monkeypatch.setattr(engine, "_request", fail)
    with pytest.raises(OutOfMemoryError):
        engine.run(noise(), WHOLE)


def test_bfloat16_on_the_cpu_needs_no_torch(tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from srcnn_cli import Upscaler\n"
        "upscaler = Upscaler('subpixel-s', device='cpu', precision='bfloat16')\n"
        "upscaler.upscale_pixels(np.zeros((9, 9), np.uint8), 3)\n"
        "print(upscaler.engine, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "openvino False\n"
