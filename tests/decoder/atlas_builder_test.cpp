// The viewer's planes, read as its shader reads them, against the lattice of the renderers.
#include "decoder/atlas_builder.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/lattice.h"
#include "kernels/random_field.h"

namespace voxpack {
namespace {

std::vector<CodedBlock> blocks_of(const Field& field) {
  std::vector<CodedBlock> blocks;
  for (const Block& block : field.blocks) {
    blocks.push_back({block.level, block.x, block.y, block.z, block.mask});
  }
  return blocks;
}

// A texel of a plane, by the comments of atlas_planes.cpp alone.
struct Planes {
  std::vector<AtlasPlane> shapes;
  std::vector<std::vector<uint8_t>> bytes;

  template <class T>
  T texel(size_t plane, size_t x, size_t y, size_t z, size_t part = 0) const {
    const AtlasPlane& shape = shapes[plane];
    const size_t at = ((z * shape.height + y) * shape.width + x) * shape.texel_bytes;
    T value;
    EXPECT_LE(at + shape.texel_bytes, bytes[plane].size());
    std::memcpy(&value, &bytes[plane][at + part * sizeof(T)], sizeof(T));
    return value;
  }
};

struct Atlas {
  explicit Atlas(const Field& field) : channels(field.channels()) {
    auto made = AtlasBuilder::start(blocks_of(field), channels,
                                    field.appearance.kind == AppearanceKind::mlp, 1 << 28);
    EXPECT_TRUE(made.ok());
    builder = std::move(made).take();
    std::vector<uint16_t> densities;
    for (const float density : field.density) densities.push_back(atlas_half(density));
    EXPECT_TRUE(builder.set_densities(std::move(densities)).ok());
    planes.shapes = builder.planes();
    for (size_t i = 0; i < 4; ++i) planes.bytes.push_back(builder.make_plane(i));
    for (int g = 0; g < builder.group_count(); ++g) {
      builder.begin_group(g);
      for (uint32_t p = 0; p < field.point_count(); ++p) {
        builder.put_row(
            p, &field.features
                    .data()[size_t{p} * size_t(channels) + size_t(builder.first_channel(g))]);
      }
      planes.bytes.push_back(builder.end_group());
    }
    for (size_t i = 0; i < planes.shapes.size(); ++i) {
      EXPECT_EQ(planes.bytes[i].size(), planes.shapes[i].bytes()) << planes.shapes[i].name;
    }
  }

  // The leaf with something to see at a fine block, or the void cube around it.
  struct Place {
    int lower[3], size, shift, slot;
  };
  Place look(const int block[3]) const {
    const int cell[3] = {block[0] >> 3, block[1] >> 3, block[2] >> 3};
    const auto t = planes.texel<uint32_t>(0, cell[0], cell[1], cell[2], 0);
    const auto first = static_cast<int>(planes.texel<uint32_t>(0, cell[0], cell[1], cell[2], 1));
    if (t == 0) {
      return {{32 * (cell[0] - first), 32 * (cell[1] - first), 32 * (cell[2] - first)},
              64 * first + 32,
              0,
              -1};
    }
    Place place{{}, 4, 0, first};
    if (t >= 0xff00) {
      place.shift = static_cast<int>(t & 0xff);
    } else {
      const uint32_t i = t - 1;
      const auto texel =
          planes.texel<uint16_t>(1, (i & 15) * 8 + (block[0] & 7),
                                 (i >> 4 & 15) * 8 + (block[1] & 7), (i >> 8) * 8 + (block[2] & 7));
      if (texel < 0x8000) {
        return {{4 * (block[0] - texel), 4 * (block[1] - texel), 4 * (block[2] - texel)},
                8 * texel + 4,
                0,
                -1};
      }
      place.shift = texel >> 9 & 3;
      place.slot = first + (texel & 511);
    }
    place.size = 4 << place.shift;
    for (int a = 0; a < 3; ++a) place.lower[a] = block[a] >> place.shift << (place.shift + 2);
    return place;
  }

  // Density and features at p (fine cells) in a leaf; the features as the shader sums them.
  std::vector<double> value(const Place& place, const double p[3]) const {
    std::vector<double> sum(1 + static_cast<size_t>(channels), 0.0);
    int cell[3];
    double f[3];
    for (int a = 0; a < 3; ++a) {
      const double local = (p[a] - place.lower[a]) / (1 << place.shift);
      cell[a] = std::min(3, static_cast<int>(local));
      f[a] = local - cell[a];
    }
    const auto slot = static_cast<uint32_t>(place.slot);
    const uint32_t columns = builder.brick_columns(), rows = builder.brick_rows();
    for (int c = 0; c < 8; ++c) {
      double w = 1;
      for (int a = 0; a < 3; ++a) w *= c >> a & 1 ? f[a] : 1 - f[a];
      const int x = cell[0] + (c & 1), y = cell[1] + (c >> 1 & 1), z = cell[2] + (c >> 2);
      const auto code =
          planes.texel<int8_t>(2, slot % columns * 5 + x, slot / columns % rows * 5 + y,
                               slot / (columns * rows) * 5 + z);
      sum[0] += w * code / 127.0 * builder.density_range();
      const size_t row = size_t{slot} * 25 + static_cast<size_t>(5 * z + y);
      const auto texel = planes.texel<uint32_t>(3, row % kAtlasRowWidth, row / kAtlasRowWidth, 0);
      if (!(texel >> x & 1)) continue;
      const uint32_t site =
          (texel >> 5) + static_cast<uint32_t>(std::popcount(texel & ((1u << x) - 1)));
      const uint32_t square = site / 16, across = kAtlasPointWidth / 4;
      const uint32_t px = square % across * 4 + site % 4, py = square / across * 4 + site / 4 % 4;
      size_t channel = 0;
      for (int g = 0; g < builder.group_count(); ++g) {
        constexpr int kBits[4][4] = {{16}, {8, 8}, {5, 6, 5}, {4, 4, 4, 4}};
        int at = 0;
        for (int k = 0; k < builder.group_size(g); ++k, ++channel) {
          const int bits = kBits[builder.group_size(g) - 1][k];
          const auto plane = 4 + static_cast<size_t>(g);
          const int number = planes.texel<uint16_t>(plane, px, py, 0) >> at & ((1 << bits) - 1);
          at += bits;
          const AtlasRange range = builder.ranges()[channel];
          sum[1 + channel] += w * (range.low + range.step * number);
        }
      }
    }
    return sum;
  }

  int channels;
  AtlasBuilder builder;
  Planes planes;
};

// The value of a lattice at p in a leaf of it.
std::vector<double> value_of(const Lattice& lattice, const std::vector<float>& rows, int stride,
                             int channels, int leaf, const double p[3], bool& positive) {
  const LeafView& view = lattice.leaves[static_cast<size_t>(leaf)];
  std::vector<double> sum(1 + static_cast<size_t>(channels), 0.0);
  int cell[3];
  double f[3];
  for (int a = 0; a < 3; ++a) {
    const double local = (p[a] - view.lower[a]) / (view.size / 4);
    cell[a] = std::min(3, static_cast<int>(local));
    f[a] = local - cell[a];
  }
  positive = false;
  for (int c = 0; c < 8; ++c) {
    double w = 1;
    for (int a = 0; a < 3; ++a) w *= c >> a & 1 ? f[a] : 1 - f[a];
    const int corner =
        (cell[0] + (c & 1)) + (cell[1] + (c >> 1 & 1)) * 5 + (cell[2] + (c >> 2)) * 25;
    const float* row =
        &rows[size_t{lattice.corner_rows[size_t(leaf) * 125 + size_t(corner)]} * size_t(stride)];
    positive |= row[0] > 4.0f / 127;  // less may be code 0
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += w * row[k];
  }
  return sum;
}

struct Case {
  int resolution, coarsest, finest;
  AppearanceKind kind;
  int features;
};
constexpr Case kCases[] = {{24, 0, 0, AppearanceKind::rgb, 0},  {40, 1, 0, AppearanceKind::mlp, 12},
                           {30, 2, -1, AppearanceKind::mlp, 5}, {70, 4, 0, AppearanceKind::sh1, 0},
                           {33, 3, 1, AppearanceKind::sh2, 0},  {24, 2, 0, AppearanceKind::mlp, 28},
                           {5, 6, 6, AppearanceKind::rgb, 0}};

TEST(AtlasBuilder, ShowsTheFieldOfTheLattice) {
  uint32_t seed = 0;
  for (const Case& c : kCases) {
    RandomFieldOptions options;
    options.resolution = c.resolution;
    options.coarsest = c.coarsest;
    options.finest = c.finest;
    options.kind = c.kind;
    options.feature_count = c.features;
    options.density_lo = -3;
    const Field field = make_random_field(options, ++seed);
    ASSERT_GT(field.point_count(), 0u);
    auto made = make_lattice(field);
    ASSERT_TRUE(made.ok());
    const Lattice lattice = std::move(made).take();
    const int stride = row_stride(field.channels());
    std::vector<float> rows = make_rows(field, lattice, stride);
    resolve_hanging(lattice, stride, rows.data());
    const Atlas atlas(field);
    ASSERT_EQ(atlas.builder.finest_level(), lattice.finest_level);
    ASSERT_EQ(atlas.builder.top_size(), lattice.top_size);

    std::mt19937 random(seed);
    std::uniform_real_distribution<double> anywhere(0.0, 32.0 * lattice.top_size);
    int seen = 0;
    for (int i = 0; i < 20000; ++i) {
      const double p[3] = {anywhere(random), anywhere(random), anywhere(random)};
      const int block[3] = {int(p[0] / 4), int(p[1] / 4), int(p[2] / 4)};
      const int leaf = leaf_at(lattice, block[0], block[1], block[2]);
      const Atlas::Place place = atlas.look(block);
      for (int a = 0; a < 3; ++a) {
        ASSERT_GE(p[a], place.lower[a]);
        ASSERT_LE(p[a], place.lower[a] + place.size);
      }
      bool positive = false;
      std::vector<double> truth;
      if (leaf >= 0) {
        truth = value_of(lattice, rows, stride, field.channels(), leaf, p, positive);
      }
      if (place.slot < 0) {
        EXPECT_FALSE(positive) << "a void place with something to see";
        continue;
      }
      ASSERT_GE(leaf, 0);
      const std::vector<double> value = atlas.value(place, p);
      EXPECT_NEAR(value[0], truth[0], 1.6 * 4.0 / 127.0);  // 4.0: the range of these densities
      if (!positive) continue;  // features are kept for cells with something to see
      ++seen;
      for (size_t k = 1; k < truth.size(); ++k) {
        // Half a code, a clamped value's distance to the range, and half a code of a 16-bit float.
        ASSERT_NEAR(value[k], truth[k], 0.51 * atlas.builder.ranges()[k - 1].step + 0.02)
            << "channel " << k << " of case " << seed;
      }
    }
    EXPECT_GT(seen, 5);
  }
}

// Every void cube that a ray may skip holds nothing to see.
TEST(AtlasBuilder, VoidPlacesAreVoid) {
  RandomFieldOptions options;
  options.resolution = 200;
  options.coarsest = 0;
  options.keep_block = 0.0002;
  options.density_lo = -3;
  const Field field = make_random_field(options, 7);
  const Atlas atlas(field);
  const int blocks = atlas.builder.top_size() * 8;
  std::vector<uint8_t> dense(static_cast<size_t>(blocks) * blocks * blocks);
  const auto at = [&](int x, int y, int z) { return (size_t(z) * blocks + y) * blocks + x; };
  int largest = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int z = 0; z < blocks; ++z) {
      for (int y = 0; y < blocks; ++y) {
        for (int x = 0; x < blocks; ++x) {
          const int block[3] = {x, y, z};
          const Atlas::Place place = atlas.look(block);
          if (pass == 0) {
            dense[at(x, y, z)] = place.slot >= 0;
            continue;
          }
          if (place.slot >= 0) continue;
          largest = std::max(largest, place.size);
          for (int k = place.lower[2] / 4; k < (place.lower[2] + place.size) / 4; ++k) {
            for (int j = place.lower[1] / 4; j < (place.lower[1] + place.size) / 4; ++j) {
              for (int i = place.lower[0] / 4; i < (place.lower[0] + place.size) / 4; ++i) {
                if (std::min({i, j, k}) < 0 || std::max({i, j, k}) >= blocks) continue;
                ASSERT_FALSE(dense[at(i, j, k)]) << x << ' ' << y << ' ' << z;
              }
            }
          }
        }
      }
    }
  }
  EXPECT_GT(largest, 32);
}

TEST(AtlasBuilder, NothingToSeeHasEmptyPlanes) {
  const auto check = [](const Field& field) {
    const Atlas atlas(field);
    EXPECT_EQ(atlas.builder.dense_count(), 0u);
    EXPECT_EQ(atlas.builder.dense_box(), (std::array<float, 6>{}));
    const int block[3] = {0, 0, 0};
    EXPECT_EQ(atlas.look(block).slot, -1);
  };
  Field empty;
  empty.resolution = 16;
  check(empty);
  RandomFieldOptions options;
  options.density_hi = -0.5f;
  check(make_random_field(options, 3));
}

TEST(AtlasBuilder, RefusesWhatNoTextureHolds) {
  const std::vector<CodedBlock> far = {{0, 4095, 0, 0, 1}};
  const auto large = AtlasBuilder::start(far, 3, false, 1 << 28);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code(), Errc::unsupported);
  std::vector<CodedBlock> spread;
  for (uint16_t i = 0; i < 64; ++i) spread.push_back({0, static_cast<uint16_t>(8 * i), 0, 0, 1});
  const auto tables = AtlasBuilder::start(spread, 3, false, 100'000);
  ASSERT_FALSE(tables.ok());
  EXPECT_EQ(tables.error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace voxpack
