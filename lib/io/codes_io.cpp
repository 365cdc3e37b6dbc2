#include "io/codes_io.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "io/numbers.h"
#include "io/safetensors.h"
#include "package/enc_package.h"

namespace voxpack {
namespace {

constexpr std::string_view kFormat = "voxpack.codes";
constexpr std::array<std::string_view, 2> kMatrixNames = {"weights_in", "weights_out"};

std::string coefficients_name(size_t channel) { return "coefficients_" + std::to_string(channel); }

template <class T>
std::vector<T> copy_values(const Tensor& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

// Whole number of the metadata, 0..limit.
Result<uint64_t> whole_number(const TensorFile& file, const std::string& key, uint64_t limit) {
  VOXPACK_ASSIGN(const std::string text, file.text(key));
  VOXPACK_ASSIGN(const double value,
                 text_to_number(text).in(file.path() + ": metadata '" + key + "'"));
  if (!(value >= 0 && value <= static_cast<double>(limit)) ||
      value != static_cast<double>(static_cast<uint64_t>(value))) {
    return {Errc::bad_data, file.path() + ": metadata '" + key + "' is not a whole number of 0.." +
                                std::to_string(limit)};
  }
  return static_cast<uint64_t>(value);
}

template <class T>
Status read_number(const TensorFile& file, const std::string& key, T& out) {
  VOXPACK_ASSIGN(const uint64_t value, whole_number(file, key, std::numeric_limits<T>::max()));
  out = static_cast<T>(value);
  return {};
}

// First dimension of a tensor that must exist.
Result<uint64_t> length_of(const TensorFile& file, std::string_view name) {
  const Tensor* tensor = file.find(name);
  if (tensor == nullptr || tensor->shape.empty()) {
    return {Errc::bad_data, file.path() + ": tensor '" + std::string(name) + "' is missing"};
  }
  return tensor->shape[0];
}

Status read_parameters(const TensorFile& file, CodedField& codes) {
  VOXPACK_ASSIGN(const Tensor cube, file.tensor("cube", Dtype::f64, {4}));
  const std::vector<double> numbers = copy_values<double>(cube);
  std::copy_n(numbers.begin(), 3, codes.origin.begin());
  codes.edge = numbers[3];
  VOXPACK_TRY(read_number(file, "resolution", codes.resolution));
  VOXPACK_TRY(read_number(file, "appearance_kind", codes.appearance_kind));
  VOXPACK_TRY(read_number(file, "feature_count", codes.feature_count));
  VOXPACK_TRY(read_number(file, "hidden_width", codes.hidden_width));
  VOXPACK_TRY(read_number(file, "level_weight_shift", codes.level_weight_shift));
  VOXPACK_TRY(read_number(file, "colour_transform", codes.colour_transform));
  VOXPACK_ASSIGN(const uint64_t groups, length_of(file, "group_size"));
  VOXPACK_ASSIGN(const Tensor sizes, file.tensor("group_size", Dtype::u8, {groups}));
  codes.group_sizes = copy_values<uint8_t>(sizes);
  VOXPACK_ASSIGN(const uint64_t layers, length_of(file, "layer_start"));
  VOXPACK_ASSIGN(const Tensor starts, file.tensor("layer_start", Dtype::u8, {layers}));
  codes.layer_starts = copy_values<uint8_t>(starts);
  return {};
}

Status read_blocks(const TensorFile& file, CodedField& codes) {
  VOXPACK_ASSIGN(const uint64_t count, length_of(file, "block_mask"));
  VOXPACK_ASSIGN(const Tensor masks, file.tensor("block_mask", Dtype::u64, {count}));
  VOXPACK_ASSIGN(const Tensor positions, file.tensor("block_position", Dtype::u16, {count, 3}));
  VOXPACK_ASSIGN(const Tensor levels, file.tensor("block_level", Dtype::i8, {count}));
  const auto mask = copy_values<uint64_t>(masks);
  const auto position = copy_values<uint16_t>(positions);
  const auto level = copy_values<int8_t>(levels);
  codes.blocks.resize(count);
  for (uint64_t i = 0; i < count; ++i) {
    codes.blocks[i] = {level[i], position[3 * i], position[3 * i + 1], position[3 * i + 2],
                       mask[i]};
  }
  return {};
}

Status read_channels(const TensorFile& file, CodedField& codes) {
  VOXPACK_ASSIGN(const uint64_t count, length_of(file, "step"));
  if (count > static_cast<uint64_t>(kCodedMaxChannels)) {
    return {Errc::bad_data, file.path() + ": " + std::to_string(count) + " channels are too many"};
  }
  const Tensor* gains = file.find("prediction_gain");
  if (gains == nullptr || gains->shape.size() != 2) {
    return {Errc::bad_data, file.path() + ": tensor 'prediction_gain' is missing"};
  }
  const uint64_t depth = gains->shape[1];
  VOXPACK_ASSIGN(const Tensor gain, file.tensor("prediction_gain", Dtype::u8, {count, depth}));
  VOXPACK_ASSIGN(const auto steps, file.floats("step", {count}));
  VOXPACK_ASSIGN(const Tensor curves, file.tensor("curve", Dtype::u8, {count}));
  VOXPACK_ASSIGN(const Tensor biases, file.tensor("bias", Dtype::u8, {count, 2}));
  VOXPACK_ASSIGN(const Tensor contexts,
                 file.tensor("context_weight", Dtype::u8, {count, 3, kContextFeatures}));
  VOXPACK_ASSIGN(const Tensor roots, file.tensor("root", Dtype::i32, {count}));
  const auto root = copy_values<int32_t>(roots);
  VOXPACK_ASSIGN(const uint64_t coefficients, length_of(file, coefficients_name(0)));
  for (uint64_t c = 0; c < count; ++c) {
    CodedChannel channel;
    channel.curve = static_cast<ValueCurve>(curves.bytes[c]);
    channel.step = steps[c];
    channel.bias_one = biases.bytes[2 * c];
    channel.bias_more = biases.bytes[2 * c + 1];
    channel.root = root[c];
    const uint8_t* weights = contexts.bytes.data() + c * 3 * kContextFeatures;
    for (auto& axis : channel.context_weights) {
      std::copy_n(weights, kContextFeatures, axis.begin());
      weights += kContextFeatures;
    }
    const auto own = gain.bytes.subspan(c * depth, depth);
    channel.prediction_gain.assign(own.begin(), own.end());
    VOXPACK_ASSIGN(const Tensor values,
                   file.tensor(coefficients_name(c), Dtype::i32, {coefficients}));
    channel.coefficients = copy_values<int32_t>(values);
    codes.channels.push_back(std::move(channel));
  }
  return {};
}

Status read_shapes(const TensorFile& file, CodedField& codes) {
  VOXPACK_ASSIGN(const uint64_t count, length_of(file, "shape"));
  VOXPACK_ASSIGN(const Tensor shapes, file.tensor("shape", Dtype::u16, {count}));
  VOXPACK_ASSIGN(const Tensor offsets, file.tensor("shape_offset", Dtype::i16, {count}));
  VOXPACK_ASSIGN(const auto step, file.floats("shape_step", {1}));
  const auto shape = copy_values<uint16_t>(shapes);
  const auto offset = copy_values<int16_t>(offsets);
  codes.shape_step = step[0];
  for (uint64_t i = 0; i < count; ++i) codes.shape_offsets.push_back({shape[i], offset[i]});
  return {};
}

Status read_network(const TensorFile& file, CodedField& codes) {
  for (const std::string_view name : kMatrixNames) {
    const Tensor* tensor = file.find(name);
    if (tensor == nullptr) continue;  // validate_parameters() knows whether it is needed
    if (tensor->shape.size() != 2 || tensor->shape[0] > 0xffff || tensor->shape[1] > 0xffff) {
      return {Errc::bad_data,
              file.path() + ": tensor '" + std::string(name) + "' has a wrong shape"};
    }
    CodedMatrix matrix;
    matrix.rows = static_cast<uint16_t>(tensor->shape[0]);
    matrix.columns = static_cast<uint16_t>(tensor->shape[1]);
    VOXPACK_ASSIGN(const Tensor values, file.tensor(name, Dtype::i16, tensor->shape));
    matrix.codes = copy_values<int16_t>(values);
    VOXPACK_ASSIGN(matrix.scales, file.floats(std::string(name) + "_scale", {matrix.rows}));
    VOXPACK_TRY(read_number(file, std::string(name) + "_bits", matrix.bits));
    codes.network.push_back(std::move(matrix));
  }
  return {};
}

Result<CodedField> load(const TensorFile& file) {
  VOXPACK_TRY(file.expect_format(kFormat));
  CodedField codes;
  VOXPACK_TRY(read_parameters(file, codes));
  VOXPACK_TRY(read_blocks(file, codes));
  VOXPACK_TRY(read_channels(file, codes));
  VOXPACK_TRY(read_shapes(file, codes));
  VOXPACK_TRY(read_network(file, codes));
  VOXPACK_TRY(validate_parameters(codes).in(file.path()));
  return codes;
}

}  // namespace

Result<CodedField> read_codes(const std::string& path, Log& log) {
  try {
    VOXPACK_ASSIGN(const TensorFile file, TensorFile::open(path, log));
    return load(file);
  } catch (const std::bad_alloc&) {
    return {Errc::device, path + ": out of memory for the codes"};
  }
}

Status write_codes(const std::string& path, const CodedField& codes) {
  VOXPACK_TRY(validate_parameters(codes).in(path));
  std::vector<uint64_t> mask;
  std::vector<uint16_t> position;
  std::vector<int8_t> level;
  for (const CodedBlock& block : codes.blocks) {
    mask.push_back(block.mask);
    position.insert(position.end(), {block.x, block.y, block.z});
    level.push_back(block.level);
  }
  std::vector<float> step;
  std::vector<uint8_t> curve, bias, context, gain;
  std::vector<int32_t> root;
  for (const CodedChannel& channel : codes.channels) {
    step.push_back(channel.step);
    curve.push_back(static_cast<uint8_t>(channel.curve));
    bias.insert(bias.end(), {channel.bias_one, channel.bias_more});
    for (const auto& axis : channel.context_weights) {
      context.insert(context.end(), axis.begin(), axis.end());
    }
    root.push_back(channel.root);
    gain.insert(gain.end(), channel.prediction_gain.begin(), channel.prediction_gain.end());
  }
  std::vector<uint16_t> shape;
  std::vector<int16_t> shape_offset;
  for (const ShapeOffset& entry : codes.shape_offsets) {
    shape.push_back(entry.shape);
    shape_offset.push_back(entry.offset);
  }
  const std::vector<float> shape_step = {codes.shape_step};
  const std::vector<double> cube = {codes.origin[0], codes.origin[1], codes.origin[2], codes.edge};
  const uint64_t blocks = codes.blocks.size(), channels = codes.channels.size();
  const uint64_t depth = codes.channels[0].prediction_gain.size();
  std::vector<Tensor> tensors = {
      make_tensor<double>("cube", Dtype::f64, {4}, cube),
      make_tensor<uint64_t>("block_mask", Dtype::u64, {blocks}, mask),
      make_tensor<uint16_t>("block_position", Dtype::u16, {blocks, 3}, position),
      make_tensor<int8_t>("block_level", Dtype::i8, {blocks}, level),
      make_tensor<float>("step", Dtype::f32, {channels}, step),
      make_tensor<uint8_t>("curve", Dtype::u8, {channels}, curve),
      make_tensor<uint8_t>("bias", Dtype::u8, {channels, 2}, bias),
      make_tensor<uint8_t>("context_weight", Dtype::u8, {channels, 3, kContextFeatures}, context),
      make_tensor<int32_t>("root", Dtype::i32, {channels}, root),
      make_tensor<uint8_t>("prediction_gain", Dtype::u8, {channels, depth}, gain),
      make_tensor<uint16_t>("shape", Dtype::u16, {shape.size()}, shape),
      make_tensor<int16_t>("shape_offset", Dtype::i16, {shape.size()}, shape_offset),
      make_tensor<float>("shape_step", Dtype::f32, {1}, shape_step),
      make_tensor<uint8_t>("group_size", Dtype::u8, {codes.group_sizes.size()}, codes.group_sizes),
      make_tensor<uint8_t>("layer_start", Dtype::u8, {codes.layer_starts.size()},
                           codes.layer_starts)};
  for (size_t c = 0; c < channels; ++c) {
    const auto& values = codes.channels[c].coefficients;
    tensors.push_back(
        make_tensor<int32_t>(coefficients_name(c), Dtype::i32, {values.size()}, values));
  }
  TensorMetadata metadata = {{"format", std::string(kFormat)},
                             {"version", "1"},
                             {"resolution", std::to_string(codes.resolution)},
                             {"appearance_kind", std::to_string(codes.appearance_kind)},
                             {"feature_count", std::to_string(codes.feature_count)},
                             {"hidden_width", std::to_string(codes.hidden_width)},
                             {"level_weight_shift", std::to_string(codes.level_weight_shift)},
                             {"colour_transform", std::to_string(codes.colour_transform)}};
  for (size_t m = 0; m < codes.network.size(); ++m) {
    const CodedMatrix& matrix = codes.network[m];
    const std::string name(kMatrixNames[m]);
    tensors.push_back(
        make_tensor<int16_t>(name, Dtype::i16, {matrix.rows, matrix.columns}, matrix.codes));
    tensors.push_back(
        make_tensor<float>(name + "_scale", Dtype::f32, {matrix.rows}, matrix.scales));
    metadata[name + "_bits"] = std::to_string(matrix.bits);
  }
  return write_tensors(path, tensors, metadata);
}

}  // namespace voxpack
