// Little-endian reader and writer over byte spans. The reader never runs past its end: after a
// short read it stays failed and returns zeros, so a caller checks once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace voxpack {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian");

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <class T>
  T read() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (std::span<const uint8_t> part = read_bytes(sizeof(T)); part.size() == sizeof(T)) {
      std::memcpy(&value, part.data(), sizeof(T));
    }
    return value;
  }

  // An empty span, and failed(), if fewer than `size` bytes are left.
  std::span<const uint8_t> read_bytes(size_t size) {
    if (size > bytes_.size() - offset_) {
      failed_ = true;
      offset_ = bytes_.size();
      return {};
    }
    const auto part = bytes_.subspan(offset_, size);
    offset_ += size;
    return part;
  }

  bool failed() const { return failed_; }
  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

 private:
  std::span<const uint8_t> bytes_;
  size_t offset_ = 0;
  bool failed_ = false;
};

class ByteWriter {
 public:
  template <class T>
  void write(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* first = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof(T));
  }
  void write_bytes(std::span<const uint8_t> part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  std::vector<uint8_t> take() && { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace voxpack
