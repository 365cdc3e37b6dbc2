#include "codec/enc_geometry.h"

#include "codec/enc_range.h"
#include "codec/geometry_coding.h"
#include "codec/limits.h"

namespace voxpack {

std::vector<uint8_t> encode_geometry(const Tree& tree) {
  if (tree.point_count == 0) return {};
  RangeEncoder coder;
  // Encoding reads the tree only; the template is shared with the decoder, which fills it.
  const Status status =
      GeometryCoding<RangeEncoder>::run(coder, const_cast<Tree&>(tree), tree.point_count);
  static_cast<void>(status);
  std::vector<uint8_t> bytes = coder.finish();
  const uint64_t least = (uint64_t{tree.point_count} + kMaxPointsPerByte - 1) / kMaxPointsPerByte;
  if (bytes.size() < least) bytes.resize(least);
  return bytes;
}

}  // namespace voxpack
