"""Super-resolution with SRCNN: the library behind the `srcnn` command.

>>> from srcnn_cli import Upscaler
>>> Upscaler("srcnn-9-1-5").upscale(image, scale=3)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import (
    InputError,
    ModelError,
    OutOfMemoryError,
    OutputError,
    SrcnnError,
    UsageError,
)

if TYPE_CHECKING:
    from srcnn_cli.upscaling.upscaler import Upscaler

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "ModelError",
    "OutOfMemoryError",
    "OutputError",
    "SrcnnError",
    "Upscaler",
    "UsageError",
    "__version__",
]


def __getattr__(name: str) -> object:
    # PEP 562: `import srcnn_cli` (and so `srcnn --version`) stays instant.
    if name == "Upscaler":
        from srcnn_cli.upscaling.upscaler import Upscaler

        return Upscaler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
