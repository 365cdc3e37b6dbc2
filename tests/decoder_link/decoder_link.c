/* What an embedder writes: links the decoder room alone and uses all of it, in C99.
 *
 * decoder_link PACKAGE   decodes the package and prints its points; exits with the error's code
 * decoder_link           exits 0 if bytes that are no package are refused */
#include <stdio.h>
#include <stdlib.h>

#include "decoder/voxpack_decoder.h"

static voxpack_error decode_all(voxpack_decoder* decoder, size_t* point_count) {
  voxpack_info info;
  size_t block_count = 0;
  voxpack_error error = voxpack_get_info(decoder, &info);
  if (error == VOXPACK_OK) error = voxpack_block_count(decoder, &block_count);
  if (error != VOXPACK_OK) return error;

  const size_t points = (size_t)info.point_count;
  voxpack_block* blocks = calloc(block_count + 1, sizeof(voxpack_block));
  uint16_t* positions = calloc(points + 1, 3 * sizeof(uint16_t));
  int8_t* levels = calloc(points + 1, 1);
  float* density = calloc(points + 1, sizeof(float));
  float* features = calloc(points + 1, (info.channel_count + 1) * sizeof(float));
  float* weights = calloc((size_t)info.weight_count + 1, sizeof(float));
  if (!blocks || !positions || !levels || !density || !features || !weights) {
    error = VOXPACK_OUT_OF_MEMORY;
  }
  if (error == VOXPACK_OK) error = voxpack_decode_blocks(decoder, blocks, block_count);
  if (error == VOXPACK_OK) {
    error = voxpack_decode_points(decoder, positions, levels, density, features);
  }
  if (error == VOXPACK_OK) error = voxpack_decode_weights(decoder, weights);
  free(blocks);
  free(positions);
  free(levels);
  free(density);
  free(features);
  free(weights);
  *point_count = points;
  return error;
}

static voxpack_error decode_bytes(const void* bytes, size_t size) {
  voxpack_decoder* decoder = NULL;
  size_t point_count = 0;
  voxpack_error error = voxpack_open(bytes, size, &decoder);
  if (error == VOXPACK_OK) error = decode_all(decoder, &point_count);
  if (error == VOXPACK_OK) {
    printf("%lu points\n", (unsigned long)point_count);
  } else if (decoder != NULL) {
    printf("refused: %s\n", voxpack_message(decoder));
  }
  voxpack_close(decoder);
  return error;
}

static int decode_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 3;
  const long size = ftell(file);
  unsigned char* bytes = size < 0 ? NULL : malloc((size_t)size + 1);
  int code = 3;
  rewind(file);
  if (bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size) {
    code = (int)decode_bytes(bytes, (size_t)size);
  }
  free(bytes);
  fclose(file);
  return code;
}

int main(int argc, char** argv) {
  static const char kNoPackage[] =
      "these bytes are no package, and they go on for more than a header";
  if (argc > 1) return decode_file(argv[1]);
  return decode_bytes(kNoPackage, sizeof(kNoPackage)) == VOXPACK_BAD_DATA ? 0 : 1;
}
