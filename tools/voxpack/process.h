// What the tool asks of the operating system: memory figures, signals, places to write to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/status.h"

namespace voxpack {

// Largest resident size since the start or the last reset, in bytes.
uint64_t peak_memory_bytes();

// Starts a new measurement; where the system does not allow it, the peak stays that of the process.
void reset_peak_memory();

uint64_t machine_memory_bytes();

// SIGINT and SIGTERM set voxpack::interrupt_signal; the third one ends the process at once. A write
// beyond the file size limit fails (io) instead of ending the process. SIGBUS, which is what a
// mapped file that became shorter gives, ends the process with a sentence and the code of `io`.
void install_signal_handlers();

// Whether a file can be made at `path`: its folder exists and takes a new file, and `path` is
// either nothing yet or a regular file. Nothing is left there. Called before long work. Fails with
// `io`.
Status check_output_file(const std::string& path);

// Files that are removed at the end of the scope unless keep() is called.
class OutputFiles {
 public:
  OutputFiles() = default;
  ~OutputFiles() { remove(); }
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  void add(const std::string& path) { files_.push_back(path); }
  void keep() { files_.clear(); }
  void remove();

 private:
  std::vector<std::string> files_;
};

// A folder that receives the files of a command. Made if missing; unless keep() is called, the
// added files, and the folder if it was made here, are removed at the end.
class OutputFolder {
 public:
  OutputFolder() = default;
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  // Fails with `io` if `path` cannot be made or written to.
  Status open(const std::string& path);
  // The path of a file to be written there.
  std::string add(const std::string& name);
  void keep() {
    files_.keep();
    made_ = false;
  }

 private:
  OutputFiles files_;
  std::string path_;
  bool made_ = false;
};

}  // namespace voxpack
