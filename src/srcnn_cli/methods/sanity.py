"""Whether weights of unknown origin do what networks here do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.imaging.regions import INTERIOR

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

_GREY = np.float32(0.5)


def grey_error(config: ModelConfig, tensors: Tensors) -> float:
    """How far from mid-grey a flat mid-grey picture comes out, 1 being full white.

    A network that enlarges pictures leaves it nearly as it is (the reference weights to 0.001).
    One that is residual but taken as direct, or the reverse, does not.
    """
    side = 2 * config.receptive_radius + 1
    patch = np.full((config.channels, side, side), _GREY)
    with np.errstate(all="ignore"):  # weights of any size: infinity is an answer
        output = make_engine(config, tensors, "cpu").run(patch, INTERIOR)
        if config.residual and not config.interpolated:
            output = output + _GREY
        return float(np.abs(output - _GREY).max())
