#include "stages/package_bill.h"

#include <algorithm>
#include <new>

#include "codec/enc_attributes.h"
#include "codec/enc_geometry.h"
#include "package/dec_package.h"

namespace voxpack {
namespace {

Result<std::vector<BillRow>> make_bill(std::span<const uint8_t> package) {
  VOXPACK_ASSIGN(const CodedField field, decode_package(package));
  const TreeShape shape = shape_of(field.resolution, field.blocks);
  VOXPACK_ASSIGN(const Tree tree, build_tree(shape, field.blocks));
  const NodeWeights weights = node_weights(tree, field.level_weight_shift);
  std::vector<BillRow> rows;
  const auto add = [&](const std::string& section, const std::string& channel, int depth,
                       double bits) {
    const double points = static_cast<double>(std::max(1u, tree.point_count));
    const int level = shape.min_level + tree.depth() - 1 - depth;
    rows.push_back({section, level, channel, bits / 8, bits / points});
  };
  const std::vector<double> geometry = geometry_bits(tree);
  for (int depth = 0; depth < tree.depth(); ++depth) add("geometry", "", depth, geometry[depth]);
  const std::vector<double> bits = attribute_bits(tree, weights, field.channels, field.layout());
  const size_t channels = field.channels.size();
  size_t first = 0;
  for (size_t group = 0; group < field.group_sizes.size(); ++group) {
    const size_t size = field.group_sizes[group];
    for (size_t k = 0; k < size; ++k) {
      const std::string channel =
          first + k == 0 ? "density" : "feature " + std::to_string(first + k - 1);
      for (int depth = 0; depth < tree.depth(); ++depth) {
        add("attributes " + std::to_string(group), channel, depth,
            bits[depth * channels + first + k]);
      }
    }
    first += size;
  }
  return rows;
}

}  // namespace

Result<std::vector<BillRow>> bill_of_package(std::span<const uint8_t> package) {
  try {
    return make_bill(package);
  } catch (const std::bad_alloc&) {
    return {Errc::device, "out of memory while decoding the package"};
  }
}

}  // namespace voxpack
