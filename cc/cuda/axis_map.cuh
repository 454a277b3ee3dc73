// Where the entries of an index that selects along an axis lie, and the elements that they mean.
#pragma once

#include "cc/cuda/divide.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/along_axis.h"

namespace paddlemend::cuda {

/// AlongAxis on the device. Entries are numbered in the order of blocks, rows and columns.
struct AxisMap {
  int64_t total;  // entries
  int64_t size;
  int64_t count;
  int64_t columns;
  int64_t element_row;
  int64_t position_row;
  bool has_negative;
  bool is_narrow;
  const void* entries;
  BadEntry* word;
  int num_loops;
  Divisor by_columns;
  Divisor by_count;
  Divisor by_loop[kMaxNdim];
  AlongAxis::Loop loops[kMaxNdim];

  explicit AxisMap(const AlongAxis& plan)
      : total(plan.blocks * plan.count * plan.columns),
        size(plan.size),
        count(plan.count),
        columns(plan.columns),
        element_row(plan.element_row),
        position_row(plan.position_row),
        has_negative(plan.has_negative),
        is_narrow(plan.is_narrow),
        entries(plan.entries),
        word(nullptr),
        num_loops(plan.num_loops),
        by_columns(plan.columns, total),
        by_count(std::max<int64_t>(plan.count, 1), total) {
    const std::vector<BadEntry*> words = Call::Current().Words();
    if (!words.empty()) word = words.back();
    for (int i = 0; i < num_loops; ++i) {
      loops[i] = plan.loops[i];
      by_loop[i] = Divisor(std::max<int64_t>(loops[i].size, 1), total);
    }
  }

  __device__ __forceinline__ int64_t Entry(int64_t position) const {
    return is_narrow ? static_cast<const int32_t*>(entries)[position]
                     : static_cast<const int64_t*>(entries)[position];
  }

  /// Makes *entry count from the start. Notes one that is out of range and returns false.
  __device__ __forceinline__ bool Resolve(int64_t position, int64_t* entry) const {
    const int64_t value = *entry;
    *entry = has_negative && value < 0 ? value + size : value;
    if (static_cast<uint64_t>(*entry) < static_cast<uint64_t>(size)) return true;
    atomicMin(word, static_cast<BadEntry>(position));
    return false;
  }

  /// The first element and position of a block.
  __device__ __forceinline__ void LocateBlock(int64_t block, int64_t* element,
                                              int64_t* position) const {
    *element = 0;
    *position = 0;
    for (int i = 0; i < num_loops; ++i) {
      const int64_t rest = by_loop[i].Divide(block);
      const int64_t step = block - rest * loops[i].size;
      *element += step * loops[i].elements;
      *position += step * loops[i].positions;
      block = rest;
    }
  }

  /// The position of entry `number` and the element it means; false if it is out of range.
  __device__ __forceinline__ bool Locate(int64_t number, int64_t* position,
                                         int64_t* element) const {
    const int64_t row_number = by_columns.Divide(number);
    const int64_t column = number - row_number * columns;
    const int64_t block = by_count.Divide(row_number);
    const int64_t row = row_number - block * count;
    LocateBlock(block, element, position);
    *position += row * position_row + column;
    int64_t entry = Entry(*position);
    if (!Resolve(*position, &entry)) return false;
    *element += entry * element_row + column;
    return true;
  }
};

/// Whether the entries and the elements of each block are one line, and lines follow each other.
inline bool AreLines(const AlongAxis& plan) {
  return plan.columns == 1 && plan.element_row == 1 && plan.position_row == 1 &&
         (plan.num_loops == 0 || (plan.num_loops == 1 && plan.loops[0].elements == plan.size &&
                                  plan.loops[0].positions == plan.count));
}

}  // namespace paddlemend::cuda
