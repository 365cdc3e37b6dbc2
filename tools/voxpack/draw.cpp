#include "draw.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/interrupt.h"
#include "io/image_io.h"
#include "size_text.h"

namespace voxpack {
namespace {

// Draws the views one after the other; each drawing uses all threads.
Status draw_batch(Renderer& renderer, std::span<const View> views, std::vector<Image>& pictures) {
  PictureF picture;
  for (size_t i = 0; i < views.size(); ++i) {
    VOXPACK_TRY(check_interrupt());
    VOXPACK_TRY(renderer.render(views[i].camera, picture).in(views[i].name));
    pictures[i] = to_image(picture, Background::white);
  }
  return {};
}

}  // namespace

Status draw_photos(Renderer& renderer, std::span<View> views, Command& command) {
  PictureF picture;
  for (size_t i = 0; i < views.size(); ++i) {
    VOXPACK_TRY(check_interrupt());
    command.console.progress({.stage = "draw the reference",
                              .fraction = double(i) / double(views.size()),
                              .detail = "view " + views[i].name});
    VOXPACK_TRY(renderer.render(views[i].camera, picture).in(views[i].name));
    views[i].image = to_image(picture, Background::white);
  }
  return {};
}

Image side_by_side(const Image& photo, const Image& drawing) {
  const Image wanted = composite_over_white(photo);
  const int width = drawing.width;
  Image out{3 * width, drawing.height, 3, {}};
  out.pixels.resize(static_cast<size_t>(out.width) * static_cast<size_t>(out.height) * 3);
  const size_t row = static_cast<size_t>(width) * 3;
  for (size_t y = 0; y < static_cast<size_t>(drawing.height); ++y) {
    for (size_t i = 0; i < row; ++i) {
      const uint8_t a = wanted.pixels[y * row + i], b = drawing.pixels[y * row + i];
      uint8_t* to = out.pixels.data() + 3 * y * row + i;
      to[0] = a;
      to[row] = b;
      to[2 * row] = static_cast<uint8_t>(std::min(255, 4 * std::abs(a - b)));
    }
  }
  return out;
}

Result<std::vector<MeasuredView>> measure_views(Renderer& renderer, std::span<const View> views,
                                                const SavedViews& saved, Command& command) {
  constexpr size_t kBatch = 16;
  std::vector<MeasuredView> measured(views.size());
  nlohmann::ordered_json& rows = command.report.json()["views"];
  rows = nlohmann::ordered_json::array();
  for (size_t first = 0; first < views.size(); first += kBatch) {
    const auto batch = views.subspan(first, std::min(kBatch, views.size() - first));
    command.console.progress({.stage = "draw",
                              .fraction = double(first) / double(views.size()),
                              .detail = "view " + batch[0].name});
    std::vector<Image> pictures(batch.size());
    VOXPACK_TRY(draw_batch(renderer, batch, pictures));
    std::vector<std::string> paths(batch.size());
    for (size_t i = 0; saved.folder != nullptr && i < batch.size(); ++i)
      paths[i] = saved.folder->add(batch[i].name + ".png");
    std::vector<Status> errors(batch.size());
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < batch.size(); ++i) {
      Result<ViewMetrics> metrics = measure_view(batch[i].image, pictures[i]);
      if (!metrics.ok()) {
        errors[i] = Status(Errc::bad_data, metrics.error().message()).in(batch[i].name);
        continue;
      }
      measured[first + i] = {batch[i].name, metrics.value()};
      if (paths[i].empty()) continue;
      if (saved.with_photo) pictures[i] = side_by_side(batch[i].image, pictures[i]);
      errors[i] = write_png(paths[i], pictures[i]);
    }
    for (Status& error : errors) VOXPACK_TRY(std::move(error));
  }
  for (const MeasuredView& view : measured) {
    rows.push_back({{"name", view.name},
                    {"psnr_db", view.metrics.psnr_db},
                    {"ssim", view.metrics.ssim},
                    {"edge_psnr_db", view.metrics.edge_psnr_db}});
  }
  return measured;
}

MetricsSummary summarize(std::span<const MeasuredView> views) {
  std::vector<ViewMetrics> metrics;
  for (const MeasuredView& view : views) metrics.push_back(view.metrics);
  return summarize(std::span<const ViewMetrics>(metrics));
}

std::string metrics_table(std::span<const MeasuredView> views, size_t worst_count) {
  const MetricsSummary s = summarize(views);
  std::string out =
      format("%-16s %10s %10s\n", format("%zu views", views.size()).c_str(), "mean", "min");
  out += format("%-16s %10.2f %10.2f\n", "PSNR, dB", s.psnr_mean_db, s.psnr_min_db);
  out += format("%-16s %10.4f %10.4f\n", "SSIM", s.ssim_mean, s.ssim_min);
  out += format("%-16s %10.2f %10.2f\n", "edge PSNR, dB", s.edge_psnr_mean_db, s.edge_psnr_min_db);
  std::vector<MeasuredView> sorted(views.begin(), views.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.metrics.psnr_db < b.metrics.psnr_db;
  });
  sorted.resize(std::min(sorted.size(), worst_count));
  if (sorted.empty()) return out;
  out += format("\n%-16s %10s %10s %10s\n", "worst views", "PSNR", "SSIM", "edge PSNR");
  for (const MeasuredView& view : sorted) {
    out += format("%-16s %10.2f %10.4f %10.2f\n", view.name.c_str(), view.metrics.psnr_db,
                  view.metrics.ssim, view.metrics.edge_psnr_db);
  }
  return out;
}

}  // namespace voxpack
