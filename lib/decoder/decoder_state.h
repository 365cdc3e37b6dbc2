// What a voxpack_decoder keeps, for the sources of the C functions. Not for embedders.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <vector>

#include "codec/node_rows.h"
#include "codec/octree.h"
#include "codec/point_sink.h"
#include "decoder/voxpack_decoder.h"
#include "package/dec_package.h"

struct voxpack_decoder {
  voxpack::PackageView view;
  const uint8_t* bytes = nullptr;  // of the package
  size_t size = 0;
  bool open = false;
  bool has_tree = false;    // `tree` is decoded and checked
  bool has_blocks = false;  // `blocks` are listed; they can be dropped and listed again
  bool has_numbers = false;
  voxpack::Tree tree;
  size_t section_count = 0;  // of the attributes, that are decoded: use_sections()
  voxpack::Tree cut;         // `tree` cut where these end
  bool is_cut = false;
  std::vector<voxpack::CodedBlock> blocks;
  std::unique_ptr<voxpack::NodeRows> rows;  // of the shown tree; null before the first group
  voxpack::NodeWeights weights;             // of the nodes of `tree`; likewise
  std::vector<int32_t> numbers;             // [point][channel]
  std::vector<int16_t> offsets;             // [point] of the density by its shape; empty: none
  char message[256] = "";

  const voxpack::Tree& shown() const { return is_cut ? cut : tree; }
  // Whether all of the package is there.
  bool complete() const { return open && view.arrived_sections == view.sections.size(); }
};

namespace voxpack {

// Keeps the sentence of `status` as the decoder's message and returns its code.
voxpack_error report(voxpack_decoder& decoder, const Status& status);

// Decodes the geometry; lists the blocks too; decodes the numbers of all channels too; what was
// done before is not done again.
Status need_tree(voxpack_decoder& decoder);
Status need_blocks(voxpack_decoder& decoder);
Status need_numbers(voxpack_decoder& decoder);

// How many sections of attributes from the first on are there, and can be decoded: 0 without the
// geometry, or if what they tell would be coarser than any level.
size_t usable_sections(const voxpack_decoder& decoder);

// From now on the first `count` sections are decoded: whole layers, or the first groups of the
// first one. Blocks, groups and points are those of the field that they tell.
Status use_sections(voxpack_decoder& decoder, size_t count);

// Decodes `group_count` groups from `first_group` on and gives the numbers of their channels to
// `sink`; those of groups that no section is used of are the means of the whole field. Memory for
// one row of these channels per node with children is taken while it runs.
Status decode_groups(voxpack_decoder& decoder, size_t first_group, size_t group_count,
                     PointSink& sink);

// Runs `work` (returns a Status) and turns whatever happens into a code and a message. In a build
// without exceptions, failed allocations end in the allocator's handler instead
// (tools/viewer/wasm).
template <class Work>
voxpack_error guard(voxpack_decoder& decoder, Work&& work) {
#ifdef __cpp_exceptions
  try {
    return report(decoder, work());
  } catch (const std::bad_alloc&) {
    report(decoder, {Errc::device, "out of memory"});
    return VOXPACK_OUT_OF_MEMORY;
  } catch (...) {
    return report(decoder, {Errc::internal, "internal error"});
  }
#else
  return report(decoder, work());
#endif
}

}  // namespace voxpack
