// The lattice against the plain reference of docs/field-format.md section 3.
#include "kernels/lattice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/random_field.h"
#include "kernels/reference_field.h"

namespace voxpack {
namespace {

// A lattice and its rows, read by their contracts only.
struct Prepared {
  explicit Prepared(const Field& field) : stride(row_stride(field.channels())) {
    auto made = make_lattice(field);
    EXPECT_TRUE(made.ok());
    if (!made.ok()) return;
    lattice = std::move(made).take();
    rows = make_rows(field, lattice, stride);
  }

  double fine_per_h() const { return std::exp2(-lattice.finest_level); }

  int leaf_of(const Vec3& x) const {  // x in units of h
    int64_t block[3];
    for (int a = 0; a < 3; ++a)
      block[a] = static_cast<int64_t>(std::floor(x[a] * fine_per_h() / 4));
    return leaf_at(lattice, block[0], block[1], block[2]);
  }

  double value(const Vec3& x, int channel) const {
    const int leaf = leaf_of(x);
    if (leaf < 0) return 0;
    const LeafView& view = lattice.leaves[static_cast<size_t>(leaf)];
    int cell[3];
    double f[3];
    for (int a = 0; a < 3; ++a) {
      const double local = (x[a] * fine_per_h() - view.lower[a]) / (view.size / 4);
      cell[a] = std::min(3, static_cast<int>(local));
      f[a] = local - cell[a];
    }
    double sum = 0;
    for (int c = 0; c < 8; ++c) {
      const int i = cell[0] + (c & 1), j = cell[1] + (c >> 1 & 1), k = cell[2] + (c >> 2);
      const double w =
          (c & 1 ? f[0] : 1 - f[0]) * (c & 2 ? f[1] : 1 - f[1]) * (c & 4 ? f[2] : 1 - f[2]);
      const uint32_t row = lattice.corner_rows[static_cast<size_t>(leaf) * kCornersPerLeaf +
                                               static_cast<size_t>((k * 5 + j) * 5 + i)];
      sum += w * rows[size_t{row} * static_cast<size_t>(stride) + static_cast<size_t>(channel)];
    }
    return sum;
  }

  int stride;
  Lattice lattice;
  std::vector<float> rows;
};

struct Case {
  int resolution, coarsest, finest;
  double keep_block = 0.7;
};

// The overhanging ones have coarse blocks that reach far beyond the cube.
constexpr Case kCases[] = {{24, 0, 0},   {24, 1, 0},     {22, 2, 0},       {14, 1, -1},
                           {32, 2, 1},   {48, 3, 0},     {30, 2, 0, 0.95}, {17, 3, 0, 0.9},
                           {5, 6, 6, 1}, {4, -1, -1, 1}, {33, 4, 1, 0.9}};

Field field_of(const Case& c, uint32_t seed) {
  RandomFieldOptions options;
  options.resolution = c.resolution;
  options.coarsest = c.coarsest;
  options.finest = c.finest;
  options.keep_block = c.keep_block;
  const Field field = make_random_field(options, seed);
  EXPECT_TRUE(validate(field).ok());
  EXPECT_GT(field.point_count(), 0u);
  return field;
}

// Random places in and around the cube; half of them on or next to planes of lattice sites.
std::vector<Vec3> random_places(const Field& field, int count, uint32_t seed) {
  std::mt19937 random(seed);
  const double top = field.resolution + 4.0 * std::exp2(field.blocks.front().level);
  std::uniform_real_distribution<double> anywhere(-2, top);
  std::uniform_int_distribution<int> kind(0, 5);
  std::vector<Vec3> places;
  for (int i = 0; i < count; ++i) {
    Vec3 x;
    for (double& v : x) {
      v = anywhere(random);
      if (kind(random) < 3) v = std::round(2 * v) / 2;
      if (kind(random) == 0) v = std::round(v / 4) * 4 + 1e-7 * (kind(random) - 2);
    }
    places.push_back(x);
  }
  return places;
}

TEST(Lattice, MatchesReferenceAnywhere) {
  uint32_t seed = 1;
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message()
                 << "resolution " << c.resolution << ", levels " << c.coarsest << ".." << c.finest);
    const Field field = field_of(c, seed);
    const ReferenceField reference(field);
    const Prepared prepared(field);
    ASSERT_EQ(prepared.lattice.leaves.size(), reference.leaves().size());
    int inside = 0;
    for (const Vec3& x : random_places(field, 4001, ++seed)) {
      const ReferenceLeaf* leaf = reference.leaf_of(x);
      const int found = prepared.leaf_of(x);
      ASSERT_EQ(found >= 0, leaf != nullptr) << x[0] << " " << x[1] << " " << x[2];
      if (!leaf) continue;
      ++inside;
      ASSERT_EQ(prepared.lattice.leaves[static_cast<size_t>(found)].shift,
                leaf->level - prepared.lattice.finest_level);
      const Combination terms = reference.at(x);
      for (int channel = 0; channel <= field.channels(); ++channel) {
        ASSERT_NEAR(prepared.value(x, channel), value_of(field, terms, channel), 2e-6)
            << x[0] << " " << x[1] << " " << x[2] << " channel " << channel;
      }
    }
    EXPECT_GT(inside, 400);
  }
}

TEST(Lattice, CornersMatchReference) {
  uint32_t seed = 50;
  for (const Case& c : kCases) {
    const Field field = field_of(c, seed++);
    const ReferenceField reference(field);
    const Prepared prepared(field);
    for (size_t leaf = 0; leaf < prepared.lattice.leaves.size(); ++leaf) {
      const LeafView& view = prepared.lattice.leaves[leaf];
      for (int corner = 0; corner < kCornersPerLeaf; ++corner) {
        const int at[3] = {corner % 5, corner / 5 % 5, corner / 25};
        Site p;
        for (int a = 0; a < 3; ++a) {
          const auto fine = static_cast<int64_t>(view.lower[a]) + (int64_t{at[a]} << view.shift);
          p[a] = fine << (prepared.lattice.finest_level + 1);
        }
        const Combination& terms = reference.at_site(p);
        const uint32_t row =
            prepared.lattice.corner_rows[leaf * kCornersPerLeaf + static_cast<size_t>(corner)];
        if (terms.empty()) {
          // An empty site needs no row of its own; a hanging one may have a row that is zero.
          EXPECT_TRUE(row == 0 || row > field.point_count());
        }
        for (int channel = 0; channel <= field.channels(); ++channel) {
          ASSERT_NEAR(prepared.rows[size_t{row} * 8 + static_cast<size_t>(channel)],
                      value_of(field, terms, channel), 1e-6)
              << "leaf " << leaf << " corner " << corner;
        }
      }
    }
  }
}

TEST(Lattice, IsContinuousAcrossSeams) {
  uint32_t seed = 90;
  int seams = 0;
  for (const Case& c : kCases) {
    const Field field = field_of(c, seed++);
    const Prepared prepared(field);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> part(0, 1);
    for (const LeafView& view : prepared.lattice.leaves) {
      for (int trial = 0; trial < 12; ++trial) {
        const int axis = trial % 3;
        Vec3 x;
        for (int a = 0; a < 3; ++a) {
          x[a] = (view.lower[a] + (a == axis ? trial / 3 % 2 : part(random)) * view.size) /
                 prepared.fine_per_h();
        }
        Vec3 left = x, right = x;
        left[static_cast<size_t>(axis)] -= 1e-9;
        right[static_cast<size_t>(axis)] += 1e-9;
        const int leaf_left = prepared.leaf_of(left), leaf_right = prepared.leaf_of(right);
        if (leaf_left < 0 || leaf_right < 0) continue;  // the border to the void
        const auto shift = [&](int leaf) {
          return prepared.lattice.leaves[static_cast<size_t>(leaf)].shift;
        };
        seams += shift(leaf_left) != shift(leaf_right);
        for (int channel = 0; channel <= field.channels(); ++channel) {
          ASSERT_NEAR(prepared.value(left, channel), prepared.value(right, channel), 1e-5);
        }
      }
    }
  }
  EXPECT_GT(seams, 500);
}

// A block of level 6 beside blocks of level -1: the largest ratio of spacings there is.
TEST(Lattice, LargestLevelRatio) {
  Field field;
  field.resolution = 300;
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  std::mt19937 random(5);
  for (uint16_t i = 0; i < 64; ++i) {
    positions.insert(positions.end(), {uint16_t(i % 4), uint16_t(i / 4 % 4), uint16_t(i / 16)});
    levels.push_back(6);
    positions.insert(positions.end(),
                     {uint16_t(512 + i % 4), uint16_t(37 + i / 4 % 4), uint16_t(130 + i / 16)});
    levels.push_back(-1);
  }
  for (size_t i = 0; i < levels.size(); ++i)
    field.density.edit().push_back(static_cast<float>(random() % 1000) * 1e-3f);
  field.features.edit().assign(levels.size() * 3, 0.5f);
  ASSERT_TRUE(assign_points(field, positions, levels).ok());
  const ReferenceField reference(field);
  const Prepared prepared(field);
  EXPECT_FALSE(prepared.lattice.hanging.empty());
  std::uniform_real_distribution<double> x(254, 260), y(17, 22), z(64, 69);
  for (int i = 0; i < 5000; ++i) {
    const Vec3 at = {x(random), y(random), z(random)};
    ASSERT_NEAR(prepared.value(at, 0), value_of(field, reference.at(at), 0), 2e-6);
  }
}

TEST(Lattice, ClosureBlocksMakeTheLowerSideContinuous) {
  Field field;
  field.resolution = 16;
  field.density = {2.0f};
  field.features = {1, 1, 1};
  ASSERT_TRUE(assign_points(field, std::vector<uint16_t>{8, 8, 8}, {}).ok());
  const Prepared prepared(field);
  EXPECT_EQ(prepared.lattice.leaves.size(),
            8u);  // one block with the point, seven without below it
  for (int corner = 0; corner < 8; ++corner) {
    const Vec3 x = {corner & 1 ? 8.5 : 7.5, corner & 2 ? 8.5 : 7.5, corner & 4 ? 8.5 : 7.5};
    EXPECT_NEAR(prepared.value(x, 0), 2.0 / 8, 1e-6);
  }
  // At the corner of the cube there is no room below.
  ASSERT_TRUE(assign_points(field, std::vector<uint16_t>{0, 0, 0}, {}).ok());
  EXPECT_EQ(Prepared(field).lattice.leaves.size(), 1u);
}

// Closure blocks of two levels that overlap: the coarser one is the leaf.
TEST(Lattice, CoarserClosureBlockWins) {
  Field field;
  field.resolution = 64;
  field.density = {1.0f, 1.0f};
  field.features.edit().assign(6, 0.25f);
  // Level 1 at (8, 8, 8): cells 16..24, closure 8..16. Level 0 at (16, 8, 8): closure (12..16, 4..8
  // or 8..12, ...).
  ASSERT_TRUE(
      assign_points(field, std::vector<uint16_t>{8, 8, 8, 16, 12, 8}, std::vector<int8_t>{1, 0})
          .ok());
  const ReferenceField reference(field);
  const Prepared prepared(field);
  ASSERT_EQ(prepared.lattice.leaves.size(), reference.leaves().size());
  EXPECT_EQ(reference.level_of({15, 13, 13}), 1);
  for (const Vec3& x : {Vec3{15, 13, 13}, Vec3{15, 11, 9}, Vec3{15, 9, 15.5}, Vec3{17, 11, 7},
                        Vec3{15.5, 11.5, 7.5}}) {
    EXPECT_NEAR(prepared.value(x, 0), value_of(field, reference.at(x), 0), 1e-6);
  }
}

// One coarse block far away makes a one-level field take the general way; nothing else may change.
TEST(Lattice, OneLevelEqualsTheGeneralWay) {
  RandomFieldOptions options;
  options.coarsest = options.finest = 0;
  options.resolution = 20;
  Field field = make_random_field(options, 7);
  field.resolution = 64;
  const Prepared fast(field);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  Field mixed = field;
  positions.insert(positions.end(), {13, 13, 13});
  levels.push_back(2);
  mixed.density.edit().push_back(1.0f);
  mixed.features.edit().insert(mixed.features.edit().end(), 3, 0.5f);
  ASSERT_TRUE(assign_points(mixed, positions, levels).ok());
  const Prepared general(mixed);
  EXPECT_TRUE(fast.lattice.hanging.empty());
  std::mt19937 random(3);
  std::uniform_real_distribution<double> place(0, 24);
  for (int i = 0; i < 20'001; ++i) {
    const Vec3 x = {place(random), place(random), place(random)};
    for (int channel = 0; channel < 4; ++channel) {
      ASSERT_EQ(fast.value(x, channel), general.value(x, channel));
    }
  }
}

TEST(Lattice, EmptyFieldIsVoid) {
  Field field;
  field.resolution = 16;
  const Prepared prepared(field);
  EXPECT_TRUE(prepared.lattice.leaves.empty());
  EXPECT_EQ(prepared.lattice.row_count(), 1u);
  EXPECT_LT(prepared.leaf_of({3, 3, 3}), 0);
  EXPECT_LT(leaf_at(prepared.lattice, -1, 0, 0), 0);
  EXPECT_LT(leaf_at(prepared.lattice, 0, 0, int64_t{1} << 40), 0);
}

TEST(Lattice, RowZeroIsZeroAndStridesFit) {
  for (const auto& [channels, stride] :
       {std::pair(3, 8), {7, 8}, {8, 16}, {12, 16}, {15, 16}, {16, 32}, {27, 32}, {31, 32}}) {
    EXPECT_EQ(row_stride(channels), stride);
  }
  const Field field = field_of({24, 2, 0}, 3);
  const Prepared prepared(field);
  for (int k = 0; k < 8; ++k) EXPECT_EQ(prepared.rows[static_cast<size_t>(k)], 0.0f);
}

TEST(Lattice, EmptyLeavesAreThoseWithoutPositiveDensity) {
  RandomFieldOptions options;
  options.coarsest = 2;
  options.resolution = 40;
  options.fill = 0.05;
  options.density_lo = -3;
  options.density_hi = 1;
  const Field field = make_random_field(options, 4);
  const ReferenceField reference(field);
  Prepared prepared(field);
  update_empty_leaves(prepared.lattice, prepared.stride, prepared.rows.data());
  size_t empty = 0;
  for (const LeafView& view : prepared.lattice.leaves) {
    bool is_positive = false;
    for (int corner = 0; corner < kCornersPerLeaf; ++corner) {
      const int at[3] = {corner % 5, corner / 5 % 5, corner / 25};
      Site p;
      for (int a = 0; a < 3; ++a)
        p[a] = 2 * (static_cast<int64_t>(view.lower[a]) + (int64_t{at[a]} << view.shift));
      is_positive |= value_of(field, reference.at_site(p), 0) > 1e-7;
    }
    ASSERT_EQ(view.is_empty == 0, is_positive);
    empty += view.is_empty;
  }
  EXPECT_GT(empty, 10u);
  EXPECT_LT(empty, prepared.lattice.leaves.size() - 10);
}

class Hanging : public testing::Test {
 protected:
  void SetUp() override {
    // Three levels, so that hanging rows are made of hanging rows too.
    RandomFieldOptions options;
    options.coarsest = 2;
    options.resolution = 30;
    field = make_random_field(options, 11);
    auto made = make_lattice(field);
    ASSERT_TRUE(made.ok());
    lattice = std::move(made).take();
    ASSERT_GT(lattice.hanging.size(), 100u);
    bool has_chain = false;
    for (const HangingRow& row : lattice.hanging) {
      for (const uint32_t source : row.sources) has_chain |= source > lattice.point_count;
    }
    ASSERT_TRUE(has_chain);
    pages = (lattice.row_count() + kRowsPerPage - 1) / kRowsPerPage;
  }

  std::vector<float> random_rows(uint32_t seed) const {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> any(-1, 1);
    std::vector<float> rows(lattice.row_count() * 8);
    for (size_t i = 8; i < rows.size(); ++i) rows[i] = any(random);
    return rows;
  }

  static double dot(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
    return sum;
  }

  Field field;
  Lattice lattice;
  size_t pages = 0;
};

TEST_F(Hanging, ScatterIsTheTransposeOfResolve) {
  const size_t point_floats = (1 + lattice.point_count) * 8;
  std::vector<float> x = random_rows(1);
  std::vector<float> g = random_rows(2);
  resolve_hanging(lattice, 8, x.data());
  const double forward = dot(g, x);
  std::vector<uint8_t> touched(pages, 1);
  scatter_hanging(lattice, 8, g.data(), touched.data());
  for (size_t i = point_floats; i < g.size(); ++i) ASSERT_EQ(g[i], 0.0f);
  EXPECT_NEAR(dot(g, x), forward, 1e-5 * static_cast<double>(x.size()));
  EXPECT_NEAR(dot(g, x) / forward, 1.0, 1e-4);
}

TEST_F(Hanging, ScatterMarksThePagesOfTheSources) {
  const size_t last = lattice.hanging.size() - 1;
  std::vector<float> g(lattice.row_count() * 8, 0.0f);
  std::vector<uint8_t> touched(pages, 0);
  const size_t row = 1 + lattice.point_count + last;
  g[row * 8] = 1.0f;
  touched[row / kRowsPerPage] = 1;
  scatter_hanging(lattice, 8, g.data(), touched.data());
  double sum = 0;
  for (size_t r = 1; r < lattice.row_count(); ++r) {
    if (g[r * 8] == 0) continue;
    EXPECT_LE(r, lattice.point_count);
    EXPECT_TRUE(touched[r / kRowsPerPage]) << "row " << r;
    sum += g[r * 8];
  }
  EXPECT_GT(sum, 0.0);
  EXPECT_LE(sum, 1.0 + 1e-6);
}

TEST_F(Hanging, ResolveTwiceChangesNothing) {
  std::vector<float> rows = random_rows(3);
  resolve_hanging(lattice, 8, rows.data());
  const std::vector<float> once = rows;
  resolve_hanging(lattice, 8, rows.data());
  EXPECT_EQ(rows, once);
}

}  // namespace
}  // namespace voxpack
