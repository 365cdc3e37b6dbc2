#include "checkpoint.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/hash.h"
#include "size_text.h"

namespace voxpack {
namespace {

constexpr const char* kPhotos = "bake.photos";
constexpr const char* kLevel = "bake.level";
constexpr const char* kIterations = "bake.iterations_done";
constexpr const char* kOption = "bake.option.";
constexpr double kLargestShare = 0.1;  // of the time that saving may take

// The options of a bake by the name of their option.
FieldNotes notes_of(const BakeOptions& given) {
  // An option that is added must be named here too: a checkpoint belongs to all of them.
  const auto& [resolution, appearance, feature_count, hidden_width, iterations, seed, fit] =
      with_defaults(given);
  FieldNotes notes;
  const auto add = [&](const std::string& name, const std::string& value) {
    notes[kOption + name] = value;
  };
  add("resolution", std::to_string(resolution));
  add("appearance", std::string(to_string(appearance)));
  add("features", std::to_string(*feature_count));
  add("hidden", std::to_string(*hidden_width));
  add("iterations", std::to_string(*iterations));
  add("seed", std::to_string(seed));
  add("fit-poses", std::to_string(int{fit.poses}));
  add("fit-exposure", std::to_string(int{fit.exposure}));
  return notes;
}

// A number that changes with any pixel or camera of the views.
uint64_t views_id(const std::vector<View>& views) {
  const auto hash = [](const auto& values) {
    return xxh3_64(
        {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(values[0])});
  };
  std::vector<uint64_t> ids;
  for (const View& view : views) {
    const Camera& c = view.camera;
    std::vector<double> numbers = {c.fx, c.fy, c.cx, c.cy, c.k1, c.k2, c.k3, c.k4, c.p1, c.p2};
    for (const int whole : {c.width, c.height, static_cast<int>(c.lens), view.image.width,
                            view.image.height, view.image.channels}) {
      numbers.push_back(whole);
    }
    numbers.insert(numbers.end(), c.camera_to_world.begin(), c.camera_to_world.end());
    ids.push_back(hash(numbers));
    ids.push_back(hash(view.image.pixels));
  }
  return hash(ids);
}

Result<int> whole_number(const FieldNotes& notes, const char* key) {
  const auto found = notes.find(key);
  int value = 0;
  if (found != notes.end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  return {Errc::bad_data, std::string("metadata '") + key + "' is missing or not a whole number"};
}

// Whether a checkpoint with `found` belongs to the bake with `wanted`.
Status compare(const FieldNotes& wanted, const FieldNotes& found) {
  if (found.empty()) return {Errc::bad_data, "is a field, but not a checkpoint of a bake"};
  for (const auto& [key, value] : wanted) {
    const auto other = found.find(key);
    const std::string theirs = other == found.end() ? "nothing" : other->second;
    if (theirs == value) continue;
    if (key == kPhotos) {
      return {Errc::bad_data,
              "was made from other photos; give the same ones, or start over without --resume"};
    }
    const std::string name = key.starts_with(kOption)
                                 ? "--" + key.substr(std::string(kOption).size())
                                 : "voxpack version";
    return {Errc::usage, "was made with " + name + " " + theirs + ", not " + value +
                             "; give the same options, or start over without --resume"};
  }
  return {};
}

}  // namespace

CheckpointFile::CheckpointFile(std::string path, double interval_seconds, Console& console)
    : path_(std::move(path)), interval_(interval_seconds), console_(console) {}

void CheckpointFile::describe(const BakeOptions& options, const DataSet& views) {
  identity_ = notes_of(options);
  identity_["bake.version"] = VOXPACK_VERSION;
  identity_[kPhotos] = format("%016llx", static_cast<unsigned long long>(views_id(views.train)));
  next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(interval_);
}

Result<std::optional<BakeState>> CheckpointFile::load() {
  if (!exists()) return std::optional<BakeState>();
  FieldNotes notes;
  BakeState state;
  VOXPACK_ASSIGN(state.field, read_field(path_, console_, &notes));
  VOXPACK_TRY(compare(identity_, notes).in(path_));
  VOXPACK_ASSIGN(state.level, whole_number(notes, kLevel).in(path_));
  VOXPACK_ASSIGN(state.iterations, whole_number(notes, kIterations).in(path_));
  is_current_ = true;
  return std::optional<BakeState>(std::move(state));
}

bool CheckpointFile::is_due() { return interval_.count() > 0 && Clock::now() >= next_; }

void CheckpointFile::save(const BakeState& state) {
  const Clock::time_point start = Clock::now();
  FieldNotes notes = identity_;
  notes[kLevel] = std::to_string(state.level);
  notes[kIterations] = std::to_string(state.iterations);
  const Status written = write_field(path_, state.field, notes);
  if (!written.ok() && written.code() != Errc::interrupted && !has_warned_) {
    console_.warn("no checkpoint: " + written.message());
    has_warned_ = true;
  }
  if (written.ok()) is_current_ = true;
  const std::chrono::duration<double> taken = Clock::now() - start;
  next_ = Clock::now() +
          std::chrono::duration_cast<Clock::duration>(std::max(interval_, taken / kLargestShare));
}

void CheckpointFile::remove() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  std::filesystem::remove(path_ + ".tmp", ignored);
}

bool CheckpointFile::exists() const {
  std::error_code ignored;
  return std::filesystem::exists(path_, ignored);
}

}  // namespace voxpack
