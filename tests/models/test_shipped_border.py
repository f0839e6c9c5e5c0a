"""A picture's border shows no frame, whatever network was trained through its policy."""

import numpy as np
import pytest

from srcnn_cli.upscaling.upscaler import Upscaler

HEIGHT, WIDTH = 40, 52


def flat(level):
    return np.full((HEIGHT, WIDTH), level, np.uint8)


def ramp(across):
    steps = np.linspace(40, 215, WIDTH if across else HEIGHT).round().astype(np.uint8)
    return np.tile(steps, (HEIGHT, 1)) if across else np.tile(steps[:, None], (1, WIDTH))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(
    "pixels", [flat(30), flat(128), flat(235), ramp(True), ramp(False)],
    ids=["dark", "grey", "light", "ramp across", "ramp down"],
)  # fmt: skip
def test_a_border_normalised_network_draws_no_frame(pixels, scale):
    result, bicubic = (
        Upscaler(model, device="cpu").upscale(pixels, scale).astype(int)
        for model in ("subpixel-s", "bicubic")
    )
    border = np.ones(result.shape, bool)
    border[8:-8, 8:-8] = False
    assert np.abs(result - bicubic)[border].max() <= 1
