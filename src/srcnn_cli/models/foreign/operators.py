"""Operators that mean the same in ONNX and in TensorFlow, as steps of a `Chain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.models.foreign.signals import Signal, Unknown, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.chains import Chain
    from srcnn_cli.models.foreign.signals import Value

_MINUS = -np.ones(1, np.float32)


@dataclass(frozen=True)
class Call:
    """An operator with what it is given.

    Attributes:
        chain: The network so far.
        operator: Its name.
        inputs: What it is given.
        attributes: Its parameters, as the file's format has them.
    """

    chain: Chain
    operator: str
    inputs: list[Value]
    attributes: Mapping[str, Any]

    @property
    def signals(self) -> list[Signal]:
        """Inputs that depend on the picture."""
        return [value for value in self.inputs if isinstance(value, Signal)]

    @property
    def numbers(self) -> list[NDArray[Any]]:
        """Inputs that are constants."""
        return [value for value in self.inputs if isinstance(value, np.ndarray)]

    @property
    def unknown(self) -> Unknown:
        """What stands for its result if it is not known."""
        return Unknown(self.operator)


_CONVOLUTIONS = {"Conv", "ConvTranspose", "Conv2D", "Conv2DBackpropInput"}


def run(call: Call, steps: Mapping[str, Callable[[Call], Value]]) -> Value:
    """What an operator gives; of one that is not known, `Unknown`, which may not matter.

    Args:
        call: The operator.
        steps: What operators do, by their names.

    Raises:
        ModelError: It is known, and no network here has it in that place.
    """
    unknown = [value for value in call.inputs if isinstance(value, Unknown)]
    if not call.signals and unknown:
        if call.operator in _CONVOLUTIONS:
            refuse(unknown[0])
        return unknown[0] if unknown[0].operator != "nothing" else call.unknown
    step = steps.get(call.operator)
    if step is None or (not call.signals and step not in {through, negate}):
        return call.unknown
    return step(call)


def through(call: Call) -> Value:
    """Nothing that matters here."""
    return call.signals[0] if call.signals else call.numbers[0]


def negate(call: Call) -> Value:
    """-x."""
    if not call.signals:
        return -call.numbers[0]
    return call.chain.times(call.signals[0], _MINUS)


def _add(call: Call) -> Value:
    if len(call.signals) == 2:
        return call.chain.add(*call.signals)
    return call.chain.plus(call.signals[0], call.numbers[0]) if call.numbers else call.unknown


def _subtract(call: Call) -> Value:
    first, second = call.inputs
    if isinstance(second, Signal):
        second = call.chain.times(second, _MINUS)
        if isinstance(first, Signal):
            return call.chain.add(first, second)
        return call.chain.plus(second, first) if isinstance(first, np.ndarray) else call.unknown
    if isinstance(first, Signal) and isinstance(second, np.ndarray):
        return call.chain.plus(first, -second)
    return call.unknown


def _multiply(call: Call) -> Value:
    if len(call.signals) == 1 and call.numbers:
        return call.chain.times(call.signals[0], call.numbers[0])
    return call.unknown


def _divide(call: Call) -> Value:
    first, second = call.inputs
    if isinstance(first, Signal) and isinstance(second, np.ndarray):
        return call.chain.times(first, 1 / second)
    return call.unknown


def _largest(call: Call) -> Value:
    if len(call.signals) == 2:
        return call.chain.largest(*call.signals)
    return call.chain.clip(call.signals[0])


def _smallest(call: Call) -> Value:
    return call.chain.clip(call.signals[0]) if len(call.signals) == 1 else call.unknown


def clip(call: Call) -> Value:
    """Values limited to a range."""
    return call.chain.clip(call.signals[0])


def _rectify(call: Call) -> Value:
    return call.chain.rectify(call.signals[0])


def _absolute(call: Call) -> Value:
    return call.chain.absolute(call.signals[0])


def _tanh(call: Call) -> Value:
    return call.chain.tanh(call.signals[0])


COMMON: dict[str, Callable[[Call], Value]] = {
    "Identity": through,
    "Cast": through,
    "Reshape": through,
    "Neg": negate,
    "Add": _add,
    "Sub": _subtract,
    "Mul": _multiply,
    "Div": _divide,
    "Max": _largest,
    "Maximum": _largest,
    "Min": _smallest,
    "Minimum": _smallest,
    "Relu": _rectify,
    "Abs": _absolute,
    "Tanh": _tanh,
}
