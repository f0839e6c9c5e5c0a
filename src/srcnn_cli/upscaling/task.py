"""What to do with every file of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.upscaling.restoring import OFF, Restore

if TYPE_CHECKING:
    from srcnn_cli.pictures.subsampling import Subsampling
    from srcnn_cli.pictures.writing import RGB
    from srcnn_cli.upscaling.sizes import Size


class Task(NamedTuple):
    """What to do with every file; the fields are the options of ``srcnn upscale``."""

    size: Size
    restore: Restore = Restore(OFF)
    overwrite: bool = False
    strict: bool = False
    accept_damaged: bool = False
    strip: bool = False
    quality: int | None = None
    compression: int = 1
    subsampling: Subsampling = "444"
    background: RGB | None = None
    max_pixels: int = 500_000_000
    all_frames: bool = False
