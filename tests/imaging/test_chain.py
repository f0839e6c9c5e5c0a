"""Chains of degradations do what their names say, and are read as they are written."""

import io

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.chain import Chain, parse_chain
from srcnn_cli.imaging.chain_steps import Jpeg, Noise
from srcnn_cli.imaging.degradation import reduced
from srcnn_cli.imaging.jpeg_blocks import luminance_table
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.imaging.reduction import REDUCTIONS


def random_of(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture
def picture():
    y, x = np.mgrid[:60, :84]
    plane = 120 + 60 * np.sin(x / 5) * np.cos(y / 7) + 30 * ((x // 9 + y // 11) % 2)
    colors = np.stack([plane, plane[:, ::-1], plane[::-1]], axis=-1)
    return np.clip(colors + random_of().normal(0, 4, colors.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "text",
    [
        "bicubic",
        "nearest",
        "jpeg:75",
        "noise:8+jpeg:90",
        "blur:1.2+area+poisson:0.5+webp:60",
        "jpeg:40:420:27+jpeg:90:444",
    ],
)
def test_a_chain_is_read_as_it_is_written(text):
    assert str(parse_chain(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jpg:75", "is no degradation"),
        ("jpeg", "is written like jpeg:QUALITY"),
        ("jpeg:0", "quality must be a whole number from 1 to 100"),
        ("jpeg:70.5", "whole number"),
        ("jpeg:70:422", "420 or 444"),
        ("noise:much", "is not a number"),
        ("noise:nan", "sigma must be a number"),
        ("jpeg:70+area", "not in its place"),
        ("area+blur:1", "not in its place"),
        ("", "is no degradation"),
    ],
)
def test_what_is_no_chain_is_refused_in_one_line(text, said):
    with pytest.raises(UsageError, match=said):
        parse_chain(text)


def test_plain_bicubic_is_the_papers_reduction_rounded(picture):
    plane = np.ascontiguousarray(picture[..., 0])
    expected = np.floor(reduced(plane, 2) * 255 + 0.5).clip(0, 255)
    assert np.array_equal(Chain().apply(plane, 2, random_of()), expected)


def test_area_is_the_mean_of_each_block(picture):
    expected = picture.reshape(30, 2, 42, 2, 3).mean(axis=(1, 3))
    result = parse_chain("area").apply(picture, 2, random_of())
    assert np.abs(result - expected).max() <= 0.5 + 1e-6


def test_nearest_picks_pixels_as_opencv_and_pillow_do(picture):
    first = parse_chain("nearest").apply(picture, 2, random_of())
    assert np.array_equal(first, picture[::2, ::2])
    centre = parse_chain("nearest-centre").apply(picture, 3, random_of())
    pillow = Image.fromarray(picture).resize((28, 20), Image.Resampling.NEAREST)
    assert np.array_equal(centre, np.asarray(pillow))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", [*REDUCTIONS])
def test_every_reduction_leaves_flat_fields_and_lengths_right(name, scale):
    flat = np.full((24, 36), 77, np.uint8)
    result = Chain(name).apply(flat, scale, random_of())
    assert result.shape == (24 // scale, 36 // scale)
    assert (result == 77).all()


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("text", [*REDUCTIONS, "blur:1.3"])
def test_the_matrix_of_an_axis_does_what_the_chain_does(text, scale, picture):
    plane = picture[:, :60, 1].astype(np.float32)
    chain = parse_chain(text)
    matrix = chain.matrix(60, scale)
    by_matrix = np.floor(matrix @ plane @ matrix.T + 0.5).clip(0, 255)
    applied = chain.apply(picture[:, :60, 1], scale, random_of()).astype(int)
    assert np.abs(by_matrix - applied).max() <= 1
    assert (by_matrix != applied).mean() < 0.01


def test_a_jpeg_step_is_pillows_file(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=40, subsampling=2)
    expected = np.asarray(Image.open(buffer))
    assert np.array_equal(parse_chain("jpeg:40").apply(picture, 1, random_of()), expected)


def test_a_shifted_grid_is_that_of_a_picture_cut_out_of_a_larger_one(picture):
    plane = picture[..., 0].astype(np.float64)
    whole = Jpeg(20).apply(plane, random_of())[3:, 6:]
    part = Jpeg(20, shift=3 * 8 + 6).apply(plane[3:, 6:], random_of())
    inside = (slice(8, None), slice(8, None))  # without the blocks that lay partly outside
    assert np.array_equal(part[inside], whole[inside])
    assert not np.array_equal(Jpeg(20).apply(plane[3:, 6:], random_of())[inside], whole[inside])


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 92, 100])
def test_jpeg_without_a_file_is_as_far_from_the_picture_as_the_file(quality, picture):
    plane = picture[:50, :77, 0].astype(np.float64)
    step = Jpeg(quality, shift=8 * 5 + 2)
    file, imitated = (how(plane, random_of()) for how in (step.apply, step.imitate))
    errors = [np.square(result - plane).mean() for result in (file, imitated)]
    assert errors[1] == pytest.approx(errors[0], rel=0.02, abs=0.05)
    # Where a coefficient lies just between two multiples a whole block may round the other way.
    assert np.abs(file - imitated).mean() < 0.5


@pytest.mark.parametrize("quality", [1, 23, 50, 77, 100])
def test_tables_are_those_that_pillow_writes(quality):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        written = image.quantization[0]
    # Pillow gives rows and columns in reading order since 8.3.
    assert luminance_table(quality).ravel().tolist() == list(written)


def test_noise_has_its_strength_and_follows_its_seed():
    flat = np.full((200, 200), 128, np.uint8)
    chain = parse_chain("noise:6")
    result = chain.apply(flat, 1, random_of(3))
    assert result.std() == pytest.approx(6, rel=0.03)
    assert np.array_equal(result, chain.apply(flat, 1, random_of(3)))
    assert not np.array_equal(result, chain.apply(flat, 1, random_of(4)))


def test_shot_noise_grows_with_the_root_of_the_light():
    chain = parse_chain("poisson:0.5")
    dark, bright = (
        chain.apply(np.full((200, 200), level, np.uint8), 1, random_of()) for level in (32, 128)
    )
    assert dark.std() == pytest.approx(4, rel=0.05)
    assert bright.std() == pytest.approx(8, rel=0.05)


def test_levels_rise_with_the_damage_and_are_zero_without():
    assert Chain().levels(2) == CLEAN
    by_quality = [parse_chain(f"jpeg:{q}").levels(2).compression for q in (95, 75, 50, 20, 5)]
    assert by_quality == sorted(by_quality)
    assert by_quality[0] > 0
    twice = parse_chain("jpeg:40+jpeg:90").levels(2)
    assert twice.compression == parse_chain("jpeg:40").levels(2).compression
    grey, colored = (Chain(steps=(Noise(8),)).levels(2, grey=grey).noise for grey in (True, False))
    # Y' of independent noise: sqrt(.299² + .587² + .114²) of it, in a range of 219 for 255.
    assert colored / grey == pytest.approx(0.6684 * 219 / 255, rel=1e-3)
    assert parse_chain("blur:1.2").levels(2).softness == pytest.approx(0.6)
