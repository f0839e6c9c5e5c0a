"""Running networks with torch, on the CPU or a GPU."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from srcnn_cli.engines.tiling import CPU_TILE_BYTES, tile_side
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.files import is_memory_error
from srcnn_cli.forks import renew_in_child
from srcnn_cli.models.networks.carriers import beside_carriers
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig, Precision

_GPU_TILE_BYTES = 256 << 20


class TorchEngine:
    """A network held on a device, in the memory layout that is fastest there.

    On a CPU every core works on a tile of its own with single-threaded torch: as fast as all cores
    on one tile when the machine is idle, and many times faster when it is not, because then
    nobody waits at the end of every layer for a core that another program holds.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        device: From `choose_device`.
        precision: ``bfloat16`` keeps 8 bits of what lies between the layers. The picture itself
            stays in float32 where it goes around the network (VDSR) or through exact carriers
            (SRCNN trained here); elsewhere bfloat16 costs a decibel and more.
    """

    def __init__(
        self,
        config: ModelConfig,
        tensors: dict[str, NDArray[np.float32]],
        device: torch.device,
        *,
        precision: Precision = "float32",
    ) -> None:
        self.config = config
        self.device = device
        self.precision = precision
        self._workers = crew().size if device.type == "cpu" else 1
        if precision == "bfloat16":
            config, tensors = beside_carriers(config, tensors)
        network = PlaneNetwork(config)
        network.load_state_dict(
            {name: torch.from_numpy(np.array(t)) for name, t in tensors.items()}
        )
        self._network: Any = network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew, with other threads."""
        self._pool = ThreadPoolExecutor(
            self._workers, "srcnn-torch", initializer=torch.set_num_threads, initargs=(1,)
        )

    def run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """See `Engine`.

        By threads of its own, while those that call wait: torch's settings are theirs alone, and a
        GPU is asked by one thread only.
        """
        return self._pool.submit(self._run, patch, edges).result()

    def _run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        try:
            with torch.inference_mode(), autocast(self.device, self.precision):
                planes = torch.from_numpy(np.ascontiguousarray(patch))[None].to(self.device)
                planes = planes.contiguous(memory_format=torch.channels_last)
                output = self._network(planes, edges).float()
                if self.config.factor > 1:
                    output = torch.pixel_shuffle(output, self.config.factor)
                output = output[0].cpu()
        except RuntimeError as error:
            if is_memory_error(error):
                raise OutOfMemoryError(f"{self.device} ran out of memory") from error
            raise
        result: NDArray[np.float32] = output.numpy()
        return result

    def best_tile(self, height: int, width: int) -> int:
        """See `Engine`: limited by cache on a CPU, by free memory on a GPU."""
        budget = CPU_TILE_BYTES if self.device.type == "cpu" else _GPU_TILE_BYTES
        if self.device.type == "cuda":
            budget = torch.cuda.mem_get_info(self.device)[0] // 8
        workers = crew().size if self.device.type == "cpu" else 1
        return tile_side(self.config, height, width, workers, budget)


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[Any]:
    """Within it layers compute in that precision on that device; float32 changes nothing."""
    if precision == "float32":
        return contextlib.nullcontext()
    # Each weight is used once: there is nothing to keep, and threads would share what is kept.
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)
