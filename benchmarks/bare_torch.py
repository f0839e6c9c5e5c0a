"""What a short script of one's own does with torch and Pillow: another yardstick of `speed.py`.

python benchmarks/bare_torch.py network.safetensors in.png out.png 3
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from plain_network import PlainNetwork
from srcnn_cli.models.weights import load_weights

model, source, target, scale = sys.argv[1:]
picture = Image.open(source).convert("YCbCr")
size = picture.width * int(scale), picture.height * int(scale)
larger = np.asarray(picture.resize(size, Image.Resampling.BICUBIC)).copy()
network = PlainNetwork(*load_weights(Path(model))).eval()
low = network.config.factor > 1
planes = np.asarray(picture) if low else larger
with torch.inference_mode():
    given = torch.from_numpy(planes[None, None, ..., 0].astype(np.float32) / 255)
    output = network(given)[0, 0].numpy() * 255
luminance = output + larger[..., 0] if low and network.config.residual else output
larger[..., 0] = np.clip(luminance + 0.5, 0, 255)
Image.fromarray(larger, "YCbCr").convert("RGB").save(target, compress_level=1)
