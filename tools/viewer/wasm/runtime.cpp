// What the decoder needs from its surroundings as a WebAssembly module without imports: memory for
// the page to write into, and an end where memory or an invariant fails. There are no exceptions in
// this build: such an end is a trap, which the page catches and after which it drops the module.
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

uint32_t allocation_failed = 0;  // bytes of the allocation that found no memory

void* allocate_or_trap(size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) {
    allocation_failed = size < UINT32_MAX ? static_cast<uint32_t>(size) : UINT32_MAX;
    __builtin_trap();
  }
  return memory;
}

}  // namespace

void* operator new(size_t size) { return allocate_or_trap(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

extern "C" {

void __wasm_call_ctors();

// To be called once, before anything else.
void _initialize() { __wasm_call_ctors(); }

// The standard library's own would print, for which the module has no means.
void abort() { __builtin_trap(); }
[[noreturn]] void abort_message(const char*, ...) { __builtin_trap(); }

// `size` bytes, aligned to 16; null if there is no memory.
void* voxpack_allocate(size_t size) { return std::malloc(size); }

// Frees what voxpack_allocate() gave; null is ignored.
void voxpack_free(void* memory) { std::free(memory); }

// After a trap: the bytes of the allocation that failed, 0 if it was not for memory.
uint32_t voxpack_allocation_failed() { return allocation_failed; }

}  // extern "C"
