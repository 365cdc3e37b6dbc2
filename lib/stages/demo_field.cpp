// The demo object as a field: blocks near the surface are found by descent, then filled in
// parallel.
#include <algorithm>
#include <array>
#include <string>

#include "core/interrupt.h"
#include "core/morton.h"
#include "stages/demo.h"
#include "stages/demo_material.h"

namespace voxpack {
namespace {

constexpr double kEdge = 2.1;
constexpr float kOutside = 1.75f;  // thickness of the shell, spacings
constexpr float kInside = 2.25f;
constexpr float kDensityPerSpacing =
    8.0f;                        // optical depth per spacing, a spacing below the surface
constexpr int kTaskBlocks = 32;  // edge of the cube of blocks one task fills

struct Chunk {
  std::vector<Block> blocks;
  std::vector<float> density;
  std::vector<float> features;
};

class FieldMaker {
 public:
  explicit FieldMaker(int resolution)
      : sites_(sites_per_axis(resolution, 0)),
        blocks_per_axis_((sites_ + kBlockCells - 1) / kBlockCells),
        spacing_(static_cast<float>(kEdge / resolution)) {}

  int blocks_per_axis() const { return blocks_per_axis_; }

  // Can blocks [x, x + size)^3 hold points? False only if they surely cannot.
  bool may_hold_points(int x, int y, int z, int size) const {
    if (std::max({x, y, z}) >= blocks_per_axis_) return false;
    const float half = 0.5f * (size * kBlockCells - 1);
    const Vec3f centre =
        position(x * kBlockCells + half, y * kBlockCells + half, z * kBlockCells + half);
    const float reach = half * spacing_ * 1.7320509f * kDemoSlope + kDemoDistanceJump;
    const float distance = demo_distance(centre);
    return distance < kOutside * spacing_ + reach && distance > -kInside * spacing_ - reach;
  }

  // Appends the points of the blocks in the cube, in Morton order.
  void fill(int x, int y, int z, int size, Chunk& chunk) const {
    if (!may_hold_points(x, y, z, size)) return;
    if (size == 1) return fill_block(x, y, z, chunk);
    const int half = size / 2;
    for (int child = 0; child < 8; ++child) {
      fill(x + (child & 1) * half, y + (child >> 1 & 1) * half, z + (child >> 2) * half, half,
           chunk);
    }
  }

 private:
  Vec3f position(float x, float y, float z) const {
    constexpr float kOrigin = static_cast<float>(-kEdge / 2);
    return {kOrigin + x * spacing_, kOrigin + y * spacing_, kOrigin + z * spacing_};
  }

  void fill_block(int bx, int by, int bz, Chunk& chunk) const {
    Block block;
    block.x = static_cast<uint16_t>(bx);
    block.y = static_cast<uint16_t>(by);
    block.z = static_cast<uint16_t>(bz);
    for (uint32_t i = 0; i < 64; ++i) {
      const int x = bx * kBlockCells + static_cast<int>(gather_bits_3(i));
      const int y = by * kBlockCells + static_cast<int>(gather_bits_3(i >> 1));
      const int z = bz * kBlockCells + static_cast<int>(gather_bits_3(i >> 2));
      if (std::max({x, y, z}) >= sites_) continue;
      const Vec3f p = position(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z));
      const float distance = demo_distance(p);
      if (!(distance <= kOutside * spacing_ && distance >= -kInside * spacing_)) continue;
      block.mask |= uint64_t{1} << i;
      chunk.density.push_back(-distance / spacing_ * kDensityPerSpacing);
      const Vec3f color = surface_color(p);
      chunk.features.insert(chunk.features.end(), {color.x, color.y, color.z});
    }
    if (block.mask != 0) chunk.blocks.push_back(block);
  }

  // sRGB-coded colour of the surface nearest to p.
  static Vec3f surface_color(Vec3f p) {
    const DemoSurface near = demo_surface(p, true);
    const Vec3f on_surface = p - near.base_normal * near.distance;
    const DemoSurface surface = demo_surface(on_surface, true);
    const Vec3f light =
        demo_expose(demo_shade_average(demo_material(on_surface, surface), surface.normal));
    return {encode_srgb(light.x), encode_srgb(light.y), encode_srgb(light.z)};
  }

  int sites_;
  int blocks_per_axis_;
  float spacing_;
};

// Corners of the cubes of kTaskBlocks that may hold points, in Morton order.
std::vector<std::array<int, 3>> find_tasks(const FieldMaker& maker) {
  int per_axis = 1;
  while (per_axis * kTaskBlocks < maker.blocks_per_axis()) per_axis *= 2;
  std::vector<std::array<int, 3>> tasks;
  for (uint64_t code = 0; code < uint64_t(per_axis) * per_axis * per_axis; ++code) {
    const int x = static_cast<int>(gather_bits_3(code)) * kTaskBlocks;
    const int y = static_cast<int>(gather_bits_3(code >> 1)) * kTaskBlocks;
    const int z = static_cast<int>(gather_bits_3(code >> 2)) * kTaskBlocks;
    if (maker.may_hold_points(x, y, z, kTaskBlocks)) tasks.push_back({x, y, z});
  }
  return tasks;
}

void append(Field& field, const Chunk& chunk) {
  const auto first = static_cast<uint32_t>(field.density.size());
  uint32_t next = first;
  for (Block block : chunk.blocks) {
    block.first_point = next;
    next += static_cast<uint32_t>(point_count(block));
    field.blocks.push_back(block);
  }
  LargeVector<float>&density = field.density.edit(), &features = field.features.edit();
  density.insert(density.end(), chunk.density.begin(), chunk.density.end());
  features.insert(features.end(), chunk.features.begin(), chunk.features.end());
}

}  // namespace

Result<Field> make_demo_field(int resolution, Log& log) {
  if (resolution < kMinDemoResolution || resolution > kMaxDemoResolution) {
    return {Errc::usage, "resolution is " + std::to_string(resolution) + "; choose " +
                             std::to_string(kMinDemoResolution) + " to " +
                             std::to_string(kMaxDemoResolution)};
  }
  const FieldMaker maker(resolution);
  const auto tasks = find_tasks(maker);
  std::vector<Chunk> chunks(tasks.size());
  size_t done = 0;
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (!check_interrupt().ok()) continue;
    maker.fill(tasks[i][0], tasks[i][1], tasks[i][2], kTaskBlocks, chunks[i]);
#pragma omp critical(demo_field_progress)
    log.progress({"demo field", static_cast<double>(++done) / tasks.size(), -1, ""});
  }
  VOXPACK_TRY(check_interrupt());

  Field field;
  field.cube = {{-kEdge / 2, -kEdge / 2, -kEdge / 2}, kEdge};
  field.resolution = resolution;
  field.appearance.kind = AppearanceKind::rgb;
  size_t points = 0, blocks = 0;
  for (const Chunk& chunk : chunks) {
    points += chunk.density.size();
    blocks += chunk.blocks.size();
  }
  field.blocks.reserve(blocks);
  field.density.edit().reserve(points);
  field.features.edit().reserve(points * 3);
  for (Chunk& chunk : chunks) {
    append(field, chunk);
    chunk = Chunk();
  }
  return field;
}

}  // namespace voxpack
