#include "detail_histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "heat_map.h"
#include "size_text.h"

namespace voxpack {
namespace {

constexpr size_t kBins = kHeatDecades + 1;  // the last: what is below

struct Histogram {
  std::array<uint64_t, kBins> points{};
  std::array<double, kBins> detail{};
  uint64_t point_count = 0;
  double sum = 0;
};

Histogram count(const DetailMap& map) {
  Histogram histogram;
  histogram.point_count = map.detail.size();
  const float largest =
      map.detail.empty() ? 0.0f : *std::max_element(map.detail.begin(), map.detail.end());
  std::array<float, kBins - 1> lowest;  // of each bin but the last
  for (size_t b = 0; b < lowest.size(); ++b)
    lowest[b] = static_cast<float>(largest * std::pow(10.0, -static_cast<double>(b + 1)));
  for (const float detail : map.detail) {
    size_t bin = 0;
    while (bin < lowest.size() && !(detail > lowest[bin])) ++bin;
    ++histogram.points[bin];
    histogram.detail[bin] += static_cast<double>(detail);
    histogram.sum += static_cast<double>(detail);
  }
  return histogram;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

void record_detail(const DetailMap& detail, Command& command) {
  const Histogram histogram = count(detail);
  nlohmann::ordered_json& rows = command.report.json()["detail_histogram"];
  rows = nlohmann::ordered_json::array();
  for (size_t b = 0; b < kBins; ++b) {
    rows.push_back({{"decades_below_largest", b},
                    {"point_count", histogram.points[b]},
                    {"detail_share", share(histogram.detail[b], histogram.sum)}});
  }
}

std::string detail_histogram_svg(const DetailMap& detail) {
  constexpr int kRow = 34, kLeft = 150, kWidth = 300, kTop = 50;
  const Histogram histogram = count(detail);
  std::string svg = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"840\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
      "<text x=\"10\" y=\"20\" font-weight=\"bold\">Detail of %s points: what the next coarser "
      "level would lose</text>\n"
      "<text x=\"%d\" y=\"40\">share of the points</text>\n"
      "<text x=\"%d\" y=\"40\">share of the detail</text>\n",
      kTop + static_cast<int>(kBins) * kRow + 10, count_text(histogram.point_count).c_str(), kLeft,
      kLeft + kWidth + 40);
  for (size_t b = 0; b < kBins; ++b) {
    const int y = kTop + static_cast<int>(b) * kRow;
    const auto colour = heat_colour(1 - (static_cast<double>(b) + 0.5) / kHeatDecades);
    const double parts[2] = {
        share(static_cast<double>(histogram.points[b]), static_cast<double>(histogram.point_count)),
        share(histogram.detail[b], histogram.sum)};
    const std::string label =
        b + 1 == kBins ? format("below 1e-%d", kHeatDecades)
                       : format("1e-%d to 1e-%d", static_cast<int>(b) + 1, static_cast<int>(b));
    svg += format("<text x=\"10\" y=\"%d\">%s</text>\n", y + 17, label.c_str());
    for (int i = 0; i < 2; ++i) {
      const int x = kLeft + i * (kWidth + 40);
      svg += format(
          "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"22\" fill=\"rgb(%d,%d,%d)\" "
          "stroke=\"black\" stroke-width=\"0.5\"/>\n<text x=\"%.1f\" y=\"%d\">%.1f %%</text>\n",
          x, y, kWidth * 0.8 * parts[i], static_cast<int>(255 * colour[0]),
          static_cast<int>(255 * colour[1]), static_cast<int>(255 * colour[2]),
          x + kWidth * 0.8 * parts[i] + 4, y + 16, 100 * parts[i]);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace voxpack
