#include "io/transforms_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/atomic_file.h"
#include "io/image_io.h"

namespace voxpack {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxJsonBytes = uint64_t{256} << 20;
constexpr double kRotationTolerance = 1e-2;
constexpr double kMaxPosition = 1e9;
constexpr double kPi = 3.14159265358979323846;

// Looks a key up in the frame first, then in the file.
class Lookup {
 public:
  Lookup(const Json& file, const Json& frame) : file_(file), frame_(frame) {}

  const Json* find(const char* key) const {
    if (const auto at = frame_.find(key); at != frame_.end()) return &*at;
    if (const auto at = file_.find(key); at != file_.end()) return &*at;
    return nullptr;
  }

  // Leaves `value` where the key is missing or null; it must be a number in lo..hi.
  Status number(const char* key, double lo, double hi, double& value) const {
    const Json* found = find(key);
    if (!found || found->is_null()) return {};
    const double number = found->is_number() ? found->get<double>() : NAN;
    if (!(number >= lo && number <= hi)) {
      return {Errc::bad_data, std::string(key) + " is " + found->dump().substr(0, 40) +
                                  ", expected a number in " + Json(lo).dump() + ".." +
                                  Json(hi).dump()};
    }
    value = number;
    return {};
  }

 private:
  const Json& file_;
  const Json& frame_;
};

Status read_matrix(const Json& frame, Camera& camera) {
  const auto found = frame.find("transform_matrix");
  if (found == frame.end()) return {Errc::bad_data, "has no transform_matrix"};
  const auto wrong_shape = [] {
    return Status(Errc::bad_data, "transform_matrix is not 4 x 4 or 3 x 4 numbers in +-1e9");
  };
  if (!found->is_array() || (found->size() != 4 && found->size() != 3)) return wrong_shape();
  double m[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  for (size_t row = 0; row < found->size(); ++row) {
    const Json& values = (*found)[row];
    if (!values.is_array() || values.size() != 4) return wrong_shape();
    for (size_t column = 0; column < 4; ++column) {
      if (!values[column].is_number()) return wrong_shape();
      const double value = values[column].get<double>();
      if (!(std::fabs(value) <= kMaxPosition)) return wrong_shape();
      m[row * 4 + column] = value;
    }
  }
  if (m[12] != 0 || m[13] != 0 || m[14] != 0 || m[15] != 1) {
    return {Errc::bad_data, "the last row of transform_matrix is not 0 0 0 1"};
  }
  for (int a = 0; a < 3; ++a) {
    for (int b = a; b < 3; ++b) {
      const double dot = m[a] * m[b] + m[4 + a] * m[4 + b] + m[8 + a] * m[8 + b];
      if (std::fabs(dot - (a == b)) <= kRotationTolerance) continue;
      return {Errc::bad_data,
              "the left 3 x 3 part of transform_matrix is not a rotation (columns " +
                  std::to_string(a) + " and " + std::to_string(b) + " have the product " +
                  std::to_string(dot) + "); scale belongs into the positions"};
    }
  }
  const double determinant = m[0] * (m[5] * m[10] - m[6] * m[9]) -
                             m[1] * (m[4] * m[10] - m[6] * m[8]) +
                             m[2] * (m[4] * m[9] - m[5] * m[8]);
  if (!(determinant > 0)) {
    return {Errc::bad_data, "transform_matrix mirrors space (determinant " +
                                std::to_string(determinant) +
                                "); poses are camera to world with x right, y up, z back"};
  }
  for (size_t i = 0; i < 12; ++i) camera.camera_to_world[i] = m[i];
  return {};
}

Status read_lens(const Lookup& lookup, Camera& camera) {
  const std::pair<const char*, double*> coefficients[] = {{"k1", &camera.k1}, {"k2", &camera.k2},
                                                          {"k3", &camera.k3}, {"k4", &camera.k4},
                                                          {"p1", &camera.p1}, {"p2", &camera.p2}};
  bool distorted = false;
  for (const auto& [key, value] : coefficients) {
    VOXPACK_TRY(lookup.number(key, -100, 100, *value));
    distorted |= *value != 0;
  }
  std::string model;
  if (const Json* found = lookup.find("camera_model"); found && !found->is_null()) {
    if (!found->is_string()) return {Errc::bad_data, "camera_model is not a string"};
    model = found->get<std::string>();
  }
  bool fisheye = model == "OPENCV_FISHEYE";
  if (const Json* found = lookup.find("is_fisheye")) {
    fisheye |= found->is_boolean() && found->get<bool>();
  }
  if (fisheye) {
    if (camera.p1 != 0 || camera.p2 != 0) {
      return {Errc::unsupported, "a fisheye lens with p1 or p2; only k1..k4 are read"};
    }
    camera.lens = LensModel::fisheye;
    return {};
  }
  for (const char* known :
       {"", "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE"}) {
    if (model != known) continue;
    camera.lens = distorted ? LensModel::opencv : LensModel::pinhole;
    return {};
  }
  return {Errc::unsupported, "camera_model '" + model.substr(0, 40) +
                                 "' is not read; use PINHOLE, OPENCV or OPENCV_FISHEYE (undistort "
                                 "the photos if need be)"};
}

Status read_intrinsics(const Lookup& lookup, PosedFrame& frame) {
  Camera& camera = frame.camera;
  double width = 0, height = 0;
  VOXPACK_TRY(lookup.number("w", 1, kMaxImageSide, width));
  VOXPACK_TRY(lookup.number("h", 1, kMaxImageSide, height));
  if ((width == 0) != (height == 0) || width != std::floor(width) || height != std::floor(height)) {
    return {Errc::bad_data, "w and h are not two whole numbers"};
  }
  camera.width = static_cast<int>(width);
  camera.height = static_cast<int>(height);
  VOXPACK_TRY(lookup.number("fl_x", 1e-3, 1e7, camera.fx));
  VOXPACK_TRY(lookup.number("fl_y", 1e-3, 1e7, camera.fy));
  VOXPACK_TRY(lookup.number("camera_angle_x", 1e-4, kPi - 1e-4, frame.angle_x));
  VOXPACK_TRY(lookup.number("camera_angle_y", 1e-4, kPi - 1e-4, frame.angle_y));
  double center[2] = {NAN, NAN};
  VOXPACK_TRY(lookup.number("cx", -1e6, 1e6, center[0]));
  VOXPACK_TRY(lookup.number("cy", -1e6, 1e6, center[1]));
  if (std::isnan(center[0]) != std::isnan(center[1])) {
    return {Errc::bad_data, "only one of cx and cy is given"};
  }
  if (!std::isnan(center[0])) {
    camera.cx = center[0];
    camera.cy = center[1];
    frame.has_center = true;
  }
  if (camera.fx == 0 && camera.fy != 0) camera.fx = camera.fy;
  if (camera.fx == 0 && frame.angle_x == 0) {
    return {Errc::bad_data, "has no focal length: neither fl_x nor camera_angle_x is given"};
  }
  return {};
}

Status read_frame(const Json& file, const Json& json, PosedFrame& frame) {
  if (!json.is_object()) return {Errc::bad_data, "is not an object"};
  const auto path = json.find("file_path");
  if (path == json.end() || !path->is_string() || path->get_ref<const std::string&>().empty()) {
    return {Errc::bad_data, "has no file_path"};
  }
  frame.file_path = path->get<std::string>();
  if (frame.file_path.find('\0') != std::string::npos) {
    return {Errc::bad_data, "file_path contains a zero byte"};
  }
  const Lookup lookup(file, json);
  VOXPACK_TRY(read_matrix(json, frame.camera));
  VOXPACK_TRY(read_lens(lookup, frame.camera));
  return read_intrinsics(lookup, frame);
}

std::vector<std::string> string_list(const Json& file, const char* key) {
  std::vector<std::string> list;
  const auto found = file.find(key);
  if (found == file.end() || !found->is_array()) return list;
  for (const Json& item : *found) {
    if (item.is_string()) list.push_back(item.get<std::string>());
  }
  return list;
}

}  // namespace

Result<PosedFrames> read_transforms_json(const std::string& path) {
  VOXPACK_ASSIGN(const auto bytes, read_file(path, kMaxJsonBytes));
  const Json file = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (file.is_discarded()) {
    return {Errc::bad_data, path + ": is not valid JSON (truncated, or NaN in it?)"};
  }
  if (!file.is_object() || !file.contains("frames") || !file["frames"].is_array()) {
    return {Errc::bad_data, path +
                                ": has no list 'frames'; expected transforms.json of Blender, "
                                "nerfstudio or instant-ngp"};
  }
  const Json& frames = file["frames"];
  if (frames.empty()) return {Errc::bad_data, path + ": has zero frames; nothing to read"};
  PosedFrames result;
  result.frames.resize(frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    PosedFrame& frame = result.frames[i];
    if (Status status = read_frame(file, frames[i], frame); !status.ok()) {
      const std::string name = frame.file_path.empty() ? "" : " (" + frame.file_path + ")";
      return std::move(status).in(path + ": frame " + std::to_string(i) + name);
    }
    result.has_masks |= frames[i].contains("mask_path");
  }
  result.train_names = string_list(file, "train_filenames");
  result.test_names = string_list(file, "test_filenames");
  if (result.test_names.empty()) result.test_names = string_list(file, "val_filenames");
  return result;
}

Result<Camera> camera_for_size(const PosedFrame& frame, int width, int height, bool& scaled) {
  Camera camera = frame.camera;
  const bool known = camera.width > 0;
  if (!known) {
    camera.width = width;
    camera.height = height;
  }
  if (camera.fx == 0) {
    camera.fx = 0.5 * camera.width / std::tan(0.5 * frame.angle_x);
    if (camera.fy == 0 && frame.angle_y > 0) {
      camera.fy = 0.5 * camera.height / std::tan(0.5 * frame.angle_y);
    }
  }
  if (camera.fy == 0) camera.fy = camera.fx;
  if (!frame.has_center) {
    camera.cx = 0.5 * camera.width;
    camera.cy = 0.5 * camera.height;
  }
  if (camera.width == width && camera.height == height) return camera;
  const double sx = static_cast<double>(width) / camera.width;
  const double sy = static_cast<double>(height) / camera.height;
  // Whole sizes of a scaled copy are rounded, so a deviation below one pixel is still uniform.
  if (std::fabs(camera.width * sy - width) >= 1 || std::fabs(camera.height * sx - height) >= 1) {
    return {Errc::bad_data, "the image has " + std::to_string(width) + " x " +
                                std::to_string(height) + " pixels, the JSON says " +
                                std::to_string(camera.width) + " x " +
                                std::to_string(camera.height) + "; correct w and h or the image"};
  }
  camera.fx *= sx;
  camera.cx *= sx;
  camera.fy *= sy;
  camera.cy *= sy;
  camera.width = width;
  camera.height = height;
  scaled = true;
  return camera;
}

}  // namespace voxpack
