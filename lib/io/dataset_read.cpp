#include "io/dataset_read.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <new>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "core/interrupt.h"
#include "io/image_io.h"
#include "io/transforms_json.h"

namespace voxpack {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTestStride = 8;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// A frame on its way to a View.
struct Task {
  PosedFrame frame;
  std::string image_path;  // empty: no such file
  bool load = true;        // the pixels are wanted
  View view;
  bool scaled = false;
};

// file_path may lack its extension (Blender).
std::string find_image(const fs::path& folder, const std::string& file_path) {
  const fs::path path = folder / file_path;
  if (is_file(path)) return path.string();
  for (const char* extension : {".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG", ".JPEG"}) {
    if (fs::path with = path.string() + extension; is_file(with)) return with.string();
  }
  return {};
}

std::string view_name(const std::string& file_path) {
  const fs::path path(file_path);
  const std::string extension = path.extension().string();
  for (const char* known : {".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG", ".JPEG"}) {
    if (extension == known) return path.stem().string();
  }
  return path.filename().string();
}

// Views are told apart by name, also as files of a report: a name that two folders share gets its
// folder.
void make_names_unique(std::vector<Task>& tasks) {
  std::set<std::string> seen, shared;
  for (const Task& task : tasks) {
    const std::string name = view_name(task.frame.file_path);
    if (!seen.insert(name).second) shared.insert(name);
  }
  for (Task& task : tasks) {
    task.view.name = view_name(task.frame.file_path);
    if (!shared.contains(task.view.name)) continue;
    const fs::path parent = fs::path(task.frame.file_path).lexically_normal().parent_path();
    std::string name = (parent / task.view.name).generic_string();
    std::replace(name.begin(), name.end(), '/', '_');
    task.view.name = name;
  }
}

Result<std::vector<Task>> make_tasks(const std::string& json_path, PosedFrames frames, bool load) {
  const fs::path folder = fs::path(json_path).parent_path();
  std::vector<Task> tasks(frames.frames.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    Task& task = tasks[i];
    task.frame = std::move(frames.frames[i]);
    task.image_path = find_image(folder, task.frame.file_path);
    task.load = load;
    if (!task.image_path.empty() || (!load && task.frame.camera.width > 0)) continue;
    return {Errc::io, (folder / task.frame.file_path).string() +
                          ": no such image (with .png, .jpg, .jpeg or .webp); frame " +
                          std::to_string(i) + " of " + json_path + " needs it"};
  }
  make_names_unique(tasks);
  return tasks;
}

Status run_task(Task& task) {
  int width = task.frame.camera.width;
  int height = task.frame.camera.height;
  if (!task.image_path.empty()) {
    VOXPACK_ASSIGN(task.view.image,
                   task.load ? read_image(task.image_path) : read_image_size(task.image_path));
    width = task.view.image.width;
    height = task.view.image.height;
    if (!task.load) task.view.image = {};
  }
  VOXPACK_ASSIGN(task.view.camera,
                 camera_for_size(task.frame, width, height, task.scaled).in(task.image_path));
  return {};
}

// Runs all tasks on `threads` threads; the error of the first failing task in order wins.
Status run_tasks(std::vector<Task*>& tasks, int threads, Log& log) {
  std::atomic<size_t> next{0}, done{0};
  std::atomic<bool> failed{false};
  std::vector<Status> errors(tasks.size());
  const auto work = [&](bool reports) {
    for (size_t i = next++; i < tasks.size() && !failed; i = next++) {
      try {
        errors[i] = check_interrupt();
        if (errors[i].ok()) errors[i] = run_task(*tasks[i]);
      } catch (const std::bad_alloc&) {
        errors[i] = {Errc::device, tasks[i]->image_path + ": out of memory for the image"};
      }
      if (!errors[i].ok()) failed = true;
      if (const size_t count = ++done; reports && count % 16 == 0) {
        log.progress({"read images", static_cast<double>(count) / tasks.size(), -1, {}});
      }
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads && static_cast<size_t>(i) < tasks.size(); ++i) {
    workers.emplace_back(work, false);
  }
  work(true);
  for (std::thread& worker : workers) worker.join();
  for (Status& error : errors) {
    if (!error.ok()) return std::move(error);
  }
  return {};
}

bool is_transparent(const Image& image) {
  if (image.channels != 4) return false;
  for (size_t i = 3; i < image.pixels.size(); i += 4) {
    if (image.pixels[i] != 0) return false;
  }
  return true;
}

// The JSON files of `path`: train (or all) and test (empty if none).
Status find_json(const std::string& path, std::string& train, std::string& test) {
  std::error_code error;
  const auto type = fs::status(path, error).type();
  if (type == fs::file_type::not_found) return {Errc::io, path + ": no such file or folder"};
  if (type == fs::file_type::none) return {Errc::io, path + ": " + error.message()};
  if (type != fs::file_type::directory) {
    train = path;
    return {};
  }
  const fs::path folder(path);
  if (is_file(folder / "transforms_train.json")) {
    train = (folder / "transforms_train.json").string();
    if (is_file(folder / "transforms_test.json")) {
      test = (folder / "transforms_test.json").string();
    }
    return {};
  }
  if (is_file(folder / "transforms.json")) {
    train = (folder / "transforms.json").string();
    return {};
  }
  return {Errc::io, path +
                        ": has neither transforms_train.json nor transforms.json; give the folder "
                        "of a Blender, nerfstudio or instant-ngp data set"};
}

// True for the tasks that are test views.
std::vector<bool> split_single(const std::vector<Task>& tasks, const PosedFrames& frames, Log& log,
                               bool& every_8th) {
  std::vector<bool> test(tasks.size(), false);
  const std::set<std::string> names(frames.test_names.begin(), frames.test_names.end());
  size_t test_count = 0;
  for (size_t i = 0; i < tasks.size() && !names.empty(); ++i) {
    test[i] = names.contains(tasks[i].frame.file_path);
    test_count += test[i];
  }
  if ((test_count > 0 && test_count < tasks.size()) || tasks.size() < 2) return test;
  for (size_t i = 0; i < tasks.size(); ++i) test[i] = i % kTestStride == 0;
  every_8th = true;
  log.info("no test split: every 8th view (0, 8, 16 ...) is set aside as test");
  return test;
}

struct Split {
  std::vector<Task> train, test;
  bool every_8th = false;
};

Result<Split> make_split(const std::string& path, const DataSetOptions& options, Log& log) {
  const bool load_train = options.load_images && options.load_train_images;
  const bool load_test = options.load_images && options.load_test_images;
  std::string train_json, test_json;
  VOXPACK_TRY(find_json(path, train_json, test_json));
  VOXPACK_ASSIGN(PosedFrames frames, read_transforms_json(train_json));
  if (frames.has_masks)
    log.warn(train_json + ": mask_path is not read; use the alpha of the images");
  Split split;
  if (!test_json.empty()) {
    VOXPACK_ASSIGN(split.train, make_tasks(train_json, std::move(frames), load_train));
    VOXPACK_ASSIGN(PosedFrames test_frames, read_transforms_json(test_json));
    VOXPACK_ASSIGN(split.test, make_tasks(test_json, std::move(test_frames), load_test));
    return split;
  }
  VOXPACK_ASSIGN(auto tasks, make_tasks(train_json, frames, load_train || load_test));
  const std::vector<bool> is_test = split_single(tasks, frames, log, split.every_8th);
  for (size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].load = is_test[i] ? load_test : load_train;
    (is_test[i] ? split.test : split.train).push_back(std::move(tasks[i]));
  }
  return split;
}

}  // namespace

Result<DataSet> read_dataset(const std::string& path, const DataSetOptions& options, Log& log) {
  VOXPACK_ASSIGN(Split split, make_split(path, options, log));
  std::vector<Task*> tasks;
  for (Task& task : split.train) tasks.push_back(&task);
  for (Task& task : split.test) tasks.push_back(&task);
  VOXPACK_TRY(run_tasks(tasks, std::max(1, options.threads), log));

  size_t loaded = 0, transparent = 0, scaled = 0;
  for (const Task* task : tasks) {
    scaled += task->scaled;
    if (task->view.image.empty()) continue;
    ++loaded;
    transparent += is_transparent(task->view.image);
  }
  if (loaded > 0 && transparent == loaded) {
    return {Errc::bad_data, path + ": all " + std::to_string(loaded) +
                                " images are fully transparent (alpha 0 everywhere); nothing can "
                                "be seen in them"};
  }
  if (transparent > 0) {
    log.warn(std::to_string(transparent) + " of " + std::to_string(loaded) +
             " images are fully transparent");
  }
  if (scaled > 0) {
    log.info("intrinsics of " + std::to_string(scaled) + " views scaled to the size of the images");
  }
  DataSet views;
  views.test_is_every_8th = split.every_8th;
  for (Task& task : split.train) views.train.push_back(std::move(task.view));
  for (Task& task : split.test) views.test.push_back(std::move(task.view));
  log.info(path + ": " + std::to_string(views.train.size()) + " train and " +
           std::to_string(views.test.size()) + " test views");
  return views;
}

}  // namespace voxpack
