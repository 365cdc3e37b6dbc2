// The field level by level: what each coarser level would hold, and what it would lose.
//
// One PyramidLevel is a sparse lattice of one level: the field's own blocks of that level and,
// where finer blocks lie, their coarse description. Work is done block by block; results do not
// depend on the number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/morton.h"
#include "field/field.h"
#include "kernels/kernels.h"

namespace voxpack {

// Block codes to indices, open addressing. Codes are distinct.
class BlockIndex {
 public:
  template <class Blocks>
  void build(const Blocks& blocks) {
    bits_ = 4;
    while ((size_t{1} << bits_) < blocks.size() * 2) ++bits_;
    slots_.resize(size_t{1} << bits_);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < slots_.size(); ++i) slots_[i] = {0, kNoIndex};
      // Where a code lands depends on who comes first, what find() returns does not.
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < blocks.size(); ++i) {
      size_t at = slot_of(blocks[i].code);
      for (;; at = (at + 1) & (slots_.size() - 1)) {
        uint32_t free = kNoIndex;
        std::atomic_ref<uint32_t> index(slots_[at].index);
        if (index.compare_exchange_strong(free, static_cast<uint32_t>(i),
                                          std::memory_order_relaxed)) {
          break;
        }
      }
      slots_[at].code = blocks[i].code;
    }
  }
  // kNoIndex if there is none.
  uint32_t find(uint64_t code) const {
    for (size_t at = slot_of(code);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].index == kNoIndex || slots_[at].code == code) return slots_[at].index;
    }
  }

 private:
  struct Slot {
    uint64_t code;
    uint32_t index;
  };
  size_t slot_of(uint64_t code) const {
    return static_cast<size_t>((code * 0x9e3779b97f4a7c15ULL) >> (64 - bits_));
  }
  int bits_ = 4;
  LargeVector<Slot> slots_ = LargeVector<Slot>(16, Slot{0, kNoIndex});
};

struct PyramidLevel {
  int level = 0;
  int channels = 0;
  std::vector<PyramidBlock> blocks;  // Morton order
  BlockIndex index;
  // Numbers of the stored sites: views of the field's arrays where it alone has blocks of this
  // level and finer (the finest level), of `own` elsewhere.
  std::span<const float> density, features, vis_sum;
  struct Arrays {
    LargeVector<float> density, features, vis_sum;
  } own;

  PyramidLevel() = default;
  PyramidLevel(PyramidLevel&&) = default;
  PyramidLevel& operator=(PyramidLevel&&) = default;
};

// A field with what is known of its points; the spans must outlive the pyramid.
struct PyramidSource {
  const Field* field = nullptr;
  std::span<const float> vis_sum;   // [point_count]
  std::span<const uint64_t> masks;  // per block of the field: the sites that count as points
};

// Level `level`: the blocks of the field at that level, joined with the coarse description of finer
// ones, `coarse` (may be null). Where both have a block, the field's is taken.
PyramidLevel make_pyramid_level(const PyramidSource& source, int level, PyramidLevel* coarse);

// The next coarser level of `fine` and what it would lose (CoarsenOutput).
struct Coarsening {
  PyramidLevel coarse;
  LargeVector<float> site_error, drop_cost;  // per stored site of `fine`
  LargeVector<float> empty_error;            // per block of `coarse`
};

// `gains` as of feature_gains(). Fails with device if memory is short or the device fails.
Result<Coarsening> coarsen(const PyramidLevel& fine, std::span<const float> gains,
                           const CoarsenOptions& options, Kernels& kernels);

// Calls visit(block, described) for every block of `field` that `level` has taken over from it and
// its entry there, on several threads.
template <class Visit>
void for_own_blocks(const Field& field, const PyramidLevel& level, Visit&& visit) {
  constexpr size_t kPart = 4096;
  const auto end = field.blocks.end();
#pragma omp parallel for schedule(static)
  for (size_t first = 0; first < level.blocks.size(); first += kPart) {
    const uint64_t code = level.blocks[first].code;
    auto block = std::partition_point(field.blocks.begin(), end, [&](const Block& b) {
      return b.level > level.level || (b.level == level.level && morton_code(b.x, b.y, b.z) < code);
    });
    const size_t stop = std::min(level.blocks.size(), first + kPart);
    for (size_t i = first; i < stop; ++i) {
      const PyramidBlock& described = level.blocks[i];
      if (!described.from_field) continue;
      while (morton_code(block->x, block->y, block->z) != described.code) ++block;
      visit(*block, described);
    }
  }
}

// Index of the block above block `code` in the next coarser level.
inline uint64_t parent_code(uint64_t code) { return code >> 3; }

}  // namespace voxpack
