// The worker: fetches a package, decodes it and posts what the renderer draws.
//
// In: {type: 'load', module: ArrayBuffer, url | bytes: ArrayBuffer, limits}. One load per worker; it is
// ended by terminating the worker, which also frees its memory. Out, in this order:
//   {type: 'progress', stage: 'fetch' | 'decode', bytes, total}     several times
//   {type: 'info', info, weights: Float32Array, file_bytes}         info: the fields of voxpack_info
//   {type: 'level', ...}, {type: 'plane', ...}, {type: 'ready', ...}   for each refinement (atlas_reader.js);
//                       coarser ones only where the rest of the package takes its time
//   {type: 'done', seconds: {fetch, decode}, heap_bytes}
// or, at any time, {type: 'error', code, message} as the last one (codes: DecoderError).
import {DecoderError, DecoderModule} from './decoder.js';
import {PackageBytes, fetchPackage} from './package_source.js';
import {readAtlas} from './atlas_reader.js';

const progressInterval = 50;  // ms
const patience = 60;          // ms without a byte after which what is there is drawn
const worthwhile = 300;       // ms that the rest must be expected to take for that

function post(message, transfer = []) {
  self.postMessage(message, transfer);
}

// One package on its way into the memory of the module.
class Load {
  constructor(module, limits) {
    this.module = module;
    this.limits = limits;
    this.bytes = new PackageBytes(module);
    this.start = performance.now();
    this.lastProgress = -Infinity;
    this.decodeTime = 0;
    this.sections = 0;  // that were drawn
    this.info = null;
  }

  postProgress() {
    const now = performance.now();
    if (!this.bytes.complete && now - this.lastProgress < progressInterval) return;
    this.lastProgress = now;
    post({type: 'progress', stage: 'fetch', bytes: this.bytes.received, total: this.bytes.total});
  }

  // Opens the package when enough of it is there; whether it is open.
  open() {
    const {at, total, received} = this.bytes;
    if (this.info || at === 0) return this.info !== null;
    if (!this.module.open(at, total, received)) return false;
    this.info = this.module.info();
    const weights = this.module.weights(this.info.weight_count);
    post({type: 'info', info: this.info, weights, file_bytes: total}, [weights.buffer]);
    return true;
  }

  onProgress(waiting) {
    this.postProgress();
    if (this.bytes.complete || !this.open()) return;
    const {received, total} = this.bytes;
    const rest = (performance.now() - this.start - this.decodeTime) * (total - received) / received;
    if (waiting || rest > worthwhile) this.drawCoarser();
  }

  // Draws the first layers, if more of them are there than are drawn; at first the colours suffice.
  drawCoarser() {
    const sections = this.module.arrived(this.bytes.received);
    const groups = this.info.group_count;
    const enough = this.sections === 0 ? sections >= Math.min(2, groups) : sections >= groups;
    if (sections > this.sections && enough) this.draw(sections);
  }

  draw(sections) {
    const before = performance.now();
    const {group_count, layer_count} = this.info;
    readAtlas(this.module, sections, layer_count * group_count - sections, this.limits, post);
    this.sections = sections;
    this.decodeTime += performance.now() - before;
  }

  finish() {
    this.postProgress();
    if (!this.open()) throw new DecoderError('data', 'The package is cut: it holds no model.');
    post({type: 'progress', stage: 'decode', bytes: this.bytes.total, total: this.bytes.total});
    this.draw(this.module.arrived(this.bytes.received));
    const decode = this.decodeTime / 1000;
    const seconds = {fetch: (performance.now() - this.start) / 1000 - decode, decode};
    post({type: 'done', seconds, heap_bytes: this.module.heapBytes});
  }
}

async function load({module: moduleBytes, url, bytes, limits}) {
  const load = new Load(await DecoderModule.create(moduleBytes), limits);
  if (bytes) {
    load.bytes.push(new Uint8Array(bytes));
    load.bytes.finish();
  } else {
    await fetchPackage(load.bytes, url, patience, (waiting) => load.onProgress(waiting));
  }
  load.finish();
}

self.onmessage = async (event) => {
  if (event.data.type !== 'load') return;
  try {
    await load(event.data);
  } catch (error) {
    const known = error instanceof DecoderError;
    post({type: 'error', code: known ? error.code : 'internal',
          message: known ? error.message : `The decoder failed: ${error.message}.`});
  }
};
