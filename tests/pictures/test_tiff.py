"""TIFF of every layout: the pixels are those that were put in, or the file is refused."""

import io
import itertools
import lzma
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from picture_files import RNG, packed, raw_tiff, tiff, turned
from srcnn_cli.pictures.reading import decode_picture, read_picture

HEIGHT, WIDTH = 37, 53
CHANNELS = {"grey": 1, "white is zero": 1, "grey and alpha": 2, "rgb": 3, "rgba": 4}
SMOOTH = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (4, 4, 3), np.uint8)).resize((16, 12), Image.BICUBIC)
)


def layouts():
    yield from itertools.product(
        CHANNELS,
        ("uint8", "uint16"),
        ("contig", "separate"),
        (None, "zlib", "lzw", "packbits", "zstd", "lzma"),
        ("<", ">"),
        (None, (16, 32)),
        (False, True),
    )


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", CHANNELS)
@pytest.mark.fault(
    "TIFF: planar, tiled, any byte order, compression, depth; BigTIFF", "the picture", 0
)
def test_every_layout_gives_the_pixels_that_were_put_in(mode, orientation):
    channels = CHANNELS[mode]
    for _, kind, planar, compression, order, tile, big in (x for x in layouts() if x[0] == mode):
        if channels == 1 and planar == "separate":
            continue
        white = np.iinfo(kind).max
        pixels = RNG.integers(0, white + 1, (HEIGHT, WIDTH, channels)).astype(kind)
        options = {"photometric": "rgb" if channels > 2 else "minisblack"}
        if mode == "white is zero":
            options["photometric"] = "miniswhite"
        if channels in (2, 4):
            options["extrasamples"] = ["unassalpha"]
        if channels > 1:
            options["planarconfig"] = planar
        stored = np.moveaxis(pixels, -1, 0).copy() if planar == "separate" else pixels
        data = tiff(
            stored[..., 0] if channels == 1 else stored,
            byteorder=order, compression=compression, tile=tile, bigtiff=big,
            predictor=compression in ("zlib", "lzw", "zstd"),
            extratags=[(274, "H", 1, orientation, True)], **options,
        )  # fmt: skip
        expected = white - pixels if mode == "white is zero" else pixels
        expected = turned(expected[..., 0] if channels == 1 else expected, orientation)
        read = decode_picture(data, "x.tif")
        assert read.pixels.dtype == kind
        assert np.array_equal(read.pixels, expected), (kind, planar, compression, order, tile, big)
        assert read.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["L", "I;16", "RGB", "RGBA", "CMYK"])
@pytest.mark.fault("TIFF: orientation 1 to 8", "the picture, upright", 0)
def test_a_named_file_of_one_strip_is_turned_like_any_other(tmp_path, kind, orientation):
    channels = {"L": 1, "I;16": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}[kind]
    shape = (20, 30) if channels == 1 else (20, 30, channels)
    pixels = RNG.integers(0, 256, shape).astype(np.uint8)
    if kind == "I;16":
        pixels = pixels.astype(np.uint16) * 257
    options = {"photometric": {"CMYK": "separated"}.get(kind, "rgb")} if channels > 1 else {}
    if kind == "RGBA":
        options["extrasamples"] = ["unassalpha"]
    path = tmp_path / "x.tif"
    path.write_bytes(tiff(pixels, extratags=[(274, "H", 1, orientation, True)], **options))
    expected = pixels
    if kind == "CMYK":
        ink = pixels.astype(float)
        expected = np.clip(255 - ink[..., 3:] - ink[..., :3] * (255 - ink[..., 3:]) / 255, 0, 255)
    read = read_picture(path).pixels
    assert read.shape == turned(expected, orientation).shape
    assert np.abs(read - turned(expected, orientation).astype(float)).max() <= (kind == "CMYK")


@pytest.mark.parametrize("white_is", [0, 1])
@pytest.mark.parametrize("bits", range(1, 17))
def test_grey_of_any_depth_has_its_white_at_white(bits, white_is):
    values, most = RNG.integers(0, 2**bits, (11, 13)), 2**bits - 1
    white = 255 if bits <= 8 else 65_535
    expected = (values * white + most // 2) // most
    expected = expected if white_is else white - expected
    strip = values.astype("<u2").tobytes() if bits == 16 else packed(values, bits)
    read = decode_picture(raw_tiff(13, 11, bits, white_is, strip), "x.tif").pixels
    assert read.dtype == (np.uint8 if bits <= 8 else np.uint16)
    assert np.array_equal(read, expected)


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 14])
def test_colour_of_any_depth_has_its_white_at_white(bits):
    values, most = RNG.integers(0, 2**bits, (11, 13, 3)), 2**bits - 1
    data = raw_tiff(13, 11, bits, 2, packed(values, bits), samples=3)
    white = 255 if bits <= 8 else 65_535
    assert np.array_equal(
        decode_picture(data, "x.tif").pixels, (values * white + most // 2) // most
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_its_colours(bits, reverse):
    values, colors = RNG.integers(0, 2**bits, (11, 13)), RNG.integers(0, 256, (3, 2**bits))
    strip = packed(values, bits)
    tags = {320: (3, (colors * 257).reshape(-1).tolist()), 274: (3, [6])}
    if reverse:  # the order of the bits in each byte
        tags[266] = (3, [2])
        strip = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
    read = decode_picture(raw_tiff(13, 11, bits, 3, strip, tags=tags), "x.tif").pixels
    assert np.array_equal(read, turned(colors.T[values], 6))


def test_premultiplied_8_bit_alpha_is_divided_out():
    pixels = np.full((4, 5, 4), 50, np.uint8)
    pixels[..., 3] = 100
    data = tiff(pixels, photometric="rgb", extrasamples=["assocalpha"])
    assert decode_picture(data, "x.tif").pixels[0, 0].tolist() == [128, 128, 128, 100]


@pytest.mark.parametrize("tags", [{}, {338: (3, [0])}])
@pytest.mark.fault(
    "TIFF: further channels that are no alpha", "the picture without them, with a note", 0
)
def test_a_channel_that_is_not_marked_as_alpha_is_dropped_with_a_note(tags):
    values = RNG.integers(0, 256, (11, 13, 4), np.uint8)
    data = raw_tiff(13, 11, 8, 2, values.tobytes(), samples=4, tags=tags)
    picture = decode_picture(data, "x.tif")
    assert np.array_equal(picture.pixels, values[..., :3])
    assert "further channels" in picture.notes[0]


def test_alpha_is_found_behind_other_channels():
    values = RNG.integers(0, 256, (11, 13, 5), np.uint8)
    data = raw_tiff(13, 11, 8, 2, values.tobytes(), samples=5, tags={338: (3, [0, 2])})
    assert np.array_equal(decode_picture(data, "x.tif").pixels, values[..., [0, 1, 2, 4]])


@pytest.mark.parametrize("factors", [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_uncompressed_ycbcr_becomes_rgb(factors):
    across, down = factors
    ycbcr = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr")).astype(int)
    blocks = ycbcr.reshape(12 // down, down, 16 // across, across, 3)
    means = blocks[..., 1:].mean(axis=(1, 3)).round().astype(int)
    strip = b"".join(
        bytes([*blocks[row, :, column, :, 0].reshape(-1).tolist(), *means[row, column].tolist()])
        for row in range(12 // down)
        for column in range(16 // across)
    )
    data = raw_tiff(16, 12, 8, 6, strip, samples=3, tags={530: (3, list(factors))})
    full = means.repeat(down, axis=0).repeat(across, axis=1)
    expected = Image.fromarray(np.dstack([ycbcr[..., 0], full]).astype(np.uint8), "YCbCr")
    read = decode_picture(data, "x.tif").pixels.astype(int)
    assert np.abs(read - np.asarray(expected.convert("RGB"))).max() <= 2


@pytest.mark.parametrize(("photometric", "signed"), [(8, True), (9, False)])
@pytest.mark.parametrize("bits", [8, 16])
def test_lab_becomes_rgb(photometric, signed, bits):
    grey = np.full((12, 16, 3), 119, np.uint8)
    grey[:, 8:] = (200, 60, 60)
    lab = np.dstack(
        ImageCms.profileToProfile(
            Image.fromarray(grey),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        ).split()
    ).astype(int)
    chroma = lab[..., 1:] - (128 if signed else 0)
    factors = (1, 1) if bits == 8 else (257, 256)
    values = np.dstack([lab[..., 0] * factors[0], chroma * factors[1]]) & (2**bits - 1)
    strip = values.astype(f"<u{bits // 8}").tobytes()
    read = decode_picture(raw_tiff(16, 12, bits, photometric, strip, samples=3), "x.tif").pixels
    assert np.abs(read.astype(int) - grey).max() <= 4


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits"])
def test_fax_compressions_are_read(compression):
    picture = Image.fromarray((RNG.random((40, 64)) > 0.5).astype(np.uint8) * 255).convert("1")
    file = io.BytesIO()
    picture.save(file, "TIFF", compression=compression)
    read = decode_picture(file.getvalue(), "x.tif").pixels
    assert np.array_equal(read, np.asarray(picture.convert("L")))


@pytest.mark.fault("TIFF: a thumbnail in front of the picture", "the picture", 0)
def test_the_thumbnail_in_front_of_a_picture_is_passed_over():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(SMOOTH[:3, :4], photometric="rgb", subfiletype=1)
        writer.write(SMOOTH, photometric="rgb")
    picture = decode_picture(file.getvalue(), "x.tif", strict=True)
    assert np.array_equal(picture.pixels, SMOOTH)
    assert picture.notes == ()


@pytest.mark.parametrize("compression", [1, 5, 8, 32773, 34925, 50000])
def test_a_last_strip_that_is_filled_up_is_read(compression):
    pixels = RNG.integers(0, 256, (11, 13), np.uint8)
    pack = {
        1: bytes, 5: imagecodecs.lzw_encode, 8: zlib.compress, 32773: imagecodecs.packbits_encode,
        34925: lzma.compress, 50000: imagecodecs.zstd_encode,
    }[compression]  # fmt: skip
    full = np.vstack([pixels, np.zeros((5, 13), np.uint8)])
    first, second = pack(full[:8].tobytes()), pack(full[8:].tobytes())
    tags = {
        259: (3, [compression]), 273: (4, [8, 8 + len(first)]), 278: (3, [8]),
        279: (4, [len(first), len(second)]),
    }  # fmt: skip
    data = raw_tiff(13, 11, 8, 1, first + second, tags=tags)
    assert np.array_equal(decode_picture(data, "x.tif").pixels, pixels)
