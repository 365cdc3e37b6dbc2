#include "codec/point_shape.h"

#include <algorithm>
#include <array>

#include "codec/child_grid.h"

namespace voxpack {
namespace {

constexpr int kPatternBits = 18;  // 6 faces, 12 edges

// The shape of a pattern of occupied faces (-x, +x, -y, +y, -z, +z) and edges.
struct EdgeOfGrid {
  int bit;       // of the 3 x 3 x 3 grid at stride 1, 4, 16
  int faces[2];  // that it lies between
};

constexpr int kFaceBits[6] = {20, 22, 17, 25, 5, 37};
constexpr auto kEdges = [] {
  std::array<EdgeOfGrid, 12> edges{};
  constexpr int kStride[3] = {1, 4, 16};
  int next = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = a + 1; b < 3; ++b) {
      for (int side = 0; side < 4; ++side) {
        const int first = side & 1, second = side >> 1;
        const int bit =
            21 + (first ? kStride[a] : -kStride[a]) + (second ? kStride[b] : -kStride[b]);
        edges[next++] = {bit, {2 * a + first, 2 * b + second}};
      }
    }
  }
  return edges;
}();

uint16_t shape_of_pattern(uint32_t pattern) {
  int pairs[3];
  for (int axis = 0; axis < 3; ++axis) {
    pairs[axis] = kBitCount[pattern >> 2 * axis & 3];
  }
  std::sort(pairs, pairs + 3);
  int beside[3] = {0, 0, 0};  // edges with 0, 1, 2 occupied faces beside them
  for (int e = 0; e < 12; ++e) {
    if (!(pattern >> (6 + e) & 1)) continue;
    ++beside[(pattern >> kEdges[e].faces[0] & 1) + (pattern >> kEdges[e].faces[1] & 1)];
  }
  const int faces = 9 * pairs[0] + 3 * pairs[1] + pairs[2];
  return static_cast<uint16_t>(((faces * 13 + beside[1]) * 13 + beside[0]) * 13 + beside[2]);
}

// Calls visit(rank, pattern) for every point.
template <class Visit>
void visit_points(const Tree& tree, Visit&& visit) {
  NeighbourWalk walk(tree);
  for (int depth = 0; depth < tree.depth(); ++depth) {
    walk.visit_depth(depth, depth + 1 < tree.depth(),
                     [&](uint32_t node, uint32_t, const Neighbours& around) {
                       if (tree.leaf_depth[node] != depth + 1)
                         return;  // its children are no points
                       uint64_t grid = 0;
                       for (int i = 0; i < 27; ++i) {
                         if (around[i] == kNoNode) continue;
                         const uint8_t mask = tree.child_mask[around[i]];
                         grid |= kChildGrid[i][mask == 0 ? 255 : mask];
                       }
                       uint32_t child = tree.link[node];
                       for (int c = 0; c < 8; ++c) {
                         if (!(tree.child_mask[node] >> c & 1)) continue;
                         const uint64_t near = grid >> ((c & 1) + 4 * (c >> 1 & 1) + 16 * (c >> 2));
                         uint32_t pattern = 0;
                         for (int f = 0; f < 6; ++f) {
                           pattern |= static_cast<uint32_t>(near >> kFaceBits[f] & 1) << f;
                         }
                         for (int e = 0; e < 12; ++e) {
                           pattern |= static_cast<uint32_t>(near >> kEdges[e].bit & 1) << (6 + e);
                         }
                         visit(tree.link[child++], pattern);
                       }
                     });
  }
}

}  // namespace

std::vector<uint16_t> point_shapes(const Tree& tree) {
  std::vector<uint16_t> of_pattern(size_t{1} << kPatternBits);
  for (uint32_t p = 0; p < of_pattern.size(); ++p) of_pattern[p] = shape_of_pattern(p);
  std::vector<uint16_t> shapes(tree.point_count);
  visit_points(tree, [&](uint32_t rank, uint32_t pattern) { shapes[rank] = of_pattern[pattern]; });
  return shapes;
}

std::vector<int16_t> point_offsets(const Tree& tree, std::span<const ShapeOffset> offsets) {
  if (offsets.empty()) return {};
  std::vector<int16_t> of_shape(kShapeCount, 0);
  for (const ShapeOffset& entry : offsets) of_shape[entry.shape] = entry.offset;
  std::vector<int16_t> of_pattern(size_t{1} << kPatternBits);
  for (uint32_t p = 0; p < of_pattern.size(); ++p) of_pattern[p] = of_shape[shape_of_pattern(p)];
  std::vector<int16_t> out(tree.point_count);
  visit_points(tree, [&](uint32_t rank, uint32_t pattern) { out[rank] = of_pattern[pattern]; });
  return out;
}

}  // namespace voxpack
