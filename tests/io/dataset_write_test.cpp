#include "io/dataset_write.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/interrupt.h"
#include "io/dataset_read.h"
#include "io/io_test_support.h"

namespace voxpack {
namespace {

View make_view(const std::string& name, int width, int height, double focal) {
  View view;
  view.name = name;
  view.camera.width = width;
  view.camera.height = height;
  view.camera.fx = view.camera.fy = focal;
  view.camera.cx = 0.5 * width;
  view.camera.cy = 0.5 * height;
  const double angle = 0.1 + static_cast<double>(name.size());
  view.camera.camera_to_world = {std::cos(angle),
                                 -std::sin(angle),
                                 0,
                                 1.0 / 3,
                                 std::sin(angle),
                                 std::cos(angle),
                                 0,
                                 -4e-7,
                                 0,
                                 0,
                                 1,
                                 4.0};
  view.image = test_image(width, height, 4);
  return view;
}

DataSet make_data() {
  DataSet data;
  data.train = {make_view("r_0", 21, 13, 29.3), make_view("r_10", 21, 13, 29.3)};
  data.test = {make_view("r_0", 17, 17, 1.0 / 0.037)};
  return data;
}

void expect_equal(const std::vector<View>& a, const std::vector<View>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].image.pixels, b[i].image.pixels);
    EXPECT_EQ(a[i].image.channels, b[i].image.channels);
    EXPECT_EQ(a[i].camera.camera_to_world, b[i].camera.camera_to_world);
    EXPECT_EQ(a[i].camera.fx, b[i].camera.fx);
    EXPECT_EQ(a[i].camera.fy, b[i].camera.fy);
    EXPECT_EQ(a[i].camera.cx, b[i].camera.cx);
    EXPECT_EQ(a[i].camera.width, b[i].camera.width);
    EXPECT_EQ(a[i].camera.height, b[i].camera.height);
  }
}

TEST(DatasetWrite, ReadsBackExactly) {
  const TempFolder folder;
  const DataSet data = make_data();
  ASSERT_TRUE(write_dataset(folder / "d", data, 3).ok());
  RecordingLog log;
  const auto read = read_dataset(folder / "d", {}, log);
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_equal(read.value().train, data.train);
  expect_equal(read.value().test, data.test);
  EXPECT_FALSE(read.value().test_is_every_8th);
}

TEST(DatasetWrite, KeepsEveryFocalLength) {
  RecordingLog log;
  const TempFolder folder;
  DataSet data;
  data.train = {make_view("a", 8, 8, 1)};
  for (int i = 0; i < 60; ++i) {
    const double focal = 3 + 1.37 * i + 1.0 / (i + 7.1);
    data.train[0].camera.fx = data.train[0].camera.fy = focal;
    ASSERT_TRUE(write_dataset(folder / "d", data, 1).ok());
    const auto read = read_dataset(folder / "d", {.load_images = false}, log);
    ASSERT_TRUE(read.ok()) << read.error().message();
    ASSERT_EQ(read.value().train[0].camera.fx, focal);
  }
}

TEST(DatasetWrite, JsonIsOfTheBlenderKind) {
  const TempFolder folder;
  ASSERT_TRUE(write_dataset(folder / "d", make_data(), 2).ok());
  const auto bytes = get_bytes(folder / "d/transforms_train.json");
  const auto json = nlohmann::json::parse(bytes.begin(), bytes.end());
  EXPECT_NEAR(json["camera_angle_x"].get<double>(), 2 * std::atan(0.5 * 21 / 29.3), 1e-12);
  ASSERT_EQ(json["frames"].size(), 2u);
  EXPECT_EQ(json["frames"][1]["file_path"], "./train/r_10");
  ASSERT_EQ(json["frames"][1]["transform_matrix"].size(), 4u);
  EXPECT_EQ(json["frames"][1]["transform_matrix"][3], nlohmann::json({0, 0, 0, 1}));
}

TEST(DatasetWrite, BytesDoNotDependOnThreads) {
  const TempFolder folder;
  ASSERT_TRUE(write_dataset(folder / "a", make_data(), 1).ok());
  ASSERT_TRUE(write_dataset(folder / "b", make_data(), 2).ok());
  for (const char* name : {"transforms_train.json", "transforms_test.json", "train/r_10.png"}) {
    EXPECT_EQ(get_bytes(folder / "a" + "/" + name), get_bytes(folder / "b" + "/" + name)) << name;
    EXPECT_FALSE(get_bytes(folder / "a" + "/" + name).empty()) << name;
  }
}

Errc code_of(const DataSet& data) {
  const TempFolder folder;
  const Status status = write_dataset(folder / "d", data, 2);
  EXPECT_EQ(folder.file_count(), status.ok() ? 1u : 0u);
  return status.code();
}

TEST(DatasetWrite, RefusesWhatTheFormatCannotHold) {
  EXPECT_EQ(code_of({}), Errc::usage);
  const auto with = [](auto change) {
    DataSet data = make_data();
    change(data.train[1]);
    return code_of(data);
  };
  EXPECT_EQ(with([](View&) {}), Errc::ok);
  for (const char* name : {"", "../r", "a/b", "r.png", "r_0"}) {
    EXPECT_EQ(with([&](View& view) { view.name = name; }), Errc::usage) << name;
  }
  EXPECT_EQ(with([](View& view) { view.image = {}; }), Errc::usage);
  EXPECT_EQ(with([](View& view) { view.image = test_image(5, 5, 3); }), Errc::usage);
  EXPECT_EQ(with([](View& view) { view.camera.camera_to_world[5] = NAN; }), Errc::usage);
  EXPECT_EQ(with([](View& view) { view.camera.cx += 1; }), Errc::unsupported);
  EXPECT_EQ(with([](View& view) { view.camera.fy += 1; }), Errc::unsupported);
  EXPECT_EQ(with([](View& view) { view.camera.fx = view.camera.fy = 99; }), Errc::unsupported);
  EXPECT_EQ(with([](View& view) { view.camera.lens = LensModel::opencv; }), Errc::unsupported);
}

TEST(DatasetWrite, LeavesNothingAfterAnError) {
  const TempFolder folder;
  EXPECT_EQ(write_dataset(folder / "missing/d", make_data(), 2).code(), Errc::io);
  put_file(folder / "file", "mine");
  EXPECT_EQ(write_dataset(folder / "file", make_data(), 2).code(), Errc::io);
  EXPECT_EQ(get_bytes(folder / "file").size(), 4u);
  // The second split fails: a file stands where its folder should be.
  put_file(folder / "d/test", "mine");
  EXPECT_EQ(write_dataset(folder / "d", make_data(), 2).code(), Errc::io);
  EXPECT_TRUE(std::filesystem::exists(folder / "d/test"));
  EXPECT_FALSE(std::filesystem::exists(folder / "d/train"));
  EXPECT_FALSE(std::filesystem::exists(folder / "d/transforms_train.json"));
}

TEST(DatasetWrite, StopsWhenInterrupted) {
  const TempFolder folder;
  interrupt_signal = SIGINT;
  const Status status = write_dataset(folder / "d", make_data(), 2);
  interrupt_signal = 0;
  EXPECT_EQ(status.code(), Errc::interrupted);
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(DatasetWrite, ReplacesAnEarlierSetButKeepsNoStaleTestViews) {
  const TempFolder folder;
  DataSet data = make_data();
  ASSERT_TRUE(write_dataset(folder / "d", data, 2).ok());
  ASSERT_TRUE(write_dataset(folder / "d", data, 2).ok());
  data.test.clear();
  EXPECT_EQ(write_dataset(folder / "d", data, 2).code(), Errc::usage);
}

}  // namespace
}  // namespace voxpack
