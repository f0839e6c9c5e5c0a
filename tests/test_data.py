"""Training patches are what they seem: aligned pieces of the pictures, all equally likely."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from srcnn_cli.data import PatchSampler, Skipped, hold_back, load_pairs, training_files
from srcnn_cli.errors import InputError
from srcnn_cli.protocol import Pair, make_pair

CPU = torch.device("cpu")


def position_pair(height, width, base=0):
    """Planes whose value tells the position; the truth modulo 251, so that it fits 8 bits."""
    position = base + np.arange(height * width).reshape(height, width)
    return Pair((position % 251).astype(np.uint8), position.astype(np.float32), 3)


PAIRS = [position_pair(9, 14), position_pair(20, 7, 1000), position_pair(6, 6, 2000)]


def draw(sampler, count, seed=0):
    inputs, truths = sampler.sample(count, torch.Generator().manual_seed(seed))
    return inputs.numpy()[:, 0], truths.numpy()[:, 0]


def orientations(patch):
    """The eight images of a square under flips and turns."""
    turned = [np.rot90(patch, k) for k in range(4)]
    return turned + [t.T for t in turned]


def locate(patch, pairs):
    """(picture, row, column, orientation) of a patch of position planes."""
    corner = patch.min()
    for index, pair in enumerate(pairs):
        where = np.argwhere(pair.interpolated == corner)
        if len(where):
            row, column = where[0]
            side = len(patch)
            piece = pair.interpolated[row : row + side, column : column + side]
            for turn, turned in enumerate(orientations(piece)):
                if turned.shape == patch.shape and (turned == patch).all():
                    return index, int(row), int(column), turn
    return pytest.fail(f"no piece of any picture:\n{patch}")


def test_every_patch_is_a_piece_of_a_picture():
    inputs, _ = draw(PatchSampler(PAIRS, 5, 1, CPU), 300)
    for patch in inputs:
        locate(patch, PAIRS)


def test_every_position_of_every_picture_occurs_in_all_eight_orientations():
    pairs = [position_pair(6, 7), position_pair(5, 5, 1000)]
    inputs, _ = draw(PatchSampler(pairs, 4, 0, CPU), 6000)
    seen = {locate(patch, pairs) for patch in inputs}
    expected = {(0, row, column) for row in range(3) for column in range(4)}
    expected |= {(1, row, column) for row in range(2) for column in range(2)}
    assert seen == {(*place, turn) for place in expected for turn in range(8)}


@pytest.mark.parametrize("margin", [0, 1, 2])
def test_the_truth_is_the_middle_of_its_input(margin):
    inputs, truths = draw(PatchSampler(PAIRS, 6, margin, CPU), 200)
    middle = inputs[:, margin : 6 - margin, margin : 6 - margin]
    assert truths.shape == (200, 6 - 2 * margin, 6 - 2 * margin)
    np.testing.assert_allclose(truths, middle % 251 / 255, rtol=0, atol=1e-7)


def test_every_position_in_the_whole_set_is_equally_likely():
    sampler = PatchSampler(PAIRS, 5, 1, CPU)
    inputs, _ = draw(sampler, 20_000, seed=3)
    corners = inputs.min(axis=(1, 2))
    _, counts = np.unique(corners, return_counts=True)
    places = 5 * 10 + 16 * 3 + 2 * 2
    assert len(counts) == places
    expected = 20_000 / places
    statistic = ((counts - expected) ** 2 / expected).sum()
    # Chi-square of 101 degrees of freedom: mean 101, standard deviation 14.2.
    assert 50 < statistic < 170


def test_patches_as_large_as_the_picture_are_drawn():
    inputs, _ = draw(PatchSampler([position_pair(5, 5)], 5, 0, CPU), 50)
    assert {locate(patch, [position_pair(5, 5)])[:3] for patch in inputs} == {(0, 0, 0)}


def test_patches_are_float32_with_one_channel():
    inputs, truths = PatchSampler(PAIRS, 6, 2, CPU).sample(4, torch.Generator())
    assert (inputs.shape, truths.shape) == ((4, 1, 6, 6), (4, 1, 2, 2))
    assert inputs.dtype == truths.dtype == torch.float32


def test_the_generator_alone_decides_the_draw():
    sampler = PatchSampler(PAIRS, 5, 1, CPU)
    torch.manual_seed(1)
    first = draw(sampler, 20, seed=5)
    torch.manual_seed(2)
    again = draw(PatchSampler(PAIRS, 5, 1, CPU), 20, seed=5)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (draw(sampler, 20, seed=6)[0] != first[0]).any()


def test_pixels_are_counted():
    assert PatchSampler(PAIRS, 5, 1, CPU).pixels == 9 * 14 + 20 * 7 + 36


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


def write_picture(path, shape, mode=None):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)
    return pixels


def test_pictures_become_pairs_in_order(tmp_path):
    color = write_picture(tmp_path / "a.png", (20, 23, 3))
    grey = write_picture(tmp_path / "b.png", (17, 18))
    first, second = load_pairs([tmp_path / "a.png", tmp_path / "b.png"], 3)
    for pair, pixels in ((first, color), (second, grey)):
        np.testing.assert_array_equal(pair.truth, make_pair(pixels, 3).truth)
        np.testing.assert_array_equal(pair.interpolated, make_pair(pixels, 3).interpolated)


def test_alpha_is_ignored(tmp_path):
    pixels = write_picture(tmp_path / "a.png", (20, 23, 4))
    grey = write_picture(tmp_path / "b.png", (20, 23, 2))
    first, second = load_pairs([tmp_path / "a.png", tmp_path / "b.png"], 2)
    np.testing.assert_array_equal(first.truth, make_pair(pixels[..., :3], 2).truth)
    np.testing.assert_array_equal(second.truth, make_pair(grey[..., 0], 2).truth)


def test_16_bit_pictures_are_rounded_to_8(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (12, 12), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (pair,) = load_pairs([tmp_path / "a.png"], 2)
    np.testing.assert_array_equal(pair.truth, np.round(pixels / 65535 * 255))


def test_files_that_do_not_serve_are_skipped_with_a_reason(tmp_path):
    write_picture(tmp_path / "good.png", (30, 30, 3))
    write_picture(tmp_path / "small.png", (30, 19, 3))
    write_picture(tmp_path / "tiny.png", (2, 40, 3))
    (tmp_path / "text.png").write_text("no picture")
    content = (tmp_path / "good.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(content[: len(content) // 2])
    names = ["tiny.png", "text.png", "good.png", "broken.png", "small.png", "missing.png"]
    results = list(load_pairs([tmp_path / name for name in names], 3, smallest=20))
    kinds = [isinstance(result, Skipped) for result in results]
    assert kinds == [True, True, False, True, True, True]
    skipped = [result for result in results if isinstance(result, Skipped)]
    assert [s.path.name for s in skipped] == [n for n in names if n != "good.png"]
    assert all(s.reason and "\n" not in s.reason for s in skipped)
    assert skipped[3].reason == "18x30 is smaller than a patch of 20"


def test_a_picture_exactly_as_large_as_a_patch_serves(tmp_path):
    write_picture(tmp_path / "a.png", (20, 20, 3))
    (pair,) = load_pairs([tmp_path / "a.png"], 2, smallest=20)
    assert isinstance(pair, Pair)


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
