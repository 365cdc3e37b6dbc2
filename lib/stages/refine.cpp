#include "stages/refine.h"

#include <algorithm>
#include <string>

#include "core/interrupt.h"
#include "kernels/picture.h"
#include "stages/detect_cameras.h"
#include "stages/level_runner.h"

namespace voxpack {
namespace {

constexpr int kTeacherPixels = 800;

Camera at_most(Camera camera, int pixels) {
  const double factor = std::min(1.0, static_cast<double>(pixels) / camera.width);
  for (double* value : {&camera.fx, &camera.fy, &camera.cx, &camera.cy}) *value *= factor;
  camera.width = static_cast<int>(camera.width * factor);
  camera.height = static_cast<int>(camera.height * factor);
  return camera;
}

}  // namespace

Result<Field> run_refine(Field field, std::span<const View> views, const RefineOptions& options,
                         Kernels& kernels, Log& log) {
  const std::vector<LevelPlan> plan = {{field.resolution, options.iterations, 0.3f, 0.03f, 0.0f}};
  OptimizerOptions optimizer_options;
  optimizer_options.seed = options.seed;
  VOXPACK_ASSIGN(const std::unique_ptr<Optimizer> optimizer,
                 kernels.make_optimizer(field, views, optimizer_options));
  LevelRunner runner("refine", plan, options.fit, *optimizer, log);
  VOXPACK_ASSIGN([[maybe_unused]] const LevelResult result,
                 runner.run(0, 0, topology_of(field), nullptr));
  VOXPACK_ASSIGN(Field refined, optimizer->field());
  refined.importance = std::move(field.importance);
  return refined;
}

Result<std::vector<View>> draw_teacher(const Field& field, int count, Kernels& kernels, Log& log) {
  VOXPACK_ASSIGN(const auto renderer, kernels.make_renderer(field));
  std::vector<View> views;
  PictureF picture;
  for (const Camera& camera : sphere_cameras(field, count)) {
    VOXPACK_TRY(check_interrupt());
    log.progress({"refine", static_cast<double>(views.size()) / count, -1, "draw the teacher"});
    View view;
    view.name = "sphere_" + std::to_string(views.size());
    view.camera = at_most(camera, kTeacherPixels);
    VOXPACK_TRY(renderer->render(view.camera, picture));
    view.image = to_image(picture, Background::transparent);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace voxpack
