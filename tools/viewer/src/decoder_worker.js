// The worker: fetches a package, decodes it and posts what the renderer draws.
//
// In: {type: 'load', module: ArrayBuffer, url | bytes: ArrayBuffer, limits}. One load per worker; it is
// ended by terminating the worker, which also frees its memory. Out, in this order:
//   {type: 'progress', stage: 'fetch' | 'decode', bytes, total}     several times
//   {type: 'info', info, weights: Float32Array, file_bytes}         info: the fields of voxpack_info
//   {type: 'level', ...}, {type: 'plane', ...}, {type: 'ready', ...}   for each refinement (atlas_reader.js)
//   {type: 'done', seconds: {fetch, decode}, heap_bytes}
// or, at any time, {type: 'error', code, message} as the last one (codes: DecoderError).
import {DecoderError, DecoderModule} from './decoder.js';
import {copyPackage, fetchPackage} from './package_source.js';
import {readAtlas} from './atlas_reader.js';

const progressInterval = 50;  // ms

function post(message, transfer = []) {
  self.postMessage(message, transfer);
}

// Posts at most one message an interval, and the last one.
function makeProgress() {
  let last = -Infinity;
  return (bytes, total) => {
    const now = performance.now();
    if (bytes < total && now - last < progressInterval) return;
    last = now;
    post({type: 'progress', stage: 'fetch', bytes, total});
  };
}

async function load({module: moduleBytes, url, bytes, limits}) {
  const start = performance.now();
  const module = await DecoderModule.create(moduleBytes);
  const source = bytes ? copyPackage(module, bytes) : await fetchPackage(module, url, undefined, makeProgress());
  const fetched = performance.now();
  module.open(source.at, source.size);
  const info = module.info();
  const weights = module.weights(info.weight_count);
  post({type: 'info', info, weights, file_bytes: source.size}, [weights.buffer]);
  post({type: 'progress', stage: 'decode', bytes: source.size, total: source.size});
  await readAtlas(module, info, limits, post);
  const seconds = {fetch: (fetched - start) / 1000, decode: (performance.now() - fetched) / 1000};
  post({type: 'done', seconds, heap_bytes: module.heapBytes});
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
