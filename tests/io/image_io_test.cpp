#include "io/image_io.h"

#include <gtest/gtest.h>
#include <jpeglib.h>
#include <spng.h>
#include <webp/encode.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "io/io_test_support.h"

namespace voxpack {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes make_jpeg(const Image& image, bool gray = false, bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = gray ? 1 : 3;
  info.in_color_space = gray ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const auto stride = static_cast<size_t>(image.width) * (gray ? 1 : 3);
    JSAMPROW row = const_cast<uint8_t*>(image.pixels.data()) + info.next_scanline * stride;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes bytes(data, data + size);
  std::free(data);
  return bytes;
}

Bytes make_webp(const Image& image) {
  uint8_t* data = nullptr;
  const int stride = image.width * image.channels;
  const size_t size =
      image.channels == 4
          ? WebPEncodeLosslessRGBA(image.pixels.data(), image.width, image.height, stride, &data)
          : WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, stride, &data);
  Bytes bytes(data, data + size);
  WebPFree(data);
  return bytes;
}

// A PNG of any colour type from raw rows in file order.
Bytes make_png(int width, int height, int depth, int color_type, const Bytes& rows,
               const spng_plte* palette = nullptr, const spng_trns* transparency = nullptr) {
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(SPNG_CTX_ENCODER),
                                                                    spng_ctx_free);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{static_cast<uint32_t>(width),
                   static_cast<uint32_t>(height),
                   static_cast<uint8_t>(depth),
                   static_cast<uint8_t>(color_type),
                   0,
                   0,
                   0};
  spng_set_ihdr(context.get(), &header);
  if (palette) spng_set_plte(context.get(), const_cast<spng_plte*>(palette));
  if (transparency) spng_set_trns(context.get(), const_cast<spng_trns*>(transparency));
  EXPECT_EQ(spng_encode_image(context.get(), rows.data(), rows.size(), SPNG_FMT_PNG,
                              SPNG_ENCODE_FINALIZE),
            0);
  size_t size = 0;
  int error = 0;
  auto* data = static_cast<uint8_t*>(spng_get_png_buffer(context.get(), &size, &error));
  Bytes bytes(data, data + size);
  std::free(data);
  return bytes;
}

Image decoded(const Bytes& bytes) {
  auto image = decode_image(bytes);
  EXPECT_TRUE(image.ok()) << image.error().message();
  return image.ok() ? std::move(image).take() : Image{};
}

TEST(ImageIo, PngRoundTrip) {
  for (const int channels : {3, 4}) {
    for (const auto& [width, height] : {std::pair(1, 1), {17, 13}, {64, 3}}) {
      const Image image = test_image(width, height, channels);
      const auto bytes = encode_png(image);
      ASSERT_TRUE(bytes.ok());
      const Image back = decoded(bytes.value());
      EXPECT_EQ(back.width, width);
      EXPECT_EQ(back.height, height);
      EXPECT_EQ(back.channels, channels);
      EXPECT_EQ(back.pixels, image.pixels);
    }
  }
}

TEST(ImageIo, PngColourTypes) {
  EXPECT_EQ(decoded(make_png(2, 1, 8, SPNG_COLOR_TYPE_GRAYSCALE, {7, 200})).pixels,
            (Bytes{7, 7, 7, 200, 200, 200}));
  EXPECT_EQ(decoded(make_png(2, 1, 8, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, {7, 1, 200, 2})).pixels,
            (Bytes{7, 7, 7, 1, 200, 200, 200, 2}));
  EXPECT_EQ(decoded(make_png(3, 1, 1, SPNG_COLOR_TYPE_GRAYSCALE, {0xa0})).pixels,
            (Bytes{255, 255, 255, 0, 0, 0, 255, 255, 255}));
  // 16 bits, big-endian in the file and native in the encoder's input; 0x00ff is nearest to 1,
  // 0x7fff to 127.
  EXPECT_EQ(decoded(make_png(2, 1, 16, SPNG_COLOR_TYPE_GRAYSCALE, {0xff, 0x00, 0xff, 0x7f})).pixels,
            (Bytes{1, 1, 1, 127, 127, 127}));
  EXPECT_EQ(decoded(make_png(1, 1, 16, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA,
                             {0xff, 0xff, 0x00, 0x00, 0x01, 0x01, 0x80, 0x80}))
                .pixels,
            (Bytes{255, 0, 1, 128}));
  spng_plte palette{};
  palette.n_entries = 2;
  palette.entries[0] = {10, 20, 30, 255};
  palette.entries[1] = {40, 50, 60, 255};
  EXPECT_EQ(decoded(make_png(2, 1, 8, SPNG_COLOR_TYPE_INDEXED, {1, 0}, &palette)).pixels,
            (Bytes{40, 50, 60, 10, 20, 30}));
  spng_trns transparency{};
  transparency.n_type3_entries = 1;
  transparency.type3_alpha[0] = 99;
  EXPECT_EQ(
      decoded(make_png(2, 1, 8, SPNG_COLOR_TYPE_INDEXED, {1, 0}, &palette, &transparency)).pixels,
      (Bytes{40, 50, 60, 255, 10, 20, 30, 99}));
}

TEST(ImageIo, JpegIsClose) {
  const Image image = test_image(45, 31, 3);
  for (const bool progressive : {false, true}) {
    const Image back = decoded(make_jpeg(image, false, progressive));
    ASSERT_EQ(back.pixels.size(), image.pixels.size());
    EXPECT_EQ(back.channels, 3);
    double sum = 0;
    for (size_t i = 0; i < back.pixels.size(); ++i)
      sum += std::abs(back.pixels[i] - image.pixels[i]);
    EXPECT_LT(sum / static_cast<double>(back.pixels.size()), 4);
  }
  Image gray{8, 8, 1, Bytes(64, 77)};
  const Image back = decoded(make_jpeg(gray, true));
  EXPECT_EQ(back.channels, 3);
  EXPECT_NEAR(back.pixels[30], 77, 1);
}

TEST(ImageIo, WebpIsLossless) {
  const Image rgb = test_image(33, 21, 3);
  EXPECT_EQ(decoded(make_webp(rgb)).pixels, rgb.pixels);
  Image rgba = test_image(33, 21, 4);
  for (size_t i = 3; i < rgba.pixels.size(); i += 4)
    rgba.pixels[i] |= 1;  // colour under alpha 0 is free
  const Image back = decoded(make_webp(rgba));
  EXPECT_EQ(back.channels, 4);
  EXPECT_EQ(back.pixels, rgba.pixels);
}

TEST(ImageIo, EveryTruncationIsRefused) {
  const auto png = encode_png(test_image(9, 7, 4));
  ASSERT_TRUE(png.ok());
  for (const Bytes& whole :
       {png.value(), make_jpeg(test_image(40, 24, 3)),
        make_jpeg(test_image(40, 24, 3), false, true), make_webp(test_image(40, 24, 3))}) {
    ASSERT_TRUE(decode_image(whole).ok());
    for (size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      const auto image = decode_image(part);
      // Without the last bytes of PNG's end chunk (a constant) or of JPEG's end marker, all
      // pixels are there.
      if (size + 4 >= whole.size() && image.ok()) continue;
      ASSERT_FALSE(image.ok()) << size << " of " << whole.size();
      ASSERT_EQ(image.error().code(), Errc::bad_data) << size;
    }
  }
}

TEST(ImageIo, DamageNeverCrashes) {
  const auto png = encode_png(test_image(9, 7, 4));
  ASSERT_TRUE(png.ok());
  for (const Bytes& whole :
       {png.value(), make_jpeg(test_image(40, 24, 3)), make_webp(test_image(40, 24, 4))}) {
    uint32_t random = 1;
    for (int i = 0; i < 2000; ++i) {
      Bytes bytes = whole;
      for (int k = 0; k <= i % 4; ++k) {
        random = random * 1664525 + 1013904223;
        bytes[random % bytes.size()] ^= static_cast<uint8_t>(1u << (random >> 24) % 8);
      }
      const auto image = decode_image(bytes);
      if (!image.ok()) continue;
      ASSERT_EQ(image.value().pixels.size(), static_cast<size_t>(image.value().width) *
                                                 static_cast<size_t>(image.value().height) *
                                                 static_cast<size_t>(image.value().channels));
    }
  }
}

TEST(ImageIo, FilesAreToldByContent) {
  TempFolder folder;
  put_bytes(folder / "a.png", make_jpeg(test_image(8, 8, 3)));
  EXPECT_TRUE(read_image(folder / "a.png").ok());
  put_file(folder / "b.png", "GIF89a and so on");
  const auto wrong = read_image(folder / "b.png");
  EXPECT_EQ(wrong.error().code(), Errc::bad_data);
  EXPECT_NE(wrong.error().message().find("b.png"), std::string::npos);
  EXPECT_EQ(read_image(folder / "c.png").error().code(), Errc::io);
  put_file(folder / "d.png", "");
  EXPECT_EQ(read_image(folder / "d.png").error().code(), Errc::bad_data);
}

TEST(ImageIo, SizeOnly) {
  TempFolder folder;
  const auto png = encode_png(test_image(19, 7, 4));
  put_bytes(folder / "a", png.value());
  put_bytes(folder / "b", make_jpeg(test_image(19, 7, 3)));
  put_bytes(folder / "c", make_webp(test_image(19, 7, 3)));
  for (const char* name : {"a", "b", "c"}) {
    const auto size = read_image_size(folder / name);
    ASSERT_TRUE(size.ok());
    EXPECT_EQ(size.value().width, 19);
    EXPECT_EQ(size.value().height, 7);
    EXPECT_TRUE(size.value().empty());
  }
}

TEST(ImageIo, LimitsTheSide) {
  const Bytes bytes =
      make_png(kMaxImageSide + 1, 1, 1, SPNG_COLOR_TYPE_GRAYSCALE, Bytes((kMaxImageSide + 8) / 8));
  EXPECT_EQ(decode_image(bytes).error().code(), Errc::bad_data);
  EXPECT_TRUE(decode_image(make_png(kMaxImageSide, 1, 1, SPNG_COLOR_TYPE_GRAYSCALE,
                                    Bytes(kMaxImageSide / 8)))
                  .ok());
}

TEST(ImageIo, EncodeRefusesNonsense) {
  EXPECT_FALSE(encode_png({}).ok());
  Image image = test_image(4, 4, 3);
  image.pixels.pop_back();
  EXPECT_EQ(encode_png(image).error().code(), Errc::usage);
  image = {4, 4, 2, Bytes(32)};
  EXPECT_EQ(encode_png(image).error().code(), Errc::usage);
}

TEST(ImageIo, WritePngIsAtomic) {
  TempFolder folder;
  ASSERT_TRUE(write_png(folder / "a.png", test_image(5, 4, 4)).ok());
  EXPECT_TRUE(read_image(folder / "a.png").ok());
  EXPECT_EQ(write_png(folder / "no/a.png", test_image(5, 4, 4)).code(), Errc::io);
  EXPECT_EQ(folder.file_count(), 1u);
}

}  // namespace
}  // namespace voxpack
