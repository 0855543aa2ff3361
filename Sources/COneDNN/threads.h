/// Work shared out among oneDNN's own threads, and compiled for several instruction sets.
#pragma once

#include <stdint.h>
#include <string.h>

#include "shim.h"

/// A map in memory. Channels lie in blocks: element (image n, channel c, position s) is
/// data[n * image + c / block * plane + s * block + c % block]. A block of 1 is NCHW, of 8 or 16 oneDNN's nChw8c and
/// nChw16c. A vector is a map of one position.
typedef struct {
  float *data;
  int64_t image, plane, block;
} onednn_map;

typedef void (*onednn_body)(const void *context, int64_t first, int64_t last);

typedef struct {
  onednn_body body;
  const void *context;
  int64_t count;
  int (*index)(void);
  int (*team)(void);
} onednn_region;

static inline void onednn_region_run(void *argument) {
  const onednn_region *region = (const onednn_region *)argument;
  int64_t index = region->index(), team = region->team();
  region->body(region->context, region->count * index / team, region->count * (index + 1) / team);
}

/// Calls `body` with ranges that make up 0..<count, one per thread. `GOMP_parallel` is the entry that GCC's compiled
/// parallel regions call (libgomp and LLVM's libomp both have it), so the threads are those of oneDNN.
static inline void onednn_parallel(int64_t count, onednn_body body, const void *context) {
  typedef void (*parallel_function)(void (*)(void *), void *, unsigned, unsigned);
  static parallel_function parallel;
  static int (*index)(void);
  static int (*team)(void);
  parallel_function start = __atomic_load_n(&parallel, __ATOMIC_ACQUIRE);
  if (!start) {
    // Threads that come here at once all store the same.
    __atomic_store_n(&index, (int (*)(void))onednn_openmp_function("omp_get_thread_num"), __ATOMIC_RELAXED);
    __atomic_store_n(&team, (int (*)(void))onednn_openmp_function("omp_get_num_threads"), __ATOMIC_RELAXED);
    start = (parallel_function)onednn_openmp_function("GOMP_parallel");
    __atomic_store_n(&parallel, start, __ATOMIC_RELEASE);
  }
  onednn_region region = {
      body, context, count, __atomic_load_n(&index, __ATOMIC_RELAXED), __atomic_load_n(&team, __ATOMIC_RELAXED)};
  if (count < 2 || !start || !region.index || !region.team) {
    body(context, 0, count);
    return;
  }
  start(onednn_region_run, &region, 0, 0);
}

#define ONEDNN_INLINE static inline __attribute__((always_inline))

/// 1 / (1 + exp(-x)), relative error below 3e-7; the exponential as in Cephes' expf.
ONEDNN_INLINE float onednn_logistic(float x) {
  float y = -x;
  y = y > 88 ? 88 : y;
  y = y < -87 ? -87 : y;
  float shifted = y * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23 rounds to an integer
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  float whole = shifted - 12582912.0f;
  float r = y - whole * 0.693359375f;
  r = r - whole * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  uint32_t scale_bits = (uint32_t)(bits + 127) << 23;
  float scale;
  memcpy(&scale, &scale_bits, sizeof scale);
  return 1 / (1 + p * scale);
}

// Each body is compiled for the instruction sets that matter and chosen when it runs; the vectors of the
// baseline, SSE2, are four numbers wide.
#if defined(__x86_64__)
#define ONEDNN_KERNEL(name)                                                                                     \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))) static inline void      \
      name##_avx512(const void *context, int64_t first, int64_t last) {                                         \
    name##_body(context, first, last);                                                                          \
  }                                                                                                             \
  __attribute__((target("avx2,fma"))) static inline void name##_avx2(                                           \
      const void *context, int64_t first, int64_t last) {                                                       \
    name##_body(context, first, last);                                                                          \
  }                                                                                                             \
  static inline void name##_baseline(const void *context, int64_t first, int64_t last) {                        \
    name##_body(context, first, last);                                                                          \
  }                                                                                                             \
  static inline void name##_run(int64_t count, const void *context) {                                           \
    onednn_parallel(                                                                                            \
        count,                                                                                                  \
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") ? name##_avx512                \
            : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")    ? name##_avx2                  \
                                                                                 : name##_baseline,             \
        context);                                                                                               \
  }
#else
#define ONEDNN_KERNEL(name)                                                                                     \
  static inline void name##_baseline(const void *context, int64_t first, int64_t last) {                        \
    name##_body(context, first, last);                                                                          \
  }                                                                                                             \
  static inline void name##_run(int64_t count, const void *context) {                                           \
    onednn_parallel(count, name##_baseline, context);                                                           \
  }
#endif
