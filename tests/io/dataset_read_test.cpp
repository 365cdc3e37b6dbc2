#include "io/dataset_read.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "core/interrupt.h"
#include "io/image_io.h"
#include "io/io_test_support.h"

namespace voxpack {
namespace {

constexpr const char* kPose = R"([[1,0,0,1],[0,0.6,-0.8,2],[0,0.8,0.6,3],[0,0,0,1]])";

std::string frame(const std::string& file_path, const std::string& extra = "",
                  const std::string& pose = kPose) {
  return R"({"file_path":")" + file_path + R"(","transform_matrix":)" + pose + extra + "}";
}

std::string json_of(const std::vector<std::string>& frames,
                    const std::string& head = R"("camera_angle_x":0.8)") {
  std::string list;
  for (const std::string& item : frames) list += (list.empty() ? "" : ",") + item;
  return "{" + head + R"(,"frames":[)" + list + "]}";
}

void put_image(const std::string& path, int width = 8, int height = 6, int channels = 4) {
  const auto bytes = encode_png(test_image(width, height, channels));
  ASSERT_TRUE(bytes.ok());
  put_bytes(path, bytes.value());
}

// A folder with `count` frames images/i.png and a transforms.json.
void put_single(const TempFolder& folder, int count,
                const std::string& head = R"("camera_angle_x":0.8)", const std::string& extra = "",
                const std::string& pose = kPose) {
  std::vector<std::string> frames;
  for (int i = 0; i < count; ++i) {
    const std::string name = "images/" + std::to_string(i) + ".png";
    put_image(folder / name);
    frames.push_back(frame(name, extra, pose));
  }
  put_file(folder / "transforms.json", json_of(frames, head));
}

Status error_of(const TempFolder& folder, const DataSetOptions& options = {}) {
  RecordingLog log;
  const auto views = read_dataset(folder / "", options, log);
  return views.ok() ? Status() : views.error();
}

TEST(DataSet, BlenderFolder) {
  TempFolder folder;
  put_image(folder / "train/r_0.png");
  const auto jpeg_named = encode_png(test_image(8, 6, 3));
  put_bytes(folder / "train/r_1.jpg", jpeg_named.value());
  put_image(folder / "test/r_0.png");
  put_file(folder / "transforms_train.json", json_of({frame("./train/r_0"), frame("train/r_1")}));
  put_file(folder / "transforms_test.json", json_of({frame("./test/r_0")}));
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  const DataSet& views = read.value();
  ASSERT_EQ(views.train.size(), 2u);
  ASSERT_EQ(views.test.size(), 1u);
  EXPECT_FALSE(views.test_is_every_8th);
  EXPECT_EQ(views.train[1].name, "r_1");
  const Camera& camera = views.train[0].camera;
  EXPECT_EQ(camera.width, 8);
  EXPECT_EQ(camera.height, 6);
  EXPECT_NEAR(camera.fx, 4 / std::tan(0.4), 1e-12);
  EXPECT_EQ(camera.fy, camera.fx);
  EXPECT_EQ(camera.cx, 4);
  EXPECT_EQ(camera.cy, 3);
  EXPECT_EQ(camera_position(camera), (Vec3{1, 2, 3}));
  EXPECT_EQ(camera.camera_to_world[6], -0.8);
  EXPECT_EQ(views.train[0].image.pixels, test_image(8, 6, 4).pixels);
  EXPECT_EQ(views.train[1].image.channels, 3);
  EXPECT_EQ(log.warnings, "");
}

TEST(DataSet, EveryEighthViewIsTest) {
  TempFolder folder;
  put_single(folder, 17);
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_TRUE(read.value().test_is_every_8th);
  EXPECT_NE(log.infos.find("every 8th"), std::string::npos);
  ASSERT_EQ(read.value().test.size(), 3u);
  ASSERT_EQ(read.value().train.size(), 14u);
  EXPECT_EQ(read.value().test[0].name, "0");
  EXPECT_EQ(read.value().test[2].name, "16");
  EXPECT_EQ(read.value().train[7].name, "9");
}

TEST(DataSet, SplitGivenByNerfstudio) {
  TempFolder folder;
  put_single(folder, 4, R"("camera_angle_x":0.8,"test_filenames":["images/2.png"])");
  RecordingLog log;
  const auto read = read_dataset(folder / "transforms.json", {}, log);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read.value().test_is_every_8th);
  ASSERT_EQ(read.value().test.size(), 1u);
  EXPECT_EQ(read.value().test[0].name, "2");
}

TEST(DataSet, OneViewIsATrainView) {
  TempFolder folder;
  put_single(folder, 1);
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().train.size(), 1u);
  EXPECT_FALSE(read.value().test_is_every_8th);
}

TEST(DataSet, GlobalAndPerFrameIntrinsics) {
  TempFolder folder;
  put_image(folder / "a.png");
  put_image(folder / "b.png", 16, 10);
  put_file(
      folder / "transforms.json",
      json_of({frame("a.png"), frame("b.png", R"(,"w":16,"h":10,"fl_x":20,"cx":7,"k1":0)")},
              R"("w":8,"h":6,"fl_x":9,"fl_y":10,"cx":4.5,"cy":2.5,"k1":0.1,"k2":-0.01,"p1":0.001,)"
              R"("p2":0.002,"camera_model":"OPENCV")"));
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  const Camera& a = read.value().test[0].camera;
  const Camera& b = read.value().train[0].camera;
  EXPECT_EQ(a.lens, LensModel::opencv);
  EXPECT_EQ(a.fx, 9);
  EXPECT_EQ(a.fy, 10);
  EXPECT_EQ(a.cx, 4.5);
  EXPECT_EQ(a.k1, 0.1);
  EXPECT_EQ(a.p2, 0.002);
  EXPECT_EQ(b.width, 16);
  EXPECT_EQ(b.fx, 20);
  EXPECT_EQ(b.fy, 10);
  EXPECT_EQ(b.cx, 7);
  EXPECT_EQ(b.cy, 2.5);
  EXPECT_EQ(b.k1, 0);
  EXPECT_EQ(b.k2, -0.01);
}

TEST(DataSet, LensModels) {
  const std::map<std::string, LensModel> heads = {
      {R"("fl_x":9)", LensModel::pinhole},
      {R"("fl_x":9,"k1":0.1)", LensModel::opencv},
      {R"("fl_x":9,"camera_model":"PINHOLE")", LensModel::pinhole},
      {R"("fl_x":9,"camera_model":"OPENCV","k1":0,"k2":0)", LensModel::pinhole},
      {R"("fl_x":9,"camera_model":"OPENCV_FISHEYE","k1":0.1,"k4":0.2)", LensModel::fisheye},
      {R"("fl_x":9,"is_fisheye":true)", LensModel::fisheye},
      {R"("fl_x":9,"is_fisheye":false)", LensModel::pinhole}};
  for (const auto& [head, lens] : heads) {
    TempFolder folder;
    put_single(folder, 1, head);
    RecordingLog log;
    const auto read = read_dataset(folder / "", {}, log);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(read.value().train[0].camera.lens, lens) << head;
  }
  TempFolder folder;
  put_single(folder, 1, R"("fl_x":9,"camera_model":"EQUIRECTANGULAR")");
  EXPECT_EQ(error_of(folder).code(), Errc::unsupported);
}

TEST(DataSet, ScaledImagesScaleTheIntrinsics) {
  TempFolder folder;
  put_single(folder, 1, R"("w":32,"h":24,"fl_x":40,"fl_y":44,"cx":15,"cy":13)");
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  const Camera& camera = read.value().train[0].camera;
  EXPECT_EQ(camera.width, 8);
  EXPECT_EQ(camera.fx, 10);
  EXPECT_EQ(camera.fy, 11);
  EXPECT_EQ(camera.cx, 3.75);
  EXPECT_EQ(camera.cy, 3.25);
  EXPECT_NE(log.infos.find("scaled"), std::string::npos);
}

TEST(DataSet, CamerasOnly) {
  TempFolder folder;
  put_single(folder, 9);
  DataSetOptions options;
  options.load_images = false;
  RecordingLog log;
  const auto read = read_dataset(folder / "", options, log);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read.value().train[0].image.empty());
  EXPECT_EQ(read.value().train[0].camera.width, 8);
  options = {};
  options.load_train_images = false;
  const auto test_only = read_dataset(folder / "", options, log);
  ASSERT_TRUE(test_only.ok());
  EXPECT_TRUE(test_only.value().train[0].image.empty());
  EXPECT_FALSE(test_only.value().test[0].image.empty());
  // Missing images matter only where something has to be read from them.
  put_single(folder, 9, R"("fl_x":9,"w":8,"h":6)");
  std::filesystem::remove(folder / "images/3.png");
  options.load_test_images = false;
  options.load_images = false;
  EXPECT_TRUE(read_dataset(folder / "", options, log).ok());
}

TEST(DataSet, SharedNamesGetTheirFolder) {
  TempFolder folder;
  for (const char* name : {"a/0.png", "b/0.png", "b/1.png"}) put_image(folder / name);
  put_file(folder / "transforms.json",
           json_of({frame("a/0.png"), frame("./b/0.png"), frame("b/1.png")}));
  RecordingLog log;
  const auto read = read_dataset(folder / "", {}, log);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().test[0].name, "a_0");
  EXPECT_EQ(read.value().train[0].name, "b_0");
  EXPECT_EQ(read.value().train[1].name, "1");
}

TEST(DataSet, ThreadsDoNotChangeTheResult) {
  TempFolder folder;
  put_single(folder, 20);
  std::vector<std::vector<uint8_t>> pixels[2];
  for (const int threads : {1, 7}) {
    DataSetOptions options;
    options.threads = threads;
    RecordingLog log;
    const auto read = read_dataset(folder / "", options, log);
    ASSERT_TRUE(read.ok());
    for (const View& view : read.value().train) pixels[threads == 7].push_back(view.image.pixels);
  }
  EXPECT_EQ(pixels[0], pixels[1]);
}

TEST(DataSet, MissingThingsAreIo) {
  RecordingLog log;
  const auto missing = read_dataset("/nowhere/at/all", {}, log);
  EXPECT_EQ(missing.error().code(), Errc::io);
  EXPECT_NE(missing.error().message().find("/nowhere/at/all"), std::string::npos);
  TempFolder folder;
  EXPECT_EQ(error_of(folder).code(), Errc::io);
  EXPECT_NE(error_of(folder).message().find("transforms.json"), std::string::npos);
  put_single(folder, 3);
  std::filesystem::remove(folder / "images/1.png");
  EXPECT_EQ(error_of(folder).code(), Errc::io);
  EXPECT_NE(error_of(folder).message().find("images/1.png"), std::string::npos);
  DataSetOptions cameras_only;
  cameras_only.load_images = false;  // the size comes from the image
  EXPECT_EQ(error_of(folder, cameras_only).code(), Errc::io);
}

TEST(DataSet, WrongJsonIsBadData) {
  const std::string good = frame("images/0.png");
  const std::map<std::string, std::string> files = {
      {"empty", ""},
      {"not JSON", "{"},
      {"NaN", R"({"camera_angle_x":NaN,"frames":[]})"},
      {"list", "[]"},
      {"no frames", R"({"camera_angle_x":0.8})"},
      {"frames no list", R"({"camera_angle_x":0.8,"frames":{}})"},
      {"zero frames", json_of({})},
      {"frame no object", json_of({"3"})},
      {"no file_path", json_of({R"({"transform_matrix":[]})"})},
      {"empty file_path", json_of({frame("")})},
      {"file_path with zero", json_of({frame("a\\u0000b")})},
      {"no focal length", json_of({good}, R"("w":8,"h":6)")},
      {"focal length 0", json_of({good}, R"("fl_x":0)")},
      {"focal length text", json_of({good}, R"("fl_x":"9")")},
      {"negative focal length", json_of({good}, R"("fl_x":-9)")},
      {"angle", json_of({good}, R"("camera_angle_x":3.2)")},
      {"w without h", json_of({good}, R"("fl_x":9,"w":8)")},
      {"fractional w", json_of({good}, R"("fl_x":9,"w":8.5,"h":6)")},
      {"huge w", json_of({good}, R"("fl_x":9,"w":1e9,"h":1e9)")},
      {"other shape", json_of({good}, R"("fl_x":9,"w":8,"h":7)")},
      {"cx without cy", json_of({good}, R"("fl_x":9,"cx":4)")},
      {"huge k1", json_of({good}, R"("fl_x":9,"k1":1e6)")},
      {"camera_model", json_of({good}, R"("fl_x":9,"camera_model":3)")},
  };
  for (const auto& [name, text] : files) {
    TempFolder folder;
    put_image(folder / "images/0.png");
    put_file(folder / "transforms.json", text);
    const Status status = error_of(folder);
    EXPECT_EQ(status.code(), Errc::bad_data) << name << ": " << status.message();
  }
}

TEST(DataSet, WrongPosesAreBadData) {
  const std::map<std::string, std::string> poses = {
      {"missing row", "[[1,0,0,0],[0,1,0,0]]"},
      {"short row", "[[1,0,0],[0,1,0],[0,0,1]]"},
      {"text", R"([[1,0,0,"0"],[0,1,0,0],[0,0,1,0]])"},
      {"huge", "[[1,0,0,1e300],[0,1,0,0],[0,0,1,0]]"},
      {"null", "[[1,0,0,null],[0,1,0,0],[0,0,1,0]]"},
      {"scaled", "[[2,0,0,0],[0,2,0,0],[0,0,2,0]]"},
      {"skewed", "[[1,0.05,0,0],[0,1,0,0],[0,0,1,0]]"},
      {"mirrored", "[[-1,0,0,0],[0,1,0,0],[0,0,1,0]]"},
      {"zero", "[[0,0,0,0],[0,0,0,0],[0,0,0,0]]"},
      {"projective", "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,2]]"},
      {"no list", "7"},
  };
  for (const auto& [name, pose] : poses) {
    TempFolder folder;
    put_single(folder, 2, R"("fl_x":9)", "", pose);
    const Status status = error_of(folder);
    EXPECT_EQ(status.code(), Errc::bad_data) << name;
    EXPECT_NE(status.message().find("frame 0"), std::string::npos) << status.message();
  }
  TempFolder folder;
  put_single(folder, 2, R"("fl_x":9)", "", "[[1,0.002,0,5],[0,1,0,6],[0,0,1,7]]");
  EXPECT_TRUE(error_of(folder).ok());  // 3 x 4, rounded
}

TEST(DataSet, DamagedImageIsBadDataAndNamed) {
  TempFolder folder;
  put_single(folder, 12);
  auto bytes = get_bytes(folder / "images/5.png");
  bytes.resize(bytes.size() / 2);
  put_bytes(folder / "images/5.png", bytes);
  const Status status = error_of(folder);
  EXPECT_EQ(status.code(), Errc::bad_data);
  EXPECT_NE(status.message().find("images/5.png"), std::string::npos);
}

TEST(DataSet, AllTransparentIsBadData) {
  TempFolder folder;
  put_single(folder, 3);
  Image clear = test_image(8, 6, 4);
  for (size_t i = 3; i < clear.pixels.size(); i += 4) clear.pixels[i] = 0;
  ASSERT_TRUE(write_png(folder / "images/0.png", clear).ok());
  RecordingLog log;
  EXPECT_TRUE(read_dataset(folder / "", {}, log).ok());
  EXPECT_NE(log.warnings.find("1 of 3"), std::string::npos);
  for (const char* name : {"images/1.png", "images/2.png"})
    ASSERT_TRUE(write_png(folder / name, clear).ok());
  EXPECT_EQ(error_of(folder).code(), Errc::bad_data);
  EXPECT_NE(error_of(folder).message().find("transparent"), std::string::npos);
}

TEST(DataSet, InterruptEndsIt) {
  TempFolder folder;
  put_single(folder, 3);
  interrupt_signal = 2;
  const Status status = error_of(folder);
  interrupt_signal = 0;
  EXPECT_EQ(status.code(), Errc::interrupted);
}

}  // namespace
}  // namespace voxpack
