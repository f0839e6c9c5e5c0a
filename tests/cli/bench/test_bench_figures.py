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
    for word in ("OpenCV", "Pillow", "torch", "rounded to 8 bits", "original not rounded"):
        assert word in out
    full = next(line for line in lines if "Y' stretched to 0 to 255" in line)
    assert "-1.32 dB" in full
    assert re.match(r"\d+ combinations, from \d+\.\d\d to \d+\.\d\d dB", lines[-1])


def test_explain_starts_from_the_protocol_that_is_named(run):
    path = smooth("a.png", (60, 60))
    _, out, _ = run(path, "--explain", "--protocol", "basicsr")
    assert "BasicSR" in out.splitlines()[0]
    assert "luminance of the original rounded to 8 bits" in out
    assert "luminance of the original not rounded" not in out


def test_explain_of_a_grey_picture_has_no_luminance_to_choose(run):
    path = smooth("a.png", (60, 60), mode="L")
    code, out, _ = run(path, "--explain")
    assert code == 0
    assert "Y' stretched" not in out
    assert "original resized" not in out  # 60 is a multiple of 3
    assert "OpenCV" in out


def test_explain_of_a_folder_of_a_network_and_of_results(run, tiny_weights):
    for index, name in enumerate("ab"):
        path = smooth(f"set/{name}.png", (61, 60), seed=index)
        with Image.open(path) as image:
            Path("made").mkdir(exist_ok=True)
            image.save(f"made/{name}_x3.png")
    code, out, _ = run("set", "--explain")
    assert code == 0
    assert out.startswith("set ×3, bicubic")
    assert "mean squared error" in out
    code, out, _ = run("set/a.png", "--explain", "-m", tiny_weights())
    assert code == 0
    assert "tiny" in out.splitlines()[0]
    code, out, _ = run("set", "--explain", "--results", "copy=made")
    assert code == 0
    assert "copy" in out.splitlines()[0]
    assert "inf dB" in out
    assert "OpenCV's" not in out


def test_claims_finds_a_convention(run, report):
    smooth("set/a.png", (60, 60))
    document, _ = report("set", "--color", "y-full", "-s", 2)
    figure = f"{document['averages'][0]['psnr']:.2f}"
    code, out, err = run("set", "--explain", "--claims", figure, "-s", 2)
    assert (code, err) == (0, "")
    assert f"{figure} dB" in out
    assert "protocol srcnn); Y' stretched to 0 to 255" in " ".join(out.split())


def test_claims_says_where_nothing_fits(run):
    smooth("set/a.png", (60, 60))
    code, out, _ = run("set", "--claims", "99.00")
    assert code == 0
    assert "none of" in out
    assert "nearest" in out


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--claims", "much"), "not a PSNR"),
        (("--explain", "--color", "rgb"), "leave out --color"),
        (("--explain", "-o", "out.json"), "leave out --output"),
        (("--explain", "--results", "x=set", "--results", "y=set"), "one method"),
    ],
)
def test_what_explain_does_not_take_is_code_2(run, options, word):
    smooth("set/a.png", (60, 60))
    code, _, err = run("set/a.png", *options)
    assert code == 2
    assert word in one_line(err)


@pytest.mark.parametrize("kind", ["folder", "missing", "small", "broken"])
def test_explain_of_what_is_no_picture_is_code_3_and_named(run, kind):
    Path("folder").mkdir()
    Image.new("RGB", (6, 6)).save("small", "PNG")
    Path("broken").write_bytes(b"broken")
    code, out, err = run(kind, "--explain")
    assert (code, out) == (3, "")
    assert kind in one_line(err)
