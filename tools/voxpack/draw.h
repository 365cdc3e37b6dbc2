// Pictures of a field: drawn, turned into 8 bits, compared with photos.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "command.h"
#include "field/camera.h"
#include "kernels/picture.h"
#include "metrics/image_metrics.h"
#include "process.h"

namespace voxpack {

// Draws every view over white into its `image`. Fails with `interrupted` after Ctrl-C.
Status draw_photos(Renderer& renderer, std::span<View> views, Command& command);

struct MeasuredView {
  std::string name;
  ViewMetrics metrics;
};

// Where the pictures of measured views go, as NAME.png.
struct SavedViews {
  OutputFolder* folder = nullptr;  // null: nowhere
  bool with_photo = false;         // the photo, the drawing and their difference side by side
};

// `photo` (over white), `drawing`, and 4 x their difference per channel, side by side; all of one
// size, `drawing` without alpha.
Image side_by_side(const Image& photo, const Image& drawing);

// Draws every view over white and measures it against the view's photo, in the order of `views`;
// adds each to the report and saves its picture. Fails with `bad_data` for a photo of another size
// than its camera, with `interrupted` after Ctrl-C.
Result<std::vector<MeasuredView>> measure_views(Renderer& renderer, std::span<const View> views,
                                                const SavedViews& saved, Command& command);

MetricsSummary summarize(std::span<const MeasuredView> views);

// Mean and minimum of the three figures, then up to `worst_count` views by rising PSNR.
std::string metrics_table(std::span<const MeasuredView> views, size_t worst_count);

}  // namespace voxpack
