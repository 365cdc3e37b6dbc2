// A camera that looks at a centre from a distance.
export class Camera {
  constructor() { this.yaw = 0; this.pitch = 0.3; this.distance = 3; }
  frame() {}
}
