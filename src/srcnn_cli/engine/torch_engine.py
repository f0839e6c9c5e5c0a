"""Running networks with torch, on the CPU or a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.networks import SRCNN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.config import ModelConfig
    from srcnn_cli.tiling import Edges


class TorchEngine:
    """A network held on a device, in the memory layout that is fastest there.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        device: From `choose_device`.
    """

    def __init__(
        self, config: ModelConfig, tensors: dict[str, NDArray[np.float32]], device: torch.device
    ) -> None:
        self.config = config
        self.device = device
        network = SRCNN(config)
        network.load_state_dict({name: torch.from_numpy(np.array(t)) for name, t in tensors.items()})
        self._network: Any = network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    def run(self, patches: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """See `tiling.Engine`.

        Raises:
            OutOfMemoryError: The patches are too large for the device.
        """
        try:
            with torch.inference_mode():
                planes = torch.from_numpy(np.ascontiguousarray(patches)).to(self.device)
                planes = planes.contiguous(memory_format=torch.channels_last)
                output = self._network(planes, edges).cpu()
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if _is_out_of_memory(error):
                raise OutOfMemoryError(f"{self.device} ran out of memory") from error
            raise
        result: NDArray[np.float32] = output.numpy()
        return result


def choose_device(name: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: There is no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"unknown device {name!r}: use auto, cpu, cuda, cuda:N or mps") from None
    present = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if device.type not in present:
        raise UsageError(f"unknown device {name!r}: use auto, cpu, cuda, cuda:N or mps")
    if (device.index or 0) >= present[device.type]:
        raise UsageError(f"no device {name!r} on this machine (--device cpu always works)")
    return device


def _is_out_of_memory(error: RuntimeError) -> bool:
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or (
        "not enough memory" in text or "can't allocate memory" in text
    )
