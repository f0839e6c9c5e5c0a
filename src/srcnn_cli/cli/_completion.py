"""What the shell is told while a user types an option's value."""

from __future__ import annotations


def complete_model(incomplete: str) -> list[str]:
    """The families of shipped models, and their nicknames, whose names begin so."""
    from srcnn_cli.models.catalog import shipped_models
    from srcnn_cli.models.config import NICKNAMES

    names = [*NICKNAMES, *dict.fromkeys(model.family for model in shipped_models())]
    return [name for name in names if name.startswith(incomplete)]


def complete_method(incomplete: str) -> list[str]:
    """The families of shipped models, and the interpolations, whose names begin so."""
    from srcnn_cli.methods.interpolation import INTERPOLATIONS

    return complete_model(incomplete) + [n for n in INTERPOLATIONS if n.startswith(incomplete)]
