// Makes Gaussian splats of a field, to measure the viewer beside a splat viewer on the same object.
//
//   node field_to_splats.mjs FIELD.safetensors OUT.splat [COUNT]
//
// Points are joined 2 x 2 x 2; each group becomes a round splat as wide as the group, as opaque as its
// points, in their colour seen from all sides. The COUNT (300000) most opaque ones are written: 32 bytes
// each (position and scale as f32[3], RGBA and rotation as u8[4]).
import fs from 'node:fs';

const [input, output, countText] = process.argv.slice(2);
if (!output) {
  console.error('usage: field_to_splats.mjs FIELD.safetensors OUT.splat [COUNT]');
  process.exit(2);
}
const most = Number(countText ?? 300000);

const file = fs.readFileSync(input);
const headerSize = Number(file.readBigUInt64LE(0));
const header = JSON.parse(file.toString('utf8', 8, 8 + headerSize));
const views = {U16: Uint16Array, I8: Int8Array, F32: Float32Array};
function tensor(name) {
  const {dtype, data_offsets: [begin, end]} = header[name];
  const bytes = file.subarray(8 + headerSize + begin, 8 + headerSize + end);
  return new views[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
const meta = header.__metadata__;
const origin = meta.origin.split(' ').map(Number);
const spacing = Number(meta.edge) / Number(meta.resolution);
const position = tensor('position'), density = tensor('density'), features = tensor('features');
const level = header.level ? tensor('level') : new Int8Array(density.length);
const channels = features.length / density.length;
// What the network adds on the average over directions is left out: the first three channels, or the
// constant harmonic, are the colour.
const colourOf = meta.appearance.startsWith('sh') ? (i, c) => 0.28209479 * features[i * channels + c]
                                                  : (i, c) => features[i * channels + c];

const groups = new Map();
for (let i = 0; i < density.length; ++i) {
  if (!(density[i] > 0)) continue;
  const size = spacing * 2 ** level[i];
  const key = `${level[i]},${position[3 * i] >> 1},${position[3 * i + 1] >> 1},${position[3 * i + 2] >> 1}`;
  const alpha = 1 - Math.exp(-density[i] * 2 ** level[i]);
  const group = groups.get(key) ?? {weight: 0, count: 0, at: [0, 0, 0], rgb: [0, 0, 0], size};
  for (let a = 0; a < 3; ++a) {
    group.at[a] += alpha * (origin[a] + position[3 * i + a] * size);
    group.rgb[a] += alpha * colourOf(i, a);
  }
  group.weight += alpha;
  ++group.count;
  groups.set(key, group);
}
const chosen = [...groups.values()].sort((a, b) => b.weight - a.weight).slice(0, most);
const out = Buffer.alloc(32 * chosen.length);
const byte = (x) => Math.max(0, Math.min(255, Math.round(255 * x)));
chosen.forEach((group, i) => {
  for (let a = 0; a < 3; ++a) {
    out.writeFloatLE(group.at[a] / group.weight, 32 * i + 4 * a);
    out.writeFloatLE(group.size * 0.8, 32 * i + 12 + 4 * a);
    out[32 * i + 24 + a] = byte(group.rgb[a] / group.weight);
  }
  out[32 * i + 27] = byte(group.weight / group.count);
  out.set([255, 128, 128, 128], 32 * i + 28);
});
fs.writeFileSync(output, out);
console.log(`${chosen.length} splats of ${groups.size} groups in ${output}`);
