"""Several processes that train one network, as ``torchrun`` starts them.

All of them start from the same weights and draw the same sub-images, each makes its share, and the
gradients are averaged: so their networks stay the same. PyTorch's DistributedDataParallel would do
that too, but it keeps the process group alive beyond its end; Gloo's threads then outlive the
interpreter, and now and then abort a run that is already finished. What it gains, by sending while
gradients are still being computed, is nothing for networks of a megabyte or two.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import distributed

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """This process's place among those of a run.

    Attributes:
        rank: From 0; rank 0 alone writes files and speaks.
        world: How many there are.
        local: Rank on this machine, which is the number of its GPU.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of ``count`` things are this process's."""
        return slice(self.rank, count, self.world)

    def total(self, values: list[float]) -> list[float]:
        """Sums over all processes, the same in each."""
        if self.world == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(tensor)
        result: list[float] = tensor.tolist()
        return result

    def anywhere(self, *, condition: bool) -> bool:
        """Whether the condition holds in any process."""
        return self.total([float(condition)])[0] > 0

    def average(self, tensors: list[Tensor]) -> None:
        """Put in place of tensors their means over all processes, the same in each."""
        if self.world == 1:
            return
        mean = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(mean)
        mean /= self.world
        start = 0
        for tensor in tensors:
            tensor.copy_(mean[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()


def started_by_torchrun() -> bool:
    """Whether the environment says so."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Join the other processes, if ``torchrun`` started several.

    Args:
        device: Decides how they talk: NCCL between GPUs (and Gloo for figures), else Gloo.

    Raises:
        UsageError: The environment is not as ``torchrun`` sets it, or the device cannot be shared.
    """
    if not started_by_torchrun():
        yield Ranks()
        return
    ranks = _ranks()
    if ranks.world == 1:
        yield ranks
        return
    if device.type == "mps":
        raise UsageError("several processes cannot train on one mps device: use --device cpu")
    try:
        distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    except (ValueError, distributed.DistError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"the other processes cannot be joined: {reason}") from error
    try:
        yield ranks
    finally:
        distributed.destroy_process_group()


def _ranks() -> Ranks:
    try:
        ranks = Ranks(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
    except (KeyError, ValueError):
        ranks = Ranks(world=0)
    if ranks.local < 0 or not 0 <= ranks.rank < ranks.world:
        raise UsageError("RANK, WORLD_SIZE and LOCAL_RANK must be as torchrun sets them")
    return ranks
