"""Comparisons: figures of `bench`, pixels that belong to them, bounded memory."""

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.cli._methods import Choice
from srcnn_cli.comparison import compare as module
from srcnn_cli.comparison import rendering
from srcnn_cli.comparison.compare import ORIGINAL, Request, compare
from srcnn_cli.comparison.rendering import figures
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.benchmark import measure
from srcnn_cli.evaluation.protocol import PROTOCOLS, make_pair
from srcnn_cli.evaluation.sources import Source
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.regions import Region
from srcnn_cli.imaging.resize import resize
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.base import Timing
from srcnn_cli.methods.interpolation import Interpolation


def pixels(height=70, width=94, *, channels=3, seed=0):
    """Something between noise and a photo: soft shapes and sharp edges."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (channels, height // 8 + 1, width // 8 + 1))
    smooth = np.moveaxis(resize(coarse, height, width), 0, -1)
    smooth[height // 3 : height // 2] = 230
    return np.clip(smooth, 0, 255).astype(np.uint8).squeeze()


@pytest.fixture
def saved(tmp_path):
    def save(array, name="picture.png"):
        Image.fromarray(array).save(tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture
def methods(tiny_weights):
    return Choice([str(tiny_weights())], "nearest,bicubic", None, "cpu", 0).make(3)


class Marked:
    """Bicubic, but a square of it is brighter: where it differs is known."""

    color, kernel, step = "y", "bicubic", 1

    def beside(self, _luminance, others):
        """As most methods: colours are only enlarged."""
        return others

    def __init__(self, name, top, left):
        self.name, self._top, self._left = name, top, left

    def told(self, _levels):
        """As most methods: what damage there is makes no difference."""
        return self

    def enlarge(self, low, height, width, **_):
        """As any method does."""
        result = resize(low.astype(np.float32), height, width)
        result[..., self._top : self._top + 12, self._left : self._left + 12] += 0.3
        return result, Timing(0.5)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_figures_are_those_of_bench_to_the_last_bit(saved, methods, protocol, channels):
    source = Source(saved(pixels(channels=channels)))
    made = compare(source, methods, Request(protocol=protocol))
    (bench,) = measure([source], methods, scale=3, protocol=protocol)
    assert [(r.method, r.metrics) for r in made.records()] == [(r.method, r.metrics) for r in bench]
    assert {(r.width, r.height) for r in made.records()} == {(r.width, r.height) for r in bench}


def test_with_a_given_low_resolution_picture_too(saved, methods):
    picture = pixels()
    small = resize(np.moveaxis(picture, -1, 0)[:, :69, :93], 23, 31)
    source = Source(saved(picture), saved(np.moveaxis(small, 0, -1), "small.png"))
    made = compare(source, methods, Request())
    (bench,) = measure([source], methods, scale=3, protocol=PROTOCOLS["srcnn"])
    assert [r.metrics for r in made.records()] == [r.metrics for r in bench]
    # Nearest shows the given pixels themselves.
    nearest = made.panels[1].whole
    assert np.abs(nearest[1::3, 1::3].astype(int) - np.moveaxis(small, 0, -1)).max() <= 1


def test_the_order_is_original_interpolations_models(saved, methods):
    made = compare(Source(saved(pixels())), methods, Request())
    assert [panel.name for panel in made.panels][:3] == [ORIGINAL, "nearest", "bicubic"]
    assert made.panels[0].steps is None
    assert made.panels[0].metrics == {}
    assert np.array_equal(made.panels[0].whole, pixels()[:69, :93])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_luminance_of_a_panel_is_what_was_measured(saved, methods, name):
    picture = pixels() // 4 + 96
    methods = [*methods[:2], Marked("marked", 10, 10)]  # random weights leave the range
    made = compare(Source(saved(picture)), methods, Request(protocol=PROTOCOLS[name]))
    pair = make_pair(picture, 3, PROTOCOLS[name])
    for method, panel in zip(methods, made.panels[1:], strict=True):
        output, _ = method.enlarge(pair.low, *pair.truth.shape[-2:])
        if output.ndim == 3:  # measured in colour, shown as measured
            assert np.array_equal(np.moveaxis(panel.whole, -1, 0), round_to_uint8(output))
            continue
        shown, measured = luminance_uint8(panel.whole).astype(int), round_to_uint8(output)
        # Not every luminance has a colour of that chroma; what does is moved by rounding alone.
        inside = ((panel.whole > 0) & (panel.whole < 255)).all(-1)
        assert inside.mean() > 0.9
        assert np.abs(shown - measured)[inside].max() <= 1


def test_a_flat_color_stays_that_color(saved, methods):
    flat = np.full((60, 60, 3), (200, 90, 40), np.uint8)
    made = compare(Source(saved(flat)), methods[:2], Request())
    for panel in made.panels:
        assert np.abs(panel.whole.astype(int) - flat).max() <= 1, panel.name


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
def test_bands_change_no_figure(monkeypatch, protocol):
    pair = make_pair(pixels(200, 90), 3, protocol)
    output, _ = Interpolation("bicubic").enlarge(pair.low, *pair.truth.shape[-2:])
    whole = {"psnr": pair.psnr(output), "ssim": pair.ssim(output)}
    assert figures(pair, output) == whole
    monkeypatch.setattr(rendering, "BAND_PIXELS", 4000)
    assert figures(pair, output) == pytest.approx(whole, rel=1e-12)
    if protocol.rounds_pictures:
        return  # Y' between code values is no picture's
    exact = pair.truth / np.float32(255)
    assert figures(pair, exact)["psnr"] == np.inf


def test_the_chosen_crop_is_where_the_methods_differ(saved):
    methods = [Interpolation("nearest"), Interpolation("bicubic"), Marked("marked", 60, 120)]
    made = compare(Source(saved(pixels(120, 180))), methods, Request())
    (crop,) = made.crops
    assert crop.top <= 60
    assert crop.bottom >= 72
    assert crop.left <= 120
    assert crop.right >= 132


def test_one_method_is_compared_with_the_original(saved):
    made = compare(Source(saved(pixels(120, 180))), [Marked("marked", 36, 30)], Request())
    (crop,) = made.crops
    assert crop.top <= 36 < crop.bottom
    assert crop.left <= 30 < crop.right


def test_without_differences_the_crop_is_in_the_middle(saved):
    flat = np.full((120, 120), 99, np.uint8)
    made = compare(Source(saved(flat)), [Interpolation("bicubic")], Request())
    (crop,) = made.crops
    assert 0 < crop.top < crop.bottom < 120


def test_errors_are_signed_and_the_originals_are_zero(saved):
    crop = Region(30, 40, 60, 80)
    request = Request(crops=(crop,), errors=True)
    made = compare(Source(saved(pixels(120, 180))), [Marked("marked", 40, 50)], request)
    original, marked = (panel.errors[0] for panel in made.panels)
    assert not original.any()
    assert marked.shape == (30, 40)
    assert marked[10:22, 10:22].mean() > 40
    assert abs(marked[:8].mean()) < 20


def test_details_are_cut_from_the_whole(saved, methods):
    crops = (Region(0, 0, 20, 30), Region(33, 50, 69, 93))
    made = compare(Source(saved(pixels())), methods, Request(crops=crops))
    assert made.crops == made.surroundings == crops
    for panel in made.panels:
        for crop, detail in zip(crops, panel.details, strict=True):
            expected = panel.whole[crop.top : crop.bottom, crop.left : crop.right]
            assert np.array_equal(detail, expected)


@pytest.mark.parametrize("reference", [True, False])
def test_a_large_picture_is_reduced_and_its_details_are_not(saved, methods, monkeypatch, reference):
    source = Source(saved(pixels(210, 150) if reference else pixels(150, 110)))
    crops = (Region(40, 50, 80, 100),)
    request = Request(reference=reference, crops=crops)
    full = compare(source, methods, request)
    assert full.reduction == 1
    monkeypatch.setattr(module, "MAX_WHOLE_PIXELS", full.width * full.height // 8)
    made = compare(source, methods, request)
    assert made.reduction == 3
    for panel, whole in zip(made.panels, full.panels, strict=True):
        assert panel.whole.shape == (full.height // 3, full.width // 3, 3)
        average = whole.whole[:3, :3].mean(axis=(0, 1))
        assert np.abs(panel.whole[0, 0] - average).max() <= 1
        assert (
            np.abs(panel.whole[-1, -1].astype(int) - whole.whole[-3:, -3:].mean((0, 1))).max() < 9
        )
        around = made.surroundings[0]
        inside = whole.whole[around.top : around.bottom, around.left : around.right]
        # Done in parts or as a whole: the same but for the last bit of a float.
        assert np.abs(panel.details[0].astype(int) - inside).max() <= 1


def test_several_details_of_a_large_picture_lie_apart(saved, methods, monkeypatch):
    monkeypatch.setattr(module, "MAX_WHOLE_PIXELS", 20_000)
    made = compare(Source(saved(pixels(400, 300))), methods, Request())
    assert len(made.crops) == 3
    for a in made.crops:
        assert made.surroundings[made.crops.index(a)].height > a.height
        assert sum(a.top < b.bottom and b.top < a.bottom
                   and a.left < b.right and b.left < a.right for b in made.crops) == 1  # fmt: skip


def test_without_a_reference_there_is_time_but_no_figure(saved, methods):
    picture = pixels(30, 40)
    made = compare(Source(saved(picture)), methods, Request(reference=False))
    assert [panel.name for panel in made.panels] == [method.name for method in methods]
    assert (made.width, made.height) == (120, 90)
    assert all(record.metrics == {} for record in made.records())
    assert all(record.steps.total > 0 for record in made.records())
    nearest = np.repeat(np.repeat(picture, 3, axis=0), 3, axis=1)
    assert np.abs(made.panels[0].whole.astype(int) - nearest).max() <= 1


@pytest.mark.parametrize(
    "crop", [Region(0, 0, 70, 10), Region(-1, 0, 9, 9), Region(5, 5, 5, 9), Region(0, 90, 9, 94)]
)
def test_a_crop_outside_is_refused(saved, methods, crop):
    with pytest.raises(UsageError, match="does not lie inside the result of 93x69 pixels"):
        compare(Source(saved(pixels())), methods, Request(crops=(crop,)))


def test_no_methods_and_equal_names_are_refused(saved):
    source = Source(saved(pixels()))
    with pytest.raises(UsageError, match="no methods"):
        compare(source, [], Request())
    with pytest.raises(UsageError, match="two methods have the name bicubic"):
        compare(source, [Interpolation("bicubic")] * 2, Request())


def test_a_low_resolution_picture_of_another_size_is_refused(saved, methods):
    source = Source(saved(pixels()), saved(pixels(20, 30), "small.png"))
    with pytest.raises(InputError, match="30x20 is not 94x70 reduced by 3, which is 31x23"):
        compare(source, methods, Request())
