// Mouse control of a camera.
export class Controls {
  constructor(element, camera, {onchange}) {
    this.rotate = false;
    element.addEventListener('pointermove', (e) => { if (e.buttons) { camera.yaw += e.movementX / 100; onchange(); } });
  }
  setAutoRotate(on) { this.rotate = on; }
  update() { return false; }
  dispose() {}
}
