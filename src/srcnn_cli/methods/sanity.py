"""Whether weights of unknown origin do what networks here do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.imaging.planes import network_planes
from srcnn_cli.imaging.regions import INTERIOR

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

_GREYS = (0.1, 0.5, 0.9)
_COLORS = ((0.9, 0.2, 0.1), (0.1, 0.3, 0.9))
# A flat picture that comes out this much brighter or darker was not learned so, in units of full
# white: a few grey levels are usual, and a network taken for another is off by some tenths.
FLAT_TOLERANCE = 0.1


def flat_error(config: ModelConfig, tensors: Tensors) -> float:
    """How far flat pictures come out from what they were, 1 being full white; the worst counts.

    They are dark, middle and light grey and, for a colour network, a red and a blue. A network that
    enlarges pictures leaves them nearly as they are (the reference weights to 0.02). One that is
    residual but taken as direct, or the reverse, or that was trained on other values, does not.
    """
    engine = make_engine(config, tensors, "cpu")
    side = 2 * config.receptive_radius + 1
    colors = [(grey,) * 3 for grey in _GREYS] + list(_COLORS) * (config.color != "y")
    worst = 0.0
    for color in colors:
        planes = np.array(color[:1] if config.color == "y" else color, np.float32)[:, None, None]
        if config.color != "y":
            planes = network_planes(planes, config.color)
        planes = np.repeat(planes, config.family.unshuffled**2, axis=0)
        patch = np.broadcast_to(planes, (config.channels, side, side))
        with np.errstate(all="ignore"):  # weights of any size: infinity is an answer
            output = engine.run(patch, INTERIOR)
            if config.residual and not config.interpolated:
                output = output + planes
            error = float(np.abs(output - planes).max())
        if not error <= worst:  # so that NaN counts, too
            worst = error
    return worst
