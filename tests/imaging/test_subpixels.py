"""Sub-pixels as planes, in torch's order."""

import numpy as np
import pytest
import torch

from srcnn_cli.imaging.subpixels import shuffled, unshuffled


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_sub_pixels_lie_as_torch_has_them(factor, kind):
    planes = (np.random.default_rng(0).random((3, 4 * factor, 5 * factor)) * 200).astype(kind)
    expected = torch.pixel_unshuffle(torch.from_numpy(planes), factor).numpy()
    result = unshuffled(planes, factor)
    assert result.dtype == kind
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(shuffled(result, factor), planes)


def test_the_four_pixels_of_a_block_are_planes_row_by_row():
    planes = np.array([[[1, 2], [3, 4]]])
    assert unshuffled(planes, 2)[:, 0, 0].tolist() == [1, 2, 3, 4]
