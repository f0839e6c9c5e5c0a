"""K-SVD: a dictionary in which few atoms make each signal (Aharon et al., IEEE TSP 2006).

The atoms are updated one after the other by one step of the power method in place of a whole
singular value decomposition (Rubinstein et al., 2008), as in the toolbox that Zeyde et al. used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.methods.coding import pursue
from srcnn_cli.training.parallel import on_all_cores, slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BLOCK = 1024
# Of that toolbox: atoms that fewer signals use, or that are so much alike, are replaced.
_LEAST_USE = 4
_ALIKE = 0.99


def learn_dictionary(
    signals: Floats,
    atoms: int,
    sparsity: int,
    iterations: int,
    rng: np.random.Generator,
    go_on: Callable[[], bool],
) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Learn atoms.

    Args:
        signals: (n, d).
        atoms: How many to learn.
        sparsity: Atoms that make a signal.
        iterations: Rounds of coding all signals and updating all atoms, at most.
        rng: Picks the signals that the atoms are at first.
        go_on: Asked after each round whether to do another.

    Returns:
        The atoms (atoms, d), each of length 1, and of every signal the atoms that make it
        (n, sparsity) and their weights.
    """
    norms = np.linalg.norm(signals, axis=1)
    usable = np.flatnonzero(norms > 1e-6)
    first = rng.choice(usable, atoms, replace=len(usable) < atoms)
    dictionary = signals[first] / norms[first, None]
    for iteration in range(iterations):
        chosen, weights = code_all(signals, dictionary, sparsity)
        _update(signals, dictionary, chosen, weights, rng)
        if not go_on() or iteration == iterations - 1:
            break
        _replace(signals, dictionary, chosen, weights)
    return dictionary, chosen, weights


def code_all(signals: Floats, dictionary: Floats, sparsity: int) -> tuple[NDArray[np.intp], Floats]:
    """`pursue` for any number of signals, block by block."""
    gram = dictionary @ dictionary.T
    chosen = np.empty((len(signals), sparsity), np.intp)
    weights = np.empty((len(signals), sparsity), np.float32)

    def code(part: slice) -> None:
        chosen[part], weights[part] = pursue(signals[part], dictionary, gram, sparsity)

    for _ in on_all_cores(code, slices(len(signals), _BLOCK)):
        pass
    return chosen, weights


def _residual(
    signals: Floats, dictionary: Floats, chosen: NDArray[np.intp], weights: Floats
) -> Floats:
    left: Floats = signals.copy()
    for index in range(chosen.shape[1]):
        left -= weights[:, index, None] * dictionary[chosen[:, index]]
    return left


def _update(
    signals: Floats,
    dictionary: Floats,
    chosen: NDArray[np.intp],
    weights: Floats,
    rng: np.random.Generator,
) -> None:
    """Each atom, and its weights, made the best for the signals that use it."""
    left = _residual(signals, dictionary, chosen, weights)
    order = np.argsort(chosen, axis=None, kind="stable")
    bounds = np.searchsorted(chosen.ravel()[order], np.arange(len(dictionary) + 1))
    sparsity = chosen.shape[1]
    for atom in rng.permutation(len(dictionary)):
        places = order[bounds[atom] : bounds[atom + 1]]
        if not len(places):
            continue  # `_replace` finds another
        rows, columns = np.divmod(places, sparsity)
        own = weights[rows, columns]
        without = left[rows] + own[:, None] * dictionary[atom]
        better = own @ without
        length = float(np.linalg.norm(better))
        if length == 0:
            continue
        dictionary[atom] = better / length
        own = without @ dictionary[atom]
        weights[rows, columns] = own
        left[rows] = without - own[:, None] * dictionary[atom]


def _replace(
    signals: Floats, dictionary: Floats, chosen: NDArray[np.intp], weights: Floats
) -> None:
    """Atoms that are hardly used, or that another is like, become the worst coded signals."""
    errors = (_residual(signals, dictionary, chosen, weights) ** 2).sum(1)
    worst = iter(np.argsort(-errors, kind="stable"))
    used = (np.abs(weights) > 1e-7).ravel()
    counts = np.bincount(chosen.ravel()[used], minlength=len(dictionary))
    alike = np.abs(dictionary @ dictionary.T)
    np.fill_diagonal(alike, 0)
    for atom in range(len(dictionary)):
        if counts[atom] >= _LEAST_USE and alike[atom].max() <= _ALIKE:
            continue
        signal = signals[next(worst)]
        length = float(np.linalg.norm(signal))
        if length == 0:
            return
        dictionary[atom] = signal / length
        similar = np.abs(dictionary @ dictionary[atom])
        similar[atom] = 0
        alike[atom], alike[:, atom] = similar, similar
