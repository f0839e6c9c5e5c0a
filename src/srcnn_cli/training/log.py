"""What a run writes down while it goes: ``log.csv``, and TensorBoard's events where installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import OutputError
from srcnn_cli.files import describe_os_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.training.progress import Progress

LOG = "log.csv"


class TrainingLog:
    """Appends to what is there, so that a resumed run has one log.

    Args:
        folder: Of the run.
        scales: Of the validation; where there are several, each has a column of its own.

    Raises:
        OutputError: TensorBoard's file cannot be made.
    """

    def __init__(self, folder: Path, scales: Sequence[int]) -> None:
        self.path = folder / LOG
        self._scales = list(scales) if len(scales) > 1 else []
        self._events: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(folder))
        except ImportError:
            pass  # not installed
        except OSError as error:
            raise _cannot_write(folder, error) from error

    def add(self, progress: Progress) -> None:
        """Write one interval.

        Raises:
            OutputError: It cannot be written.
        """
        values: dict[str, float | str] = {
            "step": progress.step,
            "samples": progress.samples,
            "loss": f"{progress.loss:.6g}",
            "psnr": f"{progress.psnr:.4f}",
            "best": f"{progress.best:.4f}",
            "rate": f"{progress.rate:.4g}",
            "pixels_per_second": f"{progress.pixels_per_second:.4g}",
            "seconds": f"{progress.seconds:.1f}",
        }
        if self._scales:
            for scale, psnr in zip(self._scales, progress.psnr_by_scale, strict=True):
                values[f"psnr_x{scale}"] = f"{psnr:.4f}"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                if file.tell() == 0:
                    file.write(",".join(values) + "\n")
                file.write(",".join(map(str, values.values())) + "\n")
            if self._events is not None:
                for name in ("loss", "psnr", "rate", "pixels_per_second"):
                    self._events.add_scalar(name, getattr(progress, name), progress.step)
                self._events.flush()
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._events is not None:
            self._events.close()


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot be written: {describe_os_error(error)}", path)
