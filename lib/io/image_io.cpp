#include "io/image_io.h"

#include <spng.h>
#include <webp/decode.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "io/atomic_file.h"
#include "io/image_jpeg.h"

namespace voxpack {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 31;
constexpr size_t kMaxChunkBytes = size_t{64} << 20;

Status too_large(int64_t width, int64_t height) {
  return {Errc::bad_data, std::to_string(width) + " x " + std::to_string(height) +
                              " pixels, sides of 1.." + std::to_string(kMaxImageSide) +
                              " are expected"};
}

bool size_ok(int64_t width, int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxImageSide && height <= kMaxImageSide;
}

Status png_error(int code) { return {Errc::bad_data, std::string("PNG: ") + spng_strerror(code)}; }

using PngContext = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

// Alpha of a 16-bit image is needed at full depth only to round it; libspng's own way truncates.
Status png_to_8_bits(spng_ctx* context, bool alpha, Image& image) {
  const size_t values = static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 4;
  std::vector<uint16_t> wide(values);
  if (const int code =
          spng_decode_image(context, wide.data(), values * 2, SPNG_FMT_RGBA16, SPNG_DECODE_TRNS)) {
    return png_error(code);
  }
  image.channels = alpha ? 4 : 3;
  image.pixels.resize(values / 4 * static_cast<size_t>(image.channels));
  uint8_t* out = image.pixels.data();
  for (size_t i = 0; i < values; ++i) {
    if (i % 4 == 3 && !alpha) continue;
    *out++ = static_cast<uint8_t>((wide[i] + 128u) / 257u);
  }
  return {};
}

Result<Image> decode_png(std::span<const uint8_t> bytes, bool size_only) {
  PngContext context(spng_ctx_new(0), spng_ctx_free);
  if (!context) return {Errc::device, "out of memory for a PNG image"};
  spng_set_image_limits(context.get(), kMaxImageSide, kMaxImageSide);
  spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunkBytes);
  spng_set_png_buffer(context.get(), bytes.data(), bytes.size());
  spng_ihdr header{};
  if (const int code = spng_get_ihdr(context.get(), &header)) return png_error(code);
  if (!size_ok(header.width, header.height)) return too_large(header.width, header.height);
  Image image;
  image.width = static_cast<int>(header.width);
  image.height = static_cast<int>(header.height);
  if (size_only) return image;
  spng_trns transparency{};
  const bool alpha = header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA ||
                     header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
                     spng_get_trns(context.get(), &transparency) == 0;
  if (header.bit_depth == 16) {
    VOXPACK_TRY(png_to_8_bits(context.get(), alpha, image));
  } else {
    const int format = alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8;
    size_t size = 0;
    if (const int code = spng_decoded_image_size(context.get(), format, &size)) {
      return png_error(code);
    }
    image.channels = alpha ? 4 : 3;
    image.pixels.resize(size);
    if (const int code =
            spng_decode_image(context.get(), image.pixels.data(), size, format, SPNG_DECODE_TRNS)) {
      return png_error(code);
    }
  }
  // The decoder stops after the last row; the chunks behind it tell whether the file is whole.
  if (const int code = spng_decode_chunks(context.get())) return png_error(code);
  return image;
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
  if (starts_with(0, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, size_only);
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
  PngContext context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  if (!context) return {Errc::device, "out of memory for a PNG image"};
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_set_option(context.get(), SPNG_IMG_COMPRESSION_LEVEL, 4);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(image.width);
  header.height = static_cast<uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type =
      image.channels == 4 ? SPNG_COLOR_TYPE_TRUECOLOR_ALPHA : SPNG_COLOR_TYPE_TRUECOLOR;
  spng_set_ihdr(context.get(), &header);
  if (const int code = spng_encode_image(context.get(), image.pixels.data(), image.pixels.size(),
                                         SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE)) {
    return {Errc::internal, std::string("PNG: ") + spng_strerror(code)};
  }
  size_t size = 0;
  int code = 0;
  const std::unique_ptr<void, decltype(&std::free)> data(
      spng_get_png_buffer(context.get(), &size, &code), std::free);
  if (!data) return {Errc::internal, std::string("PNG: ") + spng_strerror(code)};
  const auto* first = static_cast<const uint8_t*>(data.get());
  return std::vector<uint8_t>(first, first + size);
}

Status write_png(const std::string& path, const Image& image) {
  auto bytes = encode_png(image);
  if (!bytes.ok()) return std::move(bytes).error().in(path);
  return write_file(path, bytes.value());
}

}  // namespace voxpack
