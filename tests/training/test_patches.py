"""Training patches are what they seem: aligned pieces of the pictures, all equally likely."""

import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from srcnn_cli.errors import InputError
from srcnn_cli.imaging.degradation import Degradation, Example
from srcnn_cli.training.examples import Skipped, load_examples, training_files
from srcnn_cli.training.patches import PatchSampler, PicturePool
from srcnn_cli.training.positions import PatchSpec

CPU = torch.device("cpu")


def position_example(height, width, base=0, channels=1):
    """Sources whose value tells the position and plane; the truth modulo 251, to fit 8 bits."""
    position = base + np.arange(height * width).reshape(1, height, width)
    source = position + 100_000 * np.arange(channels).reshape(-1, 1, 1)
    return Example((source % 251).astype(np.uint8), source.astype(np.float32))


EXAMPLES = [position_example(9, 14), position_example(20, 7, 1000), position_example(6, 6, 2000)]


def draw(sampler, count, seed=0, **options):
    sources, truths = sampler.sample(count, torch.Generator().manual_seed(seed), **options)
    return sources.numpy(), truths.numpy()


def orientations(patch):
    """The eight images of a square under flips and turns."""
    turned = [np.rot90(patch, k) for k in range(4)]
    return turned + [t.T for t in turned]


def locate(patch, examples):
    """(picture, row, column, orientation) of a patch of position planes."""
    corner = patch.min()
    for index, example in enumerate(examples):
        where = np.argwhere(example.source[0] == corner)
        if len(where):
            row, column = where[0]
            side = len(patch)
            piece = example.source[0, row : row + side, column : column + side]
            for turn, turned in enumerate(orientations(piece)):
                if turned.shape == patch.shape and (turned == patch).all():
                    return index, int(row), int(column), turn
    return pytest.fail(f"no piece of any picture:\n{patch}")


def test_every_patch_is_a_piece_of_a_picture():
    sources, _ = draw(PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU), 300)
    for patch in sources[:, 0]:
        locate(patch, EXAMPLES)


def test_every_position_of_every_picture_occurs_in_all_eight_orientations():
    examples = [position_example(6, 7), position_example(5, 5, 1000)]
    sources, _ = draw(PatchSampler(examples, PatchSpec(4, 0), CPU), 6000)
    seen = {locate(patch, examples) for patch in sources[:, 0]}
    expected = {(0, row, column) for row in range(3) for column in range(4)}
    expected |= {(1, row, column) for row in range(2) for column in range(2)}
    assert seen == {(*place, turn) for place in expected for turn in range(8)}


def test_without_augmentation_patches_stay_as_they_are():
    sampler = PatchSampler(EXAMPLES, PatchSpec(5, 1, augment=False), CPU)
    seen = {locate(patch, EXAMPLES) for patch in draw(sampler, 3000)[0][:, 0]}
    assert {turn for *_, turn in seen} == {0}
    assert len(seen) == sampler.positions == 5 * 10 + 16 * 3 + 2 * 2


@given(
    sizes=st.lists(st.tuples(st.integers(4, 12), st.integers(4, 12)), min_size=1, max_size=4),
    patch=st.integers(1, 6),
    stride=st.integers(1, 5),
    channels=st.sampled_from([1, 3]),
)
def test_the_positions_are_those_that_a_loop_over_the_pictures_cuts(sizes, patch, stride, channels):
    examples = [position_example(*size, 1000 * i, channels) for i, size in enumerate(sizes)]
    expected = [
        (e.source[:, top : top + patch, left : left + patch],
         e.truth[:, top : top + patch, left : left + patch] / 255)
        for e in examples
        for top in range(0, e.truth.shape[1] - patch + 1, stride)
        for left in range(0, e.truth.shape[2] - patch + 1, stride)
    ]  # fmt: skip
    pool = PicturePool(144 * len(sizes), channels, PatchSpec(patch, 0, stride), CPU)
    for place, example in enumerate(examples):
        pool.put(place, 144 * place, example)
    assert pool.positions == len(expected)
    if expected:
        sources, truths = pool.cut(torch.arange(len(expected)), None)
        np.testing.assert_array_equal(sources, [source for source, _ in expected])
        np.testing.assert_allclose(truths, [truth for _, truth in expected], rtol=0, atol=1e-7)


def test_sub_images_lie_on_the_grid_of_the_papers():
    # 33x33 with a stride of 14, as in SRCNN, from 100 rows and 61 columns: 5 x 3 of them.
    example = position_example(100, 61)
    sampler = PatchSampler([example], PatchSpec(33, 6, stride=14, augment=False), CPU)
    assert sampler.positions == 15
    places = {locate(patch, [example])[1:3] for patch in draw(sampler, 300)[0][:, 0]}
    assert places == {(row, column) for row in (0, 14, 28, 42, 56) for column in (0, 14, 28)}


@pytest.mark.data
def test_the_91_images_give_as_many_sub_images_as_the_authors_code(shared_data):
    # What Dong et al.'s generate_train.m writes for scale 3.
    files = training_files([shared_data / "train" / "T91"])
    examples = [
        example
        for item in load_examples(files, Degradation((3,)))
        if not isinstance(item, Skipped)
        for example in item
    ]
    assert PatchSampler(examples, PatchSpec(33, 6, stride=14), CPU).positions == 21_884


@pytest.mark.parametrize("margin", [0, 1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_truth_is_the_middle_of_its_source_in_every_channel(margin, channels):
    examples = [position_example(9, 14, 0, channels), position_example(20, 7, 1000, channels)]
    sources, truths = draw(PatchSampler(examples, PatchSpec(6, margin), CPU), 200)
    middle = sources[..., margin : 6 - margin, margin : 6 - margin]
    assert truths.shape == (200, channels, 6 - 2 * margin, 6 - 2 * margin)
    np.testing.assert_allclose(truths, middle % 251 / 255, rtol=0, atol=1e-7)


def test_the_channels_of_a_patch_come_from_one_place():
    examples = [position_example(9, 14, 0, 3), position_example(20, 7, 1000, 3)]
    sources, _ = draw(PatchSampler(examples, PatchSpec(5, 0), CPU), 100)
    for channel in (1, 2):
        np.testing.assert_array_equal(sources[:, channel] - sources[:, 0], 100_000 * channel)
    for patch in sources[:, 0]:
        locate(patch, examples)


def test_every_position_in_the_whole_set_is_equally_likely():
    sampler = PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU)
    sources, _ = draw(sampler, 20_000, seed=3)
    corners = sources.min(axis=(1, 2, 3))
    _, counts = np.unique(corners, return_counts=True)
    places = 5 * 10 + 16 * 3 + 2 * 2
    assert len(counts) == places
    expected = 20_000 / places
    statistic = ((counts - expected) ** 2 / expected).sum()
    # Chi-square of 101 degrees of freedom: mean 101, standard deviation 14.2.
    assert 50 < statistic < 170


def test_patches_as_large_as_the_picture_are_drawn():
    sources, _ = draw(PatchSampler([position_example(5, 5)], PatchSpec(5, 0), CPU), 50)
    places = {locate(patch, [position_example(5, 5)])[:3] for patch in sources[:, 0]}
    assert places == {(0, 0, 0)}


def test_pictures_smaller_than_a_patch_are_never_drawn():
    examples = [
        position_example(4, 30),
        position_example(5, 6, 1000),
        position_example(30, 4, 2000),
    ]
    sampler = PatchSampler(examples, PatchSpec(5, 0), CPU)
    assert sampler.positions == 2
    assert {locate(patch, examples)[0] for patch in draw(sampler, 50)[0][:, 0]} == {1}


@pytest.mark.parametrize("examples", [[], [position_example(4, 30)]])
def test_a_set_without_a_single_patch_is_refused(examples):
    with pytest.raises(InputError, match="no picture is large enough for patches of 5"):
        PatchSampler(examples, PatchSpec(5, 0), CPU)


def test_patches_are_float32_and_keep_overshoot():
    example = Example(np.full((1, 6, 6), 255, np.uint8), np.full((1, 6, 6), 1.03, np.float32))
    sources, truths = PatchSampler([example], PatchSpec(6, 2), CPU).sample(4, torch.Generator())
    assert (sources.shape, truths.shape) == ((4, 1, 6, 6), (4, 1, 2, 2))
    assert sources.dtype == truths.dtype == torch.float32
    assert (sources == np.float32(1.03)).all()
    assert (truths == 1).all()


def test_the_generator_alone_decides_the_draw():
    sampler = PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU)
    torch.manual_seed(1)
    first = draw(sampler, 20, seed=5)
    sampler.seek(100)
    sampler.advance()
    torch.manual_seed(2)
    again = draw(PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU), 20, seed=5)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (draw(sampler, 20, seed=6)[0] != first[0]).any()


@pytest.mark.parametrize("augment", [False, True])
def test_the_shares_of_all_ranks_are_the_whole_batch(augment):
    sampler = PatchSampler(EXAMPLES, PatchSpec(5, 1, augment=augment), CPU)
    whole = draw(sampler, 11, seed=4)
    shares = [draw(sampler, 11, seed=4, share=slice(rank, None, 3)) for rank in range(3)]
    for kind in range(2):
        for rank in range(3):
            np.testing.assert_array_equal(shares[rank][kind], whole[kind][rank::3])


def test_pictures_can_be_equally_likely_whatever_their_size():
    """9 x 14, 20 x 7 and 6 x 6, of which only 3 x 4 positions fit, and one smaller than a patch."""
    examples = [*EXAMPLES, position_example(3, 30, 3000)]
    sampler = PatchSampler(examples, PatchSpec(4, 0, sampling="pictures"), CPU)
    places = [locate(patch, examples)[:3] for patch in draw(sampler, 6000)[0][:, 0]]
    counts = np.bincount([picture for picture, _, _ in places])
    np.testing.assert_allclose(counts / 6000, 1 / 3, atol=0.03)
    assert len(set(places)) == sampler.positions == 6 * 11 + 17 * 4 + 3 * 3
    # Within a picture every position is: 9 of them, 222 draws each, five sigmas.
    smallest = np.unique([p for p in places if p[0] == 2], axis=0, return_counts=True)[1]
    assert np.abs(smallest - 222).max() < 5 * np.sqrt(222)


@pytest.mark.parametrize("sampling", ["positions", "pictures"])
@given(chance=st.integers(0, 2**53 - 1))
def test_every_chance_picks_a_position(sampling, chance):
    pool = PicturePool(300, 1, PatchSpec(5, 1, sampling=sampling), CPU)
    for place, example in enumerate([EXAMPLES[0], None, EXAMPLES[2]]):
        pool.put(place, 126 * place, example)
    position = pool._positions().pick(torch.tensor([chance / 2**53], dtype=torch.float64))
    assert 0 <= int(position) < 54


def test_every_share_moves_the_generator_on_alike():
    sampler = PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU)
    states = []
    for share in (slice(None), slice(0, 1), slice(5, 9)):
        generator = torch.Generator().manual_seed(1)
        sampler.sample(9, generator, share)
        states.append(generator.get_state())
    assert all(torch.equal(state, states[0]) for state in states)


def test_pixels_are_counted_once_for_all_channels():
    examples = [position_example(9, 14, 0, 3), position_example(20, 7, 0, 3)]
    assert PatchSampler(examples, PatchSpec(5, 1), CPU).pixels == 9 * 14 + 20 * 7


def test_examples_may_be_read_only():
    examples = [
        Example(np.broadcast_to(e.truth, e.truth.shape), np.broadcast_to(e.source, e.source.shape))
        for e in EXAMPLES
    ]
    first = draw(PatchSampler(examples, PatchSpec(5, 1), CPU), 20)
    again = draw(PatchSampler(EXAMPLES, PatchSpec(5, 1), CPU), 20)
    np.testing.assert_array_equal(first[0], again[0])


def test_with_room_known_in_advance_examples_are_let_go_one_by_one():
    alive = []

    def examples():
        for index in range(9):
            assert sum(reference() is not None for reference in alive) <= 1
            example = position_example(9, 14, 200 * index)
            alive.append(weakref.ref(example))
            yield example

    sampler = PatchSampler(examples(), PatchSpec(5, 1), CPU, room=9 * 9 * 14 + 100)
    assert sampler.pixels == 9 * 9 * 14
    expected = [position_example(9, 14, 200 * index) for index in range(9)]
    first = draw(sampler, 50)
    again = draw(PatchSampler(expected, PatchSpec(5, 1), CPU), 50)
    np.testing.assert_array_equal(first[0], again[0])


def test_a_place_in_the_pool_is_taken_over_and_emptied():
    pool = PicturePool(200, 1, PatchSpec(5, 0), CPU)
    assert (pool.positions, pool.pixels) == (0, 0)
    pool.put(0, 100, position_example(6, 7, 1000))
    pool.put(1, 0, position_example(10, 10))
    assert (pool.positions, pool.pixels) == (6 + 36, 42 + 100)
    pool.put(1, 0, position_example(5, 20, 2000))
    sources, _ = pool.cut(torch.tensor([0, 5, 6, 21]), None)
    assert sources[:, 0, 0, 0].tolist() == [1000, 1009, 2000, 2015]
    pool.put(0, 100, None)
    assert (pool.positions, pool.pixels) == (16, 100)
    assert pool.cut(torch.tensor([3]), None)[0][0, 0, 0, 0] == 2003


def test_the_pool_says_what_memory_its_planes_take():
    assert PicturePool(144, 3, PatchSpec(5, 0), CPU).nbytes == 144 * 3 * 5
