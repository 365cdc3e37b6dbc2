// Runs a fuzz target where there is no libFuzzer: over the files of folders, then over damaged
// copies of them for some seconds.
// usage: TARGET SECONDS FOLDER...
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

void run(const Bytes& bytes) { LLVMFuzzerTestOneInput(bytes.data(), bytes.size()); }

// Some bytes changed, a piece cut out, or a piece of another file put in.
Bytes damage(const std::vector<Bytes>& inputs, std::mt19937& random) {
  const auto pick = [&](size_t below) { return below == 0 ? 0 : random() % below; };
  Bytes bytes = inputs[pick(inputs.size())];
  for (size_t changes = 1 + pick(4); changes > 0 && !bytes.empty(); --changes) {
    const size_t at = pick(bytes.size());
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (pick(4)) {
      case 0:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 1:
        bytes[at] ^= static_cast<uint8_t>(1u << pick(8));
        break;
      case 2:
        bytes.erase(from, from + static_cast<std::ptrdiff_t>(
                                     pick(std::min<size_t>(64, bytes.size() - at)) + 1));
        break;
      case 3: {
        const Bytes& other = inputs[pick(inputs.size())];
        const auto begin = other.begin() + static_cast<std::ptrdiff_t>(pick(other.size()));
        const auto left = static_cast<size_t>(other.end() - begin);
        bytes.insert(from, begin,
                     begin + static_cast<std::ptrdiff_t>(pick(std::min<size_t>(64, left) + 1)));
        break;
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SECONDS FOLDER...\n", argv[0]);
    return 2;
  }
  std::vector<Bytes> inputs;
  for (int i = 2; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
      run(inputs.back());
    }
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "%s: no inputs\n", argv[0]);
    return 1;
  }
  std::mt19937 random(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[1]));
  size_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) run(damage(inputs, random));
  std::printf("%zu files, %zu damaged copies\n", inputs.size(), runs);
  return 0;
}
