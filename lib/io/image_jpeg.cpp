#include "io/image_jpeg.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace voxpack {
namespace {

// What libjpeg's callbacks see; plain data, because longjmp runs no destructors.
struct ErrorManager {
  jpeg_error_mgr base;  // first: libjpeg holds a pointer to it
  jmp_buf jump;
  char text[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->text);
  longjmp(manager->jump, 1);
}

// Damage that libjpeg would paper over with gray pixels arrives as a warning (level -1). Junk
// between markers and odd version numbers are warnings too, but harmless and common in photos.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
      return;
    default:
      on_error(info);
  }
}

struct Size {
  int width = 0, height = 0, components = 0;
};

class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    errors_.text[0] = 0;
  }
  Decoder(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info_); }

  // Each step is one setjmp scope without objects that need destruction. False: see text().
  bool read_header(std::span<const uint8_t> bytes, Size& size) {
    if (setjmp(errors_.jump)) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info_, TRUE);
    size = {static_cast<int>(info_.image_width), static_cast<int>(info_.image_height),
            info_.num_components};
    return true;
  }

  bool read_pixels(uint8_t* pixels, size_t stride) {
    if (setjmp(errors_.jump)) return false;
    info_.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + info_.output_scanline * stride;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  const char* text() const { return errors_.text; }

 private:
  jpeg_decompress_struct info_{};
  ErrorManager errors_{};
};

}  // namespace

Result<Image> decode_jpeg(std::span<const uint8_t> bytes, int max_side, bool size_only) {
  Decoder decoder;
  Size size;
  if (!decoder.read_header(bytes, size)) {
    return {Errc::bad_data, std::string("JPEG: ") + decoder.text()};
  }
  if (size.components != 1 && size.components != 3) {
    return {Errc::unsupported, "JPEG: " + std::to_string(size.components) +
                                   " components; only gray and RGB are read, convert the file"};
  }
  if (size.width < 1 || size.height < 1 || size.width > max_side || size.height > max_side) {
    return {Errc::bad_data, std::to_string(size.width) + " x " + std::to_string(size.height) +
                                " pixels, sides of 1.." + std::to_string(max_side) +
                                " are expected"};
  }
  Image image;
  image.width = size.width;
  image.height = size.height;
  if (size_only) return image;
  image.channels = 3;
  const size_t stride = static_cast<size_t>(size.width) * 3;
  image.pixels.resize(stride * static_cast<size_t>(size.height));
  if (!decoder.read_pixels(image.pixels.data(), stride)) {
    return {Errc::bad_data, std::string("JPEG: ") + decoder.text()};
  }
  return image;
}

}  // namespace voxpack
