"""Running networks on the CPU with ONNX Runtime: as fast as torch, and imported in no time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from srcnn_cli.engines.border_strips import Preparation, delivered, run_border_apart
from srcnn_cli.engines.by_edges import ByEdges
from srcnn_cli.engines.tiling import CPU_TILE_BYTES, tile_side
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.files import is_memory_error
from srcnn_cli.forks import renew_in_child
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Region
from srcnn_cli.models.networks.onnx_border import (
    bordered_model,
    has_bordered_model,
    with_factors,
)
from srcnn_cli.models.networks.onnx_graph import INPUT, OUTPUT, last_block, network_model
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

SILENT_BUT_FATAL = 4
# Times the memory of a tile. With one thread 500x375 pixels to three times their size take 0.85 of
# the time of tiles for two, 250x250 0.9, and to twice their size 0.95.
_IN_ONE_PIECE = 4

onnxruntime.disable_telemetry_events()  # of the builds for Windows
onnxruntime.set_default_logger_severity(SILENT_BUT_FATAL)  # errors are raised, too
# One store of memory for all kinds of tiles. With one each, as is ONNX Runtime's default, a process
# takes twice the memory in all, and a small picture a third more time, spent on touching it first.
onnxruntime.create_and_register_allocator(
    onnxruntime.OrtMemoryInfo(
        "Cpu",
        onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
        0,
        onnxruntime.OrtMemType.DEFAULT,
    ),
    None,
)


class OnnxEngine:
    """A network on the CPU in float32; every thread works on a tile of its own.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
    """

    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        self.config = config
        self._tensors = tensors
        self._block = last_block(config)
        self._bordered = has_bordered_model(config)
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, without the sessions that were made."""
        self._sessions = ByEdges(self._session)
        self._preparation = Preparation(self.config, self._sessions)

    def best_tile(self, height: int, width: int) -> int:
        """See `Engine`."""
        workers = crew().share
        budget = CPU_TILE_BYTES
        if workers == 1 and self._bordered:
            # No thread waits for a part of the picture, and less of it lies at the end of a tile.
            budget *= _IN_ONE_PIECE
        return tile_side(self.config, height, width, workers, budget)

    def run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """See `Engine`."""
        if self._bordered and self._preparation.is_parted(patch, edges):
            return run_border_apart(self._run, self.config, patch, edges)
        return self._run(patch, edges)

    def _run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        by_one_for_all = self._bordered and edges != INTERIOR
        if not by_one_for_all or self._preparation.has_own(patch, edges):
            return self._output(edges, patch)
        output = self._output(WHOLE, with_factors(self.config, patch, edges))
        left = delivered(Region(0, 0, *patch.shape[1:]), edges, self.config.receptive_radius)
        return output[left.times(self.config.factor).in_planes]

    def _output(self, edges: Edges, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            output: NDArray[np.float32] = self._sessions[edges].run(
                [OUTPUT], {INPUT: np.ascontiguousarray(planes[None])}
            )[0][0]
        except Exception as error:
            if is_memory_error(error):
                raise OutOfMemoryError("cpu ran out of memory") from error
            raise
        return output

    def _session(self, edges: Edges) -> Any:  # noqa: ANN401 - onnxruntime has no types
        """ONNX Runtime's own object; some milliseconds for each kind of tile."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it is for patches of one and the same size
        options.add_session_config_entry("session.use_env_allocators", "1")
        if self._bordered and edges == WHOLE:  # and of others that have none of their own
            model = bordered_model(self.config, self._tensors, block=self._block)
        else:
            model = network_model(self.config, self._tensors, edges, block=self._block)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
