#include "io/image_png.h"

#include <png.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace voxpack {
namespace {

constexpr size_t kMaxChunkBytes = size_t{64} << 20;
constexpr int kCompressionLevel = 4;

// What libpng's callbacks see; plain data, because longjmp runs no destructors.
struct PngState {
  const uint8_t* next = nullptr;
  size_t left = 0;
  std::vector<uint8_t>* written = nullptr;
  char text[160] = "out of memory";
};

void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->text, sizeof(state->text), "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (size > state->left) png_error(png, "the file is truncated");
  std::memcpy(out, state->next, size);
  state->next += size;
  state->left -= size;
}

void write_bytes(png_structp png, png_bytep bytes, size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  bool written = true;
  try {
    state->written->insert(state->written->end(), bytes, bytes + size);
  } catch (...) {
    written = false;
  }
  if (!written) png_error(png, "out of memory");
}

void no_flush(png_structp) {}

struct Header {
  uint32_t width = 0, height = 0;
  bool alpha = false;
};

// Each step is one setjmp scope without objects that need destruction. False: see text().
class PngReader {
 public:
  explicit PngReader(std::span<const uint8_t> bytes) {
    state_.next = bytes.data();
    state_.left = bytes.size();
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  bool read_header(int max_side, Header& header) {
    if (!info_ || setjmp(png_jmpbuf(png_))) return false;
    png_set_read_fn(png_, &state_, read_bytes);
    png_set_user_limits(png_, max_side, max_side);
    png_set_chunk_malloc_max(png_, kMaxChunkBytes);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Colour profiles and texts do not matter here, and their parsers need not see hostile bytes.
    static const png_byte kIgnored[] = "iCCP\0sRGB\0gAMA\0cHRM\0tEXt\0zTXt\0iTXt\0eXIf\0sPLT\0hIST";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, sizeof(kIgnored) / 5);
    png_read_info(png_, info_);
    header.width = png_get_image_width(png_, info_);
    header.height = png_get_image_height(png_, info_);
    header.alpha = (png_get_color_type(png_, info_) & PNG_COLOR_MASK_ALPHA) != 0 ||
                   png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    return true;
  }

  // [height][stride], RGBA if header.alpha, else RGB.
  bool read_pixels(uint8_t* pixels, uint32_t height, size_t stride) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_expand(png_);
    png_set_gray_to_rgb(png_);
    png_set_scale_16(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != stride) png_error(png_, "unexpected pixel format");
    for (int pass = 0; pass < passes; ++pass) {
      for (uint32_t y = 0; y < height; ++y) png_read_row(png_, pixels + y * stride, nullptr);
    }
    png_read_end(png_, nullptr);  // the chunks behind the pixels tell whether the file is whole
    return true;
  }

  const char* text() const { return state_.text; }

 private:
  PngState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class PngWriter {
 public:
  explicit PngWriter(std::vector<uint8_t>& written) {
    state_.written = &written;
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state_, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }

  bool write(const Image& image) {
    if (!info_ || setjmp(png_jmpbuf(png_))) return false;
    png_set_write_fn(png_, &state_, write_bytes, no_flush);
    png_set_compression_level(png_, kCompressionLevel);
    png_set_IHDR(png_, info_, image.width, image.height, 8,
                 image.channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    const size_t stride = size_t(image.width) * image.channels;
    for (int y = 0; y < image.height; ++y) png_write_row(png_, image.pixels.data() + y * stride);
    png_write_end(png_, nullptr);
    return true;
  }

  const char* text() const { return state_.text; }

 private:
  PngState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Result<Image> decode_png(std::span<const uint8_t> bytes, int max_side, bool size_only) {
  PngReader reader(bytes);
  Header header;
  if (!reader.read_header(max_side, header)) {
    return {Errc::bad_data, std::string("PNG: ") + reader.text()};
  }
  Image image;
  image.width = static_cast<int>(header.width);
  image.height = static_cast<int>(header.height);
  if (size_only) return image;
  image.channels = header.alpha ? 4 : 3;
  const size_t stride = static_cast<size_t>(header.width) * static_cast<size_t>(image.channels);
  image.pixels.resize(stride * header.height);
  if (!reader.read_pixels(image.pixels.data(), header.height, stride)) {
    return {Errc::bad_data, std::string("PNG: ") + reader.text()};
  }
  return image;
}

Result<std::vector<uint8_t>> compress_png(const Image& image) {
  std::vector<uint8_t> bytes;
  PngWriter writer(bytes);
  if (!writer.write(image)) return {Errc::device, std::string("PNG: ") + writer.text()};
  return bytes;
}

}  // namespace voxpack
