/* Decoder of .vxp packages, format version 0 (docs/format.md). C99.
 * Never prints, exits or aborts; safe on untrusted bytes. One voxpack_decoder per thread. */
#ifndef VOXPACK_DECODER_H_
#define VOXPACK_DECODER_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum voxpack_error {
  VOXPACK_OK = 0,
  VOXPACK_BAD_ARGUMENT = 2, /* a null pointer or a wrong size */
  VOXPACK_BAD_DATA = 4,     /* the package is cut or corrupted */
  VOXPACK_UNSUPPORTED = 5,  /* an intact package of a newer format version */
  VOXPACK_OUT_OF_MEMORY = 6,
  VOXPACK_INTERNAL = 7
} voxpack_error;

typedef struct voxpack_decoder voxpack_decoder;

/* What a package holds. */
typedef struct voxpack_info {
  double origin[3];    /* corner of the cube, world units */
  double edge;         /* of the cube, world units */
  uint32_t resolution; /* cells per axis at level 0 */
  int32_t min_level;   /* lattice spacing of level l: edge / resolution * 2^l */
  int32_t max_level;
  uint32_t appearance_kind; /* 0 rgb, 1 sh1, 2 sh2, 3 mlp */
  uint32_t feature_count;   /* of kind mlp */
  uint32_t hidden_width;    /* of kind mlp */
  uint32_t channel_count;   /* features of a point, without the density */
  uint32_t weight_count;    /* of the network of kind mlp, else 0 */
  uint64_t point_count;
  uint32_t group_count; /* of channels */
  uint32_t layer_count; /* from coarse to fine; each has an attribute section per group */
} voxpack_info;

/* Sites of a 4 x 4 x 4 block that hold points: bit i of mask is the site with Morton code i in the
 * block. */
typedef struct voxpack_block {
  uint64_t mask;
  uint32_t first_point;
  uint16_t x, y, z; /* in blocks of this level */
  int8_t level;
  int8_t reserved; /* 0 */
} voxpack_block;

/* Opens a package of `size` bytes, which must stay where they are until voxpack_close(). *decoder
 * is set also on failure, so that voxpack_message() can say why, except on VOXPACK_OUT_OF_MEMORY
 * and VOXPACK_BAD_ARGUMENT (null pointer), where it is NULL. Checks all checksums; decodes nothing.
 */
voxpack_error voxpack_open(const void* bytes, size_t size, voxpack_decoder** decoder);

/* The same while a package of `size` bytes arrives: the first `available` stand at `bytes`, the
 * others will. *decoder is NULL with VOXPACK_OK as long as there is too little to open it. Blocks
 * and points of the whole can be decoded when all has arrived; voxpack_atlas.h shows parts before.
 */
voxpack_error voxpack_open_arriving(const void* bytes, size_t size, size_t available,
                                    voxpack_decoder** decoder);

/* Checks what has arrived since; *sections is how many attribute sections, in their order, can be
 * decoded: whole layers, or the first groups of the first one. VOXPACK_BAD_DATA if a checksum does
 * not match. */
voxpack_error voxpack_arrived(voxpack_decoder* decoder, size_t available, uint32_t* sections);

/* Frees everything; NULL is ignored. */
void voxpack_close(voxpack_decoder* decoder);

/* The last error in one sentence, "" if there was none; valid until the next call. */
const char* voxpack_message(const voxpack_decoder* decoder);

/* Fails with VOXPACK_BAD_ARGUMENT for null pointers and for a decoder that did not open. */
voxpack_error voxpack_get_info(const voxpack_decoder* decoder, voxpack_info* info);

/* Decodes all points, in the order: level descending, then Morton code. Any output may be NULL.
 *
 * positions  [point_count][3] in lattice spacings of the point's level
 * levels     [point_count]
 * density    [point_count] optical depth per edge / resolution, before the ReLU
 * features   [point_count][channel_count]
 *
 * On any error the contents of the outputs are unspecified. The first call decodes and keeps the
 * result, at most (4 * (channel_count + 1) + 64) bytes a point and as much again while it runs. */
voxpack_error voxpack_decode_points(voxpack_decoder* decoder, uint16_t* positions, int8_t* levels,
                                    float* density, float* features);

/* The number of blocks; decodes the geometry on the first call. */
voxpack_error voxpack_block_count(voxpack_decoder* decoder, size_t* block_count);

/* Fills `blocks` [block_count], in the order of the points. VOXPACK_BAD_ARGUMENT if block_count
 * differs. */
voxpack_error voxpack_decode_blocks(voxpack_decoder* decoder, voxpack_block* blocks,
                                    size_t block_count);

/* Fills `weights` [weight_count]: [inputs][hidden_width], then [hidden_width][3]. */
voxpack_error voxpack_decode_weights(voxpack_decoder* decoder, float* weights);

#ifdef __cplusplus
}
#endif

#endif /* VOXPACK_DECODER_H_ */
