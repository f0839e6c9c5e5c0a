"""Damaged files: refused or read, and nothing else is raised."""

import importlib.util
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picture_files import RGB, RGB16, SRGB, encoded, exif_with, png, rows16, tiff
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.reading import decode_picture


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),
        ("PPM", {}),
        ("JPEG2000", {}),
    ],
)
@pytest.mark.fault("cut off anywhere, any format", "refused", 3)
def test_a_truncated_file_is_refused_wherever_it_is_cut(file_format, options):
    data = encoded(RGB, file_format, **options)
    for keep in (10, len(data) // 4, len(data) // 2, len(data) - 30, len(data) - 4):
        with pytest.raises(InputError):
            decode_picture(data[:keep], "cut")


def test_a_truncated_16_bit_png_is_refused():
    data = png((30, 20), 16, 2, rows16(RGB16))
    with pytest.raises(InputError):
        decode_picture(data[: len(data) // 2], "cut.png")


def test_a_16_bit_tiff_cut_short_is_refused():
    data = tiff(RGB16, photometric="rgb")
    with pytest.raises(InputError):
        decode_picture(data[:-100], "cut.tif")


FUZZ = Path(__file__).parents[2] / "scripts" / "fuzz_pictures.py"
SEEDS = [
    encoded(RGB, "PNG"),
    encoded(RGB, "JPEG", exif=exif_with(6), icc_profile=SRGB),
    encoded(RGB, "GIF"),
    encoded(RGB, "TIFF", compression="tiff_lzw", icc_profile=SRGB),
    encoded(RGB, "WEBP"),
    encoded(RGB, "BMP"),
    encoded(RGB, "PPM"),
    encoded(RGB, "JPEG2000"),
    png((30, 20), 16, 2, rows16(RGB16)),
    tiff(RGB16, photometric="rgb"),
]


def assert_refused_or_sound(data):
    try:
        picture = decode_picture(data, "odd", max_pixels=1_000_000)
    except InputError:
        return
    assert picture.pixels.dtype in (np.uint8, np.uint16)
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.ndim == 2 or picture.pixels.shape[2] in (2, 3, 4)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.fault(
    "bytes changed at random", "refused, or read if every check passes; no traceback", 3
)
def test_a_damaged_file_is_refused_or_read_but_nothing_else_is_raised(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    # Headers are where decoders stumble, so half of the damage goes there.
    anywhere = st.integers(0, len(content) - 1) | st.integers(0, min(99, len(content) - 1))
    for position, value in data.draw(
        st.lists(st.tuples(anywhere, st.integers(0, 255)), min_size=1, max_size=6)
    ):
        content[position] = value
    assert_refused_or_sound(bytes(content))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", *(seed[:30] for seed in SEEDS), b"P5 ", b"P3 9 9 70000 "]),
    rest=st.binary(max_size=300),
)
def test_random_bytes_are_refused_or_read_but_nothing_else_is_raised(start, rest):
    assert_refused_or_sound(start + rest)


@pytest.mark.skipif(sys.platform == "win32", reason="the script counts memory as Unix does")
def test_a_short_run_of_the_fuzz_script_finds_nothing_worse_than_a_second_readers_refusal():
    spec = importlib.util.spec_from_file_location("fuzz_pictures", FUZZ)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    seeds, chance = module.make_seeds(), random.Random(11)  # noqa: S311 - no secret
    allowed = {*module.FINE, "read, where a second reader refuses"}
    for name, data in seeds.items():
        assert module.verdict_of(data) == "read", name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the second reader
        for _ in range(400):
            name, data = module.damage(seeds, chance)
            assert module.verdict_of(data) in allowed, name
