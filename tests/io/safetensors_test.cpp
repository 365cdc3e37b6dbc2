#include "io/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "io/io_test_support.h"
#include "io/numbers.h"

namespace voxpack {
namespace {

// A file by hand: length, header, data.
std::string raw_file(const std::string& header, size_t data_size, int64_t extra_length = 0) {
  const uint64_t length = header.size() + static_cast<uint64_t>(extra_length);
  std::string text(reinterpret_cast<const char*>(&length), 8);
  return text + header + std::string(data_size, '\x01');
}

Errc open_code(const std::string& text) {
  TempFolder folder;
  put_file(folder / "a", text);
  RecordingLog log;
  const auto file = TensorFile::open(folder / "a", log);
  if (file.ok()) return Errc::ok;
  EXPECT_NE(file.error().message().find(folder / "a"), std::string::npos);
  return file.error().code();
}

TEST(Safetensors, RoundTrip) {
  TempFolder folder;
  const std::vector<uint8_t> bytes = {1, 2, 3};
  const std::vector<float> floats = {0.5f, -1, 3, 4, 5, 6};
  const std::vector<uint64_t> one = {77};
  const TensorMetadata metadata = {{"format", "test"}, {"quote", "a\"\\\n\xc3\xa4"}};
  ASSERT_TRUE(write_tensors(folder / "a",
                            {make_tensor<uint8_t>("b", Dtype::u8, {3}, bytes),
                             make_tensor<float>("f", Dtype::f32, {2, 3}, floats),
                             make_tensor<float>("none", Dtype::f32, {0, 3}, {}),
                             make_tensor<uint64_t>("scalar", Dtype::u64, {}, one)},
                            metadata)
                  .ok());
  RecordingLog log;
  const auto file = TensorFile::open(folder / "a", log);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_TRUE(file.value().has_checksums());
  EXPECT_EQ(file.value().metadata(), metadata);
  EXPECT_EQ(file.value().tensors().size(), 4u);
  EXPECT_EQ(file.value().floats("f", {2, 3}).value(), floats);
  EXPECT_TRUE(file.value().floats("none", {0, 3}).value().empty());
  const auto tensor = file.value().tensor("b", Dtype::u8, {3});
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(std::memcmp(tensor.value().bytes.data(), bytes.data(), 3), 0);
  EXPECT_EQ(file.value().tensor("b", Dtype::i8, {3}).error().code(), Errc::bad_data);
  EXPECT_EQ(file.value().tensor("b", Dtype::u8, {3, 1}).error().code(), Errc::bad_data);
  EXPECT_EQ(file.value().tensor("c", Dtype::u8, {3}).error().code(), Errc::bad_data);
  EXPECT_EQ(log.warnings, "");
  // The data of each tensor is aligned to its type.
  for (const Tensor& t : file.value().tensors()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.bytes.data()) % dtype_size(t.dtype), 0u) << t.name;
  }
}

TEST(Safetensors, NoTensorsAtAll) {
  TempFolder folder;
  ASSERT_TRUE(write_tensors(folder / "a", {}, {}).ok());
  RecordingLog log;
  EXPECT_TRUE(TensorFile::open(folder / "a", log).ok());
}

TEST(Safetensors, WriterRefusesItsOwnMistakes) {
  TempFolder folder;
  const std::vector<uint8_t> bytes = {1, 2, 3};
  const Tensor good = make_tensor<uint8_t>("b", Dtype::u8, {3}, bytes);
  for (const char* name : {"", "__metadata__", "header"}) {
    Tensor bad = good;
    bad.name = name;
    EXPECT_EQ(write_tensors(folder / "a", {bad}, {}).code(), Errc::internal) << name;
  }
  Tensor shape = good;
  shape.shape = {4};
  EXPECT_EQ(write_tensors(folder / "a", {shape}, {}).code(), Errc::internal);
  EXPECT_EQ(write_tensors(folder / "a", {good, good}, {}).code(), Errc::internal);
  EXPECT_EQ(write_tensors(folder / "a", {good}, {{"voxpack.x", "y"}}).code(), Errc::internal);
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(Safetensors, HandMadeFiles) {
  const std::string a = R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  const std::string b = R"("b":{"dtype":"U16","shape":[1],"data_offsets":[2,4]})";
  EXPECT_EQ(open_code(raw_file("{" + a + "," + b + "}", 4)), Errc::ok);
  EXPECT_EQ(open_code(raw_file("{" + b + "," + a + "}   ", 4)), Errc::ok);
  EXPECT_EQ(open_code(raw_file(R"({"__metadata__":{"x":"y"},)" + a + "}", 2)), Errc::ok);
  const std::map<std::string, std::string> bad = {
      {"nothing", ""},
      {"short length", "\x01\x02"},
      {"length only", std::string(8, '\0')},
      {"length too large", raw_file("{" + a + "}", 2, 3)},
      {"length enormous", std::string(8, '\xff') + "{}"},
      {"length too small", raw_file("{" + a + "}", 2, -1)},
      {"data missing", raw_file("{" + a + "}", 1)},
      {"data too long", raw_file("{" + a + "}", 3)},
      {"gap", raw_file("{" + b + "}", 4)},
      {"overlap",
       raw_file("{" + a + R"(,"c":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3)},
      {"same place",
       raw_file("{" + a + R"(,"c":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2)},
      {"doubled tensor", raw_file("{" + a + "," + a + "}", 2)},
      {"doubled metadata", raw_file(R"({"__metadata__":{"x":"1","x":"2"},)" + a + "}", 2)},
      {"metadata type", raw_file(R"({"__metadata__":{"x":1},)" + a + "}", 2)},
      {"metadata list", raw_file(R"({"__metadata__":[],)" + a + "}", 2)},
      {"dtype", raw_file(R"({"a":{"dtype":"U9","shape":[2],"data_offsets":[0,2]}})", 2)},
      {"dtype type", raw_file(R"({"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}})", 2)},
      {"shape", raw_file(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,2]}})", 2)},
      {"negative shape", raw_file(R"({"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}})", 2)},
      {"fractional", raw_file(R"({"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}})", 2)},
      {"overflow",
       raw_file(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0)},
      {"overflow by 2",
       raw_file(R"({"a":{"dtype":"U16","shape":[9223372036854775809],"data_offsets":[0,2]}})", 2)},
      {"reversed", raw_file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}})", 2)},
      {"three offsets", raw_file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}})", 2)},
      {"extra key", raw_file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1}})", 2)},
      {"no shape", raw_file(R"({"a":{"dtype":"U8","data_offsets":[0,2]}})", 2)},
      {"not an object", raw_file(R"([1])", 0)},
      {"space first", raw_file(" {" + a + "}", 2)},
      {"deep", raw_file("{\"a\":" + std::string(100'000, '['), 0)},
      {"not JSON", raw_file("{" + a, 2)},
      {"not UTF-8", raw_file("{\"\xff\xfe\":1}", 0)},
  };
  for (const auto& [name, text] : bad) EXPECT_EQ(open_code(text), Errc::bad_data) << name;
}

TEST(Safetensors, MissingFileIsIo) {
  RecordingLog log;
  const auto file = TensorFile::open("/nowhere/a.safetensors", log);
  EXPECT_EQ(file.error().code(), Errc::io);
  EXPECT_NE(file.error().message().find("no such file"), std::string::npos);
}

TEST(Safetensors, ChecksumsAreAllOrNone) {
  const std::string a = R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  for (const char* key :
       {"voxpack.xxh3.a", "voxpack.xxh3.header", "voxpack.xxh3.zzz", "voxpack.other"}) {
    const std::string header =
        std::string(R"({"__metadata__":{")") + key + R"(":"0123456789abcdef"},)" + a + "}";
    EXPECT_EQ(open_code(raw_file(header, 2)), Errc::bad_data) << key;
  }
}

TEST(Safetensors, HalfPrecision) {
  const std::map<uint16_t, float> known = {
      {0x0000, 0.0f},     {0x3c00, 1.0f},        {0xc000, -2.0f},
      {0x7bff, 65504.0f}, {0x0001, 0x1p-24f},    {0x03ff, 1023 * 0x1p-24f},
      {0x0400, 0x1p-14f}, {0x3555, 0.33325195f}, {0xfc00, -INFINITY}};
  for (const auto& [half, value] : known) EXPECT_EQ(half_to_float(half), value) << half;
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
}

TEST(Safetensors, NumbersAreExact) {
  for (const double value :
       {0.0, 0.1, -1.0 / 3, 1e-300, 6.02214076e23, 3.0, -0.05379832163453102}) {
    const auto back = text_to_number(number_to_text(value));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value(), value);
  }
  for (const char* text : {"", " 1", "1 ", "1,5", "nan", "inf", "1e999", "0x10", "one"}) {
    EXPECT_EQ(text_to_number(text).error().code(), Errc::bad_data) << text;
  }
}

}  // namespace
}  // namespace voxpack
