// Reads .vxp packages: the container and what its sections say (docs/format.md). Safe on untrusted
// bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/coded_field.h"
#include "codec/octree.h"
#include "core/status.h"
#include "package/package.h"

namespace voxpack {

struct PackageSection {
  uint32_t kind = 0;  // SectionKind, or unknown
  uint32_t index = 0;
  std::span<const uint8_t> bytes;
};

// A checked package; spans point into the bytes it was opened from.
struct PackageView {
  uint16_t minor = 0;
  std::vector<PackageSection> sections;  // all, in order
  CodedField field;                      // without blocks and coefficients
  std::vector<NumberRange> ranges;       // [channel]
  uint64_t point_count = 0;
  TreeShape shape;
  std::span<const uint8_t> geometry;
  std::vector<std::span<const uint8_t>> attributes;  // [layer][group]
};

// Checks header, table, checksums, and the field and network sections. Fails with bad_data; with
// unsupported for an intact package of a newer major version. Allocates little. May throw
// std::bad_alloc.
Result<PackageView> open_package(std::span<const uint8_t> bytes);

// The codes of a package: encode_package() of the result gives the same bytes (of a package without
// unknown sections). Fails like open_package(), and with bad_data if a section does not decode. May
// throw std::bad_alloc.
Result<CodedField> decode_package(std::span<const uint8_t> bytes);

}  // namespace voxpack
