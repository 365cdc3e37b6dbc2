// The contexts of a child bit: what lies in the 3 x 3 x 3 cells around the child, in fields of one
// word each, so that looking them up is a sum of table entries (docs/format.md, "Geometry").
#pragma once

#include "codec/child_window.h"
#include "codec/octree.h"

namespace voxpack {

// Fields of a context word. Counts and places of what the siblings before occupy are added to those
// of what lies outside the node. Across the node's inner faces only siblings lie, and those of a
// child are zero until they are coded: opposite places share a bit.
//   0..3 corners, 4..7 edges, 8..10 faces (numbers), 11..13 which faces, 14.. which edges
inline constexpr int kEdgeCountShift = 4, kFaceCountShift = 8, kFacesShift = 11;
inline constexpr uint32_t kCountFields = (1u << kFacesShift) - 1;
inline constexpr int kOuterBits = 13;  // faces and edges outside the node

// Of the 9 cells of the slice across the outer z face, of the child's own slice, and of the slice
// across the inner z face, by bit 3 dy + dx.
struct OuterContexts {
  std::array<uint32_t, 512> outer{}, own{}, inner{};
};
inline constexpr auto kOuterContexts = [] {
  OuterContexts out;
  constexpr uint32_t kCorner = 1, kEdge = 1u << kEdgeCountShift, kFace = 1u << kFaceCountShift;
  constexpr int kFaces = kFacesShift, kEdges = kFacesShift + 3;
  for (uint32_t cells = 0; cells < 512; ++cells) {
    const auto has = [cells](int place) { return cells >> place & 1; };
    uint32_t& outer = out.outer[cells];
    uint32_t& own = out.own[cells];
    uint32_t& inner = out.inner[cells];
    outer += has(4) * (kFace + (1u << kFaces));
    constexpr int kSides[4] = {1, 3, 5, 7}, kCorners[4] = {0, 2, 6, 8};
    for (int s = 0; s < 4; ++s) {
      const int side = kSides[s], corner = kCorners[s];
      const bool along_x = side == 3 || side == 5;
      outer += has(side) * (kEdge + (1u << (kEdges + s))) + has(corner) * kCorner;
      own += has(side) * kFace + has(corner) * (kEdge + (1u << (kEdges + 4 + s)));
      own |= has(side) << (kFaces + (along_x ? 1 : 2));
      inner += has(side) * kEdge + has(corner) * kCorner;
      inner |= has(side) << (kEdges + (along_x ? 8 : 9));
    }
  }
  return out;
}();

// Of the siblings before child c, at [1 << c | their mask]. Which edges: as few bits as there are
// siblings that share a face or an edge with it.
struct SiblingContext {
  uint32_t word = 0;   // as above, but for the edges
  uint32_t place = 0;  // kSiblingBits[c] bits: which faces and edges
};
inline constexpr std::array<int, 8> kSiblingBits = {0, 1, 2, 3, 3, 4, 5, 6};
inline constexpr auto kSiblingContexts = [] {
  std::array<SiblingContext, 256> table{};
  for (int c = 0; c < 8; ++c) {
    for (int mask = 0; mask < 1 << c; ++mask) {
      SiblingContext& context = table[1 << c | mask];
      int bit = 0;
      for (int s = 0; s < c; ++s) {
        const uint32_t has = mask >> s & 1;
        const int apart = s ^ c;  // axes along which they differ
        const int axes = kBitCount[apart];
        const int shift = axes == 1 ? kFaceCountShift : axes == 2 ? kEdgeCountShift : 0;
        context.word += has << shift;
        if (axes == 3) continue;
        if (axes == 1) context.word |= has << (kFacesShift + (apart == 4 ? 0 : apart));
        context.place |= has << bit++;
      }
    }
  }
  return table;
}();

// Where the contexts of child c begin among those of all.
inline constexpr auto kWideOffsets = [] {
  std::array<uint32_t, 9> table{};
  for (int c = 0; c < 8; ++c) table[c + 1] = table[c] + (1u << (kOuterBits + kSiblingBits[c]));
  return table;
}();

// What lies outside the node around each of its children.
inline void outer_contexts(const ChildWindow& window, int child_of_parent, uint32_t* words) {
  const int x = 2 * (child_of_parent & 1), y = child_of_parent & 2;
  const int z = child_of_parent >> 1 & 2;
  for (int column = 0; column < 4; ++column) {
    uint32_t slices[4];
    for (int s = 0; s < 4; ++s) {
      slices[s] = window.square(z + s, x + (column & 1), y + (column >> 1));
    }
    words[column] = kOuterContexts.outer[slices[0]] + kOuterContexts.own[slices[1]] +
                    kOuterContexts.inner[slices[2]];
    words[4 + column] = kOuterContexts.outer[slices[3]] + kOuterContexts.own[slices[2]] +
                        kOuterContexts.inner[slices[1]];
  }
}

}  // namespace voxpack
