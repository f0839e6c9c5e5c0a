"""Sub-images are degraded like whole pictures, by the seed alone."""

import numpy as np
import pytest
import torch

from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.color import ycbcr_from_rgb
from srcnn_cli.imaging.degradation import Example
from srcnn_cli.imaging.levels import LEVELS
from srcnn_cli.imaging.resize import resize
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.degraded_patches import DegradedPatches, draw_of, surroundings
from srcnn_cli.training.draws import DRAWS, fixed
from srcnn_cli.training.matching import check_schedule
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.schedule import Schedule

SCHEDULE = Schedule(patch=16, border_share=1.0, degrade="photo")


def config_of(scale):
    return ModelConfig("subpixel", (3, 3), (4,), scales=(scale,), border="normalize", levels=LEVELS)


def patches_of(pixels, scale, draw, workers=0):
    config = config_of(scale)
    example = Example(pixels[None], pixels[None].astype(np.float32) / 255)
    cut = PatchSampler([example], surroundings(config, SCHEDULE), torch.device("cpu"))
    return DegradedPatches(cut, config, SCHEDULE.patch, draw, workers)


@pytest.fixture
def pixels():
    y, x = np.mgrid[:160, :160]
    plane = 126 + 50 * np.sin(x / 6 + y / 9) + 30 * ((x // 13 + y // 7) % 2)
    return np.clip(plane, 20, 230).astype(np.uint8)


@pytest.mark.parametrize(("scale", "name"), [(1, "jpeg"), (2, "photo"), (3, "photo"), (4, "photo")])
def test_patches_have_the_networks_shapes_and_follow_the_seed(scale, name, pixels):
    patches = patches_of(pixels, scale, DRAWS[name])
    source, truth = patches.sample(6, torch.Generator().manual_seed(5))
    assert source.shape == (6, 1 + len(LEVELS), 16, 16)
    assert truth.shape == (6, scale**2, 16, 16)
    assert source.dtype == truth.dtype == torch.float32
    levels = source[:, 1:]
    assert torch.equal(levels, levels[:, :, :1, :1].expand_as(levels))
    again = patches.sample(6, torch.Generator().manual_seed(5))
    assert torch.equal(source, again[0])
    assert torch.equal(truth, again[1])
    share = patches.sample(6, torch.Generator().manual_seed(5), slice(1, None, 2))
    assert torch.equal(share[0], source[1::2])


@pytest.mark.parametrize("draw", [DRAWS["photo"], fixed(parse_chain("area+noise:3"))])
def test_other_processes_make_the_same_patches(draw, pixels):
    patches = [patches_of(pixels, 2, draw, workers) for workers in (0, 2)]
    for count in (5, 1):  # fewer than there are processes, too
        here, there = (own.sample(count, torch.Generator().manual_seed(count)) for own in patches)
        assert torch.equal(here[0], there[0])
        assert torch.equal(here[1], there[1])
    patches[1].close()


def test_a_killed_process_is_named_as_a_want_of_memory(pixels):
    patches = patches_of(pixels, 2, DRAWS["photo"], 1)
    generator = torch.Generator().manual_seed(3)
    patches.sample(1, generator)
    for process in patches._pool._processes.values():
        process.kill()
    with pytest.raises(OutOfMemoryError, match="was killed"):
        patches.sample(1, generator)
    patches.close()


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_residual_and_the_enlargement_make_the_original(scale, pixels):
    patches = patches_of(pixels, scale, fixed(parse_chain("bicubic")))
    source, residual = patches.sample(4, torch.Generator().manual_seed(1))
    lacking = torch.pixel_shuffle(residual, scale)[:, 0].numpy()
    enlarged = resize(source[:, 0].numpy(), 16 * scale, 16 * scale)
    # The enlargement knew the surroundings, which are not there any more.
    inner = (slice(None), *[slice(3 * scale, -3 * scale)] * 2)
    original = (enlarged + lacking)[inner] * 255
    assert np.abs(original - np.rint(original)).max() < 1e-3


def test_a_sub_image_is_what_the_degraded_picture_holds_there(pixels):
    chain = parse_chain("area")
    whole = [
        chain.apply(np.ascontiguousarray(pixels[top:, left:])[:158, :158], 2, None) / 255
        for top in (0, 1)
        for left in (0, 1)
    ]
    patches = patches_of(pixels, 2, fixed(chain))
    source, _ = patches.sample(8, torch.Generator().manual_seed(2))

    def found(patch):
        turns = [np.rot90(p, k) for p in (patch, patch[::-1]) for k in range(4)]
        views = [np.lib.stride_tricks.sliding_window_view(w, (16, 16)) for w in whole]
        return any(
            np.abs(view - turn).max(axis=(2, 3)).min() < 1.6 / 255
            for view in views
            for turn in turns
        )

    assert all(found(patch) for patch in source[:, 0].numpy())


def color_patches(picture, config, draw):
    planes = np.moveaxis(picture, -1, 0)
    example = Example(planes, planes.astype(np.float32) / 255)
    cut = PatchSampler([example], surroundings(config, SCHEDULE), torch.device("cpu"))
    return DegradedPatches(cut, config, SCHEDULE.patch, draw)


@pytest.fixture
def picture(pixels):
    return np.stack([pixels, pixels[::-1], pixels.T // 2 + 40], axis=-1)


CHROMINANCE = ModelConfig(
    "chrominance", (3, 3), (4,), "ycbcr", scales=(1,), border="normalize", levels=LEVELS
)


def test_colours_are_those_of_the_file_and_what_lacks_to_the_original(picture):
    chain = parse_chain("jpeg:30")
    patches = color_patches(picture, CHROMINANCE, fixed(chain))
    source, residual = patches.sample(5, torch.Generator().manual_seed(3))
    assert source.shape == (5, 12 + len(LEVELS), 16, 16)
    assert residual.shape == (5, 12, 16, 16)
    assert torch.equal(source[:, 12], torch.full((5, 16, 16), chain.levels(1).compression))
    assert (residual[:, :4] == 0).all()  # luminance is only looked at
    assert (residual[:, 4:].abs() > 0.01).any()
    original = torch.pixel_shuffle(source[:, :12] + residual, 2).numpy()
    cb, cr = ycbcr_from_rgb(np.moveaxis(picture, -1, 0) / 255)[1:]
    for found, plane in ((original[:, 1], cb), (original[:, 2], cr)):
        views = np.lib.stride_tricks.sliding_window_view(plane, (32, 32))
        for patch in found:
            turns = [np.rot90(p, k) for p in (patch, patch[::-1]) for k in range(4)]
            nearest = min(np.abs(views - turn).max(axis=(2, 3)).min() for turn in turns)
            assert nearest < 1e-5


def test_a_network_for_all_planes_is_degraded_in_colour_too(picture):
    config = ModelConfig(
        "subpixel", (3, 3), (4,), "rgb", scales=(2,), border="normalize", levels=LEVELS
    )
    patches = color_patches(picture, config, fixed(parse_chain("bicubic")))
    source, residual = patches.sample(4, torch.Generator().manual_seed(1))
    assert source.shape == (4, 3 + len(LEVELS), 16, 16)
    lacking = torch.pixel_shuffle(residual, 2).numpy()
    enlarged = resize(source[:, :3].reshape(-1, 16, 16).numpy(), 32, 32).reshape(4, 3, 32, 32)
    original = (enlarged + lacking)[:, :, 6:-6, 6:-6] * 255
    assert np.abs(original - np.rint(original)).max() < 1e-3


def test_draws_hold_all_kinds_of_damage():
    random = np.random.default_rng(0)
    drawn = [DRAWS["photo"].draw(random, 2) for _ in range(1500)]
    levels = np.array([d.levels(2, grey=True).numbers for d in drawn])
    share_of_zero = (levels == 0).mean(axis=0)
    assert (share_of_zero > 0.05).all()
    assert (share_of_zero < 0.9).all()
    assert {d.chain.reduction for d in drawn} >= {"bicubic", "area", "linear", "nearest"}
    assert any(len([s for s in d.chain.steps if s.name == "jpeg"]) == 2 for d in drawn)
    for drawn_chain in (d.chain for d in drawn):
        assert str(parse_chain(str(drawn_chain))) == str(drawn_chain)


def test_what_cannot_be_trained_so_is_refused():
    with pytest.raises(UsageError, match="photo, jpeg, colors or a chain"):
        draw_of("phto")
    assert draw_of("") is None
    with pytest.raises(UsageError, match="families subpixel"):
        check_schedule(ModelConfig("vdsr", (3, 3), (4,), border="zero"), SCHEDULE)
    with pytest.raises(UsageError, match="--degrade says by what"):
        check_schedule(config_of(2), Schedule(patch=16, border_share=1.0))
    with pytest.raises(UsageError, match="--blur is not for it"):
        check_schedule(config_of(2), Schedule(patch=16, border_share=1.0, blur=1, degrade="photo"))
