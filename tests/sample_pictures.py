"""Pictures of random content, for tests that need any picture."""

from pathlib import Path

import numpy as np
from PIL import Image


def noise(path, size=(20, 14), mode="RGB", seed=0, **options):
    """Write noise: every pixel its own; ``options`` are those of Pillow's save."""
    return _save(_random(size, seed), path, mode, **options)


def smooth(path, size=(40, 34), mode="RGB", seed=0):
    """Write something smooth, of which a network can make something."""
    return _save(_random((8, 8), seed).resize(size, Image.Resampling.BICUBIC), path, mode)


def random_pixels(shape, seed=0):
    """Noise as an array of uint8."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def opened(path):
    """A picture file, read to its end."""
    with Image.open(path) as image:
        image.load()
        return image


def _random(size, seed):
    return Image.fromarray(random_pixels((size[1], size[0], 3), seed))


def _save(image, path, mode, **options):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    image.convert(mode).save(path, **options)
    return Path(path)
