// The viewer draws what the renderer of the command line draws.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {comparePictures, leastDecibels} from './compare_pictures.mjs';
import {launchBrowser, makeDemoPackage, removeFolder} from './viewer_harness.mjs';

let browser;

before(async () => {
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  removeFolder();
});

test('pictures of the demo are those of voxpack render', async () => {
  const {views, counts, gpu_bytes: gpuBytes} = await comparePictures(browser, makeDemoPackage(), {views: 4, size: 240});
  for (const {name, psnr} of views) assert.ok(psnr >= leastDecibels, `${name}: ${psnr.toFixed(2)} dB`);
  // What a pixel costs decides the frame rate on a phone; counts do not depend on the machine.
  assert.ok(counts.seen > 5000);
  assert.ok((counts.index + counts.density + counts.points) / counts.seen < 120, JSON.stringify(counts));
  assert.ok(gpuBytes > 0 && gpuBytes < 12e6, `${gpuBytes} bytes of textures`);
});
