// A 5 x 9 dot font for the labels of the demo object: ASCII letters, digits and punctuation.
#pragma once

#include <array>
#include <cstdint>

namespace voxpack {

inline constexpr int kGlyphWidth = 5;   // dots; one more between letters
inline constexpr int kGlyphHeight = 9;  // capitals fill rows 0..6, tails reach rows 7 and 8
inline constexpr int kGlyphAdvance = 6;

// Rows from the top, bit 4 is the leftmost dot. Blank for characters the font lacks.
const std::array<uint8_t, kGlyphHeight>& demo_glyph(char character);

}  // namespace voxpack
