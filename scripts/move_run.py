"""Take a training run along to another machine, where its pictures lie elsewhere.

Copies a run's checkpoint, weights and log, with the folders of a pack made by `pack_luminance.py`
in place of those that it was started with. `srcnn train --resume` then goes on with its network,
schedule, and the state of its optimiser; only what is drawn from the pictures differs.

    python scripts/move_run.py runs/own carried --pack pack
    srcnn train --resume carried
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from srcnn_cli.training.checkpoints import CHECKPOINT, load_checkpoint, save_checkpoint


def main() -> None:
    """Copy, and put the new folders in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--pack", type=Path, required=True)
    options = parser.parse_args()
    checkpoint = load_checkpoint(options.run)
    options.output.mkdir(parents=True, exist_ok=True)
    for path in options.run.iterdir():
        if path.is_file() and path.name != CHECKPOINT:
            shutil.copy2(path, options.output / path.name)
    provenance = {
        **checkpoint.provenance,
        "data": [str(options.pack / "training")],
        "validation": str(options.pack / "validation"),
    }
    save_checkpoint(options.output, replace(checkpoint, provenance=provenance))


if __name__ == "__main__":
    main()
