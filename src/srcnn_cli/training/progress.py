"""Where a training run stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands after an interval.

    Attributes:
        step: Steps done.
        samples: Sub-images seen, the papers' "number of backprops".
        loss: Mean over the interval, of the recipe's kind.
        psnr: Mean over the validation pictures and scales in dB, under the ``srcnn`` convention.
        psnr_by_scale: The same for every scale, in rising order.
        best: The highest ``psnr`` so far.
        rate: Learning rate of the last step.
        pixels_per_second: Output pixels trained per second in this interval.
        seconds: Training time so far, over all resumed parts, without validation.
    """

    step: int
    samples: int
    loss: float
    psnr: float
    psnr_by_scale: tuple[float, ...]
    best: float
    rate: float
    pixels_per_second: float
    seconds: float
