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
export class PackageBytes {
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

  get complete() {
    return this.at !== 0 && this.received >= this.total;
  }

  // To be called when nothing more comes.
  finish() {
    if (this.complete) return;
    const of = this.at === 0 ? '' : ` of ${this.total}`;
    throw new DecoderError('data', `The package is cut: ${this.received}${of} bytes arrived.`);
  }
}

async function openResponse(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new DecoderError('network', `The package could not be fetched from ${url}: ${error.message}.`);
  }
  if (!response.ok) {
    throw new DecoderError('http', `The server answered ${response.status} for ${url}.`);
  }
  return response;
}

// Fetches `url` into `bytes`. After each piece, and when none has come for `patience` ms, calls
// onprogress(waiting): whether the next piece is being waited for.
export async function fetchPackage(bytes, url, patience, onprogress) {
  const response = await openResponse(url);
  const reader = response.body.getReader();
  const timeout = Symbol('timeout');
  let next = reader.read();
  for (;;) {
    let part;
    try {
      let timer;
      const late = new Promise((done) => { timer = setTimeout(done, patience, timeout); });
      part = await Promise.race([next, late]);
      clearTimeout(timer);
      if (part === timeout) {
        onprogress(true);
        part = await next;
      }
    } catch (error) {
      if (error instanceof DecoderError) throw error;
      throw new DecoderError('network', `The connection ended after ${bytes.received} bytes of ${url}: ${error.message}.`);
    }
    if (part.done) break;
    next = reader.read();
    next.catch(() => {});  // it is looked at in the next turn
    bytes.push(part.value);
    onprogress(false);
  }
  bytes.finish();
}
