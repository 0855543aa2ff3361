/// Passes that make little from much: pools of whole maps, statistics over channels, gates of positions; and the scaling of
/// weights.
#pragma once

#include "threads.h"

/// Where the mean and the maximum of each channel go ([images][channels], either may be NULL), taken over
/// `columns` of each of `rows` rows of `width` positions.
typedef struct {
  onednn_map input;
  int64_t images, channels, rows, columns, width;
  float *mean, *maximum;
} onednn_pool;

ONEDNN_INLINE void onednn_pool_block(const onednn_pool *pool, int64_t first, int64_t last, int64_t block) {
  int64_t blocks = (pool->channels + block - 1) / block;
  // NCHW: sixteen neighbouring positions at a time take the place of sixteen channels.
  int64_t lanes = block == 1 ? 16 : block;
  for (int64_t item = first; item < last; item++) {
    int64_t channel = item % blocks * block, image = item / blocks;
    const float *plane = pool->input.data + image * pool->input.image + channel / block * pool->input.plane;
    int64_t valid = pool->channels - channel < block ? pool->channels - channel : block;
    for (int64_t base = 0; base < valid; base += 16) {
      int64_t width = valid - base < 16 ? valid - base : 16;
      double sums[16] = {0};
      float maxima[16];
      for (int b = 0; b < 16; b++) maxima[b] = -__builtin_inff();
      for (int64_t row = 0; row < pool->rows; row++) {
        float partial[16] = {0};
        const float *line = plane + row * pool->width * block + base;
        if (lanes == 16 && block == 16) {
          for (int64_t s = 0; s < pool->columns; s++)
            for (int b = 0; b < 16; b++) {
              float value = line[s * 16 + b];
              partial[b] += value;
              maxima[b] = value > maxima[b] ? value : maxima[b];
            }
        } else {
          for (int64_t s = 0; s < pool->columns; s++)
            for (int64_t b = 0; b < width; b++) {
              float value = line[s * block + b];
              int64_t lane = block == 1 ? s % 16 : b;
              partial[lane] += value;
              maxima[lane] = value > maxima[lane] ? value : maxima[lane];
            }
        }
        for (int b = 0; b < 16; b++) sums[b] += partial[b];
      }
      if (block == 1)
        for (int b = 1; b < 16; b++) {
          sums[0] += sums[b];
          maxima[0] = maxima[b] > maxima[0] ? maxima[b] : maxima[0];
        }
      int64_t output = image * pool->channels + channel + base;
      for (int64_t b = 0; b < width; b++) {
        if (pool->mean) pool->mean[output + b] = (float)(sums[b] / (double)(pool->rows * pool->columns));
        // A NaN loses every comparison above, but not the sum.
        if (pool->maximum) pool->maximum[output + b] = sums[b] != sums[b] ? (float)sums[b] : maxima[b];
      }
    }
  }
}

ONEDNN_INLINE void onednn_pool_body(const void *context, int64_t first, int64_t last) {
  const onednn_pool *pool = (const onednn_pool *)context;
  if (pool->input.block == 16)
    onednn_pool_block(pool, first, last, 16);
  else
    onednn_pool_block(pool, first, last, pool->input.block);
}

/// Maximum and mean over the channels of each position, after a product with `factor` (one number per image and
/// channel, or NULL). The output is NCHW with two channels.
typedef struct {
  onednn_map input;
  const float *factor;
  int64_t images, channels, positions;
  float *output;
} onednn_statistics;

/// Positions worked on at a time.
enum { onednn_statistics_tile = 32 };

ONEDNN_INLINE void onednn_statistics_block(
    const onednn_statistics *statistics, int64_t first, int64_t last, int64_t block) {
  enum { lanes = 16 };
  float sums[onednn_statistics_tile * lanes], maxima[onednn_statistics_tile * lanes];
  int64_t tiles = (statistics->positions + onednn_statistics_tile - 1) / onednn_statistics_tile;
  // Channels of a wide block (NHWC) are taken sixteen at a time.
  int64_t width = block < lanes ? block : lanes;
  for (int64_t item = first; item < last; item++) {
    int64_t image = item / tiles, position = item % tiles * onednn_statistics_tile;
    int64_t count = statistics->positions - position;
    if (count > onednn_statistics_tile) count = onednn_statistics_tile;
    for (int64_t i = 0; i < count * width; i++) {
      sums[i] = 0;
      maxima[i] = -__builtin_inff();
    }
    const float *input = statistics->input.data + image * statistics->input.image + position * block;
    for (int64_t channel = 0; channel < statistics->channels; channel += width) {
      const float *plane = input + channel / block * statistics->input.plane + channel % block;
      float factor[lanes];
      int64_t valid = statistics->channels - channel < width ? statistics->channels - channel : width;
      for (int64_t b = 0; b < valid; b++)
        factor[b] = statistics->factor ? statistics->factor[image * statistics->channels + channel + b] : 1;
      if (valid == lanes) {
        for (int64_t s = 0; s < count; s++)
          for (int b = 0; b < lanes; b++) {
            float value = plane[s * block + b] * factor[b];
            sums[s * lanes + b] += value;
            maxima[s * lanes + b] = value > maxima[s * lanes + b] ? value : maxima[s * lanes + b];
          }
      } else if (width == 1) {
        for (int64_t s = 0; s < count; s++) {
          float value = plane[s] * factor[0];
          sums[s] += value;
          maxima[s] = value > maxima[s] ? value : maxima[s];
        }
      } else {
        for (int64_t s = 0; s < count; s++)
          for (int64_t b = 0; b < valid; b++) {
            float value = plane[s * block + b] * factor[b];
            sums[s * width + b] += value;
            maxima[s * width + b] = value > maxima[s * width + b] ? value : maxima[s * width + b];
          }
      }
    }
    float *maximum = statistics->output + image * 2 * statistics->positions + position;
    float *mean = maximum + statistics->positions;
    for (int64_t s = 0; s < count; s++) {
      float sum = 0, largest = -__builtin_inff();
      for (int64_t b = 0; b < width; b++) {
        sum += sums[s * width + b];
        largest = maxima[s * width + b] > largest ? maxima[s * width + b] : largest;
      }
      maximum[s] = sum != sum ? sum : largest;
      mean[s] = sum / (float)statistics->channels;
    }
  }
}

ONEDNN_INLINE void onednn_statistics_body(const void *context, int64_t first, int64_t last) {
  const onednn_statistics *statistics = (const onednn_statistics *)context;
  switch (statistics->input.block) {
    case 1: onednn_statistics_block(statistics, first, last, 1); return;
    case 16: onednn_statistics_block(statistics, first, last, 16); return;
    default: onednn_statistics_block(statistics, first, last, statistics->input.block);
  }
}

/// Rows of a weight times a factor each, from memory of any alignment.
typedef struct {
  const void *input;
  const float *factors;
  float *output;
  int64_t rows, columns;
} onednn_scaling;

ONEDNN_INLINE void onednn_scaling_body(const void *context, int64_t first, int64_t last) {
  const onednn_scaling *scaling = (const onednn_scaling *)context;
  for (int64_t row = first; row < last; row++) {
    float *output = scaling->output + row * scaling->columns;
    const char *input = (const char *)scaling->input + row * scaling->columns * (int64_t)sizeof(float);
    float factor = scaling->factors[row];
    for (int64_t column = 0; column < scaling->columns; column++) {
      float value;
      memcpy(&value, input + column * (int64_t)sizeof(float), sizeof value);
      output[column] = value * factor;
    }
  }
}

/// A convolution of stride 1 from few maps to one, in row-major order: CBAM's gate of positions. Compiled convolutions pad
/// the one output channel to a whole block.
typedef struct {
  const float *input, *weight;
  float bias;
  float *output;
  int64_t images, channels, rows, columns, kernel_rows, kernel_columns, top, left, output_rows, output_columns;
  int32_t sigmoid;
} onednn_gate;

/// Columns worked on at a time.
enum { onednn_gate_tile = 64 };

ONEDNN_INLINE void onednn_gate_body(const void *context, int64_t first, int64_t last) {
  const onednn_gate *gate = (const onednn_gate *)context;
  for (int64_t item = first; item < last; item++) {
    int64_t image = item / gate->output_rows, row = item % gate->output_rows;
    for (int64_t begin = 0; begin < gate->output_columns; begin += onednn_gate_tile) {
      int64_t end = begin + onednn_gate_tile < gate->output_columns ? begin + onednn_gate_tile : gate->output_columns;
      float sums[onednn_gate_tile];
      for (int64_t i = 0; i < end - begin; i++) sums[i] = gate->bias;
      for (int64_t channel = 0; channel < gate->channels; channel++)
        for (int64_t y = 0; y < gate->kernel_rows; y++) {
          int64_t source_row = row + y - gate->top;
          if (source_row < 0 || source_row >= gate->rows) continue;
          const float *source = gate->input + ((image * gate->channels + channel) * gate->rows + source_row) * gate->columns;
          const float *weight = gate->weight + (channel * gate->kernel_rows + y) * gate->kernel_columns;
          for (int64_t x = 0; x < gate->kernel_columns; x++) {
            int64_t shift = x - gate->left;
            int64_t from = begin + shift < 0 ? -shift : begin, to = end + shift > gate->columns ? gate->columns - shift : end;
            for (int64_t column = from; column < to; column++) sums[column - begin] += weight[x] * source[column + shift];
          }
        }
      float *output = gate->output + item * gate->output_columns + begin;
      if (gate->sigmoid)
        for (int64_t i = 0; i < end - begin; i++) output[i] = onednn_logistic(sums[i]);
      else
        for (int64_t i = 0; i < end - begin; i++) output[i] = sums[i];
    }
  }
}

ONEDNN_KERNEL(onednn_pool)
ONEDNN_KERNEL(onednn_statistics)
ONEDNN_KERNEL(onednn_gate)
ONEDNN_KERNEL(onednn_scaling)

/// Pools every channel of a map.
static inline void onednn_run_pool(const onednn_pool *pool) {
  onednn_pool_run(pool->images * ((pool->channels + pool->input.block - 1) / pool->input.block), pool);
}

/// Computes the statistics of every position of a map.
static inline void onednn_run_statistics(const onednn_statistics *statistics) {
  int64_t tiles = (statistics->positions + onednn_statistics_tile - 1) / onednn_statistics_tile;
  onednn_statistics_run(statistics->images * tiles, statistics);
}

/// Convolves every row of a map.
static inline void onednn_run_gate(const onednn_gate *gate) { onednn_gate_run(gate->images * gate->output_rows, gate); }

/// Scales every row of a weight.
static inline void onednn_run_scaling(const onednn_scaling *scaling) { onednn_scaling_run(scaling->rows, scaling); }

/// Whether no number is infinite or NaN.
static inline int onednn_is_finite(const float *numbers, int64_t count) {
  uint32_t found = 0;
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &numbers[i], sizeof bits);
    found |= (bits & 0x7f800000u) == 0x7f800000u;  // an exponent of all ones
  }
  return !found;
}
