"""A run's stored state, from which it continues as if it had not stopped."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from srcnn_cli.errors import ModelError
from srcnn_cli.files import describe_os_error, write_atomically
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.schedule import Schedule

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT = "checkpoint.pt"
_FORMAT = 2


@dataclass(frozen=True)
class Checkpoint:
    """What a run was, and the state to continue from.

    Attributes:
        config: Its network.
        schedule: With ``steps`` resolved.
        provenance: JSON-ready facts (data, command).
        state: Tensors and numbers of the trainer.
    """

    config: ModelConfig
    schedule: Schedule
    provenance: dict[str, Any]
    state: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in a run's folder in one atomic step.

    Raises:
        OutputError: It cannot be written; the one before is still there.
    """
    content = {
        "format": _FORMAT,
        "config": json.dumps(checkpoint.config.to_dict()),
        "schedule": json.dumps(asdict(checkpoint.schedule)),
        "provenance": json.dumps(checkpoint.provenance),
        "state": checkpoint.state,
    }
    # By way of memory, because on a full disk torch hides the system's error behind its own.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(
        folder / CHECKPOINT, lambda file: file.write(buffer.getbuffer()), overwrite=True
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint in a run's folder. It cannot run code (``weights_only=True``).

    Args:
        path: The folder, or the checkpoint itself.

    Raises:
        ModelError: There is none, it cannot be read, is damaged, or of another version.
    """
    path = path if path.is_file() else path / CHECKPOINT
    if not path.is_file():
        raise ModelError(
            "no checkpoint to resume from (expected a folder made by srcnn train)", path
        )
    if path.suffix == ".safetensors":
        raise ModelError(f"is a weights file: the state of a run is in its {CHECKPOINT}", path)
    try:
        # Read first, because torch says OSError of damaged files too.
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read: {describe_os_error(error)}", path) from error
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        known = content["format"]
        if known == _FORMAT:
            if type(content["state"].get("step")) is not int:
                raise TypeError  # noqa: TRY301 - it does not say how far the run came
            return Checkpoint(
                ModelConfig.from_dict(json.loads(content["config"])),
                Schedule.from_dict(json.loads(content["schedule"])),
                dict(json.loads(content["provenance"])),
                dict(content["state"]),
            )
    except ModelError as error:
        raise ModelError(error.reason, path) from error
    except Exception as error:  # torch raises a dozen types over damaged files
        raise ModelError("damaged, or not a checkpoint of srcnn train", path) from error
    raise ModelError(f"checkpoint format {known!r} is not known here", path)
