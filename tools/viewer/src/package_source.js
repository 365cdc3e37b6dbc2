// Brings the bytes of a package into the decoder's memory: from an ArrayBuffer, or from an address
// as they arrive.
import {DecoderError} from './decoder.js';

const headerSize = 40;
const largestPackage = 1 << 30;

// The size that the header states. Throws if these are not the first bytes of a package.
function packageSize(header) {
  const view = new DataView(header.buffer, header.byteOffset, headerSize);
  if (view.getUint32(0, true) !== 0x4b505856) {
    throw new DecoderError('data', 'This is not a .vxp package: it does not start with VXPK.');
  }
  const size = view.getBigUint64(8, true);
  if (size > largestPackage) {
    throw new DecoderError('data', `Not a whole .vxp package: its header says that it has ${size} bytes.`);
  }
  return Number(size);
}

// Collects the bytes of one package in the memory of `module`.
class PackageBytes {
  constructor(module) {
    this.module = module;
    this.at = 0;
    this.total = 0;
    this.received = 0;
    this.header = new Uint8Array(headerSize);
  }

  push(chunk) {
    if (this.at === 0) {
      const part = chunk.subarray(0, headerSize - this.received);
      this.header.set(part, this.received);
      this.received += part.length;
      chunk = chunk.subarray(part.length);
      if (this.received < headerSize) return;
      this.total = packageSize(this.header);
      this.at = this.module.allocate(Math.max(this.total, headerSize));
      this.module.bytes(this.at, headerSize).set(this.header);
    }
    if (this.received + chunk.length > Math.max(this.total, headerSize)) {
      throw new DecoderError('data', `Not a whole .vxp package: more bytes than the ${this.total} that its header says.`);
    }
    this.module.bytes(this.at + this.received, chunk.length).set(chunk);
    this.received += chunk.length;
  }

  finish() {
    if (this.at === 0 || this.received < this.total) {
      const of = this.at === 0 ? '' : ` of ${this.total}`;
      throw new DecoderError('data', `The package is cut: ${this.received}${of} bytes arrived.`);
    }
    return {at: this.at, size: this.total};
  }
}

async function openResponse(url, signal) {
  let response;
  try {
    response = await fetch(url, {signal});
  } catch (error) {
    throw new DecoderError('network', `The package could not be fetched from ${url}: ${error.message}.`);
  }
  if (!response.ok) {
    throw new DecoderError('http', `The server answered ${response.status} for ${url}.`);
  }
  return response;
}

// Fetches `url` into the memory of `module`; calls onprogress(received, total). Returns {at, size}.
export async function fetchPackage(module, url, signal, onprogress) {
  const response = await openResponse(url, signal);
  const bytes = new PackageBytes(module);
  const reader = response.body.getReader();
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      throw new DecoderError('network', `The connection ended after ${bytes.received} bytes of ${url}: ${error.message}.`);
    }
    if (part.done) return bytes.finish();
    bytes.push(part.value);
    onprogress(bytes.received, bytes.total);
  }
}

// Copies an ArrayBuffer into the memory of `module`. Returns {at, size}.
export function copyPackage(module, buffer) {
  const bytes = new PackageBytes(module);
  bytes.push(new Uint8Array(buffer));
  return bytes.finish();
}
