// Which nodes of a tree need their numbers while others are decoded, and where these are stored:
// one row each, in the order of the nodes. Other points are written and never read again.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "codec/octree.h"

namespace voxpack {

class NodeRows {
 public:
  // Keeps the nodes with children, and the points next to a node of their depth with children.
  explicit NodeRows(const Tree& tree);

  size_t count() const { return count_; }
  bool has(uint32_t node) const { return words_[node >> 6].bits >> (node & 63) & 1; }
  // Row of a node that has one.
  uint32_t row(uint32_t node) const {
    const Word& word = words_[node >> 6];
    const uint64_t before = word.bits & ((uint64_t{1} << (node & 63)) - 1);
    return word.before + static_cast<uint32_t>(std::popcount(before));
  }

 private:
  struct Word {
    uint64_t bits = 0;    // of 64 nodes
    uint32_t before = 0;  // rows of the nodes before them
  };
  void add(uint32_t node) { words_[node >> 6].bits |= uint64_t{1} << (node & 63); }

  std::vector<Word> words_;
  size_t count_ = 0;
};

}  // namespace voxpack
