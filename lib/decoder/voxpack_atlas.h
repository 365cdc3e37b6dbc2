/* Turns an open package into the planes that the viewer's shader reads (atlas_builder.h), one after
 * another, so that memory never holds more than one of them. C99. */
#ifndef VOXPACK_ATLAS_H_
#define VOXPACK_ATLAS_H_

#include "decoder/voxpack_decoder.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VOXPACK_ATLAS_MAX_GROUPS 8
#define VOXPACK_ATLAS_MAX_CHANNELS 31

typedef struct voxpack_atlas voxpack_atlas;

/* Boxes are low x, y, z, high x, y, z in cells of the finest level, all 0 if there is nothing to
 * see: the leaves with something to see, and the points with density > 0 with one spacing around.
 */
typedef struct voxpack_atlas_info {
  int32_t finest_level;
  uint32_t top_size; /* texels of plane "top" per axis */
  uint32_t brick_columns, brick_rows;
  uint32_t leaf_count, dense_count, site_count;
  float density_range; /* density of code 127 */
  float dense_box[6], seen_box[6];
  uint32_t plane_count;
  uint32_t group_count; /* planes of points */
  uint32_t group_sizes[VOXPACK_ATLAS_MAX_GROUPS];
  uint32_t channel_count;
  float ranges[2 * VOXPACK_ATLAS_MAX_CHANNELS]; /* low, step per channel: value = low + step * code;
                                                   known once the channel's plane was made */
  uint32_t plane_bytes;                         /* of all planes */
} voxpack_atlas_info;

typedef struct voxpack_plane {
  const char* name;   /* "top", "points0" ... */
  const char* format; /* "r16ui" ... */
  const void* bytes;
  size_t size;
  uint32_t width, height, depth; /* depth 0: 2-D */
} voxpack_plane;

/* Decodes geometry and densities of `decoder`, which must stay open until voxpack_atlas_free(), and
 * drops what only they needed. Takes the first `sections` attribute sections (voxpack_arrived(), at
 * least 1): with fewer than all a coarser model, without the features whose sections are left out.
 * One atlas at a time. *atlas is NULL on failure; voxpack_message(decoder) says why.
 * VOXPACK_UNSUPPORTED if a plane would be larger than textures may be, or if `max_bytes` of planes
 * do not suffice. */
voxpack_error voxpack_atlas_build(voxpack_decoder* decoder, uint32_t sections, size_t max_bytes,
                                  voxpack_atlas** atlas);

/* Frees everything; NULL is ignored. */
void voxpack_atlas_free(voxpack_atlas* atlas);

voxpack_error voxpack_atlas_get_info(const voxpack_atlas* atlas, voxpack_atlas_info* info);

/* Makes the next plane, decoding the channels that it takes. Its bytes stay until the next call.
 * VOXPACK_BAD_ARGUMENT after the last one. */
voxpack_error voxpack_atlas_next_plane(voxpack_atlas* atlas, voxpack_plane* plane);

#ifdef __cplusplus
}
#endif

#endif /* VOXPACK_ATLAS_H_ */
