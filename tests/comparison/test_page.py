"""The page: complete in itself, small, and alive in a real browser."""

import base64
import hashlib
import io
import json
import math
import re

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.comparison.compare import ORIGINAL, Comparison, Panel, Request
from srcnn_cli.comparison.page import MAX_BYTES, build_page, encode_within
from srcnn_cli.comparison.page_index import Entry, build_index, thumbnail
from srcnn_cli.evaluation.benchmark import Record
from srcnn_cli.imaging.regions import Region
from srcnn_cli.methods.base import Timing

NAMES = (ORIGINAL, "nearest", "bicubic", "srcnn-9-1-5-x3")


def made(size=(120, 90), *, reduction=1, names=NAMES, image="cat", noise=False, psnr=24.0):
    """A comparison whose panels are plain colours (or noise)."""
    width, height = size
    rng = np.random.default_rng(0)
    crop = Region(10, 20, 34, 60)
    around = crop if reduction == 1 else Region(0, 0, 80, 100)
    panels = []
    for index, name in enumerate(names):
        whole = np.full((height, width, 3), (60 * index, 90, 200 - 40 * index), np.uint8)
        if noise:
            whole = rng.integers(0, 256, whole.shape, dtype=np.uint8)
        detail = np.full((around.height, around.width, 3), (20, 60 * index, 99), np.uint8)
        measured = {"psnr": psnr + index, "ssim": 0.8 + index / 100}
        panels.append(
            Panel(
                name,
                {} if name == ORIGINAL else measured,
                None if name == ORIGINAL else Timing(0.001, 0.01 * index),
                whole,
                (detail,),
                original=name == ORIGINAL,
            )
        )
    return Comparison(
        image, width * reduction, height * reduction, Request(), 0.0, reduction, (crop,),
        (around,), tuple(panels),
    )  # fmt: skip


def parts(page):
    text = page.decode()
    data = json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1]
    )
    return text, data


def decoded(address):
    assert address.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


def test_the_pictures_in_the_page_are_the_panels_to_the_bit():
    comparison = made(noise=True)
    _, data = parts(build_page(comparison))
    assert len(data["sets"]) == 1
    for address, panel in zip(data["sets"][0]["images"], comparison.panels, strict=True):
        assert np.array_equal(decoded(address), panel.whole)


def test_nothing_outside_the_page_is_named():
    for page in (build_page(made()), build_index("t", "c", [Entry("a.html", made().records())])):
        text = page.decode()
        assert not re.search(
            r"https?:|//[a-z]|@import|url\(|<link(?! rel=.icon. href=.data:,)", text
        )
        assert not re.search(r"\son\w+=|style=", text)


def test_the_policy_allows_the_script_and_the_style_that_are_there_and_no_other():
    text, _ = parts(build_page(made()))
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy


def test_alternative_texts_say_what_is_seen():
    _, data = parts(build_page(made()))
    assert [panel["alt"] for panel in data["panels"]][::2] == [
        "cat, the original",
        "cat, enlarged ×3 by bicubic, PSNR 26.00 dB, SSIM 0.8200",
    ]


def test_a_name_cannot_break_out_of_the_page():
    evil = "</script><img src=x onerror=alert(1)>&\"'"
    text, data = parts(build_page(made(names=(ORIGINAL, evil), image=evil)))
    assert data["panels"][1]["name"] == evil
    assert "<img" not in text
    index = build_index(
        evil, evil, [Entry(f"{evil}.html", made(names=(evil,), image=evil).records())]
    )
    assert b"<img" not in index


def test_bicubic_against_the_last_method_is_seen_first():
    _, data = parts(build_page(made()))
    assert (data["left"], data["right"]) == (2, 3)
    _, data = parts(build_page(made(names=(ORIGINAL, "bicubic"))))
    assert (data["left"], data["right"]) == (0, 1)
    _, data = parts(build_page(made(names=("bicubic",))))
    assert (data["left"], data["right"]) == (0, 0)


def test_a_large_picture_is_an_overview_with_details_and_the_page_says_so():
    text, data = parts(build_page(made(reduction=5)))
    assert "reduced to 1/5 along each side; the details are at full size" in text
    assert [view["label"] for view in data["views"]] == ["Overview (1/5)", "Detail"]
    assert len(data["sets"]) == 2
    detail = data["views"][1]
    assert (detail["set"], detail["x"], detail["y"]) == (1, 20, 10)
    assert (detail["width"], detail["height"]) == (40, 24)


def test_noise_that_does_not_compress_stays_below_the_limit():
    comparison = made((1500, 1200), noise=True)
    page = build_page(comparison)
    assert 5_000_000 < len(page) < MAX_BYTES
    text, data = parts(page)
    assert "reduced to 1/2 along each side" in text
    assert data["sets"][0]["width"] == 750
    assert data["views"][1]["x"] == 10


def test_encoding_reduces_all_alike_until_it_fits():
    pictures = [np.random.default_rng(i).integers(0, 256, (64, 64, 3), np.uint8) for i in (0, 1)]
    assert encode_within(pictures, 10**6)[0] == 1
    factor, files = encode_within(pictures, 3000)
    assert factor > 2
    assert sum(map(len, files)) <= 3000
    assert encode_within(pictures, 1)[0] >= 64  # the least there is, never an endless loop


def test_infinite_psnr_is_written_as_a_sign():
    text, data = parts(build_page(made(psnr=math.inf)))
    assert "∞ dB" in text
    assert data["panels"][1]["figures"].startswith("∞ dB / 0.8100 / ")


@pytest.fixture
def show(browser, tmp_path):
    def show(content, **window):
        path = tmp_path / "page.html"
        path.write_bytes(content)
        browser.open(path, **window)
        return browser

    yield show
    assert browser.errors == []
    assert browser.requests == [(tmp_path / "page.html").resolve().as_uri()]


def value(browser):
    return int(browser.run("document.getElementById('handle').getAttribute('aria-valuenow')"))


def names(browser):
    return browser.run(
        "['left', 'right'].map(s => document.querySelector(`#${s}-name b`).textContent)"
    )


def boxes(browser):
    """Place and size of the two pictures, left and right."""
    return browser.run(
        "['left', 'right'].map(s => { const b = document.querySelector(`#${s}-layer img`)"
        ".getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })"
    )


def stage(browser):
    return browser.run(
        "(() => { const b = document.getElementById('stage').getBoundingClientRect();"
        " return [b.x, b.y, b.width, b.height]; })()"
    )


def zoom(browser):
    return browser.run("document.getElementById('zoom').textContent")


def test_the_slider_moves_by_mouse_and_shows_the_left_picture_up_to_it(show, tmp_path):
    browser = show(build_page(made()))
    x, y, width, height = stage(browser)
    middle = y + height / 2
    assert value(browser) == 50
    browser.drag((x + width / 2, middle), (x + width / 4, middle))
    assert value(browser) == 25
    shot = tmp_path / "shot.png"
    browser.drag((x + width / 4, middle), (x + width * 0.45, middle))
    browser.screenshot(shot)
    pixels = np.asarray(Image.open(shot).convert("RGB")).astype(int)
    row = pixels[int(middle) + 60]
    colors = [panel.whole[0, 0].astype(int) for panel in made().panels[2:]]
    assert np.abs(row[int(x + width * 0.43)] - colors[0]).max() <= 2
    assert np.abs(row[int(x + width * 0.47)] - colors[1]).max() <= 2


def test_the_slider_moves_by_keys(show):
    browser = show(build_page(made()))
    browser.press("ArrowRight")
    assert value(browser) == 52
    browser.press("ArrowLeft", shift=True)
    assert value(browser) == 42
    browser.press("Home")
    assert value(browser) == 0
    browser.press("ArrowLeft")
    assert value(browser) == 0
    browser.press("End")
    assert value(browser) == 100


def test_the_slider_moves_by_touch(show):
    browser = show(build_page(made()), width=390, height=800, touch=True)
    x, y, width, height = stage(browser)
    browser.swipe((x + width / 2, y + height / 2), (x + width * 0.8, y + height / 2))
    assert value(browser) == 80


def test_digits_choose_the_methods_and_the_labels_follow(show):
    browser = show(build_page(made()))
    assert names(browser) == ["bicubic", "srcnn-9-1-5-x3"]
    browser.press("2", "Digit2")
    assert names(browser) == ["bicubic", "nearest"]
    browser.press("!", "Digit1", shift=True)
    assert names(browser) == [ORIGINAL, "nearest"]
    browser.press("9", "Digit9")  # there is none
    assert names(browser) == [ORIGINAL, "nearest"]
    browser.press("x", "KeyX")
    assert names(browser) == ["nearest", ORIGINAL]
    alt = browser.run("[...document.querySelectorAll('#stage img')].map(i => i.alt)")
    assert alt == ["cat, the original", "cat, enlarged ×3 by nearest, PSNR 25.00 dB, SSIM 0.8100"]
    assert browser.run("document.querySelector('#left-name span').textContent").startswith(
        "25.00 dB / 0.8100 / "
    )


def test_the_lists_choose_the_methods(show):
    browser = show(build_page(made()))
    browser.run(
        "(() => { const s = document.getElementById('left'); s.value = '0';"
        " s.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    assert names(browser) == [ORIGINAL, "srcnn-9-1-5-x3"]


def test_both_pictures_zoom_and_move_together(show):
    browser = show(build_page(made()))
    x, y, width, height = stage(browser)
    left, right = boxes(browser)
    assert left == right
    point = (x + width * 0.4, y + height * 0.4)
    under = [(p - b) / s for p, b, s in zip(point, left[:2], left[2:], strict=True)]
    browser.wheel(*point, -600)
    left, right = boxes(browser)
    assert left == right
    assert left[2] > width
    after = [(p - b) / s for p, b, s in zip(point, left[:2], left[2:], strict=True)]
    assert after == pytest.approx(under, abs=0.003)  # what was under the mouse still is
    browser.drag((x + width * 0.2, y + 200), (x + width * 0.2 + 50, y + 170))
    moved, right = boxes(browser)
    assert moved == right
    assert [moved[0] - left[0], moved[1] - left[1]] == pytest.approx([50, -30], abs=1)
    assert value(browser) == 50
    sharp = "getComputedStyle(document.querySelector('#stage img')).imageRendering"
    assert browser.run(sharp) == "pixelated"
    browser.press("0", "Digit0")
    fitted, _ = boxes(browser)
    assert fitted[2] <= width
    assert zoom(browser) == "700 %"
    browser.press("+", "Equal", shift=True)
    assert zoom(browser) == "800 %"
    browser.press("-", "Minus")
    assert zoom(browser) == "600 %"


def test_a_picture_larger_than_the_stage_is_fitted_and_stays_in_view(show):
    browser = show(build_page(made((3000, 1000))))
    _, _, width, _ = stage(browser)
    left, _ = boxes(browser)
    assert left[2] <= width
    browser.run("document.getElementById('actual').click()")
    browser.settle()
    assert zoom(browser) == "100 %"
    for _ in range(60):
        browser.press("a", "KeyA")
    x, _, _, _ = stage(browser)
    assert boxes(browser)[0][0] == pytest.approx(x, abs=2)  # no further than its edge


def test_a_detail_of_a_large_picture_is_shown_at_full_size(show):
    browser = show(build_page(made(reduction=5)))
    browser.run("document.querySelectorAll('#views button')[1].click()")
    browser.settle()
    sizes = browser.run("[...document.querySelectorAll('#stage img')].map(i => i.naturalWidth)")
    assert sizes == [100, 100]
    pressed = "[...document.querySelectorAll('#views button')].map(b => b.ariaPressed)"
    assert browser.run(pressed) == ["false", "true"]


@pytest.mark.parametrize("dark", [True, False])
def test_dark_and_light(show, dark):
    browser = show(build_page(made()), dark=dark)
    color = browser.run("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", color)[:3])) / 3
    assert (brightness < 60) if dark else (brightness > 200)


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_reaches_beyond_the_window(show, width):
    long = (ORIGINAL, "runs/a-very-long-name-of-a-run-of-ones-own/best", "b" * 60)
    browser = show(build_page(made(names=long, image="i" * 80)), width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_roles_and_names_for_those_who_do_not_see(show):
    browser = show(build_page(made()))
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    found = {(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if "role" in n}
    assert ("slider", "Border between the left and the right picture") in found
    assert ("image", "cat, enlarged ×3 by bicubic, PSNR 26.00 dB, SSIM 0.8200") in found
    assert ("combobox", "Left") in found
    assert ("button", "Zoom in") in found
    assert ("table", "Figures") in found


def test_a_page_of_several_has_a_link_back_and_others_none(show):
    assert b"<nav>" not in build_page(made())
    browser = show(build_page(made(), index="index.html"))
    assert browser.run("document.querySelector('nav a').getAttribute('href')") == "index.html"


def test_the_line_below_the_pictures_says_what_is_shown(show):
    browser = show(build_page(made()))
    line = "document.querySelector('#about').textContent"
    assert browser.run(line) == "Whole: the whole picture, fitted into the frame"
    browser.run("document.querySelectorAll('#views button')[1].click()")
    assert browser.run(line).startswith("Detail: ")
    assert browser.run(line).endswith(": where the methods differ most")


def test_on_a_phone_the_picture_comes_first_and_the_controls_below(show):
    places = (
        "['h1', '#stage', '#about', '.bar', '.scroll', 'header p'].map("
        "s => document.querySelector(s).getBoundingClientRect().top)"
    )
    browser = show(build_page(made()), width=390, height=800)
    phone = browser.run(places)
    assert phone == sorted(phone)
    assert phone[1] < 100
    browser = show(build_page(made()), width=1200, height=800)
    _, stage_top, _, bar_top, *_ = browser.run(places)
    assert bar_top < stage_top


def test_the_index_shows_a_thumbnail_of_each_picture(show):
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[..., 0] = 200
    small = thumbnail(pixels)
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (96, 72)
        assert image.getpixel((40, 40))[0] > 190
    entry = Entry("a.html", made(names=("bicubic",)).records(), small)
    browser = show(build_index("Pictures", "conditions", [entry]))
    image = "document.querySelector('tbody a[href=\"a.html\"] img')"
    assert browser.run(f"{image}.complete && {image}.naturalWidth") == 96


def test_the_index_sorts_by_any_column_and_back(show):
    values = {"b": 30.5, "a": 9.25, "c": math.inf}
    entries = [
        Entry(
            f"{name}.html",
            [Record(name, 30, 20, "bicubic", {"psnr": v, "ssim": 0.5}, 0, Timing(1.0))],
        )
        for name, v in values.items()
    ]
    browser = show(build_index("Pictures", "conditions", entries))
    order = "[...document.querySelectorAll('tbody a')].map(a => a.textContent).join('')"
    heading = "[...document.querySelectorAll('th[data-column] button')]"

    def click(title):
        browser.run(f"{heading}.find(b => b.textContent === '{title}').click()")
        return browser.run(order)

    assert browser.run(order) == "bac"
    assert click("PSNR") == "abc"
    assert click("PSNR") == "cba"
    assert click("picture") == "abc"
    assert browser.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert browser.run("document.querySelector('tbody a').getAttribute('href')") == "a.html"
    assert "average of 3" in browser.run("document.querySelector('tfoot').textContent")
