"""`Upscaler` as programs use it: with what they have at hand, and in processes of their own."""

import copy
import io
import multiprocessing
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

import srcnn_cli
from srcnn_cli import InputError, SrcnnError, Upscaler, UsageError
from srcnn_cli.models.config import ModelConfig

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (9, 11, 3), np.uint8)
FORK = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here"
)


@pytest.fixture
def upscaler(tiny_weights):
    config = ModelConfig(filters=(3, 1, 3), widths=(4, 3), scales=(2,))
    return Upscaler(tiny_weights(config), device="cpu")


# Arrays


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 65_535), (0, 1.3), (-1, 1), (-0.3, 0.5)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_far_out_of_0_to_1_are_refused_with_their_range(upscaler, low, high, dtype):
    if dtype == "float16" and high > 60_000:
        high = 60_000
    pixels = np.linspace(low, high, 60).reshape(6, 10).astype(dtype)
    with pytest.raises(InputError, match=r"values from .* to .*: .*white is 1") as refused:
        upscaler.upscale(pixels, 2)
    assert f"{float(pixels.max()):g}" in str(refused.value)
    if low == 0 and high in {255, 65_535}:
        assert f"divide by {high}" in str(refused.value)


def test_a_little_overshoot_is_a_picture(upscaler):
    pixels = np.linspace(-0.1, 1.1, 60, dtype=np.float32).reshape(6, 10)
    result = upscaler.upscale(pixels, 2)
    assert 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_floats_of_other_sizes_are_converted_and_come_back(upscaler, dtype):
    pixels = (PIXELS / 255).astype(dtype)
    result = upscaler.upscale(pixels, 2)
    assert result.dtype == dtype
    expected = upscaler.upscale(pixels.astype(np.float32), 2)
    np.testing.assert_array_equal(result, expected.astype(dtype))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_row_of_pictures_is_enlarged_one_by_one(upscaler, channels):
    row = RNG.integers(0, 256, (3, 5, 6, channels), np.uint8)
    result = upscaler.upscale(row, 2)
    assert result.shape == (3, 10, 12, channels)
    for each, larger in zip(row, result, strict=True):
        np.testing.assert_array_equal(upscaler.upscale(each, 2), larger)


def test_grey_may_have_a_channel(upscaler):
    grey = PIXELS[..., :1]
    result = upscaler.upscale(grey, 2)
    assert result.shape == (18, 22, 1)
    np.testing.assert_array_equal(result[..., 0], upscaler.upscale(grey[..., 0], 2))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("photo.jpg", r"a str is no picture: open it first"),
        (Path("photo.jpg"), r"Path is no picture: open it first"),
        (b"\x89PNG", "open it first"),
        ([[0, 1], [2, 3]], r"a list is no picture: .*numpy.stack"),
        ((PIXELS, PIXELS), "a tuple is no picture"),
        (torch.zeros(3, 8, 8), r"a torch.Tensor is no picture: .*numpy\(\)"),
        (None, "a NoneType is no picture: give a Pillow image"),
        (np.zeros((3, 8, 8, 7)), "no row of pictures"),
        (np.zeros((0, 8, 8, 3)), "no row of pictures"),
        (np.zeros((2, 2, 8, 8, 3), np.uint8), "no picture"),
        (np.zeros((8, 8), np.int64), "int64"),
        (np.full((8, 8), np.nan), "not finite"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_with_what_to_do(upscaler, value, words):
    with pytest.raises(InputError, match=words):
        upscaler.upscale(value, 2)


@pytest.mark.parametrize("picture", [PIXELS, np.stack([PIXELS] * 3), Image.fromarray(PIXELS)])
def test_progress_goes_from_nothing_to_all(upscaler, picture):
    told = []
    upscaler.upscale(picture, 4, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert len(told) >= 2


# Images


def opened(save_format="JPEG", **options):
    """An image as it comes from a file."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, save_format, **options)
    return Image.open(io.BytesIO(file.getvalue()))


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("save_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_profile_and_resolution_are_kept(upscaler, save_format):
    resolution = {} if save_format == "WEBP" else {"dpi": (300, 300)}
    image = opened(save_format, icc_profile=PROFILE, **resolution)
    result = upscaler.upscale(image, 2)
    assert result.info["icc_profile"] == PROFILE
    if resolution:
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    file = io.BytesIO()
    result.save(file, "PNG")  # which takes them out of ``info``
    assert Image.open(file).info["icc_profile"] == PROFILE


def test_a_profile_of_other_colours_is_not_kept(upscaler):
    image = Image.fromarray(PIXELS).convert("CMYK")
    image.info["icc_profile"] = PROFILE
    assert "icc_profile" not in upscaler.upscale(image, 2).info
    grey = Image.fromarray(PIXELS[..., 0])
    grey.info["icc_profile"] = PROFILE  # of three channels
    assert "icc_profile" not in upscaler.upscale(grey, 2).info


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_once(upscaler, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    image = opened("PNG", exif=exif.tobytes())
    result = upscaler.upscale(image, 2)
    assert result.size == ((18, 22) if orientation >= 5 else (22, 18))
    turned = np.asarray(image)
    # By the definition of the tag: where row 0 and column 0 of what is stored are to be seen.
    turned = turned.swapaxes(0, 1) if orientation >= 5 else turned
    rows, columns = {
        1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1),
        5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1),
    }[orientation]  # fmt: skip
    expected = upscaler.upscale(np.ascontiguousarray(turned[::rows, ::columns]), 2)
    np.testing.assert_array_equal(np.asarray(result), expected)
    file = io.BytesIO()
    result.save(file, "PNG", exif=result.info["exif"])
    tags = Image.open(file).getexif()
    assert (tags.get(0x0112, 1), tags[0x010F]) == (1, "Maker")


# Copies and processes


def enlarge_in_child(arguments):
    upscaler, pixels = arguments
    return upscaler.upscale(pixels, 2)


def bfloat16(weights):
    return Upscaler(weights, device="cpu", precision="bfloat16", engine="torch")


@pytest.mark.parametrize("make", [lambda w: Upscaler(w, device="cpu"), bfloat16])
@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda u: pickle.loads(pickle.dumps(u))],  # noqa: S301
)
def test_a_used_upscaler_can_be_copied_and_pickled(tiny_weights, make, again):
    upscaler = make(tiny_weights())
    expected = upscaler.upscale(PIXELS, 2)
    second = again(upscaler)
    np.testing.assert_array_equal(second.upscale(PIXELS, 2), expected)
    assert (second.model, second.precision) == (upscaler.model, upscaler.precision)


LARGE = RNG.integers(0, 256, (150, 160, 3), np.uint8)  # several tiles
_shared = None


def _by_inheritance(_number):
    return _shared.upscale(LARGE, 2)


@FORK
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("make", [lambda w: Upscaler(w, device="cpu", tile=64), bfloat16])
def test_forked_processes_use_it_after_its_first_use(tiny_weights, make, monkeypatch):
    """As in a Pool, and in a DataLoader with workers."""
    upscaler = make(tiny_weights())
    expected = upscaler.upscale(LARGE, 2)
    monkeypatch.setattr(sys.modules[__name__], "_shared", upscaler)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for result in pool.map_async(_by_inheritance, range(3)).get(timeout=120):
            np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(upscaler.upscale(LARGE, 2), expected)


def _reason(_number):
    with pytest.raises(UsageError) as error:
        _shared.upscale(LARGE, 2)
    return str(error.value)


@FORK
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_openvino_in_a_forked_process_is_refused_where_it_would_hang(tiny_weights, monkeypatch):
    pytest.importorskip("openvino")
    upscaler = Upscaler(tiny_weights(), device="cpu", engine="openvino")
    upscaler.upscale(LARGE, 2)
    monkeypatch.setattr(sys.modules[__name__], "_shared", upscaler)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        (reason,) = pool.map_async(_reason, range(1)).get(timeout=60)
    assert "spawn" in reason


class Pictures(torch.utils.data.Dataset):
    """Enlarges what it gives."""

    def __init__(self, upscaler):
        self.upscaler = upscaler

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.upscaler.upscale(np.roll(PIXELS, index, axis=0), 2)


@FORK
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_data_loader_with_workers_does_not_hang(upscaler):
    data = Pictures(upscaler)
    expected = [data[index] for index in range(len(data))]
    loader = torch.utils.data.DataLoader(
        data, batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=120
    )
    for result, wanted in zip(loader, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)


def test_errors_stand_at_the_front_door():
    for name in srcnn_cli.__all__:
        assert getattr(srcnn_cli, name)
    assert issubclass(InputError, SrcnnError)
    with pytest.raises(srcnn_cli.ModelError):
        Upscaler("no such model")
    with pytest.raises(srcnn_cli.UsageError):
        Upscaler("bicubic").upscale(PIXELS, 99)
