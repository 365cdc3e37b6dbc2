// The march code built for avx2 (compile options in CMakeLists.txt).
#define VOXPACK_ISA_FUNCTION march_table_avx2
#define VOXPACK_ISA_NAME "avx2"
#include "kernels/march_impl.h"
