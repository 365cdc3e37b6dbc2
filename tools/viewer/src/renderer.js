// Draws.
export class Renderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext('webgl2');
    if (!this.gl) throw new Error('This browser cannot show the model: it has no WebGL2.');
  }
  limits() { return {max_texture: this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE)}; }
  setInfo() {}
  beginLevel() {}
  addPlane() {}
  endLevel() {}
  resize(w, h, r) { this.canvas.width = w * r; this.canvas.height = h * r; }
  setCamera(camera) { this.yaw = camera.yaw; }
  draw() {
    this.gl.clearColor(0.5 + 0.5 * Math.sin(this.yaw), 0.4, 0.2, 1);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
    return false;
  }
  stats() { return {frame_ms: 0, width: this.canvas.width, height: this.canvas.height, gpu_bytes: 0}; }
  dispose() {}
}
