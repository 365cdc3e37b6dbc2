// The pages of `voxpack view` in Chromium: the one file, opened from the disk, and the served folder.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {binary, folder, launchBrowser, makeDemoPackage, messageOf, removeFolder, waitForState} from './viewer_harness.mjs';

let browser, demo;

before(async () => {
  demo = makeDemoPackage();
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  removeFolder();
});

async function openPage(url, context = {}) {
  const page = await (await browser.newContext({viewport: {width: 400, height: 300}, ...context})).newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  await page.goto(url);
  return page;
}

test('one file shows the package without network', async () => {
  const file = path.join(folder, 'page.html');
  execFileSync(binary, ['view', '--quiet', demo, '-o', file, '--title', 'A <b> & "c"', '--auto-rotate']);
  const page = await openPage(`file://${file}`, {offline: true});
  assert.equal(await waitForState(page, 'complete', 'error'), 'complete', await messageOf(page));
  assert.equal(await page.title(), 'A <b> & "c"');
  assert.deepEqual(page.errors, []);
  const yaw = () => page.evaluate(() => document.querySelector('voxpack-viewer').camera.yaw);
  const before = await yaw();
  await page.waitForTimeout(400);
  assert.notEqual(await yaw(), before, 'it turns');
  await page.context().close();
});

test('reduced motion stops the rotation', async () => {
  const page = await openPage(`file://${path.join(folder, 'page.html')}`, {reducedMotion: 'reduce'});
  await waitForState(page, 'complete');
  const yaw = () => page.evaluate(() => document.querySelector('voxpack-viewer').camera.yaw);
  const before = await yaw();
  await page.waitForTimeout(400);
  assert.equal(await yaw(), before);
  await page.context().close();
});

test('a damaged package inside the page is reported', async () => {
  const file = path.join(folder, 'damaged.html');
  const text = fs.readFileSync(path.join(folder, 'page.html'), 'utf8');
  const at = text.indexOf('octet-stream">') + 5000;
  fs.writeFileSync(file, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
  const page = await openPage(`file://${file}`);
  assert.equal(await waitForState(page, 'complete', 'error'), 'error');
  assert.match(await messageOf(page), /checksum/);
  await page.context().close();
});

test('a served folder lists its packages and shows the one chosen', async () => {
  const served = path.join(folder, 'served', 'more');
  fs.mkdirSync(served, {recursive: true});
  fs.copyFileSync(demo, path.join(served, 'two words.vxp'));
  fs.writeFileSync(path.join(served, '..', 'damaged.vxp'), 'VXPK, but no more than that, is not a package at all');
  const server = spawn(binary, ['view', '--serve', '0', path.join(folder, 'served')], {stdio: ['ignore', 'ignore', 'pipe']});
  try {
    const line = await new Promise((done) => server.stderr.once('data', (data) => done(String(data))));
    const page = await openPage(line.match(/http:\S+/)[0]);
    assert.equal(await waitForState(page, 'complete', 'error'), 'error');
    await page.getByText('more/two words.vxp').click();
    assert.equal(await waitForState(page, 'complete'), 'complete');
    assert.equal(await messageOf(page), '');
    assert.deepEqual(page.errors, []);
    await page.context().close();
  } finally {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGINT');
    assert.equal(await ended, 130);
  }
});
