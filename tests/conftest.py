"""What several test files share: the command, research data, weights files, a slow bicubic."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from random_weights import random_tensors

settings.register_profile("srcnn", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("srcnn")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium for the tests of a file."""
    from chromium import Chromium, find_chromium

    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    browser = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def shared_data():
    """The folder of Set5, Set14 and the reference files."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SRCNN_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set SRCNN_DATA")
    return folder


@pytest.fixture
def srcnn(capsys):
    """``srcnn("upscale", ...)`` runs the command in this process: (exit code, stdout, stderr)."""
    from srcnn_cli.cli import main

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return call


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder that is the working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def tiny_weights(tmp_path):
    """``tiny_weights(config, seed=..., name=...)`` writes a small file of random weights."""
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import save_weights

    def write(config=None, *, seed=0, name="tiny.safetensors"):
        if config is None:
            config = ModelConfig(filters=(3, 1, 3), widths=(4, 3), scales=(2, 3, 4))
        path = tmp_path / name
        save_weights(path, config, random_tensors(config, seed))
        return path

    return write


def _keys(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    if x <= 2:
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return 0.0


def _contributions(length, output, scale):
    """MATLAB's ``contributions`` as a dense matrix, with its own 1-based formulas."""
    matrix = np.zeros((output, length))
    shrink = min(scale, 1.0)
    width = 4 / shrink
    mirror = [*range(1, length + 1), *range(length, 0, -1)]
    for x in range(1, output + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = int(np.floor(u - width / 2))
        taps = [
            (mirror[(index - 1) % len(mirror)], shrink * _keys(shrink * (u - index)))
            for index in range(left, left + int(np.ceil(width)) + 2)
        ]
        total = sum(weight for _, weight in taps)
        for index, weight in taps:
            matrix[x - 1, index - 1] += weight / total
    return matrix


@pytest.fixture(scope="session")
def slow_bicubic():
    """``slow_bicubic(plane, height, width, scale=None)``: one float64 (H, W) plane resized."""

    def resized(plane, height, width, scale=None):
        rows, columns = scale or (height / plane.shape[0], width / plane.shape[1])
        down = _contributions(plane.shape[0], height, rows)
        across = _contributions(plane.shape[1], width, columns)
        return down @ plane.astype(np.float64) @ across.T

    return resized
