#include "io/image_io.h"

#include <webp/decode.h>

#include <cstring>
#include <new>
#include <utility>

#include "io/atomic_file.h"
#include "io/image_jpeg.h"
#include "io/image_png.h"

namespace voxpack {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 31;

Status too_large(int64_t width, int64_t height) {
  return {Errc::bad_data, std::to_string(width) + " x " + std::to_string(height) +
                              " pixels, sides of 1.." + std::to_string(kMaxImageSide) +
                              " are expected"};
}

bool size_ok(int64_t width, int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxImageSide && height <= kMaxImageSide;
}

Result<Image> decode_webp(std::span<const uint8_t> bytes, bool size_only) {
  WebPBitstreamFeatures info;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &info) != VP8_STATUS_OK) {
    return {Errc::bad_data, "WebP: the header is damaged"};
  }
  if (info.has_animation) return {Errc::unsupported, "WebP: animations are not read"};
  if (!size_ok(info.width, info.height)) return too_large(info.width, info.height);
  Image image;
  image.width = info.width;
  image.height = info.height;
  if (size_only) return image;
  image.channels = info.has_alpha ? 4 : 3;
  const int stride = image.width * image.channels;
  image.pixels.resize(static_cast<size_t>(stride) * static_cast<size_t>(image.height));
  const auto decode = info.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (!decode(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), stride)) {
    return {Errc::bad_data, "WebP: damaged or truncated"};
  }
  return image;
}

Result<Image> decode(std::span<const uint8_t> bytes, bool size_only) {
  const auto starts_with = [&](size_t offset, std::string_view text) {
    return bytes.size() >= offset + text.size() &&
           std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
  };
  if (starts_with(0, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, kMaxImageSide, size_only);
  if (starts_with(0, "\xff\xd8\xff")) return decode_jpeg(bytes, kMaxImageSide, size_only);
  if (starts_with(0, "RIFF") && starts_with(8, "WEBP")) return decode_webp(bytes, size_only);
  return {Errc::bad_data,
          bytes.empty() ? "the image file is empty" : "not a PNG, JPEG or WebP image"};
}

}  // namespace

Result<Image> decode_image(std::span<const uint8_t> bytes) { return decode(bytes, false); }

Result<Image> read_image(const std::string& path) {
  VOXPACK_ASSIGN(const auto bytes, read_file(path, kMaxFileBytes));
  try {
    return decode(bytes, false).in(path);
  } catch (const std::bad_alloc&) {
    return {Errc::device, path + ": out of memory for the image"};
  }
}

Result<Image> read_image_size(const std::string& path) {
  VOXPACK_ASSIGN(const MappedFile file, MappedFile::open(path));
  return decode(file.bytes(), true).in(path);
}

Result<std::vector<uint8_t>> encode_png(const Image& image) {
  if (!size_ok(image.width, image.height)) return too_large(image.width, image.height);
  const size_t expected = static_cast<size_t>(image.width) * static_cast<size_t>(image.height) *
                          static_cast<size_t>(image.channels == 4 ? 4 : 3);
  if ((image.channels != 3 && image.channels != 4) || image.pixels.size() != expected) {
    return {Errc::usage, "an image of " + std::to_string(image.channels) + " channels and " +
                             std::to_string(image.pixels.size()) + " bytes cannot be written"};
  }
  return compress_png(image);
}

Status write_png(const std::string& path, const Image& image) {
  auto bytes = encode_png(image);
  if (!bytes.ok()) return std::move(bytes).error().in(path);
  return write_file(path, bytes.value());
}

}  // namespace voxpack
