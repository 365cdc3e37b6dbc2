// Where the worker and the decoder module come from when the sources are used as they are. In the bundle
// both are inside (scripts/bundle_viewer.py writes this file anew there).
export function makeWorker() {
  return new Worker(new URL('./decoder_worker.js', import.meta.url), {type: 'module'});
}

export async function loadModule() {
  const response = await fetch(new URL('../../../build/release/viewer/voxpack_decoder.wasm', import.meta.url));
  return response.arrayBuffer();
}
