// Dynamic resolution: how large to draw so that frames come in time while the picture moves, and when to
// draw it sharp again.
const scales = [1, 0.85, 0.7, 0.6, 0.5, 0.42, 0.35];
const restMs = 180;  // without a change the picture is drawn at full size

export class FrameBudget {
  // frameMs: what a frame may take; Infinity never shrinks.
  constructor(gl, budgetMs = 30) {
    this.gl = gl;
    this.budgetMs = budgetMs;
    this.step = 0;       // while moving, index of scales
    this.scale = 1;
    this.frameMs = 0;    // smoothed
    this.fences = [];
    this.lastChange = -Infinity;
    this.calm = 0;       // frames in a row that left room for a larger step
  }

  // The scale of the frame at `now`; moving: something changed since the last one.
  next(now, moving) {
    this.collect();
    if (moving) this.lastChange = now;
    this.resting = now - this.lastChange > restMs;
    this.scale = this.resting || this.budgetMs === Infinity ? 1 : scales[this.step];
    return this.scale;
  }

  // Whether the full size is still to come.
  isWaiting() {
    return !this.resting && this.step > 0;
  }

  end() {
    const gl = this.gl;
    const sync = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    if (sync) this.fences.push({sync, started: performance.now(), step: this.resting ? -1 : this.step});
  }

  // Looks which frames are finished.
  collect() {
    const gl = this.gl;
    while (this.fences.length > 0) {
      const {sync, started, step} = this.fences[0];
      if (gl.getSyncParameter(sync, gl.SYNC_STATUS) !== gl.SIGNALED) return;
      gl.deleteSync(sync);
      this.fences.shift();
      this.measure(performance.now() - started, step);
    }
  }

  measure(ms, step) {
    this.frameMs = this.frameMs === 0 ? ms : 0.7 * this.frameMs + 0.3 * ms;
    if (step !== this.step) return;
    if (ms > this.budgetMs && this.step + 1 < scales.length) {
      ++this.step;
      this.calm = 0;
      return;
    }
    const larger = this.step > 0 ? (scales[this.step - 1] / scales[this.step]) ** 2 : Infinity;
    this.calm = ms * larger < 0.8 * this.budgetMs ? this.calm + 1 : 0;
    if (this.calm > 20) {
      --this.step;
      this.calm = 0;
    }
  }
}
