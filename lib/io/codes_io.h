// Files of quantised fields (docs/format.md, annex A): safetensors between quantize and pack.
#pragma once

#include <string>

#include "codec/coded_field.h"
#include "core/log.h"
#include "core/status.h"

namespace voxpack {

// Codes whose parameters are within the limits of docs/format.md (pack checks blocks and
// coefficients). Fails with io if the file cannot be read; with bad_data if it is truncated,
// damaged, incomplete or breaks a limit; with unsupported for newer versions. Every error names the
// path.
Result<CodedField> read_codes(const std::string& path, Log& log);

// Writes `codes` atomically, with checksums; equal codes give equal bytes. Fails with bad_data if
// their parameters break a limit, with io as AtomicFile, with interrupted after Ctrl-C.
Status write_codes(const std::string& path, const CodedField& codes);

}  // namespace voxpack
