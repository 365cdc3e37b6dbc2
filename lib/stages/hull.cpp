// Visual hull: every cell is projected into every mask; sums over the mask come from an integral
// image.
#include "stages/hull.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/morton.h"

namespace voxpack {
namespace {

// Integral image of "pixel is not transparent".
class Mask {
 public:
  explicit Mask(const Image& image) : width_(image.width), height_(image.height) {
    is_cut_ = image.channels != 4;
    if (is_cut_) return;
    sums_.assign(size_t(width_ + 1) * (height_ + 1), 0);
    for (int y = 0; y < height_; ++y) {
      uint32_t row = 0;
      for (int x = 0; x < width_; ++x) {
        const bool visible = image.pixels[(size_t(y) * width_ + x) * 4 + 3] > 0;
        row += visible;
        is_cut_ |= visible && (x == 0 || y == 0 || x == width_ - 1 || y == height_ - 1);
        has_transparent_ |= !visible;
        sums_[size_t(y + 1) * (width_ + 1) + x + 1] = sums_[size_t(y) * (width_ + 1) + x + 1] + row;
      }
    }
  }

  // Whether the object goes on outside the picture: a mask that reaches the border may be cut by
  // it.
  bool is_cut() const { return is_cut_; }

  // Whether the photo tells the object from what is around it and has (x, y) on the object.
  bool shows(double x, double y) const {
    return has_transparent_ && x >= 0 && y >= 0 && x < width_ && y < height_ && may_show(x, y, 0);
  }

  // Whether the square around (x, y) holds a visible pixel, or part of a cut mask's outside.
  bool may_show(double x, double y, double radius) const {
    if (sums_.empty()) return true;
    const bool leaves =
        !(x - radius >= 0 && y - radius >= 0 && x + radius < width_ && y + radius < height_);
    if (leaves && is_cut_) return true;
    const auto inside = [](double v, int size) {
      return static_cast<size_t>(std::clamp(v, 0.0, double(size)));
    };
    const size_t x0 = inside(x - radius, width_), x1 = inside(x + radius + 1, width_);
    const size_t y0 = inside(y - radius, height_), y1 = inside(y + radius + 1, height_);
    const size_t pitch = static_cast<size_t>(width_) + 1;
    return sums_[y1 * pitch + x1] + sums_[y0 * pitch + x0] !=
           sums_[y0 * pitch + x1] + sums_[y1 * pitch + x0];
  }

 private:
  int width_, height_;
  std::vector<uint32_t> sums_;
  bool is_cut_ = false;
  bool has_transparent_ = false;
};

double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// The point nearest to all optical axes (least squares), by solving the 3 x 3 normal equations.
bool focus_of(std::span<const View> views, Vec3& focus) {
  double m[3][4] = {};
  for (const View& view : views) {
    const Ray axis = camera_ray(view.camera, view.camera.cx, view.camera.cy);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) {
        const double p = (r == c ? 1.0 : 0.0) - axis.direction[r] * axis.direction[c];
        m[r][c] += p;
        m[r][3] += p * axis.origin[c];
      }
    }
  }
  for (int pivot = 0; pivot < 3; ++pivot) {
    int best = pivot;
    for (int r = pivot + 1; r < 3; ++r) {
      if (std::fabs(m[r][pivot]) > std::fabs(m[best][pivot])) best = r;
    }
    std::swap(m[pivot], m[best]);
    if (std::fabs(m[pivot][pivot]) < 1e-6 * static_cast<double>(views.size())) return false;
    for (int r = 0; r < 3; ++r) {
      if (r == pivot) continue;
      const double factor = m[r][pivot] / m[pivot][pivot];
      for (int c = pivot; c < 4; ++c) m[r][c] -= factor * m[pivot][c];
    }
  }
  for (int a = 0; a < 3; ++a) focus[a] = m[a][3] / m[a][a];
  return true;
}

// A cube that surely holds the object: around the focus, no wider than what the views see at its
// distance.
Cube first_cube(std::span<const View> views, const Vec3& focus) {
  double half = 0;
  double nearest = 1e300;
  for (const View& view : views) {
    const Vec3 p = camera_position(view.camera);
    const Vec3 offset = {focus[0] - p[0], focus[1] - p[1], focus[2] - p[2]};
    const double distance = std::sqrt(dot(offset, offset));
    const double half_angle_tan =
        std::hypot(view.camera.width / view.camera.fx, view.camera.height / view.camera.fy) / 2;
    half = std::max(half, distance * half_angle_tan);
    nearest = std::min(nearest, distance);
  }
  half = std::min(half, 0.9 * nearest);
  return {{focus[0] - half, focus[1] - half, focus[2] - half}, 2 * half};
}

void carve(std::span<const View> views, const std::vector<Mask>& masks, Hull& hull) {
  hull.occupied.assign(size_t(hull.cells) * hull.cells * hull.cells, 1);
  const double size = hull.cube.edge / hull.cells;
  const double radius = size * 0.8660254;  // half the diagonal of a cell
#pragma omp parallel for schedule(dynamic, 1)
  for (int z = 0; z < hull.cells; ++z) {
    for (int y = 0; y < hull.cells; ++y) {
      for (int x = 0; x < hull.cells; ++x) {
        const Vec3 centre = {hull.cube.origin[0] + (x + 0.5) * size,
                             hull.cube.origin[1] + (y + 0.5) * size,
                             hull.cube.origin[2] + (z + 0.5) * size};
        bool inside = true;
        for (size_t v = 0; v < views.size() && inside; ++v) {
          const Camera& camera = views[v].camera;
          double px, py;
          if (!project_point(camera, centre, px, py)) {
            inside = masks[v].is_cut();
            continue;
          }
          const Vec3 p = camera_position(camera);
          const Vec3 offset = {centre[0] - p[0], centre[1] - p[1], centre[2] - p[2]};
          const double depth = std::sqrt(dot(offset, offset));
          inside = masks[v].may_show(px, py, std::max(camera.fx, camera.fy) * radius / depth + 0.5);
        }
        hull.occupied[(size_t(z) * hull.cells + y) * hull.cells + x] = inside;
      }
    }
  }
}

// Lowest and highest occupied cell per axis; false if there is none.
bool bounds(const Hull& hull, int lower[3], int upper[3]) {
  for (int a = 0; a < 3; ++a) {
    lower[a] = hull.cells;
    upper[a] = -1;
  }
  for (int z = 0; z < hull.cells; ++z) {
    for (int y = 0; y < hull.cells; ++y) {
      for (int x = 0; x < hull.cells; ++x) {
        if (!hull.at(x, y, z)) continue;
        const int p[3] = {x, y, z};
        for (int a = 0; a < 3; ++a) {
          lower[a] = std::min(lower[a], p[a]);
          upper[a] = std::max(upper[a], p[a]);
        }
      }
    }
  }
  return upper[0] >= 0;
}

// Whether the place is on the object in two photos at least and beside it in none; `skipped` is not
// asked.
bool is_in_object(std::span<const View> views, const std::vector<Mask>& masks, const Vec3& place,
                  size_t skipped) {
  int shown = 0;
  for (size_t v = 0; v < views.size(); ++v) {
    double x, y;
    if (v == skipped || !project_point(views[v].camera, place, x, y)) continue;
    if (!masks[v].may_show(x, y, 0.5)) return false;
    shown += masks[v].shows(x, y);
  }
  return shown >= 2;
}

Status check_cameras(std::span<const View> views, const std::vector<Mask>& masks) {
  for (size_t v = 0; v < views.size(); ++v) {
    if (is_in_object(views, masks, camera_position(views[v].camera), v)) {
      return {Errc::bad_data, "the camera of view " + views[v].name +
                                  " stands inside the object; check the poses (camera to world, "
                                  "OpenGL axes, camera looks along -z)"};
    }
  }
  return {};
}

}  // namespace

Result<Hull> make_hull(std::span<const View> views, int cells) {
  if (views.empty()) return {Errc::bad_data, "there are no photos to bake from"};
  std::vector<Mask> masks;
  for (const View& view : views) {
    if (view.image.empty()) return {Errc::bad_data, "view " + view.name + " has no photo"};
    masks.emplace_back(view.image);
  }
  Vec3 focus;
  if (!focus_of(views, focus)) {
    return {Errc::bad_data,
            "the optical axes of the cameras are parallel, so the object cannot be located; use "
            "views from around it"};
  }
  VOXPACK_TRY(check_cameras(views, masks));
  Hull hull;
  hull.cells = cells;
  hull.cube = first_cube(views, focus);
  // Two rounds: the second carves the tight cube that the first has found.
  for (int round = 0; round < 2; ++round) {
    carve(views, masks, hull);
    int lower[3], upper[3];
    if (!bounds(hull, lower, upper)) {
      return {Errc::bad_data,
              "nothing is seen by all photos: they are transparent everywhere, or their poses do "
              "not fit them"};
    }
    if (round == 1) break;
    const double size = hull.cube.edge / cells;
    double edge = 0;
    for (int a = 0; a < 3; ++a) edge = std::max(edge, (upper[a] - lower[a] + 3) * size);
    Cube tight{{}, edge};
    for (int a = 0; a < 3; ++a) {
      tight.origin[a] = hull.cube.origin[a] + (lower[a] + upper[a] + 1) * 0.5 * size - edge / 2;
    }
    hull.cube = tight;
  }
  return hull;
}

Field hull_field(const Hull& hull, int resolution, const AppearanceModel& appearance) {
  Field field;
  field.cube = hull.cube;
  field.resolution = resolution;
  field.appearance = appearance;
  const double ratio = static_cast<double>(hull.cells) / resolution;
  const auto occupied = [&](int cx, int cy, int cz) {  // cell of the field's lattice
    if (cx < 0 || cy < 0 || cz < 0 || cx >= resolution || cy >= resolution || cz >= resolution)
      return false;
    const auto first = [&](int c) { return static_cast<int>(c * ratio); };
    const auto last = [&](int c) {
      return std::min(hull.cells - 1,
                      std::max(first(c), static_cast<int>(std::ceil((c + 1) * ratio)) - 1));
    };
    for (int z = first(cz); z <= last(cz); ++z) {
      for (int y = first(cy); y <= last(cy); ++y) {
        for (int x = first(cx); x <= last(cx); ++x) {
          if (hull.at(x, y, z)) return true;
        }
      }
    }
    return false;
  };
  const int blocks = resolution / kBlockCells + 1;
  for (int z = 0; z < blocks; ++z) {
    for (int y = 0; y < blocks; ++y) {
      for (int x = 0; x < blocks; ++x) {
        Block block{
            0, static_cast<uint16_t>(x), static_cast<uint16_t>(y), static_cast<uint16_t>(z), 0, 0};
        for (uint64_t site = 0; site < 64; ++site) {
          const int p[3] = {x * kBlockCells + static_cast<int>(gather_bits_3(site)),
                            y * kBlockCells + static_cast<int>(gather_bits_3(site >> 1)),
                            z * kBlockCells + static_cast<int>(gather_bits_3(site >> 2))};
          for (int c = 0; c < 8; ++c) {
            if (occupied(p[0] - (c & 1), p[1] - (c >> 1 & 1), p[2] - (c >> 2))) {
              block.mask |= uint64_t{1} << site;
              break;
            }
          }
        }
        if (block.mask != 0) field.blocks.push_back(block);
      }
    }
  }
  std::sort(field.blocks.begin(), field.blocks.end(), block_before);
  uint32_t count = 0;
  for (Block& block : field.blocks) {
    block.first_point = count;
    count += static_cast<uint32_t>(point_count(block));
  }
  field.density.edit().assign(count, 0.0f);
  field.features.edit().assign(size_t{count} * static_cast<size_t>(field.channels()), 0.0f);
  return field;
}

}  // namespace voxpack
