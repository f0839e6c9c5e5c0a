"""`srcnn bench` as a user meets it: lines, documents, files, exit codes, the papers' figures."""

import csv
import io
import json
import os
import re
import sys
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from known_sets import SET5
from srcnn_cli.cli import _console, main
from srcnn_cli.cli.bench import _sizes
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.evaluation.sources import Source
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.models import catalog
from srcnn_cli.models.catalog import Figures, ShippedModel, find_model
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import file_sha256, save_weights
from terminal import one_line

TIMES = {"seconds", "images_per_second", "megapixels_per_second"}


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch):
    """The default is every shipped model: here that is none, so that tests stay fast."""
    monkeypatch.setattr(catalog, "shipped_models", lambda: ())


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run `srcnn bench ...` on the CPU in tmp_path/work: (exit code, stdout, stderr)."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(_console.out, "_width", 80)  # as without a terminal

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["bench", *map(str, arguments), "--device", "cpu"])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


@pytest.fixture
def report(run):
    """Run `srcnn bench ... --format json`, which must succeed: (report, stderr)."""

    def call(*arguments):
        code, out, err = run(*arguments, "--format", "json")
        assert code == 0, err
        return json.loads(out), err

    return call


def picture(path, size=(40, 34), seed=0, mode="RGB"):
    """A smooth random picture, of which a network can make something."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
    coarse.resize(size, Image.Resampling.BICUBIC).convert(mode).save(path)
    return Path(path)


def reduced(path, target, scale, resample):
    """A low-resolution file as another program would make it."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        width, height = (side // scale for side in image.size)
        cropped = image.crop((0, 0, width * scale, height * scale))
        cropped.resize((width, height), resample).save(target)


def timeless(value):
    """A report without its seconds and rates."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES}
    return [timeless(v) for v in value] if isinstance(value, list) else value


# Lines and documents


def test_a_line_a_picture_then_the_averages(run, tiny_weights):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", seed=index)
    code, out, err = run("set", "--model", tiny_weights(), "--methods", "nearest,lanczos")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("set ×3, srcnn: 8-bit Y' (16-235), modcrop, MATLAB bicubic down")
    names = ["nearest", "bicubic", "lanczos"]
    assert lines[1].split()[:3] == names
    assert [line.split()[0] for line in lines[2:4]] == ["a", "b"]
    for line in lines[2:4]:
        assert len(re.findall(r"\d+\.\d\d / [01]\.\d{4}", line)) == 4
    averages = {line.split()[0]: line.split()[1:] for line in lines[4:] if line}
    assert averages["average"][:2] == ["PSNR", "SSIM"]
    for name in names:
        assert re.fullmatch(r"\d+\.\d\d", averages[name][0])
    assert "cpu, " in lines[-1]
    assert "peak memory" in lines[-1]
    assert "published" not in out


def test_the_lines_hold_the_figures_of_the_document(run, report):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", seed=index)
    document, _ = report("set", "--metrics", "psnr,ssim")
    _, out, _ = run("set")
    for row in document["records"]:
        assert f"{row['image']}  " in out
        assert f"{row['psnr']:.2f} / {row['ssim']:.4f}" in out
    average = document["averages"][0]
    assert re.search(rf"bicubic +{average['psnr']:.2f} +{average['ssim']:.4f} ", out)


def test_each_line_is_printed_when_its_picture_is_done(run):
    picture("set/a.png")
    Path("set/b.png").write_bytes(b"broken")
    code, out, err = run("set")
    assert code == 3
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["a"]
    assert "b.png" in one_line(err)


@pytest.mark.parametrize("format_", ["json", "csv", "md"])
def test_a_document_is_all_that_is_printed(run, format_):
    picture("set/a.png")
    Path("set/notes.txt").write_text("no picture")
    code, out, err = run("set", "--format", format_, "-o", f"out.{format_}")
    assert code == 0
    assert out.startswith({"json": "{\n", "csv": "dataset,", "md": "**set ×3**"}[format_])
    assert out.endswith("\n")
    assert err.startswith("warning: set: 1 file")
    assert err.count("\n") == 1
    assert Path(f"out.{format_}").read_text("utf-8") == out


def test_two_runs_differ_in_seconds_and_rates_alone(report, tiny_weights):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", seed=index)
    arguments = ("set", "-m", tiny_weights(), "--methods", "nearest", "--self-ensemble")
    first, second = (report(*arguments)[0] for _ in range(2))
    assert timeless(first) == timeless(second)


def test_records_are_in_order_and_averages_are_means(report, tiny_weights):
    for index, name in enumerate("cab"):
        picture(f"set/{name}.png", (40 + 3 * index, 34), seed=index)
    document, _ = report("set", "-m", tiny_weights(), "--methods", "lanczos,nearest")
    network = document["methods"][-1]["name"]
    methods = ["nearest", "bicubic", "lanczos", network]
    assert [m["name"] for m in document["methods"]] == methods
    assert [(r["image"], r["method"]) for r in document["records"]] == [
        (image, method) for image in "abc" for method in methods
    ]
    for item in document["averages"]:
        own = [r for r in document["records"] if r["method"] == item["method"]]
        assert len(own) == 3
        for metric in ("psnr", "ssim"):
            assert item[metric] == pytest.approx(fmean(r[metric] for r in own), abs=1.01e-4)
        for step, value in item["seconds"].items():
            mean = fmean(r["seconds"][step] for r in own)
            assert value == pytest.approx(mean, abs=1.01e-5)


def test_the_three_documents_agree(run, report, tiny_weights):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", seed=index)
    arguments = ("set", "-m", tiny_weights(), "--metrics", "ssim,psnr")
    document, _ = report(*arguments)
    _, table, _ = run(*arguments, "--format", "csv")
    _, text, _ = run(*arguments, "--format", "md")
    expected = [
        *document["records"],
        *({**item, "image": "average"} for item in document["averages"]),
    ]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(r["image"], r["method"], float(r["psnr"]), float(r["ssim"])) for r in rows] == [
        (r["image"], r["method"], r["psnr"], r["ssim"]) for r in expected
    ]
    lines = [line for line in text.splitlines() if line.startswith(("| a |", "| b |", "| **a"))]
    cells = [cell.strip() for line in lines for cell in line.strip("|").split("|")[1:]]
    assert cells == [f"{r['psnr']:.2f} / {r['ssim']:.4f}" for r in expected]


def test_what_was_measured_is_kept_if_a_later_picture_cannot_be_read(run):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", seed=index)
    Path("set/c.png").write_bytes(b"broken")
    code, out, err = run("set", "--format", "json", "--output", "kept.json")
    assert code == 3
    assert out == ""
    assert "c.png" in one_line(err)
    kept = json.loads(Path("kept.json").read_text())
    assert kept["complete"] is False
    assert [r["image"] for r in kept["records"]] == ["a", "b"]
    assert kept["dataset"]["pictures"] == 3
    mean = fmean(r["psnr"] for r in kept["records"])
    assert kept["averages"][0]["psnr"] == pytest.approx(mean, abs=1e-4)


def test_what_was_measured_is_kept_if_it_is_interrupted(run, monkeypatch):
    for index, name in enumerate("ab"):
        picture(f"set/{name}.png", (40 + 30 * index, 34), seed=index)
    enlarge = Interpolation.enlarge

    def interrupted(self, low, height, width):
        if width > 60:
            raise KeyboardInterrupt
        return enlarge(self, low, height, width)

    monkeypatch.setattr(Interpolation, "enlarge", interrupted)
    code, _, err = run("set", "--output", "kept.json")
    assert code == 130
    assert err in {"", "error: interrupted\n"}
    kept = json.loads(Path("kept.json").read_text())
    assert kept["complete"] is False
    assert [r["image"] for r in kept["records"]] == ["a"]


def test_if_the_first_picture_cannot_be_read_nothing_is_written(run):
    picture("set/b.png")
    Path("set/a.png").write_bytes(b"broken")
    code, _, err = run("set", "--output", "kept.json")
    assert code == 3
    assert "a.png" in one_line(err)
    assert not Path("kept.json").exists()


@pytest.mark.parametrize("extension", ["json", "csv", "md"])
def test_the_file_is_written_in_the_form_of_its_extension(run, extension):
    picture("set/a.png")
    code, out, _ = run("set", "--output", f"out.{extension.upper()}")
    assert code == 0
    assert "average" in out
    start = {"json": "{\n", "csv": "dataset,", "md": "**set ×3**"}[extension]
    assert Path(f"out.{extension.upper()}").read_text("utf-8").startswith(start)


def test_overwrite_replaces_the_file(run):
    picture("set/a.png")
    Path("out.json").write_text("old")
    assert run("set", "-o", "out.json", "--overwrite")[0] == 0
    assert json.loads(Path("out.json").read_text())["complete"] is True


def test_a_flat_picture_has_infinite_psnr_and_is_still_json(run):
    Path("set").mkdir()
    Image.new("RGB", (40, 40), "teal").save("set/flat.png")
    code, out, _ = run("set", "--format", "json")
    assert code == 0

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    json.loads(out, parse_constant=refuse)
    assert "inf / 1.0000" in run("set")[1]


def test_narrow_outputs_hide_no_figure(run):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        picture(f"set/{name}.png", (width, height), seed=index)
    _, out, _ = run("set")
    assert "published" in out
    assert "…" not in out
    for word in ("32.39", "33.66", "0.9213", "images/s", "MP/s"):
        assert word in out


def test_names_are_printed_as_they_are(run, report):
    name = "[red]böse Katze[bold] 猫 :smile:"
    picture(f"set/{name}.png")
    assert report("set")[0]["records"][0]["image"] == name
    code, out, _ = run("set")
    assert code == 0
    assert name in out


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
@pytest.mark.parametrize("format_", ["json", "csv", "md", "table"])
def test_a_name_that_is_no_text_is_no_internal_error(run, format_):
    picture("set/a.png").rename(b"set/\xff.png".decode("utf-8", "surrogateescape"))
    code, _, err = run("set", "--format", format_)
    assert "internal error" not in err
    assert code in {0, 3}


# Methods and models


def test_bicubic_is_always_measured(report):
    picture("set/a.png")
    for methods, names in (("nearest", ["nearest", "bicubic"]), ("", ["bicubic"])):
        document, _ = report("set", "--methods", methods)
        assert [m["name"] for m in document["methods"]] == names


def test_a_network_is_described_by_its_weights(report, tiny_weights):
    picture("set/a.png")
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


def color_identity(path, color):
    """A colour network that gives what it gets."""
    weight = np.zeros((3, 3, 3, 3), np.float32)
    weight[range(3), range(3), 1, 1] = 1
    tensors = {"conv1.weight": weight, "conv1.bias": np.zeros(3, np.float32)}
    save_weights(path, ModelConfig(filters=(3,), widths=(), color=color), tensors)
    return path


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("protocol", ["srcnn", "vdsr", "rgb"])
def test_a_color_network_is_measured_under_every_protocol(report, tiny_weights, color, protocol):
    picture("set/a.png")
    picture("set/grey.png", seed=1, mode="L")
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color)
    options = ["--protocol", protocol, "--self-ensemble"]
    models = ["-m", tiny_weights(config), "-m", color_identity("same.safetensors", color)]
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
    path = picture("set/a.png")
    reduced(path, "low/a.png", 3, Image.Resampling.NEAREST)
    document, _ = report("set", "--lr", "low", "-m", color_identity("same.safetensors", color))
    bicubic, same = (record["psnr"] for record in document["records"])
    assert same == pytest.approx(bicubic, abs=0.01)
    own, _ = report("set", "-m", "same.safetensors")
    assert abs(own["records"][1]["psnr"] - same) > 0.5


def test_the_border_policy_is_the_models_unless_said_otherwise(report, tiny_weights):
    picture("set/a.png")
    config = ModelConfig(filters=(9,), widths=(), border="normalize")
    path = tiny_weights(config)
    own, _ = report("set", "-m", path, "--crop-border", 0)
    other, _ = report("set", "-m", path, "--crop-border", 0, "--border", "zero")
    assert own["methods"][1]["border"] == "normalize"
    assert other["methods"][1]["border"] == "zero"
    assert own["averages"][1]["psnr"] != other["averages"][1]["psnr"]


def test_a_model_in_the_same_folder_is_called_by_its_name(report, tiny_weights):
    picture("set/a.png")
    Path("mine.safetensors").write_bytes(tiny_weights().read_bytes())
    assert report("set", "-m", "mine.safetensors")[0]["methods"][1]["name"] == "mine"


def test_models_of_two_runs_are_told_apart(report, tiny_weights):
    picture("set/a.png")
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
    picture("set/a.png")
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
    picture("set/a.png")
    expected = report("set")[0]["averages"][0]
    Path("bicubic.safetensors").write_bytes(tiny_weights().read_bytes())
    document, _ = report("set", "-m", "bicubic.safetensors")
    assert len({m["name"] for m in document["methods"]}) == 2
    assert document["averages"][0]["psnr"] == expected["psnr"]


def test_every_shipped_model_of_the_scale_is_measured_by_default(report, tiny_weights, monkeypatch):
    picture("set/a.png")
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
    picture("set/a.png")
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
    picture("set/a.png")
    path = tiny_weights()
    model = ShippedModel(
        "srcnn-3-1-3", "srcnn-3-1-3-x3", path, "0" * 64, "", {3: Figures({}, {})}, ""
    )
    monkeypatch.setattr(catalog, "shipped_models", lambda: (model,))
    for arguments in ((), ("-m", "srcnn-3-1-3")):
        code, _, err = run("set", *arguments)
        assert code == 5
        assert "checksum" in one_line(err)


def test_a_network_without_an_effect_equals_bicubic(report, tiny_weights):
    picture("set/a.png", mode="RGB")
    config = ModelConfig(filters=(1,), widths=())
    path = tiny_weights(config)
    tensors = {"conv1.weight": np.ones((1, 1, 1, 1), np.float32)}
    tensors["conv1.bias"] = np.zeros(1, np.float32)
    save_weights(path, config, tensors, overwrite=True)
    for arguments in ((), ("--protocol", "vdsr"), ("--protocol", "rgb"), ("--self-ensemble",)):
        document, _ = report("set", "-m", path, *arguments)
        values = [(a["psnr"], a["ssim"]) for a in document["averages"]]
        np.testing.assert_allclose(values[1:], values[:-1], atol=2e-3)


# Conventions


@pytest.mark.parametrize(
    ("arguments", "name", "steps"),
    [
        ((), "srcnn", ("y", False, None)),
        (("--protocol", "vdsr"), "vdsr", ("y", True, None)),
        (("--protocol", "rgb"), "rgb", ("rgb", True, None)),
        (("--color", "y-full"), "srcnn (color=y-full)", ("y-full", False, None)),
        (("--quantize-lr",), "srcnn (quantize-lr=true)", ("y", True, None)),
        (("--no-quantize-lr", "--protocol", "vdsr"), "vdsr (quantize-lr=false)",
         ("y", False, None)),
        (("--crop-border", "0"), "srcnn (crop-border=0)", ("y", False, 0)),
        (("--color", "y", "--no-quantize-lr"), "srcnn", ("y", False, None)),
    ],
)  # fmt: skip
def test_the_convention_is_named_and_described(run, report, arguments, name, steps):
    picture("set/a.png")
    document, _ = report("set", *arguments)
    protocol = document["protocol"]
    assert protocol["name"] == name
    assert (protocol["color"], protocol["quantize_lr"], protocol["crop_border"]) == steps
    assert protocol["description"].startswith(f"{name}: 8-bit ")
    for format_ in ("table", "md"):
        assert protocol["description"] in run("set", *arguments, "--format", format_)[1]
    assert name in run("set", *arguments, "--format", "csv")[1].replace('"', "")


def test_stretched_luminance_reads_132_hundredths_lower(report):
    picture("set/a.png", (64, 64))
    values = [
        report("set", "--color", color)[0]["averages"][0]["psnr"] for color in ("y", "y-full")
    ]
    assert values[0] - values[1] == pytest.approx(20 * np.log10(255 / 219), abs=2e-4)


def test_all_metrics_can_be_asked_for(report):
    picture("set/a.png", (200, 200))
    document, _ = report("set", "--metrics", "ifc, MS-SSIM,psnr".lower())
    for row in (*document["records"], *document["averages"]):
        assert set(row) >= {"ifc", "ms_ssim", "psnr"}
        assert "ssim" not in row
        assert 0 < row["ms_ssim"] < 1
        assert row["ifc"] > 0


def test_a_metric_asked_for_twice_is_measured_once(report):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        picture(f"set/{name}.png", (width, height), seed=index)
    once, _ = report("set", "--metrics", "psnr")
    assert timeless(report("set", "--metrics", "psnr,psnr")[0]) == timeless(once)


def test_repeat_is_told(report):
    picture("set/a.png")
    assert report("set", "--repeat", 3)[0]["repeat"] == 3


# The canary


def test_the_canary_warns_on_a_set_that_only_looks_like_the_papers(run, report):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        picture(f"set/{name}.png", (width, height), seed=index)
    document, err = report("set")
    assert document["dataset"]["recognised"] == "Set5"
    (warning,) = document["warnings"]
    assert warning.startswith("bicubic measures ")
    assert "30.39" in warning
    assert err == f"warning: set: {warning}\n"
    code, out, err = run("set", "--format", "md")
    assert code == 0
    assert f"**Warning:** {warning}" in out
    assert run("set")[2] == f"warning: set: {warning}\n"


# Given low-resolution pictures


@pytest.mark.parametrize("low", ["{}", "{}_LR", "{}x3", "{}_LRBI_x3"])
@pytest.mark.parametrize("high", ["{}", "{}_HR"])
def test_low_resolution_files_are_paired_by_name(report, high, low):
    for index, name in enumerate("abc"):
        path = picture(f"high/{high.format(name)}.png", seed=index)
        reduced(path, f"low/{low.format(name)}.png", 3, Image.Resampling.BICUBIC)
    picture("low/0-another.png")
    document, _ = report("high", "--lr", "low")
    assert [r["image"] for r in document["records"]] == [high.format(n) for n in "abc"]
    # Pairs that do not belong together would be far below.
    assert min(r["psnr"] for r in document["records"]) > 25


def test_files_made_as_the_protocol_does_give_the_protocols_figures(report):
    from srcnn_cli.imaging.resize import resize

    for index, name in enumerate("ab"):
        path = picture(f"high/{name}.png", (41, 35), seed=index)
        pixels = np.moveaxis(np.asarray(Image.open(path)), -1, 0)[:, :33, :39]
        low = resize(np.ascontiguousarray(pixels), 11, 13)
        Path("low").mkdir(exist_ok=True)
        Image.fromarray(np.moveaxis(low, 0, -1)).save(f"low/{name}.png")
    for protocol in ("vdsr", "rgb"):
        own, _ = report("high", "--protocol", protocol)
        given, _ = report("high", "--protocol", protocol, "--lr", "low")
        assert timeless(given["records"]) == timeless(own["records"])
        assert given["dataset"]["sha256"] != own["dataset"]["sha256"]


def test_that_low_resolution_files_were_given_is_told(run, report):
    path = picture("high/a.png")
    reduced(path, "low/a.png", 3, Image.Resampling.NEAREST)
    document, _ = report("high", "--lr", "low")
    # The convention is stored with every result: this was not reduced by MATLAB's bicubic.
    assert "MATLAB bicubic down" not in document["protocol"]["description"]
    assert "MATLAB bicubic down" not in run("high", "--lr", "low")[1]


def test_a_missing_partner_is_code_3_and_names_the_picture(run):
    for index, name in enumerate("ab"):
        path = picture(f"high/{name}.png", seed=index)
    reduced(path, "low/b.png", 3, Image.Resampling.BICUBIC)
    code, out, err = run("high", "--lr", "low")
    assert (code, out) == (3, "")
    assert "a.png" in one_line(err)


def test_a_partner_of_the_wrong_size_is_code_3_and_named(run):
    path = picture("high/a.png")
    reduced(path, "low/a_LR.png", 2, Image.Resampling.BICUBIC)
    code, _, err = run("high", "--lr", "low")
    assert code == 3
    assert "a_LR.png" in one_line(err)
    assert "20x17 is not 40x34 reduced by 3, which is 13x11" in err


def test_a_grey_partner_of_a_color_picture_is_code_3_and_named(run):
    path = picture("high/a.png")
    reduced(path, "low/a_LR.png", 3, Image.Resampling.BICUBIC)
    with Image.open("low/a_LR.png") as image:
        image.convert("L").save("low/a_LR.png")
    code, _, err = run("high", "--lr", "low")
    assert code == 3
    assert "a_LR.png" in one_line(err)
    assert "grey" in err


@pytest.mark.parametrize("low", ["nowhere", "empty"])
def test_a_missing_or_empty_folder_of_partners_is_code_3(run, low):
    picture("high/a.png")
    Path("empty").mkdir()
    code, _, err = run("high", "--lr", low)
    assert code == 3
    assert low in one_line(err)


# Mistakes


@pytest.mark.parametrize("content", ["missing", "empty", "text", "file"])
def test_a_folder_without_pictures_is_code_3(run, content):
    if content != "missing":
        Path("set").mkdir()
    if content == "text":
        Path("set/notes.txt").write_text("no picture")
    if content == "file":
        Path("set").rmdir()
        picture("set.png").rename("set")
    code, out, err = run("set")
    assert (code, out) == (3, "")
    assert "set" in one_line(err)


@pytest.mark.parametrize(
    ("name", "content"),
    [("zero.png", b""), ("text.png", b"hello, this is not a picture"), ("cut.png", None)],
)
def test_an_unreadable_picture_is_code_3_and_named(run, name, content):
    whole = picture("whole.png", (64, 64)).read_bytes()
    Path("set").mkdir()
    Path("set", name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    for format_ in ("table", "json"):
        code, _, err = run("set", "--format", format_)
        assert code == 3
        assert name in one_line(err)


def test_a_link_to_nowhere_is_code_3_and_named(run):
    picture("set/a.png")
    Path("set/b.png").symlink_to("nowhere.png")
    code, _, err = run("set")
    assert code == 3
    assert "b.png" in one_line(err)


def test_two_pictures_of_one_name_are_code_3(run):
    picture("set/a.png")
    picture("set/a.bmp", seed=1)
    code, _, err = run("set")
    assert code == 3
    assert "a.bmp" in one_line(err)
    assert "a.png" in err


def test_a_picture_too_small_is_code_3_and_named(run):
    picture("set/small.png", (16, 17))
    code, _, err = run("set")
    assert code == 3
    assert "small.png: 16x17 is too small: at scale 3, with 3 pixels shaved off" in one_line(err)
    code, _, err = run("set", "-s", 2, "--crop-border", 4)
    assert code == 3
    one_line(err)


@pytest.mark.filterwarnings("always")
def test_a_large_picture_is_measured_without_pillows_warnings(tmp_path, recwarn):
    Image.new("1", (9600, 9600)).save(tmp_path / "large.png")
    assert _sizes([Source(tmp_path / "large.png")]) == {"large": (9600, 9600)}
    assert [str(w.message) for w in recwarn] == []


def test_a_model_for_another_scale_is_code_5(run, tiny_weights):
    picture("set/a.png")
    path = tiny_weights(ModelConfig(filters=(3,), widths=(), scales=(2, 4)))
    code, out, err = run("set", "-m", path)
    assert (code, out) == (5, "")
    assert "is for ×2, ×4, not for ×3" in one_line(err)


def test_an_unknown_model_is_code_5(run):
    picture("set/a.png")
    code, _, err = run("set", "-m", "srcnn-1-2-3")
    assert code == 5
    assert "srcnn-1-2-3" in one_line(err)


def test_damaged_weights_are_code_5(run, tiny_weights):
    picture("set/a.png")
    Path("bad.safetensors").write_bytes(tiny_weights().read_bytes()[:-10])
    code, _, err = run("set", "-m", "bad.safetensors")
    assert code == 5
    assert "bad.safetensors" in one_line(err)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--metrics", "psnr,lpips"), ("--metrics", ""), ("--protocol", "div2k"),
        ("--format", "xml"), ("--methods", "spline"), ("--color", "lab"), ("--border", "mirror"),
        ("--crop-border", "-1"), ("--scale", "1"), ("--scale", "17"), ("--scale", "2.5"),
        ("--repeat", "0"), ("--tile", "-1"), ("--nonsense", "1"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_code_2(run, option, value):
    picture("set/a.png")
    code, out, err = run("set", option, value)
    assert (code, out) == (2, "")
    assert value.split(",")[-1] in one_line(err) or option in err


@pytest.fixture
def never_measured(monkeypatch):
    def measured(*_arguments):
        raise AssertionError("it was measured")

    monkeypatch.setattr(Interpolation, "enlarge", measured)


@pytest.mark.parametrize("option", ["--output", "--plot"])
def test_outputs_that_cannot_be_written_are_code_4_before_measuring(run, never_measured, option):
    picture("set/a.png")
    extension = {"--output": ".json", "--plot": ".png"}[option]
    Path(f"there{extension}").write_bytes(b"precious")
    for name, word in (
        (f"there{extension}", "already exists"),
        ("out.txt", "extension"),
        ("out", "extension"),
        (f"nowhere/out{extension}", "folder does not exist"),
    ):
        code, out, err = run("set", option, name)
        assert (code, out) == (4, "")
        assert word in one_line(err)
        assert name in err
    assert Path(f"there{extension}").read_bytes() == b"precious"


def test_a_folder_that_cannot_be_written_is_code_4_before_measuring(
    run, never_measured, monkeypatch
):
    picture("set/a.png")
    Path("locked").mkdir(mode=0o500)
    if os.geteuid() == 0:  # who may write everywhere
        monkeypatch.setattr(os, "access", lambda _path, mode, **_: not mode & os.W_OK)
    code, _, err = run("set", "--output", "locked/out.json")
    assert code == 4
    assert "locked" in one_line(err)


# Plots and explanations


def test_plot_draws_a_png(run, tiny_weights):
    picture("set/a.png")
    code, out, _ = run("set", "-m", tiny_weights(), "--plot", "out.png", "--format", "csv")
    assert code == 0
    assert out.startswith("dataset,")
    with Image.open("out.png") as image:
        image.load()
        assert image.format == "PNG"
    code, _, err = run("set", "--plot", "out.png")
    assert code == 4
    one_line(err)
    assert run("set", "--plot", "out.png", "--overwrite")[0] == 0


def test_a_plot_needs_psnr_which_is_said_before_measuring(run, never_measured):
    picture("set/a.png")
    code, _, err = run("set", "--metrics", "ssim", "--plot", "out.png")
    assert code == 2
    assert "psnr" in one_line(err).lower()


def test_explain_tells_what_each_step_moves(run):
    path = picture("a.png", (60, 60))
    code, out, err = run(path, "--explain", "-s", 2)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert re.match(r"a\.png ×2, bicubic, .* \d+\.\d\d dB", lines[0])
    assert "…" not in out
    for word in ("OpenCV", "Pillow", "torch", "Y' from 0 to 255", "rounded to 8 bits"):
        assert word in out
    full = next(line for line in lines if "Y' from 0 to 255" in line)
    assert full.count("-1.32 dB") == 2
    assert re.match(r"144 combinations, from \d+\.\d\d to \d+\.\d\d dB", lines[-1])


def test_explain_of_a_grey_picture_has_no_luminance_to_choose(run):
    path = picture("a.png", (60, 60), mode="L")
    code, out, _ = run(path, "--explain")
    assert code == 0
    assert "48 combinations" in out
    assert "Y' from 0 to 255" not in out


@pytest.mark.parametrize("kind", ["folder", "missing", "small", "broken"])
def test_explain_of_what_is_no_picture_is_code_3_and_named(run, kind):
    Path("folder").mkdir()
    Image.new("RGB", (6, 6)).save("small", "PNG")
    Path("broken").write_bytes(b"broken")
    code, out, err = run(kind, "--explain")
    assert (code, out) == (3, "")
    assert kind in one_line(err)


# The papers' figures


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "scale", "psnr", "ssim"),
    [
        ("Set5", 2, 33.66, 0.9299),
        ("Set5", 3, 30.39, 0.8682),
        ("Set5", 4, 28.42, 0.8104),
        ("Set14", 3, 27.54, 0.7736),
    ],
)
def test_bicubic_is_the_published_one(report, shared_data, folder, scale, psnr, ssim):
    document, err = report(shared_data / folder, "-s", scale)
    assert err == ""
    assert document["dataset"]["recognised"] == folder
    assert document["warnings"] == []
    (average,) = document["averages"]
    assert average["psnr"] == pytest.approx(psnr, abs=0.01)
    assert average["ssim"] == pytest.approx(ssim, abs=0.0001)
    compared = 0
    for row in document["records"]:
        for figure in published_figures(
            dataset=folder, scale=scale, image=row["image"], method="Bicubic", metric="psnr"
        ):
            # Of 29 cells three are not ours when rounded: bird ×3 (by 0.008), pepper (by 0.010)
            # and foreman, which is 31.157 where the paper has 31.18.
            tolerance = 0.025 if row["image"] == "foreman" else 0.01
            assert row["psnr"] == pytest.approx(figure.value, abs=tolerance), row["image"]
            compared += 1
    assert compared == len(document["records"])


@pytest.mark.data
@pytest.mark.parametrize(
    ("protocol", "psnr"), [("vdsr", 30.387), ("rgb", 28.625)], ids=["vdsr", "rgb"]
)
def test_bicubic_under_the_other_protocols(report, shared_data, protocol, psnr):
    document, _ = report(shared_data / "Set5", "--protocol", protocol)
    assert document["averages"][0]["psnr"] == pytest.approx(psnr, abs=0.001)
    assert bool(document["published"]) == (protocol == "vdsr")


@pytest.mark.data
def test_the_canary_warns_if_the_low_resolution_files_are_not_the_papers(report, shared_data):
    import cv2

    Path("low").mkdir()
    for name in SET5:
        with Image.open(shared_data / "Set5" / f"{name}.png") as image:
            width, height = (side // 3 for side in image.size)
            pixels = np.asarray(image.convert("RGB"))[: 3 * height, : 3 * width]
        low = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        Image.fromarray(low).save(f"low/{name}.png")
    document, err = report(shared_data / "Set5", "--lr", "low")
    (warning,) = document["warnings"]
    assert warning.startswith("bicubic measures 29.72 dB, but Dong et al., ECCV 2014, Table 1 has ")
    assert "30.39" in warning
    assert err.startswith("warning: ")


@pytest.mark.data
def test_the_canary_warns_if_luminance_is_stretched(report, shared_data):
    document, err = report(shared_data / "Set5", "--color", "y-full")
    assert document["averages"][0]["psnr"] == pytest.approx(29.07, abs=0.005)
    assert document["warnings"]
    assert err.startswith("warning: ")


def srcnn_weights(shared_data, name, path):
    """Weights of the authors' Caffe code: column-major, each filter stored transposed."""
    content = loadmat(shared_data / "reference" / "weights" / f"srcnn-{name}-x3.mat")
    filters = tuple(int(f) for f in name.split("-"))
    first, second, third = (content[f"weights_conv{i}"] for i in (1, 2, 3))
    n1, n2 = first.shape[1], third.shape[0]
    # A row-major reading of a column-major filter is its transpose: both undo each other.
    layers = [
        first.T.reshape(n1, 1, filters[0], filters[0]),
        np.moveaxis(second, 2, 0).reshape(n2, n1, filters[1], filters[1]),
        third.reshape(1, n2, filters[2], filters[2]),
    ]
    biases = [content[f"biases_conv{i}"] for i in (1, 2, 3)]
    config = ModelConfig(filters=filters, widths=(n1, n2), scales=(3,), border="replicate")
    return save_layers(path, config, layers, biases)


def vdsr_weights(shared_data, path):
    """The VDSR authors' own weights: filters (h, w, in, out)."""
    model = loadmat(shared_data / "reference" / "weights" / "vdsr-official.mat")["model"][0, 0]
    layers = []
    for stored in model["weight"].ravel():
        filters = stored.reshape(*stored.shape, *[1] * (4 - stored.ndim))  # MATLAB drops 1s
        layers.append(filters.transpose(3, 2, 0, 1))
    config = ModelConfig("vdsr", (3,) * 20, (64,) * 19, scales=(2, 3, 4), border="zero")
    return save_layers(path, config, layers, model["bias"].ravel())


def save_layers(path, config, layers, biases):
    tensors = {}
    for index, (weight, bias) in enumerate(zip(layers, biases, strict=True), start=1):
        tensors[f"conv{index}.weight"] = np.ascontiguousarray(weight, np.float32)
        tensors[f"conv{index}.bias"] = bias.ravel().astype(np.float32)
    save_weights(path, config, tensors)
    return path


@pytest.mark.data
@pytest.mark.parametrize(("name", "psnr"), [("9-1-5", 32.46), ("9-3-5", 32.61), ("9-5-5", 32.55)])
def test_reference_weights_of_srcnn_have_their_known_psnr(
    report, shared_data, tmp_path, name, psnr
):
    path = srcnn_weights(shared_data, name, tmp_path / f"srcnn-{name}.safetensors")
    document, err = report(shared_data / "Set5", "--model", path)
    assert err == ""
    network = document["averages"][1]
    assert network["method"].endswith(f"srcnn-{name}")
    assert network["psnr"] == pytest.approx(psnr, abs=0.01)


@pytest.mark.data
@pytest.mark.parametrize(
    ("protocol", "psnr", "tolerance"),
    # The VDSR paper has 33.66 and 0.9213; the other figure is that of shared/data/README.md.
    [("srcnn", 33.66, 0.01), ("vdsr", 33.62, 0.02)],
)
def test_the_authors_vdsr_has_its_known_psnr(
    report, shared_data, tmp_path, protocol, psnr, tolerance
):
    path = vdsr_weights(shared_data, tmp_path / "vdsr.safetensors")
    document, _ = report(shared_data / "Set5", "-m", path, "--protocol", protocol)
    network = document["averages"][1]
    assert network["psnr"] == pytest.approx(psnr, abs=tolerance)
    assert network["ssim"] == pytest.approx(0.9213, abs=0.0003 if protocol == "srcnn" else 0.001)
