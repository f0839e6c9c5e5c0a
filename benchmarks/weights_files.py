"""Which weights files the scripts of this folder measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.models.catalog import find_model, shipped_models

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def weights_files(names: Sequence[str]) -> dict[str, Path]:
    """Weights files by what to call them.

    Args:
        names: Shipped models, families of them, or paths of weights files; none: all shipped ones.

    Raises:
        ModelError: There is nothing of that name.
    """
    shipped = {model.path: model.name for model in shipped_models()}
    paths = [path for name in names for path in find_model(name).values()] if names else shipped
    # Own runs all end in best.safetensors; their folder tells them apart.
    return {shipped.get(path, f"{path.parent.name}/{path.stem}"): path for path in paths}
