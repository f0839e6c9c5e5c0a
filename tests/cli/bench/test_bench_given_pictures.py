"""`srcnn bench --lr`: low-resolution pictures that are given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench_reports import reduced, timeless
from sample_pictures import smooth
from terminal import one_line


@pytest.mark.parametrize("low", ["{}", "{}_LR", "{}x3", "{}_LRBI_x3"])
@pytest.mark.parametrize("high", ["{}", "{}_HR"])
def test_low_resolution_files_are_paired_by_name(report, high, low):
    for index, name in enumerate("abc"):
        path = smooth(f"high/{high.format(name)}.png", seed=index)
        reduced(path, f"low/{low.format(name)}.png", 3, Image.Resampling.BICUBIC)
    smooth("low/0-another.png")
    document, _ = report("high", "--lr", "low")
    assert [r["image"] for r in document["records"]] == [high.format(n) for n in "abc"]
    # Pairs that do not belong together would be far below.
    assert min(r["psnr"] for r in document["records"]) > 25


def test_files_made_as_the_protocol_does_give_the_protocols_figures(report):
    from srcnn_cli.imaging.resize import resize

    for index, name in enumerate("ab"):
        path = smooth(f"high/{name}.png", (41, 35), seed=index)
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
    path = smooth("high/a.png")
    reduced(path, "low/a.png", 3, Image.Resampling.NEAREST)
    document, _ = report("high", "--lr", "low")
    # The convention is stored with every result: this was not reduced by MATLAB's bicubic.
    assert "MATLAB bicubic down" not in document["protocol"]["description"]
    assert "MATLAB bicubic down" not in run("high", "--lr", "low")[1]


def test_a_missing_partner_is_code_3_and_names_the_picture(run):
    for index, name in enumerate("ab"):
        path = smooth(f"high/{name}.png", seed=index)
    reduced(path, "low/b.png", 3, Image.Resampling.BICUBIC)
    code, out, err = run("high", "--lr", "low")
    assert (code, out) == (3, "")
    assert "a.png" in one_line(err)


def test_a_partner_of_the_wrong_size_is_code_3_and_named(run):
    path = smooth("high/a.png")
    reduced(path, "low/a_LR.png", 2, Image.Resampling.BICUBIC)
    code, _, err = run("high", "--lr", "low")
    assert code == 3
    assert "a_LR.png" in one_line(err)
    assert "20x17 is not 40x34 reduced by 3, which is 13x11" in err


def test_a_grey_partner_of_a_color_picture_is_code_3_and_named(run):
    path = smooth("high/a.png")
    reduced(path, "low/a_LR.png", 3, Image.Resampling.BICUBIC)
    with Image.open("low/a_LR.png") as image:
        image.convert("L").save("low/a_LR.png")
    code, _, err = run("high", "--lr", "low")
    assert code == 3
    assert "a_LR.png" in one_line(err)
    assert "grey" in err


@pytest.mark.parametrize("low", ["nowhere", "empty"])
def test_a_missing_or_empty_folder_of_partners_is_code_3(run, low):
    smooth("high/a.png")
    Path("empty").mkdir()
    code, _, err = run("high", "--lr", low)
    assert code == 3
    assert low in one_line(err)
