// Marks functions that the C++ and the CUDA compiler both build.
#pragma once

#ifdef __CUDACC__
#define VOXPACK_HOST_DEVICE __host__ __device__
#else
#define VOXPACK_HOST_DEVICE
#endif
