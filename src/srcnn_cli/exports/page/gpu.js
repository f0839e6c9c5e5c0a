"use strict";
// The same layers by WebGL 2. Four planes are the channels of a layer of an array texture in 32-bit
// floating point, and a draw computes up to sixteen planes.

const GROUPS_PER_DRAW = 4;

class GpuNetwork {
  // Throws where the browser has no WebGL 2 that renders to floating point, or, unless `software` is
  // taken, too, only one without a graphics card, which is slower than JavaScript.
  constructor(layers, software) {
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl2", {
      antialias: false, powerPreference: "high-performance", failIfMajorPerformanceCaveat: !software,
    });
    if (!gl || !gl.getExtension("EXT_color_buffer_float")) throw new Error("no WebGL 2");
    const info = gl.getExtension("WEBGL_debug_renderer_info");
    const renderer = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    if (!software && /swiftshader|llvmpipe|software|basic render/i.test(renderer)) {
      throw new Error("no graphics card");
    }
    this.gl = gl;
    this.largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.layers = layers.map((layer) => this.prepared(layer));
    this.frame = gl.createFramebuffer();
    this.textures = new Map();
  }

  prepared(layer) {
    const gl = this.gl, from = Math.ceil(layer.inputs / 4), to = Math.ceil(layer.outputs / 4);
    const step = layer.side * layer.side;
    // A row for each place in the filter and four inputs; in it four texels for four outputs, one
    // for each input. The last row is the biases, what is added after the division, and slopes.
    const width = 4 * to, height = step * from + 1;
    const data = new Float32Array(width * height * 4);
    for (let o = 0; o < layer.outputs; o++) {
      for (let i = 0; i < layer.inputs; i++) {
        for (let k = 0; k < step; k++) {
          const row = k * from + (i >> 2), column = (o >> 2) * 4 + (i & 3);
          data[(row * width + column) * 4 + (o & 3)] = layer.weight[(o * layer.inputs + i) * step + k];
        }
      }
      const last = (step * from * width + (o >> 2) * 4) * 4 + (o & 3);
      data[last] = layer.bias[o];
      data[last + 4] = layer.after ? layer.after[o] : 0;
      data[last + 8] = layer.slope ? layer.slope[o] : 0;
    }
    const weights = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, weights);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, data);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    const programs = new Map();
    for (let first = 0; first < to; first += GROUPS_PER_DRAW) {
      const count = Math.min(GROUPS_PER_DRAW, to - first);
      if (!programs.has(count)) programs.set(count, this.program(layer, from, count));
    }
    return { from, to, weights, programs, outputs: layer.outputs };
  }

  program(layer, from, count) {
    const gl = this.gl, each = [...Array(count).keys()];
    const radius = layer.side >> 1;
    const outside = layer.outside === null ? "" : `vec4(${decimal(layer.outside)})`;
    const fetch = outside
      ? `all(equal(q, clamp(q, ivec2(0), size - 1))) ? texelFetch(source, ivec3(q, g), 0) : ${outside}`
      : "texelFetch(source, ivec3(clamp(q, ivec2(0), size - 1), g), 0)";
    const activated = {
      none: "s", relu: "max(s, 0.0)", tanh: "tanh(clamp(s, -15.0, 15.0))",
      prelu: "max(s, 0.0) + min(s, 0.0) * texelFetch(weights, ivec2(column + 2, last), 0)",
    }[layer.activation];
    const divided = layer.after
      ? `s = s * (${decimal(layer.side ** 2)} / float(valid.x * valid.y))
           + texelFetch(weights, ivec2(column + 1, last), 0);`
      : "";
    const text = `#version 300 es
      precision highp float;
      precision highp int;
      precision highp sampler2D;
      precision highp sampler2DArray;
      uniform sampler2DArray source;
      uniform sampler2D weights;
      uniform int first;
      ${each.map((n) => `layout(location = ${n}) out vec4 o${n};`).join("\n")}
      const int last = ${layer.side ** 2 * from};
      ivec2 valid;
      vec4 finished(vec4 s, int column) {
        s += texelFetch(weights, ivec2(column, last), 0);
        ${divided}
        return ${activated};
      }
      void main() {
        ivec2 p = ivec2(gl_FragCoord.xy), size = textureSize(source, 0).xy;
        valid = min(size - 1, p + ${radius}) - max(ivec2(0), p - ${radius}) + 1;
        ${each.map((n) => `vec4 s${n} = vec4(0.0);`).join("\n")}
        for (int k = 0; k < ${layer.side ** 2}; k++) {
          ivec2 q = p + ivec2(k % ${layer.side}, k / ${layer.side}) - ${radius};
          for (int g = 0; g < ${from}; g++) {
            vec4 v = ${fetch};
            int row = k * ${from} + g;
            ${each.map((n) => `s${n} += mat4(${[0, 1, 2, 3].map((i) =>
              `texelFetch(weights, ivec2((first + ${n}) * 4 + ${i}, row), 0)`).join(", ")}) * v;`).join("\n")}
          }
        }
        ${each.map((n) => `o${n} = finished(s${n}, (first + ${n}) * 4);`).join("\n")}
      }`;
    const corner = `#version 300 es
      void main() {
        gl_Position = vec4(float(gl_VertexID % 2) * 4.0 - 1.0, float(gl_VertexID / 2) * 4.0 - 1.0, 0, 1);
      }`;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, corner], [gl.FRAGMENT_SHADER, text]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error("the graphics card refuses the network: " + gl.getProgramInfoLog(program));
    }
    return { program, first: gl.getUniformLocation(program, "first"),
             source: gl.getUniformLocation(program, "source"),
             weights: gl.getUniformLocation(program, "weights") };
  }

  // An array texture of that size, kept for the next patch.
  texture(width, height, groups, turn) {
    const gl = this.gl, key = [width, height, groups, turn].join();
    if (!this.textures.has(key)) {
      if (this.textures.size > 12) {
        for (const old of this.textures.values()) gl.deleteTexture(old);
        this.textures.clear();
      }
      const made = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, made);
      gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA32F, width, height, groups);
      this.textures.set(key, made);
    }
    return this.textures.get(key);
  }

  run(planes) {
    const gl = this.gl, { width, height, channels } = planes, area = width * height;
    const pixels = new Float32Array(area * 4);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < area; i++) pixels[4 * i + c] = planes.values[c * area + i];
    }
    let source = this.texture(width, height, 1, "input");
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, source);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, 0, width, height, 1, gl.RGBA, gl.FLOAT, pixels);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.viewport(0, 0, width, height);
    this.layers.forEach((layer, index) => {
      const target = this.texture(width, height, layer.to, index % 2);
      for (let first = 0; first < layer.to; first += GROUPS_PER_DRAW) {
        this.draw(layer, source, target, first, Math.min(GROUPS_PER_DRAW, layer.to - first));
      }
      source = target;
    });
    return this.read(source, width, height, this.layers.at(-1));
  }

  draw(layer, source, target, first, count) {
    const gl = this.gl, { program, ...at } = layer.programs.get(count);
    gl.useProgram(program);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, source);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D_ARRAY, name, gl.NEAREST);
    }
    gl.uniform1i(at.source, 0);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, layer.weights);
    gl.uniform1i(at.weights, 1);
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform1i(at.first, first);
    this.attach(target, first, count);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  attach(texture, first, count) {
    const gl = this.gl, used = [];
    for (let n = 0; n < GROUPS_PER_DRAW; n++) {
      const point = gl.COLOR_ATTACHMENT0 + n;
      gl.framebufferTextureLayer(gl.FRAMEBUFFER, point, n < count ? texture : null, 0, n < count ? first + n : 0);
      used.push(n < count ? point : gl.NONE);
    }
    gl.drawBuffers(used);
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) {
      throw new Error("the graphics card cannot hold the network's planes");
    }
  }

  read(texture, width, height, layer) {
    const gl = this.gl, area = width * height, pixels = new Float32Array(area * 4);
    const values = new Float32Array(layer.outputs * area);
    for (let group = 0; group < layer.to; group++) {
      this.attach(texture, group, 1);
      gl.readBuffer(gl.COLOR_ATTACHMENT0);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, pixels);
      for (let c = 4 * group; c < Math.min(layer.outputs, 4 * group + 4); c++) {
        for (let i = 0; i < area; i++) values[c * area + i] = pixels[4 * i + (c & 3)];
      }
    }
    if (gl.isContextLost() || gl.getError() !== gl.NO_ERROR) throw new Error("the graphics card gave up");
    return { channels: layer.outputs, width, height, values };
  }
}

// A number as GLSL writes it.
function decimal(value) {
  const text = value.toPrecision(9);
  return /[.e]/.test(text) ? text : text + ".0";
}
