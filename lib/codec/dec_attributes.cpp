#include "codec/dec_attributes.h"

#include <memory>
#include <string>

#include "codec/dec_symbols.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

class DecodePolicy {
 public:
  DecodePolicy(std::span<const CodedChannel> channels, std::span<const uint8_t> group_sizes,
               std::span<const std::span<const uint8_t>> sections,
               std::vector<std::vector<int32_t>>* coefficients)
      : coefficients_(coefficients) {
    int first = 0;
    groups_.reserve(sections.size());  // the steps point to them
    for (size_t g = 0; g < sections.size(); ++g) {
      groups_.emplace_back(sections[g], first, group_sizes[g]);
      first += group_sizes[g];
    }
    for (int k = 0; k < static_cast<int>(channels.size()); ++k) {
      for (Group& group : groups_) {
        if (k >= group.count) continue;
        steps_.push_back({&group, &group.model.table(k, 0, 0), &group.model.escape(k, 0),
                          group.first + k, k == 0 ? 0 : -1});
      }
    }
    for (size_t ch = 0; ch < channels.size(); ++ch) {
      for (int axis = 0; axis < 3; ++axis) {
        last_[axis].at[ch] = 16 * channels[ch].context_weights[axis][3];
        last_but_one_[axis].at[ch] = 16 * channels[ch].context_weights[axis][4];
      }
    }
  }

  void begin_node(uint32_t, const HaarBlock&) {}

  // The first channels of all groups, then the second ones and so on: what one waits for, the
  // others use.
  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    const Row& last_weight = last_[place.axis];
    const Row& last_but_one_weight = last_but_one_[place.axis];
    const Step* const end = steps_.data() + steps_.size();
    for (const Step* step = steps_.data(); step != end; ++step) {
      Group& group = *step->group;
      const int ch = step->channel;
      const int32_t last = group.last & step->follows;
      const int32_t last_but_one = group.last_but_one & step->follows;
      const int e = expected_class(place.expected.at[ch] + last * last_weight.at[ch] +
                                   last_but_one * last_but_one_weight.at[ch]);
      const int context = place.context.at[ch] + (last > 0);
      const int symbol = group.decoder.decode(step->tables[e * kContextsPerClass + context]);
      int32_t magnitude = (symbol + 1) >> 1;
      q[ch] = value_of_symbol(symbol);
      if (symbol == kEscapeSymbol) [[unlikely]] {
        q[ch] = decode_escape(group.decoder, step->escapes[e]);
        magnitude = std::min(kMaxLast, std::abs(q[ch]));
      }
      group.last_but_one = last;
      group.last = magnitude;
    }
    if (coefficients_ == nullptr) return;
    for (size_t ch = 0; ch < coefficients_->size(); ++ch) (*coefficients_)[ch].push_back(q[ch]);
  }

  bool failed() const {
    for (const Group& group : groups_) {
      if (group.decoder.overrun()) return true;
    }
    return false;
  }

  Status finish() const {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const SymbolDecoder& decoder = groups_[g].decoder;
      if (decoder.exhausted()) continue;
      return {Errc::bad_data, "attributes " + std::to_string(g) +
                                  (decoder.overrun() ? ": the section ends too early"
                                                     : ": the section does not end where its "
                                                       "last coefficient does")};
    }
    return {};
  }

 private:
  struct Group {
    Group(std::span<const uint8_t> section, int first_channel, int size)
        : decoder(section), model(size), first(first_channel), count(size) {}
    SymbolDecoder decoder;
    CoefficientModel model;
    int first;
    int count;
    int32_t last = 0, last_but_one = 0;  // magnitudes, limited to kMaxLast
  };
  struct Step {
    Group* group;
    SymbolTable* tables;   // of the channel: [class][context]
    SymbolTable* escapes;  // [class]
    int channel;
    int32_t follows;  // 0 for the first channel of a group, else all bits
  };

  [[gnu::noinline]] static int32_t decode_escape(SymbolDecoder& decoder, SymbolTable& table) {
    const int symbol = decoder.decode(table);
    int32_t magnitude = kPlainMagnitudes + symbol;
    if (symbol == kEscapeSymbol) {
      const int length =
          std::min<int>(kMaxEscapeLength, static_cast<int>(decoder.decode_even(kEscapeLengthBits)));
      uint32_t rest = 1;
      for (int left = length; left > 0;) {
        const int part = std::min(left, kSymbolBits);
        rest = rest << part | decoder.decode_even(part);
        left -= part;
      }
      magnitude += static_cast<int32_t>(rest - 1);
    }
    magnitude = std::min(magnitude, kMaxCoefficient);
    return decoder.decode_even(1) != 0 ? -magnitude : magnitude;
  }

  std::vector<Group> groups_;
  std::vector<Step> steps_;
  Row last_[3] = {}, last_but_one_[3] = {};
  std::vector<std::vector<int32_t>>* coefficients_;
};

}  // namespace

Status decode_attributes(const Tree& tree, const NodeRows& rows, const NodeWeights& weights,
                         std::span<const CodedChannel> channels,
                         std::span<const uint8_t> group_sizes,
                         std::span<const std::span<const uint8_t>> sections, PointSink& sink,
                         std::vector<std::vector<int32_t>>* coefficients) {
  if (tree.point_count == 0) {
    for (const auto section : sections) {
      if (!section.empty()) return {Errc::bad_data, "attributes: bytes without points"};
    }
    return {};
  }
  const auto policy = std::make_unique<DecodePolicy>(channels, group_sizes, sections, coefficients);
  walk_attributes(tree, rows, weights, channels, *policy, sink);
  return policy->finish();
}

Status decode_attributes(const Tree& tree, const NodeWeights& weights,
                         std::span<const CodedChannel> channels,
                         std::span<const uint8_t> group_sizes,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<int32_t> numbers,
                         std::vector<std::vector<int32_t>>* coefficients) {
  PointTable table(numbers, channels.size());
  return decode_attributes(tree, NodeRows(tree), weights, channels, group_sizes, sections, table,
                           coefficients);
}

}  // namespace voxpack
