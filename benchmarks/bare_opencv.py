"""What a short script of one's own does with OpenCV alone: its `dnn` runs the network.

As the super-resolution of opencv-contrib does it (`dnn_superres`), with FSRCNN say.

python benchmarks/bare_opencv.py network.onnx in.png out.png 3
"""

from __future__ import annotations

import sys

import cv2
import numpy as np

model, source, target, scale = sys.argv[1:]
picture = cv2.cvtColor(cv2.imread(source), cv2.COLOR_BGR2YCrCb)
larger = cv2.resize(picture, None, fx=int(scale), fy=int(scale), interpolation=cv2.INTER_CUBIC)
network = cv2.dnn.readNetFromONNX(model)
network.setInput(cv2.dnn.blobFromImage(picture[..., 0], 1 / 255))
larger[..., 0] = np.clip(network.forward()[0, 0] * 255 + 0.5, 0, 255)
cv2.imwrite(target, cv2.cvtColor(larger, cv2.COLOR_YCrCb2BGR))
