"""What an export format is. No numpy here: `srcnn export --help` needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors


class Network(NamedTuple):
    """A network.

    Attributes:
        config: What it is.
        tensors: Its weights, as `weights.load_weights` gives them.
    """

    config: ModelConfig
    tensors: Tensors


class Exported(NamedTuple):
    """A network that is to be exported.

    Attributes:
        name: As users call it.
        config: What it is.
        tensors: Its weights, as `weights.load_weights` gives them.
        scale: The factor that the export is for, one of ``config.scales``.
        chrominance: Puts right the colours before they are enlarged, in formats for whole
            pictures; None: nothing does.
    """

    name: str
    config: ModelConfig
    tensors: Tensors
    scale: int
    chrominance: Network | None = None

    @property
    def network(self) -> Network:
        """Itself."""
        return Network(self.config, self.tensors)


class ExportFormat(ABC):
    """A kind of file that other programs read.

    Attributes:
        name: As users choose it.
        endings: Of the files' names; the first is that of the file that users name.
        about: What it is for, part of a sentence.
    """

    name: str
    endings: tuple[str, ...]
    about: str

    def check(self, network: Exported) -> None:  # noqa: B027 - most formats hold every network
        """Whether the format can hold the network, which most can.

        Raises:
            ModelError: It cannot; the reason says what can.
        """

    @abstractmethod
    def files(self, network: Exported) -> dict[str, bytes]:
        """The contents of the files by their endings."""

    @abstractmethod
    def usage(self, network: Exported, name: str) -> str:
        """One line: what to do with the file.

        Args:
            network: What was exported.
            name: Of the file that was written.
        """
