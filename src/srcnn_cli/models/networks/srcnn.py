"""SRCNN (Dong et al., ECCV 2014 and TPAMI 2016): three layers on the interpolated picture."""

from __future__ import annotations

from srcnn_cli.models.networks.base import Family


class Srcnn(Family):
    """Eqs. 1-3 of the ECCV paper, * being what deep learning calls convolution.

    F1(Y) = max(0, W1 * Y + B1), F2(Y) = max(0, W2 * F1(Y) + B2), F(Y) = W3 * F2(Y) + B3.
    """

    name = "srcnn"

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`: 9-1-5 with 64 and 32 maps."""
        if depth is None and width is None:
            return (9, 1, 5), (64, 32)
        return super().hyperparameters(scale=scale, depth=depth, width=width)
