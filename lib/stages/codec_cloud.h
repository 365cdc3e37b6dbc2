// Points with attributes as the codec is measured on: those of a field, or an 8-bit point cloud.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/coded_field.h"
#include "core/status.h"
#include "field/field.h"

namespace voxpack {

struct CodecCloud {
  int resolution = 0;
  std::vector<CodedBlock> blocks;
  int channels = 0;           // density, R, G, B, other features
  std::vector<float> values;  // [point][channels], in field order
  std::vector<float> peaks;   // [channels] that PSNR refers to, > 0
  bool eight_bits = false;    // values are 0..255; decoded ones are rounded and clipped before they
                              // are compared
  size_t point_count() const { return channels == 0 ? 0 : values.size() / channels; }
};

// Planes of a cloud: positions and rgb have 3 entries per point, features any number.
struct CloudPlanes {
  std::span<const uint16_t> positions;
  std::span<const uint8_t> rgb, density, features;
};

// Fails with bad_data if there are no points, the planes differ in length, two points share a place
// or a coordinate is above 16383.
Result<CodecCloud> cloud_of_planes(const CloudPlanes& planes);

// Peaks are 1 for R, G, B and the range of its values for other channels. Densities are clipped to
// what `quantize` keeps. Fails with bad_data without points.
Result<CodecCloud> cloud_of_field(const Field& field);

}  // namespace voxpack
