"""`python -m srcnn_cli` is the `srcnn` command."""

from srcnn_cli.cli import run

run()
