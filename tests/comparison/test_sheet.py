"""The sheet: every pixel of a detail where it belongs, every label whole."""

import itertools
import math

import numpy as np
import pytest

from srcnn_cli.comparison import sheet, sheet_layout
from srcnn_cli.comparison.compare import ORIGINAL, Comparison, Panel, Request
from srcnn_cli.comparison.figures import format_figure, format_seconds
from srcnn_cli.comparison.sheet import FRAMES, draw_sheet, error_colors
from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.regions import Region
from srcnn_cli.methods.base import Timing

DETAIL = Region(10, 20, 34, 60)


def made(
    names=(ORIGINAL, "nearest", "bicubic", "srcnn"),
    crops=(DETAIL,),
    *,
    errors=False,
    image="cat",
):
    rng = np.random.default_rng(0)
    panels = []
    for index, name in enumerate(names):
        whole = rng.integers(0, 200, (90, 120, 3)).astype(np.uint8)
        details = tuple(whole[c.top : c.bottom, c.left : c.right] for c in crops)
        signed = tuple(
            rng.integers(-30, 30, d.shape[:2]).astype(np.int16) * bool(index) for d in details
        )
        panels.append(
            Panel(
                name,
                {} if name == ORIGINAL else {"psnr": 24.036 + index, "ssim": 0.8216 + index / 100},
                None if name == ORIGINAL else Timing(0.02 * index),
                whole, details, signed if errors else (), original=name == ORIGINAL,
            )
        )  # fmt: skip
    request = Request(crops=crops, errors=errors)
    return Comparison(image, 120, 90, request, 0.0, 1, crops, crops, tuple(panels))


def find(picture, part):
    """(row, column) of every place where ``part`` stands in the picture, pixel for pixel."""
    height, width = part.shape[:2]
    corner = (picture[: -height + 1 or None, : -width + 1 or None] == part[0, 0]).all(-1)
    return [
        (int(y), int(x)) for y, x in zip(*corner.nonzero(), strict=True)
        if np.array_equal(picture[y : y + height, x : x + width], part)
    ]  # fmt: skip


def repeated(pixels, zoom):
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)


@pytest.mark.parametrize("zoom", [1, 3, 7])
def test_details_stand_side_by_side_with_every_pixel_repeated(zoom):
    comparison = made()
    picture = draw_sheet(comparison, zoom=zoom)
    places = [find(picture, repeated(panel.details[0], zoom)) for panel in comparison.panels]
    # At zoom 1 the original's detail may also be found in the whole picture.
    last = [max(place, key=lambda p: p[1]) for place in places[:1]] + [p[0] for p in places[1:]]
    assert len({top for top, _ in last}) == 1
    steps = {b[1] - a[1] for a, b in itertools.pairwise(last)}
    assert len(steps) == 1
    assert steps.pop() >= 40 * zoom


def test_a_detail_has_a_frame_of_its_color_all_around():
    comparison = made(crops=(Region(10, 20, 34, 60), Region(50, 50, 90, 90)))
    picture = draw_sheet(comparison, zoom=4)
    for index in (0, 1):
        detail = repeated(comparison.panels[2].details[index], 4)
        ((top, left),) = find(picture, detail)
        height, width = detail.shape[:2]
        assert (picture[top - 1, left - 1 : left + width + 1] == FRAMES[index]).all()
        assert (picture[top + height, left - 1 : left + width + 1] == FRAMES[index]).all()
        assert (picture[top - 1 : top + height + 1, left + width] == FRAMES[index]).all()


def test_the_whole_picture_shows_where_the_detail_is():
    comparison = made(crops=(Region(0, 0, 30, 40), Region(60, 80, 90, 120)))
    image = sheet._with_frames(comparison, 180, 240)
    red, blue = ((image == color).all(-1).nonzero() for color in FRAMES[:2])
    assert (red[0].min(), red[1].min()) == (0, 0)  # at the border the frame lies inside
    assert (red[0].max(), red[1].max()) == (59 + 3, 79 + 3)
    assert (blue[0].min(), blue[1].min()) == (120 - 3, 160 - 3)
    assert (blue[0].max(), blue[1].max()) == (179, 239)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 11])
@pytest.mark.parametrize("errors", [True, False])
def test_nothing_touches_the_edge_of_the_sheet(count, errors):
    names = [ORIGINAL, *(f"a/very-long_name of a method, number {i}" for i in range(count))]
    picture = draw_sheet(made(names, errors=errors, image="name " * 40))
    margin = 12
    ink = (picture != 255).any(-1)
    assert not ink[:margin].any()
    assert not ink[-margin:].any()
    assert not ink[:, :margin].any()
    assert not ink[:, -margin:].any()


def test_words_are_broken_into_lines_that_fit_and_none_is_lost():
    font = sheet_layout.label_font(16, bold=False)
    for text in ("bicubic", "runs/srcnn-9-1-5-x3/best", "x" * 100, "many short words " * 9):
        lines = sheet_layout.wrapped(text, font, 150)
        assert all(font.getlength(line) <= 150 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_the_font_has_the_signs_that_are_used():
    font = sheet_layout.label_font(20, bold=False)
    missing = font.getmask("\U0010fffd").getbbox(), bytes(font.getmask("\U0010fffd"))
    for sign in "×−∞'+/äé":
        assert (font.getmask(sign).getbbox(), bytes(font.getmask(sign))) != missing, sign


def test_small_details_still_have_legible_labels():
    layout = sheet_layout.SheetLayout(made(crops=(Region(0, 0, 4, 4),)), 1)
    assert layout.font.size >= 14


def test_a_sheet_of_enormous_size_is_refused():
    with pytest.raises(UsageError, match="--zoom"):
        draw_sheet(made(crops=(Region(0, 0, 90, 120),)), zoom=64)


def test_errors_share_one_scale_and_the_original_has_none():
    comparison = made(errors=True)
    picture = draw_sheet(comparison, zoom=5)
    layout = sheet_layout.SheetLayout(comparison, 5)
    assert layout.end == 30
    for panel in comparison.panels[1:]:
        assert len(find(picture, repeated(error_colors(panel.errors[0], 30), 5))) == 1
    assert draw_sheet(made(), zoom=5).shape[0] < picture.shape[0]


def test_error_colors_are_white_at_zero_blue_below_and_red_above():
    colors = error_colors(np.array([[-99, -20, 0, 20, 99]], np.int16), 20)[0].astype(int)
    assert (colors[2] == 255).all()
    assert np.array_equal(colors[0], colors[1])
    assert np.array_equal(colors[3], colors[4])
    assert colors[0][2] > colors[0][0]
    assert colors[4][0] > colors[4][2]


def test_figures_read_as_in_the_papers():
    assert format_figure("psnr", 24.0364) == "24.04 dB"
    assert format_figure("ssim", 0.82162) == "0.8216"
    assert format_figure("psnr", math.inf) == "∞ dB"
    assert [format_seconds(s) for s in (0.0031, 0.0584, 1.25)] == ["3.1 ms", "58 ms", "1.25 s"]


def test_the_best_psnr_stands_out():
    comparison = made()
    bests = sheet_layout.best_figures(comparison.panels)
    bold = [sheet_layout.figures_below(panel, bests)[0][1] for panel in comparison.panels]
    assert bold == [False, False, False, True]
