"""What differs where a figure is another than the published one, in plain words."""

from __future__ import annotations

# Smaller differences need no reason: another draw of the first atoms, or another rounding, does it.
CLOSE = 0.05

_NETWORK = (
    "The measured network is the shipped one, trained on 640 pictures with another recipe, not the "
    "paper's."
)
_ATOMS = (
    "The atoms that ship at ×2 and ×4 come from 10 rounds of K-SVD on fewer patches, not from its "
    "authors' 20 (at ×3 from all, as with --full), and K-SVD began with other patches."
)
_REASONS = {
    "bicubic": "Bicubic has nothing to learn: the protocol or the pictures are others.",
    "sc": "Yang et al.'s program comes with atoms of its own and ends with a back-projection; here "
    "the atoms are learnt from T91, and there is no back-projection.",
    "zeyde": _ATOMS,
    "anr": _ATOMS,
    "ne-lle": _ATOMS,
    "ne-nnls": _ATOMS,
    "a-plus": f"{_ATOMS} Its regressors saw 1.5 million patches at ×2 and ×4, not 5 million.",
    "srcnn-9-1-5": _NETWORK,
    "srcnn-9-5-5": _NETWORK,
    "vdsr-20": _NETWORK,
}


def reason(name: str, difference: float) -> str:
    """What differs, where means differ by so many dB; empty where that is little."""
    if abs(difference) <= CLOSE:
        return ""
    return _REASONS.get(name, "")
