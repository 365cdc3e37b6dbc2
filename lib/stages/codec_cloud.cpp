#include "stages/codec_cloud.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/morton.h"
#include "stages/quantize.h"

namespace voxpack {

Result<CodecCloud> cloud_of_planes(const CloudPlanes& planes) {
  const size_t count = planes.density.size();
  if (count == 0) return {Errc::bad_data, "the cloud has no points"};
  if (planes.positions.size() != 3 * count || planes.rgb.size() != 3 * count ||
      planes.features.size() % count != 0 ||
      planes.features.size() / count > static_cast<size_t>(kCodedMaxChannels - 4)) {
    return {Errc::bad_data, "xyz, rgb and features do not have " + std::to_string(count) +
                                " points with 3, 3 and at most 28 values, as density has"};
  }
  struct Keyed {
    uint64_t code;
    size_t from;
  };
  std::vector<Keyed> order(count);
  uint16_t top = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t* p = &planes.positions[3 * i];
    top = std::max({top, p[0], p[1], p[2]});
    order[i] = {morton_code(p[0], p[1], p[2]), i};
  }
  if (top >= kCodedMaxResolution) {
    return {Errc::bad_data, "coordinate " + std::to_string(top) + " is above 16383"};
  }
  std::sort(order.begin(), order.end(),
            [](const Keyed& a, const Keyed& b) { return a.code < b.code; });
  CodecCloud cloud;
  cloud.resolution = std::max<int>(kCodedMinResolution, top);
  const size_t features = planes.features.size() / count;
  cloud.channels = static_cast<int>(4 + features);
  cloud.peaks.assign(cloud.channels, 255.0f);
  cloud.eight_bits = true;
  uint64_t last_block = ~uint64_t{0};
  for (size_t i = 0; i < count; ++i) {
    const uint64_t code = order[i].code, block = code >> 6;
    if (i > 0 && code == order[i - 1].code) {
      return {Errc::bad_data, "points " + std::to_string(order[i - 1].from) + " and " +
                                  std::to_string(order[i].from) + " share a place"};
    }
    if (block != last_block) {
      cloud.blocks.push_back({0, static_cast<uint16_t>(gather_bits_3(block)),
                              static_cast<uint16_t>(gather_bits_3(block >> 1)),
                              static_cast<uint16_t>(gather_bits_3(block >> 2)), 0});
    }
    last_block = block;
    cloud.blocks.back().mask |= uint64_t{1} << (code & 63);
    const size_t from = order[i].from;
    cloud.values.push_back(planes.density[from]);
    for (size_t k = 0; k < 3; ++k) cloud.values.push_back(planes.rgb[3 * from + k]);
    for (size_t k = 0; k < features; ++k)
      cloud.values.push_back(planes.features[features * from + k]);
  }
  return cloud;
}

Result<CodecCloud> cloud_of_field(const Field& field) {
  if (field.point_count() == 0) return {Errc::bad_data, "the field has no points"};
  CodecCloud cloud;
  cloud.resolution = field.resolution;
  for (const Block& block : field.blocks) {
    cloud.blocks.push_back({block.level, block.x, block.y, block.z, block.mask});
  }
  const size_t features = static_cast<size_t>(field.channels());
  cloud.channels = static_cast<int>(features + 1);
  const QuantizeOptions limits;
  for (size_t i = 0; i < field.point_count(); ++i) {
    cloud.values.push_back(std::clamp(field.density[i], limits.min_density, limits.max_density));
    for (size_t c = 0; c < features; ++c) cloud.values.push_back(field.features[i * features + c]);
  }
  const size_t stride = features + 1;
  cloud.peaks.assign(stride, 1.0f);
  for (size_t c = 0; c < stride; ++c) {
    if (c >= 1 && c <= 3) continue;
    float low = std::numeric_limits<float>::max(), high = -low;
    for (size_t i = c; i < cloud.values.size(); i += stride) {
      low = std::min(low, cloud.values[i]);
      high = std::max(high, cloud.values[i]);
    }
    if (high > low) cloud.peaks[c] = high - low;
  }
  return cloud;
}

}  // namespace voxpack
