#include "codec/dec_attributes.h"

#include <memory>
#include <string>

#include "codec/attribute_coding.h"
#include "codec/dec_range.h"

namespace voxpack {
namespace {

class DecodePolicy {
 public:
  DecodePolicy(std::span<const std::span<const uint8_t>> sections,
               std::vector<std::vector<int32_t>>* coefficients)
      : coefficients_(coefficients) {
    for (const auto section : sections) coders_.emplace_back(section);
  }

  void begin_node(uint32_t, const HaarBlock&) {}

  int32_t code(int group, int channel, int, int, const Split&, int32_t, CoefficientModel& model) {
    const int32_t q = model.code(coders_[group], 0);
    failed_ |= coders_[group].overrun();
    if (coefficients_ != nullptr) (*coefficients_)[channel].push_back(q);
    return q;
  }

  bool failed() const { return failed_; }

  Status finish() const {
    for (size_t group = 0; group < coders_.size(); ++group) {
      if (!coders_[group].exhausted()) {
        return {Errc::bad_data,
                "attributes " + std::to_string(group) +
                    (coders_[group].overrun() ? ": the section ends too early"
                                              : ": bytes left over after the last point")};
      }
    }
    return {};
  }

 private:
  std::vector<RangeDecoder> coders_;
  std::vector<std::vector<int32_t>>* coefficients_;
  bool failed_ = false;
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
  DecodePolicy policy(sections, coefficients);
  const AttributeGroups groups{channels, group_sizes};
  std::make_unique<AttributeWalk<DecodePolicy>>(tree, weights, groups, policy)->run(numbers);
  return policy.finish();
}

}  // namespace voxpack
