#include "codec/enc_geometry.h"

#include <cmath>

#include "codec/enc_range.h"
#include "codec/geometry_coding.h"
#include "codec/limits.h"

namespace voxpack {
namespace {

// Takes decisions like the encoder, and adds up what they cost.
class BitCounter {
 public:
  static constexpr bool kDecodes = false;

  explicit BitCounter(int depth) : bits_(static_cast<size_t>(depth)) {}
  void begin_depth(int depth) { depth_ = depth; }
  bool code(uint32_t p1, bool bit) {
    bits_[depth_] -= std::log2((bit ? p1 : 65536 - p1) / 65536.0);
    return bit;
  }
  std::vector<double> take() { return std::move(bits_); }

 private:
  std::vector<double> bits_;
  int depth_ = 0;
};

}  // namespace

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

std::vector<double> geometry_bits(const Tree& tree) {
  if (tree.point_count == 0) return {};
  BitCounter counter(tree.depth());
  const Status status =
      GeometryCoding<BitCounter>::run(counter, const_cast<Tree&>(tree), tree.point_count);
  static_cast<void>(status);
  return counter.take();
}

}  // namespace voxpack
