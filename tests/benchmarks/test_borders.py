"""The measuring of borders: which pixels count, and what a frame is."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import borders
from identity_weights import identity_config, identity_tensors
from sample_pictures import random_pixels, smooth
from srcnn_cli.engines.selection import make_engine
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import BORDER_POLICIES, ModelConfig

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "borders.py"


def given(levels):
    """A method that gives the same plane whatever it gets."""
    plane = (levels / 255).astype(np.float32)
    return SimpleNamespace(color="y", enlarge=lambda *_: (plane, None))


def by_policy(config, tensors):
    return {
        border: Network(
            border, make_engine(ModelConfig(**{**vars(config), "border": border}), tensors, "cpu")
        )
        for border in BORDER_POLICIES
    }


def mean_filter():
    """The mean of 3×3 pixels: what a border policy does is known by hand."""
    config = identity_config(side=3)
    return config, {
        "conv1.weight": np.full((1, 1, 3, 3), 1 / 9, np.float32),
        "conv1.bias": np.zeros(1, np.float32),
    }


def test_an_error_at_the_border_counts_once_by_its_share_and_once_in_full():
    pair = make_pair(random_pixels((36, 48)) // 2, 3)
    wrong = pair.truth.astype(float)
    wrong[:8] += 4  # a strip along one side, of the outermost pixels alone
    inner = 20 * 32
    whole, border = borders.picture_figures([pair], given(wrong))
    assert whole == pytest.approx(10 * np.log10(255**2 / (16 * 8 * 48 / (36 * 48))))
    assert border == pytest.approx(10 * np.log10(255**2 / (16 * 8 * 48 / (36 * 48 - inner))))


def test_an_error_beyond_the_outermost_eight_pixels_is_none_of_the_border():
    pair = make_pair(random_pixels((36, 48)) // 2, 3)
    wrong = pair.truth.astype(float)
    wrong[8:-8, 8:-8] += 1
    whole, border = borders.picture_figures([pair], given(wrong))
    assert (whole < 60, border) == (True, np.inf)


def test_figures_are_means_over_pictures():
    pairs = [make_pair(random_pixels((30, 33), seed), 3) for seed in (1, 2)]
    method = Interpolation("bicubic")
    first, second = (borders.picture_figures([pair], method) for pair in pairs)
    both = borders.picture_figures(pairs, method)
    assert tuple(both) == pytest.approx(np.mean([first, second], axis=0).tolist())


def test_zeros_around_a_flat_field_draw_a_frame_and_the_other_policies_none():
    methods = by_policy(*mean_filter())
    found = {name: borders.deviations(*borders.flat(3), method) for name, method in methods.items()}
    assert all(own.inside < 1e-3 for own in found.values())
    # At a corner five of nine pixels are missing.
    assert found["zero"].border == pytest.approx(126 * 5 / 9, rel=1e-4)
    assert found["normalize"].border < 1e-3
    assert found["replicate"].border < 1e-3


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_ramp_is_the_same_in_both_resolutions(scale):
    low, truth = borders.ramp(scale)
    means = truth.reshape(low.shape[0], scale, low.shape[1], scale).mean(axis=(1, 3))
    np.testing.assert_allclose(low, means, rtol=0, atol=1e-9)
    inside, border = borders.deviations(low, truth, Interpolation("bicubic"))
    assert inside < 1e-3  # cubic convolution reproduces a ramp, but for symmetric edges
    assert 0.05 < border < 1


def test_a_network_that_changes_nothing_is_as_good_as_bicubic_under_every_policy():
    config = identity_config(side=1)
    pair = make_pair(random_pixels((30, 33)), 3)
    bicubic = tuple(borders.picture_figures([pair], Interpolation("bicubic")))
    for method in by_policy(config, identity_tensors(config)).values():
        assert tuple(borders.picture_figures([pair], method)) == pytest.approx(bicubic, abs=1e-3)


def test_the_script_prints_both_tables(tmp_path, tiny_weights):
    smooth(tmp_path / "set" / "a.png")
    path = tiny_weights(ModelConfig("subpixel", (3, 3), (4,), scales=(2,), border="normalize"))
    command = [sys.executable, SCRIPT, tmp_path / "set", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in cells[2:4]] == ["bicubic", f"{tmp_path.name}/tiny"]
    assert [len(row) for row in cells] == [9] * 4 + [11] * 4
    assert cells[3][1:3] == ["×2", "normalize"]
    assert all(float(cell) > 0 for row in (cells[3], cells[7]) for cell in row[3:])
