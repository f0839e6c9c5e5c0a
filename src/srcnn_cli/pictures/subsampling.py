"""How JPEG stores colour. No numpy here: `srcnn --help` needs it."""

from __future__ import annotations

from typing import Literal

# Full resolution, half of it across, or half of it across and down.
Subsampling = Literal["444", "422", "420"]
