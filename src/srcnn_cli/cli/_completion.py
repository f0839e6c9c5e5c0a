"""What the shell is told while a user types an option's value."""

from __future__ import annotations


def complete_model(incomplete: str) -> list[str]:
    """The interpolations, and the families of shipped models, whose names begin so."""
    from srcnn_cli.methods.interpolation import INTERPOLATIONS
    from srcnn_cli.models.catalog import shipped_models

    names = [*dict.fromkeys(model.family for model in shipped_models()), *INTERPOLATIONS]
    return [name for name in names if name.startswith(incomplete)]
