// How the filter gradient of a convolution is divided among threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/kernels/context.h"
#include "cc/kernels/packed_images.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// Which part of the work is done: units [first, last) of a group, which are filters or panels of
/// them, and portions [begin, end). Its sums go to number `sums`, that of one group's partial sum.
struct FilterTask {
  int64_t group, first, last;
  int64_t begin, end;
  int64_t sums;
};

/// A group's sum is made of partial ones, whose number depends on nothing but the sizes.
class FilterTasks {
 public:
  /// Of `units` in a group, whose sums have `size` elements in all groups; of no fewer than
  /// `least` units is a task, because images are packed once more for it.
  FilterTasks(const Portions& portions, int64_t groups, int64_t size, int64_t units, int64_t least)
      : portions_(portions.count()), groups_(groups), units_(units) {
    constexpr int64_t kMostPartialSums = 8;
    constexpr int64_t kPartialElements = int64_t{1} << 22;
    partials_ = std::clamp<int64_t>(
        std::min({portions_, kMostPartialSums, kPartialElements / size}), 1, portions_);
    // Fewer portions than tasks: parts of the units, too.
    parts_ = partials_ < portions_ ? 1 : portions.PartsOf(units, groups, least);
  }

  int64_t partials() const { return partials_; }
  int64_t count() const { return partials_ * groups_ * parts_; }

  FilterTask At(int64_t number) const {
    const int64_t part = number % parts_, sums = number / parts_;
    const int64_t partial = sums / groups_;
    return {sums % groups_,
            units_ * part / parts_,
            units_ * (part + 1) / parts_,
            portions_ * partial / partials_,
            portions_ * (partial + 1) / partials_,
            sums};
  }

 private:
  int64_t portions_, groups_, units_;
  int64_t partials_, parts_;
};

}  // namespace paddlemend
