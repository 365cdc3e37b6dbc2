// Sources of the shaders, made for one layout of channels.
//
// The shader walks a ray through the leaves (docs/field-format.md, "Rendering"), reads the density of
// every sample with one filtered fetch, and the features once per group of samples that lie within one
// cell, at their centre of weight (docs/decisions/0008-viewer-layout.md).
import {harmonics} from './harmonics.js';

export const triangleVertex = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

// Copies a plane of 16-bit codes into one channel of the texture of points (the others are masked).
export const mergeFragment = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D plane;
layout(location = 0) out uvec4 texel;
void main() { texel = uvec4(texelFetch(plane, ivec2(gl_FragCoord.xy), 0).r); }`;

const head = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler3D;
precision highp usampler3D;
precision highp usampler2D;
uniform usampler3D top_grid;
uniform usampler3D tables;
uniform sampler3D density;
uniform usampler2D rows;
uniform usampler2D points0;
uniform usampler2D points1;
uniform vec3 eye;            // fine cells
uniform vec3 right, up, forward;  // of a pixel, of a pixel, to the lower left corner: world axes
uniform vec3 box_low, box_high;   // fine cells
uniform int top_size;
uniform ivec2 brick_bits;    // of columns and rows of the bricks of density
uniform vec3 brick_scale;    // 1 / size of the texture
uniform float density_scale; // optical depth of a sample of the finest level per unit of the texture
uniform vec4 background;     // premultiplied with its alpha
uniform vec4 ranges[RANGES]; // low, step of two channels each
layout(location = 0) out vec4 pixel;

const float stop_transmittance = 0.02;  // what is left there belongs to the last sample
const float least_weight = 0.004;
const float spread = 1.0;  // of a group beyond one cell: weight times steps
#ifdef COUNT
vec4 counts = vec4(0);
#define COUNTED(lane, n) counts.lane += float(n);
#else
#define COUNTED(lane, n)
#endif

struct Place {
  vec3 lower;  // fine cells
  float size;
  int shift;
  int slot;    // -1: nothing to see
};

ivec3 known_cell = ivec3(-1);  // of the top grid, and its texel
ivec2 entry;

// What lies at a fine block: a leaf or a void cube.
Place look(ivec3 block) {
  ivec3 cell = block >> 3;
  if (cell != known_cell) {
    COUNTED(r, 1)
    known_cell = cell;
    entry = ivec2(texelFetch(top_grid, cell, 0).rg);
  }
  if (entry.x == 0) return Place(vec3((cell - entry.y) * 32), float(64 * entry.y + 32), 0, -1);
  if (entry.x >= 0xff00) {
    int shift = entry.x & 0xff;
    return Place(vec3(cell >> (shift - 3) << (shift + 2)), float(4 << shift), shift, entry.y);
  }
  int i = entry.x - 1;
  COUNTED(r, 1)
  int texel = int(texelFetch(tables, ivec3(i & 15, i >> 4 & 15, i >> 8) * 8 + (block & 7), 0).r);
  if (texel < 0x8000) return Place(vec3((block - texel) * 4), float(8 * texel + 4), 0, -1);
  int shift = texel >> 9 & 3;
  return Place(vec3(block >> shift << (shift + 2)), float(4 << shift), shift, entry.y + (texel & 511));
}
`;

const bitsOf = [[16], [8, 8], [5, 6, 5], [4, 4, 4, 4]];

// Statements that add the codes of the texels a and b, times w, to the sums g0 ..
function addCodes(groups) {
  return groups.map((size, g) => {
    const source = `${g < 4 ? 'a' : 'b'}.${'rgba'[g % 4]}`;
    let at = 0;
    const parts = bitsOf[size - 1].map((bits) => {
      const part = `${source} >> ${at}u & ${(1 << bits) - 1}u`;
      at += bits;
      return part;
    });
    return size === 1 ? `  g${g} += w * float(${parts[0]});` : `  g${g} += w * vec${size}(uvec${size}(${parts.join(', ')}));`;
  }).join('\n');
}

const typeOf = (size) => (size === 1 ? 'float' : `vec${size}`);

// Adds the features at the distance t, times the weight w, to g0 .. and stored_weight.
function shadeFunction(groups) {
  const textures = groups.length > 4 ? 2 : 1;
  return `
${groups.map((size, g) => `${typeOf(size)} g${g} = ${typeOf(size)}(0);`).join('\n')}
float stored_weight = 0.0;

void add_site(int site, float w) {
  int square = site >> 4;
  ivec2 at = ivec2((square & 1023) * 4 + (site & 3), (square >> 10) * 4 + (site >> 2 & 3));
  COUNTED(a, ${textures})
  uvec4 a = texelFetch(points0, at, 0);
${textures > 1 ? '  uvec4 b = texelFetch(points1, at, 0);\n' : ''}${addCodes(groups)}
}

// The two corners of the cell on a row of corners.
void add_row(int row, int x, vec2 w) {
  COUNTED(r, 1)
  int texel = int(texelFetch(rows, ivec2(row & 4095, row >> 12), 0).r);
  int below = texel & ((1 << x) - 1);
  int site = (texel >> 5) + (0xe994 >> (2 * below) & 3);  // two bits each: set bits of 0..7
  int first = texel >> x & 1, second = texel >> (x + 1) & 1;
  w *= vec2(first, second);
  stored_weight += w.x + w.y;
  add_site(site, w.x);
  add_site(site + first, w.y);
}

void shade(vec3 p, float weight) {
  COUNTED(b, 1)
  Place place = look(ivec3(p * 0.25));
  if (place.slot < 0) return;
  vec3 local = (p - place.lower) / float(1 << place.shift);
  ivec3 cell = clamp(ivec3(local), 0, 3);
  vec3 f = clamp(local - vec3(cell), 0.0, 1.0);
  int row = place.slot * 25 + cell.z * 5 + cell.y;
  vec2 along = vec2(1.0 - f.x, f.x) * weight;
  add_row(row, cell.x, along * (1.0 - f.y) * (1.0 - f.z));
  add_row(row + 1, cell.x, along * f.y * (1.0 - f.z));
  add_row(row + 5, cell.x, along * (1.0 - f.y) * f.z);
  add_row(row + 6, cell.x, along * f.y * f.z);
}
`;
}

// Statements that decode the sums into features f0 ..
function readFeatures(groups) {
  const lines = [];
  groups.forEach((size, g) => {
    for (let c = 0; c < size; ++c) {
      const channel = lines.length;
      const range = `ranges[${channel >> 1}].${channel & 1 ? 'zw' : 'xy'}`;
      lines.push(`  float f${channel} = ${range}.x * stored_weight + ${range}.y * g${g}${size === 1 ? '' : '.' + 'xyzw'[c]};`);
    }
  });
  return lines.join('\n');
}

// Statements that return colour(A, d) of field-format.md, "Appearance", from the features. No array is
// indexed by a variable, and the weights of the network are constants: every driver is fastest so.
function decodeFeatures(kind, channels, hidden, weights) {
  if (kind === 0) return '  return vec3(f0, f1, f2);';
  if (kind < 3) {
    const count = kind === 1 ? 4 : 9;
    const sum = [0, 1, 2].map((c) => Array.from({length: count}, (_, k) => `y${k} * f${3 * k + c}`).join(' + '));
    return `${harmonics(count)}\n  return vec3(${sum.join(',\n              ')});`;
  }
  const quarters = hidden / 4;
  const inputs = [...Array.from({length: channels}, (_, i) => `f${i}`), 'alpha',
                  ...Array.from({length: 15}, (_, k) => `a${k + 1}`)];
  const scaled = Array.from({length: 15}, (_, k) => `  float a${k + 1} = alpha * y${k + 1};`);
  const vector = (values) => `vec${values.length}(${[...values].map((x) => x.toExponential(6)).join(', ')})`;
  const inner = inputs.length * hidden;
  const layers = Array.from({length: quarters}, (_, h) => {
    const sum = inputs.map((name, i) => `${name} * ${vector(weights.subarray(i * hidden + 4 * h, i * hidden + 4 * h + 4))}`);
    const out = [0, 1, 2, 3].map((k) => {
      const row = inner + 3 * (4 * h + k);
      return `sum.${'xyzw'[k]} * ${vector(weights.subarray(row, row + 3))}`;
    });
    return `  sum = max(${sum.join(' +\n            ')}, 0.0);\n  rgb += ${out.join(' + ')};`;
  });
  return `${harmonics(16)}
${scaled.join('\n')}
  vec3 rgb = vec3(f0, f1, f2);
  vec4 sum;
${layers.join('\n')}
  return rgb;`;
}

// The shader that draws. kind, hidden: appearance_kind and hidden_width of the package, weights: its
// network; groups: channels of each plane of points; count: writes what it fetched instead of the picture
// (texels of the index, samples of density, shaded groups, texels of points; each / 256).
export function drawFragment({kind, groups, hidden, weights}, count = false) {
  const channels = groups.reduce((a, b) => a + b, 0);
  return `${head.replace('RANGES', (channels + 1) >> 1).replace('#ifdef COUNT', count ? '#define COUNT\n#ifdef COUNT' : '#ifdef COUNT')}
${shadeFunction(groups)}
vec3 colour(float alpha, vec3 d) {
${readFeatures(groups)}
${decodeFeatures(kind, channels, hidden, weights)}
}

void main() {
  vec3 d = normalize(forward + gl_FragCoord.x * right + gl_FragCoord.y * up);
  vec3 safe = mix(d, vec3(1e-9), lessThan(abs(d), vec3(1e-9)));
  vec3 inverse = 1.0 / safe;
  vec3 t0 = (box_low - eye) * inverse, t1 = (box_high - eye) * inverse;
  vec3 near = min(t0, t1), far = max(t0, t1);
  float t = max(max(near.x, near.y), max(near.z, 0.0));
  float t_end = min(min(far.x, far.y), far.z);
  float nudge = max(1e-3, 3e-7 * t_end);
  float t_out = t, sample_at = t, s = 1.0, depth = 0.0;
  vec3 brick = vec3(0), scale = vec3(0);
  float remaining = 1.0, weight = 0.0, weighted = 0.0, first = 0.0, group_step = 0.0;
  // Groups of samples, the last one first: distances and weights. They are shaded together, after the
  // walk, so that the rays of neighbouring pixels do it at the same time.
  vec4 at_low = vec4(0), at_high = vec4(0), share_low = vec4(0), share_high = vec4(0);
  int group_count = 0;
  bool done = t >= t_end;
  for (int guard = 0; guard < 4096; ++guard) {
    bool full = false;
    if (!done && sample_at >= t_out) {
      t = t_out;
      if (t >= t_end) {
        done = true;
      } else {
        ivec3 block = clamp(ivec3((eye + (t + nudge) * d) * 0.25), ivec3(0), ivec3(8 * top_size - 1));
        Place place = look(block);
        vec3 sides = (place.lower + mix(vec3(0), vec3(place.size), greaterThan(inverse, vec3(0))) - eye) * inverse;
        t_out = max(min(min(sides.x, sides.y), min(sides.z, t_end)), t + nudge);
        sample_at = t_out;
        if (place.slot >= 0) {
          s = 0.5 * float(1 << place.shift);
          depth = density_scale * float(1 << place.shift);
          sample_at = (ceil(t / s - 0.5) + 0.5) * s;
          int column = place.slot & ((1 << brick_bits.x) - 1);
          int row = place.slot >> brick_bits.x & ((1 << brick_bits.y) - 1);
          vec3 corner = vec3(5 * ivec3(column, row, place.slot >> (brick_bits.x + brick_bits.y))) + 0.5;
          float cells = 4.0 / place.size;
          brick = (corner + (eye - place.lower) * cells) * brick_scale;
          scale = d * cells * brick_scale;
          full = weight > 0.0 && s != group_step && group_count < 7;
        }
      }
    }
    while (!done && !full && sample_at < t_out) {
      float extent = sample_at - first;
      full = weight > 0.0 && group_count < 7 && extent > 2.0 * s &&
             (weight * extent > spread * s || extent > 12.0 * s);
      if (full) break;
      COUNTED(g, 1)
      float value = texture(density, brick + sample_at * scale).r;
      if (value > 0.0) {
        float w = remaining * (1.0 - exp(-value * depth));
        done = remaining - w < stop_transmittance;
        if (done) w = remaining;
        if (weight == 0.0) {
          first = sample_at;
          group_step = s;
        }
        weight += w;
        weighted += w * sample_at;
        remaining -= w;
      }
      sample_at += s;
    }
    if (weight > 0.0 && (full || done)) {
      if (weight > least_weight) {
        at_high = vec4(at_low.w, at_high.xyz);
        at_low = vec4(weighted / weight, at_low.xyz);
        share_high = vec4(share_low.w, share_high.xyz);
        share_low = vec4(weight, share_low.xyz);
        ++group_count;
      }
      weight = 0.0;
      weighted = 0.0;
    }
    if (done) break;
  }
  for (int i = 0; i < group_count; ++i) {
    shade(eye + at_low.x * d, share_low.x);
    at_low = vec4(at_low.yzw, at_high.x);
    at_high.xyz = at_high.yzw;
    share_low = vec4(share_low.yzw, share_high.x);
    share_high.xyz = share_high.yzw;
  }
  float alpha = 1.0 - remaining;
  vec3 rgb = colour(alpha, d);
  pixel = clamp(vec4(rgb, alpha) + remaining * background, 0.0, 1.0);
#ifdef COUNT
  pixel = counts / 256.0;
#endif
}`;
}
