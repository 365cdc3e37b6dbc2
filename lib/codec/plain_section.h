// Attribute sections: what their first byte says, and how they hold coefficients that no coder
// makes shorter (docs/format.md, "Attributes").
#pragma once

#include <cstdint>

namespace voxpack {

enum class SectionMethod : uint8_t {
  coded = 0,  // symbols
  plain = 1,  // the width of each channel in bits, then all coefficients in as many
};

inline constexpr int kMaxPlainBits = 26;  // two's complement of +-kMaxCoefficient

}  // namespace voxpack
