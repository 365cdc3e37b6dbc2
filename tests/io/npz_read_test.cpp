#include "io/npz_read.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "core/bytes.h"
#include "io_test_support.h"

namespace voxpack {
namespace {

std::vector<uint8_t> npy(const std::string& dictionary, const std::vector<uint8_t>& values) {
  ByteWriter out;
  for (const uint8_t byte : {0x93, 'N' + 0, 'U' + 0, 'M' + 0, 'P' + 0, 'Y' + 0, 1, 0}) {
    out.write(static_cast<uint8_t>(byte));
  }
  out.write(static_cast<uint16_t>(dictionary.size()));
  for (const char c : dictionary) out.write(c);
  out.write_bytes(values);
  return std::move(out).take();
}

std::string dictionary(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

struct Part {
  std::string name;
  std::vector<uint8_t> bytes;
  bool deflate = false;
};

std::vector<uint8_t> deflated(const std::vector<uint8_t>& bytes) {
  std::vector<uint8_t> out(bytes.size() + 1000);
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::vector<uint8_t> zip(const std::vector<Part>& parts) {
  ByteWriter out, list;
  for (const Part& part : parts) {
    const auto packed = part.deflate ? deflated(part.bytes) : part.bytes;
    const auto offset = static_cast<uint32_t>(out.bytes().size());
    const auto checksum =
        static_cast<uint32_t>(crc32(0, part.bytes.data(), static_cast<uInt>(part.bytes.size())));
    const auto common = [&](ByteWriter& to) {
      to.write(uint16_t{20});
      to.write(uint16_t{0});
      to.write(static_cast<uint16_t>(part.deflate ? 8 : 0));
      to.write(uint32_t{0});
      to.write(checksum);
      to.write(static_cast<uint32_t>(packed.size()));
      to.write(static_cast<uint32_t>(part.bytes.size()));
      to.write(static_cast<uint16_t>(part.name.size()));
      to.write(uint16_t{0});
    };
    out.write(uint32_t{0x04034b50});
    common(out);
    for (const char c : part.name) out.write(c);
    out.write_bytes(packed);
    list.write(uint32_t{0x02014b50});
    list.write(uint16_t{20});
    common(list);
    for (int i = 0; i < 5; ++i) list.write(uint16_t{0});
    list.write(offset);
    for (const char c : part.name) list.write(c);
  }
  const auto start = static_cast<uint32_t>(out.bytes().size());
  out.write_bytes(list.bytes());
  out.write(uint32_t{0x06054b50});
  out.write(uint32_t{0});
  out.write(static_cast<uint16_t>(parts.size()));
  out.write(static_cast<uint16_t>(parts.size()));
  out.write(static_cast<uint32_t>(list.bytes().size()));
  out.write(start);
  out.write(uint16_t{0});
  return std::move(out).take();
}

class Npz : public testing::Test {
 protected:
  Result<std::map<std::string, NpyArray>> read(const std::vector<uint8_t>& bytes) {
    const std::string path = folder / "a.npz";
    put_bytes(path, bytes);
    return read_npz(path, {"a", "b"});
  }
  TempFolder folder;
};

TEST_F(Npz, ReadsStoredAndDeflatedMembers) {
  const std::vector<uint8_t> values = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1};
  auto arrays = read(zip({{"a.npy", npy(dictionary("<u2", "(2, 3)"), values)},
                          {"other.npy", {1, 2, 3}},
                          {"b.npy", npy(dictionary("|u1", "(12,)"), values), true}}));
  ASSERT_TRUE(arrays.ok()) << arrays.error().message();
  ASSERT_EQ(arrays.value().size(), 2u);
  const NpyArray& a = arrays.value().at("a");
  EXPECT_EQ(a.type, "<u2");
  EXPECT_EQ(a.shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(a.bytes, values);
  EXPECT_EQ(arrays.value().at("b").shape, (std::vector<uint64_t>{12}));
  EXPECT_EQ(arrays.value().at("b").bytes, values);
}

TEST_F(Npz, RefusesWhatDoesNotFit) {
  const std::vector<uint8_t> values(12, 7);
  for (const std::string& header :
       {dictionary("<u2", "(2, 4)"), dictionary("<u2", "(12,)"), dictionary("<u2", "(0, 3)"),
        dictionary("<u3", "(4,)"), dictionary("O", "(12,)"), dictionary("|u1", "(-12,)"),
        dictionary("|u1", "(12, 18446744073709551615)"), dictionary("|u1", "(12"),
        dictionary("|u1", "(4611686018427387904, 4, 12)"), std::string("{}")}) {
    auto arrays = read(zip({{"a.npy", npy(header, values)}}));
    ASSERT_FALSE(arrays.ok()) << header;
    EXPECT_TRUE(arrays.error().code() == Errc::bad_data ||
                arrays.error().code() == Errc::unsupported);
    EXPECT_NE(arrays.error().message().find("a.npy"), std::string::npos);
  }
  std::string fortran = dictionary("|u1", "(3, 4)");
  fortran.replace(fortran.find("False"), 5, "True");
  EXPECT_EQ(read(zip({{"a.npy", npy(fortran, values)}})).error().code(), Errc::unsupported);
}

TEST_F(Npz, EveryTruncationAndCorruptionIsRefusedOrHarmless) {
  std::vector<uint8_t> values(300);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(i * i);
  const auto whole = zip({{"a.npy", npy(dictionary("|u1", "(100, 3)"), values), true},
                          {"b.npy", npy(dictionary("|u1", "(300,)"), values)}});
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = read({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
    ASSERT_FALSE(cut.ok()) << size;
    ASSERT_TRUE(cut.error().code() == Errc::bad_data) << size;
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const uint8_t flip : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      auto copy = whole;
      copy[at] ^= flip;
      const auto back = read(copy);
      if (!back.ok()) continue;
      for (const auto& [name, array] : back.value()) {
        ASSERT_EQ(array.bytes, values) << name << " at " << at;  // checksums see the rest
      }
    }
  }
}

}  // namespace
}  // namespace voxpack
