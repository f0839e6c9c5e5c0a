"""The papers once more: their tables and figures, with everything measured here."""
