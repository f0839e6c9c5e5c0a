"""Training pictures: which files, what the network gets of them, and in which order."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.degradation import Degradation, Window
from srcnn_cli.imaging.resize import resize
from srcnn_cli.training.examples import (
    Skipped,
    hold_back,
    load_examples,
    parse_shrinks,
    training_files,
    without_copies,
)
from srcnn_cli.training.order import CropDataset, Order, SampleIndex


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def slow_gaussian(plane, sigma):
    """Convolution with a Gaussian cut off at four sigmas, the edge pixels repeated."""
    radius = int(4 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        length = plane.shape[axis]
        index = np.arange(length)
        plane = sum(
            weight * plane.take(np.clip(index + offset, 0, length - 1), axis)
            for offset, weight in zip(offsets, weights, strict=True)
        )
    return plane


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(37, 50, 3), (41, 26)], ids=["colour", "grey"])
def test_luminance_without_blur_is_the_evaluation_convention_to_the_bit(shape, scale):
    pixels = noise(shape)
    example = Degradation((scale,)).example(pixels, scale)
    pair = make_pair(pixels, scale)
    np.testing.assert_array_equal(example.truth, pair.truth[None])
    np.testing.assert_array_equal(example.source, pair.interpolated[None])
    assert (example.truth.dtype, example.source.dtype) == (np.uint8, np.float32)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
def test_every_plane_is_reduced_and_enlarged_bicubically(color, slow_bicubic):
    example = Degradation((3,), color).example(noise((20, 31, 3)), 3)
    assert example.truth.shape == example.source.shape == (3, 18, 30)
    for truth, source in zip(example.truth, example.source, strict=True):
        low = slow_bicubic(truth / 255, 6, 10)
        np.testing.assert_allclose(source, slow_bicubic(low, 18, 30), rtol=0, atol=1e-6)


def test_rgb_truth_is_the_picture():
    pixels = noise((9, 8, 3))
    truth = Degradation((2,), "rgb").example(pixels, 2).truth
    np.testing.assert_array_equal(truth, np.moveaxis(pixels[:8], -1, 0))


def test_ycbcr_truth_is_that_of_the_standard():
    colors = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
    pixels = np.array(colors, np.uint8)[None].repeat(2, axis=0)
    truth = Degradation((2,), "ycbcr").example(pixels, 2).truth
    # ITU-R BT.601 in 8 bits.
    expected = [(16, 128, 128), (235, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110),
                (210, 16, 146)]  # fmt: skip
    np.testing.assert_array_equal(truth[:, 0].T, expected)


def test_ycbcr_begins_with_the_plane_that_is_evaluated():
    pixels = noise((64, 64, 3))
    planes = Degradation((2,), "ycbcr").example(pixels, 2).truth
    np.testing.assert_array_equal(planes[0], make_pair(pixels, 2).truth)


def test_grey_is_three_equal_planes_in_rgb_and_without_chroma_in_ycbcr():
    pixels = noise((6, 8))
    rgb = Degradation((2,), "rgb").example(pixels, 2)
    np.testing.assert_array_equal(rgb.truth, np.stack([pixels] * 3))
    ycbcr = Degradation((2,), "ycbcr").example(pixels, 2)
    np.testing.assert_array_equal(ycbcr.truth[0], pixels)
    assert (ycbcr.truth[1:] == 128).all()
    np.testing.assert_allclose(ycbcr.source[1:], 128 / 255, rtol=0, atol=1e-6)


@pytest.mark.parametrize("sigma", [0.8, 1.6])
@pytest.mark.parametrize("scale", [3, 5])
def test_blurred_pictures_lose_all_but_the_middle_pixels_at_odd_scales(scale, sigma, slow_bicubic):
    pixels = noise((31, 43))
    example = Degradation((scale,), blur=sigma).example(pixels, scale)
    height, width = 31 // scale * scale, 43 // scale * scale
    middle = scale // 2
    low = slow_gaussian(pixels[:height, :width] / 255, sigma)[middle::scale, middle::scale]
    np.testing.assert_allclose(
        example.source[0], slow_bicubic(low, height, width), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("scale", [2, 4])
def test_at_even_scales_samples_lie_between_pixels(scale, slow_bicubic):
    pixels = noise((24, 32))
    example = Degradation((scale,), blur=1.2).example(pixels, scale)
    low = slow_gaussian(pixels / 255, 1.2)
    for axis in (0, 1):
        # Keys' cubic half-way between the second and the third of four samples.
        padded = np.pad(low.swapaxes(0, axis), [(1, 1), (0, 0)], "symmetric")
        starts = range(scale // 2 - 1, len(padded) - 3, scale)
        rows = [(-padded[i] + 9 * padded[i + 1] + 9 * padded[i + 2] - padded[i + 3]) / 16
                for i in starts]  # fmt: skip
        low = np.array(rows).swapaxes(0, axis)
    assert low.shape == (24 // scale, 32 // scale)
    np.testing.assert_allclose(example.source[0], slow_bicubic(low, 24, 32), rtol=0, atol=1e-6)


@pytest.mark.parametrize("blur", [0, 0.7, 2.0])
@pytest.mark.parametrize("scale", [2, 3, 4, 5])
def test_the_input_stays_where_the_truth_is(scale, blur):
    ramp = np.add.outer(np.arange(60), 2 * np.arange(60)).astype(np.uint8)
    example = Degradation((scale,), blur=blur).example(ramp, scale)
    inside = (0, slice(20, 40), slice(20, 40))
    truth = example.truth[inside] / 255
    np.testing.assert_allclose(example.source[inside], truth, rtol=0, atol=1e-6)


@given(st.data())
def test_a_part_is_made_as_in_the_whole_picture(data):
    scale = data.draw(st.integers(1, 4))
    blur = data.draw(st.sampled_from([0.0, 0.5, 1.5]))
    color = data.draw(st.sampled_from(["y", "rgb"]))
    height, width = (scale * data.draw(st.integers(1, 40)) for _ in range(2))
    top, left = (scale * data.draw(st.integers(0, side // scale - 1)) for side in (height, width))
    rows, columns = (
        scale * data.draw(st.integers(1, room // scale)) for room in (height - top, width - left)
    )
    pixels = noise((height + scale - 1, width, 3))
    degradation = Degradation((scale,), color, blur)
    whole = degradation.example(pixels, scale)
    part = degradation.example(pixels, scale, Window(top, left, rows, columns))
    inside = (slice(None), slice(top, top + rows), slice(left, left + columns))
    np.testing.assert_array_equal(part.truth, whole.truth[inside])
    np.testing.assert_allclose(part.source, whole.source[inside], rtol=0, atol=1e-6)


@pytest.mark.parametrize("values", [{"scales": ()}, {"scales": (0,)}, {"blur": -1}])
def test_impossible_degradations_are_refused(values):
    with pytest.raises(UsageError):
        Degradation(**{"scales": (2,), **values})


def test_nan_is_no_blur():
    with pytest.raises(UsageError, match="blur"):
        Degradation((2,), blur=float("nan"))


@given(st.integers(0, 60), st.data())
def test_holding_back_splits_the_files_without_losing_any(total, data):
    count = data.draw(st.integers(0, total))
    files = [Path(f"{i:03}.png") for i in range(total)]
    kept, held = hold_back(files, count)
    assert len(held) == count
    assert sorted(kept + held) == files
    assert not set(kept) & set(held)
    assert kept == sorted(kept)
    assert held == sorted(held)
    assert hold_back(files, count) == (kept, held)


def test_held_back_files_are_evenly_spaced():
    _, held = hold_back([Path(str(i)) for i in range(30)], 3)
    assert held == [Path("5"), Path("15"), Path("25")]


def write_picture(path, shape):
    pixels = noise(shape)
    Image.fromarray(pixels).save(path)
    return pixels


def test_pictures_become_examples_at_every_scale_in_order(tmp_path):
    color = write_picture(tmp_path / "a.png", (20, 23, 3))
    grey = write_picture(tmp_path / "b.png", (17, 18))
    loaded = load_examples([tmp_path / "a.png", tmp_path / "b.png"], Degradation((2, 3)))
    for examples, pixels in zip(loaded, (color, grey), strict=True):
        for example, scale in zip(examples, (2, 3), strict=True):
            np.testing.assert_array_equal(example.truth[0], make_pair(pixels, scale).truth)


def test_alpha_is_ignored(tmp_path):
    pixels = write_picture(tmp_path / "a.png", (20, 23, 4))
    grey = write_picture(tmp_path / "b.png", (20, 23, 2))
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    (first,), (second,) = load_examples(files, Degradation((2,)))
    np.testing.assert_array_equal(first.truth[0], make_pair(pixels[..., :3], 2).truth)
    np.testing.assert_array_equal(second.truth[0], make_pair(grey[..., 0], 2).truth)


def test_16_bit_pictures_are_rounded_to_8(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (12, 12), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    ((example,),) = load_examples([tmp_path / "a.png"], Degradation((2,)))
    np.testing.assert_array_equal(example.truth[0], np.round(pixels / 65535 * 255))


@pytest.mark.parametrize("shape", [(40, 60, 3), (40, 60)])
def test_smaller_copies_are_examples_beside_their_picture(tmp_path, shape):
    pixels = write_picture(tmp_path / "a.png", shape)
    planes = np.moveaxis(pixels, -1, 0) if len(shape) == 3 else pixels
    files = [tmp_path / "a.png"]
    (examples,) = load_examples(files, Degradation((2, 3)), smallest=20, shrinks=(0.7, 0.55))
    copies = [planes, resize(planes, 28, 42), resize(planes, 22, 33)]
    expected = []
    for copy in copies:
        whole = copy if len(shape) == 2 else np.moveaxis(copy, 0, -1)
        expected += [make_pair(whole, 2).truth, make_pair(whole, 3).truth]
    assert len(examples) == 6
    for example, truth in zip(examples, expected, strict=True):
        np.testing.assert_array_equal(example.truth[0], truth)


def test_a_copy_that_would_be_smaller_than_a_patch_is_the_picture(tmp_path):
    write_picture(tmp_path / "a.png", (40, 52, 3))
    files = [tmp_path / "a.png"]
    # 22 and 21 rows; cropped to a multiple of three, 21 and 21 remain of them.
    for shrink, smallest, rows in ((0.55, 20, 22), (0.55, 21, 40), (0.52, 20, 40)):
        (examples,) = load_examples(files, Degradation((3,)), smallest=smallest, shrinks=(shrink,))
        assert [example.truth.shape[1] for example in examples] == [39, rows // 3 * 3]


def test_visits_take_the_picture_and_its_copies(tmp_path):
    write_picture(tmp_path / "a.png", (40, 52, 3))
    files = [tmp_path / "a.png"]
    parts = CropDataset(files, Degradation((2,)), smallest=10, seed=1, shrinks=(0.7, 0.5))
    shapes = [parts[SampleIndex(0, 2, number)].truth.shape for number in range(60)]
    assert {shape[1:] for shape in shapes} == {(40, 52), (28, 36), (20, 26)}
    assert shapes == [parts[SampleIndex(0, 2, number)].truth.shape for number in range(60)]


@pytest.mark.parametrize("text", ["1", "0.8,0", "0.8;0.6", "half", "0.8,", "nan"])
def test_factors_of_copies_lie_between_0_and_1(text):
    with pytest.raises(UsageError, match="factors between 0 and 1"):
        parse_shrinks(text)


def test_factors_of_copies_are_read_in_their_order():
    assert parse_shrinks("0.8,0.6") == (0.8, 0.6)
    assert parse_shrinks("") == ()


def test_files_that_do_not_serve_are_skipped_with_a_reason(tmp_path):
    write_picture(tmp_path / "good.png", (30, 30, 3))
    write_picture(tmp_path / "small.png", (30, 19, 3))
    write_picture(tmp_path / "tiny.png", (2, 40, 3))
    (tmp_path / "text.png").write_text("no picture")
    content = (tmp_path / "good.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(content[: len(content) // 2])
    names = ["tiny.png", "text.png", "good.png", "broken.png", "small.png", "missing.png"]
    files = [tmp_path / name for name in names]
    results = list(load_examples(files, Degradation((3,)), smallest=20))
    kinds = [isinstance(result, Skipped) for result in results]
    assert kinds == [True, True, False, True, True, True]
    skipped = [result for result in results if isinstance(result, Skipped)]
    assert [s.path.name for s in skipped] == [n for n in names if n != "good.png"]
    assert all(s.reason and "\n" not in s.reason for s in skipped)
    assert skipped[3].reason == "18x30 is smaller than a patch of 20"


def test_a_picture_serves_at_all_scales_or_not_at_all(tmp_path):
    write_picture(tmp_path / "a.png", (20, 21, 3))
    files = [tmp_path / "a.png"]
    (examples,) = load_examples(files, Degradation((2, 4, 5)), smallest=20)
    assert [example.truth.shape for example in examples] == [(1, 20, 20)] * 3
    (skipped,) = load_examples(files, Degradation((2, 3)), smallest=20)
    assert skipped.reason == "21x18 is smaller than a patch of 20"


def test_training_files_are_found_in_all_folders_once_and_sorted(tmp_path):
    for name in ("b/2.png", "b/1.JPG", "a/deep/3.webp", "a/notes.txt", "a/.hidden.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = training_files([tmp_path / "b", tmp_path / "a", tmp_path / "b"])
    assert found == [tmp_path / name for name in ("a/deep/3.webp", "b/1.JPG", "b/2.png")]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        training_files([tmp_path / "nowhere"])


def test_a_file_is_no_training_folder(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="not a folder"):
        training_files([tmp_path / "a.png"])


def test_a_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="holds no pictures"):
        training_files([tmp_path])


def test_copies_of_validation_pictures_are_left_out_whatever_they_are_called(tmp_path):
    contents = {"a.png": b"one", "b.png": b"two", "c.png": b"longer", "held/d.png": b"two"}
    (tmp_path / "held").mkdir()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in (*contents, "missing.png")]
    left = without_copies(files, [tmp_path / "held/d.png", tmp_path / "held/missing.png"])
    assert [path.name for path in left] == ["a.png", "c.png", "missing.png"]


def take(order, count):
    return list(islice(order, count))


@given(files=st.integers(1, 30), world=st.integers(1, 4), seed=st.integers(-3, 3))
def test_the_ranks_together_visit_every_file_once_in_every_epoch(files, world, seed):
    world = min(world, files)
    visits = []
    for rank in range(world):
        share = len(range(rank, files, world))
        visits += take(Order(files, (2,), seed, rank, world), 3 * share)[share : 2 * share]
    assert sorted(visit.file for visit in visits) == list(range(files))


@given(files=st.integers(1, 20), start=st.integers(0, 90), rank=st.integers(0, 2))
def test_the_order_goes_on_from_any_visit_as_from_the_first(files, start, rank):
    whole = take(Order(files, (2, 3, 4), 7, rank, 3), start + 25)
    assert take(Order(files, (2, 3, 4), 7, rank, 3, start), 25) == whole[start:]


def test_epochs_and_seeds_have_orders_of_their_own():
    first = [visit.file for visit in take(Order(40, (2,), 1), 80)]
    other = [visit.file for visit in take(Order(40, (2,), 2), 80)]
    assert first[:40] != first[40:]
    assert first != other


def test_scales_take_turns():
    visits = take(Order(3, (2, 3, 4), 1), 7)
    assert [visit.scale for visit in visits] == [2, 3, 4, 2, 3, 4, 2]
    assert [visit.number for visit in visits] == list(range(7))


@pytest.mark.parametrize("scale", [2, 3])
def test_crops_of_large_pictures_are_drawn_from_everywhere(tmp_path, scale):
    pixels = np.arange(40 * 52, dtype=np.uint16).reshape(40, 52)
    rgb = np.stack([pixels // 256, pixels % 256, pixels * 0], axis=-1).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    degradation = Degradation((scale,), "rgb")
    parts = CropDataset([tmp_path / "a.png"], degradation, smallest=5, seed=1, side=13)
    side = 13 // scale * scale
    whole = degradation.example(rgb, scale)
    corners = set()
    for number in range(300):
        part = parts[SampleIndex(0, scale, number)]
        assert part.truth.shape == (3, side, side)
        corner = int(part.truth[0, 0, 0]) * 256 + int(part.truth[1, 0, 0])
        top, left = divmod(corner, 52)
        inside = (slice(None), slice(top, top + side), slice(left, left + side))
        np.testing.assert_array_equal(part.truth, whole.truth[inside])
        np.testing.assert_allclose(part.source, whole.source[inside], rtol=0, atol=1e-6)
        corners.add((top, left))
    rows, columns = (set(axis) for axis in zip(*corners, strict=True))
    assert rows == set(range(0, 40 // scale * scale - side + 1, scale))
    assert columns == set(range(0, 52 // scale * scale - side + 1, scale))


def test_a_crop_is_never_smaller_than_a_patch():
    parts = CropDataset([Path("a")], Degradation((3,)), smallest=20, seed=1, side=12)
    assert parts.side(3) == 21


def test_a_crop_that_cannot_be_made_is_skipped_with_a_reason(tmp_path):
    write_picture(tmp_path / "a.png", (9, 30, 3))
    parts = CropDataset([tmp_path / "a.png"], Degradation((2,)), smallest=10, seed=1)
    skipped = parts[SampleIndex(0, 2, 0)]
    assert skipped == Skipped(tmp_path / "a.png", "30x8 is smaller than a patch of 10")
