"""Sparse coding with an l1 penalty, of many signals at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Atoms that a signal may be made of, at most; those of a small penalty would go on and on.
_MOST = 24
_SWEEPS = 4
_TOLERANCE = 0.02
# Signals at a time whose products with all atoms stay in a core's cache.
_SCANNED = 256


def lasso(
    signals: Floats, atoms: Floats, gram: Floats, penalty: float
) -> tuple[NDArray[np.intp], Floats]:
    """Minimise |signal - sum of weighted atoms|² / 2 + penalty × the sum of the |weights|.

    An active-set method, as feature-sign search is (Lee et al., NIPS 2006): the atom that
    violates the conditions of the minimum most joins, the weights of those that are in are
    found by coordinate descent, until no atom violates them by more than a fiftieth of the penalty.

    Args:
        signals: (n, d).
        atoms: (m, d), each of length 1.
        gram: (m, m), their products.
        penalty: In units of the signals.

    Returns:
        Atoms (n, k) and their weights, which are 0 where a signal needs fewer than k.
    """
    count = len(signals)
    most = min(_MOST, len(atoms))
    chosen = np.zeros((count, most), np.intp)
    weights = np.zeros((count, most), np.float32)
    wanted = np.zeros((count, most), np.float32)
    going = np.arange(count)
    left = signals
    turned = np.ascontiguousarray(atoms.T)
    for size in range(most):
        newest, violation = _strongest(left, turned, chosen[going, :size])
        unfinished = violation > (1 + _TOLERANCE) * penalty
        going, newest = going[unfinished], newest[unfinished]
        if not len(going):
            return chosen[:, : max(1, size)], weights[:, : max(1, size)]
        chosen[going, size] = newest
        own, signal = chosen[going, : size + 1], signals[going]
        wanted[going, size] = np.einsum("nd,nd->n", signal, atoms[newest])
        small = gram[own[:, :, None], own[:, None, :]]
        found = _descend(small, wanted[going, : size + 1], weights[going, : size + 1], penalty)
        weights[going, : size + 1] = found
        left = signal
        for index in range(size + 1):
            left -= found[:, index, None] * atoms[own[:, index]]
    return chosen, weights


def _strongest(
    left: Floats, turned: Floats, chosen: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Floats]:
    """Of each of (n, d) signals the atom, (d, m), it correlates with most, and how much.

    Those that are in ``chosen``, (n, k), are left out.
    """
    newest = np.empty(len(left), np.intp)
    strength = np.empty(len(left), np.float32)
    products = np.empty((min(_SCANNED, len(left)), turned.shape[1]), np.float32)
    for start in range(0, len(left), _SCANNED):
        part = slice(start, start + _SCANNED)
        own = products[: len(left[part])]
        np.matmul(left[part], turned, out=own)
        np.abs(own, out=own)
        np.put_along_axis(own, chosen[part], 0, axis=1)
        newest[part] = own.argmax(1)
        strength[part] = own[np.arange(len(own)), newest[part]]
    return newest, strength


def _descend(gram: Floats, wanted: Floats, weights: Floats, penalty: float) -> Floats:
    """Coordinate descent on (n, k) weights, starting from these."""
    for _ in range(_SWEEPS):
        for index in range(weights.shape[1]):
            slope = wanted[:, index] - np.einsum("nk,nk->n", gram[:, index], weights)
            step = weights[:, index] + slope
            weights[:, index] = np.sign(step) * np.maximum(np.abs(step) - penalty, 0)
    return weights
