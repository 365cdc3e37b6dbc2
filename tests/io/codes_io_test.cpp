#include "io/codes_io.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/coded_fields.h"

namespace voxpack {
namespace {

class CodesIo : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("voxpack_codes_io_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "codes.safetensors").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<char> bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const char* data, size_t size) const {
    std::ofstream(path_, std::ios::binary).write(data, static_cast<std::streamsize>(size));
  }

  std::filesystem::path folder_;
  std::string path_;
  Log quiet_;
};

TEST_F(CodesIo, RoundTrips) {
  for (const int kind : {0, 1, 3}) {
    const CodedField codes =
        random_codes({.seed = 5, .resolution = 12, .max_level = 1, .kind = kind});
    ASSERT_TRUE(write_codes(path_, codes).ok());
    auto back = read_codes(path_, quiet_);
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_TRUE(back.value() == codes);
  }
}

TEST_F(CodesIo, OnePointHasNoCoefficients) {
  const CodedField codes = random_codes({.resolution = 4, .fill = 0, .blocks = 0});
  ASSERT_TRUE(write_codes(path_, codes).ok());
  auto back = read_codes(path_, quiet_);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_TRUE(back.value() == codes);
}

TEST_F(CodesIo, DamageIsRefused) {
  ASSERT_TRUE(write_codes(path_, random_codes({.resolution = 4, .kind = 3})).ok());
  const std::vector<char> whole = bytes();
  for (size_t size = 0; size < whole.size(); size += 1 + size / 50) {
    write(whole.data(), size);
    auto back = read_codes(path_, quiet_);
    ASSERT_FALSE(back.ok()) << size;
    EXPECT_EQ(back.error().code(), Errc::bad_data) << size;
  }
  std::vector<char> copy = whole;
  copy[copy.size() - 3] = static_cast<char>(copy[copy.size() - 3] ^ 1);
  write(copy.data(), copy.size());
  EXPECT_EQ(read_codes(path_, quiet_).error().code(), Errc::bad_data);
  EXPECT_EQ(read_codes((folder_ / "none").string(), quiet_).error().code(), Errc::io);
}

TEST_F(CodesIo, BadParametersAreNotWritten) {
  CodedField codes = random_codes({.resolution = 4});
  codes.channels[1].step = -1;
  EXPECT_EQ(write_codes(path_, codes).code(), Errc::bad_data);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace voxpack
