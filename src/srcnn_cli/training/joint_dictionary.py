"""A joint dictionary of features and details, for sparse coding with an l1 penalty.

Yang et al. (IEEE TIP 2010, section III.B) alternate between coding all samples and updating all
atoms; here samples come in batches (Mairal et al., ICML 2009), which takes minutes, not hours.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.methods.lasso import lasso
from srcnn_cli.training.parallel import on_all_cores, slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BATCH, _BLOCK = 1024, 256


def learn_joint(
    samples: Floats,
    atoms: int,
    penalty: float,
    batches: int,
    rng: np.random.Generator,
    go_on: Callable[[], bool],
) -> Floats:
    """Learn atoms (atoms, d) of length 1, of which (n, d) samples of length 1 are sparse sums.

    Args:
        samples: (n, d).
        atoms: How many to learn.
        penalty: On the codes.
        batches: Of samples, at most.
        rng: Picks the samples that the atoms are at first, and those of each batch.
        go_on: Asked after each batch whether to do another.
    """
    dictionary: Floats = samples[
        rng.choice(len(samples), atoms, replace=len(samples) < atoms)
    ].copy()
    usage = np.zeros((atoms, atoms), np.float64)
    products = np.zeros((atoms, samples.shape[1]), np.float64)
    for batch in range(batches):
        part = samples[rng.integers(0, len(samples), _BATCH)]
        gram = dictionary @ dictionary.T
        codes = np.zeros((len(part), atoms), np.float32)

        code = partial(_code, part, dictionary, gram, penalty, codes)
        for _ in on_all_cores(code, slices(len(part), _BLOCK)):
            pass
        # What the first dictionaries coded is forgotten bit by bit.
        keep = 1 - 1 / min(batch + 1, batches / 4)
        usage = keep * usage + codes.T @ codes
        products = keep * products + codes.T @ part
        for atom in np.flatnonzero(np.diagonal(usage) > 1e-6):
            step = (products[atom] - usage[atom] @ dictionary) / usage[atom, atom]
            moved = dictionary[atom] + step
            dictionary[atom] = moved / max(float(np.linalg.norm(moved)), 1e-12)
        unused = np.flatnonzero(np.diagonal(usage) <= 1e-6)
        dictionary[unused] = samples[rng.integers(0, len(samples), len(unused))]
        if not go_on():
            break
    return dictionary


def _code(
    samples: Floats, dictionary: Floats, gram: Floats, penalty: float, codes: Floats, own: slice
) -> None:
    """Write the codes of some of the samples where they belong."""
    chosen, weights = lasso(samples[own], dictionary, gram, penalty)
    np.add.at(codes[own], (np.arange(len(chosen))[:, None], chosen), weights)
