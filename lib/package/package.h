// Constants and structures of the .vxp container, shared by reader and writer (docs/format.md,
// "Package").
#pragma once

#include <array>
#include <cstdint>

namespace voxpack {

inline constexpr std::array<uint8_t, 4> kPackageMagic = {'V', 'X', 'P', 'K'};
inline constexpr uint16_t kPackageMajor = 0;
inline constexpr uint16_t kPackageMinor = 3;
inline constexpr uint32_t kPackageHeaderSize = 40;
inline constexpr uint32_t kPackageEntrySize = 32;
inline constexpr uint32_t kMaxSections = 1024;

struct PackageHeader {
  std::array<uint8_t, 4> magic = kPackageMagic;
  uint16_t major = kPackageMajor;
  uint16_t minor = kPackageMinor;
  uint64_t file_size = 0;
  uint32_t section_count = 0;
  uint32_t reserved_32 = 0;
  uint64_t reserved_64 = 0;
  uint64_t checksum = 0;  // XXH3-64 of the fields before it, then the table
};
static_assert(sizeof(PackageHeader) == kPackageHeaderSize);

enum class SectionKind : uint32_t {
  field = 1,       // what the other sections need to be read
  network = 2,     // weights of the appearance network
  geometry = 3,    // which points exist
  attributes = 4,  // one per layer and group; index = layer * group count + group
};

inline constexpr uint32_t kMaxNetworkMatrices = 4;
inline constexpr uint32_t kMaxMatrixValues = 1 << 16;

// Appearance kinds (docs/field-format.md).
inline constexpr uint8_t kAppearanceMlp = 3;
inline constexpr int kMaxFeatureCount = 28;
inline constexpr int kMaxHiddenWidth = 64;

// Feature channels of an appearance kind, -1 if the kind is unknown.
constexpr int appearance_channels(uint8_t kind, int feature_count) {
  switch (kind) {
    case 0:
      return 3;
    case 1:
      return 12;
    case 2:
      return 27;
    case kAppearanceMlp:
      return 3 + feature_count;
    default:
      return -1;
  }
}

// How many of the features, counted in threes from the first, are colours (or coefficients of
// colours).
constexpr int colour_triples(uint8_t kind, int feature_channels) {
  return kind == kAppearanceMlp ? 1 : feature_channels / 3;
}

// Inputs of the network: the features, alpha, alpha times 15 spherical harmonics.
constexpr int network_inputs(int feature_channels) { return feature_channels + 16; }

}  // namespace voxpack
