// Numbers as text and as half precision, exact and free of the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"

namespace voxpack {

// The value of a half-precision number given as its bits.
float half_to_float(uint16_t half);

// The shortest text that reads back as the same double ("0.1"), and its inverse: bad_data unless
// the whole text is one finite number.
std::string number_to_text(double value);
Result<double> text_to_number(std::string_view text);

}  // namespace voxpack
