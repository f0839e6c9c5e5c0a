"""ICC profiles: are they sound, do they describe such pixels, and how to say a colour space in one.

PNG and AVIF can name a colour space by numbers instead (gamma and chromaticities, or the code
points of ITU-T H.273). Few formats hold those, but nearly all hold an ICC profile.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_D50 = np.array([0.9642, 1.0, 0.8249])  # the white that profiles are connected through
_D65 = (0.3127, 0.3290)

# Of Bradford's chromatic adaptation, as ICC.1 prescribes it.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

# ITU-T H.273, table 2: code point -> x and y of white, red, green and blue.
PRIMARIES: dict[int, tuple[float, ...]] = {
    1: (*_D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}

# ITU-T H.273, table 3: code point -> ICC's parametric curve (kind, parameters).
_SRGB_CURVE = (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_CAMERA_CURVE = (3, (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081))
CURVES: dict[int, tuple[int, tuple[float, ...]]] = {
    1: _CAMERA_CURVE,
    4: (0, (2.2,)),
    5: (0, (2.8,)),
    6: _CAMERA_CURVE,
    8: (0, (1.0,)),
    13: _SRGB_CURVE,
    14: _CAMERA_CURVE,
    15: _CAMERA_CURVE,
    17: (0, (2.6,)),
}
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class ColorSpace:
    """An RGB or grey colour space by its numbers.

    Attributes:
        chromaticities: x and y of white, red, green and blue.
        curve: ICC's parametric curve from code values to light: kind 0 or 3, and its parameters.
    """

    chromaticities: tuple[float, ...] = PRIMARIES[1]
    curve: tuple[int, tuple[float, ...]] = _SRGB_CURVE

    @property
    def is_srgb(self) -> bool:
        """Whether it is what pictures without any tag are taken for, to the eye."""
        close = np.allclose(self.chromaticities, PRIMARIES[1], atol=0.0015)
        kind, parameters = self.curve
        plain = kind == 3 or 2.15 < parameters[0] < 2.25
        return bool(close) and plain


def profile_of(space: ColorSpace, *, grey: bool) -> bytes:
    """An ICC profile (version 4) of a colour space.

    Raises:
        ValueError: The chromaticities span no colour space.
    """
    curve = _parametric(space.curve)
    tags = {b"desc": _text("srcnn: the colours of the source"), b"cprt": _text("CC0")}
    tags[b"wtpt"] = _xyz(_D50)
    if grey:
        tags[b"kTRC"] = curve
    else:
        matrix, adaptation = _to_d50(space.chromaticities)
        tags[b"chad"] = b"sf32" + bytes(4) + _fixed(adaptation.reshape(-1))
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True):
            tags[name] = _xyz(column)
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = [], b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        table.append(struct.pack(">4sII", name, start + len(body), len(content)))
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    struct.pack_into(">I", header, 0, start + len(body))
    struct.pack_into(">I", header, 8, 0x04300000)
    header[12:24] = b"mntrGRAYXYZ " if grey else b"mntrRGB XYZ "
    struct.pack_into(">6H", header, 24, 2026, 1, 1, 0, 0, 0)
    header[36:40] = b"acsp"
    header[68:80] = _fixed(_D50)
    return bytes(header) + struct.pack(">I", len(tags)) + b"".join(table) + body


def _to_d50(chromaticities: Sequence[float]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The matrix from linear RGB to XYZ under D50, and the adaptation that is part of it."""
    points = np.array(chromaticities, float).reshape(4, 2)
    if not (points[:, 1] > 1e-6).all():
        raise ValueError("chromaticities of zero")
    xyz = np.stack([points[:, 0], points[:, 1], 1 - points.sum(axis=1)]) / points[:, 1]
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-6:
        raise ValueError("chromaticities on one line")
    matrix = primaries * np.linalg.solve(primaries, white)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
    matrix = adaptation @ matrix
    if np.abs(matrix).max() > 100:
        raise ValueError("chromaticities without sense")
    return matrix, adaptation


def _fixed(values: NDArray[Any] | Sequence[float]) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65_536)) for value in values)


def _xyz(values: NDArray[Any]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _parametric(curve: tuple[int, tuple[float, ...]]) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", curve[0], 0) + _fixed(curve[1])


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return (
        b"mluc"
        + bytes(4)
        + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
        + encoded
    )


def checked_profile(profile: object, channels: int) -> tuple[bytes | None, str | None]:
    """A profile, if it is sound and describes pixels of so many channels; else why it is not.

    Returns:
        The profile or None, and a note if it was dropped.
    """
    if profile is None or profile == b"":
        return None, None
    if not isinstance(profile, bytes) or not _is_sound(profile):
        return None, "its ICC profile is damaged and was dropped"
    if not profile_fits(profile, channels):
        space = profile[16:20].decode("latin-1").strip()
        return None, f"its ICC profile is for {space} and was dropped"
    return profile, None


def profile_fits(profile: bytes, channels: int) -> bool:
    """Whether a profile's colour space is that of grey (1, 2) or RGB (3, 4) channels."""
    return profile[16:20] == (b"GRAY" if channels < 3 else b"RGB ")


def _is_sound(profile: bytes) -> bool:
    """Whether the header is one of ICC and every tag lies within the profile."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return False
    size, count = (struct.unpack_from(">I", profile, at)[0] for at in (0, 128))
    if size > len(profile) or 132 + 12 * count > len(profile):
        return False
    entries = (struct.unpack_from(">II", profile, 136 + 12 * index) for index in range(count))
    return all(offset + length <= len(profile) for offset, length in entries)
