/// Chains of element-wise operations with broadcast operands, in one pass over a feature map.
#pragma once

#include "threads.h"

typedef enum {
  onednn_load = 0,
  onednn_multiply = 1,
  onednn_add = 2,
  onednn_relu = 3,
  onednn_relu6 = 4,
  onednn_sigmoid = 5,
} onednn_operation;

/// How an operand is spread over a map.
typedef enum {
  /// One number per element; the operand has the map's layout.
  onednn_full = 0,
  /// One number per image and channel; per channel where `operand.image` is 0.
  onednn_channels = 1,
  /// One number per image and position.
  onednn_positions = 2,
  /// One number per image; the same for all where `operand.image` is 0.
  onednn_images = 3,
} onednn_spread;

/// One operation on every element of a map.
typedef struct {
  int32_t operation, spread;
  onednn_map operand;
} onednn_step;

/// A chain of operations, the first of which loads.
typedef struct {
  const onednn_step *steps;
  int64_t count, images, channels, positions;
  onednn_map output;
} onednn_chain;

/// Elements worked on at a time; a tile stays in the first-level cache.
enum { onednn_tile = 2048 };

/// Channels of the widest padded block.
enum { onednn_widest_block = 16 };

/// One binary operation or load of a tile with an operand.
ONEDNN_INLINE void onednn_apply(
    float *tile, int operation, const float *operand, int64_t position_step, int64_t channel_step, int64_t count,
    int64_t block) {
  for (int64_t s = 0; s < count; s++) {
    float *row = tile + s * block;
    const float *other = operand + s * position_step;
    if (operation == onednn_load)
      for (int64_t b = 0; b < block; b++) row[b] = other[b * channel_step];
    else if (operation == onednn_multiply)
      for (int64_t b = 0; b < block; b++) row[b] *= other[b * channel_step];
    else
      for (int64_t b = 0; b < block; b++) row[b] += other[b * channel_step];
  }
}

/// A step on one tile: `count` positions from `position`, the channels of the block that begins at `channel`.
ONEDNN_INLINE void onednn_step_run(
    float *tile, const onednn_chain *chain, const onednn_step *step, int64_t image, int64_t channel, int64_t position,
    int64_t count, int64_t block) {
  int64_t elements = count * block;
  switch (step->operation) {
    case onednn_relu:
      for (int64_t i = 0; i < elements; i++) tile[i] = tile[i] < 0 ? 0 : tile[i];
      return;
    case onednn_relu6:
      for (int64_t i = 0; i < elements; i++) tile[i] = tile[i] < 0 ? 0 : tile[i] > 6 ? 6 : tile[i];
      return;
    case onednn_sigmoid:
      for (int64_t i = 0; i < elements; i++) tile[i] = onednn_logistic(tile[i]);
      return;
  }
  const onednn_map *map = &step->operand;
  const float *operand = map->data + image * map->image;
  float padded[onednn_widest_block] = {0};
  switch (step->spread) {
    case onednn_full:
      operand += channel / block * map->plane + position * block;
      if (step->operation == onednn_load)
        for (int64_t i = 0; i < elements; i++) tile[i] = operand[i];
      else if (step->operation == onednn_multiply)
        for (int64_t i = 0; i < elements; i++) tile[i] *= operand[i];
      else
        for (int64_t i = 0; i < elements; i++) tile[i] += operand[i];
      return;
    case onednn_channels:
      operand += channel;
      if (channel + block > chain->channels) {
        for (int64_t b = 0; b < chain->channels - channel; b++) padded[b] = operand[b];
        operand = padded;
      }
      if (block == 1) break;
      if (step->operation == onednn_load)
        onednn_apply(tile, onednn_load, operand, 0, 1, count, block);
      else if (step->operation == onednn_multiply)
        onednn_apply(tile, onednn_multiply, operand, 0, 1, count, block);
      else
        onednn_apply(tile, onednn_add, operand, 0, 1, count, block);
      return;
    case onednn_positions:
      operand += position * map->block;
      if (block == 1) break;
      if (step->operation == onednn_load)
        onednn_apply(tile, onednn_load, operand, map->block, 0, count, block);
      else if (step->operation == onednn_multiply)
        onednn_apply(tile, onednn_multiply, operand, map->block, 0, count, block);
      else
        onednn_apply(tile, onednn_add, operand, map->block, 0, count, block);
      return;
  }
  // One number for all, or NCHW: positions lie side by side.
  int64_t pace = step->spread == onednn_positions ? map->block : 0;
  if (block != 1) {
    onednn_apply(tile, step->operation, operand, 0, 0, count, block);
  } else if (step->operation == onednn_load) {
    for (int64_t s = 0; s < count; s++) tile[s] = operand[s * pace];
  } else if (step->operation == onednn_multiply) {
    for (int64_t s = 0; s < count; s++) tile[s] *= operand[s * pace];
  } else {
    for (int64_t s = 0; s < count; s++) tile[s] += operand[s * pace];
  }
}

/// Positions per tile, tiles per plane and blocks of channels.
ONEDNN_INLINE void onednn_chain_tiles(
    const onednn_chain *chain, int64_t *step, int64_t *tiles, int64_t *blocks, int64_t *work) {
  int64_t block = chain->output.block;
  *step = onednn_tile / block;
  *tiles = (chain->positions + *step - 1) / *step;
  *blocks = (chain->channels + block - 1) / block;
  *work = chain->images * *blocks * *tiles;
}

ONEDNN_INLINE void onednn_chain_block(const onednn_chain *chain, int64_t first, int64_t last, int64_t block) {
  float tile[onednn_tile];
  int64_t step, tiles, blocks, work;
  onednn_chain_tiles(chain, &step, &tiles, &blocks, &work);
  for (int64_t item = first; item < last; item++) {
    int64_t position = item % tiles * step, channel = item / tiles % blocks * block, image = item / tiles / blocks;
    int64_t count = chain->positions - position < step ? chain->positions - position : step;
    for (int64_t i = 0; i < chain->count; i++)
      onednn_step_run(tile, chain, &chain->steps[i], image, channel, position, count, block);
    // oneDNN relies on zeros where the last block has more channels than the map.
    for (int64_t b = chain->channels - channel; b < block; b++)
      for (int64_t s = 0; s < count; s++) tile[s * block + b] = 0;
    float *output = chain->output.data + image * chain->output.image + channel / block * chain->output.plane
        + position * block;
    memcpy(output, tile, (size_t)(count * block) * sizeof(float));
  }
}

ONEDNN_INLINE void onednn_chain_body(const void *context, int64_t first, int64_t last) {
  const onednn_chain *chain = (const onednn_chain *)context;
  switch (chain->output.block) {
    case 1: onednn_chain_block(chain, first, last, 1); return;
    case 8: onednn_chain_block(chain, first, last, 8); return;
    case 16: onednn_chain_block(chain, first, last, 16); return;
    default: onednn_chain_block(chain, first, last, chain->output.block);
  }
}

ONEDNN_KERNEL(onednn_chain)

/// Runs a chain on every element of a map.
static inline void onednn_run_chain(const onednn_chain *chain) {
  int64_t step, tiles, blocks, work;
  onednn_chain_tiles(chain, &step, &tiles, &blocks, &work);
  onednn_chain_run(work, chain);
}
