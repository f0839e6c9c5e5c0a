"""What differs where a figure is another than the published one, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.reproduction.network import Course

# Smaller differences need no reason: another draw of the first atoms does it.
CLOSE = 0.05

_ATOMS = (
    "K-SVD begins with patches drawn at random, and these are others than its authors drew. With "
    "other draws of ours Set5 ×3 moves by 0.02 dB."
)
_WEIGHTS = (
    "Its weights are exact. What is left is of the atoms: K-SVD begins with patches drawn at "
    "random, and with four draws of ours NE+NNLS comes to 31.63 to 31.67 dB on Set5 ×3."
)
_SHIPPED = "The measured network is the shipped one, trained on 640 pictures by another recipe."
_REASONS = {
    "bicubic": "Bicubic has nothing to learn: the pictures are others, or were changed.",
    "sc": "The published figures are those of Yang et al.'s program of 2008, which the programs of "
    "ANR call: patches of 9×9 pixels at ×3, three pixels apart, a penalty of 0.1, and atoms of its "
    "own. Measured is the method of their paper of 2010: patches of 5×5 pixels around every pixel, "
    "and a joint dictionary learnt from T91.",
    "zeyde": _ATOMS,
    "anr": _ATOMS,
    "ne-lle": _ATOMS,
    "ne-nnls": _WEIGHTS,
    "a-plus": _ATOMS,
    "srcnn-9-5-5": f"{_SHIPPED} The published one was trained on ImageNet.",
    "vdsr-20": f"{_SHIPPED} Its authors' own weights, measured by this program, give the published "
    "figures on Set5 to 0.01 dB, and 0.03 dB more than those on Set14 ×3.",
}


class Reasons:
    """Finds the words for a difference.

    Args:
        course: Of the network that was trained here on the paper's pictures; None: there is none.
    """

    def __init__(self, course: Course | None) -> None:
        self._course = course

    def of(self, name: str, left_out: Sequence[str] = ()) -> str:
        """What differs, where the means of a method are apart.

        Args:
            name: Of the method.
            left_out: What the minutes for training left out of it, by scale.
        """
        if name == "srcnn-9-1-5":
            return f"{_SHIPPED}{self._own()}"
        cut = f"Its training was cut short: {'; '.join(dict.fromkeys(left_out))}. "
        return f"{cut if left_out else ''}{_REASONS[name]}"

    def _own(self) -> str:
        course = self._course
        if course is None:
            return ""
        return (
            f" On T91 alone, in {course.minutes:.0f} minutes by the recipe {course.recipe}, it "
            f"comes to {course.psnr:.2f} dB on Set5 ×3 (Figure 1)."
        )
