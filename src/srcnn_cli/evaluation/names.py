"""The names that a user gives to conventions. No numpy here: `srcnn --help` needs them."""

from __future__ import annotations

from typing import Literal

# See `protocol`, which says what each of them is.
ProtocolName = Literal["srcnn", "vdsr", "rgb", "basicsr"]
ColorSpace = Literal["y", "y-full", "rgb"]
Rounding = Literal["compared", "picture"]
