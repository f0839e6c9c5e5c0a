"""Read many damaged pictures, and compare what comes out with what a second reader shows.

    python scripts/fuzz_pictures.py --files 10000

The script makes sound files of every format and damages them: bits flipped, bytes cut off, parts
zeroed, and the beginnings of one put before the rest of another. Each is read in a process of its
own kind, which is watched. Counted are: pictures read, files refused (one line and an exit code of
their own, as it should be), other exceptions, processes that died, more than 5 seconds, more than
1 GB, pictures where a second reader refuses, and pictures that differ from the second reader's.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import random
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from srcnn_cli.errors import SrcnnError
from srcnn_cli.pictures.reading import decode_picture

_SECONDS, _BYTES = 5, 1_000_000_000
# A difference that is no fault: decoders of lossy formats round and enlarge chroma differently.
_LEVELS = {"JPEG": 60, "WEBP": 60, "AVIF": 60}
FINE = ("read", "refused")


def make_seeds() -> dict[str, bytes]:
    """Sound files: name of the kind -> content."""
    numbers = np.random.default_rng(1)
    small = Image.fromarray(numbers.integers(0, 256, (5, 6, 3), np.uint8))
    rgb = small.resize((48, 40), Image.Resampling.BICUBIC)
    pixels = np.asarray(rgb)
    deep = pixels.astype(np.uint16) * 257
    rgba = rgb.copy()
    rgba.putalpha(rgb.convert("L"))
    seeds: dict[str, bytes] = {}

    def add(name: str, image: Image.Image, kind: str, **options: Any) -> None:  # noqa: ANN401
        file = io.BytesIO()
        image.save(file, kind, **options)
        seeds[name] = file.getvalue()

    def add_tiff(name: str, values: np.ndarray, **options: Any) -> None:  # noqa: ANN401
        file = io.BytesIO()
        tifffile.imwrite(file, values, **options)
        seeds[name] = file.getvalue()

    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        add(f"PNG {mode}", (rgba if "A" in mode else rgb).convert(mode), "PNG")
    seeds["PNG 16"] = imagecodecs.png_encode(deep)
    add("JPEG", rgb, "JPEG", exif=rgb.getexif().tobytes())
    add("JPEG progressive", rgb, "JPEG", progressive=True)
    add("JPEG grey", rgb.convert("L"), "JPEG")
    add("WEBP", rgb, "WEBP")
    add("WEBP lossless", rgba, "WEBP", lossless=True)
    add("GIF", rgb.convert("P"), "GIF")
    add("BMP", rgb, "BMP")
    add("PPM", rgb, "PPM")
    seeds["PPM 12"] = b"P6\n48 40\n4095\n" + (deep >> 4).astype(">u2").tobytes()
    add("TGA", rgb, "TGA")
    add("AVIF", rgb, "AVIF")
    seeds["JPEG2000"] = imagecodecs.jpeg2k_encode(pixels, reversible=True, level=0)
    seeds["JPEG2000 12"] = imagecodecs.jpeg2k_encode(
        deep[..., 0] >> 4, reversible=True, level=0, bitspersample=12
    )
    for compression in (None, "zlib", "lzw", "packbits", "zstd", "jpeg"):
        add_tiff(f"TIFF {compression}", pixels, photometric="rgb", compression=compression)
    add_tiff("TIFF 16 tiled", deep, photometric="rgb", tile=(16, 16), byteorder=">")
    planes = np.ascontiguousarray(np.moveaxis(deep, -1, 0))
    add_tiff("TIFF 16 planar", planes, photometric="rgb", planarconfig="separate", bigtiff=True)
    return seeds


def damage(seeds: dict[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """One damaged file and the kind it was made of."""
    name = chance.choice(list(seeds))
    data = bytearray(seeds[name])
    way = chance.randrange(4)
    if way == 0:
        for _ in range(chance.randint(1, 6)):
            # Headers are where decoders stumble, so half of the damage goes there.
            end = len(data) if chance.random() < 0.5 else min(200, len(data))
            data[chance.randrange(end)] ^= 1 << chance.randrange(8)
    elif way == 1:
        del data[chance.randrange(len(data)) :]
    elif way == 2:
        start = chance.randrange(len(data))
        stop = min(len(data), start + chance.randint(1, 400))
        data[start:stop] = bytes(stop - start)
    else:
        other = seeds[chance.choice(list(seeds))]
        cut = chance.randint(4, min(200, len(other)))
        data[:cut] = other[:cut]
    return name, bytes(data)


def second_reader(data: bytes, kind: str) -> np.ndarray | None:
    """The pixels as another library shows them; None if there is none for that.

    Raises:
        Exception: It refuses the file.
    """
    if kind == "TIFF":
        with Image.open(io.BytesIO(data)) as image:
            if image.mode not in ("L", "RGB", "RGBA"):
                return None
            return np.asarray(image)
    decoders = {
        "PNG": imagecodecs.png_decode,
        "JPEG": imagecodecs.jpeg8_decode,
        "WEBP": imagecodecs.webp_decode,
        "BMP": imagecodecs.bmp_decode,
        "AVIF": imagecodecs.avif_decode,
    }
    return decoders[kind](data) if kind in decoders else None


def verdict_of(data: bytes) -> str:
    """What becomes of one file."""
    try:
        picture = decode_picture(data, "fuzzed")
    except SrcnnError:
        return "refused"
    except Exception as error:  # noqa: BLE001 - what is looked for
        return f"exception: {type(error).__name__}"
    try:
        shown = second_reader(data, picture.format)
    except Exception:  # noqa: BLE001 - any library's refusal
        return "read, where a second reader refuses"
    ours = picture.pixels
    if shown is None or shown.dtype != ours.dtype or shown.shape != ours.shape:
        return "read"  # of another mode there: nothing to compare
    difference = int(np.abs(shown.astype(np.int64) - ours).max(initial=0))
    return "read" if difference <= _LEVELS.get(picture.format, 1) else "differs"


def work(pipe: Any) -> None:  # noqa: ANN401 - a connection
    """Judge the files that come through a pipe."""
    while True:
        data = pipe.recv_bytes()
        verdict = verdict_of(data)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > _BYTES:
            verdict = "more than 1 GB"
        pipe.send(verdict)


class Worker:
    """A process that judges files, started anew whenever it dies, hangs or has grown."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=work, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def judge(self, data: bytes) -> str:
        """What becomes of a file."""
        self._pipe.send_bytes(data)
        try:
            verdict = self._pipe.recv() if self._pipe.poll(_SECONDS) else "more than 5 seconds"
        except EOFError:
            verdict = "process died"
        if verdict not in FINE and not verdict.startswith(("read", "differs", "exception")):
            self.stop()
            self._start()
        return str(verdict)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def fuzz(files: int, seed: int, keep: Path | None = None) -> Counter[str]:
    """Damage and read so many files; those with a fault are kept in a folder, if one is named."""
    seeds, chance = make_seeds(), random.Random(seed)  # noqa: S311 - no secret
    worker, counts = Worker(), Counter[str]()
    for number in range(files):
        name, data = damage(seeds, chance)
        verdict = worker.judge(data)
        counts[verdict] += 1
        if keep is not None and verdict not in FINE:
            keep.mkdir(parents=True, exist_ok=True)
            title = f"{number:05} {verdict} {name}".replace(" ", "_").replace(":", "")
            (keep / title).write_bytes(data)
    worker.stop()
    return counts


def main() -> None:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the files with a fault")
    given = parser.parse_args()
    counts = fuzz(given.files, given.seed, given.keep)
    for verdict, count in counts.most_common():
        print(f"{count:6,}  {verdict}")
    if set(counts) - set(FINE):
        sys.exit(1)


if __name__ == "__main__":
    main()
