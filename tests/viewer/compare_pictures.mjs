// Compares the viewer's pictures with those of `voxpack render` of the same package and cameras.
//
//   node compare_pictures.mjs PACKAGE [VIEWS] [SIZE] [FOLDER]
//
// Prints the PSNR of each view, what the viewer fetched for the first one, its memory and its times;
// exits 1 below 40 dB. FOLDER receives NAME_viewer.png beside NAME.png of the renderer, and eight times
// their difference as NAME_difference.png. Needs the release build (VOXPACK_BUILD) and Chromium.
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {binary, bundle, folder, launchBrowser, messageOf, pageWithViewer, readPng, removeFolder, waitForState} from './viewer_harness.mjs';
import {writePng} from './png_writer.mjs';
import {TestServer} from './viewer_server.mjs';

export const leastDecibels = 40;

// The picture of the viewer at a camera of `voxpack render --orbit`, over white: RGB from the top.
function drawView(page, yaw) {
  return page.evaluate((angle) => {
    const viewer = document.querySelector('voxpack-viewer');
    const {renderer, camera} = viewer;
    camera.yaw = angle;
    renderer.budget.budgetMs = Infinity;  // full size
    renderer.setCamera(camera);
    renderer.dirty = true;
    renderer.draw();
    const {width, height} = renderer.canvas, gl = renderer.gl;
    const pixels = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let text = '';
    for (let y = height - 1; y >= 0; --y) {
      for (let i = 4 * y * width; i < 4 * (y + 1) * width; i += 4) {
        for (let c = 0; c < 3; ++c) text += String.fromCharCode(Math.min(255, pixels[i + c] + 255 - pixels[i + 3]));
      }
    }
    return {width, height, text};
  }, yaw);
}

function measure(shown, reference) {
  let squares = 0, largest = 0;
  const count = reference.width * reference.height;
  for (let i = 0; i < count; ++i) {
    for (let c = 0; c < 3; ++c) {
      const error = shown[3 * i + c] - reference.pixels[reference.channels * i + c];
      squares += error * error;
      largest = Math.max(largest, Math.abs(error));
    }
  }
  return {psnr: squares === 0 ? 100 : 10 * Math.log10(255 * 255 * 3 * count / squares), largest};
}

function keepPictures(output, name, shown, reference) {
  const difference = shown.map((x, i) => {
    const other = reference.pixels[reference.channels * Math.floor(i / 3) + i % 3];
    return Math.max(0, Math.min(255, 128 + 8 * (x - other)));
  });
  fs.mkdirSync(output, {recursive: true});
  fs.copyFileSync(path.join(folder, 'reference', `${name}.png`), path.join(output, `${name}.png`));
  writePng(path.join(output, `${name}_viewer.png`), reference.width, reference.height, shown);
  writePng(path.join(output, `${name}_difference.png`), reference.width, reference.height, difference);
}

// {views: [{name, psnr, largest}], counts, heap_bytes, gpu_bytes, seconds}
export async function comparePictures(browser, file, {views = 8, size = 400, output} = {}) {
  const reference = path.join(folder, 'reference');
  fs.rmSync(reference, {recursive: true, force: true});
  execFileSync(binary, ['render', '--quiet', '--device', 'cpu', file, '-o', reference, '--orbit', String(views), '--size', `${size}x${size}`]);
  const server = new TestServer();
  await server.start();
  server.add('/voxpack_viewer.js', 'text/javascript', fs.readFileSync(bundle));
  server.add('/model.vxp', 'application/octet-stream', fs.readFileSync(file));
  server.add('/', 'text/html', pageWithViewer(`src="/model.vxp" style="width: ${size}px; height: ${size}px"`));
  const context = await browser.newContext({viewport: {width: size, height: size}});
  const page = await context.newPage();
  const result = {views: []};
  try {
    await page.goto(server.origin);
    const state = await waitForState(page, 'complete', 'error');
    if (state !== 'complete') throw new Error(await messageOf(page));
    for (let i = 0; i < views; ++i) {
      const name = `orbit_${String(i).padStart(3, '0')}`;
      const picture = readPng(fs.readFileSync(path.join(reference, `${name}.png`)));
      const {width, height, text} = await drawView(page, 2 * Math.PI * i / views);
      if (width !== picture.width || height !== picture.height) throw new Error(`the viewer drew ${width} x ${height}`);
      const shown = Uint8Array.from(text, (c) => c.charCodeAt(0));
      result.views.push({name, ...measure(shown, picture)});
      if (output) keepPictures(output, name, shown, picture);
    }
    Object.assign(result, await page.evaluate(() => {
      const {renderer, heapBytes, seconds} = document.querySelector('voxpack-viewer');
      return {counts: renderer.countFetches(), heap_bytes: heapBytes, gpu_bytes: renderer.gpuBytes, seconds};
    }));
  } finally {
    await context.close();
    server.stop();
  }
  return result;
}

async function main() {
  const [file, views, size, output] = process.argv.slice(2);
  if (!file) {
    console.error('usage: compare_pictures.mjs PACKAGE [VIEWS] [SIZE] [FOLDER]');
    process.exit(2);
  }
  const browser = await launchBrowser();
  try {
    const result = await comparePictures(browser, file, {views: Number(views ?? 8), size: Number(size ?? 400), output});
    for (const {name, psnr, largest} of result.views) console.log(`${name}  ${psnr.toFixed(2)} dB, largest difference ${largest}`);
    const least = Math.min(...result.views.map((view) => view.psnr));
    const {counts} = result;
    const each = (sum) => (sum / counts.seen).toFixed(1);
    console.log(`least      ${least.toFixed(2)} dB`);
    console.log(`a pixel    ${each(counts.index)} texels of the index, ${each(counts.density)} of density, ${each(counts.points)} of points in ${each(counts.groups)} groups`);
    console.log(`memory     ${(result.gpu_bytes / 1e6).toFixed(1)} MB of textures, ${(result.heap_bytes / 1e6).toFixed(1)} MB of heap at most`);
    console.log(`seconds    ${result.seconds.fetch.toFixed(2)} to fetch, ${result.seconds.decode.toFixed(2)} to decode and build`);
    if (least < leastDecibels) process.exitCode = 1;
  } finally {
    await browser.close();
    removeFolder();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
