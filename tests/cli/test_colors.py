"""Networks for colours, as a user meets them."""

import numpy as np
import pytest
from PIL import Image

from sample_pictures import smooth
from srcnn_cli.imaging.levels import LEVELS
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import load_weights
from terminal import one_line

CONFIG = ModelConfig(
    "chrominance", (3, 3), (4,), "ycbcr", scales=(1,), border="zero", mean=0.5, levels=LEVELS
)


@pytest.fixture
def photo(work):
    y, x = np.mgrid[:72, :90]
    pixels = np.stack([x * 2, y * 3, np.where(x + y > 80, 210, 30)], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(work / "photo.jpg", quality=40)
    return work / "photo.jpg"


def luminance(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")) @ [0.299, 0.587, 0.114]


def test_one_is_trained_and_puts_colours_right(work, srcnn, photo):
    for index in range(6):
        smooth(work / f"data/{index}.png", (90, 80), seed=index)
    code, out, err = srcnn(
        "train", "--data", "data", "--architecture", "chrominance", "--degrade", "colors",
        "--depth", 3, "--width", 4, "--patch", 16, "--batch", 2, "--steps", 4, "--interval", 2,
        "-o", "run",
    )  # fmt: skip
    assert code == 0, err
    assert out.startswith("run/best.safetensors")
    config, _ = load_weights("run/best.safetensors")
    assert (config.name, config.color, config.scales) == ("chrominance-3x4", "ycbcr", (1,))
    code, out, err = srcnn("upscale", photo, "-s", 1, "-m", "run", "-o", "restored.png")
    assert (code, err) == (0, "")
    assert "JPEG quality 40: restored" in out
    assert np.abs(luminance("restored.png") - luminance(photo)).max() < 1.5


def test_without_damage_there_is_nothing_to_learn(srcnn, work):
    smooth(work / "data/0.png", (90, 80), seed=0)
    smooth(work / "data/1.png", (90, 80), seed=1)
    code, _, err = srcnn("train", "--data", "data", "--architecture", "chrominance", "-o", "run")
    assert code == 2
    assert "undoes damage: --degrade says which (colors)" in one_line(err)
    code, _, err = srcnn(
        "train", "--data", "data", "--architecture", "chrominance", "--degrade", "colors",
        "--channels", "rgb", "-o", "run",
    )  # fmt: skip
    assert code == 5
    assert "takes Y'CbCr and enlarges nothing" in one_line(err)


def test_it_enlarges_nothing_and_is_not_exported(srcnn, photo, tiny_weights):
    weights = tiny_weights(CONFIG)
    code, out, err = srcnn("upscale", photo, "-s", 2, "-m", weights, "-o", "large.png")
    assert (code, out) == (2, "")
    assert "restores without enlarging: its scale is 1" in one_line(err)
    code, out, err = srcnn("export", weights, "--restore", "jpeg:50", "-o", "m.onnx")
    assert (code, out) == (5, "")
    assert "puts right the colours beside a luminance" in one_line(err)


def test_restored_colours_are_part_of_upscale_compare_and_bench(srcnn, photo, work):
    code, _, err = srcnn("upscale", photo, "-s", 2, "-o", "auto.png")
    assert (code, err) == (0, "")
    srcnn("upscale", photo, "-s", 2, "--restore", "off", "-o", "off.png")
    with Image.open("auto.png") as auto, Image.open("off.png") as off:
        cb = [np.asarray(image.convert("YCbCr"), int)[..., 1] for image in (auto, off)]
    assert np.abs(cb[0] - cb[1]).max() > 3
    (work / "set").mkdir()
    with Image.open("auto.png") as image:
        image.save(work / "set/a.png")
    arguments = ["bench", "set", "-s", 2, "--degrade", "jpeg:40", "--protocol", "rgb", "--json"]
    assert srcnn(*arguments)[0] == 0


def test_damage_of_weights_for_colours_is_found(monkeypatch, photo, srcnn):
    from srcnn_cli.models import catalog

    entry = {**catalog._index()["chrominance"], "sha256": "0" * 64}
    monkeypatch.setitem(catalog._index(), "chrominance", entry)
    code, _, err = srcnn("upscale", photo, "-s", 2, "-o", "large.png")
    assert code == 5
    assert "its checksum is wrong" in one_line(err)
