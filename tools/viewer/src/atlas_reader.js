// Builds the renderer's planes from the open package and posts them one after another:
//   {type: 'level', level, final, atlas, plane_count}
//   {type: 'plane', level, name, format, width, height, depth, data: Uint8Array}   depth 0: 2-D
//   {type: 'ready', level, final, atlas}
// `atlas` holds the fields of voxpack_atlas_info; its ranges are known in 'ready'. Level 0 is the model
// as it is, others are coarser: the number of sections that are not used; final: no better one follows.
const planeSize = 28;

// The fields of voxpack_atlas_info in their order: name, type, how many (1: a plain number).
const atlasFields = [
  ['finest_level', 'Int32', 1], ['top_size', 'Uint32', 1], ['brick_columns', 'Uint32', 1], ['brick_rows', 'Uint32', 1],
  ['leaf_count', 'Uint32', 1], ['dense_count', 'Uint32', 1], ['site_count', 'Uint32', 1], ['density_range', 'Float32', 1],
  ['dense_box', 'Float32', 6], ['seen_box', 'Float32', 6], ['plane_count', 'Uint32', 1], ['group_count', 'Uint32', 1],
  ['group_sizes', 'Uint32', 8], ['channel_count', 'Uint32', 1], ['ranges', 'Float32', 62], ['plane_bytes', 'Uint32', 1],
];
const atlasInfoSize = 4 * atlasFields.reduce((sum, field) => sum + field[2], 0);

function readAtlasInfo(module, atlas, scratch) {
  module.check('voxpack_atlas_get_info', atlas, scratch);
  const view = module.view(scratch, atlasInfoSize);
  const info = {};
  let at = 0;
  for (const [name, type, count] of atlasFields) {
    const values = Array.from({length: count}, (_, i) => view[`get${type}`](at + 4 * i, true));
    info[name] = count === 1 ? values[0] : values;
    at += 4 * count;
  }
  info.group_sizes.length = info.group_count;
  info.ranges.length = 2 * info.channel_count;
  info.box_low = info.dense_box.slice(0, 3);
  info.box_high = info.dense_box.slice(3);
  return info;
}

function readPlane(module, scratch) {
  const view = module.view(scratch, planeSize);
  const word = (i) => view.getUint32(4 * i, true);
  const data = module.bytes(word(2), word(3)).slice();
  return {name: module.text(word(0)), format: module.text(word(1)), width: word(4), height: word(5), depth: word(6), data};
}

// Takes the first `sections` attribute sections.
export function readAtlas(module, sections, level, limits, post) {
  const scratch = module.allocate(Math.max(atlasInfoSize, planeSize));
  module.check('voxpack_atlas_build', module.decoder, sections, limits.memory_bytes, scratch);
  const atlas = module.view(scratch, 4).getUint32(0, true);
  const before = readAtlasInfo(module, atlas, scratch);
  const final = level === 0;
  post({type: 'level', level, final, atlas: before, plane_count: before.plane_count});
  for (let i = 0; i < before.plane_count; ++i) {
    module.check('voxpack_atlas_next_plane', atlas, scratch);
    const plane = readPlane(module, scratch);
    post({type: 'plane', level, ...plane}, [plane.data.buffer]);
  }
  post({type: 'ready', level, final, atlas: readAtlasInfo(module, atlas, scratch)});
  module.call('voxpack_atlas_free', atlas);
  module.free(scratch);
}
