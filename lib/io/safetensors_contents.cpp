// What a reader of one format demands of a safetensors file.
#include <algorithm>

#include "io/safetensors.h"

namespace voxpack {

Status TensorFile::expect_format(std::string_view format) const {
  const auto found = metadata_.find("format");
  const std::string is = found == metadata_.end() ? "missing" : "'" + found->second + "'";
  if (found == metadata_.end() || found->second != format) {
    return {Errc::bad_data, path_ + ": not a file of format '" + std::string(format) +
                                "': metadata 'format' is " + is.substr(0, 60)};
  }
  VOXPACK_ASSIGN(const std::string version, text("version"));
  if (version == "1") return {};
  return {Errc::unsupported, path_ + ": version '" + version.substr(0, 20) + "' of " +
                                 std::string(format) + "; this program reads version 1"};
}

void TensorFile::warn_unknown(std::span<const std::string_view> tensors,
                              std::span<const std::string_view> keys, Log& log) const {
  const auto lists = [](std::span<const std::string_view> list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const Tensor& tensor : tensors_) {
    if (!lists(tensors, tensor.name)) {
      log.warn(path_ + ": unknown tensor '" + tensor.name + "' is ignored");
    }
  }
  for (const auto& [key, value] : metadata_) {
    if (key != "format" && key != "version" && !lists(keys, key)) {
      log.warn(path_ + ": unknown metadata '" + key + "' is ignored");
    }
  }
}

}  // namespace voxpack
