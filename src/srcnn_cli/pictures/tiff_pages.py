"""Which of the directories of a TIFF are pictures of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.formats import RAW_PHOTOGRAPH
from srcnn_cli.pictures.picture import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tifffile import TiffPage

_RAW_PHOTOMETRICS = (32803, 34892)  # a colour filter array; the same, interpolated
_RAW_COMPRESSIONS = (32767, 32769, 32770, 34713, 34892, 65000, 65535)
_CANON = b"\x10\0\0\0CR\2\0"  # behind the header of a CR2
_PHASE_ONE = (b"IIIITwaR", b"MMMMRawT")
_DNG_VERSION = 50706
_SUB_IFDS = 330
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType

# No file needs more directories than this looked at, to find its picture.
_MOST_DIRECTORIES = 64
# Of documents whose pages are all wanted.
_MOST_PAGES = 100_000


def choose(file: Any, data: bytes, notes: list[str], *, strict: bool) -> tuple[int, TiffPage]:  # noqa: ANN401
    """The first picture that is no thumbnail of another and no mask, with its number.

    Raises:
        InputError: It is a raw photograph, or holds several pictures and ``strict`` is set.
    """
    pages = list(_directories(file, _MOST_DIRECTORIES))
    wanted = _wanted(pages, data)
    if len(wanted) > 1:
        if strict:
            raise InputError("holds several pictures, which --strict refuses")
        notes.append(SEVERAL)
    return wanted[0]


def pages_of(file: Any, data: bytes) -> list[tuple[int, TiffPage]]:  # noqa: ANN401 - a TiffFile
    """All pictures that are no thumbnails of others and no masks, with their numbers.

    Raises:
        InputError: It is a raw photograph.
    """
    return _wanted(list(_directories(file, _MOST_PAGES)), data)


def _wanted(pages: list[TiffPage], data: bytes) -> list[tuple[int, TiffPage]]:
    if data[4:12] == _CANON or data[8:16] in _PHASE_ONE or any(map(_is_raw, pages)):
        raise InputError(RAW_PHOTOGRAPH)
    kinds = [int(value(page, 254, 0) or 0) for page in pages]
    wanted = [n for n, kind in enumerate(kinds) if not kind & (_REDUCED | _MASK)]
    return [(number, pages[number]) for number in wanted or [0]]


def value(page: TiffPage, tag: int, default: Any = None) -> Any:  # noqa: ANN401 - any tag's value
    """What a tag holds."""
    found = page.tags.get(tag)
    return default if found is None else found.value


def _directories(file: Any, most: int) -> Iterator[TiffPage]:  # noqa: ANN401 - a TiffFile
    """The pages of a file, as far as they can be read; at least the first."""
    from tifffile import TiffPage

    for number in range(most):
        try:
            page = file.pages[number]
        except Exception:
            if number == 0:
                raise
            return  # a further one is damaged, or there is none
        if not isinstance(page, TiffPage):
            return
        yield page


def _is_raw(page: TiffPage) -> bool:
    """Whether a directory, or one below it, holds the data of a sensor."""
    if _DNG_VERSION in page.tags:
        return True
    below: list[Any] = []
    if _SUB_IFDS in page.tags:
        try:
            below = list(page.pages or [])[:_MOST_DIRECTORIES]
        except Exception:  # noqa: BLE001 - damaged directories below a sound picture
            below = []
    return any(
        int(value(each, 262, -1)) in _RAW_PHOTOMETRICS
        or int(value(each, 259, 1)) in _RAW_COMPRESSIONS
        for each in (page, *below)
        if hasattr(each, "tags")
    )
