"""What OpenCV, torch and Pillow do that are compared with MATLAB's bicubic."""

import math

import numpy as np
import pytest
import torch

from srcnn_cli.evaluation.resizers import RESIZERS


def keys_without_antialiasing(length, target, a):
    """Dense matrix of Keys' kernel at half-pixel centres, with the edge pixels repeated."""
    matrix = np.zeros((target, length))
    for row in range(target):
        centre = (row + 0.5) * length / target - 0.5
        for tap in range(math.floor(centre) - 1, math.floor(centre) + 3):
            x = abs(centre - tap)
            inner = (a + 2) * x**3 - (a + 3) * x**2 + 1
            weight = inner if x <= 1 else a * (x**3 - 5 * x**2 + 8 * x - 4)
            matrix[row, min(max(tap, 0), length - 1)] += weight
    return matrix


def by_torch(plane, height, width):
    tensor = torch.from_numpy(plane)[None, None]
    resized = torch.nn.functional.interpolate(tensor, size=(height, width), mode="bicubic")
    return resized[0, 0].numpy()


@pytest.mark.parametrize("resized", [RESIZERS["opencv"], by_torch], ids=["opencv", "torch"])
@pytest.mark.parametrize("size", [(8, 9), (48, 81)])
def test_opencv_and_torch_do_what_their_label_says(resized, size):
    plane = np.random.default_rng(1).random((24, 27))
    down, across = (
        keys_without_antialiasing(length, target, -0.75)
        for length, target in zip(plane.shape, size, strict=True)
    )
    found = resized(plane, *size)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, down @ plane @ across.T, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(12, 14), (96, 112)])
def test_pillow_is_matlabs_bicubic_but_for_the_edges(slow_bicubic, size):
    plane = np.random.default_rng(2).random((48, 56))
    found, matlab = RESIZERS["pillow"](plane, *size), slow_bicubic(plane, *size)
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(found[inside], matlab[inside], rtol=0, atol=1e-6)
    assert np.abs(found - matlab).max() > 0.001


@pytest.mark.parametrize("library", ["opencv", "pillow"])
def test_8_bits_in_give_8_bits_out_near_the_float_result(library):
    plane = np.random.default_rng(3).integers(60, 190, (3, 24, 27), dtype=np.uint8)
    rounded = RESIZERS[library](plane, 8, 9)
    exact = RESIZERS[library](plane.astype(np.float64), 8, 9)
    assert (rounded.shape, rounded.dtype) == ((3, 8, 9), np.uint8)
    np.testing.assert_allclose(rounded, exact, rtol=0, atol=1.6)  # Pillow rounds twice
