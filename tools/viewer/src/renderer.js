// Draws a model with WebGL2. Takes the messages of the decoder's worker (info, level, plane, ready) and
// a camera; knows neither the page nor the network.
import {FrameBudget} from './frame_budget.js';
import {LevelTextures} from './level_textures.js';
import {drawFragment, mergeFragment, triangleVertex} from './shaders.js';

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
    this.programs = {};
    this.width = this.height = 1;  // device pixels of the element
    gl.disable(gl.DITHER);
  }

  limits() {
    const gl = this.gl;
    return {max_texture: gl.getParameter(gl.MAX_TEXTURE_SIZE), max_3d_texture: gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)};
  }

  setInfo(info, weights) {
    this.info = info;
    this.weights = weights;
    this.deletePrograms();
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
    const shape = this.level.atlas.group_sizes.join();
    if (this.shape !== shape) this.deletePrograms();
    this.shape = shape;
    this.level.frame = this.frameOf(this.level.atlas);
    this.dirty = true;
  }

  deletePrograms() {
    Object.values(this.programs).forEach((program) => this.gl.deleteProgram(program));
    this.programs = {};
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

  // The program that draws, or the one that counts.
  program(what) {
    if (!this.programs[what]) {
      const {appearance_kind: kind, hidden_width: hidden} = this.info;
      const source = {kind, hidden, weights: this.weights, groups: this.level.atlas.group_sizes};
      this.programs[what] = compile(this.gl, triangleVertex, drawFragment(source, what === 'count'));
      check(this.gl, this.programs[what]);
    }
    return this.programs[what];
  }

  // The rectangle of pixels that the box around everything lies in: [x, y, width, height].
  rectangle(eye, half, width, height) {
    const {low, high} = this.level.frame;
    const {right, up, forward} = this.view;
    const dot = (u, v) => u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    const ends = [Infinity, Infinity, -Infinity, -Infinity];
    for (let c = 0; c < 8; ++c) {
      const to = eye.map((x, a) => (c >> a & 1 ? high[a] : low[a]) - x);
      const depth = dot(to, forward);
      if (depth < 1) return [0, 0, width, height];  // beside or behind the eye
      const x = (dot(to, right) / depth / half[0] + 1) * width / 2, y = (dot(to, up) / depth / half[1] + 1) * height / 2;
      ends[0] = Math.min(ends[0], x);
      ends[1] = Math.min(ends[1], y);
      ends[2] = Math.max(ends[2], x);
      ends[3] = Math.max(ends[3], y);
    }
    const clamp = (v, most) => Math.min(most, Math.max(0, v));
    const x = clamp(Math.floor(ends[0]), width), y = clamp(Math.floor(ends[1]), height);
    return [x, y, clamp(Math.ceil(ends[2]), width) - x, clamp(Math.ceil(ends[3]), height) - y];
  }

  paint(what, width, height) {
    const gl = this.gl;
    const {frame, atlas} = this.level;
    const [red, green, blue, opacity] = what === 'draw' ? this.background : [0, 0, 0, 0];
    gl.viewport(0, 0, width, height);
    gl.clearColor(red, green, blue, opacity);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!atlas.dense_count) return;
    const {position, right, up, forward, tangent} = this.view;
    const half = [tangent * width / Math.min(width, height), tangent * height / Math.min(width, height)];
    const eye = position.map((x, a) => (x - this.info.origin[a]) * frame.cells);
    const program = this.program(what);
    gl.useProgram(program);
    this.level.bind(program);
    const at = (name) => gl.getUniformLocation(program, name);
    gl.uniform3fv(at('eye'), eye);
    gl.uniform3fv(at('right'), right.map((x) => x * 2 * half[0] / width));
    gl.uniform3fv(at('up'), up.map((x) => x * 2 * half[1] / height));
    gl.uniform3fv(at('forward'), forward.map((x, a) => x - right[a] * half[0] - up[a] * half[1]));
    gl.uniform3fv(at('box_low'), frame.low);
    gl.uniform3fv(at('box_high'), frame.high);
    gl.uniform1i(at('top_size'), atlas.top_size);
    gl.uniform2iv(at('brick_bits'), frame.bricks);
    gl.uniform3fv(at('brick_scale'), frame.brickScale);
    gl.uniform1f(at('density_scale'), frame.densityScale);
    gl.uniform4fv(at('background'), this.background);
    gl.uniform4fv(at('ranges'), frame.ranges);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(...this.rectangle(eye, half, width, height));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
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
    this.paint('draw', width, height);
    this.budget.end();
    this.dirty = false;
    return true;
  }

  // What the picture of now costs, on the average over the pixels that meet a leaf: texel fetches of the
  // index, samples of density, shaded groups, fetches of points. Draws, and waits for it.
  countFetches() {
    const gl = this.gl;
    const {width, height} = this.canvas;
    this.paint('count', width, height);
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
    this.deletePrograms();
    this.gl.deleteProgram(this.merge);
  }
}
