"""How the tests of `srcnn upscale` run it."""

import pytest


@pytest.fixture
def weights(tiny_weights):
    """A small ×3 network."""
    return str(tiny_weights())


@pytest.fixture
def run(srcnn, work, weights):
    """Run `srcnn upscale ... --model <tiny>` in an empty folder: (exit code, stdout, stderr)."""

    def call(*arguments, model=weights):
        return srcnn("upscale", *arguments, "--model", model)

    return call
