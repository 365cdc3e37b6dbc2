#include "core/bytes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace voxpack {
namespace {

TEST(ByteWriter, WritesLittleEndian) {
  ByteWriter writer;
  writer.write(uint32_t{0x04030201});
  writer.write(uint8_t{5});
  writer.write(int16_t{-2});
  EXPECT_EQ(writer.bytes(), (std::vector<uint8_t>{1, 2, 3, 4, 5, 0xfe, 0xff}));
  writer.write_bytes({});
  EXPECT_EQ(std::move(writer).take().size(), 7u);
}

TEST(ByteReader, ReadsBackWhatWasWritten) {
  ByteWriter writer;
  writer.write(std::numeric_limits<uint64_t>::max());
  writer.write(-1.5f);
  writer.write(std::numeric_limits<double>::quiet_NaN());
  const std::vector<uint8_t> tail = {7, 8, 9};
  writer.write_bytes(tail);

  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.left(), 8u + 4 + 8 + 3);
  EXPECT_EQ(reader.read<uint64_t>(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.read<float>(), -1.5f);
  EXPECT_TRUE(std::isnan(reader.read<double>()));
  EXPECT_EQ(reader.offset(), 20u);
  const auto part = reader.read_bytes(3);
  EXPECT_EQ(std::vector<uint8_t>(part.begin(), part.end()), tail);
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_FALSE(reader.failed());
}

TEST(ByteReader, EveryTruncationFailsAndStaysFailed) {
  ByteWriter writer;
  writer.write(uint32_t{0xffffffff});
  writer.write(uint16_t{0xffff});
  for (size_t size = 0; size < 6; ++size) {
    // An allocation of its own, so that a sanitizer sees the first byte read too far.
    const std::vector<uint8_t> cut(writer.bytes().begin(), writer.bytes().begin() + size);
    ByteReader reader(cut);
    const uint32_t first = reader.read<uint32_t>();
    EXPECT_EQ(first, size < 4 ? 0u : 0xffffffffu) << size;
    EXPECT_EQ(reader.read<uint16_t>(), 0u) << size;
    EXPECT_TRUE(reader.failed()) << size;
    EXPECT_EQ(reader.read<uint8_t>(), 0u) << size;
    EXPECT_EQ(reader.left(), 0u) << size;
  }
}

TEST(ByteReader, RefusesSizesThatWouldWrapAround) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.read<uint8_t>(), 1);
  EXPECT_TRUE(reader.read_bytes(std::numeric_limits<size_t>::max()).empty());
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.offset(), 4u);
}

TEST(ByteReader, NothingCanBeReadFromNothing) {
  ByteReader reader({});
  EXPECT_TRUE(reader.read_bytes(0).empty());
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.read<uint8_t>(), 0);
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace voxpack
