// The reading half of safetensors.h.
#include "io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "io/numbers.h"
#include "io/tensor_header.h"

namespace voxpack {
namespace {

using Json = nlohmann::json;

struct DtypeInfo {
  Dtype dtype;
  std::string_view name;
  size_t size;
};

constexpr DtypeInfo kDtypes[] = {
    {Dtype::boolean, "BOOL", 1}, {Dtype::u8, "U8", 1},   {Dtype::i8, "I8", 1},
    {Dtype::u16, "U16", 2},      {Dtype::i16, "I16", 2}, {Dtype::f16, "F16", 2},
    {Dtype::bf16, "BF16", 2},    {Dtype::u32, "U32", 4}, {Dtype::i32, "I32", 4},
    {Dtype::f32, "F32", 4},      {Dtype::u64, "U64", 8}, {Dtype::i64, "I64", 8},
    {Dtype::f64, "F64", 8},
};

Status bad(std::string text) { return {Errc::bad_data, std::move(text)}; }

std::string shape_text(const std::vector<uint64_t>& shape) { return Json(shape).dump(); }

// Parses the header; a key that occurs twice in one object is an error, as the format demands.
Result<Json> parse_header(std::string_view header) {
  std::vector<std::set<std::string>> open;  // keys of the objects around the current place
  std::string doubled;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == Json::parse_event_t::key && !open.empty()) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open.back().insert(key).second) doubled = key;
    }
    return true;
  };
  if (header.empty() || header.front() != '{') return bad("the header does not start with {");
  Json json = Json::parse(header.begin(), header.end(), watch, false);
  if (json.is_discarded() || !json.is_object()) return bad("the header is not valid JSON");
  if (!doubled.empty()) return bad("the header has '" + doubled + "' twice");
  return json;
}

// Whole numbers of a JSON array.
bool read_numbers(const Json& json, const char* key, std::vector<uint64_t>& numbers) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return false;
  for (const Json& item : *found) {
    if (!item.is_number_unsigned()) return false;
    numbers.push_back(item.get<uint64_t>());
  }
  return true;
}

Result<Tensor> read_entry(const std::string& name, const Json& json,
                          std::span<const uint8_t> data) {
  const auto wrong = [&](const std::string& what) { return bad("tensor '" + name + "': " + what); };
  if (!json.is_object() || json.size() != 3) {
    return wrong("needs dtype, shape and data_offsets and nothing else");
  }
  Tensor tensor;
  tensor.name = name;
  const auto dtype = json.find("dtype");
  const std::string type =
      dtype != json.end() && dtype->is_string() ? dtype->get<std::string>() : "";
  const auto* info = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                  [&](const DtypeInfo& known) { return known.name == type; });
  if (info == std::end(kDtypes)) return wrong("unknown dtype '" + type.substr(0, 20) + "'");
  tensor.dtype = info->dtype;
  std::vector<uint64_t> offsets;
  if (!read_numbers(json, "shape", tensor.shape)) return wrong("shape is not a list of sizes");
  if (!read_numbers(json, "data_offsets", offsets) || offsets.size() != 2 ||
      offsets[0] > offsets[1] || offsets[1] > data.size()) {
    return wrong("data_offsets do not lie in the " + std::to_string(data.size()) +
                 " bytes of data");
  }
  uint64_t size = info->size;
  for (const uint64_t length : tensor.shape) {
    if (__builtin_mul_overflow(size, length, &size)) return wrong("the shape overflows");
  }
  if (size != offsets[1] - offsets[0]) {
    return wrong(std::to_string(offsets[1] - offsets[0]) + " bytes, the shape needs " +
                 std::to_string(size));
  }
  tensor.bytes = data.subspan(offsets[0], size);
  return tensor;
}

// A checksum key, or what random damage may have left of one.
bool resembles_checksum(const std::string& key) {
  return key.starts_with("voxpack.") || key.find("xxh3") != std::string::npos;
}

uint64_t header_checksum(std::string_view header, size_t digits_at) {
  std::vector<uint8_t> copy(header.begin(), header.end());
  std::fill_n(copy.begin() + static_cast<ptrdiff_t>(digits_at), kChecksumDigits, '0');
  return xxh3_64(copy);
}

}  // namespace

size_t dtype_size(Dtype dtype) { return kDtypes[static_cast<size_t>(dtype)].size; }

std::string_view dtype_name(Dtype dtype) { return kDtypes[static_cast<size_t>(dtype)].name; }

Result<TensorFile> TensorFile::open(const std::string& path, Log& log) {
  VOXPACK_ASSIGN(MappedFile mapped, MappedFile::open(path));
  TensorFile file(path, std::move(mapped));
  const std::span<const uint8_t> bytes = file.file_->bytes();
  uint64_t length = 0;
  if (bytes.size() < sizeof(length)) {
    return bad(path + ": " + std::to_string(bytes.size()) + " bytes, not a safetensors file");
  }
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > kMaxHeaderBytes || length > bytes.size() - sizeof(length)) {
    return bad(path + ": a header of " + std::to_string(length) +
               " bytes does not fit the file of " + std::to_string(bytes.size()) +
               "; truncated, or not a safetensors file");
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + sizeof(length),
                                length);
  Status status = file.parse(header, bytes.subspan(sizeof(length) + length));
  if (status.ok()) status = file.verify(header, log);
  if (!status.ok()) return std::move(status).in(path);
  return file;
}

Status TensorFile::parse(std::string_view header, std::span<const uint8_t> data) {
  VOXPACK_ASSIGN(const Json json, parse_header(header));
  for (const auto& [name, entry] : json.items()) {
    if (name != kMetadataKey) {
      VOXPACK_ASSIGN(Tensor tensor, read_entry(name, entry, data));
      tensors_.push_back(std::move(tensor));
      continue;
    }
    if (!entry.is_object()) return bad("__metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) return bad("metadata '" + key + "' is not a string");
      metadata_[key] = value.get<std::string>();
    }
  }
  std::sort(tensors_.begin(), tensors_.end(), [](const Tensor& a, const Tensor& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  const uint8_t* end = data.data();
  for (const Tensor& tensor : tensors_) {
    if (tensor.bytes.data() != end) {
      return bad("tensor '" + tensor.name + "' overlaps another or leaves a gap before it");
    }
    end += tensor.bytes.size();
  }
  if (end != data.data() + data.size()) {
    return bad("the tensors have " + std::to_string(end - data.data()) + " bytes, the file has " +
               std::to_string(data.size()) + " behind its header");
  }
  return {};
}

Status TensorFile::verify(std::string_view header, Log& log) {
  TensorMetadata sums;
  for (auto at = metadata_.begin(); at != metadata_.end();) {
    if (resembles_checksum(at->first)) {
      sums.insert(*at);
      at = metadata_.erase(at);
    } else {
      ++at;
    }
  }
  if (sums.empty()) {
    log.warn(path_ + ": has no checksums (written by another program?); damage would go unnoticed");
    return {};
  }
  has_checksums_ = true;
  const std::string hint = "; the file is damaged, or was edited without removing voxpack.xxh3.*";
  if (sums.size() != tensors_.size() + 1) {
    return bad(std::to_string(sums.size()) + " checksums for " + std::to_string(tensors_.size()) +
               " tensors and the header" + hint);
  }
  const size_t mark = header.find(kHeaderChecksumMark);
  const auto header_sum = sums.find(std::string(kHeaderChecksumKey));
  if (mark == std::string_view::npos || header_sum == sums.end() ||
      header_sum->second.size() != kChecksumDigits ||
      header.size() - mark < kHeaderChecksumMark.size() + kChecksumDigits ||
      header_sum->second !=
          hex_digits(header_checksum(header, mark + kHeaderChecksumMark.size()))) {
    return bad("the checksum of the header does not match" + hint);
  }
  std::vector<uint64_t> found(tensors_.size());
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < tensors_.size(); ++i) {
    found[i] = xxh3_64(tensors_[i].bytes);
    file_->release(tensors_[i].bytes);
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const auto sum = sums.find(std::string(kChecksumPrefix) + tensors_[i].name);
    if (sum == sums.end() || sum->second != hex_digits(found[i])) {
      return bad("the checksum of tensor '" + tensors_[i].name + "' does not match" + hint);
    }
  }
  return {};
}

Status TensorFile::wrong(std::string_view name, const std::string& what) const {
  return bad(path_ + ": tensor '" + std::string(name) + "' " + what);
}

const Tensor* TensorFile::find(std::string_view name) const {
  for (const Tensor& tensor : tensors_) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

Result<std::string> TensorFile::text(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return bad(path_ + ": metadata '" + key + "' is missing");
  return found->second;
}

Result<Tensor> TensorFile::tensor(std::string_view name, Dtype dtype,
                                  const std::vector<uint64_t>& shape) const {
  const Tensor* found = find(name);
  if (!found) return wrong(name, "is missing");
  if (found->dtype != dtype || found->shape != shape) {
    return wrong(name, "is " + std::string(dtype_name(found->dtype)) + " " +
                           shape_text(found->shape) + ", expected " +
                           std::string(dtype_name(dtype)) + " " + shape_text(shape));
  }
  return *found;
}

Result<std::vector<float>> TensorFile::floats(std::string_view name,
                                              const std::vector<uint64_t>& shape) const {
  const Tensor* found = find(name);
  if (found && found->dtype == Dtype::f16 && found->shape == shape) return copy_floats(*found);
  VOXPACK_ASSIGN(const Tensor source, tensor(name, Dtype::f32, shape));
  return copy_floats(source);
}

Result<FloatArray> TensorFile::mapped_floats(std::string_view name,
                                             const std::vector<uint64_t>& shape) const {
  const Tensor* found = find(name);
  const bool in_place = found && found->dtype == Dtype::f32 && found->shape == shape &&
                        reinterpret_cast<uintptr_t>(found->bytes.data()) % alignof(float) == 0;
  if (!in_place) {
    VOXPACK_ASSIGN(std::vector<float> copy, floats(name, shape));
    return FloatArray(std::move(copy));
  }
  const auto* values = reinterpret_cast<const float*>(found->bytes.data());
  return FloatArray::borrow({values, found->bytes.size() / sizeof(float)}, file_);
}

// In parts, each let go after its copy, so that a large tensor is not in memory twice.
std::vector<float> TensorFile::copy_floats(const Tensor& tensor) const {
  constexpr size_t kPart = size_t{4} << 20;
  const size_t width = dtype_size(tensor.dtype);
  std::vector<float> values(tensor.bytes.size() / width);
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t first = 0; first < values.size(); first += kPart) {
    const size_t count = std::min(kPart, values.size() - first);
    const std::span<const uint8_t> part = tensor.bytes.subspan(first * width, count * width);
    if (tensor.dtype == Dtype::f32) {
      std::memcpy(values.data() + first, part.data(), part.size());
    } else {
      for (size_t i = 0; i < count; ++i) {
        uint16_t half;
        std::memcpy(&half, part.data() + i * 2, 2);
        values[first + i] = half_to_float(half);
      }
    }
    file_->release(part);
  }
  return values;
}

}  // namespace voxpack
