// A server on the loopback for the tests: files from memory, slow or cut where a test asks for it.
import http from 'node:http';

// files: path -> {type, body: Buffer, stopAfter?: bytes}. A file with `stopAfter` sends that many bytes and
// waits until release(path) is called.
export class TestServer {
  constructor() {
    this.files = new Map();
    this.waiting = new Map();
    this.requests = [];
  }

  async start() {
    this.server = http.createServer((request, response) => this.answer(request, response));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  add(path, type, body, options = {}) {
    this.files.set(path, {type, body: Buffer.from(body), ...options});
  }

  answer(request, response) {
    const path = request.url.split('?')[0];
    this.requests.push(path);
    const file = this.files.get(path);
    if (!file) {
      response.writeHead(404, {'Content-Type': 'text/plain'});
      response.end('not found');
      return;
    }
    response.writeHead(200, {'Content-Type': file.type, 'Content-Length': file.body.length, 'Cache-Control': 'no-store'});
    if (file.stopAfter === undefined) {
      response.end(file.body);
      return;
    }
    response.write(file.body.subarray(0, file.stopAfter));
    this.waiting.set(path, () => response.end(file.body.subarray(file.stopAfter)));
    if (file.cut) setTimeout(() => response.destroy(), 200);
  }

  release(path) {
    this.waiting.get(path)();
    this.waiting.delete(path);
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
