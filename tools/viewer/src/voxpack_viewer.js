// <voxpack-viewer src="model.vxp">: shows a package. README.md of this folder lists attributes, events and
// keys.
import {loadModule, makeWorker} from './assets.js';
import {Camera} from './camera.js';
import {Controls} from './controls.js';
import {Renderer} from './renderer.js';
import {canvasHelp, viewerMarkup} from './viewer_style.js';

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

// The bytes of a package that stands in the page as base64 (`src="#id"` names a script element).
function embeddedPackage(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element with the id ${id}.`);
  return Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0)).buffer;
}

export class VoxpackViewer extends HTMLElement {
  static observedAttributes = ['src', 'poster', 'auto-rotate', 'alt'];

  constructor() {
    super();
    this.attachShadow({mode: 'open'}).innerHTML = viewerMarkup;
    const part = (selector) => this.shadowRoot.querySelector(selector);
    this.parts = {canvas: part('canvas'), poster: part('.poster'), progress: part('.progress'), bar: part('.progress div'),
                  stats: part('.stats'), full: part('.full'), message: part('.message'), text: part('.message span')};
    this.camera = new Camera();
    this.loadState = 'empty';  // 'empty', 'loading', 'shown' (a coarser level), 'complete' or 'error'
    this.generation = 0;       // of the load; what arrives from an older one is dropped
    this.heapBytes = 0;
    this.firstBytes = 0;       // received when the first picture could be drawn
    this.drawPending = 0;
    this.parts.full.addEventListener('click', () => this.toggleFullScreen());
    this.parts.canvas.addEventListener('webglcontextlost', (event) => this.onContextLost(event));
    this.parts.canvas.addEventListener('webglcontextrestored', () => this.onContextRestored());
    this.addEventListener('keydown', (event) => this.onKey(event));
  }

  get src() { return this.getAttribute('src') ?? ''; }
  set src(value) { this.setAttribute('src', value); }

  connectedCallback() {
    this.motion = matchMedia('(prefers-reduced-motion: reduce)');
    this.onMotion = () => this.setRotation();
    this.motion.addEventListener('change', this.onMotion);
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this);
    this.label();
    this.start();
  }

  disconnectedCallback() {
    this.stop();
    this.motion.removeEventListener('change', this.onMotion);
    this.resizes.disconnect();
    this.controls?.dispose();
    this.controls = null;
    this.renderer?.dispose();
    this.renderer = null;
  }

  attributeChangedCallback(name, before, value) {
    if (name === 'poster') {
      this.parts.poster.hidden = !value || this.loadState === 'shown' || this.loadState === 'complete';
      if (value) this.parts.poster.src = value;
    }
    if (!this.isConnected || before === value) return;
    if (name === 'src') this.start();
    if (name === 'auto-rotate') this.setRotation();
    if (name === 'alt') this.label();
  }

  label() {
    const alt = this.getAttribute('alt') ?? 'Model';
    this.parts.canvas.setAttribute('aria-label', `${alt}. ${canvasHelp}`);
    this.parts.poster.alt = alt;
  }

  setRotation() {
    this.controls?.setAutoRotate(this.hasAttribute('auto-rotate') && !this.motion.matches);
    this.redraw();
  }

  // Loads `src` from the beginning.
  start() {
    this.stop();
    this.loadState = 'empty';
    if (!this.src) return;
    this.loadState = 'loading';
    this.received = 0;
    this.parts.message.hidden = true;
    this.parts.poster.hidden = !this.hasAttribute('poster');
    this.showProgress(0);
    try {
      this.renderer ??= new Renderer(this.parts.canvas);
    } catch (error) {
      this.fail('unsupported', error.message);
      return;
    }
    this.load(++this.generation);
  }

  // Ends the worker, and with it a load that is under way.
  stop() {
    ++this.generation;
    this.worker?.terminate();
    this.worker = null;
    cancelAnimationFrame(this.drawPending);
    this.drawPending = 0;
  }

  async load(generation) {
    let message;
    try {
      const module = await loadModule();
      const limits = {...this.renderer.limits(), memory_bytes: 256e6};  // of textures
      message = {type: 'load', module, limits};
      if (this.src.startsWith('#')) {
        message.bytes = embeddedPackage(this.src.slice(1));
      } else {
        message.url = new URL(this.src, document.baseURI).href;
      }
      if (generation !== this.generation) return;
      this.worker = makeWorker();
    } catch (error) {
      if (generation === this.generation) this.fail('internal', error.message);
      return;
    }
    this.worker.onmessage = (event) => generation === this.generation && this.onWorker(event.data);
    this.worker.onerror = (event) => {
      if (generation === this.generation) this.fail('internal', `The decoder could not be started: ${event.message ?? 'blocked by the page'}.`);
    };
    this.worker.postMessage(message, [message.module, ...(message.bytes ? [message.bytes] : [])]);
  }

  onWorker(message) {
    switch (message.type) {
      case 'progress':
        this.received = message.bytes;
        this.showProgress(message.total ? message.bytes / message.total : 0);
        this.dispatchEvent(new CustomEvent('progress', {detail: {bytes: message.bytes, total: message.total}}));
        break;
      case 'info':
        this.info = message.info;
        this.renderer.setInfo(message.info, message.weights);
        break;
      case 'level':
        this.renderer.beginLevel(message);
        break;
      case 'plane':
        this.renderer.addPlane(message);
        break;
      case 'ready':
        this.renderer.endLevel(message);
        this.aim(message.atlas);
        this.onPicture();
        break;
      case 'done':
        this.onComplete(message);
        break;
      case 'error':
        this.fail(message.code, message.message);
        break;
    }
  }

  // Looks at what is seen of the model, from where `voxpack render` does; once for each address.
  aim({seen_box: box, finest_level: level}) {
    if (this.aimedAt === this.src) return;
    this.aimedAt = this.src;
    const cell = this.info.edge / this.info.resolution * 2 ** level;
    const centre = [0, 1, 2].map((a) => this.info.origin[a] + (box[a] + box[a + 3]) / 2 * cell);
    const radius = Math.hypot(...[0, 1, 2].map((a) => box[a + 3] - box[a])) / 2 * cell;
    if (radius > 0) {
      this.camera.frameSphere(centre, radius);
    } else {
      this.camera.frame(this.info);
    }
    this.controls?.dispose();
    this.controls = new Controls(this.parts.canvas, this.camera, {onchange: () => this.redraw()});
    this.setRotation();
  }

  onPicture() {
    const first = this.loadState === 'loading';
    this.loadState = 'shown';
    if (first) this.firstBytes = this.received;
    this.resize();
    this.parts.poster.hidden = true;
    if (first) this.dispatchEvent(new CustomEvent('firstpicture', {detail: {bytes: this.received}}));
  }

  // The worker has posted everything; its memory goes with it.
  onComplete(message) {
    this.loadState = 'complete';
    this.heapBytes = message.heap_bytes;
    this.seconds = message.seconds;
    this.worker.terminate();
    this.worker = null;
    this.parts.progress.hidden = true;
    this.redraw();
    this.dispatchEvent(new CustomEvent('load', {detail: {info: this.info, seconds: this.seconds, heap_bytes: this.heapBytes}}));
  }

  fail(code, message) {
    this.stop();
    this.loadState = 'error';
    this.parts.progress.hidden = true;
    this.parts.text.textContent = message;
    this.parts.message.hidden = false;
    this.dispatchEvent(new CustomEvent('error', {detail: {code, message}}));
  }

  showProgress(fraction) {
    const percent = Math.round(100 * Math.min(1, fraction));
    this.parts.progress.hidden = false;
    this.parts.progress.setAttribute('aria-valuenow', String(percent));
    this.parts.bar.style.width = `${percent}%`;
  }

  resize() {
    if (!this.renderer) return;
    const box = this.getBoundingClientRect();
    this.renderer.resize(Math.max(1, box.width), Math.max(1, box.height), devicePixelRatio);
    this.redraw();
  }

  // Draws in the next frame, if there is something to draw.
  redraw() {
    if (this.drawPending || (this.loadState !== 'shown' && this.loadState !== 'complete')) return;
    this.drawPending = requestAnimationFrame((now) => this.drawFrame(now));
  }

  drawFrame(now) {
    this.drawPending = 0;
    const moving = this.controls?.update(now);
    this.renderer.setCamera(this.camera);
    const unfinished = this.renderer.draw(now);
    if (!this.parts.stats.hidden) this.showStats();
    if (moving || unfinished) this.redraw();
  }

  showStats() {
    const stats = this.renderer.stats();
    const lines = [`frame    ${stats.frame_ms.toFixed(1)} ms, ${stats.width} x ${stats.height}`,
                   `textures ${megabytes(stats.gpu_bytes)} MB`,
                   `decoder  ${megabytes(this.heapBytes)} MB (freed)`,
                   `points   ${(this.info?.point_count ?? 0).toLocaleString('en')}`];
    if (this.seconds) lines.push(`loaded   ${this.seconds.fetch.toFixed(2)} s + ${this.seconds.decode.toFixed(2)} s`);
    this.parts.stats.textContent = lines.join('\n');
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'i' || event.key === 'I') {
      this.parts.stats.hidden = !this.parts.stats.hidden;
      this.redraw();
    } else if (event.key === 'f' || event.key === 'F') {
      this.toggleFullScreen();
    }
  }

  toggleFullScreen() {
    if (document.fullscreenElement) {
      document.exitFullscreen();
    } else {
      this.requestFullscreen?.().catch(() => {});  // refused by the page's policy: nothing changes
    }
  }

  onContextLost(event) {
    event.preventDefault();  // so that it comes back
    this.stop();
    this.loadState = 'loading';
    this.parts.text.textContent = 'The graphics were reset; the model comes back in a moment.';
    this.parts.message.hidden = false;
  }

  onContextRestored() {
    this.renderer.dispose();
    this.renderer = null;
    this.start();
  }
}

customElements.define('voxpack-viewer', VoxpackViewer);
