// Arrays of a NumPy .npz file: a ZIP archive of .npy members, stored or deflated. Safe on untrusted
// bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/status.h"

namespace voxpack {

struct NpyArray {
  std::string type;             // as NumPy writes it: "<u2", "|u1"
  std::vector<uint64_t> shape;  // C order
  std::vector<uint8_t> bytes;
};

// The members NAME.npy whose NAME is in `wanted`, by name; those that do not exist are left out.
// Fails with io if the file cannot be read, with bad_data if the archive or a wanted member is cut
// or damaged, with unsupported for archives above 4 GB, encrypted members, and methods other than
// stored and deflated. Allocates at most 1100 bytes per byte of the file.
Result<std::map<std::string, NpyArray>> read_npz(const std::string& path,
                                                 const std::vector<std::string>& wanted);

}  // namespace voxpack
