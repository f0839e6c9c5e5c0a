"""The regressors of A+ (Timofte et al., ACCV 2014), from the samples next to each atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.methods.coding import Regressors
from srcnn_cli.training.parallel import on_all_cores, slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Atoms at a time: each takes a row of closenesses to all samples.
_ATOMS = 8
# Features that are shorter are those of flat patches, whose details the authors' program leaves
# as they are instead of dividing them.
_FLAT = 0.1
# Samples whose details show what the regressors give.
_SHOWN = 100_000


def learn_regressors(
    features: Floats,
    details: NDArray[np.float16],
    atoms: Floats,
    *,
    nearest: int,
    ridge: float,
    rank: int,
    on_atoms: Callable[[int], object],
) -> tuple[Floats, Floats]:
    """Learn a regressor for each atom, all of them in a common basis.

    The regressors of 9×9 pixels would take 5 MB in half precision; but what they give lies nearly
    in half as many dimensions: those of the largest energy in what they give of samples.

    Args:
        features: (n, d); brought to length 1 in place.
        details: (n, p).
        atoms: (m, d).
        nearest: Samples that a regressor is learnt from.
        ridge: Added to the squares.
        rank: Dimensions of the basis.
        on_atoms: Told how many more are done.

    Returns:
        (m, rank, d) and (rank, p).
    """
    lengths = np.linalg.norm(features, axis=1).astype(np.float32) + np.float32(1e-12)
    features /= lengths[:, None]
    nearest = min(nearest, len(features))

    def learn(part: slice) -> Floats:
        closeness = atoms[part] @ features.T  # of length 1: the nearest have the largest
        result = np.empty((len(closeness), details.shape[1], features.shape[1]), np.float32)
        for index, row in enumerate(closeness):
            own = np.argpartition(row, -nearest)[-nearest:]
            low = features[own].astype(np.float64)
            length = lengths[own, None]
            high = details[own] / np.where(length < _FLAT, np.float32(1), length)
            gram = low.T @ low + ridge * np.eye(low.shape[1])
            result[index] = np.linalg.solve(gram, low.T @ high).T
        return result

    found = []
    for regressors in on_all_cores(learn, slices(len(atoms), _ATOMS)):
        found.append(regressors)
        on_atoms(len(regressors))
    every = np.concatenate(found)
    shown = slice(None, None, max(1, len(features) // _SHOWN))
    return in_basis(every, atoms, features[shown] * lengths[shown, None], rank)


def in_basis(
    regressors: Floats, atoms: Floats, features: Floats, rank: int
) -> tuple[Floats, Floats]:
    """Regressors (m, p, d) as (m, rank, d) and a basis (rank, p) of what they give of features."""
    bank = Regressors(atoms, regressors)
    energy = np.zeros((regressors.shape[1],) * 2)
    for part in slices(len(features), bank.block):
        given = bank.apply(features[part]).astype(np.float64)
        energy += given.T @ given
    _, vectors = np.linalg.eigh(energy)
    basis = vectors[:, ::-1][:, :rank].T
    return (basis @ regressors.astype(np.float64)).astype(np.float32), basis.astype(np.float32)
