"""Lossy results: the quality follows that of the input, and the line says it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from sample_pictures import noise, opened, smooth
from srcnn_cli.pictures.jpeg_quality import quality_of


def written(path):
    with Image.open(path) as image:
        return quality_of(image.quantization)


@pytest.mark.parametrize(("given", "kept"), [(80, 80), (91, 91), (40, 75), (100, 95)])
def test_a_jpeg_keeps_its_quality_within_bounds_and_the_line_says_it(run, given, kept):
    noise("in.jpg", quality=given)
    code, out, _ = run("in.jpg", "-s", "2")
    assert code == 0
    assert written("in_x2.jpg") == kept
    assert f"  40×28  quality {kept}  " in out


@pytest.mark.parametrize(
    ("given", "restore", "kept"), [(60, "auto", 90), (91, "auto", 91), (60, "off", 75)]
)
def test_what_was_restored_gets_no_new_blocks(run, given, restore, kept):
    noise("in.jpg", size=(96, 80), quality=given)
    code, out, _ = run("in.jpg", "-s", "2", "--restore", restore, model="subpixel-s")
    assert code == 0
    assert ("restored" in out) == (restore == "auto")
    assert written("in_x2.jpg") == kept
    assert f"  quality {kept}  " in out


def test_a_quality_that_is_given_is_taken(run):
    noise("in.jpg", quality=80)
    assert run("in.jpg", "-s", "2", "--quality", "60")[0] == 0
    assert written("in_x2.jpg") == 60


def test_a_jpeg_of_something_else_has_95(run):
    noise("in.png")
    code, out, _ = run("in.png", "-s", "2", "-o", "out.jpg", "--json")
    assert code == 0
    assert json.loads(out)["quality"] == written("out.jpg") == 95


def test_what_is_lossless_names_no_quality(run):
    noise("in.jpg", quality=80)
    code, out, _ = run("in.jpg", "-s", "2", "-f", "png")
    assert code == 0
    assert "quality" not in out


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_avif_is_written_near_the_picture_and_smaller_at_less_quality(run, mode):
    picture = opened(smooth("in.png", mode=mode))
    if mode == "RGBA":
        picture.putalpha(128)
        picture.save("in.png")
    assert run("in.png", "-s", "2", model="bicubic")[0] == 0
    sizes = []
    for quality in ("95", "40"):
        code, out, _ = run(
            "in.png", "-s", "2", "-f", "avif", "--quality", quality, "--overwrite", model="bicubic"
        )
        assert code == 0
        assert f"quality {quality}" in out
        with Image.open("in_x2.avif") as image, Image.open("in_x2.png") as exact:
            assert (image.format, image.size) == ("AVIF", (80, 68))
            assert image.mode == ("RGBA" if mode == "RGBA" else "RGB")
            shown, meant = image.convert("L").resize((8, 8)), exact.convert("L").resize((8, 8))
        assert max(abs(a - b) for a, b in zip(shown.tobytes(), meant.tobytes(), strict=True)) < 9
        sizes.append(Path("in_x2.avif").stat().st_size)
    assert sizes[1] < sizes[0]
