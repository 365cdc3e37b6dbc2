// The C functions over AtlasBuilder: they decode what it asks for, a few channels at a time.
#include "decoder/voxpack_atlas.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "codec/colour_transform.h"
#include "codec/dec_attributes.h"
#include "codec/point_shape.h"
#include "decoder/atlas_builder.h"
#include "decoder/decoder_state.h"

struct voxpack_atlas {
  voxpack_decoder* decoder = nullptr;
  voxpack::AtlasBuilder builder;
  size_t next = 0;  // plane
  std::vector<uint8_t> bytes;
};

namespace voxpack {
namespace {

int channel_count(const voxpack_decoder& d) {
  return static_cast<int>(d.view.field.channels.size());
}

// Groups of a package that hold the channels [first, last), and the first channel of these groups.
struct GroupRange {
  size_t first = 0, count = 0;
  int first_channel = 0;
};
GroupRange groups_of(const voxpack_decoder& d, int first, int last) {
  GroupRange range;
  int channel = 0;
  for (const uint8_t size : d.view.field.group_sizes) {
    if (channel + size <= first) {
      ++range.first;
      range.first_channel += size;
    } else if (channel < last) {
      ++range.count;
    }
    channel += size;
  }
  return range;
}

class DensitySink final : public PointSink {
 public:
  DensitySink(const CodedField& field, std::vector<int16_t> offsets,
              std::vector<uint16_t>& densities)
      : field_(field), offsets_(std::move(offsets)), densities_(densities) {}

  void put(uint32_t first, uint32_t count, const int32_t* rows, int stride) override {
    for (uint32_t i = 0; i < count; ++i, rows += stride) {
      const double offset =
          offsets_.empty() ? 0.0 : offsets_[first + i] * static_cast<double>(field_.shape_step);
      densities_[first + i] = atlas_half(decode_value(field_.channels[0], rows[0], offset));
    }
  }

 private:
  const CodedField& field_;
  const std::vector<int16_t> offsets_;
  std::vector<uint16_t>& densities_;
};

// The features of one plane of points, as values.
class FeatureSink final : public PointSink {
 public:
  // `first`, `last`: features to decode, whole colours; the plane's begin at `plane_first`. Rows
  // begin with channel `row_channel`.
  FeatureSink(const CodedField& field, AtlasBuilder& builder, int first, int last, int plane_first,
              int triples, int row_channel)
      : field_(field),
        builder_(builder),
        first_(first),
        last_(last),
        plane_first_(plane_first),
        triples_(triples),
        row_channel_(row_channel) {}

  void put(uint32_t first, uint32_t count, const int32_t* rows, int stride) override {
    float values[kAtlasMaxChannels];
    for (uint32_t i = 0; i < count; ++i, rows += stride) {
      for (int f = first_; f < last_; ++f) {
        values[f - first_] =
            decode_value(field_.channels[static_cast<size_t>(f) + 1], rows[f + 1 - row_channel_]);
      }
      for (int t = first_ / 3; 3 * t + 2 < last_ && t < triples_; ++t) {
        to_r_g_b(values + 3 * t - first_);
      }
      builder_.put_row(first + i, values + plane_first_ - first_);
    }
  }

 private:
  const CodedField& field_;
  AtlasBuilder& builder_;
  const int first_, last_, plane_first_, triples_, row_channel_;
};

Result<AtlasBuilder> build(voxpack_decoder& d, size_t sections, size_t max_bytes) {
  VOXPACK_TRY(use_sections(d, sections));
  VOXPACK_TRY(need_blocks(d));
  const CodedField& field = d.view.field;
  std::vector<uint16_t> densities(d.shown().point_count);
  {
    const GroupRange groups = groups_of(d, 0, 1);
    // The shapes are those of the finest points; a coarser field has none.
    DensitySink sink(field,
                     d.is_cut ? std::vector<int16_t>() : point_offsets(d.tree, field.shape_offsets),
                     densities);
    VOXPACK_TRY(decode_groups(d, groups.first, groups.count, sink));
  }
  VOXPACK_ASSIGN(AtlasBuilder builder,
                 AtlasBuilder::start(d.blocks, channel_count(d) - 1,
                                     field.appearance_kind == kAppearanceMlp, max_bytes));
  release(d.blocks);
  d.has_blocks = false;
  VOXPACK_TRY(builder.set_densities(std::move(densities)));
  return builder;
}

Status make_points(voxpack_atlas& atlas, int group) {
  voxpack_decoder& d = *atlas.decoder;
  const CodedField& field = d.view.field;
  const int plane_first = atlas.builder.first_channel(group);
  const int count = channel_count(d) - 1;
  const int triples =
      field.colour_transform == 0 ? 0 : colour_triples(field.appearance_kind, count);
  int first = plane_first, last = plane_first + atlas.builder.group_size(group);
  if (first < 3 * triples) first -= first % 3;
  if (last < 3 * triples) last += (3 - last % 3) % 3;
  const GroupRange groups = groups_of(d, first + 1, last + 1);
  atlas.builder.begin_group(group);
  FeatureSink sink(field, atlas.builder, first, last, plane_first, triples, groups.first_channel);
  VOXPACK_TRY(decode_groups(d, groups.first, groups.count, sink));
  atlas.bytes = atlas.builder.end_group();
  return {};
}

}  // namespace
}  // namespace voxpack

extern "C" {

voxpack_error voxpack_atlas_build(voxpack_decoder* decoder, uint32_t sections, size_t max_bytes,
                                  voxpack_atlas** atlas) {
  if (atlas == nullptr) return VOXPACK_BAD_ARGUMENT;
  *atlas = nullptr;
  if (decoder == nullptr || !decoder->open || sections == 0 ||
      sections > voxpack::usable_sections(*decoder)) {
    return VOXPACK_BAD_ARGUMENT;
  }
  return voxpack::guard(*decoder, [&]() -> voxpack::Status {
    VOXPACK_ASSIGN(voxpack::AtlasBuilder builder, voxpack::build(*decoder, sections, max_bytes));
    *atlas = new voxpack_atlas{decoder, std::move(builder), 0, {}};
    return {};
  });
}

void voxpack_atlas_free(voxpack_atlas* atlas) { delete atlas; }

voxpack_error voxpack_atlas_get_info(const voxpack_atlas* atlas, voxpack_atlas_info* info) {
  if (atlas == nullptr || info == nullptr) return VOXPACK_BAD_ARGUMENT;
  const voxpack::AtlasBuilder& builder = atlas->builder;
  *info = {};
  info->finest_level = builder.finest_level();
  info->top_size = static_cast<uint32_t>(builder.top_size());
  info->brick_columns = builder.brick_columns();
  info->brick_rows = builder.brick_rows();
  info->leaf_count = static_cast<uint32_t>(builder.leaf_count());
  info->dense_count = static_cast<uint32_t>(builder.dense_count());
  info->site_count = static_cast<uint32_t>(builder.site_count());
  info->density_range = builder.density_range();
  std::copy(builder.dense_box().begin(), builder.dense_box().end(), info->dense_box);
  std::copy(builder.seen_box().begin(), builder.seen_box().end(), info->seen_box);
  info->plane_count = static_cast<uint32_t>(builder.planes().size());
  info->group_count = static_cast<uint32_t>(builder.group_count());
  for (int g = 0; g < builder.group_count(); ++g) {
    info->group_sizes[g] = static_cast<uint32_t>(builder.group_size(g));
  }
  info->channel_count = static_cast<uint32_t>(builder.ranges().size());
  for (size_t c = 0; c < builder.ranges().size(); ++c) {
    info->ranges[2 * c] = builder.ranges()[c].low;
    info->ranges[2 * c + 1] = builder.ranges()[c].step;
  }
  for (const voxpack::AtlasPlane& plane : builder.planes()) {
    info->plane_bytes += static_cast<uint32_t>(plane.bytes());
  }
  return VOXPACK_OK;
}

voxpack_error voxpack_atlas_next_plane(voxpack_atlas* atlas, voxpack_plane* plane) {
  if (atlas == nullptr || plane == nullptr) return VOXPACK_BAD_ARGUMENT;
  voxpack::AtlasBuilder& builder = atlas->builder;
  if (atlas->next == builder.planes().size()) return VOXPACK_BAD_ARGUMENT;
  return voxpack::guard(*atlas->decoder, [&]() -> voxpack::Status {
    const size_t index = atlas->next++;
    voxpack::release(atlas->bytes);
    const size_t first_points =
        builder.planes().size() - static_cast<size_t>(builder.group_count());
    if (index < first_points) {
      atlas->bytes = builder.make_plane(index);
    } else {
      VOXPACK_TRY(voxpack::make_points(*atlas, static_cast<int>(index - first_points)));
    }
    const voxpack::AtlasPlane& made = builder.planes()[index];
    *plane = {made.name.c_str(), made.format, atlas->bytes.data(), atlas->bytes.size(),
              made.width,        made.height, made.depth};
    return {};
  });
}

}  // extern "C"
