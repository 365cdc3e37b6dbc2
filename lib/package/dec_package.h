// Reads .vxp packages: the container and what its sections say (docs/format.md). Safe on untrusted
// bytes.
#pragma once

#include <cstdint>
#include <optional>
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
  uint64_t checksum = 0;
};

// A checked package; spans point into the bytes it was opened from.
struct PackageView {
  uint16_t minor = 0;
  std::vector<PackageSection> sections;  // all, in order
  size_t arrived_sections = 0;           // the first so many are there and match their checksums
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

// The same while a package arrives: `bytes` has the size of the whole, of which the first
// `available` are there. Fails as above as far as can be said; nothing (no error, no view) is
// returned as long as the field and network sections are not there. The other spans of the view
// hold what arrives later.
Result<std::optional<PackageView>> open_arriving_package(std::span<const uint8_t> bytes,
                                                         size_t available);

// Checks the sections that are complete now. Fails with bad_data if one does not match its
// checksum.
Status check_arrived(PackageView& view, std::span<const uint8_t> bytes, size_t available);

// The codes of a package: encode_package() of the result gives the same bytes (of a package without
// unknown sections). Fails like open_package(), and with bad_data if a section does not decode. May
// throw std::bad_alloc.
Result<CodedField> decode_package(std::span<const uint8_t> bytes);

}  // namespace voxpack
