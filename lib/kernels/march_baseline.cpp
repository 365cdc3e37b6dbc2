// The march code built for baseline (compile options in CMakeLists.txt).
#define VOXPACK_ISA_FUNCTION march_table_baseline
#define VOXPACK_ISA_NAME "baseline"
#include "kernels/march_impl.h"
