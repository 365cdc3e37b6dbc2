#include "io/atomic_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "io/io_test_support.h"

namespace voxpack {
namespace {

std::vector<uint8_t> some_bytes(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
  return bytes;
}

TEST(AtomicFile, WritesAndReplaces) {
  TempFolder folder;
  const std::string path = folder / "a.bin";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100'003}}) {
    ASSERT_TRUE(write_file(path, some_bytes(size)).ok());
    EXPECT_EQ(get_bytes(path), some_bytes(size));
    EXPECT_EQ(folder.file_count(), 1u);
  }
}

TEST(AtomicFile, WithoutCommitNothingChanges) {
  TempFolder folder;
  const std::string path = folder / "a.bin";
  put_file(path, "old");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value().write(some_bytes(10)).ok());
    EXPECT_EQ(folder.file_count(), 2u);
  }
  EXPECT_EQ(folder.file_count(), 1u);
  EXPECT_EQ(get_bytes(path).size(), 3u);
}

TEST(AtomicFile, StreamsInParts) {
  TempFolder folder;
  const std::string path = folder / "a.bin";
  auto created = AtomicFile::create(path);
  ASSERT_TRUE(created.ok());
  AtomicFile file = std::move(created).take();
  const auto bytes = some_bytes(1000);
  for (size_t i = 0; i < 1000; i += 100) {
    ASSERT_TRUE(file.write(std::span(bytes).subspan(i, 100)).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file.commit().ok());
  EXPECT_EQ(get_bytes(path), bytes);
  EXPECT_FALSE(file.write(bytes).ok());
}

TEST(AtomicFile, UnwritableIsIo) {
  TempFolder folder;
  const Status missing = write_file(folder / "no/such/folder/a.bin", some_bytes(3));
  EXPECT_EQ(missing.code(), Errc::io);
  EXPECT_NE(missing.message().find("a.bin"), std::string::npos);
  std::filesystem::create_directory(folder / "sub");
  EXPECT_EQ(write_file(folder / "sub", some_bytes(3)).code(), Errc::io);
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, FullDiskIsIo) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  TempFolder folder;
  // The temporary file is a link to the device that is always full.
  std::filesystem::create_symlink("/dev/full", folder / "a.bin.tmp");
  const Status status = write_file(folder / "a.bin", some_bytes(100));
  EXPECT_EQ(status.code(), Errc::io);
  EXPECT_NE(status.message().find("No space left"), std::string::npos) << status.message();
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(ReadFile, WholeLimitedOrMissing) {
  TempFolder folder;
  const auto bytes = some_bytes(5000);
  put_bytes(folder / "a.bin", bytes);
  const auto read = read_file(folder / "a.bin", 5000);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), bytes);
  EXPECT_EQ(read_file(folder / "a.bin", 4999).error().code(), Errc::bad_data);
  const auto missing = read_file(folder / "b.bin", 10);
  EXPECT_EQ(missing.error().code(), Errc::io);
  EXPECT_NE(missing.error().message().find("no such file"), std::string::npos);
  EXPECT_EQ(read_file(folder / "", 10).error().code(), Errc::io);  // a folder
}

TEST(MappedFile, ShowsTheBytes) {
  TempFolder folder;
  const auto bytes = some_bytes(100'003);
  put_bytes(folder / "a.bin", bytes);
  auto opened = MappedFile::open(folder / "a.bin");
  ASSERT_TRUE(opened.ok());
  const MappedFile file = std::move(opened).take();
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), file.bytes().begin(), file.bytes().end()));
  file.release(file.bytes().subspan(5, 90'000));
  file.release(file.bytes());
  file.release({});
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), file.bytes().begin(), file.bytes().end()));
}

TEST(MappedFile, EmptyAndMissing) {
  TempFolder folder;
  put_file(folder / "empty", "");
  const auto empty = MappedFile::open(folder / "empty");
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty.value().bytes().empty());
  EXPECT_EQ(MappedFile::open(folder / "none").error().code(), Errc::io);
  EXPECT_EQ(MappedFile::open(folder / "").error().code(), Errc::io);
}

}  // namespace
}  // namespace voxpack
