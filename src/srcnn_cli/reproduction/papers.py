"""What can be reproduced of each paper: on which pictures, with which methods, which figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PaperName = Literal["eccv2014", "tpami2016", "cvpr2016"]


@dataclass(frozen=True)
class Table:
    """A table of a paper.

    Attributes:
        title: As the paper calls it, and what it shows.
        source: Of its figures, in `evaluation.published`.
        dataset: The test set.
        scale: The factor.
    """

    title: str
    source: str
    dataset: str
    scale: int


@dataclass(frozen=True)
class Paper:
    """A paper.

    Attributes:
        title: Authors, title, where it appeared.
        tables: In its order.
        methods: What stands in for each method of its tables, by the table's name of it: an
            interpolation, a shipped model, or a dictionary.
        extra: Methods that are measured besides, by the name that they get.
        crops: Pictures that are looked at, as (figure, test set, picture).
        timed: The test set and scale whose PSNR is drawn against time.
        remark: What of the paper is not here, and why.
        convergence: Whether the training of a network, and its filters, are shown.
    """

    title: str
    tables: tuple[Table, ...]
    methods: Mapping[str, str]
    extra: Mapping[str, str]
    crops: tuple[tuple[str, str, str], ...]
    timed: tuple[str, int]
    remark: str
    convergence: bool = False

    @property
    def measurements(self) -> list[tuple[str, int]]:
        """The test sets and scales, each once."""
        return list(dict.fromkeys((table.dataset, table.scale) for table in self.tables))


_ECCV, _TPAMI, _CVPR = "Dong et al., ECCV 2014", "Dong et al., TPAMI 2016", "Kim et al., CVPR 2016"

PAPERS: dict[PaperName, Paper] = {
    "eccv2014": Paper(
        "C. Dong, C. C. Loy, K. He, X. Tang: Learning a Deep Convolutional Network for Image "
        "Super-Resolution, ECCV 2014",
        (
            *(
                Table(f"Table 1: PSNR on Set5, ×{s}", f"{_ECCV}, Table 1", "Set5", s)
                for s in (2, 3, 4)
            ),
            Table("Table 2: PSNR on Set14, ×3", f"{_ECCV}, Table 2", "Set14", 3),
        ),
        {
            "Bicubic": "bicubic", "SC": "sc", "K-SVD": "zeyde", "NE+NNLS": "ne-nnls",
            "NE+LLE": "ne-lle", "ANR": "anr", "SRCNN": "srcnn-9-1-5",
        },
        {"A+": "a-plus"},
        (
            ("Figure 7", "Set14", "pepper"), ("Figure 8", "Set5", "butterfly"),
            ("Figure 9", "Set5", "bird"), ("Figure 10", "Set5", "baby"),
        ),
        ("Set14", 3),
        "Table 3 and Figure 6 are of networks that were trained on ImageNet for days; their "
        "printed figures stand below. A+ came in the same year and is measured beside the others.",
        convergence=True,
    ),
    "tpami2016": Paper(
        "C. Dong, C. C. Loy, K. He, X. Tang: Image Super-Resolution Using Deep Convolutional "
        "Networks, IEEE TPAMI 38(2), 2016",
        (Table("Table 5, luminance: PSNR on Set5, ×3", f"{_TPAMI}, Table 5", "Set5", 3),),
        {"Bicubic": "bicubic", "SRCNN Y only": "srcnn-9-1-5"},
        {"SRCNN 9-5-5": "srcnn-9-5-5", "A+": "a-plus"},
        (("Detail", "Set5", "butterfly"),),
        ("Set5", 3),
        "Of this paper only Table 5 is among our published figures; its colour networks are not "
        "shipped, so their rows are printed only.",
    ),
    "cvpr2016": Paper(
        "J. Kim, J. K. Lee, K. M. Lee: Accurate Image Super-Resolution Using Very Deep "
        "Convolutional Networks, CVPR 2016",
        tuple(
            Table(f"Table 3: PSNR on {d}, ×{s}", f"{_CVPR}, Table 3", d, s)
            for d in ("Set5", "Set14")
            for s in (2, 3, 4)
        ),
        {"Bicubic": "bicubic", "A+": "a-plus", "SRCNN": "srcnn-9-5-5", "VDSR": "vdsr-20"},
        {},
        (("Detail", "Set5", "butterfly"),),
        ("Set14", 3),
        "B100 and Urban100 are not measured. RFL and SelfEx have no implementation here, so their "
        "rows are printed only.",
    ),
}  # fmt: skip
