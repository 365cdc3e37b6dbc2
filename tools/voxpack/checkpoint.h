// Checkpoints of a bake: field files that appear whole or not at all, with notes of what the bake
// was asked to do, so that it goes on only from its own.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "console.h"
#include "field/dataset.h"
#include "io/field_io.h"
#include "stages/bake.h"

namespace voxpack {

class CheckpointFile : public BakeCheckpoints {
 public:
  // `interval_seconds` lies between two files at least; 0: none is written. Saving never takes more
  // than about a tenth of the time.
  CheckpointFile(std::string path, double interval_seconds, Console& console);

  // What the bake is asked to do; before the other functions.
  void describe(const BakeOptions& options, const DataSet& views);

  // The state in the file, or nothing if there is no file. Fails with `usage` if it was made with
  // other options or by another version, with bad_data if from other photos or if it is damaged.
  Result<std::optional<BakeState>> load();

  bool is_due() override;
  // Warns, once, if the file cannot be written.
  void save(const BakeState& state) override;

  // Removes the file and what an interrupted save may have left.
  void remove();

  bool exists() const;
  // Whether the file holds a state of this bake: it was loaded or saved.
  bool is_current() const { return is_current_; }
  const std::string& path() const { return path_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::string path_;
  std::chrono::duration<double> interval_;
  Console& console_;
  FieldNotes identity_;
  Clock::time_point next_;
  bool is_current_ = false;
  bool has_warned_ = false;
};

}  // namespace voxpack
