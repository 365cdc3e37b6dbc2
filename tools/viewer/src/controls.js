// Moves a camera by mouse, touch and keyboard.
//
// One finger or the left button turns; two fingers, the right button or Shift move; wheel and pinch zoom.
// Keys: arrows turn, with Shift they move; + and - zoom; 0 goes back to the first view; space stops or
// starts the rotation.
const turnPerSide = Math.PI;    // dragging across the shorter side
const rotationPerMs = 2 * Math.PI / 24000;
const keyTurn = 0.12, keyPan = 0.05, keyZoom = 1.12;

export class Controls {
  constructor(element, camera, {onchange}) {
    this.element = element;
    this.camera = camera;
    this.onchange = onchange;
    this.rotates = false;
    this.pointers = new Map();
    this.start = {yaw: camera.yaw, pitch: camera.pitch, distance: camera.distance, centre: [...camera.centre]};
    this.abort = new AbortController();
    const on = (type, handler, options = {}) =>
        element.addEventListener(type, handler.bind(this), {signal: this.abort.signal, ...options});
    element.style.touchAction = 'none';
    on('pointerdown', this.onDown);
    on('pointermove', this.onMove);
    on('pointerup', this.onUp);
    on('pointercancel', this.onUp);
    on('wheel', this.onWheel, {passive: false});
    on('contextmenu', (event) => event.preventDefault());
    on('keydown', this.onKey);
  }

  setAutoRotate(on) {
    this.rotates = on;
    this.last = undefined;
  }

  // Advances the rotation to `now`; whether it goes on.
  update(now) {
    if (!this.rotates || this.pointers.size > 0) {
      this.last = undefined;
      return false;
    }
    if (this.last !== undefined) this.camera.turn(Math.min(now - this.last, 100) * rotationPerMs, 0);
    this.last = now;
    return true;
  }

  reset() {
    Object.assign(this.camera, this.start, {centre: [...this.start.centre]});
  }

  dispose() {
    this.abort.abort();
  }

  onDown(event) {
    if (event.pointerType === 'mouse' && event.button !== 0 && event.button !== 2) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    try {
      this.element.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone already cannot be captured.
    }
    this.element.focus({preventScroll: true});
  }

  onUp(event) {
    this.pointers.delete(event.pointerId);
    this.onchange();
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const box = this.element.getBoundingClientRect();
    const side = Math.max(1, Math.min(box.width, box.height));
    const dx = (event.clientX - before[0]) / side, dy = (event.clientY - before[1]) / side;
    if (this.pointers.size === 2) {
      this.pinch(event, dx, dy);
    } else if (event.buttons & 2 || event.shiftKey) {
      this.camera.pan(dx, -dy);
    } else if (this.pointers.size === 1) {
      this.camera.turn(-dx * turnPerSide, dy * turnPerSide);
    }
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.onchange();
  }

  // One of two fingers moved: half of it moves the picture, the change of their distance zooms.
  pinch(event, dx, dy) {
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
    const before = this.pointers.get(event.pointerId);
    const length = (p) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
    this.camera.zoom(length(before) / length([event.clientX, event.clientY]));
    this.camera.pan(dx / 2, -dy / 2);
  }

  onWheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : (event.deltaMode === 2 ? 400 : 1);
    this.camera.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * lines)) * 0.0015));
    this.onchange();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) {
      this.camera.pan(-arrow[0] * keyPan, -arrow[1] * keyPan);
    } else if (arrow) {
      this.camera.turn(arrow[0] * keyTurn, arrow[1] * keyTurn);
    } else if (event.key === '+' || event.key === '=') {
      this.camera.zoom(1 / keyZoom);
    } else if (event.key === '-') {
      this.camera.zoom(keyZoom);
    } else if (event.key === '0') {
      this.reset();
    } else if (event.key === ' ') {
      this.setAutoRotate(!this.rotates);
    } else {
      return;
    }
    event.preventDefault();
    this.onchange();
  }
}
