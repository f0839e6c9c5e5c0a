"""Running networks on the CPU with OpenVINO: above all in bfloat16, without torch."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino

from srcnn_cli.engines.by_edges import ByEdges
from srcnn_cli.engines.tiling import tile_side
from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.files import is_memory_error
from srcnn_cli.forks import renew_in_child
from srcnn_cli.models.networks.carriers import beside_carriers
from srcnn_cli.models.networks.onnx_graph import network_model
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig, Precision
    from srcnn_cli.models.weights import Tensors

# Side of a tile that all threads work on together: within a few hundredths of the time of the whole
# plane for each family, and with its nine kinds of tiles no more memory than it is worth.
_TOGETHER = 240

_TYPES: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoEngine:
    """A network on the CPU; OpenVINO has threads of its own.

    Where pictures are done at the same time, each has one of them; otherwise all of them work on
    the same tile, which is sooner done than a tile for each: small pictures need not be cut.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        precision: As for `TorchEngine`: in ``bfloat16`` too the picture itself stays in float32,
            because what is added to the network's own output is added here.
    """

    def __init__(
        self, config: ModelConfig, tensors: Tensors, *, precision: Precision = "float32"
    ) -> None:
        self.config = config
        self.precision = precision
        self._network, self._tensors = (
            (config, tensors) if precision == "float32" else beside_carriers(config, tensors)
        )
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, without the models that were compiled."""
        self._compiled = ByEdges(self._compile)
        self._requests = threading.local()

    def best_tile(self, height: int, width: int) -> int:
        """See `Engine`."""
        if crew().share == 1:
            return tile_side(self.config, height, width, workers=1)
        budget = 4 * max(self.config.widths, default=1) * _TOGETHER**2
        return tile_side(self.config, height, width, workers=1, budget=budget)

    def run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """See `Engine`.

        Raises:
            UsageError: In a process that was forked from one that had used OpenVINO already.
        """
        try:
            request = self._request(edges)
            request.infer([np.ascontiguousarray(patch[None])])
            output: NDArray[np.float32] = np.array(request.get_output_tensor().data[0])
        except RuntimeError as error:
            if is_memory_error(error):
                raise OutOfMemoryError("cpu ran out of memory") from error
            raise
        network = self._network
        if network.residual and network.interpolated:
            rows, columns = edges.left_by(network.receptive_radius, *patch.shape[1:])
            output += patch[: len(output), rows, columns]
        elif network.mean and not network.residual:
            output += np.float32(network.mean)
        return output

    def _request(self, edges: Edges) -> Any:  # noqa: ANN401 - OpenVINO's own object
        """What runs patches of a kind for the thread that calls."""
        own = self._requests
        if not hasattr(own, "by_edges"):
            own.by_edges = {}
        if edges not in own.by_edges:
            own.by_edges[edges] = self._compiled[edges].create_infer_request()
        return own.by_edges[edges]

    def _compile(self, edges: Edges) -> Any:  # noqa: ANN401 - OpenVINO's own object
        core, process = _core()
        if process != os.getpid():
            # It would wait for ever for threads that only the other process has.
            raise UsageError(
                "OpenVINO does not work in a process that was forked after its first use: take "
                "engine='torch' or 'onnx', or start processes by multiprocessing's 'spawn'"
            )
        model = core.read_model(network_model(self._network, self._tensors, edges, alone=True))
        settings = {
            "INFERENCE_PRECISION_HINT": _TYPES[self.precision],
            "INFERENCE_NUM_THREADS": crew().size,
            "NUM_STREAMS": crew().size // crew().share,
            # Otherwise it waits for a core that another program has, beside idle ones.
            "ENABLE_CPU_PINNING": False,
        }
        return core.compile_model(model, "CPU", settings)


def fast_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself."""
    return "BF16" in _core()[0].get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@cache
def _core() -> tuple[Any, int]:
    """OpenVINO's own object, and the number of the process that it was made in."""
    return openvino.Core(), os.getpid()
