"""Measuring on a folder: which files belong together, what is measured, and what is averaged."""

import hashlib
from functools import partial
from statistics import fmean

import numpy as np
import pytest
import torch
from PIL import Image

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.benchmark import METRICS, Record, average, measure
from srcnn_cli.evaluation.metrics import ms_ssim, psnr, ssim
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN, make_pair
from srcnn_cli.evaluation.sources import Source, data_sha256, find_sources, load
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.base import Timing
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import ModelConfig


def save(path, size=(40, 36), seed=0, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


class Shift:
    """Bicubic, darker; says how long its runs took."""

    color = "y"

    def __init__(self, name="shift", by=0.1, seconds=(1.0,)):
        self.name, self.by, self.seconds, self.calls = name, by, list(seconds), []

    def told(self, _levels):
        """As most methods: what damage there is makes no difference."""
        return self

    def enlarge(self, low, height, width, **_):
        """See `Method`."""
        output, _ = Interpolation("bicubic").enlarge(low, height, width)
        steps = Timing(self.seconds[len(self.calls) % len(self.seconds)], 2.0, 3.0)
        self.calls.append((low.shape, height, width))
        return output - np.float32(self.by), steps


def test_pictures_are_found_by_name_and_other_files_counted(tmp_path):
    for name in ("b.png", "a.bmp", "c.tif"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    save(tmp_path / "deeper" / "d.png")
    sources, others, _ = find_sources(tmp_path)
    assert [source.path.name for source in sources] == ["a.bmp", "b.png", "c.tif"]
    assert [source.name for source in sources] == ["a", "b", "c"]
    assert {source.low for source in sources} == {None}
    assert others == 1


def test_two_pictures_of_one_name_are_refused(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "a.bmp", seed=1)
    with pytest.raises(InputError) as caught:
        find_sources(tmp_path)
    assert "a.png" in str(caught.value)
    assert "a.bmp" in str(caught.value)


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ("a", "a"),
        ("a", "a_LR"),
        ("a", "a_lr"),
        ("a", "ax3"),
        ("a", "a_x3"),
        ("a", "aLR"),
        ("a", "a-LR"),
        ("a", "a_LRBI_x3"),
        ("a", "a_x3_LR"),
        ("a_HR", "a"),
        ("a_HR", "a_LR"),
        ("a_GT", "a_LRx3"),
        ("A", "a"),
        ("img_001_SRF_3_HR", "img_001_SRF_3_LR"),
        ("0801", "0801x8"),
        ("böse Katze", "böse Katze_x2"),
    ],
)
def test_a_low_resolution_file_is_found_by_its_name(tmp_path, high, low):
    picture = save(tmp_path / "high" / f"{high}.png")
    save(tmp_path / "high" / "other.png")
    partner = save(tmp_path / "low" / f"{low}.bmp", (13, 12))
    save(tmp_path / "low" / "other_LR.png", (13, 12))
    sources, *_ = find_sources(tmp_path / "high", tmp_path / "low")
    assert Source(picture, partner) in sources


def test_partners_are_not_paired_by_their_order(tmp_path):
    for name in ("a", "b", "c"):
        save(tmp_path / "high" / f"{name}.png")
        save(tmp_path / "low" / f"{name}_LR.png", (13, 12))
    for name in ("0-more", "bb"):
        save(tmp_path / "low" / f"{name}.png")
    sources, *_ = find_sources(tmp_path / "high", tmp_path / "low")
    assert [s.low.name for s in sources] == ["a_LR.png", "b_LR.png", "c_LR.png"]


def test_the_exact_name_goes_before_a_similar_one(tmp_path):
    for name in ("ax2", "ax3"):
        save(tmp_path / "high" / f"{name}.png")
        save(tmp_path / "low" / f"{name}.png", (13, 12))
    sources, *_ = find_sources(tmp_path / "high", tmp_path / "low")
    assert [s.low.name for s in sources] == ["ax2.png", "ax3.png"]


def test_a_missing_partner_is_an_error_that_names_the_picture(tmp_path):
    save(tmp_path / "high" / "a.png")
    save(tmp_path / "low" / "b.png")
    with pytest.raises(InputError, match=r"a\.png: needs one .* found none"):
        find_sources(tmp_path / "high", tmp_path / "low")


def test_two_partners_are_an_error_that_names_both(tmp_path):
    save(tmp_path / "high" / "a.png")
    save(tmp_path / "low" / "a_x2.png")
    save(tmp_path / "low" / "a_x3.png")
    with pytest.raises(InputError, match=r"a\.png: .*found a_x2\.png and a_x3\.png"):
        find_sources(tmp_path / "high", tmp_path / "low")


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ("img_001_SRF_3_HR", "img_001_SRF_3_LR"),
        ("a", "a_LR"),
        ("a", "ax3"),
        ("a_GT", "a_x3"),
        ("a_HR", "a_LRBI_x3"),
    ],
)
def test_small_versions_beside_the_originals_are_paired_with_them(tmp_path, high, low):
    for name in ("", "b"):
        save(tmp_path / f"{name}{high}.png")
        save(tmp_path / f"{name}{low}.png", (13, 12))
    sources, _, left_out = find_sources(tmp_path)
    assert {(s.path.stem, s.low.stem) for s in sources} == {
        (high, low), (f"b{high}", f"b{low}"),
    }  # fmt: skip
    assert left_out == []


def test_results_in_such_a_folder_are_left_out_and_told(tmp_path):
    for name in ("img_001_SRF_3", "img_002_SRF_3"):
        save(tmp_path / f"{name}_HR.png")
        save(tmp_path / f"{name}_LR.png", (13, 12))
        save(tmp_path / f"{name}_SRCNN.png")
    sources, _, left_out = find_sources(tmp_path)
    assert [s.path.stem for s in sources] == ["img_001_SRF_3_HR", "img_002_SRF_3_HR"]
    assert [path.stem for path in left_out] == ["img_001_SRF_3_SRCNN", "img_002_SRF_3_SRCNN"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a_HR", "a_LR", "b_HR"), "b_HR.png: has no low-resolution picture beside it"),
        (("a_HR", "a_LR", "b_LR"), "b_LR.png: has no low-resolution picture beside it"),
        (("a", "a_LR", "b"), "b.png: has no low-resolution picture beside it"),
        (("a", "ax2", "ax3"), "a.png: stands beside ax2.png: which is the original"),
        (("a", "a_HR", "a_LR"), "a.png: stands beside a_HR.png"),
        (("a_GT", "a_HR"), "a_GT.png: stands beside a_HR.png"),
    ],
)
def test_a_folder_that_is_neither_originals_nor_pairs_is_refused(tmp_path, names, words):
    for name in names:
        save(tmp_path / f"{name}.png")
    with pytest.raises(InputError) as caught:
        find_sources(tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize("names", [("ax2", "ax3"), ("a", "b_x2"), ("a_HR", "b_HR"), ("a", "color")])
def test_names_that_only_look_like_it_are_originals(tmp_path, names):
    for name in names:
        save(tmp_path / f"{name}.png")
    sources, _, left_out = find_sources(tmp_path)
    assert [s.path.stem for s in sources] == sorted(names)
    assert {s.low for s in sources} == {None}
    assert left_out == []


def test_a_mixed_folder_may_be_named_as_the_one_of_its_partners(tmp_path):
    save(tmp_path / "high" / "a.png")
    for name in ("a_HR", "a_LR"):
        save(tmp_path / "mixed" / f"{name}.png")
    for high, low in (("high", "mixed"), ("mixed", "mixed")):
        (source,) = find_sources(tmp_path / high, tmp_path / low).sources
        assert source.low.stem == "a_LR"


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_missing_or_empty_folder_is_an_error_that_names_it(tmp_path, name):
    (tmp_path / "empty").mkdir()
    save(tmp_path / "high" / "a.png")
    for folders in ((tmp_path / name,), (tmp_path / "high", tmp_path / name)):
        with pytest.raises(InputError, match=name):
            find_sources(*folders)


def test_a_source_is_loaded_as_the_pair_of_its_protocol(tmp_path):
    path = save(tmp_path / "a.png")
    pixels = np.asarray(Image.open(path))
    for protocol in PROTOCOLS.values():
        loaded = load(Source(path))
        pair = loaded.pair(3, protocol)
        expected = make_pair(pixels, 3, protocol)
        assert np.array_equal(pair.truth, expected.truth)
        assert np.array_equal(pair.low, expected.low)
        assert loaded.seconds > 0


def test_a_given_low_resolution_file_is_what_the_methods_get(tmp_path):
    path = save(tmp_path / "a.png", mode="L")
    low = save(tmp_path / "low.png", (13, 12), seed=7, mode="L")
    pair = load(Source(path, low)).pair(3, SRCNN)
    np.testing.assert_allclose(pair.low, np.asarray(Image.open(low)) / 255)
    assert pair.truth.shape == (36, 39)


@pytest.mark.parametrize(
    ("size", "mode", "words"),
    [((14, 12), "RGB", "14x12 is not 40x36 reduced by 3, which is 13x12"), ((13, 12), "L", "grey")],
)
def test_a_partner_that_does_not_fit_is_an_error_that_names_it(tmp_path, size, mode, words):
    path = save(tmp_path / "a.png")
    low = save(tmp_path / "a_LR.png", size, mode=mode)
    with pytest.raises(InputError, match=r"a_LR\.png") as caught:
        load(Source(path, low)).pair(3, SRCNN)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("scale", "border", "side"), [(2, None, 16), (3, None, 18), (4, None, 20), (3, 0, 12)]
)
def test_a_picture_must_hold_the_window_of_ssim_after_shaving(tmp_path, scale, border, side):
    protocol = SRCNN.changed(crop_border=border)
    pair = load(Source(save(tmp_path / "ok.png", (side, side)))).pair(scale, protocol)
    assert pair.ssim(pair.truth / 255) == pytest.approx(1)
    small = save(tmp_path / "small.png", (side, side - 1))
    with pytest.raises(InputError, match=r"small\.png: .*too small"):
        load(Source(small)).pair(scale, protocol)


def test_every_method_is_measured_on_every_picture_in_order(tmp_path):
    for index, name in enumerate("ca"):
        save(tmp_path / f"{name}.png", (40 + index, 36), seed=index)
    sources, *_ = find_sources(tmp_path)
    methods = [Interpolation("nearest"), Shift(), Interpolation("bicubic")]
    images = list(measure(sources, methods, scale=3, protocol=SRCNN, metrics=list(METRICS)[:2]))
    records = [record for image in images for record in image]
    assert [(r.image, r.method) for r in records] == [
        (image, method) for image in "ac" for method in ("nearest", "shift", "bicubic")
    ]
    assert {(r.image, r.width, r.height) for r in records} == {("a", 39, 36), ("c", 39, 36)}
    for record in records:
        pair = load(Source(tmp_path / f"{record.image}.png")).pair(3, SRCNN)
        method = {m.name: m for m in methods}[record.method]
        output, _ = method.enlarge(pair.low, *pair.truth.shape)
        assert record.metrics == {"psnr": pair.psnr(output), "ssim": pair.ssim(output)}


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("name", ["srcnn", "vdsr", "rgb"])
def test_a_color_network_gets_colors_and_the_others_what_is_compared(tmp_path, name, mode):
    # Leaves a picture much as it is, but mixes neighbours and colours.
    weight = np.random.default_rng(1).normal(0, 0.02, (3, 3, 3, 3)).astype(np.float32)
    weight[range(3), range(3), 1, 1] += 1
    tensors = {"conv1.weight": weight, "conv1.bias": np.zeros(3, np.float32)}
    config = ModelConfig(filters=(3,), widths=(), color="rgb")
    engine = TorchEngine(config, tensors, torch.device("cpu"))
    networks = [Network("net", engine), Network("net", engine, ensemble=True)]
    save(tmp_path / "a.png", mode=mode)
    shift, protocol = Shift(), PROTOCOLS[name]
    (records,) = measure(find_sources(tmp_path)[0], [*networks, shift], scale=3, protocol=protocol)
    assert [record.method for record in records] == ["net", "net+", "shift"]
    colored = mode == "RGB" and name == "rgb"
    assert {shape for shape, *_ in shift.calls} == {(3, 12, 13) if colored else (12, 13)}
    # Bicubic of the protocol's low-resolution colour picture, through the network, to Y'.
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image)[:36, :39]
    if mode == "RGB":
        color = SRCNN.changed(color="rgb", quantize_lr=protocol.quantize_lr)
        low = make_pair(pixels, 3, color).low
    else:
        low = np.stack([make_pair(pixels, 3, protocol).low] * 3)
    enlarged = np.stack([resize(plane, 36, 39) for plane in low]).astype(np.float32)
    output = run_plane(engine, enlarged, 64).astype(np.float64)
    truth = make_pair(pixels, 3, protocol)
    if mode == "L":
        output = np.tensordot([0.299, 0.587, 0.114], output, axes=1)
    elif name != "rgb":
        output = np.tensordot([65.481, 128.553, 24.966], output, axes=1) / 255 + 16 / 255
    assert records[0].metrics["psnr"] == pytest.approx(truth.psnr(output), abs=0.01)
    assert records[0].metrics["ssim"] == pytest.approx(truth.ssim(output), abs=1e-3)
    assert records[1].metrics != records[0].metrics


def test_measuring_is_done_picture_by_picture(tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"broken")
    images = measure(find_sources(tmp_path)[0], [Interpolation("bicubic")], scale=3, protocol=SRCNN)
    assert next(images)[0].image == "a"
    with pytest.raises(InputError, match=r"b\.png"):
        next(images)


def test_one_run_goes_untimed_and_the_median_of_the_others_counts(tmp_path):
    for name in "ab":
        save(tmp_path / f"{name}.png")
    method = Shift(seconds=(99.0, 5.0, 1.0, 3.0, 9.0, 7.0, 8.0))
    images = list(measure(find_sources(tmp_path)[0], [method], scale=3, protocol=SRCNN, repeat=3))
    assert len(method.calls) == 1 + 2 * 3
    assert [image[0].steps for image in images] == [Timing(3.0, 2.0, 3.0), Timing(8.0, 2.0, 3.0)]
    assert all(image[0].load > 0 for image in images)


def test_an_unknown_metric_is_refused(tmp_path):
    save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"unknown metric 'lpips': use psnr, ssim, ms_ssim, ifc"):
        next(
            measure(
                find_sources(tmp_path)[0], [], scale=3, protocol=SRCNN, metrics=["psnr", "lpips"]
            )
        )


def test_a_picture_too_small_for_a_metric_is_an_error_that_names_it(tmp_path):
    save(tmp_path / "a.png")
    images = measure(
        find_sources(tmp_path)[0], [Shift()], scale=3, protocol=SRCNN, metrics=["ms_ssim"]
    )
    with pytest.raises(InputError, match=r"a\.png: MS-SSIM needs"):
        next(images)


def test_metrics_are_of_the_compared_planes_and_averaged_over_channels():
    pixels = np.random.default_rng(0).integers(0, 256, (189, 192, 3), np.uint8)
    pair = make_pair(pixels, 3, PROTOCOLS["rgb"])
    output = np.clip(pair.interpolated, 0, 1)
    image = np.floor(output * 255 + 0.5)[:, 3:-3, 3:-3]
    truth = pair.truth[:, 3:-3, 3:-3]
    assert METRICS["psnr"](pair, output) == pytest.approx(psnr(image, truth), abs=1e-9)
    for name, metric in (("ssim", ssim), ("ms_ssim", partial(ms_ssim, metrix=True))):
        expected = fmean(metric(a, b) for a, b in zip(image, truth, strict=True))
        assert METRICS[name](pair, output) == pytest.approx(expected, abs=1e-9)


def record(image, method, value, seconds, width=300, height=200):
    return Record(image, width, height, method, {"psnr": value}, seconds / 2, Timing(0, seconds, 1))


def test_averages_are_means_over_pictures_in_the_order_of_the_methods():
    records = [
        record("a", "z", 30.0, 1.0),
        record("a", "m", 10.0, 0.0),
        record("b", "z", 33.0, 3.0, width=900),
        record("b", "m", 11.0, 0.0),
    ]
    first, second = average(records)
    assert (first.method, second.method) == ("z", "m")
    assert first.metrics == {"psnr": 31.5}
    assert second.metrics == {"psnr": 10.5}
    assert first.load == 1.0
    assert first.steps == Timing(0, 2.0, 1)
    # Rates are all pictures over all time, not the mean of the pictures' rates.
    assert first.images_per_second == pytest.approx(2 / 6)
    assert first.megapixels_per_second == pytest.approx((0.06 + 0.18) / 6)


def test_the_checksum_is_over_names_and_contents_in_order(tmp_path):
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "b.png").write_bytes(b"2")
    first, second = Source(tmp_path / "a.png"), Source(tmp_path / "b.png")
    expected = hashlib.sha256(b"a.png\x001b.png\x002").hexdigest()
    assert data_sha256([first, second]) == expected
    assert data_sha256([second, first]) != expected
    (tmp_path / "b.png").write_bytes(b"3")
    assert data_sha256([first, second]) != expected
    assert data_sha256([Source(first.path, second.path)]) != data_sha256([first])


def test_the_checksum_of_an_unreadable_file_is_an_input_error(tmp_path):
    (tmp_path / "a.png").symlink_to("nowhere.png")
    with pytest.raises(InputError, match=r"a\.png"):
        data_sha256([Source(tmp_path / "a.png")])
