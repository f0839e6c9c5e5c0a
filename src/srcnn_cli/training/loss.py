"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from srcnn_cli.training.schedule import Schedule


def loss_of(output: Tensor, truth: Tensor, schedule: Schedule, step: int) -> Tensor:
    """The loss of a batch, by the schedule's kind.

    Args:
        output: (N, C, H, W), what the network computed.
        truth: Likewise, what it should have computed; both in units of full white.
        schedule: Says which loss, and which channels count in the beginning.
        step: Counted from 0.
    """
    if schedule.pretrain != "all" and step < schedule.pretrain_steps:
        counted = slice(0, 1) if schedule.pretrain == "y" else slice(1, 3)
        output, truth = output[:, counted], truth[:, counted]
    squares = (output - truth).square()
    if schedule.loss == "half-sum":
        return squares.sum() / (2 * len(squares))
    if schedule.loss == "log-mse":
        return (squares.mean(dim=(1, 2, 3)) + schedule.log_floor).log().mean()
    if schedule.loss == "charbonnier":
        return (squares + 1e-6).sqrt().mean()
    return squares.mean()
