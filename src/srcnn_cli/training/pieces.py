"""A batch in pieces, so that all cores train without waiting for one another in every layer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch

from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

# Patches of a piece. Fewer cost more than they gain: on one core a batch of 16 patches of 48 pixels
# takes as long in pieces of 8 as in one, and up to 1.4 times as long in pieces of 4.
_PATCHES = 8


class Pieces:
    """Gradients of a batch, summed over pieces of it, each computed by one thread.

    With torch's own threads every layer is shared out, and each waits at its end for a core that
    another program may hold: beside one busy program that took ten times as long as one thread
    alone. Here it is once for each step. Pieces and their order depend on the batch only, so that
    the number of threads changes no bit of the result.

    Args:
        parameters: Whose gradients are wanted.
        whole: Leave the batch in one piece, to torch's own threads: on a GPU, or where the network
            was compiled.
    """

    def __init__(self, parameters: Sequence[Tensor], *, whole: bool) -> None:
        self._parameters = list(parameters)
        self._pool = None
        if not whole:
            self._pool = ThreadPoolExecutor(
                crew().size, "srcnn-train", initializer=torch.set_num_threads, initargs=(1,)
            )

    @property
    def threads(self) -> int:
        """How many threads torch's own functions may take beside it."""
        return 1 if self._pool else crew().size

    def backward(
        self, loss_of: Callable[[Tensor, Tensor], Tensor], source: Tensor, truth: Tensor
    ) -> Tensor:
        """Compute the gradients of parameters that have none.

        Args:
            loss_of: Of a piece: a mean over its patches.
            source: (N, C, h, w).
            truth: (N, C, H, W).

        Returns:
            The loss of the batch.
        """
        if self._pool is None:
            loss = loss_of(source, truth)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss.detach()
        count = len(source)

        def work(start: int) -> tuple[Tensor, tuple[Tensor | None, ...]]:
            piece = slice(start, start + _PATCHES)
            loss = loss_of(source[piece], truth[piece]) * (len(source[piece]) / count)
            # Not added to what the parameters have, since other threads do that, too.
            return loss.detach(), torch.autograd.grad(loss, self._parameters, allow_unused=True)

        losses, gradients = zip(*self._pool.map(work, range(0, count, _PATCHES)), strict=True)
        for parameter, *pieces in zip(self._parameters, *gradients, strict=True):
            parameter.grad = _sum(pieces, parameter)
        return torch.stack(losses).sum()


def _sum(pieces: Sequence[Tensor | None], parameter: Tensor) -> Tensor | None:
    """In the memory order of the parameter, which optimisers count on."""
    known = [piece for piece in pieces if piece is not None]
    if not known:
        return None
    total = torch.empty_like(parameter, requires_grad=False).copy_(known[0])
    for piece in known[1:]:
        total += piece
    return total
