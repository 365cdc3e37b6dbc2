// Field files (docs/field-format.md): safetensors with the points of a field.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/log.h"
#include "core/status.h"
#include "field/field.h"

namespace voxpack {

// Metadata that a field file carries beside the field: keys start with "bake." (what `bake` needs
// to go on from a checkpoint, docs/field-format.md).
using FieldNotes = std::map<std::string, std::string>;

// A field that passes validate(). Points may stand in any order in the file; those in lattice order
// keep their values there (FloatArray), and the file stays mapped as long as the field borrows.
// Warns of missing checksums and of unknown tensors and metadata. Fails with io if the file cannot
// be read; with bad_data if it is truncated, damaged, incomplete or breaks a rule of the format
// (NaN, range, duplicate, overlap); with unsupported for newer versions. Every error names the
// path. `notes`, if not null, receives the file's notes.
Result<Field> read_field(const std::string& path, Log& log, FieldNotes* notes = nullptr);

// Writes `field` atomically, with checksums; equal fields give equal bytes. Fails with bad_data if
// validate() does, with io as AtomicFile, with interrupted after Ctrl-C.
Status write_field(const std::string& path, const Field& field, const FieldNotes& notes = {});

// A number that tells fields apart: it changes with any point, density or feature. For files that
// belong to one field, such as detail maps.
uint64_t field_id(const Field& field);

}  // namespace voxpack
