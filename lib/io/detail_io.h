// Detail-map files: what detect-high-frequency found out about the points of one field.
// Safetensors, docs/field-format.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/log.h"
#include "core/status.h"
#include "field/float_array.h"

namespace voxpack {

// One value per point, in field order. Values in a file stay there (TensorFile::mapped_floats()).
struct DetailFile {
  FloatArray visibility_sum;
  FloatArray visibility_max;
  FloatArray detail;
  uint64_t field_id = 0;  // field_id() of the field it belongs to
};

// Writes atomically, with checksums. Fails with internal if the lengths differ, with io as
// AtomicFile.
Status write_detail(const std::string& path, std::span<const float> visibility_sum,
                    std::span<const float> visibility_max, std::span<const float> detail,
                    uint64_t field_id);

// Three lists of equal length, each value finite and >= 0. Errors as read_field(). The caller
// compares field_id.
Result<DetailFile> read_detail(const std::string& path, Log& log);

}  // namespace voxpack
