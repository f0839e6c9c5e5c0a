"""How the tests of `srcnn bench` run it."""

import json

import pytest

from srcnn_cli.cli import _console
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.models import catalog


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch):
    """The default is every shipped model: here that is none, so that tests stay fast."""
    monkeypatch.setattr(catalog, "shipped_models", lambda: ())


@pytest.fixture
def run(srcnn, work, monkeypatch):
    """Run `srcnn bench ...` on the CPU in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.setattr(_console.out, "_width", 80)  # as without a terminal

    def call(*arguments):
        return srcnn("bench", *arguments, "--device", "cpu")

    return call


@pytest.fixture
def report(run):
    """Run `srcnn bench ... --format json`, which must succeed: (report, stderr)."""

    def call(*arguments):
        code, out, err = run(*arguments, "--format", "json")
        assert code == 0, err
        return json.loads(out), err

    return call


@pytest.fixture
def never_measured(monkeypatch):
    def measured(*_arguments):
        raise AssertionError("it was measured")

    monkeypatch.setattr(Interpolation, "enlarge", measured)
