"""The quality that a result is written with, where its format has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcnn_cli.pictures.formats import Target
    from srcnn_cli.pictures.picture import Picture

# Where neither the user nor the input says; and the least that the input may ask for.
DEFAULT_QUALITY = 95
_LEAST_QUALITY = 75


def quality_for(picture: Picture, target: Target, wanted: int | None) -> int | None:
    """What a lossy file is written with: a JPEG that was made small makes no huge one.

    Args:
        picture: The input.
        target: The format of the result.
        wanted: By the user.

    Returns:
        1-100, None of a format that loses nothing.
    """
    if not target.lossy:
        return None
    if wanted is not None:
        return wanted
    if picture.quality is None or target.name != "JPEG":
        return DEFAULT_QUALITY
    return min(max(picture.quality, _LEAST_QUALITY), DEFAULT_QUALITY)
