// A package of any bytes is refused, or its codes make the same package again. Checksums are put
// right first, so that what they protect is reached.
#include <cstring>
#include <vector>

#include "core/hash.h"
#include "decoder/voxpack_decoder.h"
#include "package/dec_package.h"
#include "package/enc_package.h"

namespace {

constexpr size_t kChecksumOffset = 32;
constexpr uint64_t kMostPoints = 100'000;  // more only takes time

template <class Number>
Number get(const std::vector<uint8_t>& bytes, size_t at) {
  Number number;
  std::memcpy(&number, &bytes[at], sizeof(number));
  return number;
}

void put(std::vector<uint8_t>& bytes, size_t at, uint64_t number) {
  std::memcpy(&bytes[at], &number, sizeof(number));
}

void mend_checksums(std::vector<uint8_t>& bytes) {
  using namespace voxpack;
  if (bytes.size() < kPackageHeaderSize) return;
  std::memcpy(bytes.data(), kPackageMagic.data(), kPackageMagic.size());
  put(bytes, 8, bytes.size());
  const auto count = get<uint32_t>(bytes, 16);
  if (count > (bytes.size() - kPackageHeaderSize) / kPackageEntrySize) return;
  const size_t table_end = kPackageHeaderSize + size_t{count} * kPackageEntrySize;
  for (size_t entry = kPackageHeaderSize; entry < table_end; entry += kPackageEntrySize) {
    const auto offset = get<uint64_t>(bytes, entry + 8), size = get<uint64_t>(bytes, entry + 16);
    if (offset > bytes.size() || size > bytes.size() - offset) return;
    put(bytes, entry + 24, xxh3_64(std::span(bytes).subspan(offset, size)));
  }
  std::vector<uint8_t> hashed(bytes.begin(), bytes.begin() + kChecksumOffset);
  hashed.insert(hashed.end(), bytes.begin() + kPackageHeaderSize,
                bytes.begin() + static_cast<ptrdiff_t>(table_end));
  put(bytes, kChecksumOffset, xxh3_64(hashed));
}

void check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  mend_checksums(bytes);
  voxpack_decoder* decoder = nullptr;
  voxpack_info info;
  voxpack_error error = voxpack_open(bytes.data(), bytes.size(), &decoder);
  if (error == VOXPACK_OK) check(voxpack_get_info(decoder, &info) == VOXPACK_OK);
  if (error == VOXPACK_OK && info.point_count <= kMostPoints) {
    std::vector<float> density(info.point_count), features(info.point_count * info.channel_count);
    std::vector<float> weights(info.weight_count);
    error = voxpack_decode_points(decoder, nullptr, nullptr, density.data(), features.data());
    check(voxpack_decode_weights(decoder, weights.data()) == VOXPACK_OK);
    const auto view = voxpack::open_package(bytes).take();
    auto codes = voxpack::decode_package(bytes);
    check(codes.ok() == (error == VOXPACK_OK));
    bool known = true;
    for (const auto& section : view.sections) known &= section.kind >= 1 && section.kind <= 4;
    if (codes.ok() && known) {
      const auto again = voxpack::encode_package(codes.value());
      check(again.ok());
      const auto codes_again = voxpack::decode_package(again.value());
      check(codes_again.ok() && codes_again.value() == codes.value());
    }
  }
  voxpack_close(decoder);
  return 0;
}
