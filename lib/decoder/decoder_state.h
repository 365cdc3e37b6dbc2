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
  bool open = false;
  bool has_tree = false;    // `tree` is decoded and checked
  bool has_blocks = false;  // `blocks` are listed; they can be dropped and listed again
  bool has_numbers = false;
  voxpack::Tree tree;
  std::vector<voxpack::CodedBlock> blocks;
  std::unique_ptr<voxpack::NodeRows> rows;  // of the tree; null before the first group
  voxpack::NodeWeights weights;             // of its nodes; likewise
  std::vector<int32_t> numbers;             // [point][channel]
  std::vector<int16_t> offsets;             // [point] of the density by its shape; empty: none
  char message[256] = "";
};

namespace voxpack {

// Keeps the sentence of `status` as the decoder's message and returns its code.
voxpack_error report(voxpack_decoder& decoder, const Status& status);

// Decodes the geometry; lists the blocks too; decodes the numbers of all channels too; what was
// done before is not done again.
Status need_tree(voxpack_decoder& decoder);
Status need_blocks(voxpack_decoder& decoder);
Status need_numbers(voxpack_decoder& decoder);

// Decodes `group_count` groups from `first_group` on and gives the numbers of their channels to
// `sink`. Memory for one row of these channels per node with children is taken while it runs.
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
