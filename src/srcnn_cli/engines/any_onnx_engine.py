"""Super-resolution networks of any origin, as ONNX files, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from srcnn_cli.engines.any_onnx_probe import Form, find_form, measured_reach
from srcnn_cli.engines.onnx_engine import SILENT_BUT_FATAL
from srcnn_cli.errors import ModelError, OutOfMemoryError
from srcnn_cli.files import is_memory_error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.networks.base import BorderPolicy

    Patch = NDArray[np.float32]

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_USUAL_TILE, _HALOS_PER_TILE = 160, 6


@dataclass(frozen=True)
class AnyNetwork:
    """What is known of a network that only its file describes; see `base.Runnable`.

    Attributes:
        name: Of the file.
        form: What its probes showed.
        measure: Finds out how far it looks.
        overlap: How far it looks, if somebody said so.
    """

    name: str
    form: Form
    measure: Callable[[], int] = field(repr=False)
    overlap: int | None = None
    residual: bool = False
    border: BorderPolicy | None = None
    parameters: int | None = None  # which the file does not say

    @property
    def color(self) -> Planes:
        """Luminance for one plane, R'G'B' for three."""
        return "y" if self.form.channels == 1 else "rgb"

    @property
    def factor(self) -> int:
        """Output pixels for one input pixel along each side."""
        return self.form.factor

    @property
    def interpolated(self) -> bool:
        """A network that leaves the size as it is gets an enlarged picture."""
        return self.form.factor == 1

    @cached_property
    def receptive_radius(self) -> int:
        """Pixels of the input that count for one of the output: given, or measured."""
        reach = max(self.measure() if self.overlap is None else self.overlap, self.form.margin)
        return -(-reach // self.step) * self.step

    @property
    def step(self) -> int:
        """Where windows or reduced planes inside begin: tiles begin there, too."""
        return self.form.multiple


class AnyOnnxEngine:
    """Runs an ONNX file's network, which is probed for its factor, layout and range of values.

    The file is data: ONNX Runtime computes its graph and runs no code from it.

    Args:
        path: The file.
        overlap: Pixels by which tiles overlap on each side; None: measured.

    Raises:
        ModelError: It is no network that makes larger pictures of pictures.
    """

    def __init__(self, path: str | os.PathLike[str], *, overlap: int | None = None) -> None:
        try:
            self._session = _session(path)
            self._input = _only_input(self._session)
            self._form = find_form(self._compute, self._input.shape)
        except ModelError as error:
            raise ModelError(error.reason, path) from error
        self.config = AnyNetwork(Path(path).stem, self._form, self._measured, overlap)

    def best_tile(self, height: int, width: int) -> int:
        """See `Engine`."""
        del height, width
        radius = self.config.receptive_radius
        if self._form.size is None:
            return max(_USUAL_TILE, _HALOS_PER_TILE * radius)
        side = min(self._form.size) - 2 * radius
        if side < 1:
            raise ModelError(
                f"{self.config.name} takes tiles of {self._form.size[1]}x{self._form.size[0]} "
                f"pixels, too small for an overlap of {radius}"
            )
        return side

    def run(self, patch: Patch, edges: Edges) -> Patch:
        """See `Engine`."""
        form, radius = self._form, self.config.receptive_radius
        factor = form.factor
        # Where the network gives less than all of its input, the picture is continued at its
        # border; elsewhere the halo is used up for that.
        lost = [0 if edge else radius for edge in edges]
        top, left, bottom, right = (form.margin if edge else 0 for edge in edges)
        height, width = (
            patch.shape[1] - lost[0] - lost[2],
            patch.shape[2] - lost[1] - lost[3],
        )
        padded = np.pad(patch, ((0, 0), (top, bottom), (left, right)), "edge")
        output = self._sized(padded)
        first_row = factor * (lost[0] + top) - form.cut
        first_column = factor * (lost[1] + left) - form.cut
        return output[
            :,
            first_row : first_row + factor * height,
            first_column : first_column + factor * width,
        ]

    def _sized(self, patch: Patch) -> Patch:
        """The network on a patch that is continued to a size that it takes."""
        form = self._form
        height, width = patch.shape[1:]
        if form.size is not None:
            rows, columns = form.size[0] - height, form.size[1] - width
            if min(rows, columns) < 0:
                raise ModelError(
                    f"{self.config.name} takes tiles of {form.size[1]}x{form.size[0]} pixels and "
                    "no others: leave --tile to the program"
                )
        else:
            rows, columns = -height % form.multiple, -width % form.multiple
        patch = np.pad(patch, ((0, 0), (0, rows), (0, columns)), "edge")
        return self._compute(patch, form)

    def _compute(self, patch: Patch, form: Form) -> Patch:
        """(C, h, w), values in [0, 1], through the session, as it wants and gives them."""
        values = patch * np.float32(form.gain)
        values = np.moveaxis(values, 0, -1) if form.channels_last else values
        kind = _TYPES[self._input.type]
        try:
            output = self._session.run(
                None, {self._input.name: np.ascontiguousarray(values[None], kind)}
            )[0]
        except Exception as error:
            if is_memory_error(error):
                raise OutOfMemoryError("cpu ran out of memory") from error
            raise ModelError(f"ONNX Runtime cannot run it: {_first_line(error)}") from error
        if not isinstance(output, np.ndarray) or output.ndim != 4 or len(output) != 1:
            raise ModelError("gives no picture: its output is not (1, planes, height, width)")
        output = output[0].astype(np.float32, copy=False)
        output = np.moveaxis(output, -1, 0) if form.channels_last else output
        result: Patch = output / np.float32(form.gain)
        return result

    def _measured(self) -> int:
        return measured_reach(self._sized, self._form)


def _session(path: str | os.PathLike[str]) -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # every thread has its tile
    options.enable_mem_pattern = False
    options.log_severity_level = SILENT_BUT_FATAL
    options.add_session_config_entry("session.use_env_allocators", "1")
    if not Path(path).is_file():
        raise ModelError("no such file")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if is_memory_error(error):
            raise OutOfMemoryError("cpu ran out of memory") from error
        raise ModelError(f"ONNX Runtime cannot read it: {_first_line(error)}") from error


def _only_input(session: Any) -> Any:  # noqa: ANN401 - onnxruntime has no types
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs)
        raise ModelError(f"takes {len(inputs)} inputs ({names}), not one picture")
    if inputs[0].type not in _TYPES:
        raise ModelError(f"takes {inputs[0].type}, not numbers in floating point")
    return inputs[0]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
