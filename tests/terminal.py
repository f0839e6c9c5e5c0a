"""What the tests of several commands look for after a command has ended."""

from pathlib import Path


def one_line(err, *, bug=False):
    """What a failure leaves on stderr; a bug of ours alone calls itself so."""
    assert err.count("\n") == 1, err
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert ("internal error" in err) == bug
    return err


def listing(folder):
    """Names in a folder."""
    return sorted(path.name for path in Path(folder).iterdir())


def no_leftovers(folder):
    """Whether no temporary file was left in a folder."""
    return not [name for name in listing(folder) if "tmp" in name or name.startswith(".")]
