"""What a weights file may hold: a network or a dictionary."""

from __future__ import annotations

from typing import TypeAlias

from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.dictionaries import DICTIONARIES, DictionaryConfig

AnyConfig: TypeAlias = ModelConfig | DictionaryConfig


def config_from_dict(values: object) -> AnyConfig:
    """The inverse of `to_dict` of either; its ``architecture`` says which it is.

    Raises:
        ModelError: A field is unknown, missing or of the wrong type, or a value is impossible.
    """
    if isinstance(values, dict) and values.get("architecture") in DICTIONARIES:
        return DictionaryConfig.from_dict(values)
    return ModelConfig.from_dict(values)
