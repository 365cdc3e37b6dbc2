// Adaptive probabilities of 16 symbols, shared by encoder and decoder. Counts are exact; the
// probabilities follow them in steps, so that coding a symbol is a look-up and one addition
// (docs/format.md, "Symbols"). Integers only.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace voxpack {

inline constexpr int kSymbolCount = 16;
inline constexpr int kSymbolBits = 15;  // probabilities are in 1/2^15
inline constexpr uint32_t kSymbolOne = 1u << kSymbolBits;

// The part of the range that a symbol has.
struct SymbolRange {
  uint32_t start = 0;
  uint32_t size = 0;  // >= 1
};

// One cache line: bounds_[s] is where symbol s starts (s = 1..15); bounds_[0] counts down to the
// next update.
class alignas(64) SymbolTable {
 public:
  static constexpr uint32_t kIncrement = 8;
  static constexpr uint32_t kLongestWait = 1024;  // symbols between two updates
  static constexpr uint32_t kHalveAbove = 49152;  // sum of the counts

  // The sum of `counts` must be 16..kHalveAbove.
  explicit SymbolTable(const std::array<uint16_t, kSymbolCount>& counts) {
    std::copy(counts.begin(), counts.end(), counts_);
    update();
  }

  SymbolRange range(int symbol) const {
    // A mask, since whether a symbol is 0 is what branches predict worst.
    const uint32_t start = bounds_[symbol] & (0u - static_cast<uint32_t>(symbol != 0));
    const uint32_t end = symbol == kSymbolCount - 1 ? kSymbolOne : bounds_[symbol + 1];
    return {start, end - start};
  }

  // The symbol whose range holds `slot` (below kSymbolOne).
  int find(uint32_t slot) const {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(slot));
    // 1..8 and 8..15: a load of bounds_[0] would wait for its last store.
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bounds_ + 1));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bounds_ + 8));
    const auto above = static_cast<uint32_t>(_mm_movemask_epi8(
        _mm_packs_epi16(_mm_cmpgt_epi16(low, wanted), _mm_cmpgt_epi16(high, wanted))));
    const int first = std::countr_zero(above | 0x10000u);
    return first - (first > 7);
#elif defined(__wasm_simd128__)
    const v128_t wanted = wasm_i16x8_splat(static_cast<int16_t>(slot));
    const v128_t low = wasm_v128_load(bounds_ + 1), high = wasm_v128_load(bounds_ + 8);
    const auto above = static_cast<uint32_t>(wasm_i8x16_bitmask(
        wasm_i8x16_narrow_i16x8(wasm_i16x8_gt(low, wanted), wasm_i16x8_gt(high, wanted))));
    const int first = std::countr_zero(above | 0x10000u);
    return first - (first > 7);
#else
    int symbol = 0;
    for (int s = 1; s < kSymbolCount; ++s) symbol += bounds_[s] <= slot;
    return symbol;
#endif
  }

  void count(int symbol) {
    counts_[symbol] = static_cast<uint16_t>(counts_[symbol] + kIncrement);
    if (--bounds_[0] == 0) update();
  }

 private:
  [[gnu::noinline]] void update() {
    uint32_t sum = 0;
    for (const uint16_t count : counts_) sum += count;
    if (sum > kHalveAbove) {
      sum = 0;
      for (uint16_t& count : counts_) {
        count = static_cast<uint16_t>((count + 1) / 2);
        sum += count;
      }
    }
    // Every symbol keeps 1 of the range; the rest is shared in proportion to the counts.
    const uint64_t scale = (uint64_t{kSymbolOne - kSymbolCount} << 32) / sum;
    uint32_t below = 0;
    for (uint32_t s = 1; s < kSymbolCount; ++s) {
      below += counts_[s - 1];
      bounds_[s] = static_cast<uint16_t>(s + (below * scale >> 32));
    }
    bounds_[0] =
        static_cast<uint16_t>(std::min(kLongestWait, std::max(1u, sum / (2 * kIncrement))));
  }

  uint16_t bounds_[kSymbolCount];
  uint16_t counts_[kSymbolCount];
};
static_assert(sizeof(SymbolTable) == 64);

}  // namespace voxpack
