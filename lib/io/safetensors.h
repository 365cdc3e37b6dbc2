// safetensors files: u64 length, JSON header, raw little-endian tensors. Files of ours carry an
// XXH3 checksum of the header and of every tensor in their metadata (docs/field-format.md); any
// damage to them is found on opening.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/status.h"
#include "field/float_array.h"
#include "io/atomic_file.h"

namespace voxpack {

enum class Dtype { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

size_t dtype_size(Dtype dtype);            // bytes of one element
std::string_view dtype_name(Dtype dtype);  // "F32"

// A tensor whose bytes belong to somebody else; row-major.
struct Tensor {
  std::string name;
  Dtype dtype = Dtype::u8;
  std::vector<uint64_t> shape;  // empty: one element
  std::span<const uint8_t> bytes;
};

// A tensor over `values`, which must outlive it.
template <class T>
Tensor make_tensor(std::string name, Dtype dtype, std::vector<uint64_t> shape,
                   std::span<const T> values) {
  return {std::move(name),
          dtype,
          std::move(shape),
          {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()}};
}

using TensorMetadata = std::map<std::string, std::string>;

// Writes `tensors` (larger element types first, else in the order given) and `metadata` with
// checksums, atomically and without a second copy of the data. Equal input gives equal bytes. Fails
// with internal if a name is empty, doubled or reserved or a shape does not fit its bytes; with io
// as AtomicFile; with interrupted after Ctrl-C.
Status write_tensors(const std::string& path, const std::vector<Tensor>& tensors,
                     const TensorMetadata& metadata);

// An open file: structure and checksums have been verified, the numbers in the tensors have not.
class TensorFile {
 public:
  // Warns through `log` if the file carries no checksums. Fails with io if it cannot be read, with
  // bad_data if it is truncated, damaged or not well formed. Every error names the path.
  static Result<TensorFile> open(const std::string& path, Log& log);

  const std::string& path() const { return path_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // in file order
  const TensorMetadata& metadata() const { return metadata_; }     // without the checksums
  bool has_checksums() const { return has_checksums_; }

  const Tensor* find(std::string_view name) const;         // null if there is none
  Result<std::string> text(const std::string& key) const;  // metadata; bad_data if missing

  // The tensor `name` if it has this type and shape, else bad_data.
  Result<Tensor> tensor(std::string_view name, Dtype dtype,
                        const std::vector<uint64_t>& shape) const;
  // The values of the F32 or F16 tensor `name` of this shape, else bad_data.
  Result<std::vector<float>> floats(std::string_view name,
                                    const std::vector<uint64_t>& shape) const;
  // The same values where they lie in the file, which then stays mapped as long as the array
  // borrows from it; copies of F16 values and of those that are not aligned to 4 bytes.
  Result<FloatArray> mapped_floats(std::string_view name, const std::vector<uint64_t>& shape) const;

  // Lets go of the memory of all tensors; they stay readable, from the file.
  void release() const { file_->release(file_->bytes()); }

  // bad_data unless metadata "format" is `format`; unsupported if "version" is not "1".
  Status expect_format(std::string_view format) const;
  // Warns of tensors and metadata keys ("format" and "version" aside) that are not listed: they are
  // ignored.
  void warn_unknown(std::span<const std::string_view> tensors,
                    std::span<const std::string_view> keys, Log& log) const;

 private:
  TensorFile(std::string path, MappedFile file)
      : path_(std::move(path)), file_(std::make_shared<const MappedFile>(std::move(file))) {}

  Status parse(std::string_view header, std::span<const uint8_t> data);
  Status verify(std::string_view header, Log& log);
  std::vector<float> copy_floats(const Tensor& tensor) const;
  Status wrong(std::string_view name, const std::string& what) const;

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::vector<Tensor> tensors_;
  TensorMetadata metadata_;
  bool has_checksums_ = false;
};

}  // namespace voxpack
