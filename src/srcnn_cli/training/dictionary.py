"""Training dictionaries: principal components, K-SVD or a joint dictionary, regressors.

What is done and with which values is that of the papers and their authors' programs, see
`DictionaryPlan`; where an author's program and the paper differ, the program made the figures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.methods.dictionary_frame import Frame
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.training.dictionary_samples import Sampler, principal_components
from srcnn_cli.training.joint_dictionary import learn_joint
from srcnn_cli.training.ksvd import learn_dictionary
from srcnn_cli.training.regressors import learn_regressors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.models.weights import Tensors

    Floats = NDArray[np.float32]
    # What is being done, how much of it is done, and how much there is.
    Report = Callable[[str, int, int], object]

# What is stored with a method and used when it enlarges.
_VALUES: dict[str, dict[str, float]] = {
    "sc": {"penalty": 0.2},
    "ne-nnls": {"neighbours": 24},
    "ne-lle": {"neighbours": 24},
    "zeyde": {"sparsity": 3},
    "anr": {"neighbours": 40, "penalty": 0.01},
    "a-plus": {},
}
# Of the patches of a joint dictionary, in pixels of the enlargement.
_JOINT_SIDE = 5
# Rounds of K-SVD, and batches of a joint dictionary, that are done even where the time is short.
_LEAST_ITERATIONS, _LEAST_BATCHES = 3, 15


@dataclass(frozen=True)
class DictionaryPlan:
    """How a dictionary is trained.

    Attributes:
        atoms: Entries of the dictionary.
        energy: Share of the derivatives' energy that the principal components keep.
        sparsity: Atoms that make a patch in K-SVD.
        iterations: Rounds of K-SVD: 20 in the authors' program, 40 in Zeyde et al.'s paper.
        stride: Low-resolution pixels between the patches that the dictionary is learnt from.
        joint_stride: Pixels between the patches that a joint dictionary is learnt from.
        joint_penalty: On its codes while it is learnt.
        least_variance: Of its patches, in 8-bit code values; flatter ones are left out.
        batches: Of 1,024 of its patches each.
        sizes: Sizes of each picture that A+'s regressors are learnt from.
        shrink: From one of them to the next.
        samples: Patches that A+'s regressors are learnt from, at most.
        nearest: Of them, for each regressor.
        ridge: Added to the squares in A+'s regression.
        rank: Of A+'s regressors together; the papers' have full rank (see `regressors`).
        seed: Of what the atoms are at first.
    """

    atoms: int = 1024
    energy: float = 0.999
    sparsity: int = 3
    iterations: int = 20
    stride: int = 2
    joint_stride: int = 7
    joint_penalty: float = 0.15
    least_variance: float = 10.0
    batches: int = 60
    sizes: int = 12
    shrink: float = 0.98
    samples: int = 5_000_000
    nearest: int = 2048
    ridge: float = 0.1
    rank: int = 45
    seed: int = 1


class DictionaryPair(NamedTuple):
    """What all but A+ are made of: the projection (k, d), atoms (m, d) and their details (m, p)."""

    projection: Floats
    atoms: Floats
    details: Floats


def train_dictionary(
    method: str,
    planes: Sequence[NDArray[np.uint8]],
    scale: int,
    plan: DictionaryPlan,
    report: Report,
    *,
    deadline: float | None = None,
    pair: DictionaryPair | None = None,
) -> tuple[DictionaryConfig, Tensors]:
    """Train a dictionary.

    Args:
        method: A key of `DICTIONARIES`.
        planes: Luminance of the training pictures, (H, W).
        scale: The factor.
        plan: How.
        report: Told what is being done.
        deadline: Of `time.monotonic`: K-SVD does no further round after that, and a joint
            dictionary no further batch.
        pair: A dictionary that K-SVD made before, for any method but ``sc``; None: train one.
    """
    sampler = Sampler(planes, scale)
    frame = sampler.frame
    if method == "sc":
        frame, pair = _joint_pair(planes, scale, plan, report, deadline)
    elif pair is None:
        pair = learn_pair(sampler, plan, report, deadline)
    values = dict(_VALUES[method])
    tensors: Tensors = {"projection": pair.projection, "atoms": pair.atoms}
    if method == "a-plus":
        report("sampling", 0, 0)
        rank = min(plan.rank, pair.details.shape[1])
        done = 0

        def on_atoms(count: int) -> None:
            nonlocal done
            done += count
            report("regression", done, len(pair.atoms))

        features, details = sampler.features(pair.projection, plan.sizes, plan.shrink, plan.samples)
        tensors["regressors"], tensors["basis"] = learn_regressors(
            features, details, pair.atoms,
            nearest=plan.nearest, ridge=plan.ridge, rank=rank, on_atoms=on_atoms,
        )  # fmt: skip
        values["rank"] = rank
    else:
        tensors["details"] = pair.details
    config = DictionaryConfig.from_dict({
        "architecture": method, "scales": (scale,),
        "side": frame.side, "step": frame.cell, "taps": frame.margin,
        "features": pair.projection.shape[1], "atoms": len(pair.atoms), **values,
    })  # fmt: skip
    return config, tensors


def learn_pair(
    sampler: Sampler, plan: DictionaryPlan, report: Report, deadline: float | None = None
) -> DictionaryPair:
    """A dictionary by K-SVD: the atoms of the features, and the details that fit them best."""
    from scipy.sparse import csr_matrix

    report("sampling", 0, 0)
    derivatives, details = sampler.patches(plan.stride)
    projection = principal_components(derivatives, plan.energy)
    features = derivatives @ projection
    del derivatives
    atoms, chosen, weights = learn_dictionary(
        features, min(plan.atoms, len(features)), plan.sparsity, plan.iterations,
        np.random.default_rng(plan.seed),
        _until("K-SVD", plan.iterations, _LEAST_ITERATIONS, report, deadline),
    )  # fmt: skip
    rows = np.repeat(np.arange(len(chosen)), plan.sparsity)
    codes = csr_matrix(
        (weights.ravel().astype(np.float64), (rows, chosen.ravel())),
        shape=(len(chosen), len(atoms)),
    )
    gram = (codes.T @ codes).toarray()
    gram += 1e-9 * np.trace(gram) / len(gram) * np.eye(len(gram))  # an atom that nothing uses
    fitted = np.linalg.solve(gram, codes.T @ details.astype(np.float64))
    return DictionaryPair(projection, atoms, fitted.astype(np.float32))


def _until(
    stage: str, most: int, least: int, report: Report, deadline: float | None
) -> Callable[[], bool]:
    """What is asked after each round of a stage: whether there is to be another."""
    done = 0

    def go_on() -> bool:
        nonlocal done
        done += 1
        report(stage, done, most)
        return done < least or deadline is None or time.monotonic() < deadline

    return go_on


def _joint_pair(
    planes: Sequence[NDArray[np.uint8]],
    scale: int,
    plan: DictionaryPlan,
    report: Report,
    deadline: float | None,
) -> tuple[Frame, DictionaryPair]:
    """A joint dictionary (Yang et al., IEEE TIP 2010): one code for features and pictures.

    What a patch's details are there is the high-resolution patch itself, less its mean.
    """
    frame = Frame(_JOINT_SIDE, 1, 2)
    report("sampling", 0, 0)
    derivatives, pixels = Sampler(planes, scale, frame).patches(plan.joint_stride, whole=True)
    pixels -= pixels.mean(1, keepdims=True)
    projection = principal_components(derivatives, plan.energy)
    features = derivatives @ projection
    kept = (pixels.var(1) > plan.least_variance / 255**2) & (features.any(1))
    features, pixels = _unit(features[kept]), _unit(pixels[kept])
    # Each counts as much as it has values (their eq. 24).
    gains = [np.float32(size**0.5) for size in (derivatives.shape[1], pixels.shape[1])]
    joint = _unit(np.concatenate([gains[0] * features, gains[1] * pixels], axis=1))
    learnt = learn_joint(
        joint, min(plan.atoms, len(joint)), plan.joint_penalty, plan.batches,
        np.random.default_rng(plan.seed),
        _until("joint dictionary", plan.batches, _LEAST_BATCHES, report, deadline),
    )  # fmt: skip
    low, high = np.split(learnt, [features.shape[1]], axis=1)
    return frame, DictionaryPair(projection, _unit(low), high)


def _unit(vectors: Floats) -> Floats:
    """Rows brought to length 1."""
    result: Floats = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(1e-12))
    return result
