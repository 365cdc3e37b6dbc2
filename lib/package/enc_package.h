// Writes a quantised field as a .vxp package.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/coded_field.h"
#include "codec/enc_attributes.h"
#include "core/status.h"

namespace voxpack {

// The package of `field`: equal fields give equal bytes. Fails with bad_data if `field` breaks a
// limit of docs/format.md (the sentence says which).
Result<std::vector<uint8_t>> encode_package(const CodedField& field);

// The same from attributes that are encoded already. `geometry` as from
// encode_geometry().
Result<std::vector<uint8_t>> assemble_package(const CodedField& field, uint64_t point_count,
                                              const std::vector<uint8_t>& geometry,
                                              const EncodedAttributes& attributes);

// Refuses what a package cannot hold: ranges, sizes, order. Does not look at blocks and
// coefficients.
Status validate_parameters(const CodedField& field);

}  // namespace voxpack
