// Fields used where they lie in their file.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "io/detail_io.h"
#include "io/field_io.h"
#include "io/io_test_support.h"
#include "stages/prune.h"
#include "support/test_field.h"

namespace voxpack {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Limits the private memory of this process to what it has and `more_bytes`, for a scope.
class DataLimit {
 public:
  explicit DataLimit(uint64_t more_bytes) {
    uint64_t now = 0;
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("VmData:")) now = std::stoull(line.substr(7)) * 1024;
    }
    EXPECT_GT(now, 0u);
    getrlimit(RLIMIT_DATA, &before_);
    rlimit limit = before_;
    limit.rlim_cur = now + more_bytes;
    EXPECT_EQ(setrlimit(RLIMIT_DATA, &limit), 0);
  }
  ~DataLimit() { setrlimit(RLIMIT_DATA, &before_); }

 private:
  rlimit before_{};
};

// 27 channels, so that the features are most of the file.
Field wide_field(int resolution) {
  return make_test_field({.resolution = resolution, .kind = AppearanceKind::sh2});
}

Field read(const std::string& path) {
  Log log;
  Result<Field> field = read_field(path, log);
  EXPECT_TRUE(field.ok()) << field.error().message();
  return field.ok() ? std::move(field).take() : Field{};
}

TEST(MappedField, StaysInTheFileUntilEdited) {
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  const Field written = wide_field(32);
  ASSERT_TRUE(write_field(path, written).ok());
  Field field = read(path);
  EXPECT_TRUE(field.density.is_borrowed());
  EXPECT_TRUE(field.features.is_borrowed());
  EXPECT_TRUE(field.importance.is_borrowed());
  EXPECT_EQ(field.features, written.features);
  const Field copy = field;  // borrows too
  field.features.edit()[0] += 1;
  EXPECT_FALSE(field.features.is_borrowed());
  EXPECT_EQ(field.features[0], written.features[0] + 1);
  field = {};
  EXPECT_EQ(copy.features, written.features);
  EXPECT_EQ(field_id(read(path)), field_id(written));  // the file is as it was
}

// Values at an odd place of the file are copied, not read where they lie.
TEST(MappedField, CopiesWhatIsNotAligned) {
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  const Field written = wide_field(32);
  ASSERT_TRUE(write_field(path, written).ok());
  const std::vector<uint8_t> bytes = get_bytes(path);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  const auto data = bytes.begin() + static_cast<ptrdiff_t>(sizeof(length) + length);
  auto json = nlohmann::ordered_json::parse(bytes.begin() + sizeof(length), data);
  auto& texts = json["__metadata__"];
  const auto all = texts.get<std::map<std::string, std::string>>();
  for (const auto& [key, value] : all) {
    if (key.starts_with("voxpack.xxh3.")) texts.erase(key);
  }
  std::string header = json.dump();
  header.resize((header.size() + 7) / 8 * 8 + 1, ' ');
  length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header;
  file.append(data, bytes.end());
  put_file(path, file);
  const Field field = read(path);
  EXPECT_FALSE(field.features.is_borrowed());
  EXPECT_EQ(field.features, written.features);
  EXPECT_EQ(field_id(field), field_id(written));
}

// Reading, validating and identifying a field takes no private memory for its values.
TEST(MappedField, LargerThanTheMemoryAllowed) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory does not keep to the limit";
#endif
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(kMiB));  // what is freed goes back at once
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  uint64_t id = 0, bytes = 0;
  {
    const Field written = wide_field(176);
    bytes = written.features.size() * sizeof(float);
    id = field_id(written);
    ASSERT_TRUE(write_field(path, written).ok());
  }
  ASSERT_GT(bytes, 10 * kMiB);
  malloc_trim(0);
  const DataLimit limit(bytes / 2);
  Field field = read(path);
  EXPECT_EQ(field_id(field), id);
  EXPECT_THROW(field.features.edit(), std::bad_alloc);  // the limit holds
  EXPECT_TRUE(field.features.is_borrowed());
  EXPECT_EQ(field_id(field), id);
}

TEST(MappedField, DetectAndPruneGiveTheSameFromTheFile) {
  const TempFolder folder;
  const std::string path = folder / "f.safetensors";
  const Field owned = wide_field(48);
  ASSERT_TRUE(write_field(path, owned).ok());
  const Field mapped = read(path);
  auto kernels = make_kernels("cpu");
  ASSERT_TRUE(kernels.ok());
  Log log;
  DetectOptions detect;
  detect.sphere_views = 6;
  PruneOptions prune;
  prune.target_points = owned.point_count() / 4;
  Field results[2];
  for (int i = 0; i < 2; ++i) {
    const Field& field = i == 0 ? owned : mapped;
    Result<DetailMap> map = run_detect(field, {}, detect, *kernels.value(), log);
    ASSERT_TRUE(map.ok());
    Result<Field> pruned = run_prune(field, map.value(), prune, *kernels.value(), log);
    ASSERT_TRUE(pruned.ok());
    results[i] = std::move(pruned).take();
  }
  EXPECT_GT(results[0].point_count(), 0u);
  EXPECT_EQ(field_id(results[0]), field_id(results[1]));
}

}  // namespace
}  // namespace voxpack
