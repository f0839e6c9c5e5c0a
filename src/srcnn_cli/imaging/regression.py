"""A small regression: rectified units between what is seen and one number, or several.

Its weights lie beside the module that uses them, as JSON.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Regression(NamedTuple):
    """Its weights, for n features and k units, as float32.

    Attributes:
        shift: (n,), taken from the features.
        scale: (n,), by which they are divided then.
        hidden: (n, k), of the rectified units.
        hidden_bias: (k,).
        out: (k,), or (k, m) for m numbers.
        out_bias: (), or (m,).
        limit: A feature that is farther from zero by then counts as if it were at it.
    """

    shift: NDArray[np.float32]
    scale: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]
    limit: float = math.inf

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The numbers for (n,) features, of the shape of ``out_bias``."""
        seen = np.clip((features - self.shift) / self.scale, -self.limit, self.limit)
        units = np.maximum(seen @ self.hidden + self.hidden_bias, 0)
        answer: NDArray[np.float32] = units @ self.out + self.out_bias
        return answer


@lru_cache
def read_regression(module: Path) -> Regression:
    """The weights beside a module's file, from the JSON file of its name."""
    import json  # most pictures are clean and need no weights

    values: dict[str, Any] = json.loads(module.with_suffix(".json").read_text(encoding="utf-8"))
    limit = float(values.pop("limit", math.inf))
    arrays = {name: np.array(value, np.float32) for name, value in values.items()}
    return Regression(**arrays, limit=limit)
