// bench codec: rate, distortion and time of the codec on one cloud of points. One thread; not a
// stage of the pipeline: it codes points with steps of its own, without a package around them.
#pragma once

#include <vector>

#include "core/log.h"
#include "stages/codec_cloud.h"

namespace voxpack {

// What a search must reach; empty features: all channels beyond R, G, B at the step of the density.
struct CodecTargets {
  double y_psnr_db = 36.4;
  double density_psnr_db = 33.7;
  std::vector<double> feature_psnr_db;  // the last one holds for further features
};

struct CodecPoint {
  std::vector<double> steps;  // [channels] of density, Y, Co, Cg, features, in units of the values
  double rgb_bits_per_point = 0, density_bits_per_point = 0, feature_bits_per_point = 0;
  double total_bits_per_point = 0;  // with the geometry
  // PSNR against the peaks of the cloud. Y is that of BT.709 (0.2126 R + 0.7152 G + 0.0722 B) of
  // the decoded colours; RGB the mean squared error over the three.
  double y_psnr_db = 0, rgb_psnr_db = 0, density_psnr_db = 0;
  std::vector<double> feature_psnr_db;
  // CPU seconds with the geometry, the least of the repeats. Encode: tree, geometry, coefficients
  // chosen and coded with known parameters. Decode: from bytes to the values of all points.
  double encode_seconds = 0, decode_seconds = 0;
};

struct CodecBenchOptions {
  std::vector<double> scales;         // one operating point per step, in 1/255 of the peaks; > 0
  std::vector<CodecTargets> targets;  // then one per set of targets
  double lambda = 0.12;               // squared steps that one bit is worth, 0..10
  double chroma_scale = 2.8;          // steps of Co and Cg against that of Y, 0.1..10
  int repeats = 3;                    // of the timed runs, 1..100
};

struct CodecBench {
  double geometry_bits_per_point = 0;
  double geometry_encode_seconds = 0, geometry_decode_seconds = 0;
  std::vector<CodecPoint> points;
};

// Fails with usage if an option is out of range, with interrupted after Ctrl-C; with internal if
// what was decoded is not what was encoded.
Result<CodecBench> run_codec_bench(const CodecCloud& cloud, const CodecBenchOptions& options,
                                   Log& log);

}  // namespace voxpack
