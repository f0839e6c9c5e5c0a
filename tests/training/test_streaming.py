"""Streamed patches depend on seed and step alone, and the memory they take is bounded."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from srcnn_cli.errors import InputError, OutOfMemoryError, UsageError
from srcnn_cli.imaging.degradation import Degradation
from srcnn_cli.training import streaming
from srcnn_cli.training.examples import Skipped, hold_back
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.positions import PatchSpec
from srcnn_cli.training.streaming import PatchStream, open_patches

SPEC = PatchSpec(8, 1)
CPU = torch.device("cpu")
SIDE = 24
SLOT = SIDE * SIDE * 5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twenty pictures, each of one grey that says which it is."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"{index:02}.png" for index in range(20)]
    for index, path in enumerate(paths):
        Image.fromarray(np.full((30 + index, 41), 10 * index, np.uint8)).save(path)
    return paths


@pytest.fixture(scope="module")
def noise_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    paths = [folder / f"{index}.png" for index in range(7)]
    random = np.random.default_rng(0)
    for path in paths:
        Image.fromarray(random.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(path)
    return paths


@pytest.fixture(scope="module")
def broken_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    paths = [folder / f"{index}.png" for index in range(5)]
    for path in paths:
        path.write_text("no picture")
    return paths


def stream_of(files, scales=(2,), **options):
    spec = PatchSpec(options.pop("patch", 8), 1, augment=options.pop("augment", True))
    values = {
        "device": CPU, "cache_bytes": 10 * SLOT, "batch": 32, "seed": 3, "side": SIDE, **options
    }  # fmt: skip
    return PatchStream(files, Degradation(scales), spec, **values)


def draw(patches, count=40, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return [part.numpy() for part in patches.sample(count, generator, **options)]


def held(stream):
    """Indices of the pictures in the pool, from the greys of many patches."""
    _, truths = draw(stream, 2000)
    return {round(float(value) * 255 / 10) for value in truths[:, 0, 0, 0]}


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("step", [1, 2, 7, 40])
def test_what_is_drawn_depends_on_the_step_and_not_on_the_way_there(noise_files, step):
    walked = stream_of(noise_files, scales=(2, 3))
    for _ in range(step):
        draw(walked, 5)
        walked.advance()
    resumed = stream_of(noise_files, scales=(2, 3))
    resumed.seek(step)
    assert_same(draw(walked), draw(resumed))
    walked.seek(step + 300)
    draw(walked)
    walked.seek(step)
    assert_same(draw(walked), draw(resumed))


@given(steps=st.lists(st.integers(0, 120), min_size=2, max_size=4))
def test_unusable_files_do_not_change_that(files, broken_files, steps):
    mixed = [*broken_files, *files[:3], *broken_files, *broken_files]
    wandering = stream_of(mixed, cache_bytes=0)
    for step in steps:
        wandering.seek(step)
    direct = stream_of(mixed, cache_bytes=0)
    direct.seek(steps[-1])
    assert_same(draw(wandering), draw(direct))


def test_the_seed_decides_the_order(files):
    pools = [held(stream_of(files, seed=seed)) for seed in (1, 1, 2)]
    assert pools[0] == pools[1] != pools[2]


def test_the_global_generator_is_left_alone(files):
    before = torch.get_rng_state()
    draw(stream_of(files))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_pool_holds_the_latest_pictures_of_the_order(files):
    stream = stream_of(files)
    seen = set()
    first = held(stream)
    assert len(first) == stream.slots == 10
    previous = first
    for step in range(1, 21):
        stream.advance()
        now = held(stream)
        if step % 2:  # a batch of 32 leaves two steps to a picture
            assert now == previous
        else:
            assert len(now & previous) >= 8
        seen |= now
        previous = now
    assert seen == set(range(20))
    assert previous == set(range(20)) - first  # the second half of the first epoch


def test_a_pool_that_is_not_full_grows(files, monkeypatch):
    monkeypatch.setattr(streaming, "_FIRST", 4)
    stream = stream_of(files, batch=64)
    sizes = []
    for _ in range(9):
        sizes.append(len(held(stream)))
        stream.advance()
    assert sizes == [4, 5, 6, 7, 8, 9, 10, 10, 10]


@pytest.mark.parametrize(("cache_bytes", "slots"), [(0, 8), (20 * SLOT, 20), (10**12, 512)])
def test_the_cache_bounds_the_number_of_parts(files, cache_bytes, slots):
    stream = stream_of(files, cache_bytes=cache_bytes)
    assert stream.slots == slots


def test_memory_does_not_grow_with_the_files_or_the_steps(files):
    stream = stream_of(files * 50, cache_bytes=20 * SLOT)
    stream.seek(0)
    taken = stream._pool.nbytes
    assert taken == 20 * SLOT
    for step in range(0, 400, 40):
        stream.seek(step)
        assert stream.pixels == 20 * SIDE * SIDE
    assert stream._pool.nbytes == taken


def test_colour_takes_three_times_the_memory(files):
    values = {"device": CPU, "batch": 32, "seed": 3, "side": SIDE, "cache_bytes": 30 * SLOT}
    stream = PatchStream(files, Degradation((2,), "rgb"), SPEC, **values)
    assert stream.slots == 10
    sources, truths = draw(stream)
    assert sources.shape == (40, 3, 8, 8)
    assert truths.shape == (40, 3, 6, 6)


def test_an_epoch_is_as_many_patches_as_are_drawn_while_every_file_is_visited(files):
    # Batches of 10: a picture every 6 steps, 20 pictures.
    assert stream_of(files, batch=10).positions == 20 * 6 * 10
    # Of 400: every step, however many.
    assert stream_of(files, batch=400).positions == 20 * 400


def test_without_augmentation_patches_stay_as_they_are(tmp_path):
    ramp = np.arange(40, dtype=np.uint8)[:, None] * 5 + np.arange(40, dtype=np.uint8)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    for augment, expected in ((False, {5}), (True, {1, -1, 5, -5})):
        stream = stream_of([tmp_path / "a.png"], augment=augment)
        _, truths = draw(stream, 200)
        steps = {round(float(truth[0, 1, 0] - truth[0, 0, 0]) * 255) for truth in truths}
        assert steps == expected


def test_patches_as_large_as_a_slot_and_larger_serve(files):
    stream = stream_of(files, scales=(2, 3), patch=26)
    assert draw(stream)[0].shape == (40, 1, 26, 26)


def test_the_ranks_hold_different_pictures_and_draw_alike(files):
    ranks = [stream_of(files, rank=rank, world=2, batch=64, scales=(2, 3)) for rank in range(2)]
    pools = [held(stream) for stream in ranks]
    assert pools[0] | pools[1] == set(range(20))
    assert not pools[0] & pools[1]
    states = []
    for rank, stream in enumerate(ranks):
        generator = torch.Generator().manual_seed(1)
        sources, _ = stream.sample(9, generator, slice(rank, None, 2))
        assert len(sources) == 5 - rank
        states.append(generator.get_state())
    assert torch.equal(*states)


def test_the_shares_are_parts_of_the_whole_batch(noise_files):
    stream = stream_of(noise_files)
    whole = draw(stream, 11)
    for rank in range(3):
        share = draw(stream, 11, share=slice(rank, None, 3))
        assert_same(share, [part[rank::3] for part in whole])


def test_files_that_do_not_serve_are_named_once(files, broken_files):
    told = []
    stream = stream_of([*broken_files[:2], *files], on_skip=told.append)
    for step in range(0, 201, 20):  # ten pictures at a time, as many as the pool holds
        stream.seek(step)
    assert sorted(skipped.path for skipped in stream.skipped) == broken_files[:2]
    assert told == stream.skipped
    assert all("text file" in skipped.reason for skipped in told)
    assert held(stream) <= set(range(20))


def test_one_good_file_among_many_bad_ones_is_found(files, broken_files):
    stream = stream_of([files[7], *broken_files * 8], cache_bytes=0)
    for step in (0, 50, 101):
        stream.seek(step)
        assert held(stream) == {7}


def test_files_that_all_fail_are_an_error(broken_files):
    stream = stream_of(broken_files)
    with pytest.raises(InputError, match=r"broken0/\d.png: no picture is usable for training"):
        stream.seek(0)
    with pytest.raises(InputError):
        draw(stream_of(broken_files))


def test_no_files_are_an_error():
    with pytest.raises(UsageError, match="no pictures"):
        stream_of([])


def test_processes_read_what_one_would_and_end_when_closed(noise_files, broken_files):
    mixed = [*noise_files, broken_files[0]]
    alone = stream_of(mixed, scales=(2, 3))
    helped = stream_of(mixed, scales=(2, 3), workers=2)
    others = set(multiprocessing.active_children())
    try:
        for _ in range(3):
            assert_same(draw(alone), draw(helped))
            alone.advance()
            helped.advance()
        processes = set(multiprocessing.active_children()) - others
        assert len(processes) == 2
        # The terminal sends Ctrl-C to all processes; only the training is to act on it.
        for process in processes:
            os.kill(process.pid, signal.SIGINT)
        for step in (30, 12):
            alone.seek(step)
            helped.seek(step)
            assert_same(draw(alone), draw(helped))
        assert helped.skipped == alone.skipped
    finally:
        helped.close()
    assert set(multiprocessing.active_children()) == others
    assert_same(draw(alone), draw(helped))  # what is there stays usable


class Killed:
    """An iterator whose processes die before the first picture."""

    def __next__(self):
        raise RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly")


def test_reading_goes_on_when_a_process_was_killed(files, monkeypatch):
    stream = stream_of(files)
    stream.seek(10)
    stream._prefetcher._arriving = Killed()
    stream.seek(20)
    undisturbed = stream_of(files)
    undisturbed.seek(20)
    assert_same(draw(stream), draw(undisturbed))
    monkeypatch.setattr(stream._prefetcher, "_begin", Killed)
    stream._prefetcher._arriving = None
    with pytest.raises(OutOfMemoryError, match="killed, twice"):
        stream.seek(30)


def opened(files, cache_bytes, spec=SPEC, **options):
    values = {"device": CPU, "batch": 32, "seed": 3, "workers": 0, **options}
    return open_patches(files, Degradation((2, 3)), spec, cache_bytes=cache_bytes, **values)


def test_pictures_are_held_in_memory_if_they_fit_to_the_byte(noise_files):
    needed = 7 * 40 * 50 * 5 * 2
    patches, skipped, used = opened(noise_files, needed)
    assert isinstance(patches, PatchSampler)
    assert (skipped, used) == ([], 7)
    assert patches.pixels == 7 * (40 * 50 + 39 * 48)
    patches, skipped, used = opened(noise_files, needed - 1)
    assert isinstance(patches, PatchStream)
    assert (skipped, used) == ([], 7)


def test_smaller_copies_count_where_it_is_decided_whether_pictures_fit(noise_files):
    needed = 7 * (40 * 50 + 20 * 25) * 5 * 2
    patches, skipped, used = opened(noise_files, needed, shrinks=(0.5,))
    assert isinstance(patches, PatchSampler)
    assert (skipped, used) == ([], 7)
    assert patches.pixels == 7 * (40 * 50 + 39 * 48 + 20 * 24 + 18 * 24)
    patches, skipped, used = opened(noise_files, needed - 1, shrinks=(0.5,))
    assert isinstance(patches, PatchStream)
    assert (skipped, used) == ([], 7)


@pytest.mark.parametrize("cache_bytes", [10**9, 1])
def test_opening_tells_of_every_file(files, broken_files, cache_bytes):
    told, read = [], []
    mixed = [broken_files[0], *files, broken_files[1]]
    patches, skipped, used = opened(
        mixed, cache_bytes, on_skip=told.append, progress=lambda: read.append(1)
    )
    if cache_bytes == 1:
        assert len(read) == patches.slots  # as many as the pool begins with
        for step in range(0, 61, 10):
            patches.seek(step)
    else:
        assert len(read) == 22
        assert used == 20
    assert skipped == told
    assert sorted(s.path for s in skipped) == broken_files[:2]
    assert all(isinstance(s, Skipped) for s in told)
    draw(patches)
    patches.close()


def test_a_set_in_memory_keeps_to_the_grid(noise_files):
    patches, _, _ = opened(noise_files, 10**9, PatchSpec(8, 1, 16, augment=False))
    # 40x50 at scale 2, 39x48 at scale 3: rows 0, 16, 32 (not at 39), columns 0, 16, 32.
    assert patches.positions == 7 * (3 * 3 + 2 * 3)


def test_a_resumed_run_opens_where_it_stood(noise_files):
    fresh = opened(noise_files, 1)[0]
    fresh.seek(90)
    resumed = opened(noise_files, 1, step=90)[0]
    assert_same(draw(fresh), draw(resumed))


@pytest.mark.parametrize("cache_bytes", [10**9, 0])
def test_opening_files_of_which_none_serves_is_an_error(broken_files, files, cache_bytes):
    unusable = broken_files if cache_bytes else [*broken_files, files[0]]
    with pytest.raises(InputError, match="no picture is usable for training"):
        opened(unusable, cache_bytes, PatchSpec(8 if cache_bytes else 64, 1))


def test_opening_nothing_is_an_error():
    with pytest.raises(UsageError, match="no pictures"):
        opened([], 10**9)


def test_training_and_held_back_files_do_not_mix(files):
    kept, _ = hold_back(files, 5)
    indices = {int(path.stem) for path in kept}
    stream = stream_of(kept, batch=64, cache_bytes=15 * SLOT)
    stream.seek(30)
    assert held(stream) == indices
