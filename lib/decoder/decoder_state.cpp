#include "decoder/decoder_state.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <span>
#include <string>

#include "codec/dec_attributes.h"
#include "codec/dec_geometry.h"
#include "codec/point_shape.h"

namespace voxpack {

voxpack_error report(voxpack_decoder& decoder, const Status& status) {
  std::strncpy(decoder.message, status.message().c_str(), sizeof(decoder.message) - 1);
  decoder.message[sizeof(decoder.message) - 1] = '\0';
  switch (status.code()) {
    case Errc::ok:
      return VOXPACK_OK;
    case Errc::usage:
      return VOXPACK_BAD_ARGUMENT;
    case Errc::bad_data:
      return VOXPACK_BAD_DATA;
    case Errc::unsupported:
      return VOXPACK_UNSUPPORTED;
    case Errc::device:
      return VOXPACK_OUT_OF_MEMORY;
    default:
      return VOXPACK_INTERNAL;
  }
}

Status need_tree(voxpack_decoder& d) {
  return d.has_tree ? Status() : need_blocks(d);  // listing the blocks checks the tree
}

Status need_blocks(voxpack_decoder& d) {
  if (d.has_blocks) return {};
  if (!d.has_tree) {
    VOXPACK_ASSIGN(d.tree, decode_geometry(d.view.geometry, d.view.shape, d.view.point_count));
    d.section_count = d.view.attributes.size();
  }
  VOXPACK_ASSIGN(d.blocks, list_blocks(d.shown()));
  d.has_tree = true;
  d.has_blocks = true;
  return {};
}

Status need_numbers(voxpack_decoder& d) {
  VOXPACK_TRY(need_blocks(d));
  if (d.has_numbers) return {};
  const CodedField& field = d.view.field;
  d.numbers.resize(size_t{d.tree.point_count} * field.channels.size());
  PointTable table(d.numbers, field.channels.size());
  VOXPACK_TRY(decode_groups(d, 0, field.group_sizes.size(), table));
  d.offsets = point_offsets(d.tree, field.shape_offsets);
  d.has_numbers = true;
  return {};
}

namespace {

// Layers that the first `count` sections belong to.
size_t layers_of(const CodedField& field, size_t count) {
  return std::max<size_t>(1, count / field.group_sizes.size());
}

// Of the points that nodes of this depth become.
int level_of_cut(const voxpack_decoder& d, int depth) {
  return d.view.shape.min_level + d.view.shape.depth() - depth;
}

// Gives the means of the whole field to all points.
void put_roots(uint32_t point_count, std::span<const CodedChannel> channels, PointSink& sink) {
  constexpr uint32_t kRows = 256;
  std::vector<int32_t> rows;
  for (uint32_t i = 0; i < kRows; ++i) {
    for (const CodedChannel& channel : channels) rows.push_back(channel.root);
  }
  for (uint32_t first = 0; first < point_count; first += kRows) {
    sink.put(first, std::min(kRows, point_count - first), rows.data(),
             static_cast<int>(channels.size()));
  }
}

}  // namespace

size_t usable_sections(const voxpack_decoder& d) {
  const size_t attributes = d.view.attributes.size();
  const size_t missing = d.view.sections.size() - d.view.arrived_sections;
  if (missing == 0) return attributes;
  const auto is_attributes = [](const PackageSection& section) {
    return section.kind == static_cast<uint32_t>(SectionKind::attributes);
  };
  const auto arrived = std::span(d.view.sections).first(d.view.arrived_sections);
  const auto count =
      static_cast<size_t>(std::count_if(arrived.begin(), arrived.end(), is_attributes));
  const size_t layers = layers_of(d.view.field, count);
  const auto& starts = d.view.field.layer_starts;
  const int depth = layers < starts.size() ? starts[layers] : d.view.shape.depth();
  if (depth < 2 || level_of_cut(d, depth) > kCodedMaxLevel) return 0;
  const size_t groups = d.view.field.group_sizes.size();
  return count < groups ? count : count / groups * groups;
}

Status use_sections(voxpack_decoder& d, size_t count) {
  VOXPACK_TRY(need_tree(d));
  if (count == d.section_count) return {};
  const auto& starts = d.view.field.layer_starts;
  const size_t layers = layers_of(d.view.field, count);
  const bool cuts = layers < starts.size() && d.tree.point_count > 0;
  if (cuts && (starts[layers] < 2 || level_of_cut(d, starts[layers]) > kCodedMaxLevel)) {
    return {Errc::usage, std::to_string(count) + " sections tell nothing that can be drawn"};
  }
  d.is_cut = cuts;
  d.cut = d.is_cut ? cut_tree(d.tree, starts[layers]) : Tree();
  d.section_count = count;
  d.has_blocks = false;
  d.has_numbers = false;
  d.rows.reset();
  return {};
}

Status decode_groups(voxpack_decoder& d, size_t first_group, size_t group_count, PointSink& sink) {
  VOXPACK_TRY(need_tree(d));
  const CodedField& field = d.view.field;
  const std::span sizes(field.group_sizes);
  const auto channels_of = [](std::span<const uint8_t> groups) {
    return std::accumulate(groups.begin(), groups.end(), size_t{0});
  };
  const auto groups = sizes.subspan(first_group, group_count);
  const size_t first_channel = channels_of(sizes.first(first_group));
  const auto channels = std::span(field.channels).subspan(first_channel, channels_of(groups));
  if (first_group + group_count > d.section_count) {
    put_roots(d.shown().point_count, channels, sink);
    return {};
  }
  if (d.rows == nullptr) d.rows = std::make_unique<NodeRows>(d.shown());
  if (d.weights.size() == 0) d.weights = node_weights(d.tree, field.level_weight_shift);
  const auto starts = std::span(field.layer_starts).first(layers_of(field, d.section_count));
  std::vector<std::span<const uint8_t>> sections;  // [layer][group]
  for (size_t layer = 0; layer < starts.size(); ++layer) {
    const auto first =
        d.view.attributes.begin() + static_cast<ptrdiff_t>(layer * sizes.size() + first_group);
    sections.insert(sections.end(), first, first + static_cast<ptrdiff_t>(group_count));
  }
  const std::span ranges(d.view.ranges);
  return decode_attributes(
      d.shown(), *d.rows, d.weights, channels, {groups, starts}, sections,
      d.is_cut ? std::span<const NumberRange>() : ranges.subspan(first_channel, channels.size()),
      sink, nullptr);
}

}  // namespace voxpack
