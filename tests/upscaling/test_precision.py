"""What ``--precision auto`` takes, and that it is said."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.engines import selection
from srcnn_cli.imaging.levels import CLEAN, Levels
from srcnn_cli.models import catalog
from srcnn_cli.upscaling.upscaler import Upscaler

DAMAGED = Levels(compression=0.6)


@pytest.fixture
def costs(monkeypatch):
    """A processor that computes in bfloat16, and a cost in dB by the name of a file."""
    known = {}
    monkeypatch.setattr(selection, "fast_bfloat16", lambda *_: True)
    monkeypatch.setattr(
        "srcnn_cli.methods.selection.bfloat16",
        lambda path: catalog.Bfloat16(known[path.stem], 2.0) if path.stem in known else None,
    )
    return known


def taken(model, scale, levels=CLEAN, *, side=2000, **options):
    upscaler = Upscaler(model, device="cpu", precision="auto", **options)
    return upscaler.precision_for(upscaler.plan(side, side, scale, levels), levels)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0.0, "bfloat16"), (-0.01, "bfloat16"), (0.0049, "bfloat16"), (0.005, "float32")],
)
def test_auto_takes_bfloat16_where_it_costs_next_to_nothing(costs, cost, expected):
    costs["subpixel-s-x3"] = cost
    assert taken("subpixel-s", 3) == expected
    assert taken("subpixel-s", 2) == "float32"  # of which nothing is known here


def test_auto_asks_for_the_weights_that_are_run(costs):
    costs["subpixel-s-photo-x3"] = 0.0
    assert taken("subpixel-s", 3) == "float32"
    assert taken("subpixel-s", 3, DAMAGED) == "bfloat16"


@pytest.mark.parametrize(
    ("speed", "expected"), [(0.7, "float32"), (1.5, "float32"), (2.5, "bfloat16")]
)
def test_auto_takes_bfloat16_for_networks_alone_that_are_faster_in_it(monkeypatch, speed, expected):
    monkeypatch.setattr(selection, "fast_bfloat16", lambda *_: True)
    monkeypatch.setattr(
        "srcnn_cli.methods.selection.bfloat16", lambda _: catalog.Bfloat16(0.001, speed)
    )
    assert taken("srcnn-9-1-5", 3) == expected


def test_auto_stays_with_float32_where_bfloat16_is_not_faster(costs, monkeypatch):
    costs["subpixel-s-x3"] = 0.0
    monkeypatch.setattr(selection, "fast_bfloat16", lambda *_: False)
    assert taken("subpixel-s", 3) == "float32"


def test_auto_stays_with_float32_where_what_computes_bfloat16_is_missing(costs, monkeypatch):
    costs["subpixel-s-x3"] = 0.0
    monkeypatch.setattr(selection, "find_spec", lambda _: None)
    assert taken("subpixel-s", 3) == "float32"
    assert taken("subpixel-s", 3, engine="onnx") == "float32"


def test_auto_takes_float32_for_pictures_that_are_done_before_bfloat16_has_begun(costs):
    costs["subpixel-s-x3"] = costs["subpixel-l-x3"] = 0.0
    # 76,905 and 375,113 weights less biases, for each pixel of the input.
    assert taken("subpixel-s", 3, side=1100) == "float32"
    assert taken("subpixel-s", 3, side=1200) == "bfloat16"
    assert taken("subpixel-l", 3, side=500) == "float32"
    assert taken("subpixel-l", 3, side=540) == "bfloat16"


@pytest.mark.parametrize("model", ["bicubic", "a-plus"])
def test_auto_is_float32_for_what_is_no_network(costs, model):
    assert taken(model, 3) == "float32"


def test_weights_of_ones_own_are_run_in_float32(tiny_weights):
    assert taken(tiny_weights(), 3) == "float32"


def test_what_is_known_of_a_shipped_file_is_that_of_its_worst_scale(monkeypatch, tmp_path):
    scales = {"2": {"cost": 0.001, "speed": 1.5}, "3": {"cost": 0.004, "speed": 2.5}}
    index = {"models": [{"file": "a.safetensors", "bfloat16": scales}]}
    monkeypatch.setattr(catalog, "_index", lambda: index)
    monkeypatch.setattr(catalog, "weights_folder", lambda: tmp_path)
    catalog.bfloat16.cache_clear()
    assert catalog.bfloat16(tmp_path / "a.safetensors") == (0.004, 1.5)
    assert catalog.bfloat16(tmp_path / "b.safetensors") is None
    assert catalog.bfloat16(tmp_path / "elsewhere" / "a.safetensors") is None
    catalog.bfloat16.cache_clear()


def test_the_precision_is_said(costs, srcnn, tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "LARGE", 0)
    costs["subpixel-s-x2"] = 0.0
    source = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (12, 15, 3), np.uint8)
    Image.fromarray(noise).save(source)
    command = ["upscale", source, "-s", "2", "-d", "cpu", "--overwrite"]
    code, out, _ = srcnn(*command, "--precision", "auto")
    assert (code, "bfloat16" in out) == (0, True)
    auto, plain = (
        json.loads(srcnn(*command, "--json", *options)[1])
        for options in (("--precision", "auto"), ())
    )
    assert (auto["precision"], auto["engine"]) == ("bfloat16", "openvino")
    assert (plain["precision"], plain["engine"]) == ("float32", "onnx")
