# The decoder as WebAssembly, the viewer's bundle, and the bundle as bytes for `voxpack view`. Where a tool is missing (AUTO) the
# rest is built without it. Sets VOXPACK_VIEWER_BUNDLE to the bundle's path, or to nothing.
set(VOXPACK_VIEWER AUTO CACHE STRING "The viewer (needs clang and lld for wasm32, python3): AUTO, ON or OFF")
set(VOXPACK_VIEWER_BUNDLE "")

find_program(VOXPACK_WASM_CXX NAMES clang++-14 clang++)
find_program(VOXPACK_WASM_LD NAMES wasm-ld-14 wasm-ld)
find_program(VOXPACK_WASM_OPT NAMES wasm-opt)
find_package(Python3 QUIET COMPONENTS Interpreter)
find_file(wasm_libcxx libc++.a PATHS /usr/lib/wasm32-wasi NO_DEFAULT_PATH)
find_file(wasm_builtins libclang_rt.builtins-wasm32.a PATHS /usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi NO_DEFAULT_PATH)
set(wasm_missing "")
foreach(tool VOXPACK_WASM_CXX VOXPACK_WASM_LD VOXPACK_WASM_OPT Python3_EXECUTABLE wasm_libcxx wasm_builtins)
  if(NOT ${tool})
    list(APPEND wasm_missing ${tool})
  endif()
endforeach()
if(VOXPACK_VIEWER STREQUAL "OFF")
  return()
elseif(wasm_missing AND VOXPACK_VIEWER STREQUAL "AUTO")
  message(STATUS "Viewer: not built (scripts/install_deps.sh --tests installs what is missing: ${wasm_missing})")
  return()
elseif(wasm_missing)
  message(FATAL_ERROR "Viewer: missing ${wasm_missing}; scripts/install_deps.sh --tests installs it")
endif()

set(viewer_source ${PROJECT_SOURCE_DIR}/tools/viewer)
set(viewer_build ${PROJECT_BINARY_DIR}/viewer)
set(VOXPACK_VIEWER_BUNDLE ${viewer_build}/voxpack_viewer.js)

# Compiled with -c and linked by hand: the compiler's driver would run wasm-opt without the features that are used.
set(wasm_flags --target=wasm32-wasi --sysroot=/usr -nostdinc++ -isystem /usr/lib/llvm-14/include/wasm32-wasi/c++/v1
  -std=c++20 -msimd128 -mbulk-memory -fno-exceptions -fno-rtti -DNDEBUG -ffp-contract=off -ffunction-sections
  -fdata-sections -fvisibility=hidden -Wall -Wextra -Werror -I${PROJECT_SOURCE_DIR}/lib)
file(GLOB wasm_sources CONFIGURE_DEPENDS lib/core/hash.cpp lib/codec/*.cpp lib/package/*.cpp lib/decoder/*.cpp
  ${viewer_source}/wasm/*.cpp)
list(FILTER wasm_sources EXCLUDE REGEX "/enc_[^/]*$")
# What takes the time; the rest is built to be small.
set(wasm_fast dec_attributes atlas_corners)
set(wasm_objects "")
foreach(source ${wasm_sources})
  get_filename_component(name ${source} NAME_WE)
  set(object ${viewer_build}/objects/${name}.o)
  set(optimization -Os)
  if(name IN_LIST wasm_fast)
    set(optimization -O3)
  endif()
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${viewer_build}/objects
    COMMAND ${CCACHE} ${VOXPACK_WASM_CXX} ${wasm_flags} ${optimization} -MD -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d COMMENT "Building ${name}.o for WebAssembly" VERBATIM)
  list(APPEND wasm_objects ${object})
endforeach()

set(wasm_module ${viewer_build}/voxpack_decoder.wasm)
add_custom_command(OUTPUT ${wasm_module}
  COMMAND ${VOXPACK_WASM_LD} --no-entry --strip-all --gc-sections -z stack-size=262144 @${viewer_source}/wasm/exports.txt
    ${wasm_objects} -L/usr/lib/wasm32-wasi -lc++ -lc++abi -lc ${wasm_builtins} -o ${wasm_module}.linked
  COMMAND ${VOXPACK_WASM_OPT} -O3 --enable-simd --enable-bulk-memory ${wasm_module}.linked -o ${wasm_module}
  DEPENDS ${wasm_objects} ${viewer_source}/wasm/exports.txt COMMENT "Linking voxpack_decoder.wasm" VERBATIM)

file(GLOB viewer_scripts CONFIGURE_DEPENDS ${viewer_source}/src/*.js)
set(viewer_bytes ${viewer_build}/viewer_bytes.cpp)
add_custom_command(OUTPUT ${VOXPACK_VIEWER_BUNDLE} ${viewer_bytes}
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/bundle_viewer.py --source ${viewer_source}/src --wasm ${wasm_module}
    --bundle ${VOXPACK_VIEWER_BUNDLE} --bytes ${viewer_bytes}
  DEPENDS ${viewer_scripts} ${wasm_module} ${PROJECT_SOURCE_DIR}/scripts/bundle_viewer.py
  COMMENT "Bundling voxpack_viewer.js" VERBATIM)
add_custom_target(viewer ALL DEPENDS ${VOXPACK_VIEWER_BUNDLE} ${viewer_bytes})
