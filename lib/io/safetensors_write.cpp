// The writing half of safetensors.h.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/hash.h"
#include "core/interrupt.h"
#include "io/safetensors.h"
#include "io/tensor_header.h"

namespace voxpack {
namespace {

constexpr size_t kChunkBytes = size_t{64} << 20;  // written between two looks at Ctrl-C

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Status check_tensors(const std::vector<Tensor>& tensors) {
  std::set<std::string_view> names;
  for (const Tensor& tensor : tensors) {
    // "header" would share the key of the header's checksum.
    if (tensor.name.empty() || tensor.name == kMetadataKey || tensor.name == "header" ||
        !names.insert(tensor.name).second) {
      return {Errc::internal, "tensor name '" + tensor.name + "' is empty, reserved or doubled"};
    }
    uint64_t size = dtype_size(tensor.dtype);
    for (const uint64_t length : tensor.shape) size *= length;
    if (size != tensor.bytes.size()) {
      return {Errc::internal, "tensor " + tensor.name + ": " + std::to_string(tensor.bytes.size()) +
                                  " bytes, its shape needs " + std::to_string(size)};
    }
  }
  return {};
}

// The JSON header, padded with spaces so that the data starts at a multiple of 8 bytes.
std::string make_header(const std::vector<Tensor>& tensors, const TensorMetadata& metadata) {
  nlohmann::ordered_json texts = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata) texts[key] = value;
  texts[std::string(kHeaderChecksumKey)] = std::string(kChecksumDigits, '0');
  for (const Tensor& tensor : tensors) {
    texts[std::string(kChecksumPrefix) + tensor.name] = hex_digits(xxh3_64(tensor.bytes));
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  json[std::string(kMetadataKey)] = std::move(texts);
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    const uint64_t end = offset + tensor.bytes.size();
    json[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                         {"shape", tensor.shape},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string checksum = hex_digits(xxh3_64(bytes_of(header)));
  header.replace(header.find(kHeaderChecksumMark) + kHeaderChecksumMark.size(), kChecksumDigits,
                 checksum);
  return header;
}

}  // namespace

std::string hex_digits(uint64_t value) {
  std::string text(kChecksumDigits, '0');
  for (size_t i = 0; i < kChecksumDigits; ++i) {
    text[kChecksumDigits - 1 - i] = "0123456789abcdef"[value >> (4 * i) & 15];
  }
  return text;
}

Status write_tensors(const std::string& path, const std::vector<Tensor>& tensors,
                     const TensorMetadata& metadata) {
  if (Status status = check_tensors(tensors); !status.ok()) return std::move(status).in(path);
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with("voxpack.")) continue;
    return {Errc::internal, path + ": metadata key " + key + " is reserved"};
  }
  VOXPACK_ASSIGN(AtomicFile file, AtomicFile::create(path));
  std::vector<Tensor> sorted = tensors;  // views: cheap
  std::stable_sort(sorted.begin(), sorted.end(), [](const Tensor& a, const Tensor& b) {
    return dtype_size(a.dtype) > dtype_size(b.dtype);
  });
  const std::string header = make_header(sorted, metadata);
  const uint64_t length = header.size();
  VOXPACK_TRY(file.write({reinterpret_cast<const uint8_t*>(&length), sizeof(length)}));
  VOXPACK_TRY(file.write(bytes_of(header)));
  for (const Tensor& tensor : sorted) {
    for (size_t first = 0; first < tensor.bytes.size(); first += kChunkBytes) {
      VOXPACK_TRY(check_interrupt());
      VOXPACK_TRY(file.write(
          tensor.bytes.subspan(first, std::min(kChunkBytes, tensor.bytes.size() - first))));
    }
  }
  return file.commit();
}

}  // namespace voxpack
