"""`srcnn bench --plot` and `--explain`."""

import re
from pathlib import Path

import pytest
from PIL import Image

from sample_pictures import smooth
from terminal import one_line


def test_plot_draws_a_png(run, tiny_weights):
    smooth("set/a.png")
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
    smooth("set/a.png")
    code, _, err = run("set", "--metrics", "ssim", "--plot", "out.png")
    assert code == 2
    assert "psnr" in one_line(err).lower()


def test_explain_tells_what_each_step_moves(run):
    path = smooth("a.png", (60, 60))
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
    path = smooth("a.png", (60, 60), mode="L")
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
