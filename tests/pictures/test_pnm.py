"""Portable maps of any maximum, plain and binary, made by hand."""

import numpy as np
import pytest

from picture_files import RNG
from srcnn_cli.errors import InputError
from srcnn_cli.pictures.reading import decode_picture


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "most", [255, 256, 300, 1000, 1023, 2047, 2048, 3000, 4095, 4096, 16_383, 65_534, 65_535]
)
@pytest.mark.fault(
    "PGM, PPM: any maximum from 255 to 65,535", "the picture, the maximum as white", 0
)
def test_the_maximum_is_white(most, channels, plain):
    values = RNG.integers(0, most + 1, (7, 9, channels))
    values[0, 0], values[0, 1] = most, 0
    magic = {(1, False): b"P5", (1, True): b"P2", (3, False): b"P6", (3, True): b"P3"}
    content = values.astype("u1" if most < 256 else ">u2").tobytes()
    if plain:
        content = b" ".join(b"%d" % value for value in values.reshape(-1))
    data = magic[channels, plain] + b" # made\n9 7\n# by hand\n%d\n" % most + content
    white = 255 if most < 256 else 65_535
    expected = (values * white + most // 2) // most
    read = decode_picture(data, "x.ppm").pixels
    assert read.dtype == (np.uint8 if most < 256 else np.uint16)
    assert np.array_equal(read, expected[..., 0] if channels == 1 else expected)


@pytest.mark.fault("PGM, PPM: values above the maximum", "taken as white, with a note", 0)
def test_values_above_the_maximum_are_said():
    data = b"P5 2 1 1000\n" + np.array([1000, 2000], ">u2").tobytes()
    picture = decode_picture(data, "x.pgm")
    assert picture.pixels.tolist() == [[65_535, 65_535]]
    assert "above its maximum" in picture.notes[0]


@pytest.mark.parametrize("data", [b"P5 9 9 4095\n" + bytes(100), b"P2 2 2 4095\n1 2 3"])
def test_missing_pixels_are_found(data):
    with pytest.raises(InputError, match="cut off"):
        decode_picture(data, "x.pgm")
