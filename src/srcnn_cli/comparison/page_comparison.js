"use strict";
// A slider between two of several pictures of one size. Both lie in layers that share one
// transform; the upper layer, the left picture, is clipped at the slider.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const stage = $("stage"), handle = $("handle");
  const layers = { left: $("left-layer"), right: $("right-layer") };
  const state = { left: data.left, right: data.right, set: -1, split: 50, zoom: 1, x: 0, y: 0 };

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const size = () => data.sets[state.set];

  function draw() {
    const { width, height } = size();
    // A picture that fits is centred; a larger one covers the stage.
    const free = (room, length) => length <= room ? [(room - length) / 2, (room - length) / 2]
      : [room - length, 0];
    const [lowX, highX] = free(stage.clientWidth, width * state.zoom);
    const [lowY, highY] = free(stage.clientHeight, height * state.zoom);
    state.x = clamp(state.x, lowX, highX);
    state.y = clamp(state.y, lowY, highY);
    for (const image of stage.querySelectorAll("img")) {
      // Whole device pixels, so that both pictures fall on the same ones.
      const step = 1 / (window.devicePixelRatio || 1);
      const snap = (value) => Math.round(value / step) * step;
      image.style.transform = `translate(${snap(state.x)}px, ${snap(state.y)}px) scale(${state.zoom})`;
    }
    stage.classList.toggle("sharp", state.zoom * (window.devicePixelRatio || 1) > 1);
    const edge = stage.clientWidth * state.split / 100;
    layers.left.style.clipPath = `inset(0 ${stage.clientWidth - edge}px 0 0)`;
    handle.style.left = `${edge}px`;
    handle.setAttribute("aria-valuenow", Math.round(state.split));
    handle.setAttribute("aria-valuetext", `${Math.round(state.split)} % ` +
      `${data.panels[state.left].name}, the rest ${data.panels[state.right].name}`);
    $("zoom").textContent = `${Math.round(state.zoom * 100)} %`;
  }

  function label(side) {
    const panel = data.panels[state[side]];
    const [name, figures] = $(`${side}-name`).children;
    name.textContent = panel.name;
    figures.textContent = panel.figures;
    $(side).value = state[side];
  }

  function show(side) {
    const panel = data.panels[state[side]], set = size();
    const image = new Image(set.width, set.height);
    image.alt = `${set.alt}${panel.alt}`;
    image.draggable = false;
    image.src = set.images[state[side]];
    layers[side].replaceChildren(image);
    label(side);
  }

  function choose(side, index) {
    if (index < 0 || index >= data.panels.length) return;
    state[side] = index;
    show(side);
    draw();
  }

  function swap() {
    [state.left, state.right] = [state.right, state.left];
    show("left");
    show("right");
    draw();
  }

  function fitTo(x, y, width, height) {
    let zoom = Math.min(stage.clientWidth / width, stage.clientHeight / height);
    if (zoom > 1) zoom = Math.min(Math.floor(zoom), 16);  // whole pixels
    state.zoom = zoom;
    state.x = stage.clientWidth / 2 - (x + width / 2) * zoom;
    state.y = stage.clientHeight / 2 - (y + height / 2) * zoom;
    draw();
  }

  const fit = () => fitTo(0, 0, size().width, size().height);

  // Zoom so that the point of the picture under (x, y) stays there.
  function zoomTo(zoom, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const { width, height } = size();
    const smallest = Math.min(1, stage.clientWidth / width, stage.clientHeight / height);
    zoom = clamp(zoom, smallest, 32);
    state.x = x - (x - state.x) * zoom / state.zoom;
    state.y = y - (y - state.y) * zoom / state.zoom;
    state.zoom = zoom;
    draw();
  }

  function stepZoom(direction) {
    const steps = [1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
    const next = direction > 0 ? steps.find((s) => s > state.zoom * 1.01)
      : steps.reverse().find((s) => s < state.zoom * 0.99);
    zoomTo(next ?? state.zoom);
  }

  function view(index) {
    const chosen = data.views[index];
    if (chosen.set !== state.set) {
      state.set = chosen.set;
      show("left");
      show("right");
    }
    [...$("views").children].forEach((b, i) => b.setAttribute("aria-pressed", i === index));
    $("about").textContent = `${chosen.label}: ${chosen.about}`;
    fitTo(chosen.x, chosen.y, chosen.width, chosen.height);
  }

  function slide(percent) {
    state.split = clamp(percent, 0, 100);
    draw();
  }

  function move(dx, dy) {
    state.x += dx;
    state.y += dy;
    draw();
  }

  // Pointers: one moves the slider or the pictures, two pinch.
  const pointers = new Map();
  let sliding = false;
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left - stage.clientLeft, y: event.clientY - box.top - stage.clientTop };
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    event.preventDefault();
    handle.focus({ preventScroll: true });
    pointers.set(event.pointerId, place(event));
    stage.setPointerCapture(event.pointerId);
    // Where everything is in view there is nothing to move but the slider.
    const { width, height } = size();
    const inView = width * state.zoom <= stage.clientWidth && height * state.zoom <= stage.clientHeight;
    if (pointers.size === 1) sliding = event.target === handle || inView;
    if (pointers.size === 1 && sliding) slide(place(event).x / stage.clientWidth * 100);
    if (pointers.size > 1) sliding = false;
    stage.classList.toggle("moving", !sliding);
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    if (sliding) {
      slide(now.x / stage.clientWidth * 100);
    } else if (pointers.size === 1) {
      move(now.x - before.x, now.y - before.y);
    } else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = (a) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      move((now.x - before.x) / 2, (now.y - before.y) / 2);
      zoomTo(state.zoom * distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    }
    pointers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    stage.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) stage.classList.remove("moving");
    });
  }
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 300 : 1;
    const { x, y } = place(event);
    zoomTo(state.zoom * 2 ** (-event.deltaY * lines / 300), x, y);
  }, { passive: false });

  const pan = 60;
  const keys = {
    ArrowLeft: (e) => slide(state.split - (e.shiftKey ? 10 : 2)),
    ArrowRight: (e) => slide(state.split + (e.shiftKey ? 10 : 2)),
    Home: () => slide(0), End: () => slide(100),
    PageUp: () => slide(state.split + 10), PageDown: () => slide(state.split - 10),
    ArrowUp: () => move(0, pan), ArrowDown: () => move(0, -pan),
    w: () => move(0, pan), s: () => move(0, -pan), a: () => move(pan, 0), d: () => move(-pan, 0),
    "+": () => stepZoom(1), "=": () => stepZoom(1), "-": () => stepZoom(-1), 0: fit, x: swap,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    const inStage = event.target === handle || event.target === document.body;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (digit && !(event.code.startsWith("Numpad") && /[^0-9]/.test(event.key))) {
      choose(event.shiftKey ? "left" : "right", Number(digit[1]) - 1);
    } else if (keys[event.key] && (inStage || event.key.length === 1)) {
      keys[event.key](event);
    } else {
      return;
    }
    event.preventDefault();
  });

  for (const side of ["left", "right"]) {
    data.panels.forEach((panel, i) => $(side).add(new Option(i < 9 ? `${i + 1}  ${panel.name}` : panel.name, i)));
    $(side).addEventListener("change", (event) => choose(side, Number(event.target.value)));
  }
  data.views.forEach((item, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = item.label;
    button.title = item.about;
    button.addEventListener("click", () => view(i));
    $("views").append(button);
  });
  $("in").addEventListener("click", () => stepZoom(1));
  $("out").addEventListener("click", () => stepZoom(-1));
  $("fit").addEventListener("click", fit);
  $("actual").addEventListener("click", () => zoomTo(1));
  let width = stage.clientWidth;
  new ResizeObserver(() => {
    if (stage.clientWidth !== width) fit();
    width = stage.clientWidth;
  }).observe(stage);
  view(0);
})();
