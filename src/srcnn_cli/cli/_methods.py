"""Which methods `bench` and `compare` run: the options that say so, and the methods themselves."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.methods.base import Method
    from srcnn_cli.models.config import Precision
    from srcnn_cli.models.networks.base import BorderPolicy


class Choice:
    """The options of a command, checked, and the methods made from them.

    Args:
        models: Names and files; None: every shipped model for the scale.
        interpolations: Names separated by commas.
        border: Another border policy than each model's own.
        device: Where networks run.
        tile: Side of the tiles; 0 chooses.
        precision: That networks run in.
        ensemble: Run each network over eight flips and turns, too.
        overlap: Of the tiles of networks in ONNX files; None: measured.

    Raises:
        UsageError: An unknown interpolation.
    """

    def __init__(
        self,
        models: Sequence[str] | None,
        interpolations: str,
        border: BorderPolicy | None,
        device: str,
        tile: int,
        *,
        precision: Precision = "float32",
        ensemble: bool = False,
        overlap: int | None = None,
    ) -> None:
        from srcnn_cli.methods.interpolation import INTERPOLATIONS

        names = {name.strip() for name in interpolations.split(",") if name.strip()}
        for name in sorted(names - set(INTERPOLATIONS)):
            raise UsageError(
                f"unknown method {name!r}: use {', '.join(INTERPOLATIONS)}, and --model for models"
            )
        self._models, self._border, self._ensemble = models, border, ensemble
        self._device_name, self._tile = device, tile
        self._precision, self._overlap = precision, overlap
        self._interpolations = [name for name in INTERPOLATIONS if name in names]
        self.described: list[dict[str, Any]] = []

    @cached_property
    def device(self) -> str:
        """Where networks run.

        Raises:
            UsageError: There is no such device.
        """
        from srcnn_cli.engines.devices import find_device

        return find_device(self._device_name)

    def make(self, scale: int) -> list[Method]:
        """The methods for a scale, interpolations first.

        Raises:
            ModelError: A model is unknown, damaged or not for this scale.
            UsageError: An overlap is given, and there is no ONNX file.
        """
        from srcnn_cli.methods.interpolation import Interpolation
        from srcnn_cli.methods.onnx_file import is_onnx

        methods: list[Method] = [Interpolation(name) for name in self._interpolations]
        self.described = [{"name": method.name} for method in methods]
        files = self._files(scale)
        if self._overlap is not None and not any(is_onnx(path) for _, path in files):
            raise UsageError("--overlap is for ONNX files, and no --model is one")
        for name, path in files:
            methods += self._of_file(name, path)
        return methods

    def _files(self, scale: int) -> list[tuple[str, Path]]:
        from srcnn_cli.methods.selection import find_files
        from srcnn_cli.models.catalog import shipped_models

        if self._models is None:
            return [(m.name, m.path) for m in shipped_models() if scale in m.scales]
        found = []
        for name in self._models:
            files = find_files(name)
            if scale not in files:
                trained = ", ".join(f"×{known}" for known in sorted(files))
                raise ModelError(f"{name} is for {trained}, not for ×{scale}")
            path = files[scale]
            # Own runs all end in best.safetensors; their folder tells them apart.
            own = Path(name) in (path, path.parent) and path.parent.name
            found.append((f"{path.parent.name}/{path.stem}" if own else path.stem, path))
        return self._told_apart(found)

    def _told_apart(self, found: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
        """Each file once, those of one name by their whole path: figures are averaged by name."""
        from srcnn_cli.methods.interpolation import INTERPOLATIONS

        found = list(dict.fromkeys(found))
        names = Counter([*INTERPOLATIONS, *(name for name, _ in found)])
        return [(name if names[name] == 1 else str(path), path) for name, path in found]

    def _of_file(self, name: str, path: Path) -> list[Method]:
        from srcnn_cli.methods.onnx_file import is_onnx
        from srcnn_cli.methods.selection import describe_file, method_of_file
        from srcnn_cli.models.config import ModelConfig
        from srcnn_cli.models.weights import file_sha256

        config = describe_file(path)
        facts: dict[str, Any] = {
            "weights_sha256": file_sha256(path),
            "parameters": config.parameters,
            "color": config.color,
            "border": config.border,
        }
        runs = [False]
        if isinstance(config, ModelConfig):  # what can be chosen of networks alone
            facts |= {"border": self._border or config.border, "precision": self._precision}
            runs += [True] if self._ensemble else []
            if self._precision != "float32":  # so that no figure goes without it
                name = f"{name} {self._precision}"
        methods = [
            method_of_file(
                name, path, self.device, border=self._border, precision=self._precision,
                tile=self._tile, ensemble=ensemble,
                overlap=self._overlap if is_onnx(path) else None,
            )
            for ensemble in runs
        ]  # fmt: skip
        self.described += [{"name": method.name, **facts} for method in methods]
        return methods
