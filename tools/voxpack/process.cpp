#include "process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/interrupt.h"

namespace voxpack {
namespace {

namespace fs = std::filesystem;

// The value of "Name:   123 kB" in a file of /proc, in bytes; 0 if it is not there.
uint64_t proc_value(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, name.size(), name) == 0) {
      return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
    }
  }
  return 0;
}

void on_signal(int number) {
  static std::atomic<int> count{0};
  interrupt_signal.store(number);
  if (++count >= 3) _exit(128 + number);
}

// A mapped file became shorter, or its disk failed: what it held cannot be had.
void on_lost_file(int) {
  constexpr char kText[] =
      "voxpack: error: a file that is being read became shorter or its disk failed; run again when "
      "nothing writes to it\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
  _exit(static_cast<int>(Errc::io));
}

std::string reason(int error) { return std::strerror(error); }

// Fails with `io` unless a new file can be made in `folder`.
Status check_folder(const std::string& folder) {
  const std::string probe = folder + "/.voxpack-probe-" + std::to_string(getpid());
  const int file = ::open(probe.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) {
    return {Errc::io, folder + ": cannot write there (" + reason(errno) +
                          "); make the folder or choose another"};
  }
  ::close(file);
  ::unlink(probe.c_str());
  return {};
}

}  // namespace

uint64_t peak_memory_bytes() {
  if (const uint64_t bytes = proc_value("/proc/self/status", "VmHWM:")) return bytes;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

void reset_peak_memory() {
  std::ofstream out("/proc/self/clear_refs");
  out << "5";  // proc(5): resets the peak resident set size
}

uint64_t machine_memory_bytes() { return proc_value("/proc/meminfo", "MemTotal:"); }

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGBUS, on_lost_file);
}

Status check_output_file(const std::string& path) {
  if (path.empty()) return {Errc::usage, "the name of the output file is empty"};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return {Errc::io, path + ": is not a regular file; choose another name for the output"};
  }
  const std::string folder = fs::path(path).parent_path().string();
  return check_folder(folder.empty() ? "." : folder);
}

void OutputFiles::remove() {
  std::error_code ignored;
  for (const std::string& file : files_) fs::remove(file, ignored);
  files_.clear();
}

OutputFolder::~OutputFolder() {
  if (!made_) return;
  files_.remove();
  std::error_code ignored;
  fs::remove(path_, ignored);  // only if empty
}

Status OutputFolder::open(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directory(path, error);
  if (error) {
    return {Errc::io, path + ": cannot make this folder (" + error.message() +
                          "); make the folder above it or choose another"};
  }
  path_ = path;
  made_ = made;
  return check_folder(path);
}

std::string OutputFolder::add(const std::string& name) {
  // Views of a data set may be called "train/r_0" or "../r_0"; their files lie in one folder.
  std::string file = name;
  std::replace(file.begin(), file.end(), '/', '_');
  file = (fs::path(path_) / file).string();
  files_.add(file);
  return file;
}

}  // namespace voxpack
