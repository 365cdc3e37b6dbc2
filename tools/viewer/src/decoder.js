// The decoder module (lib/decoder as WebAssembly) as a class; errors become DecoderError.

// What went wrong, in one sentence. `code` is 'network', 'http', 'data' (not a package, cut or
// corrupted), 'unsupported' (a newer format), 'memory' or 'internal'.
export class DecoderError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'DecoderError';
    this.code = code;
  }
}

const codeOfError = {2: 'internal', 4: 'data', 5: 'unsupported', 6: 'memory', 7: 'internal'};
const infoSize = 80;
const megabytes = (bytes) => `${Math.ceil(bytes / 1e6)} MB`;

// One instance of the module. After a failed call of code 'memory' or 'internal' it must be dropped.
export class DecoderModule {
  // `bytes`: the module as an ArrayBuffer.
  static async create(bytes) {
    const {instance} = await WebAssembly.instantiate(bytes, {});
    instance.exports._initialize();
    return new DecoderModule(instance.exports);
  }

  constructor(exports) {
    this.exports = exports;
    this.decoder = 0;
    this.scratch = this.allocate(infoSize);
  }

  get heapBytes() {
    return this.exports.memory.buffer.byteLength;
  }

  // Calls an exported function. A trap becomes an error: out of memory, or internal.
  call(name, ...values) {
    try {
      return this.exports[name](...values);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      const failed = this.exports.voxpack_allocation_failed() >>> 0;
      if (failed > 0) throw this.memoryError(failed);
      throw new DecoderError('internal', `The decoder stopped: ${error.message}.`);
    }
  }

  // Calls a function that returns a voxpack_error.
  check(name, ...values) {
    const error = this.call(name, ...values);
    if (error !== 0) throw this.lastError(error);
  }

  lastError(error) {
    const message = this.text(this.exports.voxpack_message(this.decoder));
    const code = codeOfError[error] ?? 'internal';
    return new DecoderError(code, code === 'data' ? `Not a whole .vxp package: ${message}.` : `${message}.`);
  }

  memoryError(bytes) {
    return new DecoderError('memory', `There is no memory for the model: ${megabytes(bytes)} more were needed ` +
      `beside ${megabytes(this.heapBytes)}.`);
  }

  allocate(size) {
    const at = this.exports.voxpack_allocate(size) >>> 0;
    if (at === 0) throw this.memoryError(size);
    return at;
  }

  free(at) {
    this.exports.voxpack_free(at);
  }

  // Views of the memory; they end with the next call that allocates.
  bytes(at, size) {
    return new Uint8Array(this.exports.memory.buffer, at, size);
  }
  view(at, size) {
    return new DataView(this.exports.memory.buffer, at, size);
  }
  text(at) {
    const all = new Uint8Array(this.exports.memory.buffer, at);
    return new TextDecoder().decode(all.slice(0, all.indexOf(0)));
  }

  // Opens the package of `size` bytes of which the first `available` stand at `at`, where the others
  // will. Whether there are enough of them.
  open(at, size, available) {
    const error = this.call('voxpack_open_arriving', at, size, available, this.scratch);
    this.decoder = this.view(this.scratch, 4).getUint32(0, true);
    if (error !== 0) throw this.decoder === 0 ? this.memoryError(size) : this.lastError(error);
    return this.decoder !== 0;
  }

  // How many attribute sections can be decoded from the first `available` bytes.
  arrived(available) {
    this.check('voxpack_arrived', this.decoder, available, this.scratch);
    return this.view(this.scratch, 4).getUint32(0, true);
  }

  close() {
    this.exports.voxpack_close(this.decoder);
    this.decoder = 0;
  }

  // What the open package holds: the fields of voxpack_info.
  info() {
    this.check('voxpack_get_info', this.decoder, this.scratch);
    const view = this.view(this.scratch, infoSize);
    const u32 = (offset) => view.getUint32(offset, true);
    return {
      origin: [0, 8, 16].map((offset) => view.getFloat64(offset, true)),
      edge: view.getFloat64(24, true),
      resolution: u32(32),
      min_level: view.getInt32(36, true),
      max_level: view.getInt32(40, true),
      appearance_kind: u32(44),
      feature_count: u32(48),
      hidden_width: u32(52),
      channel_count: u32(56),
      weight_count: u32(60),
      point_count: Number(view.getBigUint64(64, true)),
      group_count: u32(72),
      layer_count: u32(76),
    };
  }

  // The weights of the appearance network: [inputs][hidden_width], then [hidden_width][3].
  weights(count) {
    const at = this.allocate(4 * count + 4);
    this.check('voxpack_decode_weights', this.decoder, at);
    const weights = new Float32Array(this.exports.memory.buffer.slice(at, at + 4 * count));
    this.free(at);
    return weights;
  }
}
