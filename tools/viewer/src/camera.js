// A camera that looks at a centre from a distance, with z up; angles in radians, lengths in world units.
const viewAngle = 40 * Math.PI / 180;  // across the shorter side
const mostPitch = 89 * Math.PI / 180;

export class Camera {
  constructor() {
    this.centre = [0, 0, 0];
    this.yaw = 0;
    this.pitch = 25 * Math.PI / 180;
    this.distance = 3;
    this.radius = 1;
  }

  // Looks at the whole cube; once. frameSphere() comes closer when the points are known.
  frame(info) {
    this.frameSphere(info.origin.map((x) => x + info.edge / 2), info.edge * 0.5);
  }

  frameSphere(centre, radius, margin = 1.05) {
    this.centre = [...centre];
    this.home = [...centre];
    this.radius = radius;
    this.distance = margin * radius / Math.sin(viewAngle / 2);
  }

  turn(yaw, pitch) {
    this.yaw = (this.yaw + yaw) % (2 * Math.PI);
    this.pitch = Math.min(mostPitch, Math.max(-mostPitch, this.pitch + pitch));
  }

  // factor > 1 goes away.
  zoom(factor) {
    this.distance = Math.min(20 * this.radius, Math.max(0.15 * this.radius, this.distance * factor));
  }

  // Moves the centre across the picture, in parts of its shorter side; it stays near the object.
  pan(x, y) {
    const {right, up} = this.axes();
    const size = 2 * this.distance * Math.tan(viewAngle / 2);
    this.centre = this.centre.map((c, a) => c - size * (x * right[a] + y * up[a]));
    const off = this.centre.map((c, a) => c - (this.home ?? this.centre)[a]);
    const length = Math.hypot(...off);
    if (length > this.radius) this.centre = this.centre.map((_, a) => this.home[a] + off[a] * this.radius / length);
  }

  axes() {
    const c = Math.cos(this.yaw), s = Math.sin(this.yaw), ce = Math.cos(this.pitch), se = Math.sin(this.pitch);
    return {right: [-s, c, 0], up: [-c * se, -s * se, ce], back: [c * ce, s * ce, se]};
  }

  view() {
    const {right, up, back} = this.axes();
    return {position: this.centre.map((c, a) => c + this.distance * back[a]), right, up,
            forward: back.map((x) => -x), tangent: Math.tan(viewAngle / 2)};
  }
}
