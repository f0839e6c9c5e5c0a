"""What several tests of `srcnn bench` do with pictures and reports."""

from pathlib import Path

from PIL import Image

_TIMES = {"seconds", "images_per_second", "megapixels_per_second"}


def reduced(path, target, scale, resample):
    """A low-resolution file as another program would make it."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        width, height = (side // scale for side in image.size)
        cropped = image.crop((0, 0, width * scale, height * scale))
        cropped.resize((width, height), resample).save(target)


def timeless(value):
    """A report without its seconds and rates."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in _TIMES}
    return [timeless(v) for v in value] if isinstance(value, list) else value
