// What the tests of the io room share: a folder that goes away, a log that remembers, small images.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "field/image.h"

namespace voxpack {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "voxpack_io_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  size_t file_count() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      count += entry.exists();
    }
    return count;
  }

 private:
  std::filesystem::path path_;
};

class RecordingLog : public Log {
 public:
  void info(std::string_view text) override { infos += std::string(text) + "\n"; }
  void warn(std::string_view text) override { warnings += std::string(text) + "\n"; }
  std::string infos, warnings;
};

inline void put_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::filesystem::remove(path);  // overwriting in place makes some file systems flush to the disk
  std::ofstream(path, std::ios::binary)
      .write(text.data(), static_cast<std::streamsize>(text.size()));
}

inline void put_bytes(const std::string& path, const std::vector<uint8_t>& bytes) {
  put_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

inline std::vector<uint8_t> get_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A smooth picture; RGBA ones have every alpha from 0 up.
inline Image test_image(int width, int height, int channels) {
  Image image{width, height, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int values[4] = {x * 5, y * 7, 128 + x - y, x + y * width};
      for (int c = 0; c < channels; ++c) image.pixels.push_back(static_cast<uint8_t>(values[c]));
    }
  }
  return image;
}

}  // namespace voxpack
