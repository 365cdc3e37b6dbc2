#include "io/dataset_write.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <new>
#include <set>
#include <system_error>
#include <thread>

#include "core/interrupt.h"
#include "io/atomic_file.h"
#include "io/image_io.h"
#include "io/numbers.h"

namespace voxpack {
namespace {

namespace fs = std::filesystem;

// The files and folders made so far; removed at the end unless kept. Those that were there stay.
class Output {
 public:
  ~Output() {
    std::error_code ignored;
    for (const fs::path& file : files_) fs::remove(file, ignored);
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
      fs::remove(*folder, ignored);  // only if empty
    }
  }
  Status make_folder(const fs::path& path) {
    std::error_code error;
    if (fs::create_directory(path, error)) folders_.push_back(path);
    if (!error && fs::is_directory(path, error)) return {};
    return {Errc::io, path.string() + ": cannot make this folder (" +
                          (error ? error.message() : "there is a file of this name") +
                          "); make the folder above it or choose another"};
  }
  // Called before the file is written, by any thread.
  std::string add_file(const fs::path& path) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      const std::lock_guard lock(mutex_);
      files_.push_back(path);
    }
    return path.string();
  }
  void keep() {
    files_.clear();
    folders_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<fs::path> files_, folders_;
};

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Status check_camera(const Camera& camera, const Camera& first) {
  if (camera.lens != LensModel::pinhole || camera.fx != camera.fy ||
      camera.cx != 0.5 * camera.width || camera.cy != 0.5 * camera.height) {
    return {Errc::unsupported,
            "its camera is distorted, off-centre or has fx unlike fy; the Blender "
            "format has no place for that"};
  }
  if (camera.fx != first.fx || camera.width != first.width || camera.height != first.height) {
    return {Errc::unsupported,
            "its camera differs in size or focal length from the split's first; "
            "the Blender format has one camera a split"};
  }
  if (!std::isfinite(camera.fx) || camera.fx <= 0 ||
      !std::ranges::all_of(camera.camera_to_world, [](double v) { return std::isfinite(v); })) {
    return {Errc::usage, "its camera has numbers that are not finite or a focal length of zero"};
  }
  return {};
}

Status check_split(const std::vector<View>& views) {
  std::set<std::string> names;
  for (const View& view : views) {
    if (!is_plain_name(view.name)) {
      return {Errc::usage,
              "view '" + view.name.substr(0, 40) + "': names have letters, digits, - and _ only"};
    }
    if (!names.insert(view.name).second) {
      return {Errc::usage, "view " + view.name + " is there twice"};
    }
    if (view.image.empty() || view.image.width != view.camera.width ||
        view.image.height != view.camera.height) {
      return {Errc::usage, "view " + view.name + ": has no image of its camera's size"};
    }
    VOXPACK_TRY(check_camera(view.camera, views.front().camera).in("view " + view.name));
  }
  return {};
}

// The opening angle from which readers get back exactly `focal`, with as few digits as that takes;
// 0 if no angle close by does.
double opening_angle(double focal, int width) {
  const double exact = 2 * std::atan(0.5 * width / focal);
  const auto fits = [&](double angle) { return 0.5 * width / std::tan(0.5 * angle) == focal; };
  for (double scale = 1e3; scale <= 1e15; scale *= 10) {
    if (const double rounded = std::round(exact * scale) / scale; fits(rounded)) return rounded;
  }
  double below = exact, above = exact;
  for (int step = 0; step < 16; ++step) {
    if (fits(below)) return below;
    if (fits(above)) return above;
    below = std::nextafter(below, 0.0);
    above = std::nextafter(above, 4.0);
  }
  return 0;
}

std::string split_json(const std::vector<View>& views, const std::string& split) {
  const Camera& camera = views.front().camera;
  const double angle = opening_angle(camera.fx, camera.width);
  std::string text = "{\n  \"camera_angle_x\": ";
  text += number_to_text(angle > 0 ? angle : 2 * std::atan(0.5 * camera.width / camera.fx));
  if (angle == 0) text += ",\n  \"fl_x\": " + number_to_text(camera.fx);
  text += ",\n  \"w\": " + std::to_string(camera.width);
  text += ",\n  \"h\": " + std::to_string(camera.height) + ",\n  \"frames\": [";
  const char* separator = "\n";
  for (const View& view : views) {
    text += separator;
    separator = ",\n";
    text += "    {\n      \"file_path\": \"./" + split + "/" + view.name + "\",\n";
    text += "      \"transform_matrix\": [\n";
    for (int row = 0; row < 3; ++row) {
      text += "        [";
      for (int column = 0; column < 4; ++column) {
        text += number_to_text(view.camera.camera_to_world[row * 4 + column]);
        text += column < 3 ? ", " : "],\n";
      }
    }
    text += "        [0, 0, 0, 1]\n      ]\n    }";
  }
  return text + "\n  ]\n}\n";
}

Status write_images(const fs::path& folder, const std::vector<View>& views, int threads,
                    Output& output) {
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::vector<Status> errors(views.size());
  const auto work = [&] {
    for (size_t i = next++; i < views.size() && !failed; i = next++) {
      try {
        errors[i] = check_interrupt();
        if (errors[i].ok()) {
          errors[i] = write_png(output.add_file(folder / (views[i].name + ".png")), views[i].image);
        }
      } catch (const std::bad_alloc&) {
        errors[i] = {Errc::device, views[i].name + ": out of memory for the image"};
      }
      if (!errors[i].ok()) failed = true;
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads && static_cast<size_t>(i) < views.size(); ++i) {
    workers.emplace_back(work);
  }
  work();
  for (std::thread& worker : workers) worker.join();
  for (Status& error : errors) VOXPACK_TRY(std::move(error));
  return {};
}

}  // namespace

Status write_dataset(const std::string& path, const DataSet& data, int threads) {
  if (data.train.empty()) return {Errc::usage, "there are no train views to write"};
  VOXPACK_TRY(check_split(data.train).in("train"));
  VOXPACK_TRY(check_split(data.test).in("test"));
  Output output;
  const fs::path folder(path);
  std::error_code ignored;
  if (const fs::path old = folder / "transforms_test.json";
      data.test.empty() && fs::exists(old, ignored)) {
    return {Errc::usage, old.string() +
                             ": is of an earlier data set, and this one has no test views; "
                             "remove it or choose another folder"};
  }
  VOXPACK_TRY(output.make_folder(folder));
  for (const auto& [split, views] :
       {std::pair{"train", &data.train}, std::pair{"test", &data.test}}) {
    if (views->empty()) continue;
    VOXPACK_TRY(output.make_folder(folder / split));
    VOXPACK_TRY(write_images(folder / split, *views, threads, output));
    // Last, so that the JSON never names a picture that is not there.
    const std::string text = split_json(*views, split);
    const fs::path json = folder / ("transforms_" + std::string(split) + ".json");
    VOXPACK_TRY(write_file(output.add_file(json),
                           {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  }
  output.keep();
  return {};
}

}  // namespace voxpack
