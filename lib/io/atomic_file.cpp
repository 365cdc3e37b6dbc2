#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace voxpack {
namespace {

constexpr size_t kLargestCall = size_t{1} << 30;  // Linux moves at most 2 GiB in one call

Status io_error(const std::string& path, const char* what, int number) {
  if (number == ENOENT && std::strcmp(what, "cannot open") == 0) {
    return {Errc::io, path + ": no such file"};
  }
  return {Errc::io, path + ": " + what + ": " + std::strerror(number)};
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

// Size of an open regular file; directories and pipes are refused.
Result<uint64_t> regular_size(const std::string& path, int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return io_error(path, "cannot stat", errno);
  if (!S_ISREG(info.st_mode)) return {Errc::io, path + ": is not a regular file"};
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace

AtomicFile::AtomicFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      error_(std::move(other.error_)) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink((path_ + ".tmp").c_str());
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  const std::string temporary = path + ".tmp";
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return {Errc::io, path + ": cannot write: exists and is not a regular file"};
  }
  const int descriptor = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    const char* hint = errno == ENOENT ? " (does the folder exist?)" : "";
    return {Errc::io, path + ": cannot write: " + std::strerror(errno) + hint};
  }
  return AtomicFile(path, descriptor);
}

Status AtomicFile::fail(const char* what) {
  error_ = io_error(path_, what, errno);
  return error_;
}

Status AtomicFile::write(std::span<const uint8_t> bytes) {
  if (!error_.ok()) return error_;
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kLargestCall));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return fail("cannot write");
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return {};
}

Status AtomicFile::commit() {
  if (!error_.ok()) return error_;
  if (::fsync(descriptor_) != 0 && errno != EINVAL) return fail("cannot write");
  const std::string temporary = path_ + ".tmp";
  if (::rename(temporary.c_str(), path_.c_str()) != 0) return fail("cannot rename to");
  if (::close(std::exchange(descriptor_, -1)) != 0) return fail("cannot close");
  error_ = {Errc::internal, path_ + ": written after commit"};
  return {};
}

Status write_file(const std::string& path, std::span<const uint8_t> bytes) {
  VOXPACK_ASSIGN(AtomicFile file, AtomicFile::create(path));
  VOXPACK_TRY(file.write(bytes));
  return file.commit();
}

Result<std::vector<uint8_t>> read_file(const std::string& path, uint64_t size_limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error(path, "cannot open", errno);
  VOXPACK_ASSIGN(const uint64_t size, regular_size(path, file.get()));
  if (size > size_limit) {
    return {Errc::bad_data, path + ": " + std::to_string(size) + " bytes, the limit is " +
                                std::to_string(size_limit)};
  }
  std::vector<uint8_t> bytes(size);
  for (size_t done = 0; done < size;) {
    const ssize_t got =
        ::read(file.get(), bytes.data() + done, std::min(bytes.size() - done, kLargestCall));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path, "cannot read", errno);
    if (got == 0) return {Errc::io, path + ": became shorter while it was read"};
    done += static_cast<size_t>(got);
  }
  return bytes;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error(path, "cannot open", errno);
  VOXPACK_ASSIGN(const uint64_t size, regular_size(path, file.get()));
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return io_error(path, "cannot map", errno);
  return MappedFile(static_cast<const uint8_t*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

void MappedFile::release(std::span<const uint8_t> part) const {
  if (part.empty()) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - data_);
  const size_t first = (offset + page - 1) / page * page;
  const size_t end = (offset + part.size()) / page * page;
  if (first >= end) return;
  ::madvise(const_cast<uint8_t*>(data_) + first, end - first, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace voxpack
