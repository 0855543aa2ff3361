/// oneDNN 2.x and 3.x behind one set of functions, and the threads of its OpenMP runtime.
///
/// oneDNN 2 describes memory by a struct and creates a primitive descriptor from an operation descriptor; oneDNN 3 has
/// a handle for the former and one call for the latter. All data is float32. Functions return a status as oneDNN does.
#pragma once

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#include "/usr/include/oneapi/dnnl/dnnl.h"

/// The shape and layout of a memory object.
typedef struct {
  dnnl_memory_desc_t value;
} onednn_descriptor;

#if DNNL_VERSION_MAJOR >= 3
#define ONEDNN_DESCRIPTOR(descriptor) ((descriptor)->value)
#else
#define ONEDNN_DESCRIPTOR(descriptor) (&(descriptor)->value)
#endif

/// Describes float32 memory of a layout; `dnnl_format_tag_any` lets the primitive choose.
static inline dnnl_status_t onednn_descriptor_create(
    onednn_descriptor *descriptor, int rank, const int64_t *sides, dnnl_format_tag_t tag) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(&descriptor->value, rank, sides, dnnl_f32, tag);
#else
  return dnnl_memory_desc_init_by_tag(&descriptor->value, rank, sides, dnnl_f32, tag);
#endif
}

static inline void onednn_descriptor_destroy(onednn_descriptor *descriptor) {
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy(descriptor->value);
#else
  (void)descriptor;
#endif
}

/// Whether two descriptors have the same shape and layout.
static inline int onednn_descriptor_equal(const onednn_descriptor *left, const onednn_descriptor *right) {
  return dnnl_memory_desc_equal(ONEDNN_DESCRIPTOR(left), ONEDNN_DESCRIPTOR(right));
}

/// The bytes of memory of a layout, padding included.
static inline size_t onednn_descriptor_size(const onednn_descriptor *descriptor) {
  return dnnl_memory_desc_get_size(ONEDNN_DESCRIPTOR(descriptor));
}

/// Asks a primitive for the layout it chose for one of its arguments; the result is to be destroyed.
static inline dnnl_status_t onednn_query_descriptor(
    const_dnnl_primitive_desc_t primitive, dnnl_query_t argument, onednn_descriptor *descriptor) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_clone(&descriptor->value, dnnl_primitive_desc_query_md(primitive, argument, 0));
#else
  const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(primitive, argument, 0);
  if (!found) return dnnl_invalid_arguments;
  descriptor->value = *found;
  return dnnl_success;
#endif
}

static inline dnnl_status_t onednn_memory_create(
    dnnl_memory_t *memory, const onednn_descriptor *descriptor, dnnl_engine_t engine, void *bytes) {
  return dnnl_memory_create(memory, ONEDNN_DESCRIPTOR(descriptor), engine, bytes);
}

/// What a primitive does to its result before it stores it.
typedef enum {
  /// Adds what the output's memory holds.
  onednn_post_sum = 0,
  /// Adds another memory object of the same shape.
  onednn_post_add = 1,
  onednn_post_relu = 2,
  onednn_post_relu6 = 3,
  onednn_post_sigmoid = 4,
} onednn_post_kind;

static inline dnnl_status_t onednn_append_eltwise(
    dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_eltwise(operations, kind, alpha, beta);
#else
  return dnnl_post_ops_append_eltwise(operations, 1, kind, alpha, beta);
#endif
}

static inline dnnl_status_t onednn_append_post(
    dnnl_post_ops_t operations, int kind, const onednn_descriptor *operand) {
  switch (kind) {
    case onednn_post_sum: return dnnl_post_ops_append_sum(
        operations, 1
#if DNNL_VERSION_MAJOR >= 3
        , 0, dnnl_data_type_undef
#endif
        );
    case onednn_post_add:
      return dnnl_post_ops_append_binary(operations, dnnl_binary_add, ONEDNN_DESCRIPTOR(operand));
    case onednn_post_relu: return onednn_append_eltwise(operations, dnnl_eltwise_relu, 0, 0);
    case onednn_post_relu6: return onednn_append_eltwise(operations, dnnl_eltwise_clip, 0, 6);
    case onednn_post_sigmoid: return onednn_append_eltwise(operations, dnnl_eltwise_logistic, 0, 0);
    default: return dnnl_invalid_arguments;
  }
}

/// Creates attributes: what follows the computation, in order, and scratch memory that the caller provides. `operand` is
/// the layout of the memory that `onednn_post_add` adds.
static inline dnnl_status_t onednn_attributes_create(
    dnnl_primitive_attr_t *attributes, const int32_t *kinds, int count, const onednn_descriptor *operand) {
  dnnl_status_t status = dnnl_primitive_attr_create(attributes);
  if (status != dnnl_success) return status;
  dnnl_post_ops_t operations = NULL;
  status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success) status = dnnl_post_ops_create(&operations);
  for (int index = 0; index < count && status == dnnl_success; index++)
    status = onednn_append_post(operations, kinds[index], operand);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
  if (operations) dnnl_post_ops_destroy(operations);
  if (status != dnnl_success) dnnl_primitive_attr_destroy(*attributes);
  return status;
}

/// The execution argument of the memory that the operation at `index` of the attributes adds.
static inline int onednn_post_argument(int index) {
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) | DNNL_ARG_SRC_1;
}

/// Height and width of a window, its step, its dilation (0 for none) and the padding before and behind.
typedef struct {
  int64_t kernel[2], strides[2], dilations[2], before[2], behind[2];
} onednn_window;

static inline dnnl_status_t onednn_convolution_create(
    dnnl_primitive_desc_t *primitive, dnnl_engine_t engine, const onednn_descriptor *source,
    const onednn_descriptor *weights, const onednn_descriptor *bias, const onednn_descriptor *output,
    const onednn_window *window, const_dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_forward_primitive_desc_create(
      primitive, engine, dnnl_forward_inference, dnnl_convolution_direct, source->value, weights->value, bias->value,
      output->value, window->strides, window->dilations, window->before, window->behind, attributes);
#else
  dnnl_convolution_desc_t operation;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
      &operation, dnnl_forward_inference, dnnl_convolution_direct, &source->value, &weights->value, &bias->value,
      &output->value, window->strides, window->dilations, window->before, window->behind);
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(primitive, &operation, attributes, engine, NULL);
#endif
}

static inline dnnl_status_t onednn_inner_product_create(
    dnnl_primitive_desc_t *primitive, dnnl_engine_t engine, const onednn_descriptor *source,
    const onednn_descriptor *weights, const onednn_descriptor *bias, const onednn_descriptor *output,
    const_dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_inner_product_forward_primitive_desc_create(
      primitive, engine, dnnl_forward_inference, source->value, weights->value, bias->value, output->value, attributes);
#else
  dnnl_inner_product_desc_t operation;
  dnnl_status_t status = dnnl_inner_product_forward_desc_init(
      &operation, dnnl_forward_inference, &source->value, &weights->value, &bias->value, &output->value);
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(primitive, &operation, attributes, engine, NULL);
#endif
}

static inline dnnl_status_t onednn_pooling_create(
    dnnl_primitive_desc_t *primitive, dnnl_engine_t engine, dnnl_alg_kind_t kind, const onednn_descriptor *source,
    const onednn_descriptor *output, const onednn_window *window, const_dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_pooling_forward_primitive_desc_create(
      primitive, engine, dnnl_forward_inference, kind, source->value, output->value, window->strides, window->kernel,
      window->dilations, window->before, window->behind, attributes);
#else
  dnnl_pooling_desc_t operation;
  dnnl_status_t status = dnnl_pooling_forward_desc_init(
      &operation, dnnl_forward_inference, kind, &source->value, &output->value, window->strides, window->kernel,
      window->before, window->behind);
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(primitive, &operation, attributes, engine, NULL);
#endif
}

static inline dnnl_status_t onednn_reorder_create(
    dnnl_primitive_desc_t *primitive, dnnl_engine_t engine, const onednn_descriptor *source,
    const onednn_descriptor *output, const_dnnl_primitive_attr_t attributes) {
  return dnnl_reorder_primitive_desc_create(
      primitive, ONEDNN_DESCRIPTOR(source), engine, ONEDNN_DESCRIPTOR(output), engine, attributes);
}

/// The channels that lie side by side in the maps of the fastest convolutions of this processor; 1 where oneDNN's
/// compiled convolutions have no such order.
static inline int onednn_preferred_block(void) {
#if defined(__x86_64__)
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) return 16;
  return isa & dnnl_cpu_isa_sse41 ? 8 : 1;
#else
  return 1;
#endif
}

/// A function of the OpenMP runtime that oneDNN was built with, or NULL where it uses none: looked up and not linked, so
/// that a build needs no OpenMP library and fits whichever oneDNN brings along.
static inline void *onednn_openmp_function(const char *name) {
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
#ifdef RTLD_DEFAULT
  return dlsym(RTLD_DEFAULT, name);
#else
  return dlsym(NULL, name);  // what RTLD_DEFAULT is in glibc, which hides the name unless _GNU_SOURCE is set
#endif
#else
  (void)name;
  return NULL;
#endif
}

/// The number of threads that the calling thread's next parallel region uses.
static inline int onednn_threads(void) {
  int (*get)(void) = (int (*)(void))onednn_openmp_function("omp_get_max_threads");
  return get ? get() : 1;
}

/// Sets the number of threads of the calling thread's next parallel regions; without effect where oneDNN does not use
/// OpenMP.
static inline void onednn_set_threads(int count) {
  void (*set)(int) = (void (*)(int))onednn_openmp_function("omp_set_num_threads");
  if (set) set(count);
}
