#include "package/enc_package.h"

#include <cstddef>
#include <string>

#include "codec/enc_geometry.h"
#include "codec/octree.h"
#include "core/bytes.h"
#include "core/hash.h"
#include "package/field_section.h"
#include "package/package.h"

namespace voxpack {
namespace {

struct Section {
  SectionKind kind;
  uint32_t index;
  std::vector<uint8_t> bytes;
};

std::vector<uint8_t> write_field(const CodedField& field, const TreeShape& shape,
                                 uint64_t point_count, std::span<const NumberRange> ranges) {
  ByteWriter out;
  for (const double v : field.origin) out.write(v);
  out.write(field.edge);
  out.write(point_count);
  out.write(field.resolution);
  out.write(static_cast<int8_t>(shape.min_level));
  out.write(static_cast<int8_t>(shape.max_level));
  out.write(field.appearance_kind);
  out.write(field.feature_count);
  out.write(field.hidden_width);
  out.write(field.level_weight_shift);
  out.write(static_cast<uint8_t>(field.channels.size()));
  out.write(static_cast<uint8_t>(field.group_sizes.size()));
  out.write(static_cast<uint8_t>(shape.depth()));
  out.write(field.colour_transform);
  out.write_bytes(field.group_sizes);
  out.write(static_cast<uint8_t>(field.layer_starts.size()));
  out.write_bytes(field.layer_starts);
  for (size_t c = 0; c < field.channels.size(); ++c) {
    const CodedChannel& channel = field.channels[c];
    out.write(static_cast<uint8_t>(channel.curve));
    out.write(channel.bias_one);
    out.write(channel.bias_more);
    out.write(uint8_t{0});
    out.write(channel.step);
    out.write(channel.root);
    out.write(ranges[c].low);
    out.write(ranges[c].high);
    for (const auto& axis : channel.context_weights) out.write_bytes(axis);
    out.write_bytes(channel.prediction_gain);
  }
  out.write(field.shape_step);
  out.write(static_cast<uint16_t>(field.shape_offsets.size()));
  for (const ShapeOffset& entry : field.shape_offsets) {
    out.write(entry.shape);
    out.write(entry.offset);
  }
  return std::move(out).take();
}

// Codes are two's complement, lowest bit first, without gaps; the last byte is filled with zeros.
std::vector<uint8_t> write_network(const std::vector<CodedMatrix>& network) {
  ByteWriter out;
  out.write(static_cast<uint8_t>(network.size()));
  for (const CodedMatrix& matrix : network) {
    out.write(matrix.rows);
    out.write(matrix.columns);
    out.write(matrix.bits);
    out.write(uint8_t{0});
    for (const float scale : matrix.scales) out.write(scale);
    uint32_t pending = 0;
    int pending_bits = 0;
    for (const int16_t code : matrix.codes) {
      pending |= (static_cast<uint32_t>(code) & ((1u << matrix.bits) - 1)) << pending_bits;
      for (pending_bits += matrix.bits; pending_bits >= 8; pending_bits -= 8) {
        out.write(static_cast<uint8_t>(pending));
        pending >>= 8;
      }
    }
    if (pending_bits > 0) out.write(static_cast<uint8_t>(pending));
  }
  return std::move(out).take();
}

std::vector<uint8_t> write_container(const std::vector<Section>& sections) {
  ByteWriter table;
  uint64_t offset = kPackageHeaderSize + sections.size() * kPackageEntrySize;
  for (const Section& section : sections) {
    table.write(static_cast<uint32_t>(section.kind));
    table.write(section.index);
    table.write(offset);
    table.write(static_cast<uint64_t>(section.bytes.size()));
    table.write(xxh3_64(section.bytes));
    offset += section.bytes.size();
  }
  PackageHeader header;
  header.file_size = offset;
  header.section_count = static_cast<uint32_t>(sections.size());
  const auto* header_bytes = reinterpret_cast<const uint8_t*>(&header);
  std::vector<uint8_t> hashed(header_bytes, header_bytes + offsetof(PackageHeader, checksum));
  hashed.insert(hashed.end(), table.bytes().begin(), table.bytes().end());
  header.checksum = xxh3_64(hashed);
  ByteWriter head;
  head.write(header);
  head.write_bytes(table.bytes());
  for (const Section& section : sections) head.write_bytes(section.bytes);
  return std::move(head).take();
}

}  // namespace

Status validate_parameters(const CodedField& field) {
  const TreeShape shape = shape_of(field.resolution, field.blocks);
  VOXPACK_TRY(check_field_parameters(field, shape));
  return check_network(field);
}

Result<std::vector<uint8_t>> assemble_package(const CodedField& field, uint64_t point_count,
                                              const std::vector<uint8_t>& geometry,
                                              const EncodedAttributes& attributes) {
  VOXPACK_TRY(validate_parameters(field));
  if (attributes.sections.size() != field.group_sizes.size() * field.layer_starts.size() ||
      attributes.ranges.size() != field.channels.size()) {
    return {Errc::internal, std::to_string(attributes.sections.size()) +
                                " attribute sections for " +
                                std::to_string(field.group_sizes.size()) + " groups in " +
                                std::to_string(field.layer_starts.size()) + " layers"};
  }
  const TreeShape shape = shape_of(field.resolution, field.blocks);
  std::vector<Section> sections;
  sections.push_back(
      {SectionKind::field, 0, write_field(field, shape, point_count, attributes.ranges)});
  if (!field.network.empty())
    sections.push_back({SectionKind::network, 0, write_network(field.network)});
  sections.push_back({SectionKind::geometry, 0, geometry});
  for (size_t i = 0; i < attributes.sections.size(); ++i) {
    sections.push_back({SectionKind::attributes, static_cast<uint32_t>(i), attributes.sections[i]});
  }
  return write_container(sections);
}

Result<std::vector<uint8_t>> encode_package(const CodedField& field) {
  VOXPACK_TRY(validate_parameters(field));
  const TreeShape shape = shape_of(field.resolution, field.blocks);
  VOXPACK_ASSIGN(const Tree tree, build_tree(shape, field.blocks));
  const size_t coefficients = tree.point_count > 0 ? tree.point_count - 1 : 0;
  for (size_t c = 0; c < field.channels.size(); ++c) {
    const auto& codes = field.channels[c].coefficients;
    if (codes.size() != coefficients) {
      return {Errc::bad_data, "channel " + std::to_string(c) + ": " + std::to_string(codes.size()) +
                                  " coefficients for " + std::to_string(tree.point_count) +
                                  " points"};
    }
    for (const int32_t q : codes) {
      if (q < -kMaxCoefficient || q > kMaxCoefficient) {
        return {Errc::bad_data, "channel " + std::to_string(c) + ": coefficient " +
                                    std::to_string(q) + " is out of range"};
      }
    }
  }
  const NodeWeights weights = node_weights(tree, field.level_weight_shift);
  const EncodedAttributes attributes =
      encode_attributes(tree, weights, field.channels, field.layout());
  return assemble_package(field, tree.point_count, encode_geometry(tree), attributes);
}

}  // namespace voxpack
