"""The conventions of `srcnn bench`: named, described, measured, and warned about."""

import numpy as np
import pytest

from bench_reports import timeless
from known_sets import SET5
from sample_pictures import smooth


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
    smooth("set/a.png")
    document, _ = report("set", *arguments)
    protocol = document["protocol"]
    assert protocol["name"] == name
    assert (protocol["color"], protocol["quantize_lr"], protocol["crop_border"]) == steps
    assert protocol["description"].startswith(f"{name}: 8-bit ")
    for format_ in ("table", "md"):
        assert protocol["description"] in run("set", *arguments, "--format", format_)[1]
    assert name in run("set", *arguments, "--format", "csv")[1].replace('"', "")


def test_stretched_luminance_reads_132_hundredths_lower(report):
    smooth("set/a.png", (64, 64))
    values = [
        report("set", "--color", color)[0]["averages"][0]["psnr"] for color in ("y", "y-full")
    ]
    assert values[0] - values[1] == pytest.approx(20 * np.log10(255 / 219), abs=2e-4)


def test_all_metrics_can_be_asked_for(report):
    smooth("set/a.png", (200, 200))
    document, _ = report("set", "--metrics", "ifc, MS-SSIM,psnr".lower())
    for row in (*document["records"], *document["averages"]):
        assert set(row) >= {"ifc", "ms_ssim", "psnr"}
        assert "ssim" not in row
        assert 0 < row["ms_ssim"] < 1
        assert row["ifc"] > 0


def test_a_metric_asked_for_twice_is_measured_once(report):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        smooth(f"set/{name}.png", (width, height), seed=index)
    once, _ = report("set", "--metrics", "psnr")
    assert timeless(report("set", "--metrics", "psnr,psnr")[0]) == timeless(once)


def test_repeat_is_told(report):
    smooth("set/a.png")
    assert report("set", "--repeat", 3)[0]["repeat"] == 3


def test_the_canary_warns_on_a_set_that_only_looks_like_the_papers(run, report):
    for index, (name, (height, width)) in enumerate(SET5.items()):
        smooth(f"set/{name}.png", (width, height), seed=index)
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
