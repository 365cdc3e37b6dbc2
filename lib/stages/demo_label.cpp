#include "stages/demo_label.h"

#include "stages/demo_font.h"

namespace voxpack {
namespace {

constexpr float kTexel = 0.00125f;

uint8_t to_byte(float v) { return static_cast<uint8_t>(std::lround(clamp01(v) * 255)); }

float dot_at(const std::array<uint8_t, kGlyphHeight>& rows, int x, int y) {
  if (x < 0 || y < 0 || x >= kGlyphWidth || y >= kGlyphHeight) return 0;
  return rows[y] >> (kGlyphWidth - 1 - x) & 1 ? 1 : 0;
}

// The dots of a glyph blended between their centres, at (x, y) in dots.
float glyph_value(const std::array<uint8_t, kGlyphHeight>& rows, float x, float y) {
  const float left = std::floor(x - 0.5f), top = std::floor(y - 0.5f);
  const float fx = x - 0.5f - left, fy = y - 0.5f - top;
  const int ix = static_cast<int>(left), iy = static_cast<int>(top);
  return (dot_at(rows, ix, iy) * (1 - fx) + dot_at(rows, ix + 1, iy) * fx) * (1 - fy) +
         (dot_at(rows, ix, iy + 1) * (1 - fx) + dot_at(rows, ix + 1, iy + 1) * fx) * fy;
}

// Share of texel i (of size kTexel) that [from, to) covers.
float covered(int i, float from, float to) {
  return std::max(0.0f, std::min(to, (i + 1) * kTexel) - std::max(from, i * kTexel)) / kTexel;
}

}  // namespace

Print::Print(float width, float height, Vec3f paper)
    : width_(width),
      height_(height),
      columns_(static_cast<int>(width / kTexel)),
      rows_(static_cast<int>(height / kTexel)),
      texels_(static_cast<size_t>(columns_) * rows_) {
  for (auto& texel : texels_) {
    texel = {to_byte(std::sqrt(paper.x)), to_byte(std::sqrt(paper.y)), to_byte(std::sqrt(paper.z)),
             0};
  }
}

void Print::blend(int x, int y, float share, Ink ink) {
  if (x < 0 || y < 0 || x >= columns_ || y >= rows_ || share <= 0) return;
  auto& texel = texels_[static_cast<size_t>(y) * columns_ + x];
  const float to[4] = {std::sqrt(ink.color.x), std::sqrt(ink.color.y), std::sqrt(ink.color.z),
                       ink.foil};
  for (int c = 0; c < 4; ++c) {
    const float old = texel[c] * (1 / 255.0f);
    texel[c] = to_byte(old + (to[c] - old) * std::min(share, 1.0f));
  }
}

void Print::fill(float x, float y, float width, float height, Ink ink) {
  const int last_x = static_cast<int>((x + width) / kTexel);
  const int last_y = static_cast<int>((y + height) / kTexel);
  for (int iy = static_cast<int>(y / kTexel); iy <= last_y; ++iy) {
    for (int ix = static_cast<int>(x / kTexel); ix <= last_x; ++ix) {
      blend(ix, iy, covered(ix, x, x + width) * covered(iy, y, y + height), ink);
    }
  }
}

void Print::text(float x, float y, float dot, Ink ink, std::string_view words) {
  for (const char character : words) {
    const auto& rows = demo_glyph(character);
    const int last_x = static_cast<int>((x + kGlyphAdvance * dot) / kTexel);
    const int last_y = static_cast<int>((y + (kGlyphHeight + 1) * dot) / kTexel);
    for (int iy = static_cast<int>((y - dot) / kTexel); iy <= last_y; ++iy) {
      for (int ix = static_cast<int>((x - dot) / kTexel); ix <= last_x; ++ix) {
        const float value =
            glyph_value(rows, ((ix + 0.5f) * kTexel - x) / dot, ((iy + 0.5f) * kTexel - y) / dot);
        // The outline is where the blend crosses 0.4, so that dots that touch at a corner join; its
        // slope there is about 1 per dot.
        const float share = clamp01((value - 0.4f) * dot / kTexel + 0.5f);
        if (value > 0) blend(ix, iy, share, ink);
      }
    }
    x += kGlyphAdvance * dot;
  }
}

void Print::centred(float y, float dot, Ink ink, std::string_view words) {
  text((width_ - (words.size() * kGlyphAdvance - 1) * dot) / 2, y, dot, ink, words);
}

void Print::hexagon(float x, float y, float radius, float line, Ink ink) {
  const int reach = static_cast<int>((radius + line) / kTexel) + 1;
  const int cx = static_cast<int>(x / kTexel), cy = static_cast<int>(y / kTexel);
  for (int iy = cy - reach; iy <= cy + reach; ++iy) {
    for (int ix = cx - reach; ix <= cx + reach; ++ix) {
      const float dx = std::fabs((ix + 0.5f) * kTexel - x);
      const float dy = std::fabs((iy + 0.5f) * kTexel - y);
      const float side = std::max(dx, dx * 0.5f + dy * 0.8660254f) - radius * 0.8660254f;
      blend(ix, iy, clamp01((line / 2 - std::fabs(side)) / kTexel + 0.5f), ink);
    }
  }
}

void Print::barcode(float x, float y, float module, float height, Ink ink,
                    std::string_view digits) {
  // Odd-parity codes of the digits; even parity and right half follow by inversion and reversal.
  constexpr uint8_t kOdd[10] = {0x0d, 0x19, 0x13, 0x3d, 0x23, 0x31, 0x2f, 0x3b, 0x37, 0x0b};
  constexpr uint8_t kEvenOf[10] = {0x00, 0x0b, 0x0d, 0x0e, 0x13, 0x19, 0x1c, 0x15, 0x16, 0x1a};
  int number[13] = {}, sum = 0;
  for (size_t i = 0; i < 12 && i < digits.size(); ++i) {
    number[i] = digits[i] - '0';
    sum += number[i] * (i % 2 ? 3 : 1);
  }
  number[12] = (10 - sum % 10) % 10;
  std::vector<bool> bars = {true, false, true};
  for (int i = 1; i <= 12; ++i) {
    if (i == 7) bars.insert(bars.end(), {false, true, false, true, false});
    const bool even = i <= 6 && (kEvenOf[number[0]] >> (6 - i) & 1);
    for (int bit = 0; bit < 7; ++bit) {
      const bool odd_bit = kOdd[number[i]] >> (6 - bit) & 1;
      const bool even_bit = !(kOdd[number[i]] >> bit & 1);
      bars.push_back(i > 6 ? !odd_bit : even ? even_bit : odd_bit);
    }
  }
  bars.insert(bars.end(), {true, false, true});
  for (size_t i = 0; i < bars.size(); ++i) {
    if (bars[i]) fill(x + i * module, y, module, height, ink);
  }
  for (int i = 0; i < 13; ++i) {
    const char digit = static_cast<char>('0' + number[i]);
    text(x + (i * 7.2f + 0.5f) * module, y + height + 0.008f, module, ink, {&digit, 1});
  }
}

Ink Print::at(float x, float y) const {
  const float fx = std::clamp(x * (1 / kTexel) - 0.5f, 0.0f, columns_ - 1.001f);
  const float fy = std::clamp(y * (1 / kTexel) - 0.5f, 0.0f, rows_ - 1.001f);
  const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
  const float ax = fx - ix, ay = fy - iy;
  const auto* texel = &texels_[static_cast<size_t>(iy) * columns_ + ix];
  const float share[4] = {(1 - ax) * (1 - ay), ax * (1 - ay), (1 - ax) * ay, ax * ay};
  float value[4] = {};
  for (int corner = 0; corner < 4; ++corner) {
    const auto& t = texel[(corner & 1) + (corner >> 1) * columns_];
    for (int c = 0; c < 4; ++c) value[c] += share[corner] * t[c];
  }
  constexpr float kScale = 1 / 255.0f;
  const auto linear = [](float v) { return v * kScale * (v * kScale); };
  return {{linear(value[0]), linear(value[1]), linear(value[2])}, value[3] * kScale};
}

}  // namespace voxpack
