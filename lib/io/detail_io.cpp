#include "io/detail_io.h"

#include <charconv>
#include <limits>
#include <new>
#include <string_view>

#include "io/safetensors.h"
#include "io/tensor_header.h"

namespace voxpack {
namespace {

constexpr std::string_view kFormat = "voxpack.detail";
constexpr std::string_view kTensors[] = {"visibility_sum", "visibility_max", "detail"};
constexpr std::string_view kKeys[] = {"field_id"};

Result<FloatArray> read_list(const TensorFile& file, std::string_view name, uint64_t count) {
  VOXPACK_ASSIGN(FloatArray values, file.mapped_floats(name, {count}));
  size_t i = 0;  // the first value that is not good
  for (const float value : values) {
    if (value >= 0 && value <= std::numeric_limits<float>::max()) {
      ++i;
      continue;
    }
    return {Errc::bad_data, file.path() + ": " + std::string(name) + " value " + std::to_string(i) +
                                " is negative or not finite"};
  }
  return values;
}

Result<DetailFile> load(const TensorFile& file, Log& log) {
  VOXPACK_TRY(file.expect_format(kFormat));
  file.warn_unknown(kTensors, kKeys, log);
  DetailFile result;
  VOXPACK_ASSIGN(const std::string id, file.text("field_id"));
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), result.field_id, 16);
  if (error != std::errc() || end != id.data() + id.size()) {
    return {Errc::bad_data, file.path() + ": metadata 'field_id' is not a hexadecimal number"};
  }
  const Tensor* detail = file.find("detail");
  if (!detail || detail->shape.size() != 1) {
    return {Errc::bad_data, file.path() + ": tensor 'detail' is missing or not one-dimensional"};
  }
  const uint64_t count = detail->shape[0];
  VOXPACK_ASSIGN(result.visibility_sum, read_list(file, "visibility_sum", count));
  VOXPACK_ASSIGN(result.visibility_max, read_list(file, "visibility_max", count));
  VOXPACK_ASSIGN(result.detail, read_list(file, "detail", count));
  file.release();
  return result;
}

}  // namespace

Status write_detail(const std::string& path, std::span<const float> visibility_sum,
                    std::span<const float> visibility_max, std::span<const float> detail,
                    uint64_t field_id) {
  const uint64_t count = detail.size();
  return write_tensors(
      path,
      {make_tensor("visibility_sum", Dtype::f32, {count}, visibility_sum),
       make_tensor("visibility_max", Dtype::f32, {count}, visibility_max),
       make_tensor("detail", Dtype::f32, {count}, detail)},
      {{"format", std::string(kFormat)}, {"version", "1"}, {"field_id", hex_digits(field_id)}});
}

Result<DetailFile> read_detail(const std::string& path, Log& log) {
  try {
    VOXPACK_ASSIGN(const TensorFile file, TensorFile::open(path, log));
    return load(file, log);
  } catch (const std::bad_alloc&) {
    return {Errc::device, path + ": out of memory for the detail map"};
  }
}

}  // namespace voxpack
