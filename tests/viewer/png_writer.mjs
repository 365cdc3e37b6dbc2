// Writes 8-bit RGB pictures as PNG.
import fs from 'node:fs';
import zlib from 'node:zlib';

const table = Uint32Array.from({length: 256}, (_, i) => {
  let value = i;
  for (let k = 0; k < 8; ++k) value = value & 1 ? 0xedb88320 ^ value >>> 1 : value >>> 1;
  return value;
});

function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  Buffer.from(data).copy(out, 8);
  let crc = 0xffffffff;
  for (const byte of out.subarray(4, 8 + data.length)) crc = table[(crc ^ byte) & 255] ^ crc >>> 8;
  out.writeUInt32BE(~crc >>> 0, 8 + data.length);
  return out;
}

export function writePng(file, width, height, pixels) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);  // 8 bits, RGB
  const raw = Buffer.alloc(height * (3 * width + 1));
  for (let y = 0; y < height; ++y) raw.set(pixels.subarray(3 * width * y, 3 * width * (y + 1)), y * (3 * width + 1) + 1);
  fs.writeFileSync(file, Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
                                        chunk('IDAT', zlib.deflateSync(raw)), chunk('IEND', Buffer.alloc(0))]));
}
