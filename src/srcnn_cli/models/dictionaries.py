"""What a dictionary is, as plain values: the example-based methods of before the networks.

All of them work in one frame (Zeyde et al., Curves and Surfaces 2010; Timofte et al., ICCV 2013):
derivatives of the bicubic enlargement, taken patch by patch and reduced by principal components,
say which detail is to be added to that enlargement; overlapping patches are averaged. They differ
in how a patch of derivatives becomes a patch of detail, see `methods.coding`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.models.networks.base import BorderPolicy

# The methods, and what people read of them.
DICTIONARIES = {
    "sc": "sparse coding over a joint dictionary (Yang et al., IEEE TIP 2010)",
    "ne-nnls": "neighbour embedding, weights of at least 0 (Bevilacqua et al., BMVC 2012)",
    "ne-lle": "locally linear neighbour embedding (Chang et al., CVPR 2004)",
    "zeyde": "sparse coding over a K-SVD dictionary (Zeyde et al., Curves and Surfaces 2010)",
    "anr": "anchored neighbourhood regression (Timofte et al., ICCV 2013)",
    "a-plus": "A+, adjusted anchored neighbourhood regression (Timofte et al., ACCV 2014)",
}
_LARGEST = 1 << 20


@dataclass(frozen=True)
class DictionaryConfig:
    """A dictionary and the frame that it works in.

    Attributes:
        architecture: The method, a key of `DICTIONARIES`.
        scales: The one factor that it enlarges by.
        side: Of a patch, in pixels of the result; a multiple of ``step``.
        step: Pixels of the result from one patch to the next along each axis.
        taps: Pixels of the result between the taps of the derivatives.
        features: Principal components that are kept of a patch's derivatives.
        atoms: Entries of the dictionary.
        rank: Of all regressors together, which give so many components of a patch of detail; 0:
            the method has no regressors.
        neighbours: Atoms that a patch (``ne-lle``, ``ne-nnls``) or an atom (``anr``) is held
            against.
        sparsity: Atoms that a patch is made of (``zeyde``).
        penalty: Weight of the sum of the coefficients (``sc``) or of their squares (``anr``).

    Raises:
        ModelError: A value is impossible.
    """

    architecture: str
    scales: tuple[int, ...]
    side: int
    step: int
    taps: int
    features: int
    atoms: int
    rank: int = 0
    neighbours: int = 0
    sparsity: int = 0
    penalty: float = 0.0

    def __post_init__(self) -> None:
        if self.architecture not in DICTIONARIES:
            raise ModelError(f"unknown method {self.architecture!r}: use {', '.join(DICTIONARIES)}")
        if len(self.scales) != 1 or not 2 <= self.scales[0] <= 16:
            raise ModelError(f"a dictionary has one scale between 2 and 16, not {self.scales}")
        if not (0 < self.step <= self.side <= 256 and self.side % self.step == 0):
            raise ModelError(f"patches of {self.side} pixels cannot lie {self.step} apart")
        if not (1 <= self.taps <= 256 and 1 <= self.features <= 4 * self.side**2):
            raise ModelError(f"{self.taps} taps and {self.features} features are impossible")
        if not (1 <= self.atoms <= _LARGEST and 0 <= self.rank <= self.side**2):
            raise ModelError(f"{self.atoms} atoms and rank {self.rank} are impossible")
        if not (0 <= self.neighbours <= self.atoms and 0 <= self.sparsity <= self.features):
            raise ModelError(f"{self.neighbours} neighbours, {self.sparsity} atoms: impossible")
        object.__setattr__(self, "penalty", float(self.penalty))  # 0 is written as 0.0
        if not 0 <= self.penalty < math.inf:
            raise ModelError(f"the penalty must be at least 0, not {self.penalty}")

    @property
    def name(self) -> str:
        """The method's: ``a-plus``."""
        return self.architecture

    @property
    def factor(self) -> int:
        """Pixels of the result for one of the input along each side."""
        return self.scales[0]

    @property
    def color(self) -> Planes:
        """The planes that it takes: luminance alone."""
        return "y"

    @property
    def border(self) -> BorderPolicy | None:
        """It has no policy to choose: beyond its border a picture is mirrored."""
        return None

    @property
    def interpolated(self) -> bool:
        """Whether its input is a picture already enlarged: it takes the small one."""
        return False

    @property
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its name in a weights file.

        ``projection`` is (derivatives of a patch, features), ``atoms`` (atoms, features) and
        ``details`` (atoms, pixels of a patch). With regressors, ``regressors`` (atoms, rank,
        features) give components of the details, and ``basis`` (rank, pixels) has these.
        """
        pixels = self.side**2
        shapes: dict[str, tuple[int, ...]] = {
            "projection": (4 * pixels, self.features),
            "atoms": (self.atoms, self.features),
        }
        if self.rank:
            shapes["regressors"] = (self.atoms, self.rank, self.features)
            shapes["basis"] = (self.rank, pixels)
        else:
            shapes["details"] = (self.atoms, pixels)
        return shapes

    @property
    def parameters(self) -> int:
        """Number of values in all tensors."""
        return sum(math.prod(shape) for shape in self.tensor_shapes.values())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values, in the order of the fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> DictionaryConfig:
        """The inverse of `to_dict`, strict about names and types; what is missing has its default.

        Raises:
            ModelError: A field is unknown, missing or of the wrong type.
        """
        names = {field.name for field in fields(cls)}
        first = {field.name for field in fields(cls) if field.default is field.default_factory}
        if not isinstance(values, dict) or not first <= set(values) <= names:
            raise ModelError("its configuration is not one of this program's")
        kinds = get_type_hints(cls)
        checked = dict(values)
        for name, value in values.items():
            if name == "scales":
                if not isinstance(value, (list, tuple)) or any(type(v) is not int for v in value):
                    raise ModelError("its configuration has no list of integers as scales")
                checked[name] = tuple(value)
            elif type(value) is not kinds[name]:
                raise ModelError(f"its configuration has {value!r} as {name}")
        return cls(**checked)
