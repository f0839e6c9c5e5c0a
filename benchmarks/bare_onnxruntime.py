"""What a short script of one's own does with ONNX Runtime and Pillow: the yardstick of `speed.py`.

python benchmarks/bare_onnxruntime.py network.onnx in.png out.png 3
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
from PIL import Image

model, source, target, scale = sys.argv[1:]
picture = Image.open(source).convert("YCbCr")
size = picture.width * int(scale), picture.height * int(scale)
larger = np.asarray(picture.resize(size, Image.Resampling.BICUBIC)).copy()
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
residual = given.name == "input" and int(scale) > 1 and "low" in model
planes = (np.asarray(picture) if residual else larger)[None, None, ..., 0].astype(np.float32) / 255
output = session.run(None, {given.name: planes})[0][0, 0] * 255
luminance = output + larger[..., 0] if residual else output
larger[..., 0] = np.clip(luminance + 0.5, 0, 255)
Image.fromarray(larger, "YCbCr").convert("RGB").save(target, compress_level=1)
