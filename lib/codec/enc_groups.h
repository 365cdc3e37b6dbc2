// The coders of all groups of channels, which end a section of each at the end of every layer.
#pragma once

#include "codec/enc_coefficients.h"
#include "codec/plain_section.h"

namespace voxpack {

// The coefficients [first, end) of `channels` as a plain section, if it has less than `limit`
// bytes; else nothing.
std::vector<uint8_t> plain_section(std::span<const CodedChannel> channels, size_t first, size_t end,
                                   size_t limit);

class GroupCoders {
 public:
  struct Group {
    CoefficientCoder coder;
    int first;  // channel
    int count;
  };

  // `channels` must outlive this, with room for their coefficients.
  GroupCoders(std::span<const CodedChannel> channels, const AttributeLayout& layout)
      : channels_(channels), layer_starts_(layout.layer_starts) {
    const size_t coefficient_count = channels[0].coefficients.size();
    groups_.reserve(layout.group_sizes.size());
    int first = 0;
    for (const uint8_t size : layout.group_sizes) {
      groups_.push_back({CoefficientCoder(channels.subspan(first, size), coefficient_count), first,
                         static_cast<int>(size)});
      first += size;
    }
  }

  std::vector<Group>& groups() { return groups_; }

  // The coefficients from `next` on are those of `depth`.
  void begin_depth(int depth, size_t next) {
    if (layer_ + 1 == layer_starts_.size() || depth < layer_starts_[layer_ + 1]) return;
    end_layer(next);
    ++layer_;
  }

  // The sections of all layers; `end` is the number of coefficients.
  std::vector<std::vector<uint8_t>> finish(size_t end) {
    for (; layer_ < layer_starts_.size(); ++layer_) end_layer(end);
    return std::move(sections_);
  }

 private:
  void end_layer(size_t end) {
    for (Group& group : groups_) {
      std::vector<uint8_t> coded = group.coder.finish();
      std::vector<uint8_t> plain =
          plain_section(channels_.subspan(group.first, group.count), first_, end, coded.size());
      if (!plain.empty()) group.coder.forget();
      sections_.push_back(std::move(plain.empty() ? coded : plain));
    }
    first_ = end;
  }

  const std::span<const CodedChannel> channels_;
  const std::span<const uint8_t> layer_starts_;
  std::vector<Group> groups_;
  size_t layer_ = 0;
  size_t first_ = 0;  // coefficient of the layer
  std::vector<std::vector<uint8_t>> sections_;
};

}  // namespace voxpack
