// What the tests share: the paths of the build, a demo package, Chromium, and pictures of the page.
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import {chromium} from 'playwright-core';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
export const build = process.env.VOXPACK_BUILD ?? path.join(root, 'build/release');
export const binary = path.join(build, 'voxpack');
export const bundle = path.join(build, 'viewer/voxpack_viewer.js');
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'voxpack_viewer_'));

// Makes the demo object as a package of about 80 000 points.
export function makeDemoPackage() {
  const field = path.join(folder, 'demo.safetensors'), file = path.join(folder, 'demo.vxp');
  execFileSync(binary, ['demo', '--quiet', '--field', '--resolution', '96', '-o', field]);
  execFileSync(binary, ['compress', '--quiet', field, '-o', file]);
  return file;
}

// WebGL2 in software; Mesa's renderer is faster than Chromium's own, which is used where Mesa is missing.
export async function launchBrowser() {
  const mesa = fs.existsSync('/usr/lib/x86_64-linux-gnu/dri/swrast_dri.so') && process.env.VOXPACK_SWIFTSHADER !== '1';
  const graphics = mesa ? ['--use-gl=angle', '--use-angle=gl-egl', '--ignore-gpu-blocklist']
                        : ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
  return chromium.launch({
    executablePath: process.env.VOXPACK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-precise-memory-info', ...graphics],
    env: {...process.env, LIBGL_ALWAYS_SOFTWARE: '1', EGL_PLATFORM: 'surfaceless'},
  });
}

export function pageWithViewer(attributes) {
  return `<!doctype html><meta charset="utf-8"><title>test</title>
<style>body { margin: 0 } voxpack-viewer { width: 320px; height: 240px; }</style>
<script type="module" src="/voxpack_viewer.js"></script>
<voxpack-viewer ${attributes}></voxpack-viewer>`;
}

// The state of the element once it is one of `states`.
export async function waitForState(page, ...states) {
  const handle = await page.waitForFunction((wanted) => {
    const viewer = document.querySelector('voxpack-viewer');
    return wanted.includes(viewer.loadState) && viewer.loadState;
  }, states, {timeout: 30000});
  return handle.jsonValue();
}

// The text of the message the element shows; '' if there is none.
export function messageOf(page) {
  return page.evaluate(() => {
    const message = document.querySelector('voxpack-viewer').shadowRoot.querySelector('.message');
    return message.hidden ? '' : message.innerText;
  });
}

// The pixels of a PNG of 8-bit RGB or RGBA, as screenshots are.
export function readPng(bytes) {
  const view = Buffer.from(bytes);
  const width = view.readUInt32BE(16), height = view.readUInt32BE(20), channels = view[25] === 6 ? 4 : 3;
  const parts = [];
  for (let at = 8; at < view.length;) {
    const size = view.readUInt32BE(at);
    if (view.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(view.subarray(at + 8, at + 8 + size));
    at += size + 12;
  }
  const raw = zlib.inflateSync(Buffer.concat(parts)), row = width * channels;
  const pixels = new Uint8Array(row * height);
  for (let y = 0; y < height; ++y) {
    const filter = raw[y * (row + 1)];
    for (let i = 0; i < row; ++i) {
      const left = i >= channels ? pixels[y * row + i - channels] : 0;
      const up = y > 0 ? pixels[(y - 1) * row + i] : 0;
      const corner = y > 0 && i >= channels ? pixels[(y - 1) * row + i - channels] : 0;
      const p = left + up - corner;
      const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      pixels[y * row + i] = raw[y * (row + 1) + 1 + i] + [0, left, up, (left + up) >> 1, paeth][filter];
    }
  }
  return {width, height, channels, pixels};
}

// The picture of the element, and the share of its pixels that differ from another picture of the same size.
export async function picture(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return readPng(await page.locator('voxpack-viewer').screenshot());
}

// The share of the pixels that are not white.
export function drawnShare(image) {
  let drawn = 0;
  for (let i = 0; i < image.pixels.length; i += image.channels) {
    if (image.pixels[i] + image.pixels[i + 1] + image.pixels[i + 2] < 720) ++drawn;
  }
  return drawn / (image.width * image.height);
}

export function differingShare(a, b) {
  let count = 0;
  for (let i = 0; i < a.pixels.length; i += a.channels) {
    for (let c = 0; c < 3; ++c) {
      if (Math.abs(a.pixels[i + c] - b.pixels[i + c]) > 8) {
        ++count;
        break;
      }
    }
  }
  return count / (a.width * a.height);
}

export function removeFolder() {
  fs.rmSync(folder, {recursive: true, force: true});
}
