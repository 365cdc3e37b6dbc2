// The march code built for avx512 (compile options in CMakeLists.txt).
#define VOXPACK_ISA_FUNCTION march_table_avx512
#define VOXPACK_ISA_NAME "avx512"
#include "kernels/march_impl.h"
