"""The page that enlarges photos, in a real browser, against `Upscaler`."""

import base64
import io
import time

import numpy as np
import pytest
from PIL import Image

from chromium import PATIENCE
from networks_to_export import network, ours, with_chrominance
from srcnn_cli import Upscaler
from srcnn_cli.exports.base import Exported
from srcnn_cli.exports.html import HtmlPage
from srcnn_cli.models.catalog import find_model, load_model
from srcnn_cli.models.weights import save_weights

# Of the software that stands in for a graphics card here; not of the page.
_EXPECTED = ("software WebGL", "ReadPixels")


@pytest.fixture
def page(browser, tmp_path):
    """``page(exported, engine)`` opens the page; ``page.give(file)`` chooses a file in it."""

    class Page:
        def __call__(self, exported, engine="javascript"):
            path = tmp_path / "page.html"
            path.write_bytes(HtmlPage().files(exported)[".html"])
            browser.open(path)
            browser.run(f"location.hash = '{engine}'")
            self.path = path

        def give(self, path):
            root = browser.call("DOM.getDocument")["root"]["nodeId"]
            node = browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
            browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
            end = time.monotonic() + PATIENCE
            while self.state() in ("empty", "working") and time.monotonic() < end:
                time.sleep(0.05)
            assert not [e for e in browser.errors if not any(w in str(e) for w in _EXPECTED)]
            return self.state(), browser.run("document.getElementById('status').textContent")

        def state(self):
            return browser.run("document.body.dataset.state")

        def result(self):
            address = browser.run("document.getElementById('result').toDataURL()")
            with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as image:
                return np.asarray(image.convert("RGB")).astype(int)

    return Page()


def photo(path, height=30, width=40, mode="RGB"):
    y, x = np.mgrid[:height, :width]
    red = 127 + 60 * np.sign(np.sin(x / 2.5) * np.cos(y / 3)) + 30 * np.sin(x * y / 90)
    pixels = np.stack([red, red[::-1], 255 - red], axis=-1).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return pixels


def assert_the_same(result, expected):
    assert result.shape == expected.shape
    difference = abs(result - expected.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize("engine", ["javascript", "webgl"])
@pytest.mark.parametrize(
    ("architecture", "border", "color"),
    [
        ("srcnn", "replicate", "y"),
        ("vdsr", "zero", "y"),
        ("subpixel", "normalize", "y"),
        ("espcn", "normalize", "y"),
        ("fsrcnn", "zero", "rgb"),
        ("subpixel", "replicate", "ycbcr"),
    ],
)
def test_the_page_enlarges_as_the_program_does(
    page, browser, tmp_path, engine, architecture, border, color
):
    exported = network(architecture, 2, border, color=color)
    save_weights(tmp_path / "own.safetensors", exported.config, exported.tensors)
    pixels = photo(tmp_path / "photo.png")
    page(exported, engine)
    state, words = page.give(tmp_path / "photo.png")
    assert (state, words.split(",")[0]) == ("done", "40×30 → 80×60")
    assert ("WebGL" in words) == (engine == "webgl")
    assert_the_same(page.result(), Upscaler(tmp_path / "own.safetensors").upscale(pixels, 2))
    assert browser.requests[:1] == [page.path.as_uri()]
    assert all(address.startswith("blob:") for address in browser.requests[1:])


@pytest.mark.parametrize("engine", ["javascript", "webgl"])
@pytest.mark.parametrize(("height", "width"), [(30, 40), (21, 33)])
def test_the_page_puts_colours_right(page, tmp_path, engine, height, width):
    exported = with_chrominance(network("subpixel", 2, "normalize"), "zero")
    pixels = photo(tmp_path / "photo.png", height, width)
    page(exported, engine)
    assert page.give(tmp_path / "photo.png")[0] == "done"
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255
    expected = np.moveaxis(ours(exported, planes).clip(0, 1), 0, -1)
    assert_the_same(page.result(), np.floor(expected * 255 + 0.5))


def test_tiles_do_not_show_in_colours(page, tmp_path):
    exported = with_chrominance(network("subpixel", 2, "normalize"), "zero")
    pixels = photo(tmp_path / "photo.png", 20, 1061)
    page(exported)
    page.give(tmp_path / "photo.png")
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255
    expected = np.moveaxis(ours(exported, planes).clip(0, 1), 0, -1)
    assert_the_same(page.result(), np.floor(expected * 255 + 0.5))


def test_tiles_do_not_show(page, tmp_path):
    exported = network("subpixel", 2, "normalize")
    save_weights(tmp_path / "own.safetensors", exported.config, exported.tensors)
    pixels = photo(tmp_path / "photo.png", 20, 530)
    page(exported)
    page.give(tmp_path / "photo.png")
    assert_the_same(page.result(), Upscaler(tmp_path / "own.safetensors").upscale(pixels, 2))


def test_a_shipped_network(page, tmp_path):
    path = find_model("subpixel-s")[2]
    page(Exported("subpixel-s-x2", *load_model(path), 2))
    pixels = photo(tmp_path / "photo.png")
    page.give(tmp_path / "photo.png")
    assert_the_same(page.result(), Upscaler("subpixel-s").upscale(pixels, 2))


def test_what_cannot_be_enlarged_is_said(page, tmp_path):
    page(network("subpixel", 2))
    (tmp_path / "notes.png").write_text("no picture")
    state, words = page.give(tmp_path / "notes.png")
    assert state == "failed"
    assert words.startswith("notes.png is no picture")
    Image.new("1", (9000, 8000)).save(tmp_path / "huge.png")
    state, words = page.give(tmp_path / "huge.png")
    assert (state, words.split()[0]) == ("failed", "18000×16000")
    photo(tmp_path / "small.png", 10, 10)
    assert page.give(tmp_path / "small.png")[0] == "done"


def test_transparent_parts_become_white_and_that_is_said(page, tmp_path):
    page(network("subpixel", 2))
    Image.new("RGBA", (12, 12), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    state, words = page.give(tmp_path / "clear.png")
    assert state == "done"
    assert "white" in words
