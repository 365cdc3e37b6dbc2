// pack and unpack: codes to a .vxp package and back to a field. Lossless.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/coded_field.h"
#include "core/status.h"
#include "field/field.h"

namespace voxpack {

// Equal codes give equal bytes. Fails with bad_data if the codes break a limit of docs/format.md.
Result<std::vector<uint8_t>> run_pack(const CodedField& codes);

// The field of a package, without importance. Fails with bad_data if the package is cut or
// corrupted, with unsupported if its format is newer, with device if memory runs out.
Result<Field> run_unpack(std::span<const uint8_t> package);

// One part of a package, for `info`. The parts add up to the file.
struct PackagePart {
  std::string name;  // "container", "field", "geometry", "density", "features 0..2", "network"
  uint64_t size_bytes = 0;
  double bits_per_point = 0;
};

// Fails like run_unpack(), but decodes no points.
Result<std::vector<PackagePart>> describe_package(std::span<const uint8_t> package);

}  // namespace voxpack
