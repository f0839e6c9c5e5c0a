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
        "srcnn_cli.methods.selection.bfloat16_cost", lambda path: known.get(path.stem)
    )
    return known


def taken(model, scale, levels=CLEAN, **options):
    upscaler = Upscaler(model, device="cpu", precision="auto", **options)
    return upscaler.precision_for(upscaler.plan(20, 20, scale, levels), levels)


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


def test_auto_stays_with_float32_where_bfloat16_is_not_faster(costs, monkeypatch):
    costs["subpixel-s-x3"] = 0.0
    monkeypatch.setattr(selection, "fast_bfloat16", lambda *_: False)
    assert taken("subpixel-s", 3) == "float32"


def test_auto_stays_with_float32_where_what_computes_bfloat16_is_missing(costs, monkeypatch):
    costs["subpixel-s-x3"] = 0.0
    monkeypatch.setattr(selection, "find_spec", lambda _: None)
    assert taken("subpixel-s", 3) == "float32"
    assert taken("subpixel-s", 3, engine="onnx") == "float32"


@pytest.mark.parametrize("model", ["bicubic", "a-plus"])
def test_auto_is_float32_for_what_is_no_network(costs, model):
    assert taken(model, 3) == "float32"


def test_weights_of_ones_own_are_run_in_float32(tiny_weights):
    assert taken(tiny_weights(), 3) == "float32"


def test_the_cost_of_a_shipped_file_is_its_largest(monkeypatch, tmp_path):
    index = {"models": [{"file": "a.safetensors", "bfloat16_cost": {"2": 0.001, "3": 0.004}}]}
    monkeypatch.setattr(catalog, "_index", lambda: index)
    monkeypatch.setattr(catalog, "weights_folder", lambda: tmp_path)
    catalog.bfloat16_cost.cache_clear()
    assert catalog.bfloat16_cost(tmp_path / "a.safetensors") == 0.004
    assert catalog.bfloat16_cost(tmp_path / "b.safetensors") is None
    assert catalog.bfloat16_cost(tmp_path / "elsewhere" / "a.safetensors") is None
    catalog.bfloat16_cost.cache_clear()


def test_the_precision_is_said(costs, srcnn, tmp_path):
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
