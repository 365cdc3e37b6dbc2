// The viewer in Chromium: loading, drawing, what people do with it, and what goes wrong.
// node --test tests/viewer/ (after npm ci there); needs the release build and Debian's chromium.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {bundle, differingShare, drawnShare, launchBrowser, makeDemoPackage, messageOf, pageWithViewer, picture,
        removeFolder, waitForState} from './viewer_harness.mjs';
import {TestServer} from './viewer_server.mjs';

const server = new TestServer();
let browser, demo;

before(async () => {
  demo = fs.readFileSync(makeDemoPackage());
  await server.start();
  server.add('/voxpack_viewer.js', 'text/javascript', fs.readFileSync(bundle));
  server.add('/demo.vxp', 'application/octet-stream', demo);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server.stop();
  removeFolder();
});

// Opens a page with the element; `errors` collects what the page threw.
async function openPage(attributes, options = {}) {
  const context = await browser.newContext({viewport: {width: 400, height: 300}, ...options});
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  const path = `/${Math.random().toString(36).slice(2)}.html`;
  server.add(path, 'text/html', pageWithViewer(attributes));
  await page.goto(server.origin + path);
  return page;
}

async function closePage(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

test('a package is loaded and drawn', async () => {
  const page = await openPage('src="/demo.vxp" alt="Demo"');
  assert.equal(await waitForState(page, 'complete', 'error'), 'complete', await messageOf(page));
  const shown = await page.evaluate(() => {
    const viewer = document.querySelector('voxpack-viewer');
    return {points: viewer.info.point_count, heap: viewer.heapBytes,
            label: viewer.shadowRoot.querySelector('canvas').getAttribute('aria-label')};
  });
  assert.ok(shown.points > 50000);
  assert.ok(shown.heap > 1e6 && shown.heap < 60e6, `heap ${shown.heap}`);
  assert.match(shown.label, /^Demo\. Drag/);
  assert.ok(drawnShare(await picture(page)) > 0.02);
  await closePage(page);
});

test('the mouse turns the object', async () => {
  const page = await openPage('src="/demo.vxp"');
  await waitForState(page, 'complete');
  const first = await picture(page);
  await page.mouse.move(160, 120);
  await page.mouse.down();
  await page.mouse.move(230, 120, {steps: 4});
  await page.mouse.up();
  assert.ok(differingShare(first, await picture(page)) > 0.02);
  await closePage(page);
});

test('a first coarse picture takes 15 % of the bytes', async () => {
  server.add('/slow.vxp', 'application/octet-stream', demo, {stopAfter: Math.floor(0.15 * demo.length)});
  const page = await openPage('src="/slow.vxp"');
  assert.equal(await waitForState(page, 'shown', 'complete', 'error'), 'shown', await messageOf(page));
  const first = await page.evaluate(() => document.querySelector('voxpack-viewer').firstBytes);
  assert.ok(first > 0 && first <= 0.15 * demo.length, `${first} of ${demo.length} bytes`);
  const coarse = await picture(page);
  assert.ok(drawnShare(coarse) > 0.02, 'something is drawn');
  server.release('/slow.vxp');
  await waitForState(page, 'complete');
  const whole = await picture(page);
  const share = differingShare(coarse, whole);
  assert.ok(share > 0.001 && share < 0.5, `${share} of the pixels change`);
  await closePage(page);
});

test('two fingers zoom, one turns', async () => {
  const page = await openPage('src="/demo.vxp"', {hasTouch: true});
  await waitForState(page, 'complete');
  const state = () => page.evaluate(() => {
    const {yaw, distance} = document.querySelector('voxpack-viewer').camera;
    return {yaw, distance};
  });
  const session = await page.context().newCDPSession(page);
  const touch = (type, ...points) => session.send('Input.dispatchTouchEvent', {
    type, touchPoints: points.map(([x, y], id) => ({x, y, id}))});
  const before = await state();
  await touch('touchStart', [100, 120]);
  await touch('touchMove', [160, 120]);
  await touch('touchEnd');
  const turned = await state();
  assert.ok(Math.abs(turned.yaw - before.yaw) > 0.1);
  await touch('touchStart', [140, 120], [180, 120]);
  await touch('touchMove', [90, 120], [230, 120]);
  await touch('touchEnd');
  assert.ok((await state()).distance < 0.8 * turned.distance);
  await closePage(page);
});

test('another size is drawn in full', async () => {
  const page = await openPage('src="/demo.vxp"');
  await waitForState(page, 'complete');
  await page.evaluate(() => { document.querySelector('voxpack-viewer').style.width = '200px'; });
  await page.waitForTimeout(300);
  const image = await picture(page);
  assert.equal(image.width, 200);
  await closePage(page);
});

test('a lost context comes back', async () => {
  const page = await openPage('src="/demo.vxp"');
  await waitForState(page, 'complete');
  const first = await picture(page);
  await page.evaluate(() => {
    const viewer = document.querySelector('voxpack-viewer');
    const context = viewer.shadowRoot.querySelector('canvas').getContext('webgl2');
    window.lost = context.getExtension('WEBGL_lose_context');
    window.lost.loseContext();
  });
  await waitForState(page, 'loading');
  assert.match(await messageOf(page), /graphics were reset/);
  await page.evaluate(() => window.lost.restoreContext());
  await waitForState(page, 'complete');
  assert.equal(await messageOf(page), '');
  assert.ok(differingShare(first, await picture(page)) < 0.01);
  await closePage(page);
});

test('keys: figures on demand', async () => {
  const page = await openPage('src="/demo.vxp"');
  await waitForState(page, 'complete');
  await page.locator('voxpack-viewer canvas').focus();
  await page.keyboard.press('i');
  await page.waitForTimeout(100);
  const stats = await page.locator('voxpack-viewer .stats').innerText();
  assert.match(stats, /frame +[\d.]+ ms, 320 x 240/);
  assert.match(stats, /textures +[\d.]+ MB/);
  await page.keyboard.press('i');
  assert.equal(await page.locator('voxpack-viewer .stats').isVisible(), false);
  await closePage(page);
});

// What is wrong, the address, the code of the error event, and what the message says.
async function expectMessage(src, code, pattern) {
  const page = await openPage('');
  const event = await page.evaluate((address) => new Promise((done) => {
    const viewer = document.querySelector('voxpack-viewer');
    viewer.addEventListener('error', (e) => done(e.detail));
    viewer.src = address;
  }), src);
  assert.equal(event.code, code);
  assert.match(event.message, pattern);
  assert.match(await messageOf(page), pattern);
  await closePage(page);
}

test('a missing file is named', () => expectMessage('/none.vxp', 'http', /^The server answered 404 for http.*none\.vxp\.$/));

test('a file that is no package is refused', async () => {
  server.add('/page.vxp', 'text/html', '<!doctype html><p>These are not the bytes of a package.');
  await expectMessage('/page.vxp', 'data', /not a \.vxp package/);
});

test('a corrupted package is refused', async () => {
  const bytes = Buffer.from(demo);
  bytes[bytes.length - 1000] ^= 1;
  server.add('/corrupt.vxp', 'application/octet-stream', bytes);
  await expectMessage('/corrupt.vxp', 'data', /checksum of section/);
});

test('every length of a cut package is refused', async () => {
  for (const size of [0, 1, 39, 40, 200, 5000, demo.length - 1]) {
    server.add('/cut.vxp', 'application/octet-stream', demo.subarray(0, size));
    await expectMessage('/cut.vxp', 'data', /cut|whole/);
  }
});

test('a connection that ends is reported', async () => {
  server.add('/ends.vxp', 'application/octet-stream', demo, {stopAfter: 5000, cut: true});
  await expectMessage('/ends.vxp', 'network', /connection ended after 5000 bytes/);
});

test('a package of a newer version is unsupported', async () => {
  const newer = new URL('../reference/corrupt/major_newer.vxp', import.meta.url);
  server.add('/newer.vxp', 'application/octet-stream', fs.readFileSync(newer));
  await expectMessage('/newer.vxp', 'unsupported', /newer/);
});
