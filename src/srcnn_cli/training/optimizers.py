"""One training step's change of the weights, by recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from srcnn_cli.models.networks.torch_network import PlaneNetwork
    from srcnn_cli.training.schedule import Schedule


class Optimizer:
    """SGD, Adam, or Muon with Adam for what is no matrix of filters, under one rate.

    Args:
        network: On its device and in its memory format, which must not change any more.
        schedule: Says which, and the rates.
    """

    def __init__(self, network: PlaneNetwork, schedule: Schedule) -> None:
        self._schedule = schedule
        *layers, last = network.layers
        self._matrices: list[tuple[Tensor, Tensor]] = []
        if schedule.optimizer == "muon":
            self._matrices = [(layer.weight, _as_matrix(layer.weight)) for layer in layers]
        taken = {id(weight) for weight, _ in self._matrices}
        self._parameters = list(network.parameters())
        weights = [layer.weight for layer in layers if id(layer.weight) not in taken]
        biases = [cast("Tensor", layer.bias) for layer in layers]
        for name in ("slope", "levels"):
            biases += [
                cast("Tensor", getattr(layer, name)) for layer in layers if hasattr(layer, name)
            ]
        groups: list[dict[str, Any]] = [
            {"params": weights, "factor": 1.0},
            {"params": biases, "factor": schedule.bias_rate},
            {"params": [last.weight], "factor": schedule.last_rate},
            {"params": [last.bias], "factor": schedule.last_rate * schedule.bias_rate},
        ]
        groups = [group for group in groups if group["params"]]
        self._parts: list[torch.optim.Optimizer] = []
        if schedule.optimizer == "sgd":
            self._parts.append(
                torch.optim.SGD(
                    groups,
                    lr=schedule.rate,
                    momentum=schedule.momentum,
                    weight_decay=schedule.weight_decay,
                    fused=True,
                )
            )
        else:
            self._parts.append(torch.optim.Adam(groups, lr=schedule.rate, fused=True))
        if self._matrices:
            self._parts.append(
                torch.optim.Muon(
                    [{"params": [matrix for _, matrix in self._matrices], "factor": 1.0}],
                    lr=schedule.rate,
                    weight_decay=0.0,
                    adjust_lr_fn="match_rms_adamw",  # so that one rate serves both
                )
            )

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self, rate: float) -> None:
        """Change the weights by their gradients."""
        if self._schedule.clip:
            torch.nn.utils.clip_grad_value_(self._parameters, self._schedule.clip / rate)
        for weight, matrix in self._matrices:
            assert weight.grad is not None  # noqa: S101 - every weight takes part in the loss
            matrix.grad = weight.grad.permute(0, 2, 3, 1).flatten(1)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * group["factor"]
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """Everything needed to continue."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Continue where `state_dict` was taken."""
        for part, state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)


def _as_matrix(weight: Tensor) -> Tensor:
    """(out, in, f, f) filters as (out, f * f * in) on the same memory, one filter a row.

    Muon takes matrices only. The order within a row does not matter to it, so it may be the one
    in which channels-last filters lie in memory.
    """
    matrix = weight.detach().permute(0, 2, 3, 1).flatten(1)
    if matrix.data_ptr() != weight.data_ptr():
        raise ValueError("filters must be in channels-last order")
    return matrix
