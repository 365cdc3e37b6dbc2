#include "console.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace voxpack {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{200};
constexpr std::chrono::seconds kLineInterval{10};

// "2:05" from 125.
std::string clock_text(double seconds) {
  char text[32];
  const long whole = std::lround(std::min(seconds, 1e7));
  std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

// One line stays one line, and no control codes of a file name reach the terminal.
std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1), last_progress_(Clock::now()) {}

Console::~Console() { clear_progress(); }

void Console::start(std::string_view verb, bool quiet) {
  const std::lock_guard lock(mutex_);
  prefix_ = verb.empty() ? "voxpack: " : "voxpack " + std::string(verb) + ": ";
  quiet_ = quiet;
}

void Console::info(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!quiet_) write_line("", text);
}

void Console::warn(std::string_view text) {
  const std::lock_guard lock(mutex_);
  warnings_.emplace_back(text);
  if (!quiet_) write_line("warning: ", text);
}

void Console::error(std::string_view text) {
  const std::lock_guard lock(mutex_);
  write_line("error: ", text);
}

void Console::progress(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  if (now - last_progress_ < (terminal_ ? kRedrawInterval : Clock::duration(kLineInterval))) return;
  last_progress_ = now;
  std::string text(progress.stage);
  text += " " + std::to_string(std::lround(100 * std::clamp(progress.fraction, 0.0, 1.0))) + " %";
  if (!progress.detail.empty()) text += ", " + progress.detail;
  if (progress.seconds_left >= 0) text += ", " + clock_text(progress.seconds_left) + " left";
  text = one_line(text);
  if (terminal_) {
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    progress_shown_ = true;
  } else {
    std::fprintf(stderr, "%s%s\n", prefix_.c_str(), text.c_str());
  }
  std::fflush(stderr);
}

void Console::write_line(std::string_view kind, std::string_view text) {
  clear_progress();
  std::fprintf(stderr, "%s%.*s%s\n", prefix_.c_str(), static_cast<int>(kind.size()), kind.data(),
               one_line(text).c_str());
}

void Console::clear_progress() {
  if (progress_shown_) std::fputs("\r\x1b[K", stderr);
  progress_shown_ = false;
}

}  // namespace voxpack
