#include "io/field_io.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "core/morton.h"
#include "io/numbers.h"
#include "io/safetensors.h"

namespace voxpack {
namespace {

constexpr std::string_view kFormat = "voxpack.field";
constexpr std::string_view kTensors[] = {"position",   "level",      "density",    "features",
                                         "importance", "weights_in", "weights_out"};
constexpr std::string_view kKeys[] = {"origin",     "edge",          "resolution",
                                      "appearance", "feature_count", "hidden_width"};
constexpr std::string_view kNotePrefix = "bake.";

Result<double> number(const TensorFile& file, const std::string& key) {
  VOXPACK_ASSIGN(const std::string text, file.text(key));
  return text_to_number(text).in(file.path() + ": metadata '" + key + "'");
}

Result<int> whole_number(const TensorFile& file, const std::string& key) {
  VOXPACK_ASSIGN(const double value, number(file, key));
  if (value != std::floor(value) || std::fabs(value) > 1e6) {
    return {Errc::bad_data, file.path() + ": metadata '" + key + "' is not a whole number"};
  }
  return static_cast<int>(value);
}

Status read_cube(const TensorFile& file, Field& field) {
  VOXPACK_ASSIGN(const std::string text, file.text("origin"));
  std::string_view left = text;
  for (int i = 0; i < 3; ++i) {
    const size_t end = i < 2 ? left.find(' ') : left.size();
    if (end == std::string_view::npos) {
      return {Errc::bad_data, file.path() + ": metadata 'origin' is not three numbers"};
    }
    VOXPACK_ASSIGN(field.cube.origin[i],
                   text_to_number(left.substr(0, end)).in(file.path() + ": metadata 'origin'"));
    left.remove_prefix(std::min(left.size(), end + 1));
  }
  VOXPACK_ASSIGN(field.cube.edge, number(file, "edge"));
  VOXPACK_ASSIGN(field.resolution, whole_number(file, "resolution"));
  return {};
}

Status read_appearance(const TensorFile& file, AppearanceModel& model) {
  VOXPACK_ASSIGN(const std::string kind, file.text("appearance"));
  VOXPACK_ASSIGN(model.kind, parse_appearance_kind(kind).in(file.path()));
  if (model.kind != AppearanceKind::mlp) return {};
  VOXPACK_ASSIGN(model.feature_count, whole_number(file, "feature_count"));
  VOXPACK_ASSIGN(model.hidden_width, whole_number(file, "hidden_width"));
  // Before the ranges are known to be good, these only have to be valid shapes.
  const auto inputs = static_cast<uint64_t>(std::max(0, model.input_count()));
  const auto width = static_cast<uint64_t>(std::max(0, model.hidden_width));
  VOXPACK_ASSIGN(model.weights, file.floats("weights_in", {inputs, width}));
  VOXPACK_ASSIGN(const auto out, file.floats("weights_out", {width, 3}));
  model.weights.insert(model.weights.end(), out.begin(), out.end());
  return validate(model).in(file.path());
}

// The numbers of a tensor where they lie, or in `copy` if they are not aligned there.
template <class T>
std::span<const T> values_of(const Tensor& tensor, std::vector<T>& copy) {
  const size_t count = tensor.bytes.size() / sizeof(T);
  if (reinterpret_cast<uintptr_t>(tensor.bytes.data()) % alignof(T) == 0) {
    return {reinterpret_cast<const T*>(tensor.bytes.data()), count};
  }
  copy.resize(count);
  if (count > 0) std::memcpy(copy.data(), tensor.bytes.data(), tensor.bytes.size());
  return copy;
}

FieldNotes notes_of(const TensorFile& file) {
  FieldNotes notes;
  for (const auto& [key, value] : file.metadata()) {
    if (key.starts_with(kNotePrefix)) notes[key] = value;
  }
  return notes;
}

Result<Field> load(const TensorFile& file, Log& log, FieldNotes& notes) {
  VOXPACK_TRY(file.expect_format(kFormat));
  notes = notes_of(file);
  std::vector<std::string_view> keys(std::begin(kKeys), std::end(kKeys));
  for (const auto& [key, value] : notes) keys.push_back(key);
  file.warn_unknown(kTensors, keys, log);
  Field field;
  VOXPACK_TRY(read_cube(file, field));
  VOXPACK_TRY(read_appearance(file, field.appearance));
  const Tensor* density = file.find("density");
  if (!density || density->shape.size() != 1) {
    return {Errc::bad_data, file.path() + ": tensor 'density' is missing or not one-dimensional"};
  }
  const uint64_t count = density->shape[0];
  if (count > kMaxPoints) {
    return {Errc::bad_data, file.path() + ": " + std::to_string(count) +
                                " points are more than the limit of " + std::to_string(kMaxPoints)};
  }
  VOXPACK_ASSIGN(const Tensor position, file.tensor("position", Dtype::u16, {count, 3}));
  Tensor level;
  if (file.find("level")) {
    VOXPACK_ASSIGN(level, file.tensor("level", Dtype::i8, {count}));
  }
  VOXPACK_ASSIGN(field.density, file.mapped_floats("density", {count}));
  const auto channels = static_cast<uint64_t>(field.channels());
  VOXPACK_ASSIGN(field.features, file.mapped_floats("features", {count, channels}));
  if (file.find("importance")) {
    VOXPACK_ASSIGN(field.importance, file.mapped_floats("importance", {count}));
  }
  std::vector<uint16_t> position_copy;
  std::vector<int8_t> level_copy;
  VOXPACK_TRY(assign_points(field, values_of(position, position_copy), values_of(level, level_copy))
                  .in(file.path()));
  VOXPACK_TRY(validate(field).in(file.path()));
  file.release();
  return field;
}

}  // namespace

Result<Field> read_field(const std::string& path, Log& log, FieldNotes* notes) {
  try {
    VOXPACK_ASSIGN(const TensorFile file, TensorFile::open(path, log));
    FieldNotes found;
    VOXPACK_ASSIGN(Field field, load(file, log, found));
    if (notes != nullptr) *notes = std::move(found);
    return field;
  } catch (const std::bad_alloc&) {
    return {Errc::device, path + ": out of memory for the field"};
  }
}

Status write_field(const std::string& path, const Field& field, const FieldNotes& notes) {
  if (Status status = validate(field); !status.ok()) return std::move(status).in(path);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  const AppearanceModel& model = field.appearance;
  const uint64_t count = field.point_count();
  const auto channels = static_cast<uint64_t>(field.channels());
  const std::span<const float> weights = model.weights;
  std::vector<Tensor> tensors = {
      make_tensor<float>("density", Dtype::f32, {count}, field.density),
      make_tensor<float>("features", Dtype::f32, {count, channels}, field.features),
      make_tensor<uint16_t>("position", Dtype::u16, {count, 3}, positions),
      make_tensor<int8_t>("level", Dtype::i8, {count}, levels)};
  const auto& origin = field.cube.origin;
  TensorMetadata metadata = {
      {"format", std::string(kFormat)},
      {"version", "1"},
      {"origin", number_to_text(origin[0]) + " " + number_to_text(origin[1]) + " " +
                     number_to_text(origin[2])},
      {"edge", number_to_text(field.cube.edge)},
      {"resolution", std::to_string(field.resolution)},
      {"appearance", std::string(to_string(model.kind))}};
  if (!field.importance.empty()) {
    tensors.push_back(make_tensor<float>("importance", Dtype::f32, {count}, field.importance));
  }
  if (model.kind == AppearanceKind::mlp) {
    const auto inputs = static_cast<uint64_t>(model.input_count());
    const auto width = static_cast<uint64_t>(model.hidden_width);
    tensors.push_back(
        make_tensor("weights_in", Dtype::f32, {inputs, width}, weights.first(inputs * width)));
    tensors.push_back(
        make_tensor("weights_out", Dtype::f32, {width, 3}, weights.subspan(inputs * width)));
    metadata["feature_count"] = std::to_string(model.feature_count);
    metadata["hidden_width"] = std::to_string(model.hidden_width);
  }
  metadata.insert(notes.begin(), notes.end());
  return write_tensors(path, tensors, metadata);
}

uint64_t field_id(const Field& field) {
  const auto hash = [](const auto& values) {
    return xxh3_64(
        {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(*values.data())});
  };
  std::vector<uint64_t> sites;  // Block itself has padding
  sites.reserve(field.blocks.size() * 2);
  for (const Block& block : field.blocks) {
    sites.push_back(morton_code(block.x, block.y, block.z) << 8 |
                    static_cast<uint8_t>(block.level));
    sites.push_back(block.mask);
  }
  const std::vector<uint64_t> parts = {hash(sites), hash(field.density), hash(field.features),
                                       hash(field.appearance.weights),
                                       static_cast<uint64_t>(field.resolution)};
  return hash(parts);
}

}  // namespace voxpack
