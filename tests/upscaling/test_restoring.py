"""Damage is undone where it is found and where there are weights for it, and nowhere else."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.color import ycbcr_from_rgb
from srcnn_cli.imaging.levels import CLEAN, LEVELS, Levels, compression_level
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.selection import Candidates
from srcnn_cli.models.catalog import photograph_weights as shipped_photograph_weights
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import save_weights
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.reading import read_picture
from srcnn_cli.upscaling.restoring import Finding, parse_restore
from srcnn_cli.upscaling.upscaler import Upscaler
from textures import leaves


@pytest.fixture(scope="module")
def colors():
    y, x = np.mgrid[:128, :136]
    plane = 120 + 50 * np.sin(x / 6 + y / 13) + 30 * np.tanh(np.sin((x + 2 * y) / 15) * 4)
    return np.stack([plane, 0.9 * plane, 200 - 0.5 * plane], axis=-1).astype(np.uint8)


@pytest.fixture(scope="module")
def jpeg(colors, tmp_path_factory):
    path = tmp_path_factory.mktemp("in") / "photo.jpg"
    Image.fromarray(colors).save(path, quality=40)
    return path


def photograph_weights(path, scale):
    """A network that adds its level of compression to the enlargement, and nothing else."""
    config = ModelConfig(
        "subpixel", (3, 3), (2,), scales=(scale,), border="normalize", levels=LEVELS
    )
    tensors = {name: np.zeros(s, np.float32) for name, s in config.tensor_shapes.items()}
    tensors["conv1.levels"][0, 0] = 1
    tensors["conv2.weight"][:, 0, 1, 1] = 0.25
    save_weights(path, config, tensors)
    return str(path)


def test_auto_takes_the_quality_from_the_file(jpeg):
    finding = parse_restore("auto").find(read_picture(jpeg), 2)
    level = compression_level(40)
    assert finding == Finding(Levels(level, chrominance=level), "JPEG quality 40", "file")


@pytest.mark.parametrize(
    ("quality", "subsampling", "levels"),
    [
        (97, "4:2:0", Levels(chrominance=compression_level(97))),
        (100, "4:2:2", Levels(chrominance=compression_level(99))),
        (97, "4:4:4", CLEAN),
        (90, "4:4:4", Levels(compression_level(90), chrominance=0.0)),
        (80, "4:4:4", Levels(compression_level(80))),
    ],
)
def test_how_the_colours_of_a_file_were_compressed_is_known(tmp_path, quality, subsampling, levels):
    plain = np.full((80, 80, 3), (90, 60, 30), np.uint8)  # nothing but the file tells
    Image.fromarray(plain).save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    finding = parse_restore("auto").find(read_picture(tmp_path / "a.jpg"), 2)
    words = "" if levels == CLEAN else f"JPEG quality {quality}"
    assert finding == Finding(levels, words, words and "file")


def test_without_enlarging_nothing_is_done_about_a_file_that_counts_as_clean(colors, tmp_path):
    Image.fromarray(colors).save(tmp_path / "a.jpg", quality=97)
    assert parse_restore("auto").find(read_picture(tmp_path / "a.jpg"), 1) == Finding()


def test_of_a_grey_file_there_are_no_colours(colors, tmp_path):
    Image.fromarray(colors[..., 0]).save(tmp_path / "a.jpg", quality=97)
    assert parse_restore("auto").find(read_picture(tmp_path / "a.jpg"), 2) == Finding()


def test_auto_takes_it_from_the_pixels_where_the_file_cannot_tell(jpeg, tmp_path):
    Image.open(jpeg).save(tmp_path / "again.png")
    Image.open(jpeg).save(tmp_path / "again.jpg", quality=97)
    for name in ("again.png", "again.jpg"):
        finding = parse_restore("auto").find(read_picture(tmp_path / name), 2)
        assert finding.source == "pixels"
        assert finding.levels.compression == pytest.approx(compression_level(40), rel=0.05)


def test_auto_finds_nothing_in_clean_pictures(colors):
    for pixels in (colors, colors[..., 0], colors.astype(np.uint16) * 257):
        assert parse_restore("auto").find(Picture(pixels), 2) == Finding()
    assert parse_restore("auto").find(Picture(colors, quality=97), 2) == Finding()
    assert parse_restore("off").find(Picture(colors, quality=10), 2) == Finding()


@pytest.mark.parametrize(
    ("reduction", "words", "levels"),
    [
        ("nearest", "jagged edges", Levels(aliasing=pytest.approx(0.9, abs=0.1))),
        ("area", "averaged pixels", Levels(softness=0.2)),
    ],
)
def test_auto_finds_how_a_picture_was_reduced_where_it_becomes_larger(reduction, words, levels):
    pixels = parse_chain(reduction).apply(leaves(600), 2, np.random.default_rng(0))
    picture = Picture(pixels)
    assert parse_restore("auto").find(picture, 2) == (levels, words, "pixels")
    assert parse_restore("auto").find(picture, 1) == Finding()
    assert parse_restore("off").find(picture, 2) == Finding()


def test_a_level_by_hand_is_what_the_chain_says(colors):
    finding = parse_restore("blur:1+jpeg:30").find(Picture(colors), 2)
    assert finding.source == "option"
    assert finding.levels == Levels(compression_level(30), softness=0.5)
    with pytest.raises(UsageError, match="--restore takes auto, off"):
        parse_restore("jpg")


@pytest.mark.parametrize("scale", [1, 2, 3, 6])
def test_the_first_stage_is_told_how_damaged_the_picture_is(tmp_path, colors, scale):
    own = 3 if scale in (3, 6) else scale
    upscaler = Upscaler(photograph_weights(tmp_path / "w.safetensors", own))
    levels = Levels(compression=0.4)
    assert upscaler.restores(scale, levels)
    assert not upscaler.restores(scale, CLEAN)
    clean = upscaler.upscale_pixels(colors, scale).pixels.astype(int)
    restored = upscaler.upscale_pixels(colors, scale, levels=levels).pixels.astype(int)
    assert restored.shape == clean.shape
    clean, restored = clean[18:-18, 18:-18], restored[18:-18, 18:-18]
    # 0.4 × 0.25 of Y', which in R'G'B' is 255 / 219 of that.
    inside = (clean > 10) & (clean < 210)
    assert (restored - clean)[inside].mean() == pytest.approx(0.1 * 255 * 255 / 219, abs=0.6)


def test_models_without_such_weights_restore_nothing():
    for model in ("srcnn-9-1-5", "bicubic"):
        upscaler = Upscaler(model)
        assert not upscaler.restores(2, Levels(0.4))
        pixels = np.full((12, 12, 3), 90, np.uint8)
        plain = upscaler.upscale_pixels(pixels, 2).pixels
        assert np.array_equal(upscaler.upscale_pixels(pixels, 2, levels=Levels(0.4)).pixels, plain)


def test_the_command_says_what_it_found(jpeg, tmp_path, srcnn):
    weights = photograph_weights(tmp_path / "w.safetensors", 2)
    command = ["upscale", jpeg, "-s", "2", "-o", tmp_path / "out.png", "--overwrite", "-m"]
    code, out, _ = srcnn(*command, weights)
    assert code == 0
    assert "JPEG quality 40: restored" in out
    _, out, _ = srcnn(*command, weights, "--restore", "off")
    assert "restored" not in out
    said = json.loads(srcnn(*command, weights, "--json")[1])["damage"]
    assert said["found"] == "JPEG quality 40"
    assert said["restored"] is True
    assert said["by"] == "file"
    code, _, err = srcnn(*command, "srcnn-9-1-5", "--restore", "jpeg:40")
    assert code == 2
    assert "srcnn-9-1-5 has no weights that restore at ×2" in err


def test_the_default_model_restores_at_a_scale_of_one_two_and_three():
    upscaler = Upscaler()
    assert all(upscaler.restores(scale, Levels(0.4)) for scale in (1, 2, 3))


@pytest.mark.parametrize(
    ("quality", "asked", "undone"),
    [(97, (), False), (80, (), True), (97, ("--restore", "jpeg:95"), True)],
)
def test_of_lightly_compressed_files_the_clean_weights_make_more_unless_the_user_says_otherwise(
    colors, tmp_path, srcnn, quality, asked, undone
):
    path = tmp_path / "in.jpg"
    Image.fromarray(colors).save(path, quality=quality, subsampling="4:4:4")
    results = []
    for restore in (asked, ("--restore", "off")):
        output = tmp_path / f"{len(results)}.png"
        command = ("upscale", path, "-s", "2", "-m", "subpixel-s", "-o", output, "--json")
        code, out, _ = srcnn(*command, *restore)
        assert code == 0
        results.append((json.loads(out)["damage"], read_picture(output).pixels))
    (found, one), (_, plain) = results
    assert found["found"] == ("jpeg:95" if asked else f"JPEG quality {quality}" * undone)
    assert found["restored"] is undone
    assert np.array_equal(one, plain) is not undone


@pytest.mark.parametrize("quality", [95, 98])
def test_the_colours_of_a_lightly_compressed_file_are_restored_and_its_luminance_is_not(
    colors, tmp_path, srcnn, quality
):
    path = tmp_path / "in.jpg"
    Image.fromarray(colors).save(path, quality=quality, subsampling="4:2:0")
    results = []
    for restore in ("auto", "off"):
        output = tmp_path / f"{restore}.png"
        command = ("upscale", path, "-s", "2", "-o", output, "--restore", restore)
        code, out, _ = srcnn(*command)
        assert code == 0
        assert (f"JPEG quality {quality}: colours restored" in out) is (restore == "auto")
        results.append(ycbcr_from_rgb(np.moveaxis(read_picture(output).pixels, -1, 0) / 255))
    restored, plain = results
    assert np.abs(restored[0] - plain[0]).max() < 1.5 / 255
    assert np.abs(restored[1:] - plain[1:]).max() > 3 / 255


def test_colours_that_are_not_subsampled_are_left_alone_beside_restored_luminance():
    low = np.random.default_rng(0).random((3, 40, 44), np.float32)
    level = compression_level(90)
    given = resize(ycbcr_from_rgb(low)[1:], 80, 88)
    for levels, alone in ((Levels(level, chrominance=0.0), True), (Levels(level), False)):
        method = Candidates("subpixel-s").method(2, "cpu", levels)
        found = ycbcr_from_rgb(method.enlarge(low, 80, 88)[0])[1:]
        assert bool(np.abs(found - given).max() < 1e-4) is alone


def test_light_compression_is_told_apart_by_weights_and_is_undone_beside_other_damage():
    light, heavy = Levels(compression_level(95)), Levels(compression_level(75))
    noisy = light._replace(noise=0.3)
    assert Upscaler("subpixel-s").worth_undoing(2, light) == CLEAN
    colored = Levels(chrominance=light.compression)
    assert Upscaler("subpixel-s").worth_undoing(2, light._replace(chrominance=0.0)) == CLEAN
    assert (
        Upscaler("subpixel-s").worth_undoing(2, light._replace(chrominance=light.compression))
        == colored
    )
    assert Upscaler("subpixel-s").worth_undoing(2, heavy) == heavy
    assert Upscaler("subpixel-s").worth_undoing(2, noisy) == noisy
    assert Upscaler("subpixel-s-photo").worth_undoing(2, light) == light  # has no others
    assert Upscaler("subpixel-s").worth_undoing(1, light) == light  # nor are there any


@pytest.mark.parametrize("weights", shipped_photograph_weights(), ids=lambda w: w.path.stem)
def test_where_clean_weights_do_better_is_measured_within_what_files_have(weights):
    assert weights.scale == 1 or 88 <= weights.clean_from <= 100
