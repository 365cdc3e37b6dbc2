// Turns decoded points into the planes that the viewer's shader reads (docs/decisions/0008). No
// file, no device: numbers to numbers. The planes, by their names:
//
//   top      rg32ui 3-D   a texel per 8 x 8 x 8 fine blocks
//   tables   r16ui 3-D    8 x 8 x 8 texels per table: what lies at a fine block
//   density  r8snorm 3-D  5 x 5 x 5 corners of every leaf with something to see
//   rows     r32ui 2-D    25 texels for each of these leaves: where the points of a row of corners
//   are points   r16ui 2-D    one plane per group of channels, codes of 4 to 16 bits
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "decoder/atlas_corners.h"
#include "decoder/atlas_leaves.h"

namespace voxpack {

inline constexpr int kAtlasMaxChannels = 31;
inline constexpr uint32_t kAtlasRowWidth = 4096;    // texels of a line of `rows`
inline constexpr uint32_t kAtlasPointWidth = 4096;  // of `points`
inline constexpr uint32_t kAtlasMaxHeight = 4096;   // texels, of any 2-D plane
inline constexpr uint32_t kAtlasMaxDepth = 2048;    // texels, of any axis of a 3-D plane

struct AtlasPlane {
  std::string name;
  const char* format = "";  // of the page: "r16ui" ...
  uint32_t texel_bytes = 0;
  uint32_t width = 0, height = 0, depth = 0;  // depth 0: 2-D
  uint64_t bytes() const {
    return uint64_t{texel_bytes} * width * height * (depth == 0 ? 1 : depth);
  }
};

// value = low + step * code
struct AtlasRange {
  float low = 0, step = 0;
};

// Gives the memory of a list back (assigning {} to it would keep it).
template <class T>
void release(std::vector<T>& list) {
  std::vector<T>().swap(list);
}

// The upper half of a float, rounded, and back.
inline uint16_t atlas_half(float value) {
  return static_cast<uint16_t>((std::bit_cast<uint32_t>(value) + 0x8000u) >> 16);
}
inline float atlas_float(uint16_t half) { return std::bit_cast<float>(uint32_t{half} << 16); }

class AtlasBuilder {
 public:
  // The leaves of `blocks` (make_leaf_map). `channel_count` is that of the features, 1..31;
  // `leads_with_colour`: the first three are a group of their own. Fails as make_leaf_map().
  static Result<AtlasBuilder> start(std::span<const CodedBlock> blocks, int channel_count,
                                    bool leads_with_colour, size_t max_bytes);

  // Densities of all points in the order of the blocks, per lattice spacing of level 0, as the
  // upper halves of floats (atlas_half). Then the sizes of all planes are known. Fails with
  // `unsupported` if a plane would be too large for a texture.
  Status set_densities(std::vector<uint16_t> densities);

  // All planes, in the order in which they are made.
  const std::vector<AtlasPlane>& planes() const { return planes_; }
  // Channels of the plane of points `group`.
  int group_count() const { return static_cast<int>(group_sizes_.size()); }
  int first_channel(int group) const;
  int group_size(int group) const { return group_sizes_[static_cast<size_t>(group)]; }

  // The bytes of a plane that is not one of points, each once and in order: memory that only the
  // former needed is given back.
  std::vector<uint8_t> make_plane(size_t index);

  // The values of one group of channels, then its plane. `rows` [point][group_size].
  void begin_group(int group);
  void put_row(uint32_t point, const float* row);
  std::vector<uint8_t> end_group();

  std::span<const AtlasRange> ranges() const { return {ranges_.data(), channel_count_}; }
  float density_range() const { return corners_.density_range; }
  int finest_level() const { return map_.finest_level; }
  int top_size() const { return map_.top_size; }
  uint32_t brick_columns() const { return brick_columns_; }
  uint32_t brick_rows() const { return brick_rows_; }
  uint64_t site_count() const { return site_count_; }
  uint64_t point_count() const { return point_count_; }
  size_t leaf_count() const { return map_.leaves.size(); }
  size_t dense_count() const { return corners_.dense_count; }
  // Around the leaves with something to see, and around the points with density > 0 with one
  // spacing of theirs to each side: low x, y, z, high x, y, z, in fine cells; all 0 if there are
  // none.
  const std::array<float, 6>& dense_box() const { return dense_box_; }
  const std::array<float, 6>& seen_box() const { return seen_box_; }

 private:
  Status lay_out();
  void measure_boxes(std::span<const int8_t> densities);
  std::vector<uint8_t> make_top() const;
  std::vector<uint8_t> make_tables() const;
  std::vector<uint8_t> make_density() const;
  std::vector<uint8_t> make_rows() const;
  template <class Visit>
  void visit_sites(Visit&& visit) const;
  uint32_t row_mask(uint32_t leaf, int y, int z) const;
  AtlasRange measure_range(int channel, int bits) const;

  LeafMap map_;
  AtlasCorners corners_;
  std::vector<AtlasPlane> planes_;
  std::vector<int> group_sizes_;
  size_t channel_count_ = 0;
  std::array<AtlasRange, kAtlasMaxChannels> ranges_{};
  uint64_t point_count_ = 0, site_count_ = 0;
  uint32_t brick_columns_ = 64, brick_rows_ = 32;
  std::vector<uint32_t> slots_;       // leaves with something to see, table by table
  std::vector<uint32_t> table_slot_;  // [table] its first one
  std::array<float, 6> dense_box_{}, seen_box_{};
  int group_ = 0;
  std::vector<uint16_t> values_;  // [point][size of the group], atlas_half
};

}  // namespace voxpack
