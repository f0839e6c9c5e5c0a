"""The quality that a result is written with, where its format has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcnn_cli.pictures.formats import Target
    from srcnn_cli.pictures.picture import Picture

# Where neither the user nor the input says; and the least that the input may ask for. What was
# restored is not to get new blocks: of JPEGs of quality 50 to 85 enlarged twofold, 75 would take
# back 0.16 to 0.31 dB of what restoring gains, 90 takes 0.06 to 0.11 (Set14).
DEFAULT_QUALITY = 95
_LEAST_QUALITY = 75
_LEAST_RESTORED_QUALITY = 90


def quality_for(
    picture: Picture, target: Target, wanted: int | None, *, restored: bool
) -> int | None:
    """What a lossy file is written with: a JPEG that was made small makes no huge one.

    Args:
        picture: The input.
        target: The format of the result.
        wanted: By the user.
        restored: Whether damage of the input is undone.

    Returns:
        1-100, None of a format that loses nothing.
    """
    if not target.lossy:
        return None
    if wanted is not None:
        return wanted
    if picture.quality is None or target.name != "JPEG":
        return DEFAULT_QUALITY
    least = _LEAST_RESTORED_QUALITY if restored else _LEAST_QUALITY
    return min(max(picture.quality, least), DEFAULT_QUALITY)
