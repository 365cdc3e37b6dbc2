// Draws a model with WebGL2. Takes the messages of the decoder's worker (info, level, plane, ready) and
// a camera; knows neither the page nor the network.
import {FrameBudget} from './frame_budget.js';
import {drawFragment, mergeFragment, triangleVertex} from './shaders.js';

const formats = {  // of a plane: internal format, format, type, bytes of a texel
  rg32ui: ['RG32UI', 'RG_INTEGER', 'UNSIGNED_INT', Uint32Array, 8],
  rgba32ui: ['RGBA32UI', 'RGBA_INTEGER', 'UNSIGNED_INT', Uint32Array, 16],
  r16ui: ['R16UI', 'RED_INTEGER', 'UNSIGNED_SHORT', Uint16Array, 2],
  r8snorm: ['R8_SNORM', 'RED', 'BYTE', Int8Array, 1],
};
const pointBytes = 8;  // of a texel of merged planes
const units = ['top_grid', 'tables', 'density', 'records', 'aprons', 'points0', 'points1'];
const planeUnits = {top: 0, tables: 1, density: 2, records: 3, aprons: 4};

function compile(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  return program;
}

function check(gl, program) {
  if (gl.getProgramParameter(program, gl.LINK_STATUS) || gl.isContextLost()) return;
  const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
  throw new Error(`This browser's graphics driver refuses the shader: ${logs.join(' ')} ${gl.getProgramInfoLog(program)}`);
}

// The textures of one level, filled plane by plane.
class LevelTextures {
  constructor(gl, message) {
    this.gl = gl;
    this.atlas = message.atlas;
    this.textures = [];
    this.bytes = 0;
    this.transientBytes = 0;
  }

  make(target, internal, width, height, depth, filter) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    if (depth) {
      gl.texParameteri(target, gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE);
      gl.texStorage3D(target, 1, internal, width, height, depth);
    } else {
      gl.texStorage2D(target, 1, internal, width, height);
    }
    return texture;
  }

  add(plane, merge) {
    const gl = this.gl;
    const [internal, format, type, View, texelBytes] = formats[plane.format];
    const {width, height, depth} = plane;
    const data = new View(plane.data.buffer, plane.data.byteOffset, plane.data.byteLength / View.BYTES_PER_ELEMENT);
    const target = depth ? gl.TEXTURE_3D : gl.TEXTURE_2D;
    gl.activeTexture(gl.TEXTURE0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const filter = plane.format === 'r8snorm' ? gl.LINEAR : gl.NEAREST;
    const texture = this.make(target, gl[internal], width, height, depth, filter);
    if (depth) {
      gl.texSubImage3D(target, 0, 0, 0, 0, width, height, depth, gl[format], gl[type], data);
    } else {
      gl.texSubImage2D(target, 0, 0, 0, width, height, gl[format], gl[type], data);
    }
    const bytes = width * height * (depth || 1) * texelBytes;
    if (plane.name in planeUnits) {
      this.textures[planeUnits[plane.name]] = texture;
      this.bytes += bytes;
      return;
    }
    this.transientBytes = bytes;
    const group = Number(plane.name.slice('points'.length));
    const unit = 5 + (group >> 2);
    if (!this.textures[unit]) {
      this.textures[unit] = this.make(gl.TEXTURE_2D, gl.RGBA16UI, width, height, 0, gl.NEAREST);
      this.bytes += width * height * pointBytes;
    }
    merge(texture, this.textures[unit], group & 3, width, height);
    gl.deleteTexture(texture);
  }

  bind(program) {
    const gl = this.gl;
    units.forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(unit < 3 ? gl.TEXTURE_3D : gl.TEXTURE_2D, this.textures[unit] ?? (unit < 5 ? null : this.textures[5]));
      gl.uniform1i(gl.getUniformLocation(program, name), unit);
    });
  }

  dispose() {
    this.textures.forEach((texture) => this.gl.deleteTexture(texture));
    this.textures = [];
  }
}

export class Renderer {
  // options.background: [r, g, b, a], 0..1, not premultiplied; without it the page shines through.
  constructor(canvas, options = {}) {
    const gl = canvas.getContext('webgl2', {alpha: true, antialias: false, depth: false, stencil: false,
                                            powerPreference: 'high-performance', preserveDrawingBuffer: !!options.keep});
    if (!gl) throw new Error('This browser cannot show the model: it has no WebGL2.');
    this.canvas = canvas;
    this.gl = gl;
    const [r, g, b, a] = options.background ?? [0, 0, 0, 0];
    this.background = [r * a, g * a, b * a, a];
    this.budget = new FrameBudget(gl, options.frame_ms);
    this.level = null;
    this.next = null;
    this.camera = null;
    this.width = this.height = 1;  // device pixels of the element
    gl.bindVertexArray(gl.createVertexArray());
    gl.disable(gl.DITHER);
  }

  limits() {
    const gl = this.gl;
    return {max_texture: gl.getParameter(gl.MAX_TEXTURE_SIZE), max_3d_texture: gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)};
  }

  setInfo(info, weights) {
    const gl = this.gl;
    this.info = info;
    this.network = gl.createBuffer();
    gl.bindBuffer(gl.UNIFORM_BUFFER, this.network);
    let data = new Float32Array(4);
    if (info.appearance_kind === 3) {
      const inner = (info.channel_count + 16) * info.hidden_width;
      data = new Float32Array(inner + 4 * info.hidden_width);
      data.set(weights.subarray(0, inner));
      for (let h = 0; h < info.hidden_width; ++h) data.set(weights.subarray(inner + 3 * h, inner + 3 * h + 3), inner + 4 * h);
    }
    gl.bufferData(gl.UNIFORM_BUFFER, data, gl.STATIC_DRAW);
  }

  beginLevel(message) {
    this.next?.dispose();
    this.next = new LevelTextures(this.gl, message);
  }

  addPlane(plane) {
    this.next.add(plane, (...args) => this.mergePlane(...args));
  }

  mergePlane(from, to, channel, width, height) {
    const gl = this.gl;
    if (!this.merge) {
      this.merge = compile(gl, triangleVertex, mergeFragment);
      check(gl, this.merge);
    }
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, to, 0);
    gl.viewport(0, 0, width, height);
    gl.useProgram(this.merge);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, from);
    gl.uniform1i(gl.getUniformLocation(this.merge, 'plane'), 0);
    gl.colorMask(channel === 0, channel === 1, channel === 2, channel === 3);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.colorMask(true, true, true, true);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(framebuffer);
  }

  // Shows the level that was begun. message.atlas, if there, tells what was known only at the end.
  endLevel(message) {
    this.level?.dispose();
    this.level = this.next;
    this.next = null;
    this.level.atlas = {...this.level.atlas, ...message.atlas};
    const layout = {kind: this.info.appearance_kind, groups: this.level.atlas.group_sizes, hidden: this.info.hidden_width};
    const key = JSON.stringify(layout);
    if (this.layout !== key) {
      this.layout = key;
      this.programs?.forEach((program) => this.gl.deleteProgram(program));
      this.shape = layout;
      this.programs = [];
    }
    this.level.frame = this.frameOf(this.level.atlas);
    this.dirty = true;
  }

  // What turns world coordinates into fine cells, and the uniforms that depend on the level alone.
  frameOf(atlas) {
    const fine = 2 ** -atlas.finest_level;
    const cells = this.info.resolution / this.info.edge * fine;
    const sides = (atlas.brick_columns * atlas.brick_rows);
    const layers = Math.max(1, Math.ceil(atlas.dense_count / sides));
    return {
      cells,
      bricks: [Math.log2(atlas.brick_columns), Math.log2(atlas.brick_rows)],
      brickScale: [1 / (5 * atlas.brick_columns), 1 / (5 * atlas.brick_rows), 1 / (5 * layers)],
      densityScale: atlas.density_range * 0.5 / fine,
      low: atlas.box_low,
      high: atlas.box_high,
      ranges: new Float32Array(atlas.ranges.length % 4 ? [...atlas.ranges, 0, 0] : atlas.ranges),
    };
  }

  setCamera(camera) {
    const view = camera.view(this.width / this.height);
    const key = JSON.stringify(view);
    if (key !== this.viewKey) {
      this.viewKey = key;
      this.view = view;
      this.dirty = true;
    }
  }

  resize(cssWidth, cssHeight, ratio) {
    const most = Math.min(4096, this.gl.getParameter(this.gl.MAX_RENDERBUFFER_SIZE));
    const shrink = Math.min(1, most / (Math.max(cssWidth, cssHeight) * ratio));
    this.width = Math.max(1, Math.round(cssWidth * ratio * shrink));
    this.height = Math.max(1, Math.round(cssHeight * ratio * shrink));
    this.dirty = true;
  }

  program(index) {
    const gl = this.gl;
    if (!this.programs[index]) {
      this.programs[index] = compile(gl, triangleVertex, drawFragment(this.shape, index === 1));
      check(gl, this.programs[index]);
    }
    return this.programs[index];
  }

  paint(index, width, height) {
    const gl = this.gl;
    const program = this.program(index);
    const {frame, textures} = this.level;
    gl.viewport(0, 0, width, height);
    gl.useProgram(program);
    if (!textures.length) return;
    this.level.bind(program);
    const at = (name) => gl.getUniformLocation(program, name);
    const {position, right, up, forward, tangent} = this.view;
    const half = [tangent * width / Math.min(width, height), tangent * height / Math.min(width, height)];
    const scaled = (v, s) => v.map((x) => x * s);
    gl.uniform3fv(at('eye'), position.map((x, a) => (x - this.info.origin[a]) * frame.cells));
    gl.uniform3fv(at('right'), scaled(right, 2 * half[0] / width));
    gl.uniform3fv(at('up'), scaled(up, 2 * half[1] / height));
    gl.uniform3fv(at('forward'), forward.map((x, a) => x - right[a] * half[0] - up[a] * half[1]));
    gl.uniform3fv(at('box_low'), frame.low);
    gl.uniform3fv(at('box_high'), frame.high);
    gl.uniform1i(at('top_size'), this.level.atlas.top_size);
    gl.uniform2iv(at('brick_bits'), frame.bricks);
    gl.uniform3fv(at('brick_scale'), frame.brickScale);
    gl.uniform1f(at('density_scale'), frame.densityScale);
    gl.uniform4fv(at('background'), this.background);
    gl.uniform4fv(at('ranges'), frame.ranges);
    gl.bindBufferBase(gl.UNIFORM_BUFFER, 0, this.network);
    gl.uniformBlockBinding(program, gl.getUniformBlockIndex(program, 'Network'), 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Draws if anything changed. True while a later call would improve the picture.
  draw(now = performance.now()) {
    if (!this.level || !this.view || this.gl.isContextLost()) return false;
    const scale = this.budget.next(now, this.dirty);
    const width = Math.max(1, Math.round(this.width * scale)), height = Math.max(1, Math.round(this.height * scale));
    const resized = this.canvas.width !== width || this.canvas.height !== height;
    if (!this.dirty && !resized) return this.budget.isWaiting();
    if (resized) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.budget.begin(now);
    this.paint(0, width, height);
    this.budget.end();
    this.dirty = false;
    return true;
  }

  // What the picture of now costs, on the average over the pixels that meet a leaf: texel fetches of the
  // index, samples of density, shaded groups, fetches of points. Draws, and waits for it.
  countFetches() {
    const gl = this.gl;
    const {width, height} = this.canvas;
    this.paint(1, width, height);
    const pixels = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    const sums = [0, 0, 0, 0];
    let covered = 0, seen = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      covered += pixels[i + 1] > 0;
      seen += pixels[i + 2] > 0;
      for (let c = 0; c < 4; ++c) sums[c] += pixels[i + c];
    }
    this.dirty = true;
    return {pixels: width * height, covered, seen, index: sums[0], density: sums[1], groups: sums[2], points: sums[3]};
  }

  get gpuBytes() {
    return this.level?.bytes ?? 0;
  }

  stats() {
    return {frame_ms: this.budget.frameMs, scale: this.budget.scale, width: this.canvas.width, height: this.canvas.height,
            gpu_bytes: this.gpuBytes};
  }

  dispose() {
    this.next?.dispose();
    this.level?.dispose();
    this.level = this.next = null;
    this.programs?.forEach((program) => this.gl.deleteProgram(program));
    this.gl.deleteProgram(this.merge);
    this.gl.deleteBuffer(this.network);
  }
}
