#include "stages/split.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <string>
#include <vector>

#include "core/morton.h"
#include "kernels/lattice.h"
#include "kernels/regrid_math.h"
#include "stages/points.h"

namespace voxpack {
namespace {

// A block of the finer level: 64 sites, of which `mask` are to be stored.
struct Child {
  std::array<int, 3> block;
  uint64_t mask;
};

// Finer sites 2 * cell + odd of a block are means of the corners around them.
template <class Visit>
void for_taps(const uint32_t* corners, const int site[3], Visit&& visit) {
  const int odd = (site[0] & 1) + (site[1] & 1) + (site[2] & 1);
  const float weight = 1.0f / static_cast<float>(1 << odd);
  for (int z = site[2] / 2; z <= (site[2] + 1) / 2; ++z) {
    for (int y = site[1] / 2; y <= (site[1] + 1) / 2; ++y) {
      for (int x = site[0] / 2; x <= (site[0] + 1) / 2; ++x)
        visit(corners[(z * 5 + y) * 5 + x], weight);
    }
  }
}

std::array<Child, 8> children_of(const Block& block, const uint32_t* corners) {
  std::array<Child, 8> children;
  for (int c = 0; c < 8; ++c) {
    Child& child = children[static_cast<size_t>(c)];
    child = {{block.x * 2 + (c & 1), block.y * 2 + (c >> 1 & 1), block.z * 2 + (c >> 2)}, 0};
    for (int bit = 0; bit < 64; ++bit) {
      int site[3];
      site_of_bit(bit, site);
      for (int a = 0; a < 3; ++a) site[a] += kBlockCells * (c >> a & 1);
      bool stored = false;
      for_taps(corners, site, [&](uint32_t row, float) { stored |= row != 0; });
      if (stored) child.mask |= uint64_t{1} << bit;
    }
  }
  return children;
}

class Splitter {
 public:
  Splitter(const Field& field, const Lattice& lattice)
      : field_(field), lattice_(lattice), stride_(row_stride(field.channels())) {
    rows_ = make_rows(field, lattice, stride_);
    resolve_hanging(lattice, stride_, rows_.data());
  }

  const uint32_t* corners(size_t block) const {
    return lattice_.corner_rows.data() + block * kCornersPerLeaf;
  }

  void keep(const Block& block) { out_.push_back({block, kNotSplit, block.first_point}); }

  void split(size_t index) {
    const Block& block = field_.blocks[index];
    const auto children = children_of(block, corners(index));
    for (size_t c = 0; c < 8; ++c) {
      if (children[c].mask == 0) continue;
      const auto& at = children[c].block;
      out_.push_back(
          {{static_cast<int8_t>(block.level - 1), static_cast<uint16_t>(at[0]),
            static_cast<uint16_t>(at[1]), static_cast<uint16_t>(at[2]), 0, children[c].mask},
           static_cast<uint32_t>(c),
           static_cast<uint32_t>(index)});
    }
  }

  Field take() {
    std::sort(out_.begin(), out_.end(),
              [](const Made& a, const Made& b) { return block_before(a.block, b.block); });
    Field made = topology_of(field_);
    made.blocks.clear();
    for (const Made& part : out_) {
      made.blocks.push_back(part.block);
      made.blocks.back().first_point = static_cast<uint32_t>(made.density.size());
      if (part.child == kNotSplit) {
        copy(part, made);
      } else {
        interpolate(part, made);
      }
    }
    return made;
  }

 private:
  static constexpr uint32_t kNotSplit = 8;
  struct Made {
    Block block;
    uint32_t child;   // 0..7 of a split block, else kNotSplit
    uint32_t source;  // the split block, or the first point of the one kept
  };

  void copy(const Made& part, Field& made) const {
    const auto count = static_cast<size_t>(point_count(part.block));
    const size_t channels = static_cast<size_t>(field_.channels());
    const auto append = [](FloatArray& to, const FloatArray& from, size_t first, size_t n) {
      LargeVector<float>& values = to.edit();
      values.insert(values.end(), from.data() + first, from.data() + first + n);
    };
    append(made.density, field_.density, part.source, count);
    append(made.features, field_.features, part.source * channels, count * channels);
    if (!field_.importance.empty()) append(made.importance, field_.importance, part.source, count);
  }

  void interpolate(const Made& part, Field& made) const {
    const size_t channels = static_cast<size_t>(field_.channels());
    for (uint64_t left = part.block.mask; left != 0; left &= left - 1) {
      int site[3];
      site_of_bit(std::countr_zero(left), site);
      for (int a = 0; a < 3; ++a) site[a] += kBlockCells * static_cast<int>(part.child >> a & 1);
      float numbers[1 + kMaxChannels] = {};
      for_taps(corners(part.source), site, [&](uint32_t row, float weight) {
        const float* values = rows_.data() + static_cast<size_t>(row) * stride_;
        for (size_t k = 0; k <= channels; ++k) numbers[k] += weight * values[k];
      });
      made.density.edit().push_back(numbers[0]);
      made.features.edit().insert(made.features.edit().end(), numbers + 1, numbers + 1 + channels);
      if (!field_.importance.empty())
        made.importance.edit().push_back(shared_importance(part.source));
    }
  }

  // Of a point of the split block `index`.
  float shared_importance(size_t index) const {
    const Block& block = field_.blocks[index];
    double sum = 0;
    for (int i = 0; i < point_count(block); ++i)
      sum += static_cast<double>(field_.importance[block.first_point + static_cast<size_t>(i)]);
    return static_cast<float>(sum / (8.0 * point_count(block)));
  }

  const Field& field_;
  const Lattice& lattice_;
  int stride_;
  std::vector<float> rows_;
  std::vector<Made> out_;
};

struct Candidate {
  double worth;  // detail per point gained
  uint32_t block;
  uint32_t gained;
};

std::vector<Candidate> list_candidates(const Field& field, const DetailMap& detail,
                                       const Splitter& splitter) {
  std::vector<Candidate> candidates(field.blocks.size());
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < candidates.size(); ++b) {
    const Block& block = field.blocks[b];
    candidates[b] = {0, static_cast<uint32_t>(b), 0};
    if (block.level <= kMinLevel) continue;
    int count = 0;
    for (const Child& child : children_of(block, splitter.corners(b)))
      count += std::popcount(child.mask);
    candidates[b].gained = static_cast<uint32_t>(std::max(1, count - point_count(block)));
    double sum = 0;
    for (int i = 0; i < point_count(block); ++i)
      sum += static_cast<double>(detail.detail[block.first_point + static_cast<size_t>(i)]);
    candidates[b].worth = sum / candidates[b].gained;
  }
  std::erase_if(candidates, [](const Candidate& c) { return !(c.worth > 0); });
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.worth != b.worth ? a.worth > b.worth : a.block < b.block;
  });
  return candidates;
}

}  // namespace

Result<Field> split_blocks(const Field& field, const DetailMap& detail, uint64_t target_points) {
  if (detail.detail.size() != field.point_count()) {
    return {Errc::usage, "the detail map has " + std::to_string(detail.detail.size()) +
                             " points, the field has " + std::to_string(field.point_count()) +
                             "; make it again from this field"};
  }
  VOXPACK_TRY(validate(field));
  try {
    VOXPACK_ASSIGN(const Lattice lattice, make_lattice(field));
    Splitter splitter(field, lattice);
    std::vector<uint8_t> is_split(field.blocks.size(), 0);
    uint64_t count = field.point_count();
    for (const Candidate& candidate : list_candidates(field, detail, splitter)) {
      if (count + candidate.gained > target_points) break;
      count += candidate.gained;
      is_split[candidate.block] = 1;
    }
    for (size_t b = 0; b < is_split.size(); ++b) {
      if (is_split[b]) {
        splitter.split(b);
      } else {
        splitter.keep(field.blocks[b]);
      }
    }
    return drop_unused(splitter.take());
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory to split blocks of " +
                              std::to_string(field.point_count()) + " points; free memory"};
  }
}

}  // namespace voxpack
