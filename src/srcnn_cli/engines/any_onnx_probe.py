"""Finding out by probes what an unknown network does: its factor, its layout, its range of values.

A file of a network says which shapes go in and, sometimes, which come out. All else shows when it
is run on small pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Patch = NDArray[np.float32]
    Compute = Callable[[Patch, "Form"], Patch]

# Sides that networks ask for: those with windows, or that reduce the picture inside.
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_PROBE = 40  # pixels a side, or a little more
_LARGEST_FACTOR = 16
# What code makes of [0, 1] for networks: nothing, or 8-bit levels. (Values in [-1, 1] are not told
# from these: there a picture in [0, 1] is a bright one.)
_GAINS = (1.0, 255.0)
_FLAT = (0.25, 0.75)
# Of a network for 8-bit levels that gets [0, 1], its biases alone make more.
_USUAL_FLAT = 0.1
# A flat picture that comes out further off than that was made by no such network.
_WORST_FLAT = 0.25
# A change of less than that, in units of full white, is none: a quarter of an 8-bit level.
_SEEN = 1 / 1024
_REACH_PROBES = (64, 128, 256)


class Form(NamedTuple):
    """What a network takes and gives.

    Attributes:
        channels: Planes in and out, 1 or 3.
        channels_last: Whether they are the last axis.
        size: (height, width) of all pictures that it takes; None: of any size.
        multiple: That sides must be divisible by.
        factor: Output pixels for one input pixel along each side.
        cut: Pixels of the result that are missing on each side, because its convolutions take no
            pixels from outside.
        gain: By which values in [0, 1] are multiplied for it.
    """

    channels: int
    channels_last: bool = False
    size: tuple[int, int] | None = None
    multiple: int = 1
    factor: int = 1
    cut: int = 0
    gain: float = 1.0

    @property
    def margin(self) -> int:
        """Pixels by which a picture must be continued on each side to come out whole."""
        return -(-self.cut // self.factor)


def find_form(compute: Compute, shape: Sequence[Any]) -> Form:
    """Probe a network.

    Args:
        compute: Runs it on a (C, h, w) patch in a form.
        shape: Of its input: whole numbers, and anything else where all lengths are taken.

    Raises:
        ModelError: It does not make larger pictures of pictures.
    """
    form = _with_size(compute, _layout(shape))
    return _with_range(compute, form)


def measured_reach(run: Callable[[Patch], Patch], form: Form) -> int:
    """How far a change in the input is seen in the output, in pixels of the input.

    A whole row, then a whole column is changed, as the end of a tile changes all that lies beyond
    it. What spreads over the whole of the largest probe is taken for as far as half of that.
    """
    reach = 0
    sizes = _REACH_PROBES if form.size is None else [min(form.size)]
    for size in sizes:
        side = size + -size % form.multiple
        noise = np.random.default_rng(0).random((form.channels, side, side)).astype(np.float32)
        before = run(noise)
        reach = 0
        for axis in (1, 2):
            for middle in (side // 2, side // 2 - 3):
                changed = noise.copy()
                line = [slice(None)] * 3
                line[axis] = slice(middle, middle + 1)
                changed[tuple(line)] = 1 - changed[tuple(line)]
                seen = (abs(run(changed) - before) > _SEEN).any(axis=(0, 3 - axis)).nonzero()[0]
                if len(seen):
                    low, high = (int(seen[i]) + form.cut for i in (0, -1))
                    reach = max(reach, middle - low // form.factor, high // form.factor - middle)
        if reach < side // 2 - 4:
            return reach + 1
    return min(reach + 1, sizes[-1] // 2)


def _layout(shape: Sequence[Any]) -> Form:
    if len(shape) != 4 or (isinstance(shape[0], int) and shape[0] != 1):
        raise ModelError(f"takes {_words(shape)}, not (1, planes, height, width)")
    channels_last = shape[1] not in (1, 3) and shape[3] in (1, 3)
    _, *rest = shape
    planes, *sides = (rest[2], *rest[:2]) if channels_last else rest
    if isinstance(planes, int) and planes not in (1, 3):
        raise ModelError(f"takes {planes} planes, not 1 or 3")
    known = [side for side in sides if isinstance(side, int)]
    size = (known[0], known[1]) if len(known) == 2 else None
    return Form(planes if isinstance(planes, int) else 3, channels_last, size)


def _with_size(compute: Compute, form: Form) -> Form:
    """Its factor, and which sizes it takes."""
    if form.size is not None:
        factor, cut = _growth(compute, form, [form.size])
        return form._replace(factor=factor, cut=cut)
    failure: ModelError | None = None
    for multiple in _MULTIPLES:
        count = -(-_PROBE // multiple) | 1  # odd, so that it is a multiple of no more than that
        sides = [count * multiple, (count + 2) * multiple]
        try:
            factor, cut = _growth(compute, form, [(side, side) for side in sides])
        except ModelError as error:
            failure = failure or error
        else:
            return form._replace(factor=factor, cut=cut, multiple=multiple)
    raise failure or ModelError("takes no picture of any size")


def _growth(compute: Compute, form: Form, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The factor, and the pixels that are missing on each side.

    Raises:
        ModelError: The results have no such sizes.
    """
    pairs = []
    for size in sizes:
        patch = np.full((form.channels, *size), 0.5, np.float32)
        output = compute(patch, form)
        if len(output) != form.channels:
            raise ModelError(f"makes {len(output)} planes of {form.channels}")
        pairs += [*zip(size, output.shape[1:], strict=True)]
    (first, grown), (last, most) = pairs[0], pairs[-1]
    factor = (most - grown) / (last - first) if last > first else -(-grown // first)
    missing = {factor * side - result for side, result in pairs}
    if factor != int(factor) or not 1 <= factor <= _LARGEST_FACTOR or len(missing) != 1:
        words = ", ".join(f"{side} becomes {result}" for side, result in pairs)
        raise ModelError(f"does not enlarge by a whole factor: of sides in pixels {words}")
    lost = int(missing.pop())
    if lost < 0 or lost % 2:
        raise ModelError(f"its results are not centred: {lost} pixels are missing")
    return int(factor), lost // 2


def _with_range(compute: Compute, form: Form) -> Form:
    """The range of values of which it leaves flat pictures as they are.

    Raises:
        ModelError: It leaves them in none.
    """
    size = form.size or (_PROBE + -_PROBE % form.multiple,) * 2
    errors = []
    for gain in _GAINS:
        tried = form._replace(gain=gain)
        off = []
        for grey in _FLAT:
            patch = np.full((form.channels, *size), grey, np.float32)
            output = compute(patch, tried)
            rows, columns = (slice(side // 4, -(side // 4)) for side in output.shape[1:])
            off.append(float(abs(output[:, rows, columns] - np.float32(grey)).mean()))
        errors.append(max(off))
    best = 0 if errors[0] < _USUAL_FLAT else int(np.argmin(errors))
    if not errors[best] < _WORST_FLAT:  # not a number, too
        raise ModelError(
            f"makes flat grey {errors[best]:.2g} of full white brighter or darker: no network that "
            "enlarges pictures, or one for another range of values"
        )
    return form._replace(gain=_GAINS[best])


def _words(shape: Sequence[Any]) -> str:
    return f"({', '.join(map(str, shape))})"
