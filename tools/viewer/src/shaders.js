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
uniform usampler2D records;
uniform usampler2D aprons;
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
layout(std140) uniform Network { vec4 weights[NETWORK]; };
uniform vec4 ranges[RANGES]; // low, step of two channels each
layout(location = 0) out vec4 pixel;

const float stop_transmittance = 0.0015;
const float least_weight = 0.002;
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
  int leaf;    // -1: none
  int slot;    // of density; -1: nothing to see
};

// What lies at a fine block: a leaf or a void cube.
Place look(ivec3 block) {
  ivec3 cell = block >> 3;
  COUNTED(r, 1)
  uvec2 entry = texelFetch(top_grid, cell, 0).rg;
  uint t = entry.x >> 24 | (entry.y >> 24) << 8;
  int first = int(entry.x & 0xffffffu), slot = int(entry.y & 0xffffffu);
  if (t == 0u) return Place(vec3((cell - first) * 32), float(64 * first + 32), 0, -1, -1);
  if (t >= 0xff00u) {
    int shift = int(t & 0xffu);
    ivec3 low = cell >> (shift - 3) << (shift + 2);
    return Place(vec3(low), float(4 << shift), shift, first, slot == 0xffffff ? -1 : slot);
  }
  int i = int(t) - 1;
  COUNTED(r, 1)
  int texel = int(texelFetch(tables, ivec3(i & 15, i >> 4 & 15, i >> 8) * 8 + (block & 7), 0).r);
  if (texel < 0x8000) return Place(vec3((block - texel) * 4), float(8 * texel + 4), 0, -1, -1);
  int shift = texel >> 9 & 3, number = texel & 511;
  return Place(vec3(block >> shift << (shift + 2)), float(4 << shift), shift, first + number,
               (texel & 0x800) != 0 ? slot + number : -1);
}

int bit_count(uint v) {
  v -= v >> 1 & 0x55555555u;
  v = (v & 0x33333333u) + (v >> 2 & 0x33333333u);
  v = (v + (v >> 4)) & 0x0f0f0f0fu;
  return int(v * 0x01010101u >> 24);
}

// Number of the bit within a mask of 64, -1 if it is not set.
int rank_of(uvec2 mask, int bit) {
  bool high = bit >= 32;
  uint half_mask = high ? mask.y : mask.x, one = 1u << (bit & 31);
  if ((half_mask & one) == 0u) return -1;
  return bit_count(half_mask & (one - 1u)) + (high ? bit_count(mask.x) : 0);
}

int site_bit(ivec3 s) {
  ivec3 low = s & 1, high = s & 2;
  return low.x | low.y << 1 | low.z << 2 | high.x << 2 | high.y << 3 | high.z << 4;
}

int apron_bit(ivec3 c) {
  return c.z == 4 ? c.y * 5 + c.x : (c.y == 4 ? 25 + c.z * 5 + c.x : 45 + c.z * 4 + c.y);
}

uvec4 record_of(int leaf) {
  COUNTED(r, 1)
  return texelFetch(records, ivec2(leaf & 2047, leaf >> 11), 0);
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
    return size === 1 ? `    g${g} += w * float(${parts[0]});` : `    g${g} += w * vec${size}(uvec${size}(${parts.join(', ')}));`;
  }).join('\n');
}

const typeOf = (size) => (size === 1 ? 'float' : `vec${size}`);

// Adds the features at the distance t, times the weight w, to g0 .. and stored_weight.
function shadeFunction(groups) {
  const textures = groups.length > 4 ? 2 : 1;
  return `
${groups.map((size, g) => `${typeOf(size)} g${g} = ${typeOf(size)}(0);`).join('\n')}
float stored_weight = 0.0;

void shade(vec3 p, float weight) {
  COUNTED(b, 1)
  Place place = look(ivec3(p * 0.25));
  if (place.leaf < 0) return;
  uvec4 own = record_of(place.leaf);
  uvec2 apron = uvec2(0);
  vec3 local = (p - place.lower) / float(1 << place.shift);
  ivec3 cell = clamp(ivec3(local), 0, 3);
  vec3 f = clamp(local - vec3(cell), 0.0, 1.0);
  if (own.w != 0xffffffffu && max(max(cell.x, cell.y), cell.z) == 3) {
    COUNTED(r, 1)
    apron = texelFetch(aprons, ivec2(own.w & 2047u, own.w >> 11), 0).rg;
  }
  int own_count = bit_count(own.x) + bit_count(own.y);
  ivec3 low = ivec3(place.lower);
  Place other = place;
  uvec4 record = own;
  for (int c = 0; c < 8; ++c) {
    ivec3 side_of = ivec3(c & 1, c >> 1 & 1, c >> 2);
    ivec3 corner = cell + side_of;
    vec3 side = mix(1.0 - f, f, vec3(side_of));
    float w = side.x * side.y * side.z * weight;
    int site = -1;
    if (max(max(corner.x, corner.y), corner.z) < 4) {
      int rank = rank_of(own.xy, site_bit(corner));
      if (rank >= 0) site = int(own.z) + rank;
    } else {
      int rank = rank_of(apron, apron_bit(corner));
      if (rank >= 0) {
        site = int(own.z) + own_count + rank;
      } else {
        ivec3 q = low + (corner << place.shift);
        vec3 inside = vec3(q) - other.lower;
        if (any(lessThan(inside, vec3(0))) || any(greaterThanEqual(inside, vec3(other.size)))) {
          other = look(q >> 2);
          if (other.leaf >= 0) record = record_of(other.leaf);
        }
        if (other.leaf >= 0) {
          rank = rank_of(record.xy, site_bit(q >> other.shift & 3));
          if (rank >= 0) site = int(record.z) + rank;
        }
      }
    }
    if (site < 0) continue;
    int square = site >> 4;
    ivec2 at = ivec2((square & 1023) * 4 + (site & 3), (square >> 10) * 4 + (site >> 2 & 3));
    COUNTED(a, ${textures})
    uvec4 a = texelFetch(points0, at, 0);
${textures > 1 ? '    uvec4 b = texelFetch(points1, at, 0);\n' : ''}${addCodes(groups)}
    stored_weight += w;
  }
}
`;
}

// Decodes the sums into features f[0 ..].
function readFeatures(groups) {
  const lines = [];
  let channel = 0;
  groups.forEach((size, g) => {
    for (let c = 0; c < size; ++c, ++channel) {
      const range = `ranges[${channel >> 1}].${channel & 1 ? 'zw' : 'xy'}`;
      lines.push(`  f[${channel}] = ${range}.x * stored_weight + ${range}.y * g${g}${size === 1 ? '' : '.' + 'xyzw'[c]};`);
    }
  });
  return lines.join('\n');
}

// colour(A, d) of field-format.md, "Appearance".
function colourFunction(kind, channels, hidden) {
  const features = `float f[${channels}];`;
  if (kind === 0) return {code: 'return vec3(f[0], f[1], f[2]);', features};
  if (kind < 3) {
    const count = kind === 1 ? 4 : 9;
    const sum = [0, 1, 2].map((c) => Array.from({length: count}, (_, k) => `y[${k}] * f[${3 * k + c}]`).join(' + '));
    return {features, code: `float y[${count}];\n${harmonics(count)}\n  return vec3(${sum.join(', ')});`};
  }
  const quarters = hidden / 4;
  const inputs = channels + 16;
  return {features, code: `float y[16];
${harmonics(16)}
  float x[${inputs}];
  for (int i = 0; i < ${channels}; ++i) x[i] = f[i];
  x[${channels}] = alpha;
  for (int i = 1; i < 16; ++i) x[${channels} + i] = alpha * y[i];
  vec3 rgb = vec3(f[0], f[1], f[2]);
  for (int h = 0; h < ${quarters}; ++h) {
    vec4 sum = vec4(0);
    for (int i = 0; i < ${inputs}; ++i) sum += x[i] * weights[i * ${quarters} + h];
    sum = max(sum, 0.0);
    int row = ${inputs * quarters} + 4 * h;
    rgb += sum.x * weights[row].xyz + sum.y * weights[row + 1].xyz + sum.z * weights[row + 2].xyz + sum.w * weights[row + 3].xyz;
  }
  return rgb;`};
}

// The shader that draws. groups: channels of each plane of points; count: writes what it fetched
// instead of the picture (leaf look-ups, samples of density, shaded groups, points; each / 256).
export function drawFragment({kind, groups, hidden}, count = false) {
  const channels = groups.reduce((a, b) => a + b, 0);
  const colour = colourFunction(kind, channels, hidden);
  const network = kind === 3 ? (channels + 16) * hidden / 4 + hidden : 1;
  return `${head.replace('NETWORK', network).replace('RANGES', (channels + 1) >> 1)
      .replace('#ifdef COUNT', count ? '#define COUNT\n#ifdef COUNT' : '#ifdef COUNT')}
${shadeFunction(groups)}
${colour.features}

vec3 colour(float alpha, vec3 d) {
${readFeatures(groups)}
  ${colour.code}
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
          full = weight > 0.0 && s != group_step;
        }
      }
    }
    while (!done && !full && sample_at < t_out) {
      if (weight > 0.0 && sample_at - first > 2.0 * s) {
        full = true;
        break;
      }
      COUNTED(g, 1)
      float value = texture(density, brick + sample_at * scale).r;
      if (value > 0.0) {
        float w = remaining * (1.0 - exp(-value * depth));
        if (weight == 0.0) {
          first = sample_at;
          group_step = s;
        }
        weight += w;
        weighted += w * sample_at;
        remaining -= w;
        done = remaining < stop_transmittance;
      }
      sample_at += s;
    }
    if (weight > 0.0 && (full || done)) {
      if (weight > least_weight) shade(eye + (weighted / weight) * d, weight);
      weight = 0.0;
      weighted = 0.0;
    }
    if (done) break;
  }
  float alpha = 1.0 - remaining;
  vec3 rgb = stored_weight > 0.0 ? colour(alpha, d) : vec3(0);
  pixel = clamp(vec4(rgb, alpha) + remaining * background, 0.0, 1.0);
#ifdef COUNT
  pixel = counts / 256.0;
#endif
}`;
}
