"""The `srcnn` command, and `python -m srcnn_cli`, which is the same."""

from srcnn_cli.process import prepare


def run() -> None:
    """Set the process up and run the command; does not return."""
    prepare()
    from srcnn_cli.cli import run as run_command

    run_command()


if __name__ == "__main__":
    run()
