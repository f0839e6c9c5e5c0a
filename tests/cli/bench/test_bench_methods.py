"""Which methods and models `srcnn bench` measures, and what it calls them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench_reports import reduced
from identity_weights import identity_config, identity_tensors
from sample_pictures import smooth
from srcnn_cli.models import catalog
from srcnn_cli.models.catalog import Figures, ShippedModel, find_model
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import file_sha256, save_weights
from terminal import one_line


def test_bicubic_is_always_measured(report):
    smooth("set/a.png")
    for methods, names in (("nearest", ["nearest", "bicubic"]), ("", ["bicubic"])):
        document, _ = report("set", "--methods", methods)
        assert [m["name"] for m in document["methods"]] == names


def test_a_network_is_described_by_its_weights(report, tiny_weights):
    smooth("set/a.png")
    path = tiny_weights()
    document, _ = report("set", "-m", path, "--border", "zero", "--self-ensemble")
    bicubic, single, ensemble = document["methods"]
    assert bicubic == {"name": "bicubic"}
    assert single["name"].endswith("tiny")
    assert ensemble == {**single, "name": single["name"] + "+"}
    config = ModelConfig(filters=(3, 1, 3), widths=(4, 3))
    assert single["weights_sha256"] == file_sha256(path)
    assert single["parameters"] == config.parameters
    assert single["border"] == "zero"
    assert single["color"] == "y"
    values = {a["method"]: a["psnr"] for a in document["averages"]}
    assert len(set(values.values())) == 3


def same_planes(path, color):
    """A weights file of a colour network that gives what it gets."""
    config = identity_config(color)
    save_weights(path, config, identity_tensors(config))
    return path


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("protocol", ["srcnn", "vdsr", "rgb"])
def test_a_color_network_is_measured_under_every_protocol(report, tiny_weights, color, protocol):
    smooth("set/a.png")
    smooth("set/grey.png", seed=1, mode="L")
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color)
    options = ["--protocol", protocol, "--self-ensemble"]
    models = ["-m", tiny_weights(config), "-m", same_planes("same.safetensors", color)]
    document, err = report("set", *models, *options)
    assert err == ""
    assert [method.get("color") for method in document["methods"]] == [None, *[color] * 4]
    psnr = {(r["image"], r["method"]): r["psnr"] for r in document["records"]}
    assert len(psnr) == 2 * 5
    tiny, same = (document["methods"][index]["name"] for index in (1, 3))
    for image in ("a", "grey"):
        assert psnr[image, tiny] < psnr[image, "bicubic"]
        # Y' of the reduced colours is Y' reduced, but for its rounding.
        for name in (same, f"{same}+"):
            assert psnr[image, name] == pytest.approx(psnr[image, "bicubic"], abs=0.05)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_a_color_network_gets_the_given_low_resolution_colors(report, color):
    path = smooth("set/a.png")
    reduced(path, "low/a.png", 3, Image.Resampling.NEAREST)
    document, _ = report("set", "--lr", "low", "-m", same_planes("same.safetensors", color))
    bicubic, same = (record["psnr"] for record in document["records"])
    assert same == pytest.approx(bicubic, abs=0.01)
    own, _ = report("set", "-m", "same.safetensors")
    assert abs(own["records"][1]["psnr"] - same) > 0.5


def test_the_border_policy_is_the_models_unless_said_otherwise(report, tiny_weights):
    smooth("set/a.png")
    config = ModelConfig(filters=(9,), widths=(), border="normalize")
    path = tiny_weights(config)
    own, _ = report("set", "-m", path, "--crop-border", 0)
    other, _ = report("set", "-m", path, "--crop-border", 0, "--border", "zero")
    assert own["methods"][1]["border"] == "normalize"
    assert other["methods"][1]["border"] == "zero"
    assert own["averages"][1]["psnr"] != other["averages"][1]["psnr"]


def test_a_model_in_the_same_folder_is_called_by_its_name(report, tiny_weights):
    smooth("set/a.png")
    Path("mine.safetensors").write_bytes(tiny_weights().read_bytes())
    assert report("set", "-m", "mine.safetensors")[0]["methods"][1]["name"] == "mine"


def test_models_of_two_runs_are_told_apart(report, tiny_weights):
    smooth("set/a.png")
    for seed, run_ in enumerate(("first", "second")):
        Path(run_, "x3").mkdir(parents=True)
        weights = tiny_weights(seed=seed, name=f"{run_}.safetensors").read_bytes()
        Path(run_, "x3", "best.safetensors").write_bytes(weights)
    models = ("-m", "first/x3/best.safetensors", "-m", "second/x3/best.safetensors")
    document, _ = report("set", *models)
    names = [m["name"] for m in document["methods"]]
    assert len(set(names)) == 3, names
    assert [a["method"] for a in document["averages"]] == names
    assert [r["psnr"] for r in document["records"]] == [a["psnr"] for a in document["averages"]]


def test_a_network_in_bfloat16_is_called_so_wherever_it_is_named(report, tiny_weights):
    smooth("set/a.png")
    path = tiny_weights()
    exact, _ = report("set", "-m", path)
    low, _ = report("set", "-m", path, "--precision", "bfloat16", "--self-ensemble")
    assert exact["methods"][1]["precision"] == "float32"
    names = [method["name"] for method in low["methods"][1:]]
    assert names == [f"{exact['methods'][1]['name']} bfloat16{end}" for end in ("", "+")]
    assert {method["precision"] for method in low["methods"][1:]} == {"bfloat16"}
    assert [a["method"] for a in low["averages"][1:]] == names
    assert low["averages"][1]["psnr"] != exact["averages"][1]["psnr"]


def test_a_model_called_bicubic_is_not_taken_for_it(report, tiny_weights):
    smooth("set/a.png")
    expected = report("set")[0]["averages"][0]
    Path("bicubic.safetensors").write_bytes(tiny_weights().read_bytes())
    document, _ = report("set", "-m", "bicubic.safetensors")
    assert len({m["name"] for m in document["methods"]}) == 2
    assert document["averages"][0]["psnr"] == expected["psnr"]


def test_every_shipped_model_of_the_scale_is_measured_by_default(report, tiny_weights, monkeypatch):
    smooth("set/a.png")
    shipped = []
    for scale in (2, 3):
        config = ModelConfig(filters=(3, 1, 3), widths=(4, 3), scales=(scale,))
        path = tiny_weights(config, name=f"srcnn-3-1-3-x{scale}.safetensors")
        figures = {scale: Figures({}, {})}
        shipped.append(
            ShippedModel("srcnn-3-1-3", path.stem, path, file_sha256(path), "", figures, "")
        )
    monkeypatch.setattr(catalog, "shipped_models", lambda: tuple(shipped))
    for scale in (2, 3):
        document, _ = report("set", "-s", scale)
        assert [m["name"] for m in document["methods"]] == ["bicubic", f"srcnn-3-1-3-x{scale}"]
    document, _ = report("set", "-m", "srcnn-3-1-3")
    assert document["methods"][1]["name"] == "srcnn-3-1-3-x3"


def test_one_shipped_file_for_several_scales_is_measured_at_each(report, tiny_weights, monkeypatch):
    smooth("set/a.png")
    config = ModelConfig("vdsr", (3, 3), (4,), scales=(2, 3), border="zero")
    path = tiny_weights(config, name="vdsr-2.safetensors")
    figures = {scale: Figures({}, {}) for scale in (2, 3)}
    model = ShippedModel("vdsr-2", "vdsr-2", path, file_sha256(path), "", figures, "")
    monkeypatch.setattr(catalog, "shipped_models", lambda: (model,))
    for scale in (2, 3):
        document, _ = report("set", "-s", scale)
        assert [m["name"] for m in document["methods"]] == ["bicubic", "vdsr-2"]
    assert find_model("vdsr-2") == {2: path, 3: path}


def test_a_damaged_shipped_model_is_code_5(run, tiny_weights, monkeypatch):
    smooth("set/a.png")
    path = tiny_weights()
    model = ShippedModel(
        "srcnn-3-1-3", "srcnn-3-1-3-x3", path, "0" * 64, "", {3: Figures({}, {})}, ""
    )
    monkeypatch.setattr(catalog, "shipped_models", lambda: (model,))
    for arguments in ((), ("-m", "srcnn-3-1-3")):
        code, _, err = run("set", *arguments)
        assert code == 5
        assert "checksum" in one_line(err)


def test_a_network_without_an_effect_equals_bicubic(report):
    smooth("set/a.png", mode="RGB")
    config = identity_config(side=1)
    path = Path("same.safetensors")
    save_weights(path, config, identity_tensors(config))
    for arguments in ((), ("--protocol", "vdsr"), ("--protocol", "rgb"), ("--self-ensemble",)):
        document, _ = report("set", "-m", path, *arguments)
        values = [(a["psnr"], a["ssim"]) for a in document["averages"]]
        np.testing.assert_allclose(values[1:], values[:-1], atol=2e-3)


def test_the_overlap_of_an_onnx_file_can_be_given(run, srcnn):
    smooth("set/a.png")
    path = catalog.weights_folder() / "srcnn-9-1-5-x3.safetensors"
    assert srcnn("export", path, "-s", 3, "-o", "net.onnx", "-q")[0] == 0
    both = ["-m", "net.onnx", "-m", path]
    code, out, err = run("set", *both, "--overlap", 20)
    assert (code, err) == (0, "")
    assert "net" in out
    code, _, err = run("set", "-m", path, "--overlap", 20)
    assert code == 2
    assert "--overlap is for ONNX files" in one_line(err)
