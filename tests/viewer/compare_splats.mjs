// Frame times of the viewer beside those of a splat viewer: the same object, as large, in the same
// browser, frames of both in turns.
//
//   npm install --no-save three@0.160.1 @mkkellogg/gaussian-splats-3d@0.4.7
//   node compare_splats.mjs PACKAGE SPLATS [FRAMES] [FOLDER]
//
// SPLATS is what field_to_splats.mjs makes of the unpacked package. Prints milliseconds per frame at 1280 x
// 720 and how many times faster the viewer is (the ratio of the medians); exits 1 below 1.5. FOLDER receives
// a screenshot of each.
import fs from 'node:fs';
import path from 'node:path';
import {bundle, launchBrowser, messageOf, pageWithViewer, removeFolder, waitForState} from './viewer_harness.mjs';
import {TestServer} from './viewer_server.mjs';

const width = 1280, height = 720, leastRatio = 1.5;
const [file, splats, framesText, output] = process.argv.slice(2);
if (!splats) {
  console.error('usage: compare_splats.mjs PACKAGE SPLATS [FRAMES] [FOLDER]');
  process.exit(2);
}
const frames = Number(framesText ?? 9);
const modules = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'node_modules');

const splatPage = `<!doctype html><meta charset="utf-8"><style>body { margin: 0 }</style><body>
<script type="importmap">{"imports": {"three": "/three.js"}}</script>
<script type="module">
import * as THREE from 'three';
import {SceneRevealMode, Viewer} from '/splats.js';
window.start = async (eye, centre) => {
  const renderer = new THREE.WebGLRenderer({antialias: false});
  renderer.setPixelRatio(1);
  renderer.setSize(${width}, ${height});
  renderer.setClearColor(0xffffff);
  document.body.append(renderer.domElement);
  window.gl = renderer.getContext();
  window.camera = new THREE.PerspectiveCamera(40, ${width / height}, 0.05, 100);
  camera.up.set(0, 0, 1);
  window.place = (at) => { camera.position.set(...at); camera.lookAt(...centre); };
  place(eye);
  window.viewer = new Viewer({selfDrivenMode: false, renderer, camera, useBuiltInControls: false, sharedMemoryForWorkers: false,
                              gpuAcceleratedSort: false, sphericalHarmonicsDegree: 0, ignoreDevicePixelRatio: true,
                              sceneRevealMode: SceneRevealMode.Instant});
  await viewer.addSplatScene('/model.splat', {showLoadingUI: false, splatAlphaRemovalThreshold: 1});
  return viewer.getSplatMesh().getSplatCount();
};
window.frame = () => {
  const begin = performance.now();
  viewer.update();
  viewer.render();
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));  // waits for the picture
  return performance.now() - begin;
};
window.loaded = true;
</script>`;

// Runs in the page of the element: turns to an angle; milliseconds of a frame.
function drawFrame(yaw) {
  const {renderer, camera} = document.querySelector('voxpack-viewer');
  camera.yaw = yaw;
  renderer.budget.budgetMs = Infinity;  // full size
  renderer.setCamera(camera);
  renderer.dirty = true;
  const begin = performance.now();
  renderer.draw();
  renderer.gl.readPixels(0, 0, 1, 1, renderer.gl.RGBA, renderer.gl.UNSIGNED_BYTE, new Uint8Array(4));
  return performance.now() - begin;
}

const median = (list) => list.slice().sort((a, b) => a - b)[list.length >> 1];

const server = new TestServer();
await server.start();
server.add('/voxpack_viewer.js', 'text/javascript', fs.readFileSync(bundle));
server.add('/model.vxp', 'application/octet-stream', fs.readFileSync(file));
server.add('/model.splat', 'application/octet-stream', fs.readFileSync(splats));
server.add('/three.js', 'text/javascript', fs.readFileSync(path.join(modules, 'three/build/three.module.js')));
server.add('/splats.js', 'text/javascript',
           fs.readFileSync(path.join(modules, '@mkkellogg/gaussian-splats-3d/build/gaussian-splats-3d.module.js')));
server.add('/ours.html', 'text/html', pageWithViewer(`src="/model.vxp" style="width: ${width}px; height: ${height}px"`));
server.add('/splats.html', 'text/html', splatPage);
const browser = await launchBrowser();
try {
  const context = await browser.newContext({viewport: {width, height}});
  const ours = await context.newPage(), theirs = await context.newPage();
  await ours.bringToFront();
  await ours.goto(`${server.origin}/ours.html`);
  if (await waitForState(ours, 'complete', 'error') !== 'complete') throw new Error(await messageOf(ours));
  const cameras = await ours.evaluate((count) => {
    const {camera} = document.querySelector('voxpack-viewer');
    return Array.from({length: count}, (_, i) => {
      camera.yaw = 2 * Math.PI * i / count;
      return {yaw: camera.yaw, eye: camera.view().position, centre: camera.centre};
    });
  }, frames);
  await theirs.bringToFront();
  await theirs.goto(`${server.origin}/splats.html`);
  await theirs.waitForFunction('window.loaded');
  const count = await theirs.evaluate(({eye, centre}) => window.start(eye, centre), cameras[0]);
  const begin = Date.now();  // it sorts its splats
  while (Date.now() - begin < 4000) await theirs.evaluate(() => new Promise((done) => setTimeout(() => done(window.frame()), 50)));
  const times = {ours: [], splats: []};
  for (const {yaw, eye} of cameras) {
    await theirs.bringToFront();
    await theirs.evaluate((at) => { window.place(at); window.frame(); }, eye);  // starts sorting
    await theirs.waitForTimeout(300);
    times.splats.push(await theirs.evaluate(() => window.frame()));
    await ours.bringToFront();
    await ours.evaluate(drawFrame, yaw);
    times.ours.push(await ours.evaluate(drawFrame, yaw));
  }
  for (const [name, list] of Object.entries(times)) {
    console.log(`${name.padEnd(6)}  ${median(list).toFixed(0)} ms a frame at ${width} x ${height} (${list.map((x) => x.toFixed(0)).join(' ')})`);
  }
  const ratio = median(times.splats) / median(times.ours);
  console.log(`ratio   ${ratio.toFixed(2)} with ${count} splats`);
  if (output) {
    fs.mkdirSync(output, {recursive: true});
    await ours.screenshot({path: path.join(output, 'ours.png')});
    await theirs.bringToFront();
    await theirs.evaluate(() => window.frame());
    await theirs.screenshot({path: path.join(output, 'splats.png')});
  }
  if (ratio < leastRatio) process.exitCode = 1;
} finally {
  await browser.close();
  server.stop();
  removeFolder();
}
