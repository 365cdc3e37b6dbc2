// What the field and network sections may say, checked by writer and reader alike (docs/format.md,
// "Limits").
#pragma once

#include "codec/coded_field.h"
#include "codec/octree.h"
#include "core/status.h"

namespace voxpack {

// Everything but blocks, coefficients and network. Fails with bad_data and the first fault.
Status check_field_parameters(const CodedField& field, const TreeShape& shape);

// Sizes and ranges of the matrices, and that they are those of the appearance. Fails with bad_data.
Status check_network(const CodedField& field);

}  // namespace voxpack
