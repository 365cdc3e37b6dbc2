#include "codec/point_shape.h"

#include <algorithm>
#include <array>

#include "codec/child_window.h"

namespace voxpack {
namespace {

// Which faces (-z, -y, -x, +x, +y, +z) and edges of a point are occupied.
constexpr int kFaceBits = 6, kEdgeBits = 12;

struct EdgeOfCube {
  int slice, place;  // z + 1, 3 (y + 1) + x + 1
  int faces[2];      // that it lies between
};
constexpr std::array<EdgeOfCube, kEdgeBits> kEdges = {{{0, 1, {0, 1}},
                                                       {0, 3, {0, 2}},
                                                       {0, 5, {0, 3}},
                                                       {0, 7, {0, 4}},
                                                       {1, 0, {1, 2}},
                                                       {1, 2, {1, 3}},
                                                       {1, 6, {4, 2}},
                                                       {1, 8, {4, 3}},
                                                       {2, 1, {5, 1}},
                                                       {2, 3, {5, 2}},
                                                       {2, 5, {5, 3}},
                                                       {2, 7, {5, 4}}}};

// What the 9 cells of a slice say: faces, edges above them.
constexpr auto kPatterns = [] {
  std::array<std::array<uint32_t, 512>, 3> table{};
  for (uint32_t cells = 0; cells < 512; ++cells) {
    table[0][cells] |= cells >> 4 & 1;
    table[2][cells] |= (cells >> 4 & 1) << 5;
    table[1][cells] |= (cells >> 1 & 1) << 1 | (cells >> 3 & 1) << 2 | (cells >> 5 & 1) << 3 |
                       (cells >> 7 & 1) << 4;
    for (int e = 0; e < kEdgeBits; ++e) {
      table[kEdges[e].slice][cells] |= (cells >> kEdges[e].place & 1) << (kFaceBits + e);
    }
  }
  return table;
}();

// What follows from the faces.
struct FacePattern {
  uint32_t shape = 0;               // of a point with these faces and no edges
  std::array<uint32_t, 3> edges{};  // with 0, 1, 2 occupied faces beside them
};
constexpr auto kFacePatterns = [] {
  std::array<FacePattern, 1 << kFaceBits> table{};
  for (uint32_t faces = 0; faces < table.size(); ++faces) {
    const auto has = [faces](int f) { return static_cast<int>(faces >> f & 1); };
    int pairs[3] = {has(0) + has(5), has(1) + has(4), has(2) + has(3)};
    std::sort(pairs, pairs + 3);
    table[faces].shape = static_cast<uint32_t>(9 * pairs[0] + 3 * pairs[1] + pairs[2]) * 2197;
    for (int e = 0; e < kEdgeBits; ++e) {
      table[faces].edges[has(kEdges[e].faces[0]) + has(kEdges[e].faces[1])] |= 1u << e;
    }
  }
  return table;
}();

constexpr auto kEdgeCounts = [] {
  std::array<uint8_t, 1 << kEdgeBits> table{};
  for (size_t i = 1; i < table.size(); ++i) {
    table[i] = static_cast<uint8_t>(table[i / 2] + i % 2);
  }
  return table;
}();

uint16_t shape_of_pattern(uint32_t pattern) {
  const FacePattern& faces = kFacePatterns[pattern & ((1 << kFaceBits) - 1)];
  const uint32_t edges = pattern >> kFaceBits;
  const uint32_t e0 = kEdgeCounts[edges & faces.edges[0]];
  const uint32_t e1 = kEdgeCounts[edges & faces.edges[1]];
  const uint32_t e2 = kEdgeCounts[edges & faces.edges[2]];
  return static_cast<uint16_t>(faces.shape + (e1 * 13 + e0) * 13 + e2);
}

// The grandchildren of a node; those of its children that are points are all there.
GrandchildCells grandchild_cells(const Tree& tree, size_t node) {
  const uint8_t mask = tree.child_mask[node];
  if (mask == 0) return kAllCells;
  GrandchildCells cells = 0;
  uint32_t child = tree.link[node];
  for (int c = 0; c < 8; ++c) {
    if (!(mask >> c & 1)) continue;
    const uint8_t grandchildren = tree.child_mask[child++];
    cells |= cells_of_child(c, grandchildren == 0 ? 255 : grandchildren);
  }
  return cells;
}

// Calls visit(rank, shape) for the points among the grandchildren of a node.
template <class Visit>
void visit_grandchildren(const Tree& tree, uint32_t node, const ChildWindow& window,
                         Visit&& visit) {
  uint32_t child = tree.link[node];
  for (int c = 0; c < 8; ++c) {
    if (!(tree.child_mask[node] >> c & 1)) continue;
    const uint8_t mask = tree.child_mask[child];
    uint32_t point = tree.link[child++];
    for (int g = 0; g < 8; ++g) {
      if (!(mask >> g & 1)) continue;
      const int x = 2 * (c & 1) + (g & 1), y = (c & 2) + (g >> 1 & 1), z = (c >> 1 & 2) + (g >> 2);
      uint32_t pattern = 0;
      for (int s = 0; s < 3; ++s) pattern |= kPatterns[s][window.square(z + s, x, y)];
      visit(tree.link[point++], shape_of_pattern(pattern));
    }
  }
}

// Calls visit(rank, shape) for every point.
template <class Visit>
void visit_points(const Tree& tree, Visit&& visit) {
  NeighbourWalk walk(tree);
  std::vector<GrandchildCells> cells;
  for (int depth = 0; depth + 2 <= tree.depth(); ++depth) {
    const uint32_t first = tree.offset[depth];
    cells.resize(tree.offset[depth + 1] - first);
    for (size_t i = 0; i < cells.size(); ++i) cells[i] = grandchild_cells(tree, first + i);
    const auto visit_node = [&](uint32_t node, uint32_t, const Neighbours& around) {
      if (tree.leaf_depth[node] != depth + 2) return;  // its grandchildren are no points
      ChildWindow window;
      for (int i = 0; i < 27; ++i) {
        const uint32_t other = around[i];
        if (other != kNoNode) window.add(i, other < first ? kAllCells : cells[other - first]);
      }
      visit_grandchildren(tree, node, window, visit);
    };
    walk.visit_depth(depth, visit_node);
  }
}

}  // namespace

std::vector<uint16_t> point_shapes(const Tree& tree) {
  std::vector<uint16_t> shapes(tree.point_count);
  visit_points(tree, [&](uint32_t rank, uint16_t shape) { shapes[rank] = shape; });
  return shapes;
}

std::vector<int16_t> point_offsets(const Tree& tree, std::span<const ShapeOffset> offsets) {
  if (offsets.empty()) return {};
  std::vector<int16_t> of_shape(kShapeCount, 0);
  for (const ShapeOffset& entry : offsets) of_shape[entry.shape] = entry.offset;
  std::vector<int16_t> out(tree.point_count);
  visit_points(tree, [&](uint32_t rank, uint16_t shape) { out[rank] = of_shape[shape]; });
  return out;
}

}  // namespace voxpack
