// The C functions over dec_package and dec_* of codec.
#include "decoder/voxpack_decoder.h"

#include <bit>
#include <memory>
#include <new>
#include <string>

#include "codec/colour_transform.h"
#include "codec/dec_attributes.h"
#include "decoder/decoder_state.h"

namespace {

using voxpack::Errc;
using voxpack::guard;
using voxpack::need_numbers;
using voxpack::Status;

// Lists the blocks of the whole field, whatever an atlas was made of before.
Status need_all_blocks(voxpack_decoder& d) {
  VOXPACK_TRY(voxpack::use_sections(d, d.view.attributes.size()));
  return voxpack::need_blocks(d);
}

void write_positions(const voxpack_decoder& d, uint16_t* positions, int8_t* levels) {
  size_t point = 0;
  for (const voxpack::CodedBlock& block : d.blocks) {
    for (uint64_t rest = block.mask; rest != 0; rest &= rest - 1, ++point) {
      const int i = std::countr_zero(rest);
      if (positions != nullptr) {
        positions[3 * point] = static_cast<uint16_t>(4 * block.x + ((i & 1) | (i >> 2 & 2)));
        positions[3 * point + 1] =
            static_cast<uint16_t>(4 * block.y + ((i >> 1 & 1) | (i >> 3 & 2)));
        positions[3 * point + 2] =
            static_cast<uint16_t>(4 * block.z + ((i >> 2 & 1) | (i >> 4 & 2)));
      }
      if (levels != nullptr) levels[point] = block.level;
    }
  }
}

void write_values(const voxpack_decoder& d, float* density, float* features) {
  const auto& field = d.view.field;
  const auto& channels = field.channels;
  const size_t count = channels.size();
  const int triples =
      field.colour_transform == 0
          ? 0
          : voxpack::colour_triples(field.appearance_kind, static_cast<int>(count) - 1);
  for (size_t point = 0; point < d.tree.point_count; ++point) {
    const int32_t* numbers = &d.numbers[point * count];
    if (density != nullptr) {
      const double offset =
          d.offsets.empty() ? 0.0 : d.offsets[point] * static_cast<double>(field.shape_step);
      density[point] = voxpack::decode_value(channels[0], numbers[0], offset);
    }
    if (features == nullptr) continue;
    float* out = &features[point * (count - 1)];
    for (size_t c = 1; c < count; ++c) out[c - 1] = voxpack::decode_value(channels[c], numbers[c]);
    for (int k = 0; k < triples; ++k) voxpack::to_r_g_b(out + 3 * k);
  }
}

size_t weight_count(const voxpack::CodedField& field) {
  size_t count = 0;
  for (const auto& matrix : field.network) count += matrix.codes.size();
  return count;
}

}  // namespace

extern "C" {

voxpack_error voxpack_open(const void* bytes, size_t size, voxpack_decoder** decoder) {
  if (decoder == nullptr) return VOXPACK_BAD_ARGUMENT;
  *decoder = nullptr;
  if (bytes == nullptr && size != 0) return VOXPACK_BAD_ARGUMENT;
  auto* made = new (std::nothrow) voxpack_decoder;
  if (made == nullptr) return VOXPACK_OUT_OF_MEMORY;
  const voxpack_error error = guard(*made, [&]() -> Status {
    VOXPACK_ASSIGN(made->view, voxpack::open_package({static_cast<const uint8_t*>(bytes), size}));
    made->bytes = static_cast<const uint8_t*>(bytes);
    made->size = size;
    made->open = true;
    return {};
  });
  if (error == VOXPACK_OUT_OF_MEMORY) {
    delete made;
    return error;
  }
  *decoder = made;
  return error;
}

voxpack_error voxpack_open_arriving(const void* bytes, size_t size, size_t available,
                                    voxpack_decoder** decoder) {
  if (decoder == nullptr) return VOXPACK_BAD_ARGUMENT;
  *decoder = nullptr;
  if (bytes == nullptr || available > size) return VOXPACK_BAD_ARGUMENT;
  auto made = std::unique_ptr<voxpack_decoder>(new (std::nothrow) voxpack_decoder);
  if (made == nullptr) return VOXPACK_OUT_OF_MEMORY;
  made->bytes = static_cast<const uint8_t*>(bytes);
  made->size = size;
  const voxpack_error error = guard(*made, [&]() -> Status {
    VOXPACK_ASSIGN(auto view, voxpack::open_arriving_package({made->bytes, size}, available));
    made->open = view.has_value();
    if (view) made->view = std::move(*view);
    return {};
  });
  const bool keep = error == VOXPACK_OK ? made->open : error != VOXPACK_OUT_OF_MEMORY;
  if (keep) *decoder = made.release();
  return error;
}

voxpack_error voxpack_arrived(voxpack_decoder* decoder, size_t available, uint32_t* sections) {
  if (decoder == nullptr || sections == nullptr || !decoder->open || available > decoder->size) {
    return VOXPACK_BAD_ARGUMENT;
  }
  *sections = 0;
  return guard(*decoder, [&]() -> Status {
    VOXPACK_TRY(voxpack::check_arrived(decoder->view, {decoder->bytes, decoder->size}, available));
    *sections = static_cast<uint32_t>(voxpack::usable_sections(*decoder));
    return {};
  });
}

void voxpack_close(voxpack_decoder* decoder) { delete decoder; }

const char* voxpack_message(const voxpack_decoder* decoder) {
  return decoder != nullptr ? decoder->message : "";
}

voxpack_error voxpack_get_info(const voxpack_decoder* decoder, voxpack_info* info) {
  if (decoder == nullptr || info == nullptr || !decoder->open) return VOXPACK_BAD_ARGUMENT;
  const voxpack::CodedField& field = decoder->view.field;
  *info = {};
  for (int axis = 0; axis < 3; ++axis) info->origin[axis] = field.origin[axis];
  info->edge = field.edge;
  info->resolution = field.resolution;
  info->min_level = decoder->view.shape.min_level;
  info->max_level = decoder->view.shape.max_level;
  info->appearance_kind = field.appearance_kind;
  info->feature_count = field.feature_count;
  info->hidden_width = field.hidden_width;
  info->channel_count = static_cast<uint32_t>(field.channels.size() - 1);
  info->weight_count = static_cast<uint32_t>(weight_count(field));
  info->point_count = decoder->view.point_count;
  info->group_count = static_cast<uint32_t>(field.group_sizes.size());
  info->layer_count = static_cast<uint32_t>(field.layer_starts.size());
  return VOXPACK_OK;
}

voxpack_error voxpack_decode_points(voxpack_decoder* decoder, uint16_t* positions, int8_t* levels,
                                    float* density, float* features) {
  if (decoder == nullptr || !decoder->complete()) return VOXPACK_BAD_ARGUMENT;
  return guard(*decoder, [&]() -> Status {
    VOXPACK_TRY(need_all_blocks(*decoder));
    write_positions(*decoder, positions, levels);
    // Without points every pointer may be null; that the sections are empty is still to be checked.
    const bool wanted = density != nullptr || features != nullptr || decoder->tree.point_count == 0;
    if (!wanted) return {};
    VOXPACK_TRY(need_numbers(*decoder));
    write_values(*decoder, density, features);
    return {};
  });
}

voxpack_error voxpack_block_count(voxpack_decoder* decoder, size_t* block_count) {
  if (decoder == nullptr || block_count == nullptr || !decoder->complete())
    return VOXPACK_BAD_ARGUMENT;
  return guard(*decoder, [&]() -> Status {
    VOXPACK_TRY(need_all_blocks(*decoder));
    *block_count = decoder->blocks.size();
    return {};
  });
}

voxpack_error voxpack_decode_blocks(voxpack_decoder* decoder, voxpack_block* blocks,
                                    size_t block_count) {
  if (decoder == nullptr || (blocks == nullptr && block_count != 0) || !decoder->complete()) {
    return VOXPACK_BAD_ARGUMENT;
  }
  return guard(*decoder, [&]() -> Status {
    VOXPACK_TRY(need_all_blocks(*decoder));
    if (block_count != decoder->blocks.size()) {
      return {Errc::usage, "room for " + std::to_string(block_count) + " blocks, the package has " +
                               std::to_string(decoder->blocks.size())};
    }
    uint32_t first = 0;
    for (size_t i = 0; i < block_count; ++i) {
      const voxpack::CodedBlock& block = decoder->blocks[i];
      blocks[i] = {block.mask, first, block.x, block.y, block.z, block.level, 0};
      first += static_cast<uint32_t>(std::popcount(block.mask));
    }
    return {};
  });
}

voxpack_error voxpack_decode_weights(voxpack_decoder* decoder, float* weights) {
  if (decoder == nullptr || !decoder->open) return VOXPACK_BAD_ARGUMENT;
  if (weights == nullptr && weight_count(decoder->view.field) != 0) return VOXPACK_BAD_ARGUMENT;
  for (const voxpack::CodedMatrix& matrix : decoder->view.field.network) {
    for (size_t i = 0; i < matrix.codes.size(); ++i) {
      *weights++ = static_cast<float>(matrix.codes[i]) * matrix.scales[i / matrix.columns];
    }
  }
  return VOXPACK_OK;
}

}  // extern "C"
