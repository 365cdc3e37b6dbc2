// What the labels of the demo object say.
#include "stages/demo_label.h"

namespace voxpack {
namespace {

constexpr Vec3f kCream{0.86f, 0.80f, 0.66f};
constexpr Vec3f kKraft{0.46f, 0.30f, 0.16f};
constexpr Ink kBrown{{0.035f, 0.020f, 0.012f}, 0};
constexpr Ink kRed{{0.42f, 0.035f, 0.02f}, 0};
constexpr Ink kGold{{0.80f, 0.55f, 0.22f}, 1};

void comb(Print& print, float x, float y) {
  constexpr float kRadius = 0.034f, kStep = 0.0589f;
  for (int row = 0; row < 6; ++row) {
    for (int i = 0; i < (row % 2 ? 1 : 2); ++i) {
      print.hexagon(x + (i + (row % 2) * 0.5f) * kStep, y + row * 0.051f, kRadius, 0.0035f, kGold);
    }
  }
}

Print draw_front() {
  Print print(kFrontLabelWidth, kLabelHeight, kCream);
  print.fill(0, 0.018f, kFrontLabelWidth, 0.012f, kGold);
  print.fill(0, kLabelHeight - 0.030f, kFrontLabelWidth, 0.012f, kGold);
  print.centred(0.055f, 0.0070f, kRed, "MOORLAND APIARY * ESTATE BOTTLED");
  print.centred(0.128f, 0.0190f, kBrown, "WILD HEATHER");
  print.fill(kFrontLabelWidth / 2 - 0.50f, 0.280f, 1.0f, 0.004f, kBrown);
  print.centred(0.298f, 0.0120f, kRed, "RAW HONEY No.7");
  print.centred(0.400f, 0.0062f, kBrown, "Cold pressed, never heated or filtered.");
  print.centred(0.453f, 0.0045f, kBrown, "Net weight 340 g (12 oz)    Best before end: see base");
  print.centred(0.492f, 0.0036f, kBrown,
                "Not suitable for infants under 12 months. Store in a cool, dry and dark place.");
  comb(print, 0.045f, 0.10f);
  comb(print, kFrontLabelWidth - 0.104f, 0.10f);
  return print;
}

void nutrition(Print& print, float x, float y) {
  constexpr std::string_view kRows[][2] = {
      {"per 100 g", ""},    {"Energy", "1372 kJ"}, {"Fat", "0.0 g"},  {"Carbohydrate", "81.5 g"},
      {"Sugars", "80.8 g"}, {"Protein", "0.3 g"},  {"Salt", "0.02 g"}};
  constexpr float kDot = 0.0042f, kWidth = 0.50f, kLine = 0.042f;
  for (int i = 0; i < 7; ++i) {
    const float top = y + i * kLine;
    print.fill(x, top, kWidth, 0.0026f, kBrown);
    print.text(x + 0.008f, top + 0.006f, kDot, kBrown, kRows[i][0]);
    const float wide = kRows[i][1].size() * 6 * kDot;
    print.text(x + kWidth - 0.006f - wide, top + 0.006f, kDot, kBrown, kRows[i][1]);
  }
  print.fill(x, y + 7 * kLine, kWidth, 0.0026f, kBrown);
  print.fill(x - 0.0026f, y, 0.0026f, 7 * kLine + 0.0026f, kBrown);
  print.fill(x + kWidth, y, 0.0026f, 7 * kLine + 0.0026f, kBrown);
}

Print draw_back() {
  Print print(kBackLabelWidth, kLabelHeight, kCream);
  print.fill(0, 0.018f, kBackLabelWidth, 0.006f, kGold);
  print.fill(0, kLabelHeight - 0.024f, kBackLabelWidth, 0.006f, kGold);
  print.text(0.04f, 0.045f, 0.0080f, kRed, "INGREDIENTS");
  constexpr std::string_view kLines[] = {
      "100% raw heather honey from", "Calluna vulgaris. May hold", "traces of pollen, propolis",
      "and beeswax. Crystals are",   "natural: warm the jar, but", "not above 35 degrees.",
      "Harvested by hand in late",   "August from 42 small hives."};
  for (int i = 0; i < 8; ++i) print.text(0.04f, 0.108f + i * 0.0345f, 0.0034f, kBrown, kLines[i]);
  print.barcode(0.045f, 0.395f, 0.0050f, 0.080f, kBrown, "501234567042");
  nutrition(print, 0.625f, 0.055f);
  print.text(0.625f, 0.375f, 0.0046f, kBrown, "Moorland Apiary Ltd");
  print.text(0.625f, 0.415f, 0.0036f, kBrown, "4 Chapel Lane, Highfold");
  print.text(0.625f, 0.447f, 0.0036f, kBrown, "hello(at)moorland.example");
  print.text(0.625f, 0.490f, 0.0052f, kRed, "340 g  12 oz");
  return print;
}

Print draw_stamp() {
  // Dark ink on unglazed clay.
  Print print(kStampWidth, 0.4f, {0.52f, 0.40f, 0.30f});
  print.centred(0.03f, 0.0100f, kBrown, "BATCH 0427-B");
  print.centred(0.15f, 0.0072f, kBrown, "BEST BEFORE 09 2031");
  print.centred(0.25f, 0.0050f, kBrown, "Stoneware, fired at 1240 C");
  print.centred(0.33f, 0.0038f, kRed, "dishwasher safe without the cloth");
  return print;
}

Print draw_tag(bool front) {
  Print print(0.22f, 0.34f, kKraft);
  print.fill(0.012f, 0.012f, 0.196f, 0.003f, kBrown);
  print.fill(0.012f, 0.325f, 0.196f, 0.003f, kBrown);
  if (front) {
    print.centred(0.085f, 0.0064f, kBrown, "HAND");
    print.centred(0.145f, 0.0064f, kBrown, "TIED");
    print.centred(0.215f, 0.0044f, kRed, "lot 0427");
    print.centred(0.262f, 0.0032f, kBrown, "jar 118/400");
  } else {
    print.centred(0.100f, 0.0044f, kBrown, "For tea,");
    print.centred(0.150f, 0.0044f, kBrown, "toast &");
    print.centred(0.200f, 0.0044f, kBrown, "porridge");
    print.centred(0.262f, 0.0032f, kRed, "with love");
  }
  return print;
}

}  // namespace

const Print& front_label() {
  static const Print print = draw_front();
  return print;
}
const Print& back_label() {
  static const Print print = draw_back();
  return print;
}
const Print& foot_stamp() {
  static const Print print = draw_stamp();
  return print;
}
const Print& tag_front() {
  static const Print print = draw_tag(true);
  return print;
}
const Print& tag_back() {
  static const Print print = draw_tag(false);
  return print;
}

}  // namespace voxpack
