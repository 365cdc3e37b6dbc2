// Files that appear whole or not at all, and read-only views of existing files. POSIX.
// Every path in an error is part of its sentence.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"

namespace voxpack {

// Writes PATH.tmp and renames it to PATH on commit(); without a commit the destructor removes
// PATH.tmp. Errors are Errc::io with the reason of the system; after an error every call fails the
// same way.
class AtomicFile {
 public:
  // Creates or truncates PATH.tmp.
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status write(std::span<const uint8_t> bytes);  // appends; buffered by the system only
  Status commit();                               // fsync, close, rename; call once

 private:
  AtomicFile(std::string path, int descriptor);
  Status fail(const char* what);

  std::string path_;
  int descriptor_ = -1;
  Status error_;
};

// The whole of `bytes` as PATH, through an AtomicFile.
Status write_file(const std::string& path, std::span<const uint8_t> bytes);

// The bytes of a regular file. Fails with io if it cannot be read ("no such file"), with bad_data
// if it has more than `size_limit` bytes.
Result<std::vector<uint8_t>> read_file(const std::string& path, uint64_t size_limit);

// A regular file mapped read-only; an empty file gives an empty span. The file must not be changed
// in place by others while it is mapped: new bytes may show, and reading behind the end of one that
// became shorter raises SIGBUS. Renaming another file over it is harmless.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::span<const uint8_t> bytes() const { return {data_, size_}; }

  // Lets go of the memory of `part` of bytes(); it stays readable, from the file.
  void release(std::span<const uint8_t> part) const;

 private:
  MappedFile(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace voxpack
