// Loads a package in Chromium and prints what it took, as one JSON line per run.
// node tests/viewer/measure_load.mjs P.vxp [RUNS] [PICTURE.png]
//   decode_seconds      of the worker, by the page's clock; cpu_seconds: of all processes of the browser meanwhile
//   heap_bytes          memory of the decoder's module at its end, its largest
//   texture_bytes       of what is drawn
//   first_picture_bytes received, at 8 Mbit/s
import fs from 'node:fs';
import {bundle, launchBrowser, pageWithViewer, removeFolder} from './viewer_harness.mjs';
import {TestServer} from './viewer_server.mjs';

const [, , packagePath, runs = '3', picturePath] = process.argv;
const server = new TestServer();
await server.start();
server.add('/voxpack_viewer.js', 'text/javascript', fs.readFileSync(bundle));
server.add('/model.vxp', 'application/octet-stream', fs.readFileSync(packagePath));
server.add('/page.html', 'text/html', pageWithViewer('src="/model.vxp"').replace('320px; height: 240px', '800px; height: 600px'));
const browser = await launchBrowser();

async function cpuSeconds() {
  const session = await browser.newBrowserCDPSession();
  const {processInfo} = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, one) => sum + one.cpuTime, 0);
}

async function load(bitsPerSecond) {
  const context = await browser.newContext({viewport: {width: 800, height: 600}});
  const page = await context.newPage();
  if (bitsPerSecond) {
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions',
                       {offline: false, latency: 40, downloadThroughput: bitsPerSecond / 8, uploadThroughput: bitsPerSecond / 8});
  }
  const before = await cpuSeconds();
  await page.goto(`${server.origin}/page.html`);
  await page.waitForFunction(() => ['complete', 'error'].includes(document.querySelector('voxpack-viewer').loadState), null,
                             {timeout: 120000});
  const found = await page.evaluate(() => {
    const viewer = document.querySelector('voxpack-viewer');
    return {state: viewer.loadState, decode_seconds: viewer.seconds.decode, heap_bytes: viewer.heapBytes,
            texture_bytes: viewer.renderer.stats().gpu_bytes, first_picture_bytes: viewer.firstBytes};
  });
  found.cpu_seconds = (await cpuSeconds()) - before;
  if (picturePath && !bitsPerSecond) await page.locator('voxpack-viewer').screenshot({path: picturePath});
  await context.close();
  return found;
}

for (let i = 0; i < Number(runs); ++i) console.log(JSON.stringify(await load(0)));
console.log(JSON.stringify({network: '8 Mbit/s', ...await load(8e6)}));
await browser.close();
server.stop();
removeFolder();
