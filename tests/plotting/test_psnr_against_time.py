"""The plot of quality against time: a sound file, every point in it, labels that can be read."""

import itertools
import sys

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.plotting.figure import HEIGHT, WIDTH
from srcnn_cli.plotting.labels import Box, _crosses, arrange
from srcnn_cli.plotting.psnr_against_time import Point, _plain_seconds, plot_psnr_against_time

TWO = [Point("bicubic", 0.004, 30.39, published=False), Point("SRCNN", 0.39, 32.39, published=True)]


def pixels_of(path):
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return np.array(image.convert("RGB")).astype(int)


def count_near(pixels, color):
    return int((np.abs(pixels - color).max(axis=2) < 8).sum())


def test_the_plot_is_a_png_of_the_stated_size(tmp_path):
    path = tmp_path / "plot.png"
    assert plot_psnr_against_time(TWO, title="Set5 ×3", path=path) is None
    assert pixels_of(path).shape == (HEIGHT, WIDTH, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["plot.png"]


def test_measured_points_are_filled_and_published_ones_hollow(tmp_path):
    blue, brown = (11, 83, 149), (122, 74, 18)
    counts = {}
    for published in (False, True):
        path = tmp_path / f"{published}.png"
        points = [Point("A", 1.0, 30.0, published=published)]
        plot_psnr_against_time(points, title="t", path=path)
        pixels = pixels_of(path)
        counts[published] = count_near(pixels, blue), count_near(pixels, brown)
        # One point lies in the middle of the axes, which reach from 8.5 to 96 % and 12 to 85 %.
        middle = pixels[round(HEIGHT * (1 - 0.485)), round(WIDTH * 0.5225)]
        np.testing.assert_allclose(middle, (255, 255, 255) if published else blue, atol=2)
    assert counts[False][0] > counts[True][1] > 100
    assert counts[False][1] == counts[True][0] == 0


def test_fast_is_on_the_right_and_good_is_up(tmp_path):
    path = tmp_path / "plot.png"
    slow_good = Point("i", 10.0, 33.0, published=False)
    fast_bad = Point("i", 0.1, 30.0, published=True)
    plot_psnr_against_time([slow_good, fast_bad], title="t", path=path)
    inside = pixels_of(path)[200:1150]  # without the legend
    rows, columns = zip(
        *(np.argwhere(np.abs(inside - color).max(axis=2) < 8).mean(axis=0)
          for color in ((11, 83, 149), (122, 74, 18))), strict=True,
    )  # fmt: skip
    assert rows[0] < rows[1]
    assert columns[0] < columns[1]


def test_an_existing_file_is_refused_unless_told(tmp_path):
    path = tmp_path / "plot.png"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="already exists"):
        plot_psnr_against_time(TWO, title="t", path=path)
    assert path.read_bytes() == b"mine"
    plot_psnr_against_time(TWO, title="t", path=path, overwrite=True)
    assert pixels_of(path).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("points", "name", "reason"),
    [
        ([], "a.png", "nothing to plot"),
        (TWO, "a.pdf", "must end in .png"),
        ([Point("best", 1.0, float("inf"), published=False)], "a.png", "best cannot be plotted"),
        ([Point("fast", 0.0, 30.0, published=False)], "a.png", "fast cannot be plotted at 0 s"),
        ([Point("odd", float("nan"), 30.0, published=False)], "a.png", "odd cannot be plotted"),
    ],
)
def test_what_has_no_place_is_refused(tmp_path, points, name, reason):
    with pytest.raises(UsageError, match=reason):
        plot_psnr_against_time(points, title="t", path=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_names_and_titles_of_any_kind_are_only_text(tmp_path):
    points = [Point("$a_{b 模型", 1e-7, 30.0, published=False), Point("x" * 90, 9e8, 30.0, True)]
    plot_psnr_against_time(
        points, title="模型 $\\frac " + "long title " * 40, path=tmp_path / "a.png"
    )
    assert pixels_of(tmp_path / "a.png").shape == (HEIGHT, WIDTH, 3)


def test_the_same_points_give_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        plot_psnr_against_time(TWO, title="t", path=tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_pyplot_stays_out_of_it(tmp_path):
    plot_psnr_against_time(TWO, title="t", path=tmp_path / "a.png")
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(("spread", "seed"), [(10, 0), (60, 1), (400, 2)])
def test_twelve_labels_stay_inside_and_apart(spread, seed):
    frame = Box(170, 158, 1950, 1120)
    rng = np.random.default_rng(seed)
    anchors = [(1060 + x, 640 + y) for x, y in rng.uniform(-spread, spread, (12, 2))]
    sizes = [(width, 36.0) for width in rng.uniform(60, 260, 12)]
    places = arrange(anchors, sizes, frame)
    for place, anchor, size in zip(places, anchors, sizes, strict=True):
        assert place.box.outside(frame) == 0
        assert (place.box.right - place.box.left, place.box.top - place.box.bottom) == (
            pytest.approx(size)
        )
        assert place.line[:2] == anchor
    for one, other in itertools.combinations(places, 2):
        assert one.box.overlap(other.box) == 0


def test_a_label_in_the_corner_stays_inside():
    frame = Box(0, 0, 1000, 500)
    for corner in itertools.product((2, 998), (2, 498)):
        (place,) = arrange([corner], [(300, 36)], frame)
        assert place.box.outside(frame) == 0


def test_a_lone_label_stands_centred_above_its_point():
    (place,) = arrange([(500, 250)], [(300, 36)], Box(0, 0, 1000, 500))
    assert (place.box.left + place.box.right) / 2 == pytest.approx(500)
    assert 250 < place.box.bottom < 290


def test_lines_and_boxes():
    box = Box(10, 10, 20, 20)
    assert _crosses((0, 15, 30, 15), box)
    assert _crosses((12, 12, 13, 13), box)
    assert _crosses((15, 0, 15, 30), box)
    assert not _crosses((0, 15, 9, 15), box)
    assert not _crosses((0, 10, 30, 10), box)  # along the edge
    assert not _crosses((0, 25, 25, 0 - 1000), box)


@pytest.mark.parametrize(
    ("value", "text"),
    [(100.0, "100"), (1.0, "1"), (0.5, "0.5"), (0.002, "0.002"), (1e-4, "0.0001"),
     (1e-5, "10⁻⁵"), (2e-5, "2·10⁻⁵"), (1.5e-5, "1.5·10⁻⁵"), (1e6, "10⁶")],
)  # fmt: skip
def test_times_are_written_plainly(value, text):
    assert _plain_seconds(value) == text
