"""The table of what models gain on damaged pictures, and damage as a step of a protocol."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN, make_pair
from srcnn_cli.evaluation.restoration import AUTO, TOLD, chains_for, found_levels, measure_levels
from srcnn_cli.evaluation.sources import Source
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.levels import CLEAN, LEVELS
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import save_weights


@pytest.fixture(scope="module")
def colors():
    y, x = np.mgrid[:180, :192]
    plane = 120 + 50 * np.sin(x / 9 + y / 23) + 30 * np.tanh(np.sin((x + 2 * y) / 15) * 4)
    return np.stack([plane, 0.9 * plane, 200 - 0.5 * plane], axis=-1).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, colors):
    path = tmp_path / "pictures"
    path.mkdir()
    Image.fromarray(colors).save(path / "a.png")
    Image.fromarray(colors[::-1, :, 1]).save(path / "b.png")
    return path


def pair_of(pixels, text, scale=2):
    return make_pair(pixels, scale, SRCNN.changed(degrade=parse_chain(text)))


def test_a_degraded_pair_holds_the_picture_that_a_file_would_hold(colors):
    pair = pair_of(colors, "area+jpeg:40")
    low = parse_chain("area+jpeg:40").apply(colors, 2, None)
    assert np.array_equal(np.moveaxis(np.rint(pair.low_rgb * 255), 0, -1), low)
    assert np.array_equal(pair.truth, luminance_uint8(colors))
    assert pair.levels == parse_chain("area+jpeg:40").levels(2)
    assert "low resolution by area+jpeg:40" in pair.protocol.describe()


def test_at_a_scale_of_one_bicubic_is_the_damaged_picture_itself(colors):
    grey = np.ascontiguousarray(colors[..., 0])
    pair = pair_of(grey, "jpeg:20", scale=1)
    damaged = parse_chain("jpeg:20").apply(grey, 1, None)
    expected = psnr(damaged[1:-1, 1:-1], grey[1:-1, 1:-1])
    assert pair.psnr(pair.interpolated) == pytest.approx(expected, abs=1e-9)


def test_what_upscale_would_find_is_found(colors):
    assert found_levels(pair_of(colors, "bicubic")) == CLEAN
    assert found_levels(pair_of(colors, "nearest")) == CLEAN
    told = parse_chain("jpeg:75").levels(2)
    shared = told._replace(chrominance=told.compression)
    assert found_levels(pair_of(colors, "jpeg:75")) == shared
    assert found_levels(pair_of(colors, "jpeg:75:444")) == told
    assert found_levels(pair_of(colors[..., 0], "jpeg:75")) == told


def test_columns_are_told_what_their_names_say(folder):
    told = []

    def make(levels):
        told.append(levels)
        return Interpolation("bicubic")

    columns = {"plain": make, f"plain{TOLD}": make, f"plain{AUTO}": make}
    sources = [Source(folder / "a.png")]
    (row,) = measure_levels(sources, columns, scale=2, chains=[parse_chain("nearest+jpeg:50")])
    by_file = parse_chain("jpeg:50").levels(2)
    found = by_file._replace(chrominance=by_file.compression)
    assert told == [CLEAN, by_file._replace(aliasing=1.0), found]
    assert row.recognised == 1
    assert all(gain.mean == 0 == gain.least == gain.worse for gain in row.gains.values())


def test_the_table_counts_pictures_that_become_worse(folder):
    sources = [Source(folder / "a.png"), Source(folder / "b.png")]
    columns = {"nearest": lambda _levels: Interpolation("nearest")}
    (row,) = measure_levels(sources, columns, scale=2, chains=[parse_chain("bicubic")])
    assert row.gains["nearest"].worse == 2
    assert row.gains["nearest"].least <= row.gains["nearest"].mean < 0


@pytest.fixture
def photograph_network(tmp_path):
    config = ModelConfig("subpixel", (3,), (), scales=(2,), border="normalize", levels=LEVELS)
    tensors = {name: np.zeros(s, np.float32) for name, s in config.tensor_shapes.items()}
    save_weights(tmp_path / "photo.safetensors", config, tensors)
    return tmp_path / "photo.safetensors"


def test_bench_prints_the_table_and_writes_it(folder, photograph_network, tmp_path, srcnn):
    output = tmp_path / "table.json"
    code, out, err = srcnn(
        "bench", folder, "-s", "2", "--restore-levels", "-m", photograph_network, "-o", output
    )
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[2 : 2 + len(chains_for(2))]] == [
        str(chain) for chain in chains_for(2)
    ]
    rows = json.loads(output.read_text())["rows"]
    assert rows[0]["gains"][f"{photograph_network} told"] == {"mean": 0, "least": 0, "worse": 0}


def test_bench_and_compare_degrade(folder, photograph_network, srcnn):
    options = ("-s", "2", "--degrade", "jpeg:50", "-m", photograph_network)
    code, out, _ = srcnn("bench", folder, *options, "--format", "json")
    assert code == 0
    report = json.loads(out)
    assert report["protocol"]["degrade"] == "jpeg:50"
    assert report["published"] == []
    figures = {row["method"]: row["psnr"] for row in report["averages"]}
    assert figures["bicubic"] == pytest.approx(list(figures.values())[1], abs=1e-3)
    code, out, _ = srcnn("compare", folder / "a.png", *options)
    assert code == 0
    assert "low resolution by jpeg:50" in out
    code, _, err = srcnn("bench", folder, "-s", "1", "-m", photograph_network)
    assert code == 2
    assert "--degrade says what to restore" in err
