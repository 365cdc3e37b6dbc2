// The planes of one level as textures.
const formats = {  // of a plane: internal format, format, type, bytes of a texel
  rg32ui: ['RG32UI', 'RG_INTEGER', 'UNSIGNED_INT', Uint32Array, 8],
  r32ui: ['R32UI', 'RED_INTEGER', 'UNSIGNED_INT', Uint32Array, 4],
  r16ui: ['R16UI', 'RED_INTEGER', 'UNSIGNED_SHORT', Uint16Array, 2],
  r8snorm: ['R8_SNORM', 'RED', 'BYTE', Int8Array, 1],
};
const pointBytes = 8;  // of a texel of merged planes
const units = ['top_grid', 'tables', 'density', 'rows', 'points0', 'points1'];
const planeUnits = {top: 0, tables: 1, density: 2, rows: 3};

// The textures of one level, filled plane by plane.
export class LevelTextures {
  constructor(gl, message) {
    this.gl = gl;
    this.atlas = message.atlas;
    this.textures = [];
    this.bytes = 0;
  }

  make(target, internal, width, height, depth, filter) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    if (depth) {
      gl.texParameteri(target, gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE);
      gl.texStorage3D(target, 1, internal, width, height, depth);
    } else {
      gl.texStorage2D(target, 1, internal, width, height);
    }
    return texture;
  }

  add(plane, merge) {
    const gl = this.gl;
    const [internal, format, type, View, texelBytes] = formats[plane.format];
    const {width, height, depth} = plane;
    const data = new View(plane.data.buffer, plane.data.byteOffset, plane.data.byteLength / View.BYTES_PER_ELEMENT);
    const target = depth ? gl.TEXTURE_3D : gl.TEXTURE_2D;
    gl.activeTexture(gl.TEXTURE0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const filter = plane.format === 'r8snorm' ? gl.LINEAR : gl.NEAREST;
    const texture = this.make(target, gl[internal], width, height, depth, filter);
    if (depth) {
      gl.texSubImage3D(target, 0, 0, 0, 0, width, height, depth, gl[format], gl[type], data);
    } else {
      gl.texSubImage2D(target, 0, 0, 0, width, height, gl[format], gl[type], data);
    }
    const bytes = width * height * (depth || 1) * texelBytes;
    if (plane.name in planeUnits) {
      this.textures[planeUnits[plane.name]] = texture;
      this.bytes += bytes;
      return;
    }
    const group = Number(plane.name.slice('points'.length));
    const unit = 4 + (group >> 2);
    if (!this.textures[unit]) {
      this.textures[unit] = this.make(gl.TEXTURE_2D, gl.RGBA16UI, width, height, 0, gl.NEAREST);
      this.bytes += width * height * pointBytes;
    }
    merge(texture, this.textures[unit], group & 3, width, height);
    gl.deleteTexture(texture);
  }

  bind(program) {
    const gl = this.gl;
    units.forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(unit < 3 ? gl.TEXTURE_3D : gl.TEXTURE_2D, this.textures[unit] ?? (unit < 4 ? null : this.textures[4]));
      gl.uniform1i(gl.getUniformLocation(program, name), unit);
    });
  }

  dispose() {
    this.textures.forEach((texture) => this.gl.deleteTexture(texture));
    this.textures = [];
  }
}
