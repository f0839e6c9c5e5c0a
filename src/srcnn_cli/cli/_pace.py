"""How far a measurement is, in seconds of work, from what every method took in its first run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.evaluation.benchmark import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from srcnn_cli.cli._progress import ProgressBar


_LONG = 60  # seconds, from which on people want to know before


class Pace(Watch):
    """Moves a bar by pixels, those of a slow network counting for more than those of bicubic.

    Args:
        bar: Its total is set as soon as the pace of all methods is known.
        pixels: That every method enlarges, counted in the results.
        methods: How many there are.
        say: Gets a line before the work, if it will take more than a minute.
    """

    def __init__(
        self,
        bar: ProgressBar,
        pixels: int,
        methods: int,
        *,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self._bar, self._pixels, self._methods, self._say = bar, pixels, methods, say
        self._paces: dict[str, float] = {}
        self._done = 0.0

    def warmed(self, method: str, seconds_per_pixel: float) -> None:
        """See `Watch`."""
        if len(self._paces) == self._methods:
            return  # known from the picture before
        self._paces[method] = seconds_per_pixel
        if len(self._paces) == self._methods:
            self._bar.update(0, total=self.seconds)
            if self._say is not None and self.seconds > _LONG:
                slowest = max(self._paces, key=lambda name: self._paces[name])
                minutes = round(self.seconds / 60)
                self._say(
                    f"this will take about {minutes} minute{'s' * (minutes > 1)}, most of it "
                    f"for {slowest}"
                )

    @property
    def seconds(self) -> float:
        """About how long everything takes."""
        return sum(self._paces.values()) * self._pixels

    def ran(self, method: str, pixels: int) -> None:
        """See `Watch`."""
        self._done += self._paces[method] * pixels
        self._bar.update(min(self._done, self.seconds))
