// Readers of files take any bytes: the first says which reader, the rest is the file.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "io/codes_io.h"
#include "io/detail_io.h"
#include "io/field_io.h"
#include "io/image_io.h"
#include "io/npz_read.h"
#include "io/transforms_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace voxpack;
  if (size < 1) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  if (data[0] % 6 == 0) {
    (void)decode_image(bytes).ok();
    return 0;
  }
  const int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    __builtin_trap();
  }
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  Log log;
  switch (data[0] % 6) {
    case 1:
      (void)read_field(path, log).ok();
      break;
    case 2:
      (void)read_codes(path, log).ok();
      break;
    case 3:
      (void)read_detail(path, log).ok();
      break;
    case 4:
      (void)read_npz(path, {"xyz", "rgb"}).ok();
      break;
    case 5:
      (void)read_transforms_json(path).ok();
      break;
  }
  close(file);
  return 0;
}
