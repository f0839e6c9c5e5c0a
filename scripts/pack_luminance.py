"""Pack training pictures as small as they go for a trip to another machine: luminance alone.

Every picture becomes an 8-bit grey PNG of its Y', which `srcnn train` takes as it is stored, so the
network learns from the same numbers. Pictures that are held back for validation are the same that
`srcnn train --hold-back` would choose.

    python scripts/pack_luminance.py T91 BSD199 General100 --output pack --mebibytes 60
    srcnn train --data pack/training --validation pack/validation ...
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from srcnn_cli.files import write_atomically
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.pictures.reading import read_8bit
from srcnn_cli.training.examples import hold_back, training_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def main() -> None:
    """Pack, and say what did not fit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--output", type=Path, default=Path("pack"))
    parser.add_argument("--mebibytes", type=float, default=60)
    parser.add_argument("--hold-back", type=int, default=20)
    arguments = parser.parse_args()
    files = training_files(arguments.folders)
    kept, held = hold_back(files, arguments.hold_back)
    budget = int(arguments.mebibytes * 2**20)
    spent = _write(_encoded(held), arguments.output / "validation", budget)
    # Spread over the folders, so that what does not fit is missing everywhere alike.
    order = sorted(range(len(kept)), key=lambda index: (index * 0.6180339887) % 1)
    packed = _write(
        _encoded(kept[index] for index in order), arguments.output / "training", budget - spent
    )
    count = len(list((arguments.output / "training").glob("*.png")))
    print(
        f"{arguments.output}: {count} of {len(kept)} pictures for training, {len(held)} for "
        f"validation, {(spent + packed) / 2**20:.1f} MiB"
    )


def _encoded(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in files:
        stream = io.BytesIO()
        Image.fromarray(luminance_uint8(read_8bit(path))).save(stream, "PNG", optimize=True)
        yield f"{path.parent.name}-{path.stem}.png", stream.getvalue()


def _write(pictures: Iterable[tuple[str, bytes]], folder: Path, budget: int) -> int:
    """Write what fits into the budget; the bytes that were spent."""
    folder.mkdir(parents=True, exist_ok=True)
    spent = 0
    for name, data in pictures:
        if spent + len(data) <= budget:
            write_atomically(folder / name, lambda file, data=data: file.write(data))  # type: ignore[misc]
            spent += len(data)
    return spent


if __name__ == "__main__":
    main()
