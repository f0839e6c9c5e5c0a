"""The families of networks: the one table that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.models.networks.chrominance import Chrominance
from srcnn_cli.models.networks.espcn import Espcn, EspcnRelu
from srcnn_cli.models.networks.fsrcnn import Fsrcnn
from srcnn_cli.models.networks.srcnn import Srcnn
from srcnn_cli.models.networks.subpixel import Subpixel
from srcnn_cli.models.networks.vdsr import Vdsr

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Srcnn(),
        Vdsr(),
        Espcn(),
        EspcnRelu(),
        Fsrcnn(),
        Subpixel(),
        Chrominance(),
    )
}
