#include "codec/dec_attributes.h"

#include <memory>
#include <string>

#include "codec/dec_plain_section.h"
#include "codec/dec_symbols.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

class DecodePolicy {
 public:
  DecodePolicy(std::span<const CodedChannel> channels, const AttributeLayout& layout,
               std::span<const std::span<const uint8_t>> sections,
               std::vector<std::vector<int32_t>>* coefficients)
      : layer_starts_(layout.layer_starts), sections_(sections), coefficients_(coefficients) {
    int first = 0;
    groups_.reserve(layout.group_sizes.size());  // the steps point to them
    for (const uint8_t size : layout.group_sizes) {
      groups_.emplace_back(first, size);
      first += size;
    }
    for (size_t ch = 0; ch < channels.size(); ++ch) {
      for (int axis = 0; axis < 3; ++axis) {
        last_[axis].at[ch] = 16 * channels[ch].context_weights[axis][3];
        last_but_one_[axis].at[ch] = 16 * channels[ch].context_weights[axis][4];
      }
    }
  }

  bool begin_depth(int depth) {
    while (status_.ok() && next_layer_ < layer_starts_.size() &&
           depth >= layer_starts_[next_layer_]) {
      begin_layer();
    }
    return status_.ok() && !overrun();
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
    for (Group* group : plain_groups_) {
      for (int k = 0; k < group->count; ++k) q[group->first + k] = group->plain.decode(k);
    }
    if (coefficients_ == nullptr) return;
    for (size_t ch = 0; ch < coefficients_->size(); ++ch) (*coefficients_)[ch].push_back(q[ch]);
  }

  // To be called after the walk.
  Status finish() {
    while (status_.ok() && !overrun() && next_layer_ < layer_starts_.size()) begin_layer();
    if (status_.ok()) end_layer();
    return std::move(status_);
  }

 private:
  struct Group {
    Group(int first_channel, int size)
        : decoder({}), plain({}, 0), model(size), first(first_channel), count(size) {}
    bool is_plain = false;
    SymbolDecoder decoder;
    PlainDecoder plain;
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

  bool overrun() const {
    for (const Group& group : groups_) {
      if (group.is_plain ? group.plain.failed() : group.decoder.overrun()) return true;
    }
    return false;
  }

  // Ends the layer before, and opens the sections of the next one.
  void begin_layer() {
    if (next_layer_ > 0) end_layer();
    if (!status_.ok()) return;
    for (size_t g = 0; g < groups_.size(); ++g) {
      Group& group = groups_[g];
      if (group.is_plain) group.model = CoefficientModel(group.count);
      const std::span<const uint8_t> section = sections_[next_layer_ * groups_.size() + g];
      if (section.empty() || section[0] > static_cast<uint8_t>(SectionMethod::plain)) {
        status_ = bad(next_layer_, g,
                      section.empty() ? "the section ends too early" : "an unknown method");
        return;
      }
      group.is_plain = section[0] == static_cast<uint8_t>(SectionMethod::plain);
      if (group.is_plain) {
        group.plain = PlainDecoder(section.subspan(1), group.count);
      } else {
        group.decoder = SymbolDecoder(section.subspan(1));
      }
    }
    list_steps();
    ++next_layer_;
  }

  void end_layer() {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      if (group.is_plain ? group.plain.exhausted() : group.decoder.exhausted()) continue;
      const bool early = group.is_plain ? group.plain.failed() : group.decoder.overrun();
      status_ = bad(next_layer_ - 1, g,
                    early ? "the section ends too early"
                          : "the section does not end where its last coefficient does");
      return;
    }
  }

  void list_steps() {
    steps_.clear();
    plain_groups_.clear();
    for (Group& group : groups_) {
      if (group.is_plain) plain_groups_.push_back(&group);
    }
    for (int k = 0; k < kCodedMaxChannels; ++k) {
      for (Group& group : groups_) {
        if (k >= group.count || group.is_plain) continue;
        steps_.push_back({&group, &group.model.table(k, 0, 0), &group.model.escape(k, 0),
                          group.first + k, k == 0 ? 0 : -1});
      }
    }
  }

  static Status bad(size_t layer, size_t group, const char* what) {
    return {Errc::bad_data, "attributes of layer " + std::to_string(layer) + ", group " +
                                std::to_string(group) + ": " + what};
  }

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

  const std::span<const uint8_t> layer_starts_;
  const std::span<const std::span<const uint8_t>> sections_;  // [layer][group]
  size_t next_layer_ = 0;
  Status status_;
  std::vector<Group> groups_;
  std::vector<Step> steps_;
  std::vector<Group*> plain_groups_;
  Row last_[3] = {}, last_but_one_[3] = {};
  std::vector<std::vector<int32_t>>* coefficients_;
};

Status check_ranges(std::span<const NumberRange> found, std::span<const NumberRange> ranges) {
  for (size_t c = 0; c < ranges.size(); ++c) {
    if (found[c].low >= ranges[c].low && found[c].high <= ranges[c].high) continue;
    return {Errc::bad_data,
            "channel " + std::to_string(c) + ": numbers of " + std::to_string(found[c].low) + ".." +
                std::to_string(found[c].high) + ", the field section says " +
                std::to_string(ranges[c].low) + ".." + std::to_string(ranges[c].high)};
  }
  return {};
}

}  // namespace

Status decode_attributes(const Tree& tree, const NodeRows& rows, const NodeWeights& weights,
                         std::span<const CodedChannel> channels, const AttributeLayout& layout,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<const NumberRange> ranges, PointSink& sink,
                         std::vector<std::vector<int32_t>>* coefficients) {
  if (tree.point_count == 0) {
    for (const auto section : sections) {
      if (!section.empty()) return {Errc::bad_data, "attributes: bytes without points"};
    }
    return {};
  }
  const auto policy = std::make_unique<DecodePolicy>(channels, layout, sections, coefficients);
  const std::vector<NumberRange> found =
      walk_attributes(tree, rows, weights, channels, *policy, sink);
  VOXPACK_TRY(policy->finish());
  return check_ranges(found, ranges);
}

Status decode_attributes(const Tree& tree, const NodeWeights& weights,
                         std::span<const CodedChannel> channels, const AttributeLayout& layout,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<const NumberRange> ranges, std::span<int32_t> numbers,
                         std::vector<std::vector<int32_t>>* coefficients) {
  PointTable table(numbers, channels.size());
  return decode_attributes(tree, NodeRows(tree), weights, channels, layout, sections, ranges, table,
                           coefficients);
}

}  // namespace voxpack
