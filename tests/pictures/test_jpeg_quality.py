"""The quality that a JPEG was written with is found again, and whether pixels share colours."""

import io

import pytest
from PIL import Image

from sample_pictures import random_pixels
from srcnn_cli.pictures.jpeg_quality import quality_of
from srcnn_cli.pictures.reading import decode_picture


def jpeg(mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(random_pixels((16, 16, 3))).convert(mode).save(stream, "JPEG", **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_quality_of_libjpeg_is_found(mode):
    found = [decode_picture(jpeg(mode, quality=q), "a.jpg").quality for q in range(1, 101)]
    assert found == list(range(1, 101))


def test_tables_of_other_programs_are_put_beside_those_of_libjpeg():
    found = [
        decode_picture(jpeg(qtables=[[n] * 64] * 2), "a.jpg").quality for n in (2, 16, 60, 200)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 95
    assert found[-1] < 25


def test_without_a_table_there_is_none():
    assert quality_of({}) is None
    assert quality_of({1: [1] * 64}) is None


def test_other_formats_have_none():
    stream = io.BytesIO()
    Image.fromarray(random_pixels((16, 16, 3))).save(stream, "WEBP", quality=50)
    assert decode_picture(stream.getvalue(), "a.webp").quality is None


@pytest.mark.parametrize(
    ("mode", "subsampling", "shared"),
    [("RGB", 0, False), ("RGB", 1, True), ("RGB", 2, True), ("L", 0, None), ("CMYK", 2, None)],
)
def test_subsampling_is_read_from_the_file(mode, subsampling, shared):
    data = jpeg(mode, quality=90, subsampling=subsampling)
    assert decode_picture(data, "a.jpg").subsampled is shared
