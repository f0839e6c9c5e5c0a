"""The nearest pixel of a set, against SciPy's exact Euclidean distance transform."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from srcnn_cli.imaging import nearest_pixel
from srcnn_cli.imaging.nearest_pixel import nearest_pixels


def assert_nearest(chosen):
    """Every pixel is led to a chosen one at the distance that SciPy finds."""
    width = chosen.shape[1]
    squared = np.full(chosen.shape, -1)
    for band, rows, columns in nearest_pixels(chosen):
        assert chosen[rows, columns].all()
        down, across = np.mgrid[band, 0:width]
        squared[band] = (rows - down) ** 2 + (columns - across) ** 2
    expected = distance_transform_edt(~chosen) ** 2
    np.testing.assert_array_equal(squared, np.rint(expected).astype(int))


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.95, 1.0])
def test_random_sets_of_any_density(share):
    random = np.random.default_rng(int(1000 * share))
    for _ in range(40):
        chosen = random.random(random.integers(1, 40, 2)) < share
        chosen[random.integers(chosen.shape[0]), random.integers(chosen.shape[1])] = True
        assert_nearest(chosen)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3)])
def test_lines_and_single_pixels(shape):
    for place in range(shape[0] * shape[1]):
        chosen = np.zeros(shape, bool)
        chosen.flat[place] = True
        assert_nearest(chosen)


def test_a_disc_and_what_is_left_of_the_picture_without_it():
    down, across = np.mgrid[0:61, 0:83]
    disc = (down - 30) ** 2 + (across - 40) ** 2 < 25**2
    assert_nearest(disc)
    assert_nearest(~disc)


def test_bands_of_rows_do_not_show(monkeypatch):
    monkeypatch.setattr(nearest_pixel, "_BAND", 7)
    assert_nearest(np.random.default_rng(3).random((50, 31)) < 0.03)
