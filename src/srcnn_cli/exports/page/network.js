"use strict";
// The network in plain JavaScript: planes are {channels, width, height, values}, values being
// Float32Array, plane after plane, row after row. This text also runs in workers.

// Convolutions of a patch; each as large as its input. `layers` as exports/html.py writes them.
function runLayers(layers, planes) {
  for (const layer of layers) planes = runLayer(layer, planes);
  return planes;
}

function runLayer(layer, source) {
  const { side, inputs, outputs, weight, bias } = layer;
  const { width, height } = source;
  const padded = extended(source, side >> 1, layer.outside);
  const stride = padded.width;
  const values = new Float32Array(outputs * width * height);
  const rows = [0, 1, 2, 3].map(() => new Float64Array(width));
  // Four output planes at a time, so that each value is read once for four products.
  for (let first = 0; first < outputs; first += 4) {
    const count = Math.min(4, outputs - first);
    for (let y = 0; y < height; y++) {
      for (let n = 0; n < 4; n++) rows[n].fill(n < count ? bias[first + n] : 0);
      const [a, b, c, d] = rows;
      for (let i = 0; i < inputs; i++) {
        for (let ky = 0; ky < side; ky++) {
          const start = (i * padded.height + y + ky) * stride;
          for (let kx = 0; kx < side; kx++) {
            const at = (i * side + ky) * side + kx, step = inputs * side * side;
            const wa = weight[first * step + at];
            const wb = count > 1 ? weight[(first + 1) * step + at] : 0;
            const wc = count > 2 ? weight[(first + 2) * step + at] : 0;
            const wd = count > 3 ? weight[(first + 3) * step + at] : 0;
            for (let x = 0, p = start + kx; x < width; x++, p++) {
              const v = padded.values[p];
              a[x] += wa * v;
              b[x] += wb * v;
              c[x] += wc * v;
              d[x] += wd * v;
            }
          }
        }
      }
      for (let n = 0; n < count; n++) finishRow(layer, first + n, y, rows[n], values, width, height);
    }
  }
  return { channels: outputs, width, height, values };
}

// The sums of a row divided by the share of the filter inside the picture, and activated.
function finishRow(layer, plane, y, sums, values, width, height) {
  const { side, after, activation, slope } = layer;
  const down = after ? inside(y, height, side) : side;
  let to = (plane * height + y) * width;
  for (let x = 0; x < width; x++, to++) {
    let value = sums[x];
    if (after) value = (value * side * side) / (down * inside(x, width, side)) + after[plane];
    if (activation === "relu") value = Math.max(0, value);
    else if (activation === "tanh") value = Math.tanh(value);
    else if (activation === "prelu" && value < 0) value *= slope[plane];
    values[to] = value;
  }
}

// How many of `side` values around one lie within a length.
function inside(at, length, side) {
  const radius = side >> 1;
  return Math.min(length - 1, at + radius) - Math.max(0, at - radius) + 1;
}

// Planes with a margin of a value; null: of the nearest values.
function extended(source, radius, outside) {
  if (radius === 0) return source;
  const width = source.width + 2 * radius, height = source.height + 2 * radius;
  const values = new Float32Array(source.channels * width * height);
  if (outside !== null) values.fill(outside);
  for (let c = 0; c < source.channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = y - radius, nearest = Math.min(source.height - 1, Math.max(0, row));
      if (outside !== null && row !== nearest) continue;
      const start = (c * source.height + nearest) * source.width;
      const to = (c * height + y) * width;
      values.set(source.values.subarray(start, start + source.width), to + radius);
      if (outside === null) {
        values.fill(source.values[start], to, to + radius);
        values.fill(source.values[start + source.width - 1], to + radius + source.width, to + width);
      }
    }
  }
  return { channels: source.channels, width, height, values };
}

// Part of the bicubic enlargement by a whole factor, symmetric at the edges. `filters` has five
// weights for each sub-pixel along an axis; `region` is of the result: {top, left, bottom, right}.
function enlargedPart(source, factor, filters, region) {
  const { channels, width, height } = source;
  const rows = region.bottom - region.top, columns = region.right - region.left;
  const mirror = (i, length) => {
    const m = ((i % (2 * length)) + 2 * length) % (2 * length);
    return m < length ? m : 2 * length - 1 - m;
  };
  const low = Math.floor(region.left / factor) - 2;
  const high = Math.floor((region.right - 1) / factor) + 3;
  const line = new Float64Array(high - low);
  const values = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      const at = region.top + y, base = Math.floor(at / factor), phase = at - base * factor;
      line.fill(0);
      for (let k = 0; k < 5; k++) {
        const weight = filters[phase * 5 + k];
        const start = (c * height + mirror(base + k - 2, height)) * width;
        for (let x = low; x < high; x++) {
          line[x - low] += weight * source.values[start + (x >= 0 && x < width ? x : mirror(x, width))];
        }
      }
      for (let x = 0; x < columns; x++) {
        const at = region.left + x, base = Math.floor(at / factor), phase = at - base * factor;
        let sum = 0;
        for (let k = 0; k < 5; k++) sum += filters[phase * 5 + k] * line[base + k - 2 - low];
        values[(c * rows + y) * columns + x] = sum;
      }
    }
  }
  return { channels, width: columns, height: rows, values };
}

// A part of planes, {top, left, bottom, right}.
function cut(source, region) {
  const width = region.right - region.left, height = region.bottom - region.top;
  const values = new Float32Array(source.channels * width * height);
  for (let c = 0; c < source.channels; c++) {
    for (let y = 0; y < height; y++) {
      const start = (c * source.height + region.top + y) * source.width + region.left;
      values.set(source.values.subarray(start, start + width), (c * height + y) * width);
    }
  }
  return { channels: source.channels, width, height, values };
}

// s² planes for each plane as one that is s times as large.
function shuffled(source, factor) {
  if (factor === 1) return source;
  const { width, height } = source, channels = source.channels / factor ** 2;
  const values = new Float32Array(source.values.length);
  for (let c = 0; c < channels; c++) {
    for (let sy = 0; sy < factor; sy++) {
      for (let sx = 0; sx < factor; sx++) {
        let from = ((c * factor + sy) * factor + sx) * width * height;
        for (let y = 0; y < height; y++) {
          let to = ((c * height + y) * factor + sy) * width * factor + sx;
          for (let x = 0; x < width; x++, from++, to += factor) values[to] = source.values[from];
        }
      }
    }
  }
  return { channels, width: width * factor, height: height * factor, values };
}

// The inverse: a part of planes with the pixels of each block as planes. `region` is in blocks; beyond
// the picture its outermost pixels go on.
function inBlocks(source, block, region) {
  const width = region.right - region.left, height = region.bottom - region.top;
  const values = new Float32Array(source.channels * block ** 2 * width * height);
  let to = 0;
  for (let c = 0; c < source.channels; c++) {
    for (let sy = 0; sy < block; sy++) {
      for (let sx = 0; sx < block; sx++) {
        for (let y = region.top; y < region.bottom; y++) {
          const row = Math.min(source.height - 1, Math.max(0, y * block + sy));
          const start = (c * source.height + row) * source.width;
          for (let x = region.left; x < region.right; x++, to++) {
            values[to] = source.values[start + Math.min(source.width - 1, Math.max(0, x * block + sx))];
          }
        }
      }
    }
  }
  return { channels: source.channels * block ** 2, width, height, values };
}

// In a worker: the layers of all networks first, then patches for one of them.
if (typeof document === "undefined") {
  let networks = null;
  self.onmessage = ({ data }) => {
    if (data.networks) {
      networks = data.networks;
      return;
    }
    const result = runLayers(networks[data.which], data.planes);
    self.postMessage({ number: data.number, result }, [result.values.buffer]);
  };
}
