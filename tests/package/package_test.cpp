#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

#include "core/hash.h"
#include "package/dec_package.h"
#include "package/enc_package.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

std::vector<uint8_t> encode(const CodedField& field) {
  auto bytes = encode_package(field);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return bytes.ok() ? std::move(bytes).take() : std::vector<uint8_t>{};
}

CodedField small_field() {
  RandomCodes options;
  options.resolution = 8;
  options.max_level = 1;
  options.kind = 3;
  return random_codes(options);
}

// Decodes from an allocation of its own, so that a sanitizer sees every byte read too far.
Result<CodedField> decode_copy(std::span<const uint8_t> bytes) {
  const auto copy = std::make_unique<uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return decode_package({copy.get(), bytes.size()});
}

// Makes the checksums right again after a change inside a package.
void mend_checksums(std::vector<uint8_t>& bytes) {
  uint32_t count;
  std::memcpy(&count, &bytes[16], 4);
  if (count > (bytes.size() - kPackageHeaderSize) / kPackageEntrySize) return;
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* entry = &bytes[kPackageHeaderSize + i * kPackageEntrySize];
    uint64_t offset, size;
    std::memcpy(&offset, entry + 8, 8);
    std::memcpy(&size, entry + 16, 8);
    if (offset > bytes.size() || size > bytes.size() - offset) continue;
    const uint64_t checksum = xxh3_64({&bytes[offset], size});
    std::memcpy(entry + 24, &checksum, 8);
  }
  std::vector<uint8_t> hashed(bytes.begin(), bytes.begin() + 32);
  hashed.insert(hashed.end(), bytes.begin() + 40, bytes.begin() + 40 + 32 * count);
  const uint64_t checksum = xxh3_64(hashed);
  std::memcpy(&bytes[32], &checksum, 8);
}

TEST(Package, CodesRoundTrip) {
  uint32_t seed = 0;
  for (const int kind : {0, 1, 2, 3}) {
    for (const int max_level : {-1, 0, 2}) {
      RandomCodes options;
      options.seed = ++seed;
      options.resolution = 19;
      options.kind = kind;
      options.max_level = max_level;
      options.min_level = std::max(-1, max_level - 2);
      const CodedField field = random_codes(options);
      const auto bytes = encode(field);
      auto back = decode_copy(bytes);
      ASSERT_TRUE(back.ok()) << back.error().message();
      EXPECT_TRUE(back.value() == field);
      EXPECT_EQ(encode(back.value()), bytes);
    }
  }
}

TEST(Package, NoPointsAndOnePoint) {
  CodedField field = random_codes({.resolution = 4, .fill = 0, .blocks = 0});
  ASSERT_EQ(field.blocks.size(), 1u);
  auto back = decode_copy(encode(field));
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_TRUE(back.value() == field);
  field.blocks.clear();
  back = decode_copy(encode(field));
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_TRUE(back.value() == field);
}

TEST(Package, EveryTruncationAndOneMoreByteAreRefused) {
  std::vector<uint8_t> bytes = encode(small_field());
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto back = decode_copy({bytes.data(), size});
    ASSERT_FALSE(back.ok()) << size;
    ASSERT_EQ(back.error().code(), Errc::bad_data) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(decode_copy(bytes).error().code(), Errc::bad_data);
}

TEST(Package, EveryCorruptionIsRefused) {
  const std::vector<uint8_t> bytes = encode(small_field());
  for (size_t at = 0; at < bytes.size(); ++at) {  // each byte once, the version among them
    std::vector<uint8_t> copy = bytes;
    copy[at] ^= 0x55;
    ASSERT_EQ(decode_copy(copy).error().code(), Errc::bad_data) << at;
  }
  std::mt19937 random(9);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<uint8_t> copy = bytes;
    const int changes = 1 + static_cast<int>(random() % 8);
    for (int k = 0; k < changes; ++k) copy[random() % copy.size()] = static_cast<uint8_t>(random());
    if (copy == bytes) continue;
    auto back = decode_copy(copy);
    ASSERT_FALSE(back.ok());
    ASSERT_EQ(back.error().code(), Errc::bad_data);
    ASSERT_EQ(back.error().message().find('\n'), std::string::npos);
  }
}

// A forger can make the checksums fit: then anything may come out, but nothing may break.
TEST(Package, ForgedPackagesDecodeOrAreRefused) {
  const std::vector<uint8_t> bytes = encode(small_field());
  std::mt19937 random(10);
  int accepted = 0;
  for (int i = 0; i < 1500; ++i) {
    std::vector<uint8_t> copy = bytes;
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int k = 0; k < changes; ++k) copy[random() % copy.size()] = static_cast<uint8_t>(random());
    mend_checksums(copy);
    auto back = decode_copy(copy);
    if (back.ok()) ++accepted;
    if (!back.ok() && back.error().code() != Errc::unsupported) {
      ASSERT_EQ(back.error().code(), Errc::bad_data);
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Package, NewerMajorIsUnsupportedOnlyIfIntact) {
  std::vector<uint8_t> bytes = encode(small_field());
  bytes[4] = 1;
  EXPECT_EQ(decode_copy(bytes).error().code(), Errc::bad_data);
  mend_checksums(bytes);
  EXPECT_EQ(decode_copy(bytes).error().code(), Errc::unsupported);
  bytes[4] = 0;
  bytes[6] = 0xff;  // minor is ignored
  mend_checksums(bytes);
  EXPECT_TRUE(decode_copy(bytes).ok());
}

TEST(Package, UnknownSectionsAreSkipped) {
  const CodedField field = small_field();
  const std::vector<uint8_t> bytes = encode(field);
  uint32_t count;
  std::memcpy(&count, &bytes[16], 4);
  const size_t table_end = kPackageHeaderSize + count * kPackageEntrySize;
  std::vector<uint8_t> more(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(table_end));
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t offset;
    std::memcpy(&offset, &more[kPackageHeaderSize + i * kPackageEntrySize + 8], 8);
    offset += kPackageEntrySize;
    std::memcpy(&more[kPackageHeaderSize + i * kPackageEntrySize + 8], &offset, 8);
  }
  const uint64_t entry[4] = {77, bytes.size() + kPackageEntrySize, 3, 0};
  more.resize(more.size() + kPackageEntrySize);
  std::memcpy(&more[table_end], entry, sizeof(entry));
  more.insert(more.end(), bytes.begin() + static_cast<ptrdiff_t>(table_end), bytes.end());
  more.insert(more.end(), {1, 2, 3});
  const uint64_t size = more.size();
  std::memcpy(&more[8], &size, 8);
  ++count;
  std::memcpy(&more[16], &count, 4);
  mend_checksums(more);
  auto back = decode_copy(more);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_TRUE(back.value() == field);
}

TEST(Package, SmallFilesCannotClaimManyPoints) {
  std::vector<uint8_t> bytes = encode(small_field());
  uint64_t offset;
  std::memcpy(&offset, &bytes[kPackageHeaderSize + 8], 8);
  for (const uint64_t points : {uint64_t{1} << 31, uint64_t{0xfffffff0}, ~uint64_t{0}}) {
    std::memcpy(&bytes[offset + 32], &points, 8);
    mend_checksums(bytes);
    EXPECT_EQ(decode_copy(bytes).error().code(), Errc::bad_data);
  }
}

TEST(Package, EncoderRefusesBadFields) {
  const CodedField good = small_field();
  std::vector<CodedField> wrong(14, good);
  wrong[0].resolution = 3;
  wrong[1].edge = 0;
  wrong[2].origin[1] = std::numeric_limits<double>::quiet_NaN();
  wrong[3].channels[0].step = 0;
  wrong[4].channels.pop_back();
  wrong[5].group_sizes.back() += 1;
  wrong[6].channels[1].coefficients.pop_back();
  wrong[7].channels[1].coefficients[0] = kMaxCoefficient + 1;
  wrong[8].network.clear();
  wrong[9].network[0].codes[0] = static_cast<int16_t>(-(1 << (good.network[0].bits - 1)));
  wrong[10].blocks.push_back(wrong[10].blocks.front());
  wrong[11].channels[2].prediction_gain.push_back(0);
  wrong[12].edge = 2e9;  // a field file could not hold it
  wrong[13].origin[2] = -2e9;
  for (size_t i = 0; i < wrong.size(); ++i) {
    auto bytes = encode_package(wrong[i]);
    ASSERT_FALSE(bytes.ok()) << i;
    EXPECT_EQ(bytes.error().code(), Errc::bad_data) << i;
  }
}

}  // namespace
}  // namespace voxpack
