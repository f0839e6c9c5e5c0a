"use strict";
// The page: a photo in, tiles through the network, a larger photo out.

const MOST_PIXELS = 120e6, LONGEST_SIDE = 16384; // what browsers keep in a canvas
const byId = (id) => document.getElementById(id);
const model = loadModel(JSON.parse(byId("data").textContent));

function loadModel(data) {
  const floats = (text) => {
    if (text === null) return null;
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };
  for (const layer of [...data.layers, ...(data.colors ? data.colors.layers : [])]) {
    for (const name of ["weight", "bias", "after", "slope"]) layer[name] = floats(layer[name]);
  }
  return data;
}

// Workers that run patches in plain JavaScript, one for each core.
class PlainNetwork {
  constructor(networks) {
    this.name = "JavaScript";
    this.work = 3e9; // multiplications for a tile
    const text = byId("network").textContent;
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const count = Math.min(8, Math.max(1, navigator.hardwareConcurrency || 1));
    this.waiting = new Map();
    this.number = 0;
    this.workers = [...Array(count)].map(() => {
      const worker = new Worker(address);
      worker.onmessage = ({ data }) => this.answer(data.number, null, data.result);
      worker.onerror = (event) => this.failed(new Error(event.message || "a worker failed"));
      worker.postMessage({ networks });
      return worker;
    });
    this.parallel = count;
  }

  run(planes, which = "main") {
    const number = this.number++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.workers[number % this.workers.length].postMessage({ number, planes, which });
    });
  }

  answer(number, error, result) {
    const { resolve, reject } = this.waiting.get(number);
    this.waiting.delete(number);
    if (error) reject(error);
    else resolve(result);
  }

  failed(error) {
    for (const number of [...this.waiting.keys()]) this.answer(number, error);
  }
}

// The graphics card, if it computes what JavaScript computes.
function checkedGpu(layers, software) {
  const gpu = new GpuNetwork(layers, software);
  const width = 24, height = 20, channels = layers[0].inputs;
  const values = Float32Array.from({ length: channels * width * height }, (_, i) => ((i * 37) % 101) / 101);
  const patch = { channels, width, height, values };
  const here = gpu.run(patch).values, there = runLayers(layers, patch).values;
  if (!here.every((value, i) => Math.abs(value - there[i]) < 1e-3)) {
    throw new Error("the graphics card computes something else");
  }
  return gpu;
}

function gpuNetworks(networks, software) {
  const gpus = {};
  for (const [which, layers] of Object.entries(networks)) gpus[which] = checkedGpu(layers, software);
  const run = async (planes, which = "main") => gpus[which].run(planes);
  return { name: "WebGL 2", work: 16e9, parallel: 1, run };
}

// For tests the address may end in #webgl or #javascript.
let network = null;
function theNetwork() {
  if (network) return network;
  const networks = { main: model.layers };
  if (model.colors) networks.colors = model.colors.layers;
  if (location.hash !== "#javascript") {
    try {
      network = gpuNetworks(networks, location.hash === "#webgl");
    } catch (error) {
      console.info(`WebGL is not used: ${error.message}`);
    }
  }
  network ||= new PlainNetwork(networks);
  return network;
}

// R'G'B' of a canvas as the planes of the model, in [0, 1], and back.
function planesOf({ data, width, height }) {
  const { matrix, offset } = model.from_rgb, area = width * height;
  const values = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    const r = data[4 * i] / 255, g = data[4 * i + 1] / 255, b = data[4 * i + 2] / 255;
    for (let c = 0; c < 3; c++) {
      values[c * area + i] = matrix[c][0] * r + matrix[c][1] * g + matrix[c][2] * b + offset[c];
    }
  }
  return { channels: 3, width, height, values };
}

function pixelsOf(planes, improved) {
  const { matrix, offset } = model.to_rgb, { width, height, values } = planes, area = width * height;
  values.set(improved.values);
  const image = new ImageData(width, height);
  for (let i = 0; i < area; i++) {
    const p = values[i], q = values[area + i], r = values[2 * area + i];
    for (let c = 0; c < 3; c++) {
      const value = matrix[c][0] * p + matrix[c][1] * q + matrix[c][2] * r + offset[c];
      image.data[4 * i + c] = Math.floor(Math.min(1, Math.max(0, value)) * 255 + 0.5);
    }
    image.data[4 * i + 3] = 255;
  }
  return image;
}

const times = ({ top, left, bottom, right }, factor) => ({
  top: top * factor, left: left * factor, bottom: bottom * factor, right: right * factor,
});
const within = (inner, outer) => ({
  top: inner.top - outer.top, left: inner.left - outer.left,
  bottom: inner.bottom - outer.top, right: inner.right - outer.left,
});
const grown = ({ top, left, bottom, right }, by, width, height) => ({
  top: Math.max(0, top - by), left: Math.max(0, left - by),
  bottom: Math.min(height, bottom + by), right: Math.min(width, right + by),
});

// One tile, `region` of the low-resolution planes, as pixels.
async function enlargedTile(planes, seen, region, engine) {
  const { scale, radius, bicubic } = model, target = times(region, scale);
  const large = enlargedPart(planes, scale, bicubic, target);
  let result;
  if (model.interpolated) {
    const source = grown(target, radius, planes.width * scale, planes.height * scale);
    result = cut(await engine.run(enlargedPart(seen, scale, bicubic, source)), within(target, source));
  } else {
    const source = grown(region, radius, planes.width, planes.height);
    const computed = shuffled(await engine.run(cut(seen, source)), scale);
    result = cut(computed, times(within(region, source), scale));
  }
  if (model.residual) result.values.forEach((value, i, all) => (all[i] = value + large.values[i]));
  return pixelsOf(large, result);
}

// Colours of `planes` put right, a part of them: `region` is in blocks of pixels. They go to `restored`.
async function restoreColors(planes, restored, region, engine) {
  const { block, radius } = model.colors, { width, height } = planes;
  const source = {
    top: region.top - radius, left: region.left - radius,
    bottom: region.bottom + radius, right: region.right + radius,
  };
  const computed = shuffled(await engine.run(inBlocks(planes, block, source), "colors"), block);
  const { top, left, bottom, right } = times(region, block), corner = times(source, block);
  for (const c of [1, 2]) {
    for (let y = top; y < Math.min(height, bottom); y++) {
      const from = (c * computed.height + y - corner.top) * computed.width - corner.left;
      const to = (c * height + y) * width;
      for (let x = left; x < Math.min(width, right); x++) restored[to + x] += computed.values[from + x];
    }
  }
}

function tiles(width, height, each, engine) {
  const most = Math.max(16, Math.min(256, Math.floor(Math.sqrt(engine.work / each))));
  const cuts = (length) => {
    const count = Math.ceil(length / most);
    return [...Array(count).keys()].map((i) => [
      Math.floor((length * i) / count), Math.floor((length * (i + 1)) / count),
    ]);
  };
  return cuts(height).flatMap(([top, bottom]) =>
    cuts(width).map(([left, right]) => ({ top, left, bottom, right })));
}

// The whole picture onto a canvas, several tiles at a time.
async function enlarge(image, canvas, progress, signal) {
  const engine = theNetwork(), planes = planesOf(image), { width, height } = image;
  const area = width * height;
  const seen = { ...planes, channels: model.channels, values: planes.values.subarray(0, model.channels * area) };
  canvas.width = width * model.scale;
  canvas.height = height * model.scale;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The result is too large for this browser.");
  // On the interpolated picture a pixel of the low resolution is scale² pixels.
  const each = model.operations * (model.interpolated ? model.scale ** 2 : 1);
  const parts = tiles(width, height, each, engine);
  let colored = [], done = 0;
  if (model.colors) {
    const { block, operations } = model.colors;
    colored = tiles(Math.ceil(width / block), Math.ceil(height / block), operations, engine);
  }
  const all = parts.length + colored.length;
  const workOn = async (waiting, finish) => {
    const work = async () => {
      while (waiting.length && !signal.aborted) {
        await finish(waiting.shift());
        progress(++done / all);
        await new Promise((resolve) => setTimeout(resolve)); // lets the page live
      }
    };
    await Promise.all([...Array(engine.parallel)].map(work));
    if (signal.aborted) throw new Error("Stopped.");
  };
  if (model.colors) {
    const restored = planes.values.slice();
    await workOn(colored, (region) => restoreColors(planes, restored, region, engine));
    planes.values = restored;
  }
  await workOn(parts, async (region) => {
    const pixels = await enlargedTile(planes, seen, region, engine);
    context.putImageData(pixels, region.left * model.scale, region.top * model.scale);
  });
  return engine.name;
}

// What the file shows: upright, in the colours of the screen, and whether parts were transparent.
async function decoded(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name || "That"} is no picture that this browser can read.`);
  });
  const width = bitmap.width * model.scale, height = bitmap.height * model.scale;
  if (width * height > MOST_PIXELS || Math.max(width, height) > LONGEST_SIDE) {
    throw new Error(
      `${width}×${height} would be too large for a browser: srcnn upscale on the command line has no such limit.`,
    );
  }
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const seen = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let transparent = false;
  for (let i = 3; i < seen.length && !transparent; i += 4) transparent = seen[i] < 255;
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return { image: context.getImageData(0, 0, canvas.width, canvas.height), transparent };
}

let running = null;
let before = null;

async function take(file) {
  running?.abort();
  const own = (running = new AbortController());
  const say = (text) => own === running && (byId("status").textContent = text);
  document.body.dataset.state = "working";
  byId("bar").value = 0;
  say(`Reading ${file.name || "the picture"} …`);
  const started = performance.now();
  try {
    const { image, transparent } = await decoded(file);
    const canvas = document.createElement("canvas");
    say("Preparing the network …");
    await new Promise((resolve) => setTimeout(resolve, 30)); // so that it is seen
    const engine = await enlarge(image, canvas, (share) => {
      if (own !== running) return;
      byId("bar").value = share;
      say(`${Math.round(100 * share)} %`);
    }, own.signal);
    if (own !== running) return;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    show(canvas, image, file.name);
    say(
      `${image.width}×${image.height} → ${canvas.width}×${canvas.height}, ${seconds} s (${engine})` +
        (transparent ? "; transparent parts became white" : ""),
    );
    document.body.dataset.state = "done";
  } catch (error) {
    if (own !== running) return;
    say(error.message);
    document.body.dataset.state = "failed";
  }
}

function show(canvas, image, name) {
  canvas.id = "result";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name || "The picture"}, enlarged ${model.scale} times`);
  byId("result").replaceWith(canvas);
  before = byId("before");
  before.width = image.width;
  before.height = image.height;
  before.getContext("2d").putImageData(image, 0, 0);
  byId("stage").style.setProperty("--ratio", image.width / image.height);
  const stem = (name || "picture").replace(/\.[^.]*$/, "");
  byId("save").dataset.name = `${stem}_x${model.scale}.png`;
  slide();
}

const slide = () => byId("stage").style.setProperty("--at", `${byId("slider").value}%`);

byId("slider").addEventListener("input", slide);
byId("file").addEventListener("change", ({ target }) => {
  if (target.files.length) take(target.files[0]);
  target.value = "";
});
byId("stop").addEventListener("click", () => running?.abort());
byId("save").addEventListener("click", () => {
  byId("result").toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = byId("save").dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }, "image/png");
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (file) take(file);
});
