"""From a patch of derivatives to a patch of detail: in what the dictionaries differ.

A coder takes features (n, d) and gives details (n, p). Each is made from a configuration and the
tensors of a weights file, and works on a bounded number of patches at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.methods.lasso import lasso

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.dictionaries import DictionaryConfig
    from srcnn_cli.models.weights import Tensors

    Floats = NDArray[np.float32]

# Of Timofte et al.'s code: what their regularised regression is multiplied by.
_ANR_GAIN = 1.01
# Of a neighbourhood's own spread, added to its covariance (Saul and Roweis, 2003, section 3.2).
_LLE_RIDGE = 1e-4
# Of a high-resolution patch, in that of the enlargement.
_CONTRAST = np.float32(1.2)
# Features that are shorter are not brought to length 1: one level of 255.
_FLAT = np.float32(1 / 255)


class Coder(ABC):
    """Makes details of features."""

    # Patches at a time: each takes a row of correlations with all atoms.
    block = 1024
    # Whether the patches of the enlargement themselves are wanted.
    sees_enlarged = False

    @abstractmethod
    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None: ...

    @abstractmethod
    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """(n, d) to (n, p), n at most `block`; ``enlarged`` (n, p) where `sees_enlarged`."""


class Regressors:
    """One regressor for each atom: features times that of the atom they correlate with best.

    Args:
        atoms: (m, d).
        regressors: (m, p, d); with a basis (m, rank, d).
        basis: (rank, p), of what the regressors give.
    """

    # Patches at a time: the more of them share an atom, the better.
    block = 16384

    def __init__(self, atoms: Floats, regressors: Floats, basis: Floats | None = None) -> None:
        self._atoms = np.ascontiguousarray(atoms.T)
        self._regressors, self._basis = regressors, basis

    def apply(self, features: Floats) -> Floats:
        """(n, d) to (n, p), n at most `block`."""
        anchors = np.empty(len(features), np.intp)
        for start in range(0, len(features), Coder.block):
            part = slice(start, start + Coder.block)
            correlation = features[part] @ self._atoms
            anchors[part] = np.abs(correlation, out=correlation).argmax(1)
        order = np.argsort(anchors, kind="stable")
        used, starts = np.unique(anchors[order], return_index=True)
        result = np.empty((len(features), self._regressors.shape[1]), np.float32)
        stops = np.append(starts[1:], len(order))
        for anchor, start, stop in zip(used, starts, stops, strict=True):
            own = order[start:stop]
            result[own] = features[own] @ self._regressors[anchor].T
        return result if self._basis is None else result @ self._basis


class APlus(Coder):
    """A+ (Timofte et al., ACCV 2014): a regressor of each atom, learnt from samples."""

    block = Regressors.block

    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None:
        del config
        self._regressors = Regressors(*(tensors[k] for k in ("atoms", "regressors", "basis")))

    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """See `Coder`."""
        del enlarged
        return self._regressors.apply(features)


class AnchoredNeighbourhoods(Coder):
    """ANR (Timofte et al., ICCV 2013, eq. 6): a regressor of each atom, from its neighbours."""

    block = Regressors.block

    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None:
        atoms, details = (tensors[name].astype(np.float64) for name in ("atoms", "details"))
        nearest = _nearest(np.abs(atoms @ atoms.T), config.neighbours)
        low, high = atoms[nearest], details[nearest]  # (atoms, neighbours, d or p)
        gram = np.swapaxes(low, 1, 2) @ low + config.penalty * np.eye(config.features)
        # (LᵀL + λ)⁻¹LᵀH, which is H(LLᵀ + λ)⁻¹L of the paper, turned over.
        solved = np.linalg.solve(gram, np.swapaxes(low, 1, 2) @ high)
        regressors = (_ANR_GAIN * np.swapaxes(solved, 1, 2)).astype(np.float32)
        self._regressors = Regressors(tensors["atoms"], regressors)

    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """See `Coder`."""
        del enlarged
        return self._regressors.apply(features)


class Pursuit(Coder):
    """Zeyde et al. 2010: a few atoms chosen by orthogonal matching pursuit, and their details."""

    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None:
        self._atoms, self._details = tensors["atoms"], tensors["details"]
        self._gram = self._atoms @ self._atoms.T
        self._sparsity = config.sparsity

    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """See `Coder`."""
        del enlarged
        chosen, weights = pursue(features, self._atoms, self._gram, self._sparsity)
        return _combined(weights, self._details, chosen)


def pursue(
    features: Floats, atoms: Floats, gram: Floats, sparsity: int
) -> tuple[NDArray[np.intp], Floats]:
    """Orthogonal matching pursuit of many signals at a time.

    Args:
        features: (n, d) signals.
        atoms: (m, d), each of length 1.
        gram: (m, m), their products.
        sparsity: Atoms to choose for each signal.

    Returns:
        The atoms chosen, (n, sparsity), and their weights. A signal that no further atom can
        explain gets that atom with weight 0.
    """
    count = len(features)
    rows = np.arange(count)
    wanted = np.empty((count, sparsity), np.float64)
    chosen = np.empty((count, sparsity), np.intp)
    weights = np.zeros((count, sparsity), np.float32)
    left = features
    for size in range(1, sparsity + 1):
        correlation = left @ atoms.T
        if size == 1:
            first = correlation.copy()
        np.abs(correlation, out=correlation)
        for earlier in range(size - 1):
            correlation[rows, chosen[:, earlier]] = -1
        newest = correlation.argmax(1)
        chosen[:, size - 1] = newest
        wanted[:, size - 1] = first[rows, newest]
        own = chosen[:, :size]
        small = gram[own[:, :, None], own[:, None, :]].astype(np.float64)
        small += 1e-9 * np.eye(size)  # atoms may be nearly alike
        weights[:, :size] = np.linalg.solve(small, wanted[:, :size, None])[..., 0]
        if size < sparsity:
            left = features - _combined(weights[:, :size], atoms, own)
    return chosen, weights


class Embedding(Coder):
    """Neighbour embedding: a patch written with its neighbours, and their details so mixed."""

    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None:
        self._atoms, self._details = tensors["atoms"], tensors["details"]
        self._neighbours = config.neighbours

    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """See `Coder`."""
        del enlarged
        nearest = _nearest(self.closeness(features), self._neighbours)
        return _combined(self.weights(features, self._atoms[nearest]), self._details, nearest)

    def closeness(self, features: Floats) -> Floats:
        """How near each atom is, (n, atoms)."""
        correlation = features @ self._atoms.T
        result: Floats = np.abs(correlation, out=correlation)
        return result

    @abstractmethod
    def weights(self, features: Floats, neighbours: Floats) -> Floats:
        """(n, k) for (n, d) features and their (n, k, d) neighbours."""


class LocallyLinear(Embedding):
    """NE+LLE (Chang et al., CVPR 2004): weights that sum to 1."""

    def weights(self, features: Floats, neighbours: Floats) -> Floats:
        """See `Embedding`."""
        apart = (neighbours - features[:, None]).astype(np.float64)
        covariance = apart @ np.swapaxes(apart, 1, 2)
        spread = np.trace(covariance, axis1=1, axis2=2)[:, None, None]
        covariance += _LLE_RIDGE * np.where(spread == 0, 1, spread) * np.eye(apart.shape[1])
        weights = np.linalg.solve(covariance, np.ones((*apart.shape[:2], 1)))[..., 0]
        result: Floats = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
        return result


class NonNegative(Embedding):
    """NE+NNLS (Bevilacqua et al., BMVC 2012): the least squares with weights of at least 0."""

    def weights(self, features: Floats, neighbours: Floats) -> Floats:
        """See `Embedding`."""
        from scipy.optimize import nnls

        weights = np.empty(neighbours.shape[:2], np.float32)
        # One after the other, but exactly: descending on all of them at once costs 0.07 dB where it
        # ends early, and takes longer where it does not.
        pairs = zip(neighbours.astype(np.float64), features.astype(np.float64), strict=True)
        for index, (own, feature) in enumerate(pairs):
            weights[index] = nnls(own.T, feature, maxiter=1000)[0]
        return weights


class SparseCoding(Coder):
    """SC (Yang et al., IEEE TIP 2010): a patch as a sparse sum of atoms of a joint dictionary.

    That gives the shape of the high-resolution patch. Its mean is that of the enlargement, and
    its contrast 1.2 times that of the enlargement, as in the authors' program.
    """

    # Many, for what is done to each weight of all of them at once.
    block = 8192
    sees_enlarged = True

    def __init__(self, config: DictionaryConfig, tensors: Tensors) -> None:
        self._atoms, self._details = tensors["atoms"], tensors["details"]
        self._gram = self._atoms @ self._atoms.T
        self._penalty = config.penalty

    def details(self, features: Floats, enlarged: Floats | None = None) -> Floats:
        """See `Coder`."""
        if enlarged is None:
            raise ValueError("sparse coding needs the enlargement")
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        chosen, weights = lasso(
            features / np.maximum(lengths, _FLAT), self._atoms, self._gram, self._penalty
        )
        shape = _combined(weights, self._details, chosen)
        rest = enlarged - enlarged.mean(1, keepdims=True)
        contrast = np.linalg.norm(rest, axis=1, keepdims=True)
        own = np.linalg.norm(shape, axis=1, keepdims=True)
        shape *= np.where(own > 0, _CONTRAST * contrast / np.maximum(own, 1e-12), 0)
        result: Floats = shape - rest
        return result


def _nearest(closeness: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The columns of the largest values in each row, (n, count)."""
    return np.argpartition(closeness, -count, axis=1)[:, -count:]


def _combined(weights: Floats, details: Floats, chosen: NDArray[np.intp]) -> Floats:
    """Sums of details, (n, p), weighted (n, k), of the entries ``chosen`` (n, k)."""
    result = weights[:, :1] * details[chosen[:, 0]]
    for index in range(1, chosen.shape[1]):
        result += weights[:, index, None] * details[chosen[:, index]]
    return result


CODERS: dict[str, type[Coder]] = {
    "zeyde": Pursuit,
    "anr": AnchoredNeighbourhoods,
    "a-plus": APlus,
    "ne-lle": LocallyLinear,
    "ne-nnls": NonNegative,
    "sc": SparseCoding,
}
