#include "codec/dec_attributes.h"

#include <memory>
#include <string>

#include "codec/attribute_walk.h"
#include "codec/dec_symbols.h"

namespace voxpack {
namespace {

class DecodePolicy {
 public:
  DecodePolicy(std::span<const CodedChannel> channels, std::span<const uint8_t> group_sizes,
               std::span<const std::span<const uint8_t>> sections,
               std::vector<std::vector<int32_t>>* coefficients)
      : coefficients_(coefficients) {
    int first = 0;
    for (size_t g = 0; g < sections.size(); ++g) {
      groups_.emplace_back(sections[g], first, group_sizes[g]);
      first += group_sizes[g];
    }
    for (int k = 0; k < static_cast<int>(channels.size()); ++k) {
      for (int g = 0; g < static_cast<int>(groups_.size()); ++g) {
        if (k < groups_[g].count) steps_.push_back({g, k});
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
  void code(const SplitPlace& place, int32_t* q) {
    for (const Step& step : steps_) {
      Group& group = groups_[step.group];
      const int ch = group.first + step.channel;
      const bool first = step.channel == 0;
      const int32_t last = first ? 0 : group.last;
      const int32_t last_but_one = first ? 0 : group.last_but_one;
      const int e = expected_class(place.expected.at[ch] + last * last_[place.axis].at[ch] +
                                   last_but_one * last_but_one_[place.axis].at[ch]);
      const int symbol = group.decoder.decode(
          group.model.table(step.channel, e, place.context.at[ch] + (last > 0)));
      int32_t value = value_of_symbol(symbol);
      if (symbol == kEscapeSymbol) {
        value = decode_escape(group.decoder, group.model.escape(step.channel, e));
      }
      q[ch] = value;
      group.last_but_one = last;
      group.last = std::min(kMaxLast, std::abs(value));
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
    int group = 0;
    int channel = 0;  // within the group
  };

  static int32_t decode_escape(SymbolDecoder& decoder, SymbolTable& table) {
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

Status decode_attributes(const Tree& tree, std::span<const uint32_t> weights,
                         std::span<const CodedChannel> channels,
                         std::span<const uint8_t> group_sizes,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<int32_t> numbers,
                         std::vector<std::vector<int32_t>>* coefficients) {
  if (tree.point_count == 0) {
    for (const auto section : sections) {
      if (!section.empty()) return {Errc::bad_data, "attributes: bytes without points"};
    }
    return {};
  }
  const auto policy = std::make_unique<DecodePolicy>(channels, group_sizes, sections, coefficients);
  std::make_unique<AttributeWalk<DecodePolicy>>(tree, weights, channels, *policy)->run(numbers);
  return policy->finish();
}

}  // namespace voxpack
