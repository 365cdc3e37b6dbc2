#include "package/dec_package.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "codec/dec_attributes.h"
#include "codec/dec_geometry.h"
#include "core/bytes.h"
#include "core/hash.h"
#include "package/field_section.h"

namespace voxpack {
namespace {

Status bad(std::string message) { return {Errc::bad_data, std::move(message)}; }

std::string name_of(const PackageSection& section) {
  return "section " + std::to_string(section.kind) + "." + std::to_string(section.index);
}

// The bytes that header and table take; 0 if `bytes`, which may be the first of more, do not tell.
size_t container_size(std::span<const uint8_t> bytes) {
  if (bytes.size() < kPackageHeaderSize) return 0;
  const uint32_t section_count = ByteReader(bytes).read<PackageHeader>().section_count;
  return kPackageHeaderSize + std::min(section_count, kMaxSections) * kPackageEntrySize;
}

// Header and table; everything is checked before the version is believed.
Status read_container(std::span<const uint8_t> bytes, PackageView& view) {
  ByteReader reader(bytes);
  const auto header = reader.read<PackageHeader>();
  if (bytes.size() < kPackageMagic.size() ||
      !std::equal(kPackageMagic.begin(), kPackageMagic.end(), bytes.begin())) {
    return bad("not a package (no magic)");
  }
  if (reader.failed()) return bad("the header is cut: " + std::to_string(bytes.size()) + " bytes");
  const uint32_t section_count = header.section_count;
  view.minor = header.minor;
  if (section_count > kMaxSections || reader.left() / kPackageEntrySize < section_count) {
    return bad("the table of " + std::to_string(section_count) + " sections does not fit into " +
               std::to_string(bytes.size()) + " bytes");
  }
  const size_t table_size = section_count * kPackageEntrySize;
  std::vector<uint8_t> hashed(bytes.begin(), bytes.begin() + offsetof(PackageHeader, checksum));
  const auto table = bytes.subspan(kPackageHeaderSize, table_size);
  hashed.insert(hashed.end(), table.begin(), table.end());
  if (xxh3_64(hashed) != header.checksum) return bad("the checksum of the header does not match");
  if (header.major > kPackageMajor) {
    return {Errc::unsupported, "format version " + std::to_string(header.major) +
                                   " is newer than this program (" + std::to_string(kPackageMajor) +
                                   "); update voxpack"};
  }
  if (header.reserved_32 != 0 || header.reserved_64 != 0)
    return bad("reserved header fields are not 0");
  if (header.file_size != bytes.size()) {
    return bad("the file has " + std::to_string(bytes.size()) + " bytes, its header says " +
               std::to_string(header.file_size));
  }
  uint64_t expected = kPackageHeaderSize + table_size;
  for (uint32_t i = 0; i < section_count; ++i) {
    PackageSection section;
    section.kind = reader.read<uint32_t>();
    section.index = reader.read<uint32_t>();
    const auto offset = reader.read<uint64_t>();
    const auto size = reader.read<uint64_t>();
    section.checksum = reader.read<uint64_t>();
    if (offset != expected || size > bytes.size() - offset) {
      return bad(name_of(section) + " does not follow the one before it inside the file");
    }
    if (!view.sections.empty()) {
      const PackageSection& last = view.sections.back();
      if (section.kind < last.kind || (section.kind == last.kind && section.index <= last.index)) {
        return bad(name_of(section) + " is out of order");
      }
    }
    section.bytes = bytes.subspan(offset, size);
    expected = offset + size;
    view.sections.push_back(section);
  }
  if (expected != bytes.size()) return bad("bytes after the last section");
  return {};
}

Status read_field(std::span<const uint8_t> bytes, PackageView& view) {
  ByteReader reader(bytes);
  CodedField& field = view.field;
  for (double& v : field.origin) v = reader.read<double>();
  field.edge = reader.read<double>();
  view.point_count = reader.read<uint64_t>();
  field.resolution = reader.read<uint16_t>();
  view.shape.resolution = field.resolution;
  view.shape.min_level = reader.read<int8_t>();
  view.shape.max_level = reader.read<int8_t>();
  field.appearance_kind = reader.read<uint8_t>();
  field.feature_count = reader.read<uint8_t>();
  field.hidden_width = reader.read<uint8_t>();
  field.level_weight_shift = reader.read<uint8_t>();
  const auto channel_count = reader.read<uint8_t>();
  const auto group_count = reader.read<uint8_t>();
  const auto depth = reader.read<uint8_t>();
  field.colour_transform = reader.read<uint8_t>();
  uint8_t reserved = 0;
  if (channel_count > kCodedMaxChannels || depth > kMaxTreeDepth) {
    return bad("field: " + std::to_string(channel_count) + " channels or depth " +
               std::to_string(depth) + " are out of range");
  }
  const auto sizes = reader.read_bytes(group_count);
  field.group_sizes.assign(sizes.begin(), sizes.end());
  const auto starts = reader.read_bytes(reader.read<uint8_t>());
  field.layer_starts.assign(starts.begin(), starts.end());
  for (int c = 0; c < channel_count; ++c) {
    CodedChannel channel;
    channel.curve = static_cast<ValueCurve>(reader.read<uint8_t>());
    channel.bias_one = reader.read<uint8_t>();
    channel.bias_more = reader.read<uint8_t>();
    reserved |= reader.read<uint8_t>();
    channel.step = reader.read<float>();
    channel.root = reader.read<int32_t>();
    NumberRange range;
    range.low = reader.read<int32_t>();
    range.high = reader.read<int32_t>();
    if (range.low > range.high) {
      return bad("field: channel " + std::to_string(c) + " has numbers of " +
                 std::to_string(range.low) + ".." + std::to_string(range.high));
    }
    view.ranges.push_back(range);
    for (auto& axis : channel.context_weights) {
      for (uint8_t& weight : axis) weight = reader.read<uint8_t>();
    }
    const auto gains = reader.read_bytes(depth);
    channel.prediction_gain.assign(gains.begin(), gains.end());
    field.channels.push_back(std::move(channel));
  }
  field.shape_step = reader.read<float>();
  const auto shape_count = reader.read<uint16_t>();
  if (reader.left() / sizeof(ShapeOffset) < shape_count) return bad("field: the shapes are cut");
  for (int i = 0; i < shape_count; ++i) {
    ShapeOffset entry;
    entry.shape = reader.read<uint16_t>();
    entry.offset = reader.read<int16_t>();
    field.shape_offsets.push_back(entry);
  }
  if (reader.failed() || reader.left() != 0)
    return bad("field: wrong size, " + std::to_string(bytes.size()));
  if (reserved != 0) return bad("field: reserved bytes are not 0");
  if (view.point_count > kCodedMaxPoints) return bad("field: too many points");
  return check_field_parameters(field, view.shape).in("field");
}

Status read_network(std::span<const uint8_t> bytes, CodedField& field) {
  ByteReader reader(bytes);
  const auto count = reader.read<uint8_t>();
  if (count > kMaxNetworkMatrices) return bad("network: " + std::to_string(count) + " matrices");
  for (int m = 0; m < count; ++m) {
    CodedMatrix matrix;
    matrix.rows = reader.read<uint16_t>();
    matrix.columns = reader.read<uint16_t>();
    matrix.bits = reader.read<uint8_t>();
    const auto reserved = reader.read<uint8_t>();
    const uint32_t values = uint32_t{matrix.rows} * matrix.columns;
    if (reader.failed() || reserved != 0 || matrix.bits < 2 || matrix.bits > 16 ||
        values > kMaxMatrixValues || reader.left() / sizeof(float) < matrix.rows) {
      return bad("network: matrix " + std::to_string(m) + " has a bad header");
    }
    for (int r = 0; r < matrix.rows; ++r) matrix.scales.push_back(reader.read<float>());
    const auto packed = reader.read_bytes((size_t{values} * matrix.bits + 7) / 8);
    if (reader.failed()) return bad("network: matrix " + std::to_string(m) + " is cut");
    uint32_t pending = 0;
    int pending_bits = 0;
    size_t next = 0;
    for (uint32_t i = 0; i < values; ++i) {
      for (; pending_bits < matrix.bits; pending_bits += 8) {
        pending |= static_cast<uint32_t>(packed[next++]) << pending_bits;
      }
      const int unused = 32 - matrix.bits;
      matrix.codes.push_back(
          static_cast<int16_t>(static_cast<int32_t>(pending << unused) >> unused));
      pending >>= matrix.bits;
      pending_bits -= matrix.bits;
    }
    if (pending != 0)
      return bad("network: matrix " + std::to_string(m) + ": the last bits are not 0");
    field.network.push_back(std::move(matrix));
  }
  if (reader.failed() || reader.left() != 0)
    return bad("network: wrong size, " + std::to_string(bytes.size()));
  return {};
}

// Finds and reads the sections, of which those of kinds 1 and 2 must have arrived.
Status read_sections(PackageView& view) {
  bool has_field = false, has_geometry = false;
  for (const PackageSection& section : view.sections) {
    const bool known = section.kind >= 1 && section.kind <= 4;
    if (known && section.kind != static_cast<uint32_t>(SectionKind::attributes) &&
        section.index != 0) {
      return bad(name_of(section) + " exists twice");
    }
    switch (static_cast<SectionKind>(section.kind)) {
      case SectionKind::field:
        VOXPACK_TRY(read_field(section.bytes, view));
        has_field = true;
        break;
      case SectionKind::geometry:
        view.geometry = section.bytes;
        has_geometry = true;
        break;
      case SectionKind::attributes:
        if (section.index != view.attributes.size())
          return bad(name_of(section) + " is out of order");
        view.attributes.push_back(section.bytes);
        break;
      case SectionKind::network:
        VOXPACK_TRY(read_network(section.bytes, view.field));
        break;
    }
  }
  if (!has_field || !has_geometry) return bad("the field or geometry section is missing");
  const CodedField& field = view.field;
  if (view.attributes.size() != field.group_sizes.size() * field.layer_starts.size()) {
    return bad(std::to_string(view.attributes.size()) + " attribute sections for " +
               std::to_string(field.group_sizes.size()) + " groups in " +
               std::to_string(field.layer_starts.size()) + " layers");
  }
  return check_network(view.field);
}

}  // namespace

Result<PackageView> open_package(std::span<const uint8_t> bytes) {
  PackageView view;
  VOXPACK_TRY(read_container(bytes, view));
  VOXPACK_TRY(check_arrived(view, bytes, bytes.size()));
  VOXPACK_TRY(read_sections(view));
  return view;
}

Result<std::optional<PackageView>> open_arriving_package(std::span<const uint8_t> bytes,
                                                         size_t available) {
  const size_t needed = container_size(bytes.first(available));
  if (needed == 0 || needed > available) return std::optional<PackageView>();
  PackageView view;
  VOXPACK_TRY(read_container(bytes, view));
  VOXPACK_TRY(check_arrived(view, bytes, available));
  for (size_t i = view.arrived_sections; i < view.sections.size(); ++i) {
    const auto kind = static_cast<SectionKind>(view.sections[i].kind);
    if (kind == SectionKind::field || kind == SectionKind::network) {
      return std::optional<PackageView>();
    }
  }
  VOXPACK_TRY(read_sections(view));
  return std::optional<PackageView>(std::move(view));
}

Status check_arrived(PackageView& view, std::span<const uint8_t> bytes, size_t available) {
  for (; view.arrived_sections < view.sections.size(); ++view.arrived_sections) {
    const PackageSection& section = view.sections[view.arrived_sections];
    const auto end =
        static_cast<size_t>(section.bytes.data() - bytes.data()) + section.bytes.size();
    if (end > available) break;
    if (xxh3_64(section.bytes) != section.checksum) {
      return bad("the checksum of " + name_of(section) + " does not match");
    }
  }
  return {};
}

Result<CodedField> decode_package(std::span<const uint8_t> bytes) {
  VOXPACK_ASSIGN(PackageView view, open_package(bytes));
  CodedField& field = view.field;
  VOXPACK_ASSIGN(const Tree tree, decode_geometry(view.geometry, view.shape, view.point_count));
  VOXPACK_ASSIGN(field.blocks, list_blocks(tree));
  const NodeWeights weights = node_weights(tree, field.level_weight_shift);
  std::vector<int32_t> numbers(size_t{tree.point_count} * field.channels.size());
  std::vector<std::vector<int32_t>> coefficients(field.channels.size());
  VOXPACK_TRY(decode_attributes(tree, weights, field.channels, field.layout(), view.attributes,
                                view.ranges, numbers, &coefficients));
  for (size_t c = 0; c < coefficients.size(); ++c) {
    field.channels[c].coefficients = std::move(coefficients[c]);
  }
  return std::move(field);
}

}  // namespace voxpack
