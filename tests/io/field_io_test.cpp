#include "io/field_io.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "io/detail_io.h"
#include "io/io_test_support.h"
#include "io/safetensors.h"

namespace voxpack {
namespace {

// Points on three levels with a network; numbers that have no short decimal form.
Field sample_field(AppearanceKind kind = AppearanceKind::mlp) {
  Field field;
  field.cube.origin = {-1.0 / 3, 0.1, -1.2345678901234567};
  field.cube.edge = 2.0 / 3;
  field.resolution = 33;
  field.appearance.kind = kind;
  if (kind == AppearanceKind::mlp) {
    field.appearance.feature_count = 2;
    field.appearance.hidden_width = 4;
    for (size_t i = 0; i < field.appearance.weight_count(); ++i) {
      field.appearance.weights.push_back(std::sin(static_cast<float>(i)));
    }
  }
  const std::vector<uint16_t> positions = {0, 0, 0, 3, 2, 1, 17, 3, 5, 18, 3, 5, 66, 66, 66};
  const std::vector<int8_t> levels = {1, 1, 0, 0, -1};
  for (size_t i = 0; i < levels.size(); ++i) {
    field.density.edit().push_back(0.3f * static_cast<float>(i) - 0.1f);
    field.importance.edit().push_back(0.7f * static_cast<float>(i));
    for (int c = 0; c < field.channels(); ++c) {
      field.features.edit().push_back(
          std::cos(static_cast<float>(i) + 10.0f * static_cast<float>(c)));
    }
  }
  EXPECT_TRUE(assign_points(field, positions, levels).ok());
  return field;
}

void expect_equal(const Field& a, const Field& b) {
  EXPECT_EQ(a.cube.origin, b.cube.origin);
  EXPECT_EQ(a.cube.edge, b.cube.edge);
  EXPECT_EQ(a.resolution, b.resolution);
  EXPECT_EQ(a.appearance.kind, b.appearance.kind);
  EXPECT_EQ(a.appearance.feature_count, b.appearance.feature_count);
  EXPECT_EQ(a.appearance.hidden_width, b.appearance.hidden_width);
  EXPECT_EQ(a.appearance.weights, b.appearance.weights);
  EXPECT_EQ(a.density, b.density);
  EXPECT_EQ(a.features, b.features);
  EXPECT_EQ(a.importance, b.importance);
  std::vector<uint16_t> positions[2];
  std::vector<int8_t> levels[2];
  list_points(a, positions[0], levels[0]);
  list_points(b, positions[1], levels[1]);
  EXPECT_EQ(positions[0], positions[1]);
  EXPECT_EQ(levels[0], levels[1]);
  EXPECT_EQ(field_id(a), field_id(b));
}

TEST(FieldIo, RoundTrip) {
  TempFolder folder;
  for (const auto kind :
       {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2, AppearanceKind::mlp}) {
    for (const bool importance : {true, false}) {
      Field field = sample_field(kind);
      if (!importance) field.importance.edit().clear();
      ASSERT_TRUE(write_field(folder / "a", field).ok());
      RecordingLog log;
      const auto back = read_field(folder / "a", log);
      ASSERT_TRUE(back.ok()) << back.error().message();
      expect_equal(back.value(), field);
      EXPECT_EQ(log.warnings, "");
      const auto bytes = get_bytes(folder / "a");
      ASSERT_TRUE(write_field(folder / "a", back.value()).ok());
      EXPECT_EQ(get_bytes(folder / "a"), bytes);
    }
  }
}

TEST(FieldIo, EmptyField) {
  TempFolder folder;
  Field field;
  field.resolution = 16;
  ASSERT_TRUE(write_field(folder / "a", field).ok());
  RecordingLog log;
  const auto back = read_field(folder / "a", log);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back.value().point_count(), 0u);
}

TEST(FieldIo, EveryTruncationIsRefused) {
  TempFolder folder;
  ASSERT_TRUE(write_field(folder / "a", sample_field()).ok());
  std::vector<uint8_t> bytes = get_bytes(folder / "a");
  RecordingLog log;
  bytes.push_back(0);  // one byte too many
  put_bytes(folder / "b", bytes);
  EXPECT_EQ(read_field(folder / "b", log).error().code(), Errc::bad_data);
  bytes.pop_back();
  while (!bytes.empty()) {
    bytes.pop_back();
    put_bytes(folder / "b", bytes);
    const auto field = read_field(folder / "b", log);
    ASSERT_FALSE(field.ok()) << bytes.size();
    ASSERT_EQ(field.error().code(), Errc::bad_data) << bytes.size();
  }
  EXPECT_EQ(log.warnings, "");  // none was taken for a file without checksums
}

TEST(FieldIo, RandomDamageIsRefused) {
  TempFolder folder;
  ASSERT_TRUE(write_field(folder / "a", sample_field()).ok());
  const std::vector<uint8_t> whole = get_bytes(folder / "a");
  std::mt19937 random(11);
  RecordingLog log;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<uint8_t> bytes = whole;
    for (uint32_t k = 0, count = 1 + random() % 8; k < count; ++k) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    if (bytes == whole) continue;
    put_bytes(folder / "b", bytes);
    const auto field = read_field(folder / "b", log);
    ASSERT_FALSE(field.ok()) << i;
    ASSERT_EQ(field.error().code(), Errc::bad_data) << i;
  }
}

// Every single byte, changed in each of several ways: names, padding and length included.
TEST(FieldIo, EveryDamagedByteIsRefused) {
  TempFolder folder;
  ASSERT_TRUE(write_field(folder / "a", sample_field(AppearanceKind::rgb)).ok());
  const std::vector<uint8_t> whole = get_bytes(folder / "a");
  RecordingLog log;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x20, 0x80, 0xff}) {
      std::vector<uint8_t> bytes = whole;
      bytes[at] ^= static_cast<uint8_t>(change);
      put_bytes(folder / "b", bytes);
      const auto field = read_field(folder / "b", log);
      ASSERT_FALSE(field.ok()) << at;
      ASSERT_EQ(field.error().code(), Errc::bad_data) << at << ": " << field.error().message();
    }
  }
  EXPECT_EQ(log.warnings, "");
}

// What a user's own script writes: no checksums, any order of the points.
struct HandMade {
  std::vector<uint16_t> position = {9, 9, 9, 1, 2, 3};
  std::vector<int8_t> level = {0, 0};
  std::vector<float> density = {2, 1};
  std::vector<float> features = {4, 5, 6, 1, 2, 3};
  std::map<std::string, std::string> metadata = {
      {"format", "voxpack.field"}, {"version", "1"},     {"origin", "0 0.5 -1"}, {"edge", "2"},
      {"resolution", "16"},        {"appearance", "rgb"}};
  std::string extra;  // further JSON

  std::string text() const {
    std::string header = "{\"__metadata__\":{", data, between;
    for (const auto& [key, value] : metadata) {
      header += between + "\"" + key + "\": \"" + value + "\"";
      between = ", ";
    }
    header += "}" + extra;
    const auto add = [&](const char* name, const char* dtype, const auto& values, size_t width) {
      const size_t size = values.size() * sizeof(values[0]),
                   rows = width ? values.size() / width : values.size();
      header += std::string(",\"") + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" +
                std::to_string(rows) + (width ? "," + std::to_string(width) : "") +
                "],\"data_offsets\":[" + std::to_string(data.size()) + "," +
                std::to_string(data.size() + size) + "]}";
      data.append(reinterpret_cast<const char*>(values.data()), size);
    };
    add("position", "U16", position, 3);
    if (!level.empty()) add("level", "I8", level, 0);
    add("density", "F32", density, 0);
    add("features", "F32", features, 3);
    header += "}";
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
  }
};

Result<Field> read_text(const std::string& text, RecordingLog& log) {
  TempFolder folder;
  put_file(folder / "a.safetensors", text);
  return read_field(folder / "a.safetensors", log);
}

TEST(FieldIo, FileWithoutChecksumsIsReadWithAWarning) {
  for (const bool levels : {true, false}) {
    HandMade file;
    if (!levels) file.level.clear();
    RecordingLog log;
    const auto field = read_text(file.text(), log);
    ASSERT_TRUE(field.ok()) << field.error().message();
    EXPECT_NE(log.warnings.find("no checksums"), std::string::npos);
    EXPECT_EQ(field.value().density, (std::vector<float>{1, 2}));
    EXPECT_EQ(field.value().features, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(field.value().cube.origin, (std::array<double, 3>{0, 0.5, -1}));
  }
}

TEST(FieldIo, NotesAreReadBackWithoutAWarning) {
  TempFolder folder;
  const Field field = sample_field();
  const FieldNotes notes = {{"bake.level", "2"}, {"bake.option.seed", "7"}};
  ASSERT_TRUE(write_field(folder / "a", field, notes).ok());
  RecordingLog log;
  FieldNotes found;
  const auto back = read_field(folder / "a", log, &found);
  ASSERT_TRUE(back.ok()) << back.error().message();
  expect_equal(back.value(), field);
  EXPECT_EQ(found, notes);
  EXPECT_TRUE(read_field(folder / "a", log).ok());
  EXPECT_EQ(log.warnings, "");
  ASSERT_TRUE(write_field(folder / "b", field).ok());
  ASSERT_TRUE(read_field(folder / "b", log, &found).ok());
  EXPECT_TRUE(found.empty());
}

TEST(FieldIo, UnknownPartsAreWarnedOf) {
  HandMade file;
  file.metadata["author"] = "me";
  file.extra = R"(,"normal":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  RecordingLog log;
  ASSERT_TRUE(read_text(file.text(), log).ok());
  EXPECT_NE(log.warnings.find("'author'"), std::string::npos);
  EXPECT_NE(log.warnings.find("'normal'"), std::string::npos);
}

TEST(FieldIo, RulesAreChecked) {
  using Change = void (*)(HandMade&);
  const std::map<std::string, Change> changes = {
      {"nan", [](HandMade& f) { f.density[0] = NAN; }},
      {"infinity", [](HandMade& f) { f.features[5] = INFINITY; }},
      {"duplicate", [](HandMade& f) { f.position = {1, 2, 3, 1, 2, 3}; }},
      {"outside", [](HandMade& f) { f.position[0] = 17; }},
      {"level", [](HandMade& f) { f.level[0] = 7; }},
      {"overlap",
       [](HandMade& f) {
         f.position = {1, 1, 1, 1, 2, 3}, f.level = {1, 0};
       }},
      {"count", [](HandMade& f) { f.density.push_back(1); }},
      {"feature count", [](HandMade& f) { f.features.resize(3); }},
      {"level count", [](HandMade& f) { f.level.pop_back(); }},
      {"no format", [](HandMade& f) { f.metadata.erase("format"); }},
      {"other format", [](HandMade& f) { f.metadata["format"] = "pt"; }},
      {"no version", [](HandMade& f) { f.metadata.erase("version"); }},
      {"no origin", [](HandMade& f) { f.metadata.erase("origin"); }},
      {"short origin", [](HandMade& f) { f.metadata["origin"] = "0 0"; }},
      {"long origin", [](HandMade& f) { f.metadata["origin"] = "0 0 0 0"; }},
      {"edge", [](HandMade& f) { f.metadata["edge"] = "-1"; }},
      {"edge text", [](HandMade& f) { f.metadata["edge"] = "nan"; }},
      {"resolution", [](HandMade& f) { f.metadata["resolution"] = "3"; }},
      {"fraction", [](HandMade& f) { f.metadata["resolution"] = "16.5"; }},
      {"huge", [](HandMade& f) { f.metadata["resolution"] = "1e30"; }},
      {"appearance", [](HandMade& f) { f.metadata["appearance"] = "pbr"; }},
      {"channels", [](HandMade& f) { f.metadata["appearance"] = "sh1"; }},
      {"no network", [](HandMade& f) { f.metadata["appearance"] = "mlp"; }},
      {"no weights",
       [](HandMade& f) {
         f.metadata["appearance"] = "mlp";
         f.metadata["feature_count"] = "-1000000";
         f.metadata["hidden_width"] = "-4";
       }},
  };
  for (const auto& [name, change] : changes) {
    HandMade file;
    change(file);
    RecordingLog log;
    const auto field = read_text(file.text(), log);
    ASSERT_FALSE(field.ok()) << name;
    EXPECT_EQ(field.error().code(), Errc::bad_data) << name;
    EXPECT_NE(field.error().message().find("a.safetensors: "), std::string::npos) << name;
  }
  HandMade file;
  file.metadata["version"] = "2";
  RecordingLog log;
  EXPECT_EQ(read_text(file.text(), log).error().code(), Errc::unsupported);
}

TEST(FieldIo, HalfPrecisionTensors) {
  TempFolder folder;
  const std::vector<uint16_t> position = {1, 2, 3}, density = {0x4000},
                              features = {0x3c00, 0x3800, 0xbc00};
  ASSERT_TRUE(write_tensors(folder / "a",
                            {make_tensor<uint16_t>("position", Dtype::u16, {1, 3}, position),
                             make_tensor<uint16_t>("density", Dtype::f16, {1}, density),
                             make_tensor<uint16_t>("features", Dtype::f16, {1, 3}, features)},
                            HandMade().metadata)
                  .ok());
  RecordingLog log;
  const auto field = read_field(folder / "a", log);
  ASSERT_TRUE(field.ok()) << field.error().message();
  EXPECT_EQ(field.value().density, std::vector<float>{2});
  EXPECT_EQ(field.value().features, (std::vector<float>{1, 0.5f, -1}));
}

TEST(FieldIo, WriteRefusesAnInvalidField) {
  TempFolder folder;
  Field field = sample_field();
  field.density.edit()[2] = NAN;
  EXPECT_EQ(write_field(folder / "a", field).code(), Errc::bad_data);
  EXPECT_EQ(write_field(folder / "no/a", sample_field()).code(), Errc::io);
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(FieldIo, IdTellsFieldsApart) {
  const Field field = sample_field();
  const uint64_t id = field_id(field);
  EXPECT_EQ(field_id(sample_field()), id);
  Field other = field;
  other.density.edit()[1] += 1;
  EXPECT_NE(field_id(other), id);
  other = field;
  other.features.edit()[1] += 1;
  EXPECT_NE(field_id(other), id);
  other = field;
  other.blocks[0].x += 1;
  EXPECT_NE(field_id(other), id);
  other = field;
  other.importance.edit().clear();  // not part of it
  EXPECT_EQ(field_id(other), id);
}

TEST(DetailIo, RoundTripAndRefusal) {
  TempFolder folder;
  const std::vector<float> sum = {1, 2, 3}, max = {0, 0.5f, 1}, detail = {7, 8, 9};
  ASSERT_TRUE(write_detail(folder / "d", sum, max, detail, 0xfedcba9876543210).ok());
  RecordingLog log;
  const auto read = read_detail(folder / "d", log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value().visibility_sum, sum);
  EXPECT_EQ(read.value().visibility_max, max);
  EXPECT_EQ(read.value().detail, detail);
  EXPECT_EQ(read.value().field_id, 0xfedcba9876543210);
  EXPECT_EQ(log.warnings, "");
  std::vector<uint8_t> bytes = get_bytes(folder / "d");
  while (!bytes.empty()) {
    bytes.pop_back();
    put_bytes(folder / "e", bytes);
    ASSERT_EQ(read_detail(folder / "e", log).error().code(), Errc::bad_data) << bytes.size();
  }
  EXPECT_EQ(write_detail(folder / "f", sum, max, std::span(detail).first(2), 1).code(),
            Errc::internal);
  const std::vector<float> negative = {1, -2, 3};
  ASSERT_TRUE(write_detail(folder / "f", sum, max, negative, 1).ok());
  EXPECT_EQ(read_detail(folder / "f", log).error().code(), Errc::bad_data);
  EXPECT_EQ(read_detail(folder / "g", log).error().code(), Errc::io);
  ASSERT_TRUE(write_field(folder / "h", sample_field()).ok());
  EXPECT_EQ(read_detail(folder / "h", log).error().code(), Errc::bad_data);
  EXPECT_EQ(read_field(folder / "d", log).error().code(), Errc::bad_data);
}

}  // namespace
}  // namespace voxpack
