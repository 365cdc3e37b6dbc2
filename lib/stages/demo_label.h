// The prints on the demo object: front and back label, the stamp below and both sides of the tag.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stages/demo_math.h"

namespace voxpack {

// Ink at a place of a print: linear colour, and how much of it is metal foil, 0..1.
struct Ink {
  Vec3f color;
  float foil = 0;
};

// A print of width x height units, drawn once and then read with bilinear interpolation.
// Positions are from the top left corner, y downwards, in world units.
class Print {
 public:
  // Paper of one colour; sizes > 0 and at most 2.
  Print(float width, float height, Vec3f paper);

  float width() const { return width_; }
  float height() const { return height_; }

  void fill(float x, float y, float width, float height, Ink ink);
  // Text with dots of `dot` units; x is the left edge, y the top of the capitals.
  void text(float x, float y, float dot, Ink ink, std::string_view words);
  void centred(float y, float dot, Ink ink, std::string_view words);
  // Outline of a hexagon with a point up, `radius` to its corners.
  void hexagon(float x, float y, float radius, float line, Ink ink);
  // EAN-13 symbol of 95 modules; `digits` are 12 decimal digits, the check digit is added.
  void barcode(float x, float y, float module, float height, Ink ink, std::string_view digits);

  // Outside of the print: its nearest edge.
  Ink at(float x, float y) const;

 private:
  void blend(int x, int y, float share, Ink ink);

  float width_, height_;
  int columns_, rows_;
  std::vector<std::array<uint8_t, 4>> texels_;  // square roots of linear colour, foil
};

inline constexpr float kLabelHeight = 0.56f;
inline constexpr float kLabelMiddle = -0.18f;  // height of its centre on the body
inline constexpr float kFrontLabelWidth = 1.72f;
inline constexpr float kBackLabelWidth = 1.16f;
inline constexpr float kStampWidth = 0.8f;

const Print& front_label();
const Print& back_label();
const Print& foot_stamp();
const Print& tag_front();
const Print& tag_back();

}  // namespace voxpack
