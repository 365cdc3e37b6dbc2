#include "stages/pack.h"

#include <algorithm>
#include <memory>
#include <new>

#include "decoder/voxpack_decoder.h"
#include "package/dec_package.h"
#include "package/enc_package.h"

namespace voxpack {
namespace {

struct CloseDecoder {
  void operator()(voxpack_decoder* decoder) const { voxpack_close(decoder); }
};
using Decoder = std::unique_ptr<voxpack_decoder, CloseDecoder>;

Status status_of(voxpack_error error, const voxpack_decoder* decoder) {
  switch (error) {
    case VOXPACK_OK:
      return {};
    case VOXPACK_BAD_DATA:
      return {Errc::bad_data, voxpack_message(decoder)};
    case VOXPACK_UNSUPPORTED:
      return {Errc::unsupported, voxpack_message(decoder)};
    case VOXPACK_OUT_OF_MEMORY:
      return {Errc::device, "out of memory while decoding the package"};
    default:
      return {Errc::internal, "the decoder refused a call"};
  }
}

Status read_model(voxpack_decoder* decoder, const voxpack_info& info, Field& field) {
  field.cube.origin = {info.origin[0], info.origin[1], info.origin[2]};
  field.cube.edge = info.edge;
  field.resolution = static_cast<int>(info.resolution);
  field.appearance.kind = static_cast<AppearanceKind>(info.appearance_kind);
  field.appearance.feature_count = static_cast<int>(info.feature_count);
  field.appearance.hidden_width = static_cast<int>(info.hidden_width);
  field.appearance.weights.resize(info.weight_count);
  return status_of(voxpack_decode_weights(decoder, field.appearance.weights.data()), decoder);
}

Result<Field> decode_field(std::span<const uint8_t> package) {
  voxpack_decoder* opened = nullptr;
  const voxpack_error error = voxpack_open(package.data(), package.size(), &opened);
  const Decoder decoder(opened);
  VOXPACK_TRY(status_of(error, opened));
  voxpack_info info;
  VOXPACK_TRY(status_of(voxpack_get_info(opened, &info), opened));
  Field field;
  VOXPACK_TRY(read_model(opened, info, field));
  size_t block_count = 0;
  VOXPACK_TRY(status_of(voxpack_block_count(opened, &block_count), opened));
  std::vector<voxpack_block> blocks(block_count);
  VOXPACK_TRY(status_of(voxpack_decode_blocks(opened, blocks.data(), block_count), opened));
  for (const voxpack_block& block : blocks) {
    field.blocks.push_back({block.level, block.x, block.y, block.z, block.first_point, block.mask});
  }
  field.density.edit().resize(info.point_count);
  field.features.edit().resize(info.point_count * info.channel_count);
  VOXPACK_TRY(status_of(voxpack_decode_points(opened, nullptr, nullptr, field.density.edit().data(),
                                              field.features.edit().data()),
                        opened));
  VOXPACK_TRY(validate(field));
  return field;
}

std::string name_of(const PackageView& view, const PackageSection& section) {
  switch (static_cast<SectionKind>(section.kind)) {
    case SectionKind::field:
      return "field";
    case SectionKind::geometry:
      return "geometry";
    case SectionKind::network:
      return "network";
    case SectionKind::attributes: {
      int first = -1;  // channel 0 is the density
      const auto& sizes = view.field.group_sizes;
      const size_t group = section.index % sizes.size();
      for (size_t g = 0; g < group; ++g) first += sizes[g];
      const int last = first + sizes[group] - 1;
      const std::string layer = "layer " + std::to_string(section.index / sizes.size()) + ": ";
      if (last < 0) return layer + "density";
      if (first < 0) return layer + "density, features 0.." + std::to_string(last);
      return layer + "features " + std::to_string(first) + ".." + std::to_string(last);
    }
  }
  return "unknown section " + std::to_string(section.kind);
}

}  // namespace

Result<std::vector<uint8_t>> run_pack(const CodedField& codes) { return encode_package(codes); }

Result<Field> run_unpack(std::span<const uint8_t> package) {
  try {
    return decode_field(package);
  } catch (const std::bad_alloc&) {
    return {Errc::device, "out of memory while decoding the package"};
  }
}

Result<std::vector<PackagePart>> describe_package(std::span<const uint8_t> package) {
  VOXPACK_ASSIGN(const PackageView view, open_package(package));
  std::vector<PackagePart> parts;
  const double points = static_cast<double>(std::max<uint64_t>(1, view.point_count));
  const auto add = [&](std::string name, uint64_t size_bytes) {
    parts.push_back({std::move(name), size_bytes, 8.0 * static_cast<double>(size_bytes) / points});
  };
  add("container", kPackageHeaderSize + view.sections.size() * kPackageEntrySize);
  for (const PackageSection& section : view.sections)
    add(name_of(view, section), section.bytes.size());
  return parts;
}

}  // namespace voxpack
